"""How the years of the old server fit before, and in between, what Home Assistant has counted.

Nothing here reads or writes: it is told what stands there, and tells what should.
"""

from collections.abc import Container, Sequence
from itertools import pairwise
from typing import Final

from ...counters.guard import DEFAULT_MAX_POWER
from .backfill import Backfill, missing_hours
from .rows import HOUR, Row, SumRow

NEAR: Final = 0.5
"""kWh in an hour that two sources may differ by, and still mean the same counter."""
ROUNDED: Final = 0.01
"""kWh by which two sources differ that both are right."""


def merged(
    imported: Sequence[SumRow], own: Sequence[SumRow], live: Sequence[Row], until: int
) -> Backfill:
    """Return the hours to be written so that `imported` stands before and between `live` rows.

    `own` are hours that we have written earlier, ascending: they stay where the import knows
    nothing. `live` are the rows of Home Assistant, `until` is up to when hours may be written.
    Before the first live row the sums begin with 0; between live rows they stay what they are.
    """
    first = live[0].start // HOUR * HOUR if live else until
    known = {row.start: row for row in own} | {row.start: row for row in imported}
    head = [known[start] for start in sorted(known) if start + HOUR <= min(first, until)]
    starts = {row.start for row in imported}
    rows = _continued(_agreeing(head, starts, live[:1]), starts, live[:1])
    readings = {row.start + HOUR: row.state for row in imported}
    if imported:
        readings[imported[0].start] = imported[0].state - imported[0].sum
    # What the import does not know stays, and limits what is written beside it.
    kept = [
        Row(row.start, HOUR, row.state, row.sum)
        for row in own
        if row.start >= first and known[row.start] is row
    ]
    there = sorted([*live, *kept], key=lambda row: row.start)
    between = missing_hours(readings, there, first, until) if live else Backfill()
    inside = [row for row in between.rows if row.start >= first]
    rows = [row for row in rows if row.start + HOUR <= until]
    return Backfill(
        rows=[*rows, *inside],
        sum_boundary=rows[-1].start + HOUR if rows else None,
        energy=rows[-1].sum if rows else 0.0,
    )


def _agreeing(
    rows: Sequence[SumRow], imported: Container[int], live: Sequence[Row]
) -> list[SumRow]:
    """Return hours without those of ours that an import contradicts.

    They were spread evenly, over a month of the box or up to the first live row, when less was
    known: what they show lies outside of the readings before and after, and would be counted twice.
    """
    kept, between = list(rows[:1]), list[SumRow]()
    for row in rows[1:]:
        if row.start not in imported:
            between.append(row)
            continue
        _add(kept, between, row, imported)
        between = []
        kept.append(row)
    if kept and live:
        _add(kept, between, live[0], imported)
    elif between:
        _add(kept, between[:-1], between[-1], imported)
        kept.append(between[-1])
    return kept


def _add(
    kept: list[SumRow], rows: Sequence[SumRow], after: SumRow | Row, imported: Container[int]
) -> None:
    """Add hours to those before them, as far as they agree with these and a reading after them."""
    before = kept[-1]
    excess = before.state - after.state
    if len(kept) == 1 and before.start not in imported and ROUNDED < excess < after.state:
        # One of ours, and nothing is known before it.
        before = kept[-1] = SumRow(before.start, after.state, max(before.sum - excess, 0.0))
    one_counter = _is_one_counter(before, after)
    kept += [row for row in rows if not one_counter or _is_between(before, row, after)]


def _is_between(before: SumRow, row: SumRow, after: SumRow | Row) -> bool:
    """Whether a counter can have shown this between two others, or is none of theirs."""
    is_other = row.state < before.state / 2 or row.state > 2 * after.state
    return is_other or (_is_one_counter(before, row) and _is_one_counter(row, after))


def _is_one_counter(before: SumRow, after: SumRow | Row) -> bool:
    """Whether a counter that showed one reading can have shown the other one later."""
    hours = max((after.start - before.start) / HOUR, 1.0)
    return -ROUNDED <= after.state - before.state <= DEFAULT_MAX_POWER * hours + NEAR


def _continued(rows: Sequence[SumRow], imported: set[int], live: Sequence[Row]) -> list[SumRow]:
    """Return hours one after the other: their sums begin with 0, and holes are filled evenly.

    What was counted in a hole is known from the readings before and after it.
    """
    if not rows:
        return []
    done = [SumRow(rows[0].start, rows[0].state, _rise(0.0, rows[0].sum, 1.0))]
    for before, row in pairwise(rows):
        same_source = (before.start in imported) == (row.start in imported)
        if same_source and row.start == before.start + HOUR and row.sum >= before.sum:
            rise = row.sum - before.sum
        else:
            rise = _rise(before.state, row.state, (row.start - before.start) / HOUR)
        done += _filled(done[-1], row.start, row.state, rise)
    if live:
        end = live[0].start // HOUR * HOUR
        hours = (end - done[-1].start) / HOUR
        rise = _rise(done[-1].state, live[0].state, hours)
        # The last of these is the live row's own hour.
        done += _filled(done[-1], end, live[0].state, rise)[:-1]
    return done


def _filled(before: SumRow, start: int, state: float, rise: float) -> list[SumRow]:
    """Return the hours after one up to another, over which its rise is spread."""
    hours = (start - before.start) // HOUR
    # In this order what is not known (NaN) is nothing.
    step = min(max(0.0, state - before.state), rise) / hours
    return [
        SumRow(
            before.start + HOUR * number,
            state if number == hours else before.state + step * number,
            before.sum + rise * number / hours,
        )
        for number in range(1, hours + 1)
    ]


def _rise(before: float, after: float, hours: float) -> float:
    """Return the kWh between two readings of what should be one counter, 0 if it cannot be."""
    rise = after - before
    return rise if 0 <= rise <= DEFAULT_MAX_POWER * hours + NEAR else 0.0
