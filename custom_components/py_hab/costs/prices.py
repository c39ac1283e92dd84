"""Prices of a counter: from which day each holds, at what times of the week, and what is wrong.

All amounts are in the currency of the home; prices per kWh may be negative, as on a power exchange.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

HOUR: Final = 3600
"""Seconds."""
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
"""Minutes."""


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
    """What energy costs from a day on, until the next price holds."""

    since: date
    price: float | None = None
    """Per kWh, at times that no window covers. It is added to the price of `entity`."""
    base: float = 0.0
    """Per month."""
    windows: list[Window] = field(default_factory=list)
    """Their prices stand in place of `price`."""
    entity: str | None = None
    """An entity that shows the price per kWh, for a tariff that follows a market."""


class PriceFault(StrEnum):
    """What is wrong with a list of prices."""

    NO_PRICE = "no_price"
    """Neither a price, windows nor an entity."""
    NEGATIVE_BASE = "negative_base_price"
    GAP = "price_gap"
    """The windows leave out a time, for which there is no other price."""
    OVERLAP = "price_overlap"
    """Two windows cover the same time."""
    SAME_DAY = "price_same_day"
    """Two prices hold from the same day on."""


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
    """Raise PriceError if a price cannot be used, or two of them hold from the same day on."""
    days: set[date] = set()
    for price in prices:
        if price.since in days:
            raise PriceError(PriceFault.SAME_DAY)
        days.add(price.since)
        if price.base < 0:
            raise PriceError(PriceFault.NEGATIVE_BASE)
        if price.price is None and not price.windows and price.entity is None:
            raise PriceError(PriceFault.NO_PRICE)
        _check_windows(price)


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
    """Per kWh, beside that of the entity."""
    base: float
    """The part of the monthly base price that falls on the hour."""
    entity: str | None


class Tariff:
    """Prices of a counter, by hour."""

    def __init__(self, prices: Iterable[Price], zone: tzinfo) -> None:
        """Prepare valid prices; days begin at midnight in a time zone."""
        self._prices = sorted(prices, key=lambda price: price.since)
        self._zone = zone
        self._starts = [int(midnight(price.since, zone)) for price in self._prices]
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
            -(-start // HOUR) * HOUR
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
        price = self._prices[number]
        local = datetime.fromtimestamp(start, self._zone)
        minute = local.weekday() * _DAY + local.hour * 60 + local.minute
        base = price.base and price.base / self._length_of_month(local.year, local.month)
        return HourPrice(self._weeks[number].mean(minute), base, price.entity)

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


class _Week:
    """The mean price of each hour of the week."""

    def __init__(self, price: Price) -> None:
        minutes = [price.price or 0.0] * _WEEK
        for window in price.windows:
            for start, end in window.ranges:
                minutes[start:end] = [window.price] * (end - start)
        self._minutes = minutes
        self._means: dict[int, float] = {}

    def mean(self, minute: int) -> float:
        """Return the mean price of the 60 minutes from a minute of the week on."""
        if minute not in self._means:
            hour = [self._minutes[each % _WEEK] for each in range(minute, minute + 60)]
            # A mean of equal floats is not always that float.
            self._means[minute] = hour[0] if len(set(hour)) == 1 else sum(hour) / 60
        return self._means[minute]


def midnight(day: date, zone: tzinfo) -> float:
    """Return the unix time at which a day begins in a time zone."""
    return datetime.combine(day, time(), zone).timestamp()
