"""Sensors, as a user sees them."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from syrupy.assertion import SnapshotAssertion

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
from .entity_table import device_table, table
from .passing_time import Time
from .watching import meter_values, quiet, set_up, state_of, states

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
    await fritzbox_entry.runtime_data.async_refresh()
    await hass.async_block_till_done()
    assert clock.now() == before
    assert len(box.requests) == asked + 1
    assert changes == []
    assert reports == []


# Meter


NAMES = {
    "en": {"export": "Energy export", "import": "Energy import", "power": "Power"},
    "de": {"export": "Einspeisung", "import": "Netzbezug", "power": "Leistung"},
}
WITHOUT_POWER = {"gplug"}
"""Scripts that publish what comes and what goes apart from each other."""
DECIMALS = {"empty_prefix": (1, 2)}
"""Of counters and power, where they are not 3 and 0."""


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("language", NAMES)
async def test_meter_has_these_sensors(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    clock: ManualClock,
    script: str,
    language: str,
) -> None:
    hass.config.language = language
    reader.load_script(script)
    await set_up(hass, meter_entry)
    names = NAMES[language]
    ids = {key: f"sensor.mt681_{name.lower().replace(' ', '_')}" for key, name in names.items()}
    decimals, of_power = DECIMALS.get(script, (3, 0))
    came = round(reader.meter.imported(clock.now()), decimals)
    went = round(reader.meter.exported(clock.now()), decimals)
    power = round(reader.home.grid_power(clock.now()), of_power)
    mac = "a4:cf:12:92:82:f4"
    counter, measured = "energy | total_increasing", "power | measurement"
    assert (
        table(hass, meter_entry.entry_id, "sensor")
        == [
            f"{mac}_energy_export | {ids['export']} | MT681 {names['export']} | {counter} | {went} kWh",
            f"{mac}_energy_import | {ids['import']} | MT681 {names['import']} | {counter} | {came} kWh",
            f"{mac}_power | {ids['power']} | MT681 {names['power']} | {measured} | {float(power)} W",
        ][: 2 if script in WITHOUT_POWER else 3]
    )


async def test_meter_is_one_device(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    assert device_table(hass, meter_entry.entry_id) == ["a4:cf:12:92:82:f4 | MT681"]


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
    assert sorted(states(hass).items()) == [
        ("sensor.mt681_energy_export", STATE_UNAVAILABLE),
        ("sensor.mt681_energy_import", STATE_UNAVAILABLE),
        ("sensor.mt681_power", STATE_UNAVAILABLE),
    ]
    await quiet(hass)
    await reader.start()
    await settled(hass, lambda: STATE_UNAVAILABLE not in states(hass).values(), "values")


async def test_register_that_was_not_heard_of_since_the_start_is_unknown(
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
        role: state_of(hass, f"{meter_entry.unique_id}_{role}")
        for role in ("power", "energy_import")
    }
    assert shown["power"] not in {STATE_UNKNOWN, STATE_UNAVAILABLE}
    assert shown["energy_import"] == STATE_UNKNOWN
