"""Prepares the hours of another sensor's statistic of the same counter to be taken over."""

from collections.abc import Sequence
from itertools import pairwise
from math import isnan
from typing import NamedTuple

from ...counters.guard import DEFAULT_MAX_POWER
from .merge import SOURCE_ROUNDING, SOURCE_TOLERANCE
from .rows import HOUR, Row, SumRow


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
    is impossible as well count as 0. A statistic without readings is judged by its sums alone.
    """
    if not rows:
        return UsableHours([], 0)
    reading, at = rows[0].state, rows[0].start
    done = [SumRow(at, 0.0 if isnan(reading) else reading, 0.0)]
    corrected = 0
    for before, row in pairwise(rows):
        counted, booked = row.state - reading, row.sum - before.sum
        rise = 0.0
        # Comparisons with NaN, which is a missing reading, are false.
        if 0 <= counted <= _limit(max_power, row.start - at):
            rise, reading, at = counted, row.state, row.start
        elif 0 <= booked <= _limit(max_power, row.start - before.start):
            rise = booked
            if booked > 0:
                reading, at = row.state, row.start
        corrected += abs(rise - booked) > SOURCE_ROUNDING
        total = done[-1].sum + rise
        done.append(SumRow(row.start, total if isnan(reading) else reading, total))
    return UsableHours(done, corrected)


def _limit(max_power: float, seconds: int) -> float:
    """Return the kWh that can be drawn in a time."""
    return max_power * seconds / HOUR + SOURCE_TOLERANCE
