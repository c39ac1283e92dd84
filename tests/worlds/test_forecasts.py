"""Forecasts of what ten years of a simulated home will have cost, each with two years of history."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.py_hab.costs.forecast import Measured, Span, forecast
from custom_components.py_hab.costs.hours import hourly_costs
from custom_components.py_hab.costs.prices import HOUR, Price, Tariff, Window
from simulator.home import Home

BERLIN: Final = ZoneInfo("Europe/Berlin")
DAY: Final = 24 * HOUR
NIGHT: Final = Window(start=22 * 60, end=6 * 60, price=0.25)
TARIFF: Final = Tariff(
    [Price(since=date(2016, 1, 1), price=0.32, base=12.0, windows=[NIGHT])], BERLIN
)
YEARS: Final = range(2018, 2028)
"""When those begin whose costs are forecast, on the first of November."""
HISTORY: Final = 2
"""Years before each of them."""


def november(year: int) -> int:
    """Return when a year begins."""
    return int(datetime(year, 11, 1, tzinfo=BERLIN).timestamp())


def cost(energies: Mapping[int, float], since: int) -> float:
    """Return what the hours since a moment have cost."""
    hours = {start: energy for start, energy in energies.items() if start >= since}
    return sum(each.cost or 0.0 for each in hourly_costs(hours, TARIFF, {}))


def drawn() -> dict[int, float]:
    """Return what a home has drawn in twelve years, by hour; each day has a chance of its own."""
    first = november(YEARS.start - HISTORY)
    home = Home(installed=datetime.fromtimestamp(first, UTC))
    starts = range(first, november(YEARS.stop) + 1, HOUR)
    read = [home.energy("import", datetime.fromtimestamp(at, UTC)) / 1000 for at in starts]
    return {
        start: after - before
        for start, (before, after) in zip(starts[:-1], pairwise(read), strict=True)
    }


def test_a_forecast_is_right_with_two_years_of_history() -> None:
    """Within 5 % after the first month, and within the range in nine of ten years."""
    right = Counter[int]()
    twelve_years = drawn()
    for year in YEARS:
        first, span = november(year - HISTORY), Span(november(year), november(year + 1))
        energies = {start: kwh for start, kwh in twelve_years.items() if first <= start < span.end}
        truth = cost(energies, span.start)
        for days in (30, 90, 180):
            now = span.start + days * DAY
            past = {start: kwh for start, kwh in energies.items() if start < now}
            measured = Measured(energies=past, tariff=TARIFF, entity_prices={})
            found = forecast(measured, cost(past, span.start), span)
            assert found is not None
            assert found.expected == pytest.approx(truth, rel=0.05)
            assert found.high - found.low < 0.2 * truth
            right[days] += found.low <= truth <= found.high
    assert min(right[days] for days in (30, 90, 180)) >= 9
