"""Calculates hourly means of a measurement from the quarters of an hour in device statistics."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from ...fritzbox.device_stats import Series
from ..planning.rows import HOUR, MeanRow, full_hour
from .calendar import QUARTER_STEP, anchor_of, periods

_MIN_FIRST_HOUR: Final = HOUR // 2
"""Seconds that must be known of the first hour of a measurement; see `hourly_means`."""
_MAX_MEASUREMENT: Final = 1e6
"""The largest value of a measurement, in its unit."""


class _Part(NamedTuple):
    """A measured value, and for how many seconds of an hour it is valid."""

    seconds: int
    value: float


def hourly_means(series: Sequence[Series], *, now: datetime) -> list[MeanRow]:
    """Return the hours of a measurement that have ended, ascending.

    An hour must be covered completely: the box may add its last quarter a little later, and rows
    are not written twice; and if a value is missing, the device was absent. Half of the first hour
    is enough, because the device was new or the box has dropped the rest. A quarter that belongs to
    two hours counts in each of them for its time there.
    """
    hours: defaultdict[int, list[_Part]] = defaultdict(list)
    for one in series:
        for hour, part in _parts(one, now):
            hours[hour].append(part)
    first = min(hours, default=0)
    return [
        _mean(hour, parts)
        for hour, parts in sorted(hours.items())
        if sum(part.seconds for part in parts) >= (_MIN_FIRST_HOUR if hour == first else HOUR)
    ]


def _parts(one: Series, now: datetime) -> Iterator[tuple[int, _Part]]:
    """Yield each hour that has ended with a quarter in it, as far as the quarter is in the hour."""
    anchor = anchor_of(one, now)
    if one.step != QUARTER_STEP or anchor is None:
        return
    ended = min(anchor, now).timestamp()
    for period in periods(one, anchor, anchor, UTC):
        if period.value is None or not abs(period.value) <= _MAX_MEASUREMENT:
            continue
        for hour in range(full_hour(period.start), period.end, HOUR):
            if hour + HOUR <= ended:
                seconds = min(period.end, hour + HOUR) - max(period.start, hour)
                yield hour, _Part(seconds, period.value)


def _mean(hour: int, parts: Sequence[_Part]) -> MeanRow:
    """Return the row of an hour from its values, weighted by their time."""
    least, most = min(part.value for part in parts), max(part.value for part in parts)
    seconds = sum(part.seconds for part in parts)
    mean = sum(part.seconds * part.value for part in parts) / seconds
    return MeanRow(hour, min(max(mean, least), most), least, most)
