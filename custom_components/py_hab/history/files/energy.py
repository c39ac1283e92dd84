"""Converts the readings or intervals of a table to what is imported of them."""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import Final

from ...counters.guard import DEFAULT_MAX_POWER, SLACK_S
from ...counters.verdict import Verdict
from ..planning.imported import ImportedEnergy, ImportedReadings, Total
from ..planning.rows import HOUR, full_hour
from .clock import RowError
from .hours import Rejected, sum_rows
from .steps import Interval

OVERLAP: Final = 60
"""Seconds by which an interval may begin before the end of the one before it, because times are
rounded."""


def imported_readings(
    readings: Iterable[tuple[int, float]], rejected: Rejected
) -> ImportedReadings:
    """Return the hours of a counter from its readings in kWh, ascending in time."""
    stream, known = iter(readings), _Known()
    first = next(stream, None)
    if first is None:
        return ImportedReadings(rows=[])
    opening: tuple[int, float] | None = None
    begin: list[tuple[int, float]] = [first]
    if first[1] == 0:
        # A counter that began at 0: a reader that has just started would go on with any reading.
        for reading in stream:
            if reading[1]:
                hours = (reading[0] - begin[-1][0] + SLACK_S) / HOUR
                opening = first if 0 < reading[1] <= DEFAULT_MAX_POWER * hours else None
                begin.append(reading)
                break
            # Of many zeros, the first and the last one say all.
            begin[1:] = [reading]
    rows = sum_rows(
        known.noted(chain(begin, stream)), 1.0, rejected, opening=opening, has_one_unit=True
    ).rows
    if rows and rows[-1].start == known.last:
        # Nothing is known of the hour that begins with the last reading.
        rows.pop()
    return ImportedReadings(rows=rows, spread=known.spread, bounds=sorted(known.bounds))


class _Known:
    """Notes the hours between readings that are far apart: how their energy was spread is unknown."""

    def __init__(self) -> None:
        self.spread: set[int] = set()
        self.bounds: set[int] = set()
        self.last = 0

    def noted(self, readings: Iterable[tuple[int, float]]) -> Iterator[tuple[int, float]]:
        """Yield the readings."""
        before: tuple[int, float] | None = None
        for reading in readings:
            if before is not None and reading[0] - before[0] > HOUR and reading[1] != before[1]:
                first, last = full_hour(before[0]), full_hour(reading[0] - 1)
                self.spread.update(range(first, last + HOUR, HOUR))
                self.bounds |= {full_hour(before[0]), full_hour(reading[0])}
            before = reading
            self.last = reading[0]
            yield reading


def imported_energy(
    intervals: Iterable[Interval], factor: float, rejected: Rejected, *, is_power: bool, now: int
) -> ImportedEnergy:
    """Return the energy of intervals, ascending in time.

    `factor` converts amounts to kWh, or kW if they are a power. Amounts that no house connection
    allows, and intervals that overlap or have not ended, are counted in `rejected`.
    """
    hours: dict[int, float] = {}
    totals: list[Total] = []
    ended = 0
    for written, end, amount in intervals:
        is_rounded = ended - OVERLAP <= written < ended < end
        start = ended if is_rounded else written
        length = end - start
        if length <= 0:
            rejected[RowError.BAD_TIME] += 1
            continue
        if start < ended:
            rejected[RowError.REPEATED] += 1
            continue
        if end > now:
            rejected[RowError.UNFINISHED] += 1
            continue
        kwh = amount * factor * (length / HOUR if is_power else 1.0)
        if kwh < 0:
            rejected[Verdict.NEGATIVE] += 1
            continue
        if kwh > DEFAULT_MAX_POWER * (length + SLACK_S) / HOUR:
            rejected[Verdict.IMPLAUSIBLE] += 1
            continue
        ended = end
        if length > HOUR:
            totals.append(Total(start, end, kwh))
            continue
        first = full_hour(start)
        if end <= first + HOUR:
            hours[first] = hours.get(first, 0.0) + kwh
            continue
        edges = [start, first + HOUR, end]
        for begin, finish in pairwise(edges):
            hour = full_hour(begin)
            hours[hour] = hours.get(hour, 0.0) + kwh * (finish - begin) / length
    return ImportedEnergy(hours=hours, totals=totals)
