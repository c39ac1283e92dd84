"""Sensors, as a user sees them."""

from datetime import timedelta
import json

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.py_hab.sensors.meter import METER_SENSORS
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, EventStateReportedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import Fault, SimulatedFritzBox
from simulator.fritzbox_devices import BATH, CELLAR, GROUP, LIVING_ROOM, REFRIGERATOR, SWITCH
from simulator.home import Home, ManualClock
from simulator.meter import SCRIPTS
from simulator.reader import SimulatedReader

from .conftest import settled
from .support.entity_table import device_table, table
from .support.mocked_reader import UNIQUE_ID, MockedReader
from .support.passing_time import Time
from .support.watching import meter_state, meter_values, quiet, set_up, state_of, states

# FRITZ!Box


async def test_box_has_these_sensors(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    await set_up(hass, fritzbox_entry)
    assert table(hass, fritzbox_entry.entry_id, "sensor") == snapshot


async def test_box_has_these_devices(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    await set_up(hass, fritzbox_entry)
    assert device_table(hass, fritzbox_entry.entry_id) == snapshot


async def test_box_sensors_speak_german(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    hass.config.language = "de"
    await set_up(hass, fritzbox_entry)
    assert table(hass, fritzbox_entry.entry_id, "sensor") == snapshot


async def test_values_are_those_of_the_home(
    time: Time,
    hass: HomeAssistant,
    home: Home,
    clock: ManualClock,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    now = clock.now()
    assert state_of(hass, f"{REFRIGERATOR}_energy") == str(box.counter(REFRIGERATOR) / 1000)
    assert state_of(hass, f"{REFRIGERATOR}_voltage") == str(home.voltage(now))
    assert state_of(hass, f"{LIVING_ROOM}_target_temperature") == str(home.target("living", now))
    assert state_of(hass, f"{SWITCH}_humidity") == str(home.humidity("bedroom", now))


async def test_device_out_of_reach_is_unavailable(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    cellar = [
        state_of(hass, f"{CELLAR}_{key}")
        for key in ("temperature", "target_temperature", "battery")
    ]
    assert cellar == [STATE_UNAVAILABLE] * 3


@pytest.mark.parametrize(
    ("ain", "element", "text", "key"),
    [
        (REFRIGERATOR, "energy", "", "energy"),
        (REFRIGERATOR, "power", "inval", "power"),
        (BATH, "celsius", "", "temperature"),
        (BATH, "tsoll", 253, "target_temperature"),
        (BATH, "tsoll", 254, "target_temperature"),
        (SWITCH, "rel_humidity", -9999, "humidity"),
    ],
)
async def test_value_that_the_box_does_not_know_is_unknown(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    ain: str,
    element: str,
    text: str | int,
    key: str,
) -> None:
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{ain}_{key}") not in {STATE_UNKNOWN, None}
    box.override(ain, **{element: text})
    await time.passes(hass, timedelta(minutes=1))
    assert state_of(hass, f"{ain}_{key}") == STATE_UNKNOWN


@pytest.mark.parametrize("block", ["power_meter", "thermostat"])
async def test_device_that_loses_a_block_has_unknown_values(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    block: str,
) -> None:
    """A firmware update, or a device with the AIN of another one."""
    await set_up(hass, fritzbox_entry)
    tag, ain, keys = {
        "power_meter": ("powermeter", REFRIGERATOR, ("energy", "power", "voltage")),
        "thermostat": ("hkr", BATH, ("target_temperature",)),
    }[block]
    box.fault(Fault(edit=lambda text: text.replace(f"{tag}>", "nothing>")))
    await time.passes(hass, timedelta(minutes=1))
    assert {state_of(hass, f"{ain}_{key}") for key in keys} == {STATE_UNKNOWN}
    box.clear_faults()


async def test_group_is_there_for_who_enables_it(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{GROUP}_energy") is None
    entity_id = entity_registry.async_get_entity_id("sensor", "py_hab", f"{GROUP}_energy")
    assert entity_id is not None
    entity_registry.async_update_entity(entity_id, disabled_by=None)
    await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, f"{GROUP}_energy") == str(box.counter(GROUP) / 1000)


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


async def reads(
    mocked_reader: MockedReader, home: Home, clock: ManualClock, *scripts: str
) -> MockConfigEntry:
    """Set up a meter that a head reads with these scripts."""
    reader = SimulatedReader(home, clock, script=scripts[0], second=[*scripts, None][1])
    mocked_reader.blocks = {
        prefix: block
        for prefix, block in json.loads(reader._sensor().json()).items()
        if isinstance(block, dict)
    }
    entry = mocked_reader.entry(prefix=reader.script.prefix)
    await mocked_reader.set_up(entry)
    return entry


@pytest.mark.parametrize("script", SCRIPTS)
async def test_meter_has_these_sensors(
    time: Time,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    home: Home,
    clock: ManualClock,
    snapshot: SnapshotAssertion,
    script: str,
) -> None:
    entry = await reads(mocked_reader, home, clock, script)
    assert table(hass, entry.entry_id, "sensor") == snapshot


async def test_meter_sensors_speak_german(
    time: Time,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    home: Home,
    clock: ManualClock,
    snapshot: SnapshotAssertion,
) -> None:
    hass.config.language = "de"
    entry = await reads(mocked_reader, home, clock, "obis")
    assert table(hass, entry.entry_id, "sensor") == snapshot


async def test_values_are_those_of_the_meter(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, home: Home, clock: ManualClock
) -> None:
    now = clock.now()
    meter = SimulatedReader(home, clock).meter
    entry = await reads(mocked_reader, home, clock, "gplug")
    assert meter_state(hass, entry, "energy_import") == str(round(meter.imported(now), 3))
    assert meter_state(hass, entry, "voltage_l2") == str(round(home.voltage(now, 2), 1))
    assert meter_state(hass, entry, "current_l3") == str(round(meter.current(3, now), 2))
    # Published in kW, and as two directions.
    power = round(home.grid_power(now))
    assert power > 0
    assert float(meter_state(hass, entry, "power_import") or "") == pytest.approx(power, abs=1)
    assert float(meter_state(hass, entry, "power") or "") == pytest.approx(power, abs=1)


async def test_two_meters_have_their_own_sensors(
    time: Time,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    home: Home,
    clock: ManualClock,
    snapshot: SnapshotAssertion,
) -> None:
    entry = await reads(mocked_reader, home, clock, "bitshake", "heat_pump")
    assert table(hass, entry.entry_id, "sensor") == snapshot


async def test_all_registers_have_a_sensor_with_a_name(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, entity_registry: er.EntityRegistry
) -> None:
    """Whatever a user may choose for a key."""
    quantities = list(METER_SENSORS)
    mocked_reader.blocks = {"MT681": {f"key{number}": 1.5 for number in range(len(quantities))}}
    entry = mocked_reader.entry(
        prefix="MT681",
        registers={f"key{number}": quantity.value for number, quantity in enumerate(quantities)},
    )
    await mocked_reader.set_up(entry)
    names = {
        entity.unique_id.removeprefix(f"{UNIQUE_ID}_"): entity.original_name
        for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        if entity.domain == "sensor"
    }
    assert names.keys() == {*quantities, "rejected_readings"}
    assert all(names.values())
    assert len(set(names.values())) == len(names)


async def test_registers_of_last_time_are_there_before_the_reader_is_heard(
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
    assert await hass.config_entries.async_setup(meter_entry.entry_id)
    await hass.async_block_till_done()
    assert {
        entity_id: state
        for entity_id, state in states(hass).items()
        if entity_id.startswith("sensor.")
    } == dict.fromkeys(
        ("sensor.mt681_energy_export", "sensor.mt681_energy_import", "sensor.mt681_power"),
        STATE_UNAVAILABLE,
    )
    await quiet(hass)
    await reader.start()
    await settled(hass, lambda: STATE_UNAVAILABLE not in states(hass).values(), "values")
    await quiet(hass)


async def test_register_that_was_not_heard_of_since_the_start_is_unavailable(
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
