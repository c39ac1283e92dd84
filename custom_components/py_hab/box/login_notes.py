"""Stores what is known from earlier logins to a box among the notes of its entry."""

from collections.abc import Mapping
from typing import Final

from ..counters.store import CounterStore
from ..entry import AnyConfigEntry
from ..fritzbox.login import LoginRecord, serial_of
from ..util.records import decode, encode

LOGIN: Final = "login"
"""Key of the login record among the notes of an entry."""


def stored_login(entry: AnyConfigEntry, notes: Mapping[str, object]) -> LoginRecord:
    """Return the stored record of logins to the box of an entry.

    The record is empty if none is stored, if it is invalid, or if it is that of another box.
    """
    serial = serial_of(entry.unique_id or "")
    try:
        record = decode(LoginRecord, notes.get(LOGIN))
    except ValueError:
        return LoginRecord(serial=serial)
    return record if record.serial == serial else LoginRecord(serial=serial)


async def async_store_login(counters: CounterStore, record: LoginRecord) -> None:
    """Save a record unless the stored one is equal.

    It is saved at once, because it decides whether a login is sent after a restart or a crash.
    """
    nothing_known = encode(LoginRecord(serial=record.serial))
    encoded = encode(record)
    if encoded != counters.notes.get(LOGIN, nothing_known):
        counters.notes[LOGIN] = encoded
        await counters.async_save()
