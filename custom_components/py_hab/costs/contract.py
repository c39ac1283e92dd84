"""A contract with a supplier: its years, what was paid by instalments, and what would fit."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date
from typing import Final

MONTHS: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Instalment:
    """A monthly instalment that has changed."""

    since: date
    """The first day on which it may be due."""
    amount: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What a user has agreed with the supplier, in the currency of the home.

    It is stored with one counter, and may cover others: high and low tariff are two counters of one
    meter with one contract.
    """

    start: date
    """The first day. Each contract year begins on this day of the year."""
    instalment: float = 0.0
    """Per month, due on the day of the month on which the contract year begins."""
    bonus: float = 0.0
    """What the supplier credits at the end of the first year."""
    others: list[str] = field(default_factory=list)
    """The further counters that it covers, by the unique id of their entity."""
    changes: list[Instalment] = field(default_factory=list)
    """Later instalments, in any order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractYear:
    """One year of a contract."""

    first: date
    end: date
    """The first day of the next year."""
    instalments_due: int
    """How many instalments were due so far, from 1 to 12."""
    bonus: float
    """What is credited at the end of this year."""


def contract_year(contract: Contract, today: date) -> ContractYear | None:
    """Return the contract year of a day, None before the contract begins."""
    if today < contract.start:
        return None
    passed = _months_between(contract.start, today)
    year = passed // MONTHS
    return ContractYear(
        first=_after(contract.start, MONTHS * year),
        end=_after(contract.start, MONTHS * (year + 1)),
        instalments_due=passed % MONTHS + 1,
        bonus=contract.bonus if year == 0 else 0.0,
    )


def paid(contract: Contract, year: ContractYear) -> float:
    """Return the sum of the instalments that were due so far in a contract year."""
    before = _months_between(contract.start, year.first)
    due = (_after(contract.start, before + number) for number in range(year.instalments_due))
    return sum(_instalment_on(contract, day) for day in due)


def _instalment_on(contract: Contract, day: date) -> float:
    changed = [change for change in contract.changes if change.since <= day]
    return max(changed, key=lambda change: change.since).amount if changed else contract.instalment


def fitting_instalment(expected: float, year: ContractYear) -> float:
    """Return the monthly instalment that covers what a contract year is expected to cost."""
    return (expected - year.bonus) / MONTHS


def _months_between(first: date, day: date) -> int:
    """Return the whole months from one day to another."""
    months = MONTHS * (day.year - first.year) + day.month - first.month
    return months if _after(first, months) <= day else months - 1


def _after(first: date, months: int) -> date:
    """Return the day some months later: the last of the month if it has no such day."""
    year, month = divmod(MONTHS * first.year + first.month - 1 + months, MONTHS)
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))
