"""A meter with a counter for all tariffs, one for each of two, and one for feed-in; with days of hours."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .living import recorded
from .measured_home import HOUR, this_hour
from .mocked_reader import UNIQUE_ID, MockedReader
from .passing_time import Time

TOTAL: Final = f"{UNIQUE_ID}_energy_import"
HIGH: Final = f"{TOTAL}_t1"
LOW: Final = f"{TOTAL}_t2"
FED_IN: Final = f"{UNIQUE_ID}_energy_export"
DAYS: Final = 7


def is_low(moment: datetime) -> bool:
    """Return whether the low tariff holds: at night, by the clock on the wall."""
    return not 6 <= dt_util.as_local(moment).hour < 22


def kwh(key: str, moment: datetime) -> float:
    """Return the energy of an hour of a counter."""
    local = dt_util.as_local(moment)
    drawn = 0.2 + 0.01 * local.hour + 0.001 * local.day
    match key:
        case "high":
            return 0.0 if is_low(moment) else drawn
        case "low":
            return drawn if is_low(moment) else 0.0
        case "total":
            return drawn
        case _:
            return 0.5 if 11 <= local.hour < 15 else 0.0


COUNTERS: Final = {"total": TOTAL, "high": HIGH, "low": LOW, "fed in": FED_IN}


def entity_of(hass: HomeAssistant, unique_id: str) -> str:
    """Return the id of the entity of a counter."""
    found = er.async_get(hass).async_get_entity_id(Platform.SENSOR, "py_hab", unique_id)
    assert found is not None
    return found


async def two_tariff_meter(
    time: Time, hass: HomeAssistant, mqtt_client_mock: Any
) -> AsyncIterator[MockConfigEntry]:
    """Yield the entry of such a meter."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    reader = MockedReader(time, hass, mqtt_client_mock)
    reader.blocks["MT681"] = {
        "Total_in": 15119.035,
        "Total_in_T1": 10119.035,
        "Total_in_T2": 5000.0,
        "Total_out": 2381.47,
        "Power": 200,
    }
    await reader.connect()
    entry = reader.entry(prefix="MT681")
    await reader.set_up(entry)
    for key, unique_id in COUNTERS.items():
        total, rows = 0.0, []
        for number in range(DAYS * 24, 0, -1):
            start = this_hour() - number * HOUR
            total += kwh(key, start)
            rows.append(StatisticData(start=start, state=total, sum=total))
        statistic = Statistic(id=entity_of(hass, unique_id), unit="kWh", has_sum=True)
        async_import_statistics(hass, new_metadata(statistic), rows)
    await recorded(hass)
    yield entry
    await reader.disconnect()
