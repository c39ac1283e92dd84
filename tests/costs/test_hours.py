"""Costs of hours, to the cent."""

from datetime import date, datetime
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.costs.hours import (
    HourCost,
    hourly_costs,
    hourly_energies,
    running_sums,
    time_weighted,
)
from custom_components.py_hab.costs.prices import HOUR, Price, Tariff, Window

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

BERLIN: Final = ZoneInfo("Europe/Berlin")
MARKET: Final = "sensor.market"
NOON: Final = int(datetime(2025, 6, 2, 12, tzinfo=BERLIN).timestamp())


def flat(price: float, *, base: float = 0.0) -> Tariff:
    """Return a tariff with one price."""
    return Tariff([Price(since=date(2025, 1, 1), price=price, base=base)], BERLIN)


def test_an_hour_costs_its_energy_and_its_part_of_the_base_price() -> None:
    costs = hourly_costs({NOON: 2.0, NOON + 2 * HOUR: 1.0}, flat(0.30, base=7.2), {})
    assert [each.start for each in costs] == [NOON, NOON + HOUR, NOON + 2 * HOUR]
    assert [each.cost for each in costs] == pytest.approx([0.61, 0.01, 0.31])


def test_hours_before_the_first_price_cost_nothing_that_is_known() -> None:
    first = int(datetime(2025, 1, 1, tzinfo=BERLIN).timestamp())
    energies = {first + number * HOUR: 1.0 for number in range(-3, 2)}
    assert hourly_costs(energies, flat(0.5), {}) == [(first, 0.5), (first + HOUR, 0.5)]
    assert hourly_costs({first - HOUR: 1.0}, flat(0.5), {}) == []
    assert (
        hourly_costs({}, flat(0.5), {}) == hourly_costs({NOON: 1.0}, Tariff([], BERLIN), {}) == []
    )


def test_an_hour_waits_for_the_price_of_its_entity() -> None:
    tariff = Tariff([Price(since=date(2025, 1, 1), price=0.10, entity=MARKET)], BERLIN)
    energies = {NOON + number * HOUR: energy for number, energy in enumerate((1.0, 2.0, 0.0, 1.0))}
    prices = {NOON: 0.20, NOON + 3 * HOUR: -0.30}
    costs = hourly_costs(energies, tariff, {MARKET: prices})
    assert [each.cost for each in costs] == [pytest.approx(0.30), None, 0.0, pytest.approx(-0.20)]
    sums = running_sums(costs, before=5.0)
    assert list(sums) == [NOON, NOON + 2 * HOUR, NOON + 3 * HOUR]
    assert list(sums.values()) == pytest.approx([5.3, 5.3, 5.1])


def test_energy_of_a_hole_belongs_to_the_hour_after_it() -> None:
    sums = [(NOON, 3.0), (NOON + HOUR, 4.0), (NOON + 4 * HOUR, 9.5), (NOON + 5 * HOUR, 9.5)]
    energies = hourly_energies(sums, most=40.0)
    assert energies == {NOON: 3.0, NOON + HOUR: 1.0, NOON + 4 * HOUR: 5.5, NOON + 5 * HOUR: 0.0}
    assert hourly_energies([(NOON, 15_119.0)], most=40.0) == {NOON: 0.0}
    assert hourly_energies([], most=40.0) == {}


@given(
    st.lists(st.integers(0, 9000), min_size=30, max_size=80),
    st.integers(-500, 9000),
    st.integers(-500, 9000),
    st.sampled_from(["2025-03-30", "2025-10-26", "2025-06-01"]),
)
def test_costs_are_the_truth_over_a_change_of_price_and_clock(
    watt_hours: list[int], high: int, low: int, day: str
) -> None:
    """Against the same in whole numbers, minute by minute of nothing but the wall clock."""
    changed = date.fromisoformat(day)
    night = Window(start=22 * 60, end=6 * 60, price=low / 10_000)
    tariff = Tariff(
        [
            Price(since=date(2025, 1, 1), price=0.25),
            Price(since=changed, price=high / 10_000, windows=[night]),
        ],
        BERLIN,
    )
    start = int(datetime.combine(changed, datetime.min.time(), BERLIN).timestamp()) - 5 * HOUR
    energies = {start + number * HOUR: wh / 1000 for number, wh in enumerate(watt_hours)}
    truth = Fraction(0)
    for number, wh in enumerate(watt_hours):
        local = datetime.fromtimestamp(start + number * HOUR, BERLIN)
        price = 2500 if local.date() < changed else low if not 6 <= local.hour < 22 else high
        truth += Fraction(wh * price, 10_000_000)
    total = list(running_sums(hourly_costs(energies, tariff, {})).values())[-1]
    assert total == pytest.approx(float(truth), abs=1e-9)


def test_the_price_of_an_hour_is_its_mean_by_time() -> None:
    changes = [
        (NOON - 600.0, 0.10),
        (NOON + 900.0, 0.30),
        (NOON + HOUR, None),
        (NOON + HOUR + 2700.0, 0.50),
        (NOON + 2 * HOUR, 0.20),
    ]
    end = NOON + 4 * HOUR - 1
    # Known for a quarter of the second hour only; the last one has not ended.
    assert time_weighted(changes, NOON, end) == {
        NOON: pytest.approx(0.25),
        NOON + 2 * HOUR: pytest.approx(0.20),
    }
    assert time_weighted([], NOON, end) == {}


def test_hours_without_a_cost_have_no_sum() -> None:
    assert running_sums([HourCost(NOON, None)]) == {}
