"""What is right: the books of a life beside its truth."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
import math
from typing import Final

from tests.support.legacy_files import EVERY

from .house import HOUR
from .life import POLLED, Hour, Life

SERVED: Final = timedelta(seconds=EVERY)
"""Between two readings of the old server."""
WATT_HOUR: Final = 0.001
FLOAT: Final = 1e-6
"""kWh; the recorder's sums are floats."""


@dataclass(frozen=True)
class Verdict:
    """One counter in the books: all sums in kWh."""

    total: float
    truth: float
    one_reading: float
    negative: list[Hour] = field(default_factory=list)
    impossible: list[Hour] = field(default_factory=list)
    most: float = 0.0
    """In an hour."""
    missing: list[datetime] = field(default_factory=list)
    """Hours without a row in which something was counted."""
    days: dict[date, tuple[float, float]] = field(default_factory=dict)
    """Booked and true, of the days of which the source knows the total."""

    @property
    def wrong_days(self) -> dict[date, tuple[float, float]]:
        """The days that are off by more than 1 Wh."""
        return {
            day: (booked, true)
            for day, (booked, true) in self.days.items()
            if abs(booked - true) > WATT_HOUR + FLOAT
        }


def judge(life: Life, series: str, hours: Sequence[Hour]) -> Verdict:
    """Hold the hours of a counter against what the house has counted."""
    assert hours, f"nothing is booked for {series}"
    heard = life.heard
    end = hours[-1].start + HOUR
    begin = max(hours[0].start, heard[0]) if hours[0].start + HOUR > heard[0] else hours[0].start
    last = heard[bisect_right(heard, end) - 1]
    most = _fullest_hour(life, series, begin, end)
    one_reading = (
        2 * WATT_HOUR
        + max(
            life.counted(series, moment) - life.counted(series, moment - POLLED) for moment in heard
        )
        + sum(
            life.counted(series, moment + SERVED) - life.counted(series, moment - SERVED)
            for moment in life.uncertain
        )
    )
    starts = {hour.start for hour in hours}
    return Verdict(
        total=sum(hour.change for hour in hours),
        truth=life.counted(series, last) - life.counted(series, begin),
        one_reading=one_reading,
        negative=[hour for hour in hours if hour.change < -FLOAT],
        # What was counted since the last reading of an hour belongs to the next one.
        impossible=[hour for hour in hours if hour.change > most + one_reading],
        most=most,
        missing=[
            hour
            for hour in _hours(hours[0].start, end)
            if hour not in starts
            and life.counted(series, hour + HOUR) - life.counted(series, hour) > WATT_HOUR
        ],
        days=dict(_days(life, series, heard, hours, begin, end)),
    )


def _fullest_hour(life: Life, series: str, begin: datetime, end: datetime) -> float:
    first = begin.replace(minute=0, second=0, microsecond=0)
    return max(
        life.counted(series, hour + HOUR) - life.counted(series, hour)
        for hour in _hours(first, end)
    )


def _days(
    life: Life,
    series: str,
    heard: Sequence[datetime],
    hours: Sequence[Hour],
    begin: datetime,
    end: datetime,
) -> Iterator[tuple[date, tuple[float, float]]]:
    """Yield the local days that lie between two moments, if their ends are known."""
    zone = life.house.home.zone
    starts = [hour.start for hour in hours]
    booked = list(accumulate((hour.change for hour in hours), initial=0.0))
    day = begin.astimezone(zone).date()
    while True:
        day += timedelta(days=1)
        start, stop = (
            datetime.combine(midnight, time(), tzinfo=zone).astimezone(UTC)
            for midnight in (day, day + timedelta(days=1))
        )
        if stop > end:
            return
        before, after = (_known(life, series, heard, moment) for moment in (start, stop))
        if before is not None and after is not None:
            first, last = bisect_left(starts, start), bisect_left(starts, stop)
            yield day, (booked[last] - booked[first], after - before)


def _known(life: Life, series: str, heard: Sequence[datetime], at: datetime) -> float | None:
    """Return what the counter showed at a moment as far as anybody could know it: whole Wh."""
    number = bisect_right(heard, at)
    if number and at - heard[number - 1] <= POLLED:
        return _whole(life.counted(series, heard[number - 1]))
    if life.known_since is not None and at >= life.known_since:
        return _whole(life.counted(series, at))
    return None


def _whole(energy: float) -> float:
    return math.floor(energy / WATT_HOUR + FLOAT) * WATT_HOUR


def _hours(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += HOUR
