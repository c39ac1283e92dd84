"""Prices of a counter: from what time each holds, at what times of the week, and what is wrong.

All amounts are in the currency of the home; prices per kWh may be negative, as on a power exchange.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from itertools import pairwise, zip_longest
from statistics import fmean
from typing import Final, NamedTuple

HOUR: Final = 3600
"""Seconds."""
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
"""Minutes."""
NEVER: Final = 1 << 62
"""Later than any unix time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A time of the week with a price of its own, such as the low tariff at night."""

    weekdays: list[int] = field(default_factory=lambda: list(range(7)))
    """The days on which it begins; 0 is Monday."""
    start: int
    """Minutes after midnight."""
    end: int
    """Minutes after midnight; not after `start` if it ends on the next day."""
    price: float
    """Per kWh."""

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The minutes of the week that it covers, as ranges without their ends."""
        length = (self.end - self.start - 1) % _DAY + 1
        found = []
        for weekday in self.weekdays:
            first = weekday * _DAY + self.start
            last = first + length
            found.append((first, min(last, _WEEK)))
            if last > _WEEK:
                found.append((0, last - _WEEK))
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What energy costs from a time on, until the next price holds."""

    since: date
    minute: int = 0
    """Minutes after midnight of `since`, on the clock on the wall."""
    price: float | None = None
    """Per kWh, at times that no window covers. It is added to the price of `entity`."""
    base: float = 0.0
    """Per month."""
    windows: list[Window] = field(default_factory=list)
    """Their prices stand in place of `price`."""
    entity: str | None = None
    """An entity that shows the price per kWh, for a tariff that follows a market."""

    @property
    def begin(self) -> datetime:
        """The time from which on it holds, on the clock on the wall."""
        return datetime.combine(self.since, time(*divmod(self.minute % _DAY, 60)))


class PriceFault(StrEnum):
    """What is wrong with a list of prices."""

    NO_PRICE = "no_price"
    """Neither a price, windows nor an entity."""
    NEGATIVE_BASE = "negative_base_price"
    GAP = "price_gap"
    """The windows leave out a time, for which there is no other price."""
    OVERLAP = "price_overlap"
    """Two windows cover the same time."""
    SAME_TIME = "price_same_time"
    """Two prices hold from the same time on."""


class WeekTime(NamedTuple):
    """A minute of the week."""

    weekday: int
    """0 is Monday."""
    minute: int
    """After midnight."""

    @property
    def time(self) -> time:
        """The time of day."""
        return time(*divmod(self.minute, 60))


class PriceError(ValueError):
    """A price that cannot be used."""

    def __init__(self, fault: PriceFault, where: WeekTime | None = None) -> None:
        """Say what is wrong, and at which time of the week."""
        super().__init__(fault.value)
        self.fault = fault
        self.where = where


def check(prices: Iterable[Price]) -> None:
    """Raise PriceError if a price cannot be used, or two of them hold from the same time on."""
    begins: set[datetime] = set()
    for price in prices:
        if price.begin in begins:
            raise PriceError(PriceFault.SAME_TIME)
        begins.add(price.begin)
        if price.base < 0:
            raise PriceError(PriceFault.NEGATIVE_BASE)
        if price.price is None and not price.windows and price.entity is None:
            raise PriceError(PriceFault.NO_PRICE)
        _check_windows(price)


def agree_until(one: Iterable[Price], other: Iterable[Price], zone: tzinfo) -> int:
    """Return the time (unix time) up to which two lists of prices are the same."""
    first, second = (sorted(each, key=lambda price: price.begin) for each in (one, other))
    for mine, yours in zip_longest(first, second):
        if mine != yours:
            begin = min(price.begin for price in (mine, yours) if price is not None)
            return int(begin.replace(tzinfo=zone).timestamp())
    return NEVER


def have_base_at_once(one: Iterable[Price], other: Iterable[Price]) -> bool:
    """Return whether there is a time at which both of two lists have a base price."""
    first, second = (sorted(each, key=lambda price: price.begin) for each in (one, other))
    return any(
        _base_at(first, price.begin) > 0 and _base_at(second, price.begin) > 0
        for price in (*first, *second)
    )


def _base_at(prices: Sequence[Price], moment: datetime) -> float:
    """Return the base price at a time by prices in order."""
    begun = bisect_right(prices, moment, key=lambda price: price.begin)
    return prices[begun - 1].base if begun else 0.0


def _check_windows(price: Price) -> None:
    ranges = sorted(each for window in price.windows for each in window.ranges)
    for (_, end), (start, _) in pairwise(ranges):
        if start < end:
            raise PriceError(PriceFault.OVERLAP, _week_time(start))
    if price.price is not None or price.entity is not None:
        return
    free = 0
    for start, end in ranges:
        if start > free:
            break
        free = end
    if free < _WEEK:
        raise PriceError(PriceFault.GAP, _week_time(free))


def _week_time(minute: int) -> WeekTime:
    return WeekTime(*divmod(minute, _DAY))


class HourPrice(NamedTuple):
    """The price of one hour."""

    price: float
    """Per kWh, beside those of entities."""
    base: float
    """The part of the monthly base price that falls on the hour."""
    entities: Mapping[str, float]
    """The entities whose prices are added, and for what part of the hour, from 0 to 1."""


class Tariff:
    """Prices of a counter, by hour."""

    def __init__(self, prices: Iterable[Price], zone: tzinfo) -> None:
        """Prepare valid prices; they begin by the clock on the wall in a time zone.

        A time that a change of the clock skips is the one an hour later, one that it repeats the
        first of the two.
        """
        # In the night in which the clock is set forward, 02:30 comes after 03:15.
        begun = sorted(
            ((int(price.begin.replace(tzinfo=zone).timestamp()), price) for price in prices),
            key=lambda each: (each[0], each[1].begin),
        )
        self._starts = [start for start, _ in begun]
        self._prices = [price for _, price in begun]
        self._zone = zone
        self._ends = [*self._starts[1:], NEVER]
        self._weeks = [_Week(price) for price in self._prices]
        self._hours_in_month: dict[tuple[int, int], int] = {}

    @property
    def start(self) -> int | None:
        """The time from which on there is a price (unix time), None without any."""
        return self._starts[0] if self._starts else None

    @property
    def entities(self) -> set[str]:
        """The entities whose prices are needed."""
        return {price.entity for price in self._prices if price.entity is not None}

    def first_of(self, entity: str) -> int:
        """Return the full hour from which on the price of an entity is needed (unix time)."""
        return next(
            start // HOUR * HOUR
            for start, price in zip(self._starts, self._prices, strict=True)
            if price.entity == entity
        )

    def at(self, start: int) -> HourPrice | None:
        """Return the price of the hour that starts at a unix time, None before the first price.

        If the price changes within the hour, it is the mean by time.
        """
        number = bisect_right(self._starts, start) - 1
        if number < 0:
            return None
        local = datetime.fromtimestamp(start, self._zone)
        first = local.weekday() * _DAY + local.hour * 60 + local.minute
        if self._ends[number] >= start + HOUR:
            return self._mean(number, local, range(first, first + 60))
        minutes, parts = first, []
        for each in range(number, bisect_left(self._starts, start + HOUR)):
            until = first + min(60, (self._ends[each] - start) // 60)
            if minutes < until:
                parts.append(self._mean(each, local, range(minutes, until)))
                minutes = until
        return _joined(parts)

    def _mean(self, number: int, local: datetime, minutes: range) -> HourPrice:
        """Return what a price adds to that of an hour with some minutes of the week in it."""
        price, part = self._prices[number], len(minutes) / 60
        base = price.base and price.base / self._length_of_month(local.year, local.month)
        return HourPrice(
            self._weeks[number].mean(minutes) * part,
            base * part,
            {price.entity: part} if price.entity is not None else {},
        )

    def _length_of_month(self, year: int, month: int) -> int:
        """Return the hours that start in a month; a change of the clock makes it 1 more or less."""
        if (year, month) not in self._hours_in_month:
            following = date(year + month // 12, month % 12 + 1, 1)
            first, end = (
                -(-int(midnight(day, self._zone)) // HOUR)
                for day in (date(year, month, 1), following)
            )
            self._hours_in_month[year, month] = end - first
        return self._hours_in_month[year, month]


def _joined(parts: Iterable[HourPrice]) -> HourPrice:
    """Add up the parts of the price of an hour."""
    price, base = 0.0, 0.0
    entities: dict[str, float] = {}
    for part in parts:
        price, base = price + part.price, base + part.base
        for entity, share in part.entities.items():
            entities[entity] = entities.get(entity, 0.0) + share
    return HourPrice(price, base, entities)


class _Week:
    """The mean price of minutes of the week."""

    def __init__(self, price: Price) -> None:
        minutes = [price.price or 0.0] * _WEEK
        for window in price.windows:
            for start, end in window.ranges:
                minutes[start:end] = [window.price] * (end - start)
        self._minutes = minutes
        self._means: dict[range, float] = {}

    def mean(self, minutes: range) -> float:
        """Return the mean price of minutes, at least one; those after the week are its first."""
        if minutes not in self._means:
            prices = [self._minutes[each % _WEEK] for each in minutes]
            # A mean of equal floats is not always that float.
            self._means[minutes] = prices[0] if len(set(prices)) == 1 else fmean(prices)
        return self._means[minutes]


def midnight(day: date, zone: tzinfo) -> float:
    """Return the unix time at which a day begins in a time zone."""
    return datetime.combine(day, time(), zone).timestamp()
