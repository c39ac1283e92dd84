"""When the steps, days and months were that a box remembers.

Days, months and steps of six hours follow the clock on the wall. Quarters of an hour are laid
backwards from the moment up to which they tell, as AVM describes them ("approximate", REST 0.9.5).
Of a box that counts them by the clock, they then lie up to a quarter of an hour too early, which is
as much as the other way round; but no value is squeezed into the seconds since the last full
quarter, and none is lost. All times are unix seconds, or aware.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from ...fritzbox.device_stats import Series

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
    is_loose: bool = False
    """Whether it may have begun and ended at another time: AVM vouches for days and months only."""


def anchor_of(series: Series, now: datetime) -> datetime | None:
    """Return the moment up to which a series tells, None if that cannot be true."""
    if series.at is None:
        return now
    return series.at if now - _BACK <= series.at <= now + _AHEAD else None


def _begin(moment: datetime, step: int, zone: tzinfo) -> datetime:
    """Return when the step began that a moment lies in (UTC).

    Steps of six hours follow the clock on the wall.
    """
    local = moment.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    if step in {DAY, MONTH}:
        local = local.replace(day=local.day if step == DAY else 1, hour=0, fold=0)
    else:
        local = local.replace(hour=local.hour - local.hour % (step // 3600))
    return local.astimezone(UTC)


def periods(series: Series, anchor: datetime, newest: datetime, zone: tzinfo) -> Iterator[Period]:
    """Yield what a series tells, newest first, without steps that take no time.

    `newest` is the newest anchor of all series. What has been brought up to date together tells
    up to the same moment.
    """
    if series.step == QUARTER:
        end = int(anchor.timestamp())
        for value in series.values[:MOST]:
            yield Period(end - QUARTER, end, value, is_loose=True)
            end -= QUARTER
        return
    begin = _begin(anchor, series.step, zone)
    together = (newest - anchor).total_seconds() <= ONE_UPDATE
    if together and _begin(newest, series.step, zone) == begin:
        anchor = newest
    end = int(anchor.timestamp())
    for value in series.values[:MOST]:
        start = int(begin.timestamp())
        if start < end:
            yield Period(start, end, value, is_loose=series.step < DAY)
        end = min(start, end)
        begin = _begin(begin - timedelta(microseconds=1), series.step, zone)
