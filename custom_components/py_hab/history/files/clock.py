"""Local times without an offset, as files contain them: one hour of the year is ambiguous."""

from array import array
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import islice, pairwise
from operator import le
import re
from typing import Any, Final, NamedTuple

EARLIEST: Final = date(2015, 1, 1)
"""Earlier rows were written before the clock of the computer was set."""
MAX_SORTED: Final = 200
"""Rows in an ambiguous hour up to which the values of a counter are used to separate the passes."""
_TIME: Final = re.compile(rb"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d)")


class RowError(StrEnum):
    """Why a row is not used, apart from the verdicts of the counter guard."""

    BAD_TIME = "bad_time"
    """The time is not valid, before the first that can be right, or in the future."""
    NONEXISTENT_HOUR = "nonexistent_hour"
    """The time is in the hour that is skipped when daylight saving time starts."""
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"
    REPEATED = "repeated"
    """The time is within that of another row."""
    OTHER_UNIT = "other_unit"
    """The unit of the row cannot be converted to that of the series."""
    EMPTY = "empty"
    """The row has no value."""
    UNFINISHED = "unfinished"
    """The time of the row has not ended yet."""


class WallTime(NamedTuple):
    """A local time."""

    unix: int
    """Unix seconds; of the first pass if the hour is ambiguous."""
    repeats_after: int
    """Seconds until the same local time occurs again; 0 if the hour is not ambiguous."""


class WallClock:
    """Converts local times of a zone, as bytes `YYYY-MM-DDTHH:MM:SS`, to unix seconds.

    `parse` caches its results: `days[text[:10]] + seconds[text[10:]]` is the unix time of a text
    whose day and time of day have been parsed before. This is much faster; after a KeyError, call
    `parse`.
    """

    def __init__(self, zone: tzinfo, earliest: date = EARLIEST) -> None:
        """Create an empty cache for a zone; days before `earliest` are not valid."""
        self._zone = zone
        self._earliest = earliest
        self._today = datetime.now(zone).date()
        self.first, self.end = (
            int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
            for day in (earliest, self._today + timedelta(days=1))
        )
        """The unix times between which times are valid; the second one is exclusive."""
        self.days: dict[bytes, int] = {}
        """Unix time of midnight, of days on which clocks are not changed."""
        self.seconds: dict[bytes, int] = {}
        """Seconds since midnight."""

    def parse(self, text: object) -> WallTime | RowError:
        """Return a time, or why it is not valid."""
        found = _TIME.fullmatch(text) if isinstance(text, bytes) else None
        if found is None:
            return RowError.BAD_TIME
        try:
            wall = datetime.strptime(found[0].decode(), "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            return RowError.BAD_TIME
        if not self._earliest <= wall.date() <= self._today:
            return RowError.BAD_TIME
        local = wall.replace(tzinfo=self._zone)
        if local.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != wall:
            return RowError.NONEXISTENT_HOUR
        at = int(local.timestamp())
        midnight = local.replace(hour=0, minute=0, second=0)
        if midnight.utcoffset() == (midnight + timedelta(days=1)).utcoffset():
            self.days[found[1]] = int(midnight.timestamp())
            self.seconds[found[2]] = at - self.days[found[1]]
        return WallTime(at, repeats_after=int(local.replace(fold=1).timestamp()) - at)

    def local(self, text: object) -> datetime | None:
        """Return a time as an aware datetime, None if it is not valid."""
        time = self.parse(text)
        return None if isinstance(time, RowError) else datetime.fromtimestamp(time.unix, self._zone)


def in_second_pass(times: Sequence[int], amounts: Sequence[float], *, rising: bool) -> list[bool]:
    """Return for each row of an ambiguous hour whether it belongs to the second pass.

    `times` and `amounts` are the rows of one ambiguous hour in the order in which they were
    written, between the rows just before and after them, for which nothing is returned. In this
    order, the time falls back once, or each time occurs twice. `rising`: the rows belong to a counter, whose values separate
    the passes even if the rows are not in order.
    """
    inner = range(1, len(times) - 1)
    falls = [index for index in inner[1:] if times[index] <= times[index - 1]]
    if not falls:
        return _by_longest_hole(times, amounts)
    ways = [[index >= split for index in inner] for split in (*falls, inner.stop, 1)]
    # The rows were sorted by their local time: each time occurs twice in a row.
    ways.append([times[index] in times[1:index] for index in inner])
    if rising and len(inner) <= MAX_SORTED:
        order = sorted(inner, key=amounts.__getitem__)
        for split in range(len(order) + 1):
            second = set(order[split:])
            ways.append([index in second for index in inner])
    return min(ways, key=lambda way: _oddness(way, times[1:-1], amounts[1:-1], rising=rising))


def _oddness(
    later: list[bool], times: Sequence[int], amounts: Sequence[float], *, rising: bool
) -> int:
    """Return how implausible an assignment is: how often the counter or the time would go back."""
    passes = [
        [index for index, second in enumerate(later) if second is way] for way in (False, True)
    ]
    back = sum(times[two] <= times[one] for each in passes for one, two in pairwise(each))
    if not rising:
        # Of two amounts with the same time, one is lost.
        lost = sum(len(each) - len({times[index] for index in each}) for each in passes)
        return lost * len(times) + back
    order = [index for each in passes for index in sorted(each, key=times.__getitem__)]
    fell = sum(amounts[two] < amounts[one] for one, two in pairwise(order))
    return fell * len(times) + back


def _by_longest_hole(times: Sequence[int], amounts: Sequence[float]) -> list[bool]:
    """Return the second pass of rows whose time never falls back.

    An hour without rows must lie before, between or after them. It is assumed between two rows of
    equal value, if there are any, and in the longest hole; among equal holes in the last one.
    """
    holes = [
        (amounts[index] == amounts[index - 1], times[index] - times[index - 1], index)
        for index in range(1, len(times))
    ]
    split = max(holes)[2]
    return [index >= split for index in range(1, len(times) - 1)]


def in_order(times: array[int], *others: array[Any]) -> tuple[array[Any], ...]:
    """Return readings sorted by time; readings of equal times stay in order."""
    if all(map(le, times, islice(times, 1, None), strict=False)):
        return times, *others
    order = sorted(range(len(times)), key=times.__getitem__)
    return tuple(
        array(column.typecode, map(column.__getitem__, order)) for column in (times, *others)
    )
