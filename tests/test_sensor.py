"""Sensors, as a user sees them."""

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from homeassistant.const import (
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, EventStateReportedData, HomeAssistant, callback
from simulator.fritzbox import SimulatedFritzBox
from simulator.home import ManualClock
from simulator.reader import SimulatedReader

from .conftest import settled
from .support.passing_time import Time
from .support.watching import meter_values, quiet, set_up, state_of

# FRITZ!Box


async def test_unchanged_values_write_no_states(
    time: Time,
    hass: HomeAssistant,
    clock: ManualClock,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    reports: list[Event[EventStateReportedData]] = []

    @callback
    def reported(event: Event[EventStateReportedData]) -> None:
        reports.append(event)

    hass.bus.async_listen(EVENT_STATE_REPORTED, reported, event_filter=callback(lambda _: True))
    asked = len(box.requests)
    before = clock.now()
    await fritzbox_entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert clock.now() == before
    assert len(box.requests) == asked + 1
    assert changes == []
    assert reports == []


# Meter


async def test_register_that_was_not_received_since_the_start_is_unavailable(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    await hass.config_entries.async_unload(meter_entry.entry_id)
    await quiet(hass)
    await reader.stop()
    reader.load_script("ottelo")
    await hass.config_entries.async_setup(meter_entry.entry_id)
    await quiet(hass)
    reader.silent = True
    await reader.start()
    reader.silent = False
    reader.publish_immediate()
    await settled(hass, lambda: "power" in meter_values(meter_entry), "the power")
    shown = {
        quantity: state_of(hass, f"{meter_entry.unique_id}_{quantity}")
        for quantity in ("power", "energy_import")
    }
    assert shown["power"] not in {STATE_UNKNOWN, STATE_UNAVAILABLE}
    assert shown["energy_import"] == STATE_UNAVAILABLE
