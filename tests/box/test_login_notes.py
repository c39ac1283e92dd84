"""What is known from earlier logins is stored with the entry."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.box.login_notes import LOGIN, async_store_login, stored_login
from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.store import CounterStore
from custom_components.py_hab.fritzbox.login import LoginRecord
from homeassistant.core import HomeAssistant

SERIAL = "3810D55E7A1C"
ENTRY = MockConfigEntry(domain=DOMAIN, unique_id="38:10:d5:5e:7a:1c")


async def test_record_is_restored_after_a_restart(hass: HomeAssistant) -> None:
    record = LoginRecord(serial=SERIAL, user="anna", has_worked=True, offers_pbkdf2=True)
    await async_store_login(CounterStore(hass, "box"), record)
    later = CounterStore(hass, "box")
    await later.async_load()
    assert stored_login(ENTRY, later.notes) == record


@pytest.mark.parametrize(
    "note", [None, "damaged", {"serial": 5}, {"serial": "A4CF12000002", "has_worked": True}]
)
def test_nothing_is_known_of_logins_to_another_box(note: object) -> None:
    assert stored_login(ENTRY, {LOGIN: note}) == LoginRecord(serial=SERIAL)


async def test_what_is_known_is_not_saved_again(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    counters, record = CounterStore(hass, "box"), LoginRecord(serial=SERIAL)
    await async_store_login(counters, record)
    assert hass_storage == {}
    record.accepted(pbkdf2=True)
    await async_store_login(counters, record)
    hass_storage.clear()
    await async_store_login(counters, record)
    assert hass_storage == {}
