"""What the costs of a counter amount to, in the currency of the home."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Final

from .contract import ContractYear, fitting_instalment
from .forecast import Measured, Span, base_load, forecast, mean_price, yearly
from .hours import HourCost
from .prices import HOUR, midnight

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

    `costs` are all hours that were calculated.
    """
    span = Span(int(midnight(year.first, zone)), int(midnight(year.end, zone)))
    spent = sum(hour.cost or 0.0 for hour in costs if span.start <= hour.start < span.end)
    found = forecast(measured, spent, span)
    if found is None:
        return None
    return Outlook(
        expected=found.expected - year.bonus,
        low=found.low - year.bonus,
        high=found.high - year.bonus,
        fitting_instalment=fitting_instalment(found.expected, year),
    )


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
