"""What is stored, and what becomes of the costs, when the prices of a counter change."""

from datetime import date
from typing import Final

from freezegun.api import FrozenDateTimeFactory

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.costs.account import CounterPrices
from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.history.cost_statistic import (
    CostStatistic,
    async_calculate,
    cost_statistic_id,
)
from custom_components.py_hab.history.price_change import async_change_prices
from custom_components.py_hab.history.priced_counters import PricedCounter
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.support.living import METER, T0, recorded, rows

ENERGY: Final = Statistic(id=METER, unit="kWh", has_sum=True, entry_id="entry")
FIRST: Final = Price(since=date(2020, 1, 1), price=0.3)
LATER: Final = Price(since=date(2021, 1, 1), price=0.4)
LAST: Final = Price(since=date(2022, 1, 1), price=0.5)
KEY: Final = "A 1_energy"


def begin(price: Price) -> float:
    """Return from when on a price holds (unix time)."""
    return dt_util.start_of_local_day(price.since).timestamp()


async def test_costs_are_kept_up_to_where_prices_differ_and_removed_with_the_last_price(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0.replace(day=T0.day + 1))
    assert await async_setup_component(hass, DOMAIN, {})
    async_import_statistics(
        hass, new_metadata(ENERGY), [StatisticData(start=T0, state=1.0, sum=1.0)]
    )
    await recorded(hass)

    async def write(prices: CounterPrices) -> None:
        counter = PricedCounter(unique_id=KEY, energy=ENERGY, prices=prices)
        await CostStatistic(hass, counter).async_write(await async_calculate(hass, counter))

    stored = await async_change_prices(hass, {}, KEY, [FIRST])
    assert await async_change_prices(hass, stored, KEY, []) == {}
    await write(stored[KEY])
    changed = await async_change_prices(hass, stored, KEY, [FIRST, LATER])
    assert changed[KEY].kept_until == begin(LATER)
    assert changed[KEY].id != stored[KEY].id
    # The costs of these prices are not written yet: those that are there end at the price before.
    again = await async_change_prices(hass, changed, KEY, [FIRST, LATER, LAST])
    assert again[KEY].kept_until == begin(LATER)
    await write(changed[KEY])
    again = await async_change_prices(hass, changed, KEY, [FIRST, LATER, LAST])
    assert again[KEY].kept_until == begin(LAST)
    # A contract of another counter does not cover it any more.
    contract = Contract(start=date(2020, 1, 1), others=[KEY])
    other = CounterPrices(id="other", prices=[FIRST], contract=contract)
    left = await async_change_prices(hass, {**again, "other": other}, KEY, [])
    assert left.keys() == {"other"}
    assert left["other"].contract == Contract(start=date(2020, 1, 1))
    assert await rows(hass, cost_statistic_id(KEY)) == []
    # Prices that are entered again lead to costs again.
    assert not get_editor(hass).journal.changes_of(cost_statistic_id(KEY)).undone
