"""Which hours the box remembers that the statistics lack, and how they fit in.

Nothing here reads or writes: it is told what stands there, and tells what should.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
import math

from ...counters.guard import DEFAULT_MAX_POWER
from .outage import spread
from .rows import HOUR, MeanRow, Row, SumRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Backfill:
    """Hours to be written."""

    rows: list[SumRow] = field(default_factory=list)
    sum_boundary: int | None = None
    """Where the hours before all others end (unix time): there the sums must be made to meet."""

    energy: float = 0.0
    """kWh that the statistics did not have before."""


def missing_hours(
    readings: Mapping[int, float],
    hours: Sequence[Row],
    first: int | None,
    until: int,
    *,
    measured_at: Container[int] | None = None,
    opening: float = math.inf,
) -> Backfill:
    """Return the hours that the readings (kWh at full hours) know and the statistics lack.

    `hours` are all hourly rows, ascending; `first` is when the first row of any length starts,
    None if there is none; `until` is up to when hours may be written (unix times). `told` are the
    full hours at which the readings are more than an even spread, None for all. `opening` is
    the reading with which the first row begins, if that is known: what was counted after it is in
    the rows, whatever a coarser series makes of it.
    """
    there = {row.start for row in hours}
    lacking = [
        hour
        for hour in sorted(readings)
        if hour not in there and hour + HOUR in readings and hour + HOUR <= until
    ]
    head = [hour for hour in lacking if first is None or hour + HOUR <= first // HOUR * HOUR]
    rows = _before_all(head, readings, opening)
    return Backfill(
        rows=[
            *rows,
            *_in_between(
                lacking[len(head) :],
                readings,
                readings if measured_at is None else measured_at,
                hours,
            ),
        ],
        sum_boundary=rows[-1].start + HOUR if rows else None,
        energy=rows[-1].sum if rows else 0.0,
    )


def _before_all(hours: Sequence[int], readings: Mapping[int, float], most: float) -> list[SumRow]:
    """Return the hours before all rows: their sums begin with 0."""
    if not hours or readings[hours[0]] >= most:
        return []
    ends = [(hour, min(readings[hour + HOUR], most)) for hour in hours]
    return [SumRow(hour, reading, reading - readings[hours[0]]) for hour, reading in ends]


def _in_between(
    lacking: Iterable[int],
    readings: Mapping[int, float],
    measured_at: Container[int],
    hours: Sequence[Row],
) -> list[SumRow]:
    """Return hours that lie between two rows; the sums of those stay what they are."""
    rows: list[SumRow] = []
    remaining = iter(hours)
    left: Row | None = None
    right = next(remaining, None)
    counted: dict[int, float] = {}
    for hour in lacking:
        if right is not None and right.start < hour:
            while right is not None and right.start < hour:
                left, right = right, next(remaining, None)
            counted = _spread_between(left, right, readings, measured_at)
        if left is not None and hour + HOUR in counted:
            kwh = counted[hour + HOUR]
            rows.append(SumRow(hour, left.state + kwh, left.sum + kwh))
    return rows


def _spread_between(
    left: Row | None, right: Row | None, readings: Mapping[int, float], measured_at: Container[int]
) -> dict[int, float]:
    """Return the kWh since `left` at full hours until the end of `right`."""
    # Where the counter or its sum began anew, or without states, nobody knows how much belongs in
    # between.
    if left is None or right is None or right.sum < left.sum or not right.state >= left.state:
        return {}
    known = {
        hour: readings[hour] - left.state
        for hour in range(left.end, right.end, HOUR)
        if hour in measured_at and hour in readings
    }
    return spread(left.end, right.end, right.sum - left.sum, known=known, load_profile={})


def sum_offset(last: Row, first: Row) -> float:
    """Return the kWh by which `first` and all after it are to be shifted to follow `last`.

    Between the two rows is what the counter has risen by, if that is possible.
    """
    rise = first.state - last.state
    possible = 0 <= rise <= DEFAULT_MAX_POWER * ((first.end - last.end) / HOUR + 1)
    return last.sum + (rise if possible else 0.0) - first.sum


def missing_means(rows: Iterable[MeanRow], there: set[int], until: int) -> list[MeanRow]:
    """Return the hours of a measurement that the statistics lack."""
    return [row for row in rows if row.start not in there and row.start + HOUR <= until]
