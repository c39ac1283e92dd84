"""Determines which times the values of a series cover: quarters of an hour to months.

Months, days and steps of six hours follow local time. AVM describes the times of quarters of an hour
as "approximate" (REST 0.9.5). If they follow the clock, as in tables that boxes of 2025 have written,
they add up to the steps of six hours to the Wh: then they are placed so. Otherwise they are placed
backwards from the time up to which the series reaches, so that no value is squeezed into the seconds
since the last full quarter, and none is lost.

All times are unix seconds or aware datetimes.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import product
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

_EQUAL: Final = 0.0025
"""kWh by which quarters of an hour and their total may differ, because both are rounded."""
_MIN_EQUAL: Final = 2
"""Totals that must be those of their quarters, so that this is no coincidence."""
_UNMOVED: Final = timedelta(minutes=3)
"""Time in which the newest value may be that of the period before: plugs report every two minutes."""

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


class ByTheClock(NamedTuple):
    """Where the values of a box are that stores quarters of an hour by the clock."""

    quarter_end: int
    """When the newest quarter ends (unix time), later than now while it is running."""
    six_hours_until: datetime
    """The time up to which steps of six hours reach: the newest one may have ended just now."""


def by_the_clock(
    quarters: Series, six_hours: Series, anchor: datetime, zone: tzinfo
) -> ByTheClock | None:
    """Return where the values of a box are if its quarters follow the clock, or else None.

    `anchor` is the time up to which both series reach.
    """
    begun = int(anchor.timestamp()) // QUARTER_STEP * QUARTER_STEP
    ends, moments = [begun + QUARTER_STEP], [anchor]
    if anchor.timestamp() < begun + _UNMOVED.total_seconds():
        ends.append(begun)
        moments.append(datetime.fromtimestamp(begun, UTC) - timedelta.resolution)
    for end, until in product(ends, moments):
        _, *totals = periods(six_hours, until, until, zone)
        if _add_up(quarters.values, end, totals):
            return ByTheClock(end, until)
    return None


def _add_up(quarters: Sequence[float | None], end: int, totals: Iterable[Period]) -> bool:
    """Whether quarters, the newest of which ends at a time, are the parts of each total."""
    equal = 0
    for total in totals:
        first, last = (end - total.end) // QUARTER_STEP, (end - total.start) // QUARTER_STEP
        parts = [value for value in quarters[max(first, 0) : last] if value is not None]
        if first < 0 or total.value is None or len(parts) < last - first:
            continue
        if abs(sum(parts) - total.value) > _EQUAL:
            return False
        equal += total.value > _EQUAL
    return equal >= _MIN_EQUAL


def periods(
    series: Series,
    anchor: datetime,
    newest: datetime,
    zone: tzinfo,
    *,
    newest_quarter_end: int | None = None,
) -> Iterator[Period]:
    """Yield the periods of a series, newest first, without periods of no length.

    `anchor` is the time up to which the series reaches, `newest` the newest anchor of all series of
    the device. Series that were updated together reach up to the same time. `newest_quarter_end` is
    when the newest quarter of an hour ends; None if that is `anchor`.
    """
    if series.step == QUARTER_STEP:
        until = round(anchor.timestamp())
        end = until if newest_quarter_end is None else newest_quarter_end
        for value in series.values[:MAX_VALUES]:
            yield Period(end - QUARTER_STEP, min(end, until), value, is_approximate=True)
            end -= QUARTER_STEP
        return
    begin = _period_start(anchor, series.step, zone)
    updated_together = (newest - anchor).total_seconds() <= UPDATE_TIME
    if updated_together and _period_start(newest, series.step, zone) == begin:
        anchor = newest
    end = round(anchor.timestamp())
    for value in series.values[:MAX_VALUES]:
        start = int(begin.timestamp())
        if start < end:
            yield Period(start, end, value, is_approximate=series.step < DAY_STEP)
        end = min(start, end)
        begin = _period_start(begin - timedelta(microseconds=1), series.step, zone)
