"""What costs amount to in a year."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.py_hab.costs.contract import Contract, ContractYear, contract_year
from custom_components.py_hab.costs.figures import (
    Amount,
    CounterYear,
    Outlook,
    contract_figures,
    costs_since,
    outlook,
    standing,
    year_forecast,
)
from custom_components.py_hab.costs.forecast import Forecast, Measured
from custom_components.py_hab.costs.hours import HourCost, hourly_costs
from custom_components.py_hab.costs.prices import HOUR, Price, Tariff, Window, midnight

BERLIN: Final = ZoneInfo("Europe/Berlin")
TARIFF: Final = Tariff([Price(since=date(2020, 1, 1), price=0.3, base=10.0)], BERLIN)
START: Final = int(datetime(2025, 4, 15, tzinfo=BERLIN).timestamp())
DAY: Final = 24 * HOUR


def measured(first: int, end: int) -> Measured:
    """Return hours with 0.2 kWh each."""
    energies = dict.fromkeys(range(first, end, HOUR), 0.2)
    return Measured(energies=energies, tariff=TARIFF, entity_prices={})


def outlook_of(known: Measured, costs: list[HourCost], year: ContractYear) -> Outlook | None:
    """Return what a contract year of one counter will have cost."""
    return outlook([year_forecast(known, costs, year, BERLIN)], year)


def test_the_outlook_of_a_year_counts_the_bonus() -> None:
    year = contract_year(Contract(start=date(2025, 4, 15), bonus=60.0), date(2025, 6, 1))
    assert year is not None
    known = measured(START - 400 * DAY, START + 47 * DAY)
    found = outlook_of(known, hourly_costs(known.energies, TARIFF, {}), year)
    truth = 8760 * 0.2 * 0.3 + 120 - 60
    assert found is not None
    assert found.expected == pytest.approx(truth, rel=1e-3)
    assert found.low < truth < found.high
    assert found.fitting_instalment == pytest.approx(truth / 12, rel=1e-3)
    new = measured(START, START + 47 * DAY)
    assert outlook_of(new, hourly_costs(new.energies, TARIFF, {}), year) is None


def test_what_a_counter_costs_all_the_time_and_in_a_year() -> None:
    known = measured(START, START + 20 * DAY)
    found = standing(known, hourly_costs(known.energies, TARIFF, {}), BERLIN)
    assert found.base_load == pytest.approx(200)
    assert found.base_load_per_year == pytest.approx(0.2 * 8766 * 0.3)
    assert found.per_year == pytest.approx(0.2 * 8766 * 0.3 + 120, rel=0.02)
    short = measured(START, START + 5 * HOUR)
    none = standing(short, hourly_costs(short.energies, TARIFF, {}), BERLIN)
    assert (none.base_load, none.base_load_per_year, none.per_year) == (None, None, None)


def test_a_contract_year_with_unknown_costs_has_no_outlook() -> None:
    year = contract_year(Contract(start=date(2025, 4, 15)), date(2025, 6, 1))
    assert year is not None
    known = measured(START - 400 * DAY, START + 47 * DAY)
    costs = hourly_costs(known.energies, TARIFF, {})
    whole = outlook_of(known, costs, year)
    assert whole is not None
    # Prices that were entered for the last ten days only.
    late = [hour for hour in costs if hour.start >= START + 37 * DAY]
    assert outlook_of(known, late, year) is None
    # Single hours that wait for their price will cost something.
    waiting = [waits(hour) if hour.start // HOUR % 20 == 0 else hour for hour in costs]
    found = outlook_of(known, waiting, year)
    assert found is not None
    assert found.expected == pytest.approx(whole.expected, rel=1e-3)


def waits(hour: HourCost) -> HourCost:
    """Return an hour that waits for its price."""
    return HourCost(hour.start, None)


def test_costs_that_begin_within_a_contract_year_are_said_to() -> None:
    year = contract_year(Contract(start=date(2025, 4, 15)), date(2025, 6, 1))
    assert year is not None
    first = datetime(2025, 5, 2, tzinfo=BERLIN)
    assert costs_since(year, first, BERLIN) == first
    assert costs_since(year, datetime(2025, 4, 15, 12, tzinfo=BERLIN), BERLIN) is None
    assert costs_since(year, None, BERLIN) is None


def part(amount: float, *, first: date = date(2025, 4, 15), month: int = 4) -> CounterYear:
    """Return what a counter adds to a contract year, with a forecast of twice as much."""
    return CounterYear(
        first=first,
        spent=Amount(amount=amount, since=datetime(2025, 4, 15, tzinfo=BERLIN)),
        costs_since=datetime(2025, month, 20, tzinfo=BERLIN),
        forecast=Forecast(expected=2 * amount, low=2 * amount - 10, high=2 * amount + 20),
    )


def test_the_year_of_a_contract_is_the_sum_of_its_counters() -> None:
    contract = Contract(start=date(2025, 4, 15), instalment=90.0, bonus=60.0)
    year = contract_year(contract, date(2025, 6, 20))
    assert year is not None
    found = contract_figures(contract, year, [part(300.0, month=5), part(100.0), part(-40.0)])
    assert found is not None
    assert (found.spent.amount, found.paid, found.bonus) == (360.0, 270.0, 60.0)
    assert found.costs_since == datetime(2025, 5, 20, tzinfo=BERLIN)
    assert found.outlook == Outlook(expected=660.0, low=630.0, high=720.0, fitting_instalment=55.0)
    # What is not known of one counter is not known of the sum.
    unknown = replace(part(100.0), forecast=None)
    found = contract_figures(contract, year, [part(300.0), unknown])
    assert found is not None
    assert (found.spent.amount, found.outlook) == (400.0, None)
    assert contract_figures(contract, year, [part(300.0), None]) is None
    before = part(100.0, first=date(2024, 4, 15))
    assert contract_figures(contract, year, [part(300.0), before]) is None


def test_the_forecast_of_what_is_earned_lowers_that_of_the_contract() -> None:
    earned = part(50.0).as_earnings()
    assert earned.spent.amount == -50.0
    assert earned.forecast == Forecast(expected=-100.0, low=-120.0, high=-90.0)
    assert replace(part(50.0), forecast=None).as_earnings().forecast is None


def used(start: int) -> float:
    """Return the kWh of an hour of a home that lives the same week again and again."""
    return 0.2 + start // HOUR % 168 / 100


@pytest.mark.parametrize(
    ("start", "today", "first", "end"),
    [
        # Begun on a day that other years, or other months, do not have.
        (date(2024, 2, 29), date(2025, 6, 1), date(2025, 2, 28), date(2026, 2, 28)),
        (date(2024, 2, 29), date(2027, 12, 31), date(2027, 2, 28), date(2028, 2, 29)),
        (date(2025, 8, 31), date(2025, 9, 30), date(2025, 8, 31), date(2026, 8, 31)),
        (date(2016, 1, 31), date(2024, 2, 29), date(2024, 1, 31), date(2025, 1, 31)),
        # The first and the last day of a year.
        (date(2023, 12, 31), date(2023, 12, 31), date(2023, 12, 31), date(2024, 12, 31)),
        (date(2024, 1, 1), date(2024, 12, 31), date(2024, 1, 1), date(2025, 1, 1)),
    ],
)
def test_a_home_that_lives_the_same_week_again_costs_what_is_forecast_to_the_cent(
    start: date, today: date, first: date, end: date
) -> None:
    contract = Contract(start=start, instalment=80.0, bonus=100.0)
    year = contract_year(contract, today)
    assert year is not None
    assert (year.first, year.end) == (first, end)
    rises = date(2025, 1, 1)
    night = Window(start=22 * 60, end=6 * 60, price=0.2)
    tariff = Tariff(
        [
            Price(since=date(2010, 1, 1), price=0.3, base=10.0, windows=[night]),
            Price(since=rises, price=0.35, base=12.0),
        ],
        BERLIN,
    )
    now = int(midnight(today, BERLIN)) + 7 * HOUR
    begin = int(midnight(first, BERLIN)) - 800 * DAY
    energies = {each: used(each) for each in range(begin, now, HOUR)}
    known = Measured(energies=energies, tariff=tariff, entity_prices={})
    found = outlook_of(known, hourly_costs(energies, tariff, {}), year)
    truth = 0.0
    hours_of_month = Counter[tuple[int, int]]()
    for each in range(int(midnight(first.replace(day=1), BERLIN)), now + 800 * DAY, HOUR):
        local = datetime.fromtimestamp(each, BERLIN)
        hours_of_month[local.year, local.month] += 1
    for each in range(int(midnight(first, BERLIN)), int(midnight(end, BERLIN)), HOUR):
        local = datetime.fromtimestamp(each, BERLIN)
        is_new = local.date() >= rises
        is_night = local.hour >= 22 or local.hour < 6
        price = 0.35 if is_new else 0.2 if is_night else 0.3
        base = 12.0 if is_new else 10.0
        truth += used(each) * price + base / hours_of_month[local.year, local.month]
    bonus = 100.0 if first == start else 0.0
    assert found is not None
    assert found.expected == pytest.approx(truth - bonus, abs=0.005)
    assert found.fitting_instalment == pytest.approx((truth - bonus) / 12, abs=0.005)
    assert found.low <= found.expected <= found.high
