"""When the steps, days and months were that a box remembers.

All times are unix seconds, or aware.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from ..fritzbox_statistics import Series

QUARTER: Final = 900
DAY: Final = 86400
MONTH: Final = 2678400
STEPS: Final = {QUARTER, 21600, DAY, MONTH}
"""Seconds; days and months are those of the calendar."""
MOST: Final = 400
"""Values of a series; no box remembers a third of it."""

ONE_UPDATE: Final = 900
"""Seconds; the box brings the series of a device up to date one after the other."""

_AHEAD: Final = timedelta(hours=1)
"""How far the box's clock may be ahead of ours."""
_BACK: Final = timedelta(days=366)
"""How long ago a series may have changed."""


class Period(NamedTuple):
    """A value of a series."""

    start: int
    end: int
    value: float | None


def anchor_of(series: Series, now: datetime) -> datetime | None:
    """Return the moment up to which a series tells, None if that cannot be true."""
    if series.at is None:
        return now
    return series.at if now - _BACK <= series.at <= now + _AHEAD else None


def _begin(moment: datetime, step: int, zone: tzinfo) -> datetime:
    """Return when the step began that a moment lies in (UTC).

    Steps of a day's parts follow the clock on the wall.
    """
    local = moment.astimezone(zone)
    if step in {DAY, MONTH}:
        day = local.day if step == DAY else 1
        local = local.replace(day=day, hour=0, minute=0, second=0, microsecond=0, fold=0)
    else:
        minutes = 60 * local.hour + local.minute
        hour, minute = divmod(minutes - minutes % (step // 60), 60)
        local = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return local.astimezone(UTC)


def periods(series: Series, anchor: datetime, newest: datetime, zone: tzinfo) -> Iterator[Period]:
    """Yield what a series tells, newest first, without steps that take no time.

    `newest` is the newest anchor of all series. What has been brought up to date together tells
    up to the same moment.
    """
    begin = _begin(anchor, series.step, zone)
    together = (newest - anchor).total_seconds() <= ONE_UPDATE
    if together and _begin(newest, series.step, zone) == begin:
        anchor = newest
    end = int(anchor.timestamp())
    for value in series.values[:MOST]:
        start = int(begin.timestamp())
        if start < end:
            yield Period(start, end, value)
        end = min(start, end)
        begin = _begin(begin - timedelta(microseconds=1), series.step, zone)
