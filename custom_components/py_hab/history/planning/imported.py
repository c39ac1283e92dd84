"""Plans how the contents of a file are written into a statistic that may have hours already."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import isnan
from typing import NamedTuple

from .backfill import InsertPlan, insertion, plan_backfill
from .change import AdjustSum, Change, ChangeReason, StatisticRows, WriteRows
from .load_shape import LoadShape
from .merge import plan_merge
from .opening import leading_rows
from .origin import Origin
from .rows import HOUR, ROUNDING_ERROR, MeanRow, Row, SumRow, full_hour


class Total(NamedTuple):
    """Energy that was counted between two unix times that are not in the same hour."""

    start: int
    end: int
    kwh: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedReadings:
    """Hours from readings of a counter: between two readings, energy is linear in time."""

    rows: Sequence[SumRow]
    spread: AbstractSet[int] = frozenset()
    """The hours that lie between two readings that are more than an hour apart."""
    bounds: Sequence[int] = ()
    """The full hours nearest to these readings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedEnergy:
    """Energy by time, without any reading of a counter."""

    hours: Mapping[int, float]
    """kWh by the start of the hour."""
    totals: Sequence[Total] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedSums:
    """Hours of a statistic that was exported: they are written as they are."""

    rows: Sequence[SumRow]
    origins: Mapping[int, Origin] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedMeans:
    """Hours of a measurement."""

    rows: Sequence[MeanRow]
    origins: Mapping[int, Origin] = field(default_factory=dict)


