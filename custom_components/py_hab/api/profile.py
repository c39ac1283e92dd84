"""The mean day, week and year of a series, from its hours."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
import math
from operator import attrgetter
from statistics import fmean, median
from typing import Final

_MOST: Final = 1e100
"""What no quantity comes to; of numbers beyond, the squares have no room in a float."""
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Grouping(StrEnum):
    """By what hours are put together, in the home's time."""

    HOUR = "hour"
    """Hour of the day, `00` to `23`."""
    WEEKDAY = "weekday"
    """`Mon` to `Sun`."""
    MONTH = "month"
    """`01` to `12`."""
    YEAR = "year"


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """What the hours of one key come to, in the unit of the hours."""

    key: str
    count: int
    """Hours: on the day when clocks go back one of them comes twice, in spring one not at all."""
    sum: float
    mean: float
    median: float
    deviation: float
    """Standard deviation of these very hours, which are no sample of others."""
    least: float
    most: float


_NUMBERS: Final[Mapping[Grouping, Callable[[datetime], int]]] = {
    Grouping.HOUR: attrgetter("hour"),
    Grouping.WEEKDAY: datetime.weekday,
    Grouping.MONTH: attrgetter("month"),
    Grouping.YEAR: attrgetter("year"),
}
_NAMES: Final[Mapping[Grouping, Callable[[int], str]]] = {
    Grouping.HOUR: "{:02}".format,
    Grouping.WEEKDAY: _WEEKDAYS.__getitem__,
    Grouping.MONTH: "{:02}".format,
    Grouping.YEAR: str,
}


def profile(hours: Iterable[tuple[float, float]], grouping: Grouping, zone: tzinfo) -> list[Group]:
    """Return what the hours (unix time of their start, value) of each key come to.

    Keys without an hour are left out; the others are in their natural order, Monday first.
    """
    number, name = _NUMBERS[grouping], _NAMES[grouping]
    found: defaultdict[int, list[float]] = defaultdict(list)
    for start, value in hours:
        # NaN is not within either.
        if -_MOST < value < _MOST:
            found[number(datetime.fromtimestamp(start, zone))].append(value)
    return [_group(name(key), found[key]) for key in sorted(found)]


def _group(key: str, values: list[float]) -> Group:
    mean = fmean(values)
    return Group(
        key=key,
        count=len(values),
        sum=math.fsum(values),
        mean=mean,
        median=median(values),
        deviation=math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)),
        least=min(values),
        most=max(values),
    )
