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
from .opening import leading_rows
from .rows import HOUR, Row, SumRow
from .same_counter import Match

MIN_RESTARTS: Final = 3
"""Falls of the reading from which it restarts by design. Meters are not replaced that often."""
UNIT_FACTORS: Final = (0.001, 1000.0)
"""By how much readings differ whose unit was changed without converting them: Wh and kWh."""
SIMILAR: Final = 30
"""Times the mean energy of an hour that the hours of another day have at most."""
SMALL_RISE: Final = 0.01
"""The part of a reading that is counted at most while its unit changes."""
COMPARED: Final = 24
"""Rows before and after a change of the unit whose energy is compared."""


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
    so is one whose readings restart by design: the last one says nothing about the next. Hours before a
    change of the unit that did not convert them are converted to the unit of the last hour.
    """
    if not rows:
        return UsableHours([], 0)
    stored, rows = rows, _in_one_unit(rows, max_power)
    restarts = _restarts(rows, max_power) >= MIN_RESTARTS
    reading, at = rows[0].state, rows[0].start
    done = [SumRow(at, 0.0 if isnan(reading) else reading, 0.0)]
    corrected = 0
    for (before, row), (was, there) in zip(pairwise(rows), pairwise(stored), strict=True):
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
        corrected += abs(rise - (there.sum - was.sum)) > SOURCE_ROUNDING
        total = done[-1].sum + rise
        done.append(SumRow(row.start, total if isnan(reading) else reading, total))
    return UsableHours(done, corrected)


def _in_one_unit(rows: Sequence[Row], max_power: float) -> Sequence[Row]:
    """Return rows in the unit of the last one.

    The unit changed between two rows if the one before, converted, precedes the next as a reading of
    the same counter, and hours before and after have similar energy only then.
    """
    factors, factor = [1.0], 1.0
    for number in range(len(rows) - 1, 0, -1):
        factor *= _unit_change(rows, number, factor, max_power)
        factors.append(factor)
    if len({*factors}) == 1:
        return rows
    factors.reverse()
    total = rows[0].sum
    done = [Row(rows[0].start, rows[0].length, rows[0].state * factors[0], total)]
    for number, (before, row) in enumerate(pairwise(rows), start=1):
        state, is_same = row.state * factors[number], factors[number] == factors[number - 1]
        booked = (row.sum - before.sum) * factors[number]
        total += booked if is_same else state - done[-1].state
        done.append(Row(row.start, row.length, state, total))
    return done


def _unit_change(rows: Sequence[Row], number: int, unit: float, max_power: float) -> float:
    """Return the factor that converts the rows before one to its unit, 1 if it is the same.

    `unit` converts the row itself to kWh.
    """
    before, row = rows[number - 1], rows[number]
    most = _limit(max_power, row.start - before.start)
    if 0 <= (row.state - before.state) * unit <= most:
        return 1.0
    for factor in UNIT_FACTORS:
        rise = row.state - before.state * factor
        if 0 <= rise * unit <= most and rise <= SMALL_RISE * row.state:
            earlier = _mean_rise(rows[max(number - COMPARED, 0) : number]) * factor
            later = _mean_rise(rows[number : number + COMPARED])
            if 0 < later <= SIMILAR * earlier and earlier <= SIMILAR * later:
                return factor
    return 1.0


def _mean_rise(rows: Sequence[Row]) -> float:
    """Return the mean rise of the reading from row to row, 0 if it is not known."""
    return (rows[-1].state - rows[0].state) / (len(rows) - 1) if len(rows) > 1 else 0.0


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
    own = leading_rows(own, matched.rows, rows)
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
