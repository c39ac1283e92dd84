"""What statistics should say about a time without readings, or of a counter that was replaced.

Nothing here reads or writes: it is told what stands there, and tells what should.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from ..counter_gap import Gap
from .rows import HOUR, Row, SumRow, full_hour

NOTHING: Final = 1e-6
"""kWh; sums are floats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mending:
    """What makes the statistics of a counter right about a gap."""

    at: int
    """From which row on all sums are to be shifted, in unix time."""
    shift: float = 0.0
    """kWh; 0 when the sums are right already."""
    restarted: bool = False
    """Whether Home Assistant had begun its sum anew after a long silence."""
    rows: list[SumRow] = field(default_factory=list)
    """Hours as they should be."""


def spread(
    start: float,
    end: float,
    energy: float,
    *,
    known: Mapping[int, float],
    usual: Mapping[int, float],
) -> dict[int, float]:
    """Return the kWh counted since `start` at every full hour until `end` (unix times).

    `known` are kWh since `start` at full hours that somebody remembers, `usual` the kWh of an
    hour, by its start, in whose shape the rest is spread. What neither tells is spread evenly.
    """
    anchors = [(start, 0.0)]
    for hour in sorted(known):
        if start < hour < end:
            least = anchors[-1][1]
            anchors.append((float(hour), min(max(known[hour], least), energy)))
    anchors.append((end, energy))
    counted: dict[int, float] = {}
    for (left, before), (right, after) in pairwise(anchors):
        counted |= _between(left, right, before, after, usual)
    return counted


def _between(
    left: float, right: float, before: float, after: float, usual: Mapping[int, float]
) -> dict[int, float]:
    """Return the kWh at the full hours after `left` up to `right`, which lies behind it."""
    hours = range(full_hour(left) + HOUR, full_hour(right) + 1, HOUR)
    edges = [left, *hours, right]
    shares = [
        usual.get(full_hour(begin), -1.0) * (stop - begin) / HOUR for begin, stop in pairwise(edges)
    ]
    if min(shares) < 0 or sum(shares) <= 0:
        shares = [stop - begin for begin, stop in pairwise(edges)]
    total, passed = sum(shares), 0.0
    counted: dict[int, float] = {}
    for hour, share in zip(hours, shares, strict=False):
        passed += share
        counted[hour] = before + (after - before) * min(passed / total, 1.0)
    return counted


def mending(
    gap: Gap,
    *,
    periods: Sequence[Row],
    hours: Sequence[Row],
    ours: Container[int],
    known: Mapping[int, float],
    usual: Mapping[int, float],
) -> Mending | None:
    """Return what is to be done about a gap, None as long as nothing after it is compiled.

    `periods` and `hours` are the rows around the gap, five-minute and hourly ones, as far as
    there are any; `ours` the hours that we have written. `known` are the readings in kWh that
    the box remembers at full hours.
    """
    after = _first_after(gap, periods) or _first_after(gap, hours)
    if after is None:
        return None
    before = _at_start(gap, periods) or _at_start(gap, hours)
    if before is None:
        # The statistics begin with this reading: there is nothing to be continued.
        return Mending(at=after.start)
    # Home Assistant goes on from its five-minute rows only, and keeps them for ten days.
    restarted = gap.goes_on and before.length == HOUR
    base = before.sum + max(gap.before - before.state, 0.0)
    shift = 0.0
    if restarted or not gap.goes_on:
        shift = base + gap.energy + (after.state - gap.after) - after.sum
    return Mending(
        at=after.start,
        shift=shift if abs(shift) > NOTHING else 0.0,
        restarted=restarted,
        rows=_hours_between(gap, base, hours, ours, known, usual),
    )


def _hours_between(
    gap: Gap,
    base: float,
    hours: Sequence[Row],
    ours: Container[int],
    known: Mapping[int, float],
    usual: Mapping[int, float],
) -> list[SumRow]:
    """Return the hours from that of the last reading to the one before the next reading.

    `base` is the sum at the last reading.
    """
    start, reading = gap.start, gap.before
    for row in hours:
        # Measured after the reading that was remembered: Home Assistant was not stopped in order.
        live = row.start not in ours and full_hour(start) <= row.start < full_hour(gap.end)
        if gap.goes_on and live and reading + NOTHING < row.state <= gap.after:
            start, base, reading = float(row.end), row.sum, row.state
    energy = gap.energy - (reading - gap.before)
    if energy <= 0 and gap.goes_on:
        return []
    counted = spread(
        start,
        gap.end,
        max(energy, 0.0),
        known={hour: value - reading for hour, value in known.items()} if gap.goes_on else {},
        usual=usual,
    )
    return [
        SumRow(hour - HOUR, reading + (kwh if gap.goes_on else 0.0), base + kwh)
        for hour, kwh in counted.items()
    ]


def _first_after(gap: Gap, rows: Sequence[Row]) -> Row | None:
    """Return the first row that shows a reading from after the gap."""
    for row in rows:
        if row.end > gap.end and abs(row.state - gap.after) <= abs(row.state - gap.before):
            return row
    return None


def _at_start(gap: Gap, rows: Sequence[Row]) -> Row | None:
    """Return the last row from before the gap.

    Rows within it prove nothing: when the counter comes back, its last reading is shown while
    the next one is confirmed, and a sum that begins anew begins with that.
    """
    return max(
        (row for row in rows if row.start <= gap.start and row.state <= gap.before + NOTHING),
        key=lambda row: row.start,
        default=None,
    )
