"""What a year will have cost: what was spent, and for the rest what the home used in earlier years.

Each hour to come is expected to use what the same hour of the same weekday has used at the same time
of earlier years, at the level that was measured since. Nine of ten cases are within the range, as far
as the years of the home show.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
import math
from statistics import fmean, median, pstdev
from typing import Final, NamedTuple

from .hours import hourly_costs
from .prices import HOUR, Tariff

_WEEK: Final = 7 * 24 * HOUR
_WEEKS_OF_YEAR: Final = 365.25 / 7
_YEAR: Final = 52 * _WEEK
"""Seconds; whole weeks, so that weekdays agree."""
_YEARS: Final = 4
"""Earlier years from which a forecast is made."""
_BLOCK: Final = 28 * 24
"""Hours of the parts of two years that are compared."""
_MIN_COVERAGE: Final = 0.9
"""Part of the hours that an earlier year must have."""
_DAYS_TO_TRUST: Final = 90.0
"""Days after which the level measured since counts as much as that of earlier years."""
_LEVEL_DEVIATION: Final = 0.04
"""Relative standard deviation of the level from year to year that every home has."""
_ONE_YEAR_DEVIATION: Final = 0.15
"""The same of a block of 28 days, while there is one earlier year only."""
_NINE_OF_TEN: Final = 1.645
"""Standard deviations on both sides."""
BASE_LOAD_DAYS: Final = 30
NIGHT: Final = 5
"""Hours of a day that begin before any sun: none covers what a home draws. The heatmap card uses the
same number (`NIGHT` in frontend/src/heat.ts)."""
MIN_DAYS: Final = 14
"""Days with hours that a yearly cost needs."""
_DAYS_OF_YEAR: Final = 365.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What is expected of a year, in the currency of the home."""

    expected: float
    low: float
    high: float

    def as_earnings(self) -> Forecast:
        """Return the same as something that is earned: the cost is negative."""
        return Forecast(expected=-self.expected, low=-self.high, high=-self.low)


class Span(NamedTuple):
    """A time, as unix times of full hours; the end is not a part of it."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What is known of a counter: kWh by the start of the hour, and prices."""

    energies: Mapping[int, float]
    tariff: Tariff
    entity_prices: Mapping[str, Mapping[int, float]]

    def expected_prices(self) -> dict[str, float]:
        """Return the mean price that each entity had, by the energy used at it."""
        found = {}
        for entity, prices in self.entity_prices.items():
            common = [start for start in prices if self.energies.get(start)]
            weight = sum(abs(self.energies[start]) for start in common)
            if weight:
                paid = sum(abs(self.energies[start]) * prices[start] for start in common)
                found[entity] = paid / weight
            elif prices:
                found[entity] = fmean(prices.values())
        return found


def forecast(measured: Measured, spent: float, year: Span) -> Forecast | None:
    """Return what a year will have cost, None while the home has not recorded an earlier one.

    `spent` is what its hours that were measured have cost.
    """
    energies = measured.energies
    if not energies:
        return None
    now = min(max(max(energies) + HOUR, year.start), year.end)
    rest = range(now, year.end, HOUR)
    if not rest:
        return Forecast(expected=spent, low=spent, high=spent)
    earlier = [
        shifted
        for number in range(1, _YEARS + 1)
        if (shifted := _of_year(energies, rest, number)) is not None
    ]
    if not earlier:
        return None
    mean = {start: fmean(each[start] for each in earlier) for start in rest}
    costs = _expected_costs(measured, mean)
    base = sum(_expected_costs(measured, dict.fromkeys(rest, 0.0)).values())
    if len(costs) < len(rest):
        return None
    level = _level(energies, Span(year.start, now))
    moving = level.factor * (sum(costs.values()) - base)
    deviation = abs(moving) * _deviation(energies, now, len(rest), level.weight)
    expected = spent + base + moving
    return Forecast(
        expected=expected,
        low=expected - _NINE_OF_TEN * deviation,
        high=expected + _NINE_OF_TEN * deviation,
    )


def _earlier(energies: Mapping[int, float], start: int, years: int) -> float | None:
    """Return the energy of an hour some years before, None if it is missing.

    It is that of the same hour and weekday in the two nearest weeks, weighted so that their mean lies
    exactly as many years before: in spring and autumn, each day counts.
    """
    weeks, part = divmod(years * _WEEKS_OF_YEAR, 1)
    near = energies.get(start - int(weeks) * _WEEK)
    far = energies.get(start - int(weeks + 1) * _WEEK)
    if near is None or far is None:
        return near if far is None else far
    return near * (1 - part) + far * part


def _of_year(energies: Mapping[int, float], rest: range, years: int) -> dict[int, float] | None:
    """Return the energies some years before the hours to come; None if too many are missing.

    The mean stands in for single hours that are missing.
    """
    found = {
        start: energy for start in rest if (energy := _earlier(energies, start, years)) is not None
    }
    if len(found) < _MIN_COVERAGE * len(rest):
        return None
    mean = fmean(found.values())
    return {start: found.get(start, mean) for start in rest}


def _expected_costs(measured: Measured, energies: Mapping[int, float]) -> dict[int, float]:
    """Return what hours to come will cost; without those whose price cannot be expected."""
    prices = {
        entity: dict.fromkeys(energies, price)
        for entity, price in measured.expected_prices().items()
    }
    return {
        hour.start: hour.cost
        for hour in hourly_costs(energies, measured.tariff, prices)
        if hour.cost is not None
    }


