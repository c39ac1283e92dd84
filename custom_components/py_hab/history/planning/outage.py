"""What statistics should say about a time without readings, or of a counter that was replaced.

Nothing here reads or writes: it is told what stands there, and tells what should.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, nextafter
from typing import Final

from ...counters.gap import Gap
from ...counters.guard import DEFAULT_MAX_POWER
from .rows import HOUR, SHORT_TERM, Row, SumRow, full_hour

NOTHING: Final = 1e-6
"""kWh; sums are floats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutageRepair:
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
    load_profile: Mapping[int, float],
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
        counted |= _between(left, right, before, after, load_profile)
    return counted


def _between(
    left: float, right: float, before: float, after: float, load_profile: Mapping[int, float]
) -> dict[int, float]:
    """Return the kWh at the full hours after `left` up to `right`, which lies behind it."""
    hours = range(full_hour(left) + HOUR, full_hour(right) + 1, HOUR)
    edges = [left, *hours, right]
    lengths = [(stop - begin) / HOUR for begin, stop in pairwise(edges)]
    shares = [
        load_profile.get(full_hour(begin), -1.0) * length
        for begin, length in zip(edges, lengths, strict=False)
    ]
    energy, total = after - before, sum(shares)
    possible = total > 0 and all(
        0 <= share * energy <= DEFAULT_MAX_POWER * length * total
        for share, length in zip(shares, lengths, strict=True)
    )
    if not possible:
        shares, total = lengths, sum(lengths)
    passed = 0.0
    counted: dict[int, float] = {}
    for hour, share in zip(hours, shares, strict=False):
        passed += share
        counted[hour] = before + energy * min(passed / total, 1.0)
    return counted


def plan_outage_repair(
    gap: Gap,
    *,
    short_term_rows: Sequence[Row],
    hours: Sequence[Row],
    ours: Container[int],
    known: Mapping[int, float],
    load_profile: Mapping[int, float],
) -> OutageRepair | None:
    """Return what is to be done about a gap, None as long as nothing after it is compiled.

    `periods` and `hours` are the rows around the gap, five-minute and hourly ones, as far as
    there are any; `ours` the hours that we have written. `known` are the readings in kWh that
    the box remembers at full hours.
    """
    found = (_first_after(gap, short_term_rows), _first_after(gap, hours))
    # The oldest five-minute rows may have been purged meanwhile.
    after = min(filter(None, found), key=lambda row: row.end, default=None)
    if after is None:
        return None
    before = _at_start(gap, short_term_rows) or _at_start(gap, hours)
    if before is None or not _is_possible(gap, before):
        # The statistics begin with this reading: there is nothing to be continued.
        return OutageRepair(at=after.start)
    base = before.sum + gap.before - before.state
    # Home Assistant goes on from its five-minute rows only, and keeps them for ten days.
    restarted = gap.is_same_counter and before.length == HOUR
    pending_adjustment = [
        row.start for row in short_term_rows if restarted and row.start > gap.start
    ]
    if before.length < HOUR:
        seen = _last_seen(gap, short_term_rows)
    else:
        seen = _last_seen(
            gap, [row for row in hours if gap.is_same_counter and row.start not in ours]
        )
    energy = max(gap.energy, seen[1] - gap.before)
    shift = base + energy + (after.state - gap.after) - after.sum
    return OutageRepair(
        at=min([after.start, *pending_adjustment]),
        shift=shift if abs(shift) > NOTHING else 0.0,
        restarted=restarted,
        rows=_hours_between(gap, base, energy, seen, known, load_profile),
    )


def _is_possible(gap: Gap, before: Row) -> bool:
    """Whether a row shows the counter of the reading before the gap."""
    hours = (gap.start - before.start) / HOUR + 1
    return abs(gap.before - before.state) <= DEFAULT_MAX_POWER * hours


def _last_seen(gap: Gap, rows: Sequence[Row]) -> tuple[float, float]:
    """Return when the counter was last measured before the silence, and its reading.

    Rows show more than what was remembered if Home Assistant was not stopped in order.
    """
    most = gap.after if gap.is_same_counter else inf
    shown = [
        row
        for row in rows
        if gap.start < row.end <= gap.end and gap.before + NOTHING < row.state <= most
    ]
    reading = max((row.state for row in shown), default=gap.before)
    ends = [row.end for row in shown if row.state >= reading - NOTHING]
    # At an end that is a full hour, what is known of that hour is still to be heard.
    return nextafter(min(ends), 0.0) if shown else gap.start, reading


def _hours_between(
    gap: Gap,
    base: float,
    energy: float,
    seen: tuple[float, float],
    known: Mapping[int, float],
    load_profile: Mapping[int, float],
) -> list[SumRow]:
    """Return the hours from that of the last reading to the one before the next reading.

    `base` is the sum at the reading before the gap, `energy` what was counted until the next one.
    """
    start, reading = seen
    passed = reading - gap.before
    if energy <= 0 and gap.is_same_counter:
        return []
    counted = spread(
        start,
        gap.end,
        max(energy - passed, 0.0),
        known={hour: value - reading for hour, value in known.items()}
        if gap.is_same_counter
        else {},
        load_profile=load_profile,
    )
    # State and sum rise together, so that each of these rows tells what stood before the gap.
    return [
        SumRow(hour - HOUR, reading + kwh, base + passed + kwh) for hour, kwh in counted.items()
    ]


def _first_after(gap: Gap, rows: Sequence[Row]) -> Row | None:
    """Return the first row that shows a reading from after the gap.

    A reading is written up to a minute after it was believed.
    """
    for row in rows:
        lower = row.state < gap.before - NOTHING and row.end >= gap.end + SHORT_TERM
        nearer = abs(row.state - gap.after) <= abs(row.state - gap.before)
        if row.end > gap.end and (nearer or (lower and not gap.is_same_counter)):
            return row
    return None


def _at_start(gap: Gap, rows: Sequence[Row]) -> Row | None:
    """Return the last row that shows the counter from before the gap.

    Rows within it prove nothing: when the counter comes back, its last reading is shown while
    the next one is confirmed, and a sum that begins anew begins with that.
    """
    return max(
        (row for row in rows if row.start <= gap.start and row.end <= gap.end),
        key=lambda row: row.start,
        default=None,
    )
