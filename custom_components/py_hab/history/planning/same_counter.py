"""Finds out whether another sensor has recorded our counter, and whether its readings go on in ours.

The hours that both have recorded are compared, and their readings at the present or where they are
nearest to each other in time. This shows how the hours of the other sensor join ours: the energy
between two readings may only be counted if both are readings of one counter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, batched, pairwise
from math import isnan
from statistics import fmean
from typing import Final, NamedTuple

from ...counters.guard import DEFAULT_MAX_POWER
from .merge import SOURCE_TOLERANCE
from .rows import HOUR, Row, SumRow

MAX_DEVIATION: Final = 0.05
"""The part by which two sensors of one counter may differ in the hours that both have recorded: one
of them may have been offline."""
MAX_OTHER_DAYS: Final = 0.2
"""The part of the days that may differ more."""
DAY: Final = 24
"""Hours."""
AGREEMENT: Final = 5
"""Equal hours prove that the counter is the same if their energy is so many times the tolerance."""
WHOLE_KWH: Final = 1.0
"""kWh by which the energy of a time differs between a display of whole kWh and an exact one."""
READ_APART: Final = 0.25
"""Hours between two readings of one counter that two sensors show at the same time."""
UNUSUAL: Final = 10
"""Times the mean power that a counter has hardly had over days, for example in another season."""


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
    """The number of hours that both have recorded, or of those of a day that differ."""


class Shown(NamedTuple):
    """What both sensors show at the present, in kWh."""

    source: float
    counter: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """How the hours of another sensor join those of our counter."""

    rows: Sequence[SumRow]
    """The hours, with our counter's readings if the other sensor counts the same with its own."""
    continues: bool
    """Whether our counter goes on from the last reading of these hours."""
    difference: Comparison | None
    """Why it seems to be another counter, None if it does not."""


def match(
    source: Sequence[Row],
    usable: Sequence[SumRow],
    counter: Sequence[Row],
    shown: Shown | None = None,
) -> Match:
    """Return whether both are one counter, and how the hours of the one join those of the other.

    `source` are the rows of the other statistic, `usable` its `usable_hours`. `counter` are rows of
    our counter, ascending, with what Home Assistant has measured.
    """
    # Rows without a reading, or with an impossible one, do not show it.
    read = [row for row, there in zip(usable, source, strict=True) if row.state == there.state]
    is_read = not any(isnan(row.state) for row in source)
    common = _Common.of(usable, counter, tolerance=_tolerance(read))
    difference = common.difference()
    if difference is None and common.proves:
        rows = _with_readings(usable, read or usable, counter, is_read=is_read)
        return Match(rows=rows, continues=True, difference=None)
    pair = _nearest(read, counter)
    if shown is not None:
        fits = abs(shown.source - shown.counter) <= common.tolerance + common.power * READ_APART
        readings = shown
    elif pair is not None:
        fits = _can_follow(pair, common)
        readings = Shown(pair[0].state, pair[1].state)
    else:
        return Match(
            rows=usable,
            continues=False,
            difference=difference or Comparison(doubt=Doubt.NOTHING_TO_COMPARE),
        )
    if difference is None and not fits:
        difference = Comparison(
            doubt=Doubt.OTHER_READINGS, source=readings.source, counter=readings.counter
        )
    rows = usable if is_read or not fits else _anchored(usable, usable[-1], readings.source)
    return Match(rows=rows, continues=fits, difference=difference)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Common:
    """The energy that both have counted, in kWh."""

    source: Sequence[float]
    """By the hours that both have recorded."""
    counter: Sequence[float]
    hourly: Sequence[float]
    """All hours of both."""
    tolerance: float

    @classmethod
    def of(cls, source: Sequence[SumRow], counter: Sequence[Row], *, tolerance: float) -> _Common:
        theirs, ours = _energy_by_hour(source), _energy_by_hour(counter)
        hours = sorted(theirs.keys() & ours.keys())
        return cls(
            source=[theirs[hour] for hour in hours],
            counter=[ours[hour] for hour in hours],
            hourly=[*theirs.values(), *ours.values()],
            tolerance=tolerance,
        )

    @property
    def proves(self) -> bool:
        """Whether enough was counted in these hours to know the counter by them."""
        return max(sum(self.source), sum(self.counter)) >= AGREEMENT * self.tolerance

    @property
    def power(self) -> float:
        """The power in kW that the counter hardly exceeds for long."""
        if len(self.hourly) < DAY:
            return DEFAULT_MAX_POWER
        return min(2 * max(self.hourly), DEFAULT_MAX_POWER)

    def difference(self) -> Comparison | None:
        """Return by how much the energy of both differs, as a whole or within its days."""
        total = self._compared(sum(self.source), sum(self.counter), len(self.source))
        if total is not None:
            return total
        days = [*batched(zip(self.source, self.counter, strict=True), DAY, strict=False)]
        other = [found for day in days if (found := self._within(day)) is not None]
        if len(other) <= MAX_OTHER_DAYS * len(days):
            return None
        return max(other, key=lambda found: abs(found.source - found.counter))

    def _within(self, day: Sequence[tuple[float, float]]) -> Comparison | None:
        """Return the hours from the start of a day that differ most, None if they do not."""
        theirs, ours = ([*accumulate(energies)] for energies in zip(*day, strict=True))
        hours = max(range(len(day)), key=lambda number: abs(theirs[number] - ours[number]))
        least = MAX_DEVIATION * max(theirs[-1], ours[-1])
        found = self._compared(theirs[hours], ours[hours], hours + 1)
        return found if found and abs(found.source - found.counter) > least else None

    def _compared(self, source: float, counter: float, hours: int) -> Comparison | None:
        if abs(source - counter) <= max(self.tolerance, MAX_DEVIATION * max(source, counter)):
            return None
        return Comparison(doubt=Doubt.OTHER_HOURS, source=source, counter=counter, hours=hours)


