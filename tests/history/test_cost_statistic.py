"""The cost statistic of one counter, beside energy that others have recorded."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.costs.account import CounterPrices
from custom_components.py_hab.costs.prices import HOUR, Price
from custom_components.py_hab.history.cost_statistic import (
    CostStatistic,
    async_calculate,
    cost_statistic_id,
    counter_of_costs,
)
from custom_components.py_hab.history.priced_counters import PricedCounter
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import async_import_statistics, get_metadata
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from tests.support.living import METER, T0, changes, recorded, rows

FIRST: Final = int(T0.timestamp())
ENERGY: Final = Statistic(id=METER, unit="kWh", has_sum=True, entry_id="entry")
PRICES: Final = CounterPrices(id="run", prices=[Price(since=date(2020, 1, 1), price=0.5)])


@pytest.fixture
async def house(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> HomeAssistant:
    """A house without any entry of ours."""
    freezer.move_to(T0 + timedelta(days=30))
    assert await async_setup_component(hass, DOMAIN, {})
    await recorded(hass)
    return hass


async def counted(hass: HomeAssistant, sums: Sequence[tuple[int, float]]) -> None:
    """Record sums at the ends of hours, given by number."""
    async_import_statistics(
        hass,
        new_metadata(ENERGY),
        [
            {"start": T0 + timedelta(hours=number), "state": total, "sum": total}
            for number, total in sums
        ],
    )
    await recorded(hass)


def counter(*, is_export: bool = False) -> PricedCounter:
    """Return the counter with its prices."""
    return PricedCounter(unique_id="A 1_energy", energy=ENERGY, prices=PRICES, is_export=is_export)


async def test_new_hours_are_calculated_from_the_last_row_before_them(
    house: HomeAssistant,
) -> None:
    await counted(house, [(0, 1.0), (1, 2.0), (2, 4.0), (60, 9.0), (61, 9.5)])
    hours = await async_calculate(house, counter(), FIRST + 3 * HOUR)
    assert not hours.is_whole
    assert len(hours.costs) == 59
    # What was counted in the hole belongs to the hour after it.
    assert {hour.start: hour.cost for hour in hours.costs if hour.cost} == {
        FIRST + 60 * HOUR: 2.5,
        FIRST + 61 * HOUR: 0.25,
    }
    # Without a row before them, all hours are calculated.
    assert (await async_calculate(house, counter(), FIRST + 300 * HOUR)).is_whole
    nothing_new = await async_calculate(house, counter(), FIRST + 62 * HOUR)
    assert (nothing_new.costs, nothing_new.is_whole) == ([], False)


async def test_the_statistic_is_written_read_and_named(house: HomeAssistant) -> None:
    await counted(house, [(0, 1.0), (1, 2.0), (2, 4.0)])
    statistic = CostStatistic(house, counter(is_export=True))
    assert statistic.statistic.id == cost_statistic_id("A 1_energy") == "py_hab:cost_a_1_energy"
    await statistic.async_write(await async_calculate(house, counter()))
    found = await changes(house, statistic.statistic.id)
    assert found == {FIRST: 0.5, FIRST + HOUR: 0.5, FIRST + 2 * HOUR: 1.0}
    assert await statistic.async_sum_before(FIRST) == 0.0
    assert await statistic.async_sum_before(FIRST + 2 * HOUR) == 1.0
    # Long after the last hour.
    assert await statistic.async_sum_before(FIRST + 500 * HOUR) == 2.0
    listed = await house.async_add_executor_job(_name, house, statistic.statistic.id)
    assert listed == f"{METER}: earnings"


def _name(hass: HomeAssistant, statistic_id: str) -> str | None:
    return get_metadata(hass, statistic_ids={statistic_id})[statistic_id][1]["name"]


async def test_costs_that_were_taken_back_are_not_written(house: HomeAssistant) -> None:
    await counted(house, [(0, 1.0)])
    statistic = CostStatistic(house, counter())
    get_editor(house).journal.changes_of(statistic.statistic.id).undone = True
    assert statistic.is_undone
    await statistic.async_write(await async_calculate(house, counter()))
    assert await rows(house, statistic.statistic.id) == []


async def test_the_counter_of_costs_is_found_by_its_id(house: HomeAssistant) -> None:
    registry = er.async_get(house)
    entity = registry.async_get_or_create("sensor", DOMAIN, "A 1_energy")
    assert counter_of_costs(house, "py_hab:cost_a_1_energy") == entity.entity_id
    assert counter_of_costs(house, "py_hab:cost_a_2_energy") is None
