"""What the costs of one counter amount to, from rows of a real recorder."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.costs.account import CounterPrices
from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.figures import CostFigures
from custom_components.py_hab.costs.prices import HOUR, Price
from custom_components.py_hab.history.cost_figures import async_figures
from custom_components.py_hab.history.cost_statistic import CostStatistic, async_calculate
from custom_components.py_hab.history.priced_counters import PricedCounter
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.support.living import METER, T0, recorded

ENERGY: Final = Statistic(id=METER, unit="kWh", has_sum=True, entry_id="entry")
COUNTER: Final = PricedCounter(
    unique_id="A 1_energy",
    energy=ENERGY,
    prices=CounterPrices(id="run", prices=[Price(since=date(2020, 1, 1), price=0.5)]),
)
HOURS: Final = 60


async def test_last_hours_add_to_amounts_and_keep_what_only_all_hours_show(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    start = dt_util.start_of_local_day(T0)
    freezer.move_to(start + timedelta(hours=HOURS, minutes=10))
    assert await async_setup_component(hass, DOMAIN, {})
    rows = [
        StatisticData(start=start + timedelta(hours=number), state=total, sum=total)
        for number, total in enumerate(map(float, range(1, HOURS + 1)))
    ]
    async_import_statistics(hass, new_metadata(ENERGY), rows)
    await recorded(hass)
    contract = Contract(start=start.date(), instalment=50.0)
    statistic = CostStatistic(hass, COUNTER)

    async def found(since: int | None, known: CostFigures | None) -> CostFigures | None:
        hours = await async_calculate(hass, COUNTER, since)
        await statistic.async_write(hours)
        return await async_figures(hass, statistic, hours, contract, known)

    whole = await found(None, None)
    assert whole is not None
    assert (whole.first, whole.waiting) == (start, 0)
    # Twelve hours of this day, each with half a euro.
    assert whole.today.amount == pytest.approx(6.0)
    assert whole.year is not None
    assert whole.year.spent.amount == pytest.approx(HOURS / 2)
    recent = int((start + timedelta(hours=HOURS - 3)).timestamp())
    later = await found(recent, whole)
    assert later == whole
    without_known = await found(recent, None)
    assert without_known is not None
    assert without_known.first is None
    assert without_known.today == whole.today
    # Hours that have no cost yet change nothing.
    hours = await async_calculate(hass, COUNTER, recent + 3 * HOUR)
    assert await async_figures(hass, statistic, hours, contract, whole) is whole


async def test_hours_of_the_last_days_wait_also_after_a_change_of_the_clock(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    start = datetime(2026, 3, 26, tzinfo=dt_util.get_default_time_zone())
    now = datetime(2026, 3, 30, 10, 10, tzinfo=UTC)
    freezer.move_to(now)
    assert await async_setup_component(hass, DOMAIN, {})
    hours = int((now - start) / timedelta(hours=1))
    rows = [
        StatisticData(start=start.astimezone(UTC) + timedelta(hours=number), state=total, sum=total)
        for number, total in enumerate(map(float, range(1, hours + 1)))
    ]
    async_import_statistics(hass, new_metadata(ENERGY), rows)
    await recorded(hass)
    fixed, moving = (
        Price(since=date(2026, 3, 26), price=0.5),
        Price(since=date(2026, 3, 27), entity="sensor.market"),
    )
    counter = replace(COUNTER, prices=CounterPrices(id="run", prices=[fixed, moving]))
    statistic, costs = CostStatistic(hass, counter), await async_calculate(hass, counter)
    await statistic.async_write(costs)
    found = await async_figures(hass, statistic, costs, None, None)
    # Of three days, the hour that began before them is left out.
    assert found is not None
    assert found.waiting == 3 * 24 - 1
