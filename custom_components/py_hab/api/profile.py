"""Calculates the mean day, week, month and year of a series from its hours."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
import math
from operator import attrgetter
from statistics import fmean, median, quantiles
from typing import Final, NamedTuple

_MOST: Final = 1e100
"""No quantity reaches this value. The squares of larger numbers would overflow a float."""
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Grouping(StrEnum):
    """How hours are grouped, in the local time of the home."""

    HOUR = "hour"
    """Hour of the day, `00` to `23`."""
    WEEKDAY = "weekday"
    """`Mon` to `Sun`."""
    DAY = "day"
    """Day of the month, `01` to `31`."""
    MONTH = "month"
    """`01` to `12`."""
    YEAR = "year"


class HourlyValue(NamedTuple):
    """The value of a series in one hour."""

    start: float
    """Unix time."""
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The statistics of all hours with the same key, in the unit of the hours."""

    key: str
    count: int
    """Number of hours. On the days of a clock change, one hour occurs twice or not at all."""
    sum: float
    mean: float
    lower_quartile: float
    """A quarter of the hours has no larger value; interpolated, as the median."""
    median: float
    upper_quartile: float
    deviation: float
    """The standard deviation of the population, as the hours are not a sample."""
    least: float
    most: float


_NUMBERS: Final[Mapping[Grouping, Callable[[datetime], int]]] = {
    Grouping.HOUR: attrgetter("hour"),
    Grouping.WEEKDAY: datetime.weekday,
    Grouping.DAY: attrgetter("day"),
    Grouping.MONTH: attrgetter("month"),
    Grouping.YEAR: attrgetter("year"),
}
_NAMES: Final[Mapping[Grouping, Callable[[int], str]]] = {
    Grouping.HOUR: "{:02}".format,
    Grouping.WEEKDAY: _WEEKDAYS.__getitem__,
    Grouping.DAY: "{:02}".format,
    Grouping.MONTH: "{:02}".format,
    Grouping.YEAR: str,
}


def profile(hours: Iterable[HourlyValue], grouping: Grouping, zone: tzinfo) -> list[Group]:
    """Return the groups of hours, in the natural order of their keys (Monday first).

    Keys without hours, and values that are not finite or too large, are left out.
    """
    number, name = _NUMBERS[grouping], _NAMES[grouping]
    found: defaultdict[int, list[float]] = defaultdict(list)
    for start, value in hours:
        # NaN fails this comparison, too.
        if -_MOST < value < _MOST:
            found[number(datetime.fromtimestamp(start, zone))].append(value)
    return [_group(name(key), found[key]) for key in sorted(found)]


def _group(key: str, values: list[float]) -> Group:
    mean = fmean(values)
    # Of a single value, there are no quantiles.
    lower, _, upper = quantiles(values * 2 if len(values) == 1 else values, method="inclusive")
    return Group(
        key=key,
        count=len(values),
        sum=math.fsum(values),
        mean=mean,
        lower_quartile=lower,
        median=median(values),
        upper_quartile=upper,
        deviation=math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)),
        least=min(values),
        most=max(values),
    )