def _tolerance(read: Sequence[SumRow]) -> float:
    """Return the kWh by which two sensors of one counter differ, because they round."""
    is_whole = bool(read) and all(row.state.is_integer() for row in read)
    return WHOLE_KWH if is_whole else SOURCE_TOLERANCE


def _energy_by_hour(rows: Iterable[Row | SumRow]) -> Mapping[int, float]:
    """Return the kWh of each hour whose row follows that of the hour before."""
    hourly = [row for row in rows if isinstance(row, SumRow) or row.length == HOUR]
    return {
        row.start: row.sum - before.sum
        for before, row in pairwise(hourly)
        if row.start == before.start + HOUR
    }


def _with_readings(
    usable: Sequence[SumRow], read: Sequence[SumRow], counter: Sequence[Row], *, is_read: bool
) -> Sequence[SumRow]:
    """Return hours with the readings that our counter has had in them.

    The other sensor may have a reading of its own, for example since it was created or since the
    start of the month. The last hour that both have recorded shows it.
    """
    readings = {row.start: row.state for row in counter if not isnan(row.state)}
    last = next((row for row in reversed(read) if row.start in readings), None)
    if last is None:
        return usable
    reading = readings[last.start]
    is_ours = abs(last.state - reading) <= SOURCE_TOLERANCE and last.state >= usable[0].state
    return usable if is_read and is_ours else _anchored(usable, last, reading)


def _anchored(rows: Sequence[SumRow], anchor: SumRow, reading: float) -> list[SumRow]:
    """Return rows with the readings of a counter that shows `reading` at the end of one of them."""
    return [SumRow(row.start, max(reading + row.sum - anchor.sum, 0.0), row.sum) for row in rows]


def _nearest(source: Sequence[SumRow], counter: Sequence[Row]) -> tuple[SumRow, Row] | None:
    """Return the rows of both that are nearest to each other in time, None without rows."""
    return min(
        ((theirs, ours) for ours in (*counter[:1], *counter[-1:]) for theirs in source),
        key=lambda pair: abs(pair[0].start + HOUR - pair[1].end),
        default=None,
    )


def _can_follow(pair: tuple[SumRow, Row], common: _Common) -> bool:
    """Whether one counter can have shown the readings of both rows."""
    theirs, ours = pair
    hours = (ours.end - theirs.start - HOUR) / HOUR
    rise = ours.state - theirs.state
    if hours < 0:
        hours, rise = -hours, -rise
    least = -common.tolerance
    most = common.power * (hours + READ_APART) + common.tolerance
    if not hours:
        least = -most
    elif hours > DAY and len(common.hourly) >= DAY:
        usual = fmean(common.hourly) * hours
        least += usual / UNUSUAL
        most = min(most, common.power * DAY + UNUSUAL * usual)
    return least <= rise <= most
