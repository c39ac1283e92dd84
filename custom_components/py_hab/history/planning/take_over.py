"""Prepares the hours of another sensor's statistic of the same counter to be taken over."""

from collections.abc import Sequence
from itertools import pairwise
from math import isnan
from typing import Final, NamedTuple

from ...counters.guard import DEFAULT_MAX_POWER
from .backfill import InsertPlan, insertion
from .change import Change, ChangeReason, StatisticRows
from .imported import noted
from .merge import SOURCE_ROUNDING, SOURCE_TOLERANCE, plan_merge
from .rows import HOUR, Row, SumRow
from .same_counter import Match

MIN_RESTARTS: Final = 3
"""Falls of the reading from which it restarts by design. Meters are not replaced that often."""


class UsableHours(NamedTuple):
    """The hours of another statistic, with sums that a home can have drawn."""

    rows: list[SumRow]
    corrected: int
    """Hours whose booked energy was impossible, or contradicted the readings."""


def usable_hours(rows: Sequence[Row], *, max_power: float = DEFAULT_MAX_POWER) -> UsableHours:
    """Return hours with sums from 0, without phantom energy; `max_power` is in kW.

    The readings decide: between two readings of one counter lies their difference, whatever was
    booked. A reading that cannot follow the last one is skipped, unless energy was booked with it:
    then it is that of another counter, from which the readings continue. Hours whose booked energy
    is impossible as well count as 0. A statistic without readings is judged by its sums alone, and
    so is one whose readings restart by design: the last one says nothing about the next.
    """
    if not rows:
        return UsableHours([], 0)
    restarts = _restarts(rows, max_power) >= MIN_RESTARTS
    reading, at = rows[0].state, rows[0].start
    done = [SumRow(at, 0.0 if isnan(reading) else reading, 0.0)]
    corrected = 0
    for before, row in pairwise(rows):
        counted, booked = row.state - reading, row.sum - before.sum
        rise = 0.0
        # Comparisons with NaN, which is a missing reading, are false.
        if restarts and 0 <= booked <= _limit(max_power, row.start - before.start):
            rise, reading, at = booked, row.state, row.start
        elif 0 <= counted <= _limit(max_power, row.start - at):
            rise, reading, at = counted, row.state, row.start
        elif 0 <= booked <= _limit(max_power, row.start - before.start):
            rise = booked
            if booked > 0:
                reading, at = row.state, row.start
        corrected += abs(rise - booked) > SOURCE_ROUNDING
        total = done[-1].sum + rise
        done.append(SumRow(row.start, total if isnan(reading) else reading, total))
    return UsableHours(done, corrected)


def _restarts(rows: Sequence[Row], max_power: float) -> int:
    """Return how often the reading fell and the energy shows that it had counted from 0 again."""
    return sum(
        0 < row.state < before.state
        and row.state - SOURCE_ROUNDING
        <= row.sum - before.sum
        <= _limit(max_power, row.start - before.start)
        for before, row in pairwise(rows)
    )


def _limit(max_power: float, seconds: int) -> float:
    """Return the kWh that can be drawn in a time."""
    return max_power * seconds / HOUR + SOURCE_TOLERANCE


def plan_take_over(matched: Match, rows: StatisticRows) -> tuple[InsertPlan, Change]:
    """Return the hours to be written beside those of our counter, and the change that does it."""
    own = [SumRow(row.start, row.state, row.sum) for row in rows.hourly if row.start in rows.own]
    live = [row for row in rows.hourly if row.start not in rows.own] or rows.short_term[:1]
    plan = plan_merge(matched.rows, own, live, rows.until, continues=matched.continues)
    change = insertion(plan, rows, ChangeReason.IMPORT, continues=matched.continues)
    # What was counted while the other sensor recorded nothing is known as a whole only.
    gaps = [pair for pair in pairwise(matched.rows) if pair[1].start > pair[0].start + HOUR]
    recorded = {row.start for row in matched.rows} - {row.start for _, row in gaps}
    recorded |= {row.start for row in own} - rows.spread
    spread = {row.start for row in plan.rows} - recorded
    bounds = sorted(
        {before.start + HOUR for before, _ in gaps} | {row.start + HOUR for _, row in gaps}
    )
    return plan, noted(change, spread, bounds)
