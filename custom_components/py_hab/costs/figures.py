"""What the costs of a counter amount to, in the currency of the home."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Final

from .contract import ContractYear, fitting_instalment
from .forecast import Measured, Span, base_load, forecast, mean_price, yearly
from .hours import HourCost
from .prices import HOUR, midnight

_MIN_COVERAGE: Final = 0.9
"""Part of the hours of a contract year so far whose costs must be known."""
_DAY: Final = 24 * HOUR
_HOURS_OF_YEAR: Final = 8766
"""365.25 days."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """What was spent, or earned, since a time."""

    amount: float
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What a contract year will have cost after the bonus."""

    expected: float
    low: float
    high: float
    fitting_instalment: float
    """The monthly instalment that would cover it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractFigures:
    """How a contract year stands."""

    first: date
    end: date
    spent: Amount
    paid: float
    costs_since: datetime | None = None
    """Since when costs are known, if that is later than the year began."""
    bonus: float = 0.0
    """What the supplier credits at the end of this year."""
    outlook: Outlook | None = None
    """None while the home cannot know yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a counter counts all the time, and in a year."""

    base_load: float | None = None
    """W."""
    base_load_per_year: float | None = None
    """What the base load costs in a year."""
    per_year: float | None = None
    """What the counter costs in a year, with its base price."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CostFigures:
    """What the costs of a counter amount to."""

    until: datetime
    """The end of the last hour that is counted."""
    first: datetime | None = None
    """The first hour that has a cost."""
    today: Amount
    month: Amount
    waiting: int = 0
    """Hours whose price is not known yet."""
    contract: ContractFigures | None = None
    standing: Standing = field(default_factory=Standing)


def outlook(
    measured: Measured, costs: Sequence[HourCost], year: ContractYear, zone: tzinfo
) -> Outlook | None:
    """Return what a contract year will have cost, None while the home cannot know yet.

    `costs` are all hours that were calculated. Without those of a part of the year, such as before
    the first price, a forecast would be too low.
    """
    span = Span(int(midnight(year.first, zone)), int(midnight(year.end, zone)))
    known = [
        hour.cost for hour in costs if span.start <= hour.start < span.end if hour.cost is not None
    ]
    so_far = (min(costs[-1].start + HOUR, span.end) - span.start) // HOUR if costs else 0
    if len(known) < _MIN_COVERAGE * so_far:
        return None
    # Single hours wait for their price: they will have cost what the others have.
    spent = sum(known) * (so_far / len(known) if known else 1.0)
    found = forecast(measured, spent, span)
    if found is None:
        return None
    return Outlook(
        expected=found.expected - year.bonus,
        low=found.low - year.bonus,
        high=found.high - year.bonus,
        fitting_instalment=fitting_instalment(found.expected, year),
    )


def costs_since(year: ContractYear, first: datetime | None, zone: tzinfo) -> datetime | None:
    """Return since when costs of a contract year are known, None if that is its first day."""
    begin = midnight(year.first, zone)
    return first if first is not None and first.timestamp() >= begin + _DAY else None


def standing(measured: Measured, costs: Sequence[HourCost], zone: tzinfo) -> Standing:
    """Return what a counter counts all the time, and what it costs in a year."""
    now = costs[-1].start + HOUR
    load, price = base_load(measured.energies, zone), mean_price(measured, now)
    known: Mapping[int, float] = {hour.start: hour.cost for hour in costs if hour.cost is not None}
    return Standing(
        base_load=load,
        base_load_per_year=(
            None if load is None or price is None else load / 1000 * _HOURS_OF_YEAR * price
        ),
        per_year=yearly(known, now),
    )
