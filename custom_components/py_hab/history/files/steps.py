"""The usual time between the rows of a table, and the intervals that rows stand for."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import chain, pairwise
from typing import Final, NamedTuple

from .csv_format import Label

DAY: Final = 86_400
MONTH: Final = 30 * DAY
YEAR: Final = 365 * DAY
_CALENDAR: Final = (
    (82_000, 91_000, DAY),
    (27.9 * DAY, 31.1 * DAY, MONTH),
    (364.9 * DAY, 366.1 * DAY, YEAR),
)
"""Lengths of days, months and years, which depend on the calendar and on clock changes."""


def step_of(seconds: float) -> int:
    """Return the step to which a difference of two times belongs: DAY for one of 23 hours."""
    return next((step for low, high, step in _CALENDAR if low <= seconds <= high), round(seconds))


def usual_step(times: Sequence[int]) -> int | None:
    """Return the step between most times, None if they are irregular or too few."""
    steps = Counter(step_of(after - before) for before, after in pairwise(times) if after > before)
    if not steps:
        return None
    (step, count), *_ = steps.most_common()
    return step if 2 * count > steps.total() else None


def moved(unix: int, step: int, zone: tzinfo, *, back: bool = False) -> int:
    """Return the time a step later, or earlier: the same local time of the next day or month.

    It is on the last day of a month that has no such day.
    """
    sign = -1 if back else 1
    if step not in (DAY, MONTH, YEAR):
        return unix + sign * step
    local = datetime.fromtimestamp(unix, zone)
    naive = local.replace(tzinfo=None)
    if step == DAY:
        other = naive + sign * timedelta(days=1)
    else:
        months = naive.year * 12 + naive.month - 1 + sign * (1 if step == MONTH else 12)
        year, month = months // 12, months % 12 + 1
        day = min(naive.day, monthrange(year, month)[1])
        other = naive.replace(year=year, month=month, day=day)
    return int(other.replace(tzinfo=zone).timestamp())


class Interval(NamedTuple):
    """A time and what was counted in it, in the unit of the file."""

    start: int
    end: int
    amount: float


class _Row(NamedTuple):
    """A row and the steps around it."""

    at: int
    amount: float
    steps: tuple[int | None, int | None, int | None, int | None]
    """From the second row before it to the one before it, from that to this row, from this row to the
    next one, and from that to the one after it. None at the ends of the file."""


def intervals(
    readings: Iterable[tuple[int, float]], label: Label, step: int | None, zone: tzinfo
) -> Iterator[Interval]:
    """Yield the intervals of amounts that have one time each, ascending.

    An interval ends where the next one begins, but at a hole it is as long as those around it, or
    as the usual one. `step` is the usual one, None if times are irregular. Of a single row without
    it nothing is known: its interval has no length.
    """
    back = label is Label.END
    for row in _rows(readings):
        around, inner = (
            (row.steps[0:3:2], row.steps[1]) if back else (row.steps[1::2], row.steps[2])
        )
        if inner is None:
            known = [each for each in around if each is not None]
            inner = known[0] if known and known[0] in row.steps[::3] else step or (known or [0])[0]
        elif step is not None and inner != step and inner not in around:
            inner = min(inner, step)
        other = moved(row.at, inner, zone, back=back)
        yield Interval(other, row.at, row.amount) if back else Interval(row.at, other, row.amount)


def _rows(readings: Iterable[tuple[int, float]]) -> Iterator[_Row]:
    this: tuple[int, float] | None = None
    following: tuple[int, float] | None = None
    one = two = three = None
    for ahead in chain(readings, (None, None)):
        four = step_of(ahead[0] - following[0]) if ahead and following else None
        if this is not None:
            yield _Row(*this, (one, two, three, four))
        this, following = following, ahead
        one, two, three = two, three, four
