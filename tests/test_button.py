"""Buttons of a FRITZ!Box and of a reader."""

from datetime import timedelta

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import REFRIGERATOR
from simulator.reader import SimulatedReader

from .conftest import settled
from .support.passing_time import Time
from .support.watching import quiet, set_up, state_of


async def press(hass: HomeAssistant, entity_id: str) -> None:
    await hass.services.async_call("button", "press", {"entity_id": entity_id}, blocking=True)


async def test_the_box_is_read_at_once(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    box.override(REFRIGERATOR, power=123_000)
    await press(hass, "button.fritz_box_7690_read_now")
    assert state_of(hass, f"{REFRIGERATOR}_power") == "123.0"


async def test_a_box_that_is_offline_can_be_asked(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    await box.stop()
    await press(hass, "button.fritz_box_7690_read_now")
    assert state_of(hass, f"{fritzbox_entry.unique_id}_reachable", "binary_sensor") == "off"


async def test_the_reader_is_asked_at_once(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    await time.passes(hass, timedelta(minutes=2))
    before = meter_entry.runtime_data.coordinator.link.presence.last_seen
    await press(hass, "button.mt681_reader_read_now")
    presence = meter_entry.runtime_data.coordinator.link.presence
    await settled(hass, lambda: presence.last_seen != before, "the answer")
    await quiet(hass)
