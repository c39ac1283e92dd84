"""Forecasts of what a year will have cost, for ten simulated homes with two years of history."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import product
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
    [Price(since=date(2023, 1, 1), price=0.32, base=12.0, windows=[NIGHT])], BERLIN
)
FIRST: Final = int(datetime(2023, 11, 1, tzinfo=BERLIN).timestamp())
YEAR: Final = Span(
    *(int(datetime(year, 11, 1, tzinfo=BERLIN).timestamp()) for year in (2025, 2026))
)
SEEDS: Final = range(1, 11)


def cost(energies: Mapping[int, float]) -> float:
    """Return what the hours of the year have cost."""
    hours = {start: energy for start, energy in energies.items() if start >= YEAR.start}
    return sum(each.cost or 0.0 for each in hourly_costs(hours, TARIFF, {}))


@pytest.fixture(scope="module")
def homes() -> list[dict[int, float]]:
    """What ten homes have drawn in three years, by hour."""
    found = []
    for seed in SEEDS:
        home = Home(seed=seed, installed=datetime.fromtimestamp(FIRST, UTC))
        starts = range(FIRST, YEAR.end + 1, HOUR)
        read = [home.energy("import", datetime.fromtimestamp(at, UTC)) / 1000 for at in starts]
        found.append(
            {start: read[number + 1] - read[number] for number, start in enumerate(starts[:-1])}
        )
    return found


def test_a_forecast_is_right_with_two_years_of_history(homes: list[dict[int, float]]) -> None:
    """Within 5 % after the first month, and within the range in nine of ten homes."""
    right = Counter[int]()
    for energies, days in product(homes, (30, 90, 180)):
        truth = cost(energies)
        now = YEAR.start + days * DAY
        past = {start: kwh for start, kwh in energies.items() if start < now}
        measured = Measured(energies=past, tariff=TARIFF, entity_prices={})
        found = forecast(measured, cost(past), YEAR)
        assert found is not None
        assert found.expected == pytest.approx(truth, rel=0.05)
        assert found.high - found.low < 0.2 * truth
        right[days] += found.low <= truth <= found.high
    assert min(right[days] for days in (30, 90, 180)) >= 9
