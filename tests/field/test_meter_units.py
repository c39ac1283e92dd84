"""The unit of a counter is proven, whatever its name says, and a correction is followed."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.py_hab.const import CONF_REGISTERS, DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.support.mocked_reader import MockedReader
from tests.support.watching import meter_values


def notices(hass: HomeAssistant) -> set[str]:
    """Return the translation keys of our repair issues."""
    return {
        issue.translation_key or ""
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
    }


def begin(reader: MockedReader, **fields: Any) -> None:
    """Replace what the reader reads."""
    reader.blocks["MT681"] = fields


async def test_a_house_of_300_w_with_a_counter_in_wh_gets_its_import_counter(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    begin(mocked_reader, Total_in=15_119_035.2, Power_curr=300)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=60), Total_in=5.0)
    values = meter_values(entry)
    assert values["energy_import"] == pytest.approx(15_119.3352)
    assert values["power"] == 300


async def test_a_flat_of_40_w_with_a_counter_in_wh_is_booked_what_it_draws(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    begin(mocked_reader, Total_in=15_119_035.2, Power_curr=40)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=3), Total_in=0.0)
    first = meter_values(entry)["energy_import"]
    await mocked_reader.lives(timedelta(hours=17), step=timedelta(minutes=5), Total_in=10 / 3)
    values = meter_values(entry)
    assert values["energy_import"] - first == pytest.approx(0.68, abs=0.01)
    assert values["power"] == 40


@pytest.mark.parametrize(
    ("begins", "scale", "watts"),
    [(302_035.2, 1000.0, 300), (302_035.2, 1000.0, 1500), (3020.352, 10.0, 800), (30.2, 0.1, 1500)],
    ids=["Wh", "Wh of a large draw", "0.1 kWh", "10 kWh"],
)
async def test_the_power_shows_the_unit_of_a_counter(
    hass: HomeAssistant, mocked_reader: MockedReader, begins: float, scale: float, watts: int
) -> None:
    begin(mocked_reader, Total_in=begins, Power_curr=watts)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=3), Total_in=watts * scale / 60_000)
    values = meter_values(entry)
    assert values["energy_import"] == pytest.approx(begins / scale + watts * 3 / 1000, rel=1e-4)
    assert values["power"] == watts


async def test_a_power_in_kw_is_understood(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    begin(mocked_reader, Total_in=15_119.0352, Power_curr=0.312)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=3), Total_in=0.0052)
    values = meter_values(entry)
    assert values["energy_import"] == pytest.approx(15_119.0352 + 0.936, abs=0.01)
    assert values["power"] == pytest.approx(312)


async def test_a_counter_that_waits_says_why(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    """Without a power nothing shows the unit."""
    begin(mocked_reader, Total_in=302_035.2)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=20), Total_in=5.0)
    assert "counter_rises_too_fast" in notices(hass)

    hass.config_entries.async_update_entry(
        entry, options={CONF_REGISTERS: {"Total_in": "energy_import_in_wh"}}
    )
    await mocked_reader.reload(entry)
    await mocked_reader.lives(timedelta(minutes=3), Total_in=5.0)
    assert "counter_rises_too_fast" not in notices(hass)
    assert meter_values(entry)["energy_import"] == pytest.approx(302.1502)
