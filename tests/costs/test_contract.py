"""Contract years and instalments."""

from datetime import date

import pytest

from custom_components.py_hab.costs.contract import (
    Contract,
    ContractYear,
    contract_year,
    fitting_instalment,
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
