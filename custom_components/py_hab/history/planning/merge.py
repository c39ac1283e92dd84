"""Plans how imported hours are merged with those of Home Assistant."""

from collections.abc import Container, Sequence
from itertools import pairwise
from typing import Final

from ...counters.guard import DEFAULT_MAX_POWER
from .backfill import InsertPlan, plan_backfill
from .rows import HOUR, Row, SumRow, full_hour

SOURCE_TOLERANCE: Final = 0.5
"""kWh by which two sources may disagree about one hour of the same counter."""
SOURCE_ROUNDING: Final = 0.01
"""kWh by which two correct sources differ, because each rounds its readings."""


def plan_merge(
    imported: Sequence[SumRow],
    own: Sequence[SumRow],
    live: Sequence[Row],
    until: int,
    *,
    continues: bool = True,
) -> InsertPlan:
    """Return the hours to be written so that `imported` precedes and completes the `live` rows.

    `own` are the hours that py_hab has written earlier, ascending; they remain where the import
    has no data. `live` are the rows of Home Assistant. Hours are planned up to `until`. Sums start
    at 0 in the hours before the first live row; sums of live rows remain unchanged. If the counter
    of the live rows does not continue the readings of the import, only hours before these rows are
    planned, and nothing between the two.
    """
    first = full_hour(live[0].start) if live else until
    following = live[:1] if continues else ()
    before = _hours_before(imported, own, following, end=min(first, until))
    before = [row for row in before if row.start + HOUR <= until]
    between = _hours_between(imported, own, live, first, until) if following else []
    return InsertPlan(
        rows=[*before, *between],
        sum_boundary=before[-1].start + HOUR if before else None,
        energy=before[-1].sum if before else 0.0,
    )


def _hours_before(
    imported: Sequence[SumRow], own: Sequence[SumRow], live: Sequence[Row], *, end: int
) -> list[SumRow]:
    """Return consecutive hours of the import, and of our own where it has none, up to live rows.

    Hours of both are used up to `end`.
    """
    known = {row.start: row for row in own} | {row.start: row for row in imported}
    rows = [known[start] for start in sorted(known) if start + HOUR <= end]
    starts = {row.start for row in imported}
    consistent = _without_contradictions(rows, starts, live)
    return _with_continuous_sums(consistent, starts, live)


def _hours_between(
    imported: Sequence[SumRow], own: Sequence[SumRow], live: Sequence[Row], first: int, until: int
) -> list[SumRow]:
    """Return missing hours between live rows, the first of which is in the hour `first`."""
    readings = {row.start + HOUR: row.state for row in imported}
    if imported:
        readings[imported[0].start] = imported[0].state - imported[0].sum
    starts = {row.start for row in imported}
    # Own hours that the import does not cover remain, and limit the rows written beside them.
    kept = [
        Row(row.start, HOUR, row.state, row.sum)
        for row in own
        if row.start >= first and row.start not in starts
    ]
    existing = sorted([*live, *kept], key=lambda row: row.start)
    plan = plan_backfill(readings, existing, first, until)
    return [row for row in plan.rows if row.start >= first]


def _without_contradictions(
    rows: Sequence[SumRow], imported: Container[int], live: Sequence[Row]
) -> list[SumRow]:
    """Return hours without those of our own that contradict the import.

    Our own hours may have been spread evenly, over a month of device statistics or up to the first
    live row, when less was known. Energy would be counted twice if their readings were outside the
    range of the imported readings around them.
    """
    kept, pending = list(rows[:1]), list[SumRow]()
    for row in rows[1:]:
        if row.start not in imported:
            pending.append(row)
            continue
        _append_consistent(kept, pending, row, imported)
        pending = []
        kept.append(row)
    if kept and live:
        _append_consistent(kept, pending, live[0], imported)
    elif pending:
        _append_consistent(kept, pending[:-1], pending[-1], imported)
        kept.append(pending[-1])
    return kept


def _append_consistent(
    kept: list[SumRow], rows: Sequence[SumRow], after: SumRow | Row, imported: Container[int]
) -> None:
    """Append those rows to `kept` that agree with its last row and with the row `after` them."""
    before = kept[-1]
    excess = before.state - after.state
    if len(kept) == 1 and before.start not in imported and SOURCE_ROUNDING < excess < after.state:
        # The first row is one of our own, and no row before it determines its reading.
        before = kept[-1] = SumRow(before.start, after.state, max(before.sum - excess, 0.0))
    one_counter = _is_one_counter(before, after)
    kept += [row for row in rows if not one_counter or _is_between(before, row, after)]


def _is_between(before: SumRow, row: SumRow, after: SumRow | Row) -> bool:
    """Whether a row fits between two rows of one counter, or belongs to a different counter."""
    is_other = row.state < before.state / 2 or row.state > 2 * after.state
    return is_other or (_is_one_counter(before, row) and _is_one_counter(row, after))


def _is_one_counter(before: SumRow, after: SumRow | Row) -> bool:
    """Whether one counter can have shown the readings of both rows."""
    hours = max((after.start - before.start) / HOUR, 1.0)
    limit = DEFAULT_MAX_POWER * hours + SOURCE_TOLERANCE
    return -SOURCE_ROUNDING <= after.state - before.state <= limit


def _with_continuous_sums(
    rows: Sequence[SumRow], imported: set[int], live: Sequence[Row]
) -> list[SumRow]:
    """Return consecutive hours with sums that start at 0.

    Missing hours, also those up to the first live row, are filled evenly with what was counted in
    them: the import says it, or else the difference of the readings around them.
    """
    if not rows:
        return []
    done = [SumRow(rows[0].start, rows[0].state, _possible_rise(0.0, rows[0].sum, 1.0))]
    for before, row in pairwise(rows):
        both = (before.start in imported) + (row.start in imported)
        is_counted = both == 2 or (both == 0 and row.start == before.start + HOUR)
        if is_counted and row.sum >= before.sum:
            rise = row.sum - before.sum
        else:
            rise = _possible_rise(before.state, row.state, (row.start - before.start) / HOUR)
        done += _filled(done[-1], row.start, row.state, rise)
    if live:
        end = full_hour(live[0].start)
        hours = (end - done[-1].start) / HOUR
        rise = _possible_rise(done[-1].state, live[0].state, hours)
        # Without the last of these: it is the hour of the live row.
        done += _filled(done[-1], end, live[0].state, rise)[:-1]
    return done


def _filled(before: SumRow, start: int, state: float, rise: float) -> list[SumRow]:
    """Return the hours after one row up to the hour at `start`; `rise` is spread evenly."""
    hours = (start - before.start) // HOUR
    # max(0.0, NaN) is 0.0, so an unknown reading counts as no rise; the order matters.
    step = min(max(0.0, state - before.state), rise) / hours
    return [
        SumRow(
            before.start + HOUR * number,
            state if number == hours else before.state + step * number,
            before.sum + rise * number / hours,
        )
        for number in range(1, hours + 1)
    ]


def _possible_rise(before: float, after: float, hours: float) -> float:
    """Return the kWh between two readings, or 0 if one counter cannot have shown both."""
    rise = after - before
    return rise if 0 <= rise <= DEFAULT_MAX_POWER * hours + SOURCE_TOLERANCE else 0.0
