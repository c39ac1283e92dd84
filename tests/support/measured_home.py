"""A home with measurements: a refrigerator with days of statistics behind it."""

from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .living import recorded

ENERGY: Final = "sensor.kuhlschrank_energy"
POWER: Final = "sensor.kuhlschrank_power"
TEMPERATURE: Final = "sensor.bad_temperature"
HOUR: Final = timedelta(hours=1)
DAYS: Final = 2


def this_hour() -> datetime:
    """Return when the hour began that is running."""
    return dt_util.utcnow().replace(minute=0, second=0, microsecond=0)


async def write_hours(
    hass: HomeAssistant,
    statistic_id: str = ENERGY,
    unit: str = "kWh",
    *,
    idle_at: int | None = None,
) -> None:
    """Write two days of hours up to this one: 0.1 kWh each, or 20 units.

    In the hour of the day `idle_at` a counter counts nothing.
    """
    has_sum = unit == "kWh"
    first = this_hour() - DAYS * 24 * HOUR
    hours = [first + number * HOUR for number in range(DAYS * 24)]
    counted = accumulate((dt_util.as_local(hour).hour != idle_at for hour in hours[1:]), initial=0)
    async_import_statistics(
        hass,
        new_metadata(Statistic(id=statistic_id, unit=unit, has_sum=has_sum)),
        [
            StatisticData(start=hour, state=count / 10, sum=count / 10)
            if has_sum
            else StatisticData(start=hour, mean=20.0, min=19.0, max=21.0)
            for hour, count in zip(hours, counted, strict=True)
        ],
    )
    await recorded(hass)


def refusing(*_: Any, **__: Any) -> Any:
    """Stand in for a database that is locked."""
    from sqlalchemy.exc import OperationalError

    raise OperationalError("SELECT", {}, Exception("database is locked"))
