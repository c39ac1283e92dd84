"""What the costs of an entry amount to, for its sensors."""

from datetime import date

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.costs.account import CONF_PRICES
from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.figures import Amount, CostFigures, CounterYear
from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.history.entry_figures import EntryFigures
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.support.priced import EXPORT_KEY, LONG_AGO, METER_KEY, priced

PRICE = Price(since=LONG_AGO, price=0.3)
BEGIN = date(2026, 1, 1)


def spent(amount: float) -> CostFigures:
    """Return figures of a counter that has cost an amount in the contract year."""
    found = Amount(amount=amount, since=dt_util.utcnow())
    year = CounterYear(first=BEGIN, spent=found)
    return CostFigures(until=dt_util.utcnow(), today=found, month=found, year=year)


def of_two_counters(begin: date) -> EntryFigures:
    """Return the figures of a meter whose contract covers what is drawn and what is fed in."""
    contract = Contract(start=begin, instalment=50.0, others=[EXPORT_KEY])
    both = (
        priced(PRICE, contract=contract)[CONF_PRICES] | priced(PRICE, key=EXPORT_KEY)[CONF_PRICES]
    )
    return EntryFigures(MockConfigEntry(domain=DOMAIN, options={CONF_PRICES: both}))


def test_a_contract_is_added_up_when_all_of_its_counters_are_known(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-06-15 12:00:00+00:00")
    figures = of_two_counters(BEGIN)
    heard: list[str] = []
    stop = figures.async_listen(lambda: heard.append("changed"))
    figures.async_set(METER_KEY, spent(100.0))
    assert figures.figures[METER_KEY].contract is None
    figures.async_set(EXPORT_KEY, spent(30.0))
    contract = figures.figures[METER_KEY].contract
    assert contract is not None
    # What is fed in is earned.
    assert contract.spent.amount == 70.0
    figures.async_set(EXPORT_KEY, None)
    assert figures.figures[METER_KEY].contract is None
    assert len(heard) == 3
    # A counter that had no figures before changes nothing without any.
    figures.async_set(EXPORT_KEY, None)
    stop()
    figures.async_set(METER_KEY, spent(101.0))
    assert len(heard) == 3


def test_a_contract_that_is_still_to_come_says_when(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-06-15 12:00:00+00:00")
    figures = of_two_counters(date(2026, 9, 1))
    figures.async_set(METER_KEY, spent(100.0))
    found = figures.figures[METER_KEY]
    assert (found.contract, found.contract_begins) == (None, date(2026, 9, 1))


def test_prices_follow_the_options(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain=DOMAIN, options=priced(PRICE))
    entry.add_to_hass(hass)
    figures = EntryFigures(entry)
    first = figures.prices
    assert first[METER_KEY].prices == [PRICE]
    assert figures.prices is first
    hass.config_entries.async_update_entry(entry, options={})
    assert figures.prices == {}
