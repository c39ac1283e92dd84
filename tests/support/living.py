"""A counter that lives in a real recorder, five minutes at a time."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.components.recorder.tasks import StatisticsTask
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

ENERGY: Final = {
    "unit_of_measurement": "kWh",
    "device_class": "energy",
    "state_class": "total_increasing",
}
METER: Final = "sensor.meter"
T0: Final = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)
SHORT_TERM: Final = timedelta(minutes=5)


async def recorded(hass: HomeAssistant) -> None:
    """Wait until the recorder has written what it was asked to."""
    await hass.async_block_till_done()
    # The recorder's own way of waiting overlooks the task that is being worked on.
    done = asyncio.Event()

    def done_callback() -> None:
        hass.loop.call_soon_threadsafe(done.set)

    get_instance(hass).async_update_statistics_metadata("", on_done=done_callback)
    await done.wait()
    await get_instance(hass).async_block_till_done()


async def live(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    start: datetime,
    values: Iterable[float | str | None],
    entity_id: str = METER,
    **attributes: Any,
) -> datetime:
    """Show a value in each period of five minutes, None to leave it; return when that ends."""
    for value in values:
        freezer.move_to(start + timedelta(seconds=1))
        if value is not None:
            hass.states.async_set(entity_id, str(value), ENERGY | attributes)
        # The recorder stores it before it compiles the statistics.
        freezer.move_to(start + SHORT_TERM + timedelta(seconds=10))
        get_instance(hass).queue_task(StatisticsTask(start, False))
        await recorded(hass)
        start += SHORT_TERM
    return start


async def rows(
    hass: HomeAssistant, statistic_id: str = METER, period: Any = "hour"
) -> list[dict[str, Any]]:
    """Return all rows of a statistic, as dashboards see them."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        {statistic_id},
        period,
        None,
        {"change", "sum", "state", "mean", "min", "max"},
    )
    return [dict(row) for row in found.get(statistic_id, [])]


async def changes(hass: HomeAssistant, statistic_id: str = METER) -> dict[int, float]:
    """Return the kWh of each hour, by when it starts."""
    return {
        int(row["start"]): round(row["change"] or 0.0, 6) for row in await rows(hass, statistic_id)
    }
