"""Forecasts of a year, and what always runs. `worlds` forecasts years of simulated homes."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.py_hab.costs.forecast import (
    Forecast,
    Measured,
    Span,
    base_energy,
    base_load,
    forecast,
    mean_price,
    yearly,
)
from custom_components.py_hab.costs.hours import hourly_costs
from custom_components.py_hab.costs.prices import HOUR, Price, Tariff, Window

BERLIN: Final = ZoneInfo("Europe/Berlin")
DAY: Final = 24 * HOUR
MARKET: Final = "sensor.market"
NIGHT: Final = Window(start=22 * 60, end=6 * 60, price=0.25)
TARIFF: Final = Tariff(
    [Price(since=date(2023, 1, 1), price=0.32, base=12.0, windows=[NIGHT])], BERLIN
)
FIRST: Final = int(datetime(2023, 11, 1, tzinfo=BERLIN).timestamp())
YEAR: Final = Span(
    *(int(datetime(year, 11, 1, tzinfo=BERLIN).timestamp()) for year in (2025, 2026))
)


def hours(start: int, end: int, energy: float = 1.0) -> dict[int, float]:
    """Return hours with the same energy."""
    return dict.fromkeys(range(start, end, HOUR), energy)


def cost(energies: Mapping[int, float], tariff: Tariff = TARIFF) -> float:
    """Return what hours have cost."""
    return sum(each.cost or 0.0 for each in hourly_costs(energies, tariff, {}))


def known(energies: Mapping[int, float]) -> Measured:
    """Return what is known of a counter."""
    return Measured(energies=energies, tariff=TARIFF, entity_prices={})


def test_a_new_home_cannot_know_yet() -> None:
    assert forecast(known({}), 0.0, YEAR) is None
    months = hours(YEAR.start - 150 * DAY, YEAR.start + 30 * DAY)
    assert forecast(known(months), cost(months), YEAR) is None


def test_one_year_of_history_gives_a_wide_range() -> None:
    past = hours(YEAR.start - 366 * DAY, YEAR.start + 10 * DAY)
    spent = cost({start: kwh for start, kwh in past.items() if start >= YEAR.start})
    found = forecast(known(past), spent, YEAR)
    truth = cost(hours(*YEAR))
    assert found is not None
    assert found.expected == pytest.approx(truth)
    assert found.low < 0.95 * truth
    assert found.high > 1.05 * truth


def test_a_home_that_uses_more_than_before_is_expected_to_go_on() -> None:
    past = hours(FIRST, YEAR.start) | hours(YEAR.start, YEAR.start + 182 * DAY, 2.0)
    spent = cost({start: kwh for start, kwh in past.items() if start >= YEAR.start})
    found = forecast(known(past), spent, YEAR)
    same, twice = cost(hours(*YEAR)), cost(hours(*YEAR, 2.0))
    assert found is not None
    assert (same + twice) / 2 < spent + (found.expected - spent) < twice


def test_single_missing_hours_do_not_matter_and_a_year_that_is_over_is_known() -> None:
    past = hours(FIRST, YEAR.start)
    for start in range(FIRST, YEAR.start, 50 * HOUR):
        del past[start]
    found = forecast(known(past), 0.0, YEAR)
    assert found is not None
    assert found.expected == pytest.approx(cost(hours(*YEAR)), rel=0.001)
    over = forecast(known(hours(FIRST, YEAR.end + DAY)), 99.0, YEAR)
    assert over == Forecast(expected=99.0, low=99.0, high=99.0)


def test_a_price_that_follows_a_market_is_expected_as_it_was() -> None:
    tariff = Tariff([Price(since=date(2023, 1, 1), price=0.1, entity=MARKET)], BERLIN)
    past = hours(FIRST, YEAR.start)
    prices = {start: 0.2 if start // HOUR % 2 else 0.4 for start in past}
    measured = Measured(energies=past, tariff=tariff, entity_prices={MARKET: prices})
    found = forecast(measured, 0.0, YEAR)
    assert found is not None
    assert found.expected == pytest.approx(0.4 * 8760, rel=0.001)
    assert mean_price(measured, YEAR.start) == pytest.approx(0.4)
    idle = Measured(energies={}, tariff=tariff, entity_prices={MARKET: prices})
    assert mean_price(idle, YEAR.start) == pytest.approx(0.4)
    unknown = Measured(energies=past, tariff=tariff, entity_prices={MARKET: {}})
    assert forecast(unknown, 0.0, YEAR) is None
    assert mean_price(unknown, YEAR.start) is None


def test_the_base_load_is_the_median_of_the_least_hour_of_whole_days() -> None:
    assert base_load({}, BERLIN) is None
    start = YEAR.start
    assert base_load(hours(start, start + 20 * HOUR, 0.3), BERLIN) is None
    energies = hours(start, start + 10 * DAY, 0.5)
    for day in range(10):
        energies[start + day * DAY + 3 * HOUR] = 0.1 if day else 0.0
    assert base_load(energies, BERLIN) == pytest.approx(100)


def test_the_base_load_of_a_home_that_feeds_in_is_that_of_the_night() -> None:
    """At noon the sun covers all that it draws."""
    start = YEAR.start
    energies = hours(start, start + 10 * DAY, 0.5)
    for day in range(10):
        energies[start + day * DAY + 3 * HOUR] = 0.2
        energies[start + day * DAY + 12 * HOUR] = 0.0
    assert base_load(energies, BERLIN) == 0
    assert base_load(energies, BERLIN, feeds_in=True) == pytest.approx(200)


def test_the_base_load_of_a_year_is_that_of_each_of_its_days() -> None:
    assert base_energy({}, BERLIN) is None
    start = YEAR.start
    # Heating: 1 kWh in each hour of three months. The rest of the year 0.2 kWh, and cooking at noon.
    energies = hours(start, start + 365 * DAY, 0.2) | hours(start, start + 91 * DAY, 1.0)
    for day in range(365):
        energies[start + day * DAY + 12 * HOUR] += 3.0
    used = base_energy(energies, BERLIN) or 0.0
    assert used == pytest.approx(24 * (91 * 1.0 + 274 * 0.2) * 365.25 / 365, rel=0.01)
    assert used < sum(energies.values())
    assert base_load(energies, BERLIN) == pytest.approx(200)


def test_the_base_load_that_the_sun_covers_costs_nothing() -> None:
    start = YEAR.start
    energies = hours(start, start + 20 * DAY, 0.2)
    for day in range(20):
        for hour in range(8, 18):
            energies[start + day * DAY + hour * HOUR] = 0.0
    used = base_energy(energies, BERLIN, feeds_in=True)
    assert used == pytest.approx(14 * 0.2 * 365.25)


def test_what_always_runs_pays_the_mean_of_the_week() -> None:
    assert mean_price(known({}), YEAR.start) == pytest.approx((16 * 0.32 + 8 * 0.25) / 24)


def test_a_yearly_cost_needs_two_weeks() -> None:
    now = YEAR.start
    assert yearly(hours(now - 13 * DAY, now, 0.1), now) is None
    assert yearly(hours(now - 20 * DAY, now, 0.1), now) == pytest.approx(0.1 * 8766)
    two_years = hours(now - 730 * DAY, now - 365 * DAY, 9.0) | hours(now - 365 * DAY, now, 0.1)
    assert yearly(two_years, now) == pytest.approx(0.1 * 8766)
