"""Contract years and instalments."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from custom_components.py_hab.costs.contract import (
    Contract,
    ContractYear,
    Instalment,
    contract_year,
    fitting_instalment,
    paid,
)


@pytest.mark.parametrize(
    ("today", "first", "end", "due", "bonus"),
    [
        (date(2025, 4, 15), date(2025, 4, 15), date(2026, 4, 15), 1, 100.0),
        (date(2025, 5, 14), date(2025, 4, 15), date(2026, 4, 15), 1, 100.0),
        (date(2025, 5, 15), date(2025, 4, 15), date(2026, 4, 15), 2, 100.0),
        (date(2026, 4, 14), date(2025, 4, 15), date(2026, 4, 15), 12, 100.0),
        (date(2026, 4, 15), date(2026, 4, 15), date(2027, 4, 15), 1, 0.0),
        (date(2028, 1, 1), date(2027, 4, 15), date(2028, 4, 15), 9, 0.0),
    ],
)
def test_a_year_begins_on_the_day_of_the_contract(
    today: date, first: date, end: date, due: int, bonus: float
) -> None:
    contract = Contract(start=date(2025, 4, 15), instalment=90.0, bonus=100.0)
    assert contract_year(contract, today) == ContractYear(
        first=first, end=end, instalments_due=due, bonus=bonus
    )


def test_there_is_no_year_before_the_contract() -> None:
    assert contract_year(Contract(start=date(2025, 4, 15)), date(2025, 4, 14)) is None


def test_a_contract_may_begin_on_the_last_day_of_a_month() -> None:
    found = contract_year(Contract(start=date(2024, 2, 29)), date(2025, 3, 30))
    assert found is not None
    assert (found.first, found.end) == (date(2025, 2, 28), date(2026, 2, 28))
    assert found.instalments_due == 2


def test_the_fitting_instalment_counts_the_bonus() -> None:
    year = contract_year(Contract(start=date(2025, 1, 1), bonus=120.0), date(2025, 6, 1))
    assert year is not None
    assert fitting_instalment(1320.0, year) == 100.0


def paid_on(contract: Contract, day: date) -> float:
    """Return what was paid in the contract year of a day."""
    year = contract_year(contract, day)
    assert year is not None
    return paid(contract, year)


def due_days(contract: Contract) -> list[date]:
    """Return the days of ten years on which one more instalment is due, as a bank would debit it."""
    found = []
    day = contract.start
    while day < contract.start.replace(year=contract.start.year + 10, day=1):
        following = day + timedelta(days=1)
        is_last = following.month != day.month
        if day.day == contract.start.day or (is_last and day.day < contract.start.day):
            found.append(day)
        day = following
    return found


@pytest.mark.parametrize(
    "start",
    [
        date(2024, 2, 29),
        date(2023, 2, 28),
        date(2024, 1, 31),
        date(2023, 12, 31),
        date(2024, 8, 30),
        date(2025, 6, 1),
        date(2025, 3, 15),
    ],
)
def test_each_instalment_is_due_once_whatever_the_length_of_months_and_years(start: date) -> None:
    contract = Contract(
        start=start,
        instalment=100.0,
        changes=[
            Instalment(since=start + timedelta(days=900), amount=80.5),
            Instalment(since=start + timedelta(days=400), amount=120.25),
        ],
    )

    def amount(day: date) -> float:
        after = (day - start).days
        return 80.5 if after >= 900 else 120.25 if after >= 400 else 100.0

    due = due_days(contract)
    firsts = due[::12]
    for number, (first, end) in enumerate(pairwise(firsts)):
        of_year = [day for day in due if first <= day < end]
        assert len(of_year) == 12
        day = first
        while day < end:
            year = contract_year(contract, day)
            assert year is not None
            assert (year.first, year.end, year.bonus) == (first, end, 0.0), number
            assert paid_on(contract, day) == pytest.approx(
                sum(amount(each) for each in of_year if each <= day), abs=1e-9
            )
            day += timedelta(days=1)