class _Level(NamedTuple):
    """How much more the home uses now than in earlier years."""

    factor: float
    weight: float
    """How far what was measured since is trusted, from 0 to 1."""


def _level(energies: Mapping[int, float], since: Span) -> _Level:
    """Compare what was measured since with the same days of earlier years."""
    hours = [
        (energies[start], earlier)
        for start in range(since.start, since.end, HOUR)
        if start in energies and (earlier := _mean_before(energies, start)) is not None
    ]
    measured, before = sum(pair[0] for pair in hours), sum(pair[1] for pair in hours)
    days = len(hours) / 24
    weight = days / (days + _DAYS_TO_TRUST)
    if measured <= 0 or before <= 0:
        return _Level(1.0, 0.0)
    return _Level(1.0 + weight * (measured / before - 1.0), weight)


def _mean_before(energies: Mapping[int, float], start: int) -> float | None:
    found = [
        energy
        for number in range(1, _YEARS + 1)
        if (energy := _earlier(energies, start, number)) is not None
    ]
    return fmean(found) if found else None


def _deviation(energies: Mapping[int, float], now: int, hours: int, weight: float) -> float:
    """Return the relative standard deviation of the energy of the hours to come."""
    blocks = max(hours / _BLOCK, 0.25)
    ratios = []
    for start in range(now - _YEAR, now - _BLOCK * HOUR + 1, _BLOCK * HOUR):
        span = range(start, start + _BLOCK * HOUR, HOUR)
        pairs = [
            (energies[each], energies[each - _YEAR])
            for each in span
            if each in energies and each - _YEAR in energies
        ]
        one, other = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
        if len(pairs) >= _MIN_COVERAGE * _BLOCK and one > 0 and other > 0:
            ratios.append(math.log(one / other))
    if len(ratios) < 3:
        level, block = 2 * _LEVEL_DEVIATION, _ONE_YEAR_DEVIATION
    else:
        level = math.hypot(_LEVEL_DEVIATION, fmean(ratios))
        block = max(pstdev(ratios), _LEVEL_DEVIATION)
    return math.hypot(level * (1.0 - weight / 2), block / math.sqrt(blocks))


# What always runs


class _Day(NamedTuple):
    """A whole day of a counter."""

    base: float
    """The energy of its least hour, in kWh."""
    used: float
    """The energy that its hours have in common with the least one, in kWh."""


def base_load(
    energies: Mapping[int, float], zone: tzinfo, *, feeds_in: bool = False
) -> float | None:
    """Return the base load in W: the median of the least hour of each whole day of a month.

    Of a home that feeds in, only the hours of the night count: by day the sun covers a part of it.
    None while no day of the last 30 has all of its hours.
    """
    days = _whole_days(energies, zone, BASE_LOAD_DAYS, feeds_in=feeds_in)
    return 1000 * median(day.base for day in days) if days else None


def base_energy(
    energies: Mapping[int, float], zone: tzinfo, *, feeds_in: bool = False
) -> float | None:
    """Return the kWh that the base load of each day uses in a year.

    Something that heats in winter only does not count for all of the year, and what the sun covers
    by day does not count. A shorter time is extended to a year. None while no day is whole.
    """
    days = _whole_days(energies, zone, 365, feeds_in=feeds_in)
    return fmean(day.used for day in days) * _DAYS_OF_YEAR if days else None


def _whole_days(
    energies: Mapping[int, float], zone: tzinfo, most: int, *, feeds_in: bool
) -> list[_Day]:
    """Return the last days that have all of their hours, at most so many."""
    if not energies:
        return []
    last = max(energies)
    days: dict[int, list[tuple[int, float]]] = {}
    for start in range(last - (most + 1) * 24 * HOUR, last + HOUR, HOUR):
        if start in energies:
            local = datetime.fromtimestamp(start, zone)
            days.setdefault(local.toordinal(), []).append((local.hour, energies[start]))
    until = NIGHT if feeds_in else 24
    found: list[_Day] = []
    for hours in days.values():
        # A day has 23 hours when the clock is set forward.
        if len(hours) >= 23:
            base = min(energy for hour, energy in hours if hour < until)
            found.append(_Day(base, sum(min(base, energy) for _, energy in hours)))
    return found[-most:]


def mean_price(measured: Measured, now: int) -> float | None:
    """Return the mean price per kWh of the week from a time on, as something that always runs pays it."""
    week = dict.fromkeys(range(now, now + 7 * 24 * HOUR, HOUR), 1.0)
    costs = _expected_costs(measured, week)
    base = _expected_costs(measured, dict.fromkeys(week, 0.0))
    if len(costs) < len(week):
        return None
    return fmean(cost - base[start] for start, cost in costs.items())


def yearly(costs: Mapping[int, float], now: int) -> float | None:
    """Return what the last year has cost; a shorter time is extended to a year.

    None while fewer than 14 days are known. Costs are given by the start of their hour.
    """
    known = [cost for start, cost in costs.items() if start >= now - 365 * 24 * HOUR]
    days = len(known) / 24
    return sum(known) * _DAYS_OF_YEAR / days if days >= MIN_DAYS else None
