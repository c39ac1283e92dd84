"""The old server's times: local, without an offset, so that one hour a year exists twice."""

from array import array
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import islice, pairwise
from operator import le
import re
from typing import Final

EARLIEST: Final = date(2015, 1, 1)
"""Earlier rows come from a computer whose clock was not set yet."""
MANY: Final = 200
"""Rows in the hour that exists twice, above which only their order tells which is which."""
_TIME: Final = re.compile(rb"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d)")


class RowError(StrEnum):
    """Why a row is not used, apart from what the guard says of it."""

    BAD_TIME = "bad_time"
    """No time at all, of before there was such a server, or of a day still to come."""
    NONEXISTENT_HOUR = "nonexistent_hour"
    """In March, when clocks are put forward over it."""
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"


class WallClock:
    """Turns `YYYY-MM-DDTHH:MM:SS`, local times of a zone as bytes, into unix seconds.

    For all texts like one that `moment` has told of, `days[text[:10]] + seconds[text[10:]]` is the
    moment, which is much faster; a KeyError sends back to `moment`.
    """

    def __init__(self, zone: tzinfo) -> None:
        """Prepare for times of a zone."""
        self._zone = zone
        self._today = datetime.now(zone).date()
        self.days: dict[bytes, int] = {}
        """Unix time of midnight, of days on which no clock is changed."""
        self.seconds: dict[bytes, int] = {}
        """Seconds since midnight."""

    def moment(self, text: object) -> tuple[int, int] | RowError:
        """Return unix time and how many seconds later the same local time comes again, mostly 0."""
        found = _TIME.fullmatch(text) if isinstance(text, bytes) else None
        if found is None:
            return RowError.BAD_TIME
        try:
            wall = datetime.strptime(found[0].decode(), "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            return RowError.BAD_TIME
        if not EARLIEST <= wall.date() <= self._today:
            return RowError.BAD_TIME
        local = wall.replace(tzinfo=self._zone)
        if local.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != wall:
            return RowError.NONEXISTENT_HOUR
        at = int(local.timestamp())
        midnight = local.replace(hour=0, minute=0, second=0)
        if midnight.utcoffset() == (midnight + timedelta(days=1)).utcoffset():
            self.days[found[1]] = int(midnight.timestamp())
            self.seconds[found[2]] = at - self.days[found[1]]
        return at, int(local.replace(fold=1).timestamp()) - at

    def local(self, text: object) -> datetime | None:
        """Return the moment of a text as datetime, None if there is none."""
        moment = self.moment(text)
        return (
            None if isinstance(moment, RowError) else datetime.fromtimestamp(moment[0], self._zone)
        )


def come_later(times: Sequence[int], amounts: Sequence[float], *, rising: bool) -> list[bool]:
    """Tell of rows in an hour that exists twice whether they belong to its second pass.

    The rows, all of one such hour, stand in the order in which they were written, with the rows
    just before and after them as first and last. In that order time falls back once. `rising`: of
    a counter, whose values tell it even if rows were written in disorder.
    """
    inner = range(1, len(times) - 1)
    falls = [index for index in inner[1:] if times[index] <= times[index - 1]]
    if not falls:
        return _by_holes(times, amounts)
    ways = [[index >= split for index in inner] for split in (*falls, inner.stop, 1)]
    if rising and len(inner) <= MANY:
        order = sorted(inner, key=amounts.__getitem__)
        for split in range(len(order) + 1):
            second = set(order[split:])
            ways.append([index in second for index in inner])
    return min(ways, key=lambda way: _oddness(way, times[1:-1], amounts[1:-1], rising=rising))


def _oddness(
    later: list[bool], times: Sequence[int], amounts: Sequence[float], *, rising: bool
) -> int:
    """Return how often a counter would fall, or time go back from one row to the next."""
    passes = [
        [index for index, second in enumerate(later) if second is way] for way in (False, True)
    ]
    back = sum(times[two] <= times[one] for each in passes for one, two in pairwise(each))
    if not rising:
        return back
    order = [index for each in passes for index in sorted(each, key=times.__getitem__)]
    fell = sum(amounts[two] < amounts[one] for one, two in pairwise(order))
    return fell * len(times) + back


def _by_holes(times: Sequence[int], amounts: Sequence[float]) -> list[bool]:
    """Tell it by the holes if time never falls: the additional hour is where nothing changed.

    Else in the longest hole, and if all are the same, after the rows.
    """
    holes = [
        (amounts[index] == amounts[index - 1], times[index] - times[index - 1], index)
        for index in range(1, len(times))
    ]
    split = max(holes)[2]
    return [index >= split for index in range(1, len(times) - 1)]


def in_order(times: array[int], amounts: array[float]) -> tuple[array[int], array[float]]:
    """Return readings by time, equal times as they were written."""
    if all(map(le, times, islice(times, 1, None), strict=False)):
        return times, amounts
    order = sorted(range(len(times)), key=times.__getitem__)
    return (
        array(times.typecode, map(times.__getitem__, order)),
        array(amounts.typecode, map(amounts.__getitem__, order)),
    )
