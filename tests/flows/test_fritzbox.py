"""Setting up a FRITZ!Box and changing it later, with a simulated box at the other end."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from simulator.broker import free_port
from simulator.fritzbox import (
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    OTHER_PASSWORD,
    OTHER_USER,
    SimulatedFritzBox,
)
from simulator.home import Home, ManualClock
from tests.support.box_dialogue import (
    DESCRIPTION,
    HIDDEN,
    QUICK,
    SERIAL,
    fill_in,
    identity,
    move,
    running,
)
from tests.support.dialogue import add, asked_for_login, change, leave

NEW_PASSWORD = "a new one"


# Adding


async def test_a_box_is_added(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    dialogue = await add(hass, "fritzbox")
    assert dialogue.suggested == {
        "host": "fritz.box",
        "username": "",
        "additional_settings": {"verify_ssl": True},
    }
    await fill_in(dialogue, box.host)
    entry = dialogue.entry
    assert entry.title == "FRITZ!Box 7690"
    assert entry.unique_id == SERIAL
    assert entry.data == {
        "kind": "fritzbox",
        "host": box.host,
        "username": DEFAULT_USER,
        "password": DEFAULT_PASSWORD,
        "verify_ssl": True,
    }
    assert entry.options == {}
    # The dialogue has left its own session; the one that is open is the entry's.
    assert len(box.logins) == 2
    assert len(box.sessions) == 1
    await leave(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not box.sessions


async def test_the_user_may_stay_empty(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host, username="")
    assert dialogue.entry.data["username"] == ""
    assert {login.user for login in box.logins} == {DEFAULT_USER}
    await leave(hass, dialogue.entry)


async def test_an_address_may_be_written_like(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    for spelling in ("{}", "  {} ", "http://{}", "http://{}/"):
        dialogue = await add(hass, "fritzbox")
        typed = spelling.format(box.host)
        await fill_in(dialogue, typed)
        assert dialogue.entry.data["host"] == typed.strip()
        await leave(hass, dialogue.entry)
        await hass.config_entries.async_remove(dialogue.entry.entry_id)


async def test_nonsense_is_no_address(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    dialogue = await add(hass, "fritzbox")
    for nonsense in ("", "fritz box", "ftp://fritz.box", "http://", "[::1"):
        await fill_in(dialogue, nonsense)
        assert dialogue.step == "fritzbox"
        assert dialogue.errors == {"host": "invalid_host"}, nonsense
        assert dialogue.suggested["host"] == nonsense
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


# New credentials


@contextmanager
def unchanged(entry: ConfigEntry[Any], *except_for: str) -> Iterator[None]:
    """Make sure that an entry's data stays what it is."""
    before = {key: value for key, value in entry.data.items() if key not in except_for}
    yield
    assert {key: value for key, value in entry.data.items() if key not in except_for} == before


@pytest.fixture
async def refused_entry(
    hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry, clock: ManualClock
) -> MockConfigEntry:
    """An entry whose password was changed at the box: refused three times within an hour."""
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    box.set_password(DEFAULT_USER, NEW_PASSWORD)
    box.end_sessions()
    coordinator = fritzbox_entry.runtime_data.coordinator
    now = datetime.now(UTC)
    coordinator.client.record.refused_at = [now - timedelta(minutes=9), now - timedelta(minutes=6)]
    await coordinator.async_refresh()
    await hass.async_block_till_done()
    clock.advance(timedelta(minutes=5))
    return fritzbox_entry


async def test_a_new_password_is_asked_for_and_works(
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    clock: ManualClock,
    refused_entry: MockConfigEntry,
) -> None:
    failed = len(box.logins)
    dialogue = await asked_for_login(hass, refused_entry)
    assert dialogue.step == "reauth_confirm"
    assert dialogue.placeholders["host"] == box.url
    assert dialogue.suggested == {"username": DEFAULT_USER}
    with unchanged(refused_entry):
        await dialogue.answer(username=DEFAULT_USER, password="still wrong")
        assert dialogue.errors == {"base": "invalid_auth"}
        assert len(box.logins) == failed + 1
        await dialogue.answer(username=DEFAULT_USER, password=NEW_PASSWORD)
        assert dialogue.errors == {"base": "login_blocked"}
    clock.advance(timedelta(minutes=5))
    with unchanged(refused_entry, "password"):
        await dialogue.answer(username=DEFAULT_USER, password=NEW_PASSWORD)
    assert dialogue.end == "reauth_successful"
    assert refused_entry.data["password"] == NEW_PASSWORD
    await leave(hass, refused_entry)
    await hass.config_entries.async_remove(refused_entry.entry_id)
    assert not box.sessions


async def test_another_box_at_the_old_address_does_not_get_the_password(
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    home: Home,
    clock: ManualClock,
    refused_entry: MockConfigEntry,
) -> None:
    await box.stop()
    other_box = SimulatedFritzBox(home, clock, identity=identity("a4:cf:12:00:00:02"), **QUICK)
    await other_box.start(box.port)
    dialogue = await asked_for_login(hass, refused_entry)
    with unchanged(refused_entry):
        await dialogue.answer(username=DEFAULT_USER, password=DEFAULT_PASSWORD)
    assert dialogue.end == "another_device"
    assert not other_box.logins
    await other_box.stop()


# Changing