type Imported = ImportedReadings | ImportedEnergy | ImportedSums | ImportedMeans


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The statistic into which something is imported."""

    rows: StatisticRows
    is_external: bool
    """Whether only py_hab writes it, so that all of its hours may be replaced."""
    expected: Sequence[Row] = ()
    """The first row that is to be expected of an entity that has none yet."""
    shape: Callable[[Mapping[int, float]], LoadShape]
    """Returns how energy of a longer time is distributed, from known hours."""

    def by_author(self) -> _ByAuthor:
        """Return the rows that may be replaced, and those of Home Assistant."""
        rows = self.rows
        own = [
            SumRow(row.start, row.state, row.sum)
            for row in rows.hourly
            if self.is_external or row.start in rows.own
        ]
        if self.is_external:
            return _ByAuthor(own, [], rows.until)
        live = [row for row in rows.hourly if row.start not in rows.own]
        live = live or list(rows.short_term[:1]) or list(self.expected)
        return _ByAuthor(own, live, full_hour(live[0].start) if live else rows.until)


class _ByAuthor(NamedTuple):
    """The rows of a statistic by who has written them, ascending."""

    own: list[SumRow]
    """The hours that may be replaced."""
    live: list[Row]
    """The rows of Home Assistant, or the first one that is to be expected."""
    first: int
    """The hour of the first live row; without one, the end of the hours that may be written."""


class ImportPlan(NamedTuple):
    """What an import changes in one statistic."""

    change: Change
    rows: int = 0
    """Hours that are imported."""
    energy: float | None = None
    """kWh of these hours; None for a measurement."""


def plan_import(imported: Imported, target: Target) -> ImportPlan:
    """Return the change that writes what was imported into a statistic."""
    match imported:
        case ImportedReadings():
            return _plan_readings(imported, target)
        case ImportedEnergy():
            return _plan_energy(imported, target)
        case ImportedSums():
            return _plan_sums(imported, target)
        case ImportedMeans():
            return _plan_means(imported, target.rows)


def _plan_readings(imported: ImportedReadings, target: Target) -> ImportPlan:
    own, live, _ = target.by_author()
    own = leading_rows(own, imported.rows, target.rows)
    found = plan_merge(imported.rows, own, live, target.rows.until)
    if target.is_external:
        found = replace(found, sum_boundary=None)
    known = {row.start for row in imported.rows} - imported.spread
    known |= {row.start for row in own} - target.rows.spread
    spread = {row.start for row in found.rows} - known
    change = noted(insertion(found, target.rows, ChangeReason.IMPORT), spread, imported.bounds)
    return ImportPlan(change, len(found.rows), found.energy)


def _plan_energy(imported: ImportedEnergy, target: Target) -> ImportPlan:
    rows, (own, live, first) = target.rows, target.by_author()
    kept = _own_energy(own, rows.hourly)
    parts = _parts_of_totals(imported, kept, target)
    given = _with_parts(imported.hours, parts)
    energy = kept | given
    before = [hour for hour in sorted(energy) if hour + HOUR <= min(first, rows.until)]
    states = {row.start: row.state for row in own if row.start not in given and _has_reading(row)}
    written = _accumulated(before, energy, states, live[:1], energy.get(first, 0.0))
    plan = InsertPlan(
        rows=[*written, *_between_live(given, own, live, first, rows.until)],
        sum_boundary=written[-1].start + HOUR if written and not target.is_external else None,
    )
    spread = (rows.spread - given.keys()) | {hour for hour, _ in parts}
    bounds = {full_hour(at) for total in imported.totals for at in (total.start, total.end)}
    change = noted(insertion(plan, rows, ChangeReason.IMPORT), spread, sorted(bounds))
    done = {row.start for row in plan.rows}
    # Hours that were there before are only written with the sums that precede them now.
    new = [kwh for hour, kwh in given.items() if hour in done]
    return ImportPlan(change, len(new), sum(new))


def _parts_of_totals(
    imported: ImportedEnergy, kept: Mapping[int, float], target: Target
) -> list[tuple[int, float]]:
    """Return the energy of longer times by hours, in the shape of known hours.

    `kept` are the kWh of hours that were there before; those that were spread are not known.
    """
    if not imported.totals:
        return []
    known = {hour: kwh for hour, kwh in kept.items() if hour not in target.rows.spread}
    shape = target.shape(known | dict(imported.hours))
    return [part for total in imported.totals for part in _parts(total, shape)]


def _with_parts(hours: Mapping[int, float], parts: Iterable[tuple[int, float]]) -> dict[int, float]:
    """Return the kWh of hours, with parts of longer times added to them."""
    given = dict(hours)
    for hour, kwh in parts:
        given[hour] = given.get(hour, 0.0) + kwh
    return given


def _has_reading(row: SumRow) -> bool:
    """Whether the state of a row is a reading. Where none is known, the state is the sum."""
    return abs(row.state - row.sum) > ROUNDING_ERROR


def _between_live(
    given: Mapping[int, float],
    own: Iterable[SumRow],
    live: Sequence[Row],
    first: int,
    until: int,
) -> list[SumRow]:
    """Return missing hours between live rows, the first of which is in the hour `first`."""
    if not live:
        return []
    kept = (Row(row.start, HOUR, row.state, row.sum) for row in own if row.start >= first)
    existing = sorted([*live, *kept], key=lambda row: row.start)
    plan = plan_backfill(_within(existing, given), existing, first, until)
    return [row for row in plan.rows if row.start >= first]


def _own_energy(own: Sequence[SumRow], hourly: Sequence[Row]) -> dict[int, float]:
    """Return the kWh of hours that may be replaced. Sums start at 0 before the first of all rows."""
    before = {row.start: earlier.sum for earlier, row in pairwise(hourly)}
    return {row.start: max(row.sum - before.get(row.start, 0.0), 0.0) for row in own}


def _parts(total: Total, shape: LoadShape) -> Iterable[tuple[int, float]]:
    """Yield the start and the kWh of each hour of a total."""
    counted, hour = 0.0, full_hour(total.start)
    for end, kwh in shape.split(total.start, total.end, total.kwh).items():
        yield end - HOUR, kwh - counted
        counted, hour = kwh, end
    if total.end > hour and total.kwh > counted:
        yield hour, total.kwh - counted


def _accumulated(
    hours: Sequence[int],
    energy: Mapping[int, float],
    states: Mapping[int, float],
    live: Sequence[Row],
    in_first: float,
) -> list[SumRow]:
    """Return consecutive rows whose sums start at 0.

    The states are the readings of a counter that has reached the state of the first live row at its
    end, after `in_first` kWh within its hour. Without a live row they continue known states.
    """
    totals: list[float] = []
    for hour in hours:
        totals.append((totals[-1] if totals else 0.0) + energy[hour])
    offset = 0.0
    if live and not isnan(live[0].state):
        offset = live[0].state - in_first - (totals[-1] if totals else 0.0)
    else:
        known = (
            (states[hour], total)
            for hour, total in zip(hours, totals, strict=True)
            if hour in states
        )
        state, total = next(known, (0.0, 0.0))
        offset = state - total
    return [
        SumRow(hour, states.get(hour, max(total + offset, 0.0)), total)
        for hour, total in zip(hours, totals, strict=True)
    ]


def _within(existing: Sequence[Row], energy: Mapping[int, float]) -> dict[int, float]:
    """Return the readings between existing rows: that of the row before, and the energy since."""
    readings: dict[int, float] = {}
    for before, after in pairwise(existing):
        hour, reading = before.end, before.state
        if hour % HOUR or isnan(reading) or hour >= after.start:
            continue
        readings[hour] = reading
        while hour < after.start and hour in energy:
            reading += energy[hour]
            hour += HOUR
            readings[hour] = reading
    return readings


def _plan_sums(imported: ImportedSums, target: Target) -> ImportPlan:
    rows, (_, live, first) = target.rows, target.by_author()
    stored = {row.start: row for row in rows.hourly}
    before = [row for row in imported.rows if row.start + HOUR <= min(first, rows.until)]
    changed = [row for row in before if not _is_equal(row, stored.get(row.start))]
    inside = _between_equal(imported.rows, stored, first, rows.until) if live else []
    plan = InsertPlan(rows=[*changed, *inside])
    steps: list[WriteRows | AdjustSum] = []
    if changed and changed[-1] is before[-1]:
        common = _common(imported.rows, stored, first)
        if common is not None:
            steps = [AdjustSum(_later(before[-1], rows)[0].start, common, ChangeReason.IMPORT)]
        elif not _goes_on(before[-1], rows):
            plan = replace(plan, sum_boundary=before[-1].start + HOUR)
    change = [
        replace(step, origins=imported.origins) if isinstance(step, WriteRows) else step
        for step in (*insertion(plan, rows, ChangeReason.IMPORT), *steps)
        if not isinstance(step, AdjustSum) or abs(step.amount) > ROUNDING_ERROR
    ]
    rises = {row.start: row.sum - earlier.sum for earlier, row in pairwise(imported.rows)}
    return ImportPlan(change, len(plan.rows), sum(rises.get(row.start, 0.0) for row in plan.rows))


def _is_equal(row: SumRow, stored: Row | None) -> bool:
    """Whether a stored row has the same values; a state that is missing is NaN in both."""
    return stored is not None and stored.sum == row.sum and repr(stored.state) == repr(row.state)


def _between_equal(
    imported: Sequence[SumRow], stored: Mapping[int, Row], first: int, until: int
) -> list[SumRow]:
    """Return missing hours between existing rows: as they are, if the rows around them are equal.

    Otherwise, their readings say how the energy between these rows is distributed.
    """
    by_start = {row.start: row for row in imported}
    starts = sorted(start for start in stored if start >= first)
    found: list[SumRow] = []
    readings: dict[int, float] = {}
    for left, right in pairwise(starts):
        missing = [by_start[hour] for hour in range(left + HOUR, right, HOUR) if hour in by_start]
        around = [by_start.get(left), by_start.get(right)]
        if all(row is not None and _is_equal(row, stored[row.start]) for row in around):
            found += missing
        else:
            readings |= {row.start + HOUR: row.state for row in missing}
            readings[left + HOUR] = stored[left].state
    existing = [stored[start] for start in starts]
    return [*found, *plan_backfill(readings, existing, first, until).rows]


def _common(imported: Sequence[SumRow], stored: Mapping[int, Row], first: int) -> float | None:
    """Return by how much the sums of existing rows are lower than in the file.

    The first hour from `first` on that both have with the same reading shows it; None if there is
    none.
    """
    for row in imported:
        there = stored.get(row.start) if row.start >= first else None
        if there is not None and abs(there.state - row.state) < ROUNDING_ERROR:
            return row.sum - there.sum
    return None


def _later(last: SumRow, rows: StatisticRows) -> list[Row]:
    """Return the rows after an hour, in order of time; a short-term row precedes an hourly one."""
    later = [row for row in (*rows.hourly, *rows.short_term) if row.start > last.start]
    return sorted(later, key=lambda row: (row.start, row.length))


def _goes_on(last: SumRow, rows: StatisticRows) -> bool:
    """Whether the rows after the last one that is written already continue its sum."""
    later = _later(last, rows)
    if not later:
        return True
    rise = later[0].state - last.state
    return abs(later[0].sum - last.sum - rise) < ROUNDING_ERROR


def _plan_means(imported: ImportedMeans, rows: StatisticRows) -> ImportPlan:
    existing = rows.hours - rows.own
    missing = [row for row in imported.rows if row.start not in existing and row.start < rows.until]
    return ImportPlan([WriteRows(missing, ChangeReason.IMPORT, imported.origins)], len(missing))


def noted(change: Change, spread: AbstractSet[int], bounds: Sequence[int]) -> Change:
    """Return a change that notes which of its hours were spread."""
    return [
        replace(
            step,
            origins={row.start: Origin.SPREAD for row in step.rows if row.start in spread},
            bounds=bounds,
        )
        if isinstance(step, WriteRows)
        else step
        for step in change
    ]
