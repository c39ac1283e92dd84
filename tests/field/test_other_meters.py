"""Meters of water, gas and heat beside the electricity meter, and electricity meters among them."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab import async_remove_config_entry_device
from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from tests.support.mocked_reader import MINUTE, Fields, MockedReader, devices
from tests.support.passing_time import Time
from tests.support.watching import meter_state


def notices(hass: HomeAssistant) -> set[str]:
    """Return the kinds of notices that are shown."""
    return {
        issue.translation_key or ""
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
    }


def meters(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the names of the devices of meters, without that of the reader."""
    reader = entry.runtime_data.coordinator.devices.reader_identifier[1]
    found = devices(hass, entry).items()
    return sorted(str(device.name) for identifier, device in found if identifier != reader)


@pytest.mark.parametrize(
    ("prefix", "fields"),
    [
        ("WZ", {"Total_in": 310.209, "Volume": 0.1}),
        ("WZ", {"Total_in": 310.209}),
        ("Gas", {"Count": 1843.26}),
        ("Gas", {"Total": 1843.26, "Verbrauch": 3}),
        ("Wasser", {"Zählerstand": 310.209, "Total_in": 310.209}),
        ("WMZ", {"Energie": 12.345, "Leistung": 4200, "Volumen": 99.1, "Durchfluss": 310}),
        ("Heat", {"total_kwh": 12345, "Power": 4200, "temp_flow": 55.1, "temp_return": 40.2}),
        ("Gas", {"Zaehlerstand": 1843.26, "Energie_kWh": 19200.5, "Leistung_kW": 12.1}),
        ("WMZ", {"kWh": 12345, "kW": 4.2}),
    ],
    ids=[
        *("volume", "one word", "count", "gas", "water", "heat", "heat with electric words"),
        *("gas in kWh", "heat in kWh"),
    ],
)
async def test_another_meter_beside_is_left_out(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, prefix: str, fields: Fields
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks[prefix] = fields
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=40), E_in=0.005)
    assert meters(hass, entry) == ["MT681"]
    assert meter_state(hass, entry, "energy_import") == "15119.235"
    assert meter_state(hass, entry, "power") == "200.0"
    assert not any("silent" in notice for notice in notices(hass))


@pytest.mark.parametrize(
    ("prefix", "fields"),
    [
        ("Heizung", {"Total_in": 42.5, "Power_curr": 300}),
        ("WP", {"1_8_0": 42.5}),
        ("Garage", {"E_in": 42.5}),
        ("PV", {"Total_in": 42.5, "Meter_Number": "0a01454d480000a1b6c7"}),
        ("Keller", {"Total_in": 42.5, "Volt_p1": 230.1}),
    ],
    ids=["power", "OBIS code", "energy", "number", "voltage"],
)
async def test_a_second_electricity_meter_is_found_by_a_second_word(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, prefix: str, fields: Fields
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks[prefix] = fields
    await mocked_reader.set_up(entry)
    assert meter_state(hass, entry, "energy_import", "2") == "42.5"


@pytest.mark.parametrize(
    ("prefix", "fields"),
    [
        ("Strom", {"E_in": 42.5, "Power": 300, "Gas": 1843.26}),
        ("Haus", {"1_8_0": 42.5, "16_7_0": 300, "Temperature": 21.5}),
    ],
    ids=["gas in the block of electricity", "temperature beside OBIS codes"],
)
async def test_other_values_in_its_block_do_not_hide_an_electricity_meter(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, prefix: str, fields: Fields
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks[prefix] = fields
    await mocked_reader.set_up(entry)
    assert meter_state(hass, entry, "energy_import", "2") == "42.5"
    assert meter_state(hass, entry, "power", "2") == "300.0"


async def options(hass: HomeAssistant, entry: MockConfigEntry, **choices: str) -> list[str]:
    """Choose meanings of keys in the options; return the keys that were shown."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(
        flow["flow_id"], {"next_step_id": "meter"}
    )
    assert form["data_schema"] is not None
    section = form["data_schema"].schema["registers"]
    schema = section.schema.schema
    shown: dict[str, Any] = {
        str(key): suggested
        for key in schema
        if (suggested := (key.description or {}).get("suggested_value"))
    }
    await hass.config_entries.options.async_configure(
        flow["flow_id"],
        {"power_interval": 0, "max_power": 30, "registers": {**shown, **choices}},
    )
    return list(section.labels)


async def test_the_user_may_say_that_a_block_is_a_meter(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    """The choice holds in that block only."""
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks |= {"Keller": {"Total_in": 42.5}, "WZ": {"Total_in": 310.2}}
    await mocked_reader.set_up(entry)
    shown = await options(hass, entry, **{"Keller / Total_in": "energy_import"})
    assert {"Keller / Total_in", "WZ / Total_in"} <= set(shown)
    assert entry.options["registers"] == {"Keller / Total_in": "energy_import"}
    await mocked_reader.reload(entry)
    await mocked_reader.lives(timedelta(minutes=2))
    assert meters(hass, entry) == ["Keller", "MT681"]
    assert meter_state(hass, entry, "energy_import", "2") == "42.5"


@pytest.mark.parametrize(
    "fields",
    [{"Total_in": 310.209}, {"Total_in": 310.209, "Volume": 0.1}],
    ids=["one word", "volume"],
)
async def test_what_was_taken_for_a_meter_can_be_removed_and_stays_away(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    mocked_reader: MockedReader,
    fields: Fields,
) -> None:
    """A zero that a script has published as power has made a meter of it."""
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks["WZ"] = {"Total_in": 310.209, "Power": 0}
    await mocked_reader.set_up(entry)
    assert meter_state(hass, entry, "energy_import", "2") == "310.209"
    mocked_reader.blocks["WZ"] = dict(fields)
    await mocked_reader.reload(entry)
    await mocked_reader.lives(timedelta(minutes=40), E_in=0.005)
    assert not any("silent" in notice for notice in notices(hass))
    second = devices(hass, entry)[f"{entry.unique_id}_2"]

    assert await async_remove_config_entry_device(hass, entry, second)
    dr.async_get(hass).async_remove_device(second.id)
    await hass.async_block_till_done()
    await mocked_reader.reload(entry)
    await mocked_reader.lives(5 * MINUTE, E_in=0.005)
    assert meters(hass, entry) == ["MT681"]
    await mocked_reader.reload(entry)
    await mocked_reader.lives(5 * MINUTE, E_in=0.005)
    assert meters(hass, entry) == ["MT681"]
    assert meter_state(hass, entry, "energy_import") is not None
