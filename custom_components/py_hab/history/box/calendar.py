"""Determines which times the values of a series cover: quarters of an hour to months.

Months, days and steps of six hours follow local time. Quarters of an hour are placed backwards from
the time up to which the series reaches, because AVM describes their times as "approximate" (REST
0.9.5). If a box aligns them to the clock instead, they are placed up to a quarter of an hour too
early; aligning them ourselves could be wrong by as much. This way no value is squeezed into the
seconds since the last full quarter, and none is lost.

All times are unix seconds or aware datetimes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from ...fritzbox.device_stats import Series

QUARTER_STEP: Final = 900
SIX_HOUR_STEP: Final = 21600
DAY_STEP: Final = 86400
"""Seconds; stands for a calendar day."""
MONTH_STEP: Final = 2678400
"""Seconds; stands for a calendar month."""
STEPS: Final = {QUARTER_STEP, SIX_HOUR_STEP, DAY_STEP, MONTH_STEP}
MAX_VALUES: Final = 400
"""Values of a series that are used; no box stores a third of it."""

UPDATE_TIME: Final = 900
"""Seconds within which a box updates all series of a device, one after the other."""

_MAX_AHEAD: Final = timedelta(hours=1)
"""How far the clock of the box may be ahead of ours."""
_MAX_AGE: Final = timedelta(days=366)
"""How long ago a series may have been updated."""


class Period(NamedTuple):
    """A value of a series, and the time that it covers."""

    start: int
    end: int
    value: float | None
    is_approximate: bool = False
    """Whether start and end are uncertain. AVM guarantees them for days and months only."""


def anchor_of(series: Series, now: datetime) -> datetime | None:
    """Return the time up to which a series reaches, None if its time stamp is not credible."""
    if series.at is None:
        return now
    return series.at if now - _MAX_AGE <= series.at <= now + _MAX_AHEAD else None


def _period_start(time: datetime, step: int, zone: tzinfo) -> datetime:
    """Return the start (UTC) of the calendar month, day or six hours that contain a time."""
    local = time.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    if step in {DAY_STEP, MONTH_STEP}:
        local = local.replace(day=local.day if step == DAY_STEP else 1, hour=0, fold=0)
    else:
        local = local.replace(hour=local.hour - local.hour % (step // 3600))
    return local.astimezone(UTC)


def periods(series: Series, anchor: datetime, newest: datetime, zone: tzinfo) -> Iterator[Period]:
    """Yield the periods of a series, newest first, without periods of no length.

    `anchor` is the time up to which the series reaches, `newest` the newest anchor of all series of
    the device. Series that were updated together reach up to the same time.
    """
    if series.step == QUARTER_STEP:
        end = int(anchor.timestamp())
        for value in series.values[:MAX_VALUES]:
            yield Period(end - QUARTER_STEP, end, value, is_approximate=True)
            end -= QUARTER_STEP
        return
    begin = _period_start(anchor, series.step, zone)
    updated_together = (newest - anchor).total_seconds() <= UPDATE_TIME
    if updated_together and _period_start(newest, series.step, zone) == begin:
        anchor = newest
    end = int(anchor.timestamp())
    for value in series.values[:MAX_VALUES]:
        start = int(begin.timestamp())
        if start < end:
            yield Period(start, end, value, is_approximate=series.step < DAY_STEP)
        end = min(start, end)
        begin = _period_start(begin - timedelta(microseconds=1), series.step, zone)
