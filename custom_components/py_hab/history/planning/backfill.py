"""Plans which hours from device statistics to insert into a statistic."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
import math

from ...counters.guard import DEFAULT_MAX_POWER
from .change import AdjustSum, Change, ChangeReason, StatisticRows, WriteRows
from .opening import leading_readings
from .origin import Origin
from .rows import HOUR, MeanRow, Row, SumRow, full_hour
from .shape import spread


@dataclass(frozen=True, kw_only=True, slots=True)
class InsertPlan:
    """Hours to be written."""

    rows: list[SumRow] = field(default_factory=list)
    sum_boundary: int | None = None
    """The end of the hours that precede all existing rows. Their sums start at 0, so the sums
    after this time must be adjusted to continue them. None if there are no such hours."""

    energy: float = 0.0
    """kWh of the hours that precede all existing rows."""


def plan_backfill(
    readings: Mapping[int, float],
    hourly_rows: Sequence[Row],
    first_start: int | None,
    until: int,
    *,
    period_boundaries: Container[int] | None = None,
    opening_reading: float = math.inf,
    is_opening_known: bool = False,
) -> InsertPlan:
    """Return the hours that the readings (kWh at full hours) cover and the statistics lack.

    `hourly_rows` are all hourly rows of the statistic, ascending. `first_start` is the start of its
    first row, short-term rows included; None if it has no rows. Hours are planned up to `until`.

    Readings that are not at `period_boundaries` are interpolated and do not determine the energy
    between two existing rows; None means that all readings are exact. `opening_reading` is the
    highest possible reading at the start of the first row: the rows already include everything
    counted after it, even if a coarse series places it earlier.
    """
    existing = {row.start for row in hourly_rows}
    missing = [
        hour
        for hour in sorted(readings)
        if hour not in existing and hour + HOUR in readings and hour + HOUR <= until
    ]
    before = [
        hour for hour in missing if first_start is None or hour + HOUR <= full_hour(first_start)
    ]
    boundaries = readings if period_boundaries is None else period_boundaries
    leading = readings
    if is_opening_known and before and before[-1] + HOUR == full_hour(first_start or 0):
        leading = {**readings, **leading_readings(opening_reading, before, readings, boundaries)}
    rows = _rows_before_all(before, leading, opening_reading)
    return InsertPlan(
        rows=[
            *rows,
            *_rows_between(
                missing[len(before) :],
                readings,
                boundaries,
                hourly_rows,
            ),
        ],
        sum_boundary=rows[-1].start + HOUR if rows else None,
        energy=rows[-1].sum if rows else 0.0,
    )


def _rows_before_all(
    hours: Sequence[int], readings: Mapping[int, float], opening_reading: float
) -> list[SumRow]:
    """Return rows for the hours before all existing rows; their sums start at 0."""
    if not hours or readings[hours[0]] >= opening_reading:
        return []
    closing = [(hour, min(readings[hour + HOUR], opening_reading)) for hour in hours]
    return [SumRow(hour, reading, reading - readings[hours[0]]) for hour, reading in closing]


def _rows_between(
    missing: Iterable[int],
    readings: Mapping[int, float],
    period_boundaries: Container[int],
    hourly_rows: Sequence[Row],
) -> list[SumRow]:
    """Return rows for missing hours between existing rows, whose sums remain unchanged."""
    rows: list[SumRow] = []
    remaining = iter(hourly_rows)
    left: Row | None = None
    right = next(remaining, None)
    counted: dict[int, float] = {}
    for hour in missing:
        if right is not None and right.start < hour:
            while right is not None and right.start < hour:
                left, right = right, next(remaining, None)
            counted = _energy_between(left, right, readings, period_boundaries)
        if left is not None and hour + HOUR in counted:
            kwh = counted[hour + HOUR]
            rows.append(SumRow(hour, left.state + kwh, left.sum + kwh))
    return rows


def _energy_between(
    left: Row | None,
    right: Row | None,
    readings: Mapping[int, float],
    period_boundaries: Container[int],
) -> dict[int, float]:
    """Return the kWh counted since `left` at each full hour until the end of `right`."""
    # If a row is missing or has no state, or the counter or its sum restarted in between, the
    # energy of the missing hours is unknown.
    if left is None or right is None or right.sum < left.sum or not right.state >= left.state:
        return {}
    known_energy = {
        hour: readings[hour] - left.state
        for hour in range(left.end, right.end, HOUR)
        if hour in period_boundaries and hour in readings
    }
    shape = {
        hour: readings[hour + HOUR] - readings[hour]
        for hour in range(full_hour(left.end), right.end, HOUR)
        if hour in readings and hour + HOUR in readings
    }
    return spread(
        left.end, right.end, right.sum - left.sum, known_energy=known_energy, load_profile=shape
    )


def insertion(
    plan: InsertPlan,
    rows: StatisticRows,
    reason: ChangeReason,
    *,
    reported: Container[int] = (),
    bounds: Iterable[int] = (),
    continues: bool = True,
) -> Change:
    """Return the change that writes planned hours and lets the sums after them continue theirs.

    `reported` are the hours whose energy is no share of that of a longer time, `bounds` the full
    hours between which the energy of the other ones is known. If the rows after them are those of
    another counter, nothing was counted between the two.
    """
    if not plan.rows:
        return ()
    origins = {row.start: Origin.REPORTED for row in plan.rows if row.start in reported}
    steps: list[WriteRows | AdjustSum] = [
        WriteRows(plan.rows, reason, origins=origins, bounds=bounds)
    ]
    if plan.sum_boundary is not None:
        start = plan.sum_boundary - HOUR
        steps += [
            alignment(Row(row.start, HOUR, row.state if continues else math.nan, row.sum), rows)
            for row in plan.rows
            if row.start == start
        ]
    return [step for step in steps if isinstance(step, WriteRows) or step.amount]


def alignment(last: Row, rows: StatisticRows) -> AdjustSum:
    """Return the adjustment of all later sums so that they continue the sum of `last`.

    Home Assistant starts its sum at 0 with the first value that it sees, even if earlier hours
    exist.
    """
    later = [row for row in (*rows.short_term, *rows.hourly) if row.start >= last.end]
    # A short-term row precedes an hourly one.
    first = min(later, key=lambda row: (row.start, row.length), default=None)
    amount = 0.0 if first is None else sum_offset(last, first)
    return AdjustSum(last.end if first is None else first.start, amount, ChangeReason.BACKFILL)


def sum_offset(last: Row, first: Row) -> float:
    """Return the kWh to add to `first` and all later sums so that they continue the sum of `last`.

    The energy between the two rows is the rise of the counter, or 0 if that rise is impossible.
    """
    rise = first.state - last.state
    is_possible = 0 <= rise <= DEFAULT_MAX_POWER * ((first.end - last.end) / HOUR + 1)
    return last.sum + (rise if is_possible else 0.0) - first.sum


def missing_means(rows: Iterable[MeanRow], existing: Container[int], until: int) -> list[MeanRow]:
    """Return the hours of a measurement that the statistics lack, up to `until`."""
    return [row for row in rows if row.start not in existing and row.start + HOUR <= until]