async def test_a_box_gets_a_new_address_and_new_credentials(
    hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    dialogue = await change(hass, fritzbox_entry)
    assert dialogue.step == "fritzbox"
    assert dialogue.suggested == {
        "host": box.url,
        "username": DEFAULT_USER,
        "password": DEFAULT_PASSWORD,
        "additional_settings": {"verify_ssl": True},
    }
    await move(box)
    box.set_rights(OTHER_USER, {"HomeAuto": 1})
    await fill_in(
        dialogue, f"127.0.0.1:{free_port()}", OTHER_USER, OTHER_PASSWORD, verify_ssl=False
    )
    assert dialogue.errors == {"base": "cannot_connect"}
    assert dialogue.suggested["additional_settings"] == {"verify_ssl": False}
    with unchanged(fritzbox_entry, "host", "username", "password", "verify_ssl"):
        await fill_in(dialogue, box.host, OTHER_USER, OTHER_PASSWORD, verify_ssl=False)
    assert dialogue.end == "reconfigure_successful"
    assert fritzbox_entry.data["host"] == box.host
    assert fritzbox_entry.data["username"] == OTHER_USER
    assert fritzbox_entry.data["password"] == OTHER_PASSWORD
    assert fritzbox_entry.data["verify_ssl"] is False
    await leave(hass, fritzbox_entry)
    await hass.config_entries.async_remove(fritzbox_entry.entry_id)
    # The session at the old address could not be ended any more.
    assert {session.user for session in box.sessions} == {DEFAULT_USER}


@pytest.fixture
async def successor(
    home: Home, clock: ManualClock, socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    """Another box, which has the same users."""
    new = identity("a4:cf:12:00:00:02")
    async with running(SimulatedFritzBox(home, clock, identity=new, **QUICK)) as box:
        yield box


async def test_another_box_gets_no_login_before_the_user_has_confirmed_it(
    hass: HomeAssistant, successor: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    dialogue = await change(hass, fritzbox_entry)
    with unchanged(fritzbox_entry):
        await fill_in(dialogue, successor.host)
        assert dialogue.step == "successor"
        assert dialogue.placeholders["serial"] == "A4CF12000002"
        assert dialogue.placeholders["old_serial"] == SERIAL.replace(":", "").upper()
        await dialogue.leave()
    assert not successor.logins


async def test_successor_that_refuses_the_login_can_be_tried_again(
    hass: HomeAssistant,
    successor: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    clock: ManualClock,
) -> None:
    dialogue = await change(hass, fritzbox_entry)
    with unchanged(fritzbox_entry):
        await fill_in(dialogue, successor.host, password="wrong")
        await dialogue.answer()
    assert dialogue.step == "fritzbox"
    assert dialogue.errors == {"base": "invalid_auth"}
    assert dialogue.suggested["host"] == successor.host
    clock.advance(timedelta(minutes=1))
    await fill_in(dialogue, successor.host)
    await dialogue.answer()
    assert dialogue.end == "reconfigure_successful"
    assert fritzbox_entry.unique_id == "a4:cf:12:00:00:02"
    assert fritzbox_entry.data["host"] == successor.host
    await leave(hass, fritzbox_entry)


@pytest.mark.parametrize(
    ("title", "after"), [("FRITZ!Box 7590", "FRITZ!Box 7690"), ("Holiday home", "Holiday home")]
)
async def test_an_entry_is_called_like_the_new_box_unless_the_user_has_named_it(
    hass: HomeAssistant,
    successor: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    title: str,
    after: str,
) -> None:
    hass.config_entries.async_update_entry(fritzbox_entry, title=title)
    dr.async_get(hass).async_get_or_create(
        config_entry_id=fritzbox_entry.entry_id,
        identifiers={(DOMAIN, fritzbox_entry.unique_id or "")},
        model="FRITZ!Box 7590",
    )
    dialogue = await change(hass, fritzbox_entry)
    await fill_in(dialogue, successor.host)
    await dialogue.answer()
    assert dialogue.end == "reconfigure_successful"
    assert fritzbox_entry.title == after
    await leave(hass, fritzbox_entry)


async def test_box_of_another_entry_is_no_successor(
    hass: HomeAssistant, successor: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="a4:cf:12:00:00:02").add_to_hass(hass)
    dialogue = await change(hass, fritzbox_entry)
    await fill_in(dialogue, successor.host)
    assert dialogue.end == "already_configured"
    assert not successor.logins


async def test_a_box_whose_description_appears_later_can_be_changed(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    box.fault(HIDDEN, path=DESCRIPTION)
    added = await add(hass, "fritzbox")
    await fill_in(added, box.host)
    box.clear_faults()
    await move(box)
    dialogue = await change(hass, added.entry)
    await fill_in(dialogue, box.host)
    assert dialogue.end == "reconfigure_successful"
    assert added.entry.unique_id is None
    await leave(hass, added.entry)


async def test_a_box_whose_description_disappears_can_be_changed(
    hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.fault(HIDDEN, path=DESCRIPTION)
    await move(box)
    dialogue = await change(hass, fritzbox_entry)
    await fill_in(dialogue, box.host)
    assert dialogue.end == "reconfigure_successful"
    assert fritzbox_entry.unique_id == SERIAL
    await leave(hass, fritzbox_entry)
