"""The sensors of a meter."""

import json

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.py_hab.sensors.meter import METER_SENSORS
from homeassistant.const import (
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.home import Home, ManualClock
from simulator.meter import SCRIPTS
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.entity_table import table
from tests.support.mocked_reader import UNIQUE_ID, MockedReader
from tests.support.passing_time import Time
from tests.support.watching import measured_states, meter_state, quiet, set_up


async def reads(
    mocked_reader: MockedReader, home: Home, clock: ManualClock, *scripts: str
) -> MockConfigEntry:
    """Set up a meter that a reader reads with these scripts."""
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
    mocked_reader.blocks = {"MT681": {f"key{number}": 50.0 for number in range(len(quantities))}}
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
    assert names.keys() == {*quantities, "rejected_readings", "reader_last_message"}
    assert all(names.values())
    assert len(set(names.values())) == len(names)


async def test_registers_of_last_time_are_there_before_the_reader_publishes(
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
        for entity_id, state in measured_states(hass).items()
        if entity_id.startswith("sensor.")
    } == dict.fromkeys(
        ("sensor.mt681_energy_export", "sensor.mt681_energy_import", "sensor.mt681_power"),
        STATE_UNAVAILABLE,
    )
    await quiet(hass)
    await reader.start()
    await settled(hass, lambda: STATE_UNAVAILABLE not in measured_states(hass).values(), "values")
    await quiet(hass)
