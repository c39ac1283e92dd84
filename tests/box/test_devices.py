"""Devices that the box does not list any more: which are removed, when, and by whom."""

from collections.abc import Collection
from datetime import timedelta
import re

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.fritzbox.stale_devices import MIN_ABSENCE
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_SCAN_INTERVAL, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from simulator.fritzbox import EMPTY_LIST, Fault, SimulatedFritzBox
from simulator.fritzbox_devices import DEVICES, IMPORT, REFRIGERATOR, WINDOW, WORKSHOP
from simulator.reader import SimulatedReader
from tests.support.passing_time import Time
from tests.support.watching import quiet, set_up, state_of, warnings

POLL = timedelta(hours=1)
ENERGY = f"{REFRIGERATOR}_energy"
METER_HEAD = [device.ain for device in DEVICES if device.ain.startswith(IMPORT[:-2])]


@pytest.fixture
def ains() -> Collection[str]:
    """Two plugs, a meter and a window contact with its parent."""
    return {REFRIGERATOR, WORKSHOP, *METER_HEAD, WINDOW, WINDOW.split("-", maxsplit=1)[0]}


@pytest.fixture
def fritzbox_entry(hass: HomeAssistant, fritzbox_entry: MockConfigEntry) -> MockConfigEntry:
    """A box that is asked once an hour: a day has 24 polls then."""
    hass.config_entries.async_update_entry(fritzbox_entry, options={CONF_SCAN_INTERVAL: 3600})
    return fritzbox_entry


def registered(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, dr.AnyDeviceEntry]:
    """Return the devices of an entry by identifier."""
    return {
        identifier: device
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        for _, identifier in device.identifiers
    }


async def days(time: Time, hass: HomeAssistant, duration: timedelta) -> None:
    """Let days pass, an hour at a time."""
    await time.passes(hass, duration, step=POLL)


# Without the user


async def test_device_is_removed_after_a_day_without_it(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    before = registered(hass, fritzbox_entry).keys()
    box.vanish(REFRIGERATOR)
    await days(time, hass, MIN_ABSENCE)
    assert registered(hass, fritzbox_entry).keys() == before
    assert state_of(hass, ENERGY) == STATE_UNAVAILABLE
    await days(time, hass, 2 * POLL)
    assert before - registered(hass, fritzbox_entry).keys() == {REFRIGERATOR}
    assert er.async_get(hass).async_get_entity_id("sensor", DOMAIN, ENERGY) is None
    assert state_of(hass, f"{WORKSHOP}_energy") == str(box.counter(WORKSHOP) / 1000)
    assert warnings(caplog) == []


async def test_device_goes_with_all_its_parts_and_is_a_new_one_when_it_comes_back(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    for ain in (*METER_HEAD, REFRIGERATOR):
        box.vanish(ain)
    await days(time, hass, MIN_ABSENCE + 2 * POLL)
    registry = er.async_get(hass)
    assert not any(
        entity.unique_id.startswith(METER_HEAD[0])
        for entity in er.async_entries_for_config_entry(registry, fritzbox_entry.entry_id)
    )
    assert REFRIGERATOR not in registered(hass, fritzbox_entry)
    box.restore(REFRIGERATOR)
    await days(time, hass, POLL)
    assert REFRIGERATOR in registered(hass, fritzbox_entry)
    # After such a silence a reading is confirmed first.
    await days(time, hass, POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


async def test_device_that_comes_back_in_time_or_is_out_of_reach_stays(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    """A gateway in the mesh is switched off every night."""
    await set_up(hass, fritzbox_entry)
    box.disconnect(WORKSHOP)
    for _ in range(2):
        box.vanish(REFRIGERATOR)
        await days(time, hass, MIN_ABSENCE - 2 * POLL)
        box.restore(REFRIGERATOR)
        await days(time, hass, 2 * POLL)
    assert REFRIGERATOR in registered(hass, fritzbox_entry)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert WORKSHOP in registered(hass, fritzbox_entry)


async def test_no_device_is_removed_where_no_list_shows_it(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    before = registered(hass, fritzbox_entry).keys()
    for fault in (EMPTY_LIST, Fault(status=500), Fault(drop=True)):
        box.fault(fault, switchcmd="getdevicelistinfos")
        await days(time, hass, 1.5 * MIN_ABSENCE)
        box.clear_faults()
        await days(time, hass, 2 * POLL)
        assert registered(hass, fritzbox_entry).keys() == before, fault
        assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000), fault


async def test_day_without_the_box_is_no_day_without_the_device(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    box.vanish(REFRIGERATOR)
    await days(time, hass, 2 * POLL)
    await box.stop()
    await days(time, hass, 2 * MIN_ABSENCE)
    await box.start(box.port)
    await days(time, hass, 5 * POLL)
    assert REFRIGERATOR in registered(hass, fritzbox_entry)
    await days(time, hass, 5 * POLL)
    assert REFRIGERATOR not in registered(hass, fritzbox_entry)


# By the user


async def may_be_removed(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    entry: MockConfigEntry,
    device: dr.AnyDeviceEntry,
) -> bool:
    """Press "Delete" on the page of a device; return whether it went."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "config/device_registry/remove_config_entry",
            "config_entry_id": entry.entry_id,
            "device_id": device.id,
        }
    )
    return bool((await client.receive_json())["success"])


async def test_user_may_remove_only_what_the_box_does_not_list(
    time: Time,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.vanish(REFRIGERATOR)
    box.vanish(WINDOW)
    await fritzbox_entry.runtime_data.coordinator.async_refresh()
    gone = {
        ain
        for ain, device in registered(hass, fritzbox_entry).items()
        if await may_be_removed(hass, hass_ws_client, fritzbox_entry, device)
    }
    # The window contact is a part of a device that is still listed.
    assert gone == {REFRIGERATOR}
    assert fritzbox_entry.state is ConfigEntryState.LOADED


async def test_user_may_remove_devices_of_a_box_that_is_gone(
    time: Time,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    await box.stop()
    await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    device = registered(hass, fritzbox_entry)[REFRIGERATOR]
    assert await may_be_removed(hass, hass_ws_client, fritzbox_entry, device)
    await box.start(box.port)
    await time.passes(hass, timedelta(minutes=2), step=timedelta(seconds=10))
    assert state_of(hass, ENERGY) not in {None, STATE_UNAVAILABLE}


async def test_user_may_not_remove_the_meter_from_its_entry(
    time: Time,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    found = registered(hass, meter_entry)
    assert len(found) == 2, "the reader and its meter"
    for device in found.values():
        assert not await may_be_removed(hass, hass_ws_client, meter_entry, device)
    await quiet(hass)


# The box itself


async def test_box_shows_its_new_fritzos(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    def version() -> str | None:
        device = registered(hass, fritzbox_entry)[str(fritzbox_entry.unique_id)]
        assert isinstance(device, dr.DeviceEntry)
        return device.sw_version

    await set_up(hass, fritzbox_entry)
    assert version() == "8.25"
    box.fault(Fault(edit=lambda text: re.sub('fwversion="8.25"', 'fwversion="8.30"', text)))
    await days(time, hass, POLL)
    assert version() == "8.30"
    box.clear_faults()
    box.fault(Fault(edit=lambda text: text.replace('fwversion="8.25"', "")))
    await days(time, hass, POLL)
    assert version() == "8.30"
    box.clear_faults()
