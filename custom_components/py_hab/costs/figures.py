"""What the costs of a counter amount to, in the currency of the home."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from typing import Final

from .contract import Contract, ContractYear, fitting_instalment, paid
from .forecast import Forecast, Measured, Span, base_energy, base_load, forecast, mean_price, yearly
from .hours import HourCost
from .prices import HOUR, midnight

_MIN_COVERAGE: Final = 0.9
"""Part of the hours of a contract year so far whose costs must be known."""
_DAY: Final = 24 * HOUR


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
class CounterYear:
    """What one counter adds to a contract year."""

    first: date
    """The first day of the contract year."""
    spent: Amount
    costs_since: datetime | None = None
    """Since when costs are known, if that is later than the year began."""
    forecast: Forecast | None = None
    """What the year will have cost. None while the home cannot know yet."""

    def as_earnings(self) -> CounterYear:
        """Return the same as something that is earned: costs are negative."""
        return replace(
            self,
            spent=replace(self.spent, amount=-self.spent.amount),
            forecast=self.forecast and self.forecast.as_earnings(),
        )


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
    """Hours of the last days whose price is not known yet."""
    year: CounterYear | None = None
    """What the counter adds to the year of the contract that covers it."""
    contract: ContractFigures | None = None
    """How that year stands, if the contract is stored with this counter."""
    contract_begins: date | None = None
    """The first day of that contract, if it is still to come."""
    standing: Standing = field(default_factory=Standing)


def year_forecast(
    measured: Measured, costs: Sequence[HourCost], year: ContractYear, zone: tzinfo
) -> Forecast | None:
    """Return what a counter will have cost in a contract year, None while the home cannot know yet.

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
    return forecast(measured, spent, span)


def outlook(forecasts: Iterable[Forecast | None], year: ContractYear) -> Outlook | None:
    """Return what a contract year will have cost by the forecasts of its counters.

    The counters of a home use more or less at the same time, so their ranges add up. None without
    the forecast of one of them.
    """
    known = list(forecasts)
    found = [each for each in known if each is not None]
    if not found or len(found) < len(known):
        return None
    expected = sum(each.expected for each in found)
    return Outlook(
        expected=expected - year.bonus,
        low=sum(each.low for each in found) - year.bonus,
        high=sum(each.high for each in found) - year.bonus,
        fitting_instalment=fitting_instalment(expected, year),
    )


def contract_figures(
    contract: Contract, year: ContractYear, counters: Iterable[CounterYear | None]
) -> ContractFigures | None:
    """Return how a contract year stands by what its counters add; None until all are known.

    What is earned by feeding in is negative.
    """
    known = list(counters)
    found = [each for each in known if each is not None and each.first == year.first]
    if not found or len(found) < len(known):
        return None
    return ContractFigures(
        first=year.first,
        end=year.end,
        spent=Amount(amount=sum(each.spent.amount for each in found), since=found[0].spent.since),
        paid=paid(contract, year),
        costs_since=max(
            (each.costs_since for each in found if each.costs_since is not None), default=None
        ),
        bonus=year.bonus,
        outlook=outlook((each.forecast for each in found), year),
    )


def costs_since(year: ContractYear, first: datetime | None, zone: tzinfo) -> datetime | None:
    """Return since when costs of a contract year are known, None if that is its first day."""
    begin = midnight(year.first, zone)
    return first if first is not None and first.timestamp() >= begin + _DAY else None


def standing(
    measured: Measured, costs: Sequence[HourCost], zone: tzinfo, *, feeds_in: bool = False
) -> Standing:
    """Return what a counter counts all the time, and what it costs in a year.

    `feeds_in`: its device also counts energy that is fed in.
    """
    now = costs[-1].start + HOUR
    load = base_load(measured.energies, zone, feeds_in=feeds_in)
    base = base_energy(measured.energies, zone, feeds_in=feeds_in)
    price = mean_price(measured, now)
    known: Mapping[int, float] = {hour.start: hour.cost for hour in costs if hour.cost is not None}
    return Standing(
        base_load=load,
        base_load_per_year=(None if base is None or price is None else base * price),
        per_year=yearly(known, now),
    )
