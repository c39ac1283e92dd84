"""Prepares the hours of another sensor's statistic of the same counter to be taken over.

Whether it is the same counter is compared: the hours that both have recorded, and the readings that
are nearest to each other in time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import isnan
from typing import Final, NamedTuple

from ...counters.guard import DEFAULT_MAX_POWER
from .merge import SOURCE_ROUNDING, SOURCE_TOLERANCE
from .rows import HOUR, Row, SumRow

MAX_DEVIATION: Final = 0.05
"""The part by which two sensors of one counter may differ in the hours that both have recorded: one
of them may have been offline."""
MIN_HOURS: Final = 24
"""Hours that show how much a counter counts in an hour at most."""
MIN_AGREEMENT: Final = 2.5
"""kWh from which on equal hours prove that the counter is the same."""


class Doubt(StrEnum):
    """Why another sensor does not seem to have recorded the same counter."""

    OTHER_HOURS = "other_hours"
    """In the hours that both have recorded, they have counted different energy."""
    OTHER_READINGS = "other_readings"
    """The readings of the one do not continue those of the other."""
    NOTHING_TO_COMPARE = "nothing_to_compare"
    """They have no hours in common, and one of them has no readings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What shows that the counter may be another one, in kWh."""

    doubt: Doubt
    source: float = 0.0
    """The energy or the reading of the other sensor."""
    counter: float = 0.0
    """The same of our counter."""
    hours: int = 0
    """The number of hours that both have recorded."""


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


def compare(
    source: Sequence[Row], usable: Sequence[SumRow], counter: Sequence[Row]
) -> Comparison | None:
    """Return what speaks against one counter, None if nothing does.

    `source` are the rows of the other statistic, `usable` its `usable_hours`. `counter` are rows of
    our counter, ascending, with what Home Assistant has measured.
    """
    theirs, ours = _energy_by_hour(usable), _energy_by_hour(counter)
    common = theirs.keys() & ours.keys()
    one, other = (sum(energy[hour] for hour in common) for energy in (theirs, ours))
    most = max(one, other)
    if abs(one - other) > max(SOURCE_TOLERANCE, MAX_DEVIATION * most):
        return Comparison(doubt=Doubt.OTHER_HOURS, source=one, counter=other, hours=len(common))
    if most >= MIN_AGREEMENT:
        # A sensor may have its own reading, for example since it was created.
        return None
    pair = _nearest([row for row in source if not isnan(row.state)], counter)
    if pair is None:
        return Comparison(doubt=Doubt.NOTHING_TO_COMPARE)
    power = _usual_power([*theirs.values(), *ours.values()])
    earlier, later = sorted(pair, key=lambda row: row.end)
    # The readings of one hour may be from different times in it.
    slack = power if earlier.end == later.end else 0.0
    rise = later.state - earlier.state
    limit = _limit(power, later.end - earlier.end + HOUR)
    if -slack - SOURCE_TOLERANCE <= rise <= limit:
        return None
    return Comparison(doubt=Doubt.OTHER_READINGS, source=pair[0].state, counter=pair[1].state)


def _energy_by_hour(rows: Iterable[Row | SumRow]) -> dict[int, float]:
    """Return the kWh of each hour whose row follows that of the hour before."""
    hourly = [row for row in rows if isinstance(row, SumRow) or row.length == HOUR]
    return {
        row.start: row.sum - before.sum
        for before, row in pairwise(hourly)
        if row.start == before.start + HOUR
    }


def _usual_power(energies: Sequence[float]) -> float:
    """Return the power in kW that the counter hardly exceeds for long, by the energy of its hours."""
    if len(energies) < MIN_HOURS:
        return DEFAULT_MAX_POWER
    return min(2 * max(energies), DEFAULT_MAX_POWER)


def _nearest(source: Sequence[Row], counter: Sequence[Row]) -> tuple[Row, Row] | None:
    """Return the rows of both that are nearest to each other in time, None without rows."""
    return min(
        ((theirs, ours) for ours in (*counter[:1], *counter[-1:]) for theirs in source),
        key=lambda pair: abs(pair[0].end - pair[1].end),
        default=None,
    )
