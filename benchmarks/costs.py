"""What costs cost: two years of hours calculated and written, beside a bare SQL sum of the same hours."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any, Final

import pytest
from sqlalchemy import case, func, select

from benchmarks.conftest import no_logs, recorder_config
from benchmarks.measurements import persistent_database, watched
from benchmarks.table import print_table
from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.costs.account import CounterPrices
from custom_components.py_hab.costs.prices import Price, Window
from custom_components.py_hab.history.cost_statistic import (
    CostStatistic,
    async_calculate,
)
from custom_components.py_hab.history.priced_counters import PricedCounter
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import session_scope
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.support.living import recorded, rows

__all__ = ["no_logs", "persistent_database", "recorder_config"]

HOURS: Final = 2 * 365 * 24
ROUNDS: Final = 3
ENERGY: Final = Statistic(id="sensor.meter", unit="kWh", has_sum=True)
NIGHT: Final = Window(start=22 * 60, end=6 * 60, price=0.25)
PRICES: Final = [
    Price(since=date(2020, 1, 1), price=0.30, base=11.9),
    Price(since=dt_util.now().date() - timedelta(days=300), price=0.36, base=12.9, windows=[NIGHT]),
]
pytestmark = [pytest.mark.timeout(3600), pytest.mark.usefixtures("no_logs")]


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    """Return the seconds that work takes."""
    start = perf_counter()
    await work()
    return perf_counter() - start


def bare_sum(hass: HomeAssistant) -> float:
    """Return the energy of all hours times one price, calculated by the database alone."""
    before = func.lag(Statistics.sum).over(order_by=Statistics.start_ts)
    hours = (
        select((Statistics.sum - func.coalesce(before, 0.0)).label("energy"), Statistics.start_ts)
        .join(StatisticsMeta, StatisticsMeta.id == Statistics.metadata_id)
        .where(StatisticsMeta.statistic_id == ENERGY.id)
        .subquery()
    )
    price = case((hours.c.start_ts % 86_400 < 21_600, 0.25), else_=0.36)
    with session_scope(hass=hass, read_only=True) as session:
        return session.scalar(select(func.sum(hours.c.energy * price))) or 0.0


async def test_two_years(
    recorder_mock: Recorder, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calculate two years, write them, look at them again, add an hour, and change a price."""
    hass.loop.set_debug(False)
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert await async_setup_component(hass, DOMAIN, {})
    end = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    data = [
        StatisticData(start=end - timedelta(hours=back), state=total, sum=total)
        for back in range(HOURS, 0, -1)
        for total in [0.4 * (HOURS - back + 1)]
    ]
    async_import_statistics(hass, new_metadata(ENERGY), data)
    await recorded(hass)
    times: dict[str, list[float]] = {}

    async def note(name: str, work: Callable[[], Awaitable[Any]]) -> None:
        times.setdefault(name, []).append(await timed(work))

    async def costs(counter: PricedCounter, since: int | None = None) -> None:
        await CostStatistic(hass, counter).async_write(await async_calculate(hass, counter, since))

    for number in range(ROUNDS):
        counter = PricedCounter(
            unique_id=f"round_{number}",
            energy=ENERGY,
            prices=CounterPrices(id="first", prices=PRICES),
        )
        dearer = PricedCounter(
            unique_id=f"round_{number}",
            energy=ENERGY,
            prices=CounterPrices(
                id="second", prices=[*PRICES, Price(since=end.date() - timedelta(days=90), price=1)]
            ),
        )
        recent = int((end - timedelta(days=3)).timestamp())
        with watched(monkeypatch) as holds:
            await note("calculated and written", partial(costs, counter))
            await note("all looked at again, nothing to write", partial(costs, counter))
            await note("the last three days looked at", partial(costs, counter, recent))
            await note("a price of 90 days changed", partial(costs, dearer))
        await note(
            "a bare SQL sum, nothing written",
            lambda: get_instance(hass).async_add_executor_job(bare_sum, hass),
        )
        assert len(await rows(hass, CostStatistic(hass, counter).statistic.id)) == HOURS
    print_table(
        f"Costs of {HOURS:,} hours of one counter, seconds",
        "way, seconds",
        [[name, f"{median(taken):.3f}"] for name, taken in times.items()],
    )
    print_table(
        "How long the last round holds the event loop: ms of CPU of its callbacks",
        "when, callbacks, p99, max, over 5 ms, max without garbage collection, over 5 ms without,"
        " the longest",
        [holds.row("costs")],
    )
