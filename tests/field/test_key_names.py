"""Keys that nobody has seen before are read by their parts."""

from datetime import timedelta
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from tests.support.dialogue import prefer
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time
from tests.support.watching import meter_state


@pytest.mark.parametrize(
    ("fields", "states"),
    [
        (
            {"x1_8_0": 15119.035, "x2_8_0": 2381.47, "x16_7_0": 377},
            {"energy_import": "15119.035", "energy_export": "2381.47", "power": "377.0"},
        ),
        (
            {"0100010800FF": 15119.035, "0100020800FF": 2381.47, "0100100700FF": 377},
            {"energy_import": "15119.035", "energy_export": "2381.47", "power": "377.0"},
        ),
        (
            {"1-0:1.8.0*255": 15119.035, "1-0:1.8.1*255": 15000, "1-0:1.8.2*255": 119.035},
            {
                "energy_import": "15119.035",
                "energy_import_t1": "15000.0",
                "energy_import_t2": "119.035",
            },
        ),
        (
            {"Zaehler_kWh": 15119.035, "P_total_W": 377},
            {"energy_import": "15119.035", "power": "377.0"},
        ),
        (
            {"Netzbezug_kWh": 15119.035, "Netzeinspeisung_kWh": 2381.47, "Wirkleistung_kW": 0.377},
            {"energy_import": "15119.035", "energy_export": "2381.47", "power": "377.0"},
        ),
        (
            {"Bezug_HT_Wh": 15000000, "Bezug_NT_Wh": 119035, "Leistung_L2_W": 77},
            {"energy_import_t1": "15000.0", "energy_import_t2": "119.035", "power_l2": "77.0"},
        ),
        (
            {"A+": 15119.035, "A-": 2381.47, "gridPower": -377},
            {"energy_import": "15119.035", "energy_export": "2381.47", "power": "-377.0"},
        ),
        (
            {"energy_forward": "15119.035", "energy_reverse": "2381,47", "Power": "377"},
            {"energy_import": "15119.035", "energy_export": "2381.47", "power": "377.0"},
        ),
    ],
    ids=[
        "OBIS code behind a letter",
        "OBIS code in hexadecimal digits",
        "whole OBIS codes with tariffs",
        "unit and total",
        "German with units",
        "tariffs in Wh, phase",
        "signs of directions",
        "numbers in quotes",
    ],
)
async def test_a_meter_with_keys_of_its_own_is_read(
    time: Time,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    fields: dict[str, Any],
    states: dict[str, str],
) -> None:
    entry = mocked_reader.entry(prefix="Strom")
    mocked_reader.blocks = {"Strom": fields}
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=2))
    assert {key: meter_state(hass, entry, key) for key in states} == states


async def test_another_counter_in_the_block_is_not_the_import(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    """It is larger, and the sum of both directions is so, too."""
    entry = mocked_reader.entry(prefix="Strom")
    mocked_reader.blocks = {
        "Strom": {
            "PV_1_8_0": 20400.5,
            "Total_kWh": 17500.505,
            "Import_kWh": 15119.035,
            "Export_kWh": 2381.47,
            "W_aktuell": 377,
        }
    }
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=2))
    assert meter_state(hass, entry, "energy_import") == "15119.035"
    assert meter_state(hass, entry, "energy_export") == "2381.47"
    assert meter_state(hass, entry, "power") == "377.0"


async def test_a_message_without_a_block_is_read(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="", power_interval=0)
    mocked_reader.root = {"Total_in": 310.209, "Power_curr": 377, "TempUnit": "C"}
    mocked_reader.blocks = {}
    await mocked_reader.set_up(entry)
    assert meter_state(hass, entry, "energy_import") == "310.209"
    assert meter_state(hass, entry, "power") == "377.0"
    await time.passes(hass, timedelta(minutes=1))
    await mocked_reader.says("SENSOR", {"Time": "2026-03-20T19:07:33", "Power_curr": 400})
    assert meter_state(hass, entry, "power") == "400.0"


async def test_names_of_other_things_are_not_taken_for_the_totals(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks["MT681"] |= {
        "PV_Energy_in": 7.5,
        "Battery_Power": 5000,
        "E_in_today": 3.5,
        "Verbrauch_Monat_kWh": 99.5,
        "P_max_W": 9000,
        "Gas_total": 1234.5,
    }
    await mocked_reader.set_up(entry)
    assert meter_state(hass, entry, "energy_import") == "15119.035"
    assert meter_state(hass, entry, "power") == "200.0"
    assert set(entry.runtime_data.coordinator.data[""].values) == {
        "energy_import",
        "energy_export",
        "power",
    }


@pytest.mark.parametrize(
    ("prefix", "fields", "shown", "unconfirmed"),
    [
        (
            "eHZ",
            {"EHZ_in": 15119.035, "EHZ_out": 2381.47, "EHZ_Power": 377},
            {"power": "377.0"},
            {"EHZ_in": "energy_import", "EHZ_out": "energy_export"},
        ),
        (
            "SM",
            {"READER_E_in": 15119.035, "READER_E_out": 2381.47, "READER_Power": 377},
            {"energy_import": "15119.035", "energy_export": "2381.47", "power": "377.0"},
            {},
        ),
        (
            "Haus",
            {"WZ_T1": 15000.5, "WZ_T2": 119.5, "WZ_Sum": 15120.0},
            {},
            {"WZ_T1": "energy_import_t1", "WZ_Sum": "energy_import"},
        ),
        (
            "LK13BE",
            {"total": 15119.0352, "total_7d": 12.5, "current": 377, "total_out": 2381.4701},
            {"energy_import": "15119.0352", "energy_export": "2381.4701", "power": "377.0"},
            {},
        ),
    ],
    ids=[
        "the name of the block in front",
        "the same word in front of all keys",
        "tariffs and their sum",
        "current for power",
    ],
)
async def test_keys_are_read_beside_the_others_of_their_block(
    time: Time,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    prefix: str,
    fields: dict[str, Any],
    shown: dict[str, str],
    unconfirmed: dict[str, str],
) -> None:
    entry = mocked_reader.entry(prefix=prefix)
    mocked_reader.blocks = {prefix: fields}
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=2))
    assert {key: meter_state(hass, entry, key) for key in shown} == shown
    assert not set(unconfirmed.values()) & set(entry.runtime_data.coordinator.data[""].values)
    # A counter that is not certain is suggested, and shown once the user has confirmed it.
    dialogue = await prefer(hass, entry, "meter")
    registers = dialogue.suggested["registers"]
    assert {key: registers[key] for key in unconfirmed} == unconfirmed
    await dialogue.accept()
    await hass.async_block_till_done()
    await mocked_reader.lives(timedelta(minutes=2))
    values = entry.runtime_data.coordinator.data[""].values
    assert set(unconfirmed.values()) <= set(values)
