"""Plans the repair of statistics after a gap in the readings of a counter, or its replacement."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, nextafter
from typing import NamedTuple

from ...counters.gap import Gap
from ...counters.guard import DEFAULT_MAX_POWER
from .rows import HOUR, ROUNDING_ERROR, SHORT_TERM, Row, SumRow
from .shape import spread


@dataclass(frozen=True, kw_only=True, slots=True)
class OutageRepair:
    """The changes that make the statistics of a counter reflect a gap."""

    adjust_from: int
    """The start of the first row whose sum is adjusted."""
    adjustment: float = 0.0
    """kWh to add to all sums from there on; 0 if the sums are already correct."""
    sum_restarted: bool = False
    """Whether Home Assistant has restarted the sum after a long gap."""
    rows: list[SumRow] = field(default_factory=list)
    """The hours from that of the last reading before the gap to the end of the gap."""


class _Reading(NamedTuple):
    time: float
    kwh: float


def plan_outage_repair(
    gap: Gap,
    *,
    short_term_rows: Sequence[Row],
    hourly_rows: Sequence[Row],
    own_hours: Container[int],
    known_readings: Mapping[int, float],
    load_profile: Mapping[int, float],
    otherwise: Mapping[int, float] | None = None,
    most: float = inf,
) -> OutageRepair | None:
    """Return how to repair a gap, or None until a reading after it has been compiled.

    `short_term_rows` and `hourly_rows` are the rows around the gap, as far as they exist.
    `own_hours` are the hours that py_hab has written. `known_readings` are readings (kWh) at full
    hours from device statistics. For `load_profile`, `otherwise` and `most`, see `spread`.
    """
    measured_hours = [row for row in hourly_rows if row.start not in own_hours]
    if _was_measured(gap, [*short_term_rows, *measured_hours]):
        return OutageRepair(adjust_from=int(gap.end))
    # The oldest short-term rows may have been purged since, so the hourly row can be earlier.
    first = (_first_after(gap, rows) for rows in (short_term_rows, hourly_rows))
    after = min(filter(None, first), key=lambda row: row.end, default=None)
    if after is None:
        return None
    before = _last_before(gap, short_term_rows) or _last_before(gap, hourly_rows)
    if before is None or not _is_possible(gap, before):
        # The statistics start with the reading after the gap.
        return OutageRepair(adjust_from=after.start)
    sum_before = before.sum + gap.before - before.state
    # Home Assistant continues a sum from short-term rows only, and purges them after ten days.
    sum_restarted = gap.is_same_counter and before.length == HOUR
    restarted_rows = [
        row.start for row in short_term_rows if sum_restarted and row.start > gap.start
    ]
    readable = short_term_rows
    if before.length == HOUR:
        readable = measured_hours if gap.is_same_counter else []
    last = _last_reading(gap, readable)
    counted_before = last.kwh - gap.before
    if gap.counted_since is None:
        energy = max(gap.energy, counted_before)
    else:
        energy = counted_before + gap.energy
    adjustment = sum_before + energy + (after.state - gap.after) - after.sum
    return OutageRepair(
        adjust_from=min([after.start, *restarted_rows]),
        adjustment=adjustment if abs(adjustment) > ROUNDING_ERROR else 0.0,
        sum_restarted=sum_restarted,
        rows=_gap_rows(
            gap, sum_before, energy, last, known_readings, (load_profile, otherwise), most
        ),
    )


def _was_measured(gap: Gap, rows: Sequence[Row]) -> bool:
    """Whether the counter had risen above the reading after the gap before that time.

    The clock of Home Assistant was wrong then, and the gap is none.
    """
    return gap.is_same_counter and any(
        gap.start <= row.start and row.end <= gap.end and row.state > gap.after + ROUNDING_ERROR
        for row in rows
    )


def _is_possible(gap: Gap, before: Row) -> bool:
    """Whether a row can belong to the counter that was read before the gap."""
    hours = (gap.start - before.start) / HOUR + 1
    return abs(gap.before - before.state) <= DEFAULT_MAX_POWER * hours


def _last_reading(gap: Gap, rows: Sequence[Row]) -> _Reading:
    """Return the last reading of the counter before the gap.

    It can be later than the start of the gap: after a crash of Home Assistant, rows contain
    readings that the counter store had not saved yet.
    """
    most = gap.after if gap.is_same_counter else inf
    later = [
        row
        for row in rows
        if gap.start < row.end <= gap.end and gap.before + ROUNDING_ERROR < row.state <= most
    ]
    kwh = max((row.state for row in later), default=gap.before)
    ends = [row.end for row in later if row.state >= kwh - ROUNDING_ERROR]
    # If the row ends at a full hour, a known reading at that hour must still be used. `spread`
    # uses only those after the start.
    return _Reading(nextafter(min(ends), 0.0) if later else gap.start, kwh)


def _gap_rows(
    gap: Gap,
    sum_before: float,
    energy: float,
    last: _Reading,
    known_readings: Mapping[int, float],
    load_profiles: tuple[Mapping[int, float], Mapping[int, float] | None],
    most: float,
) -> list[SumRow]:
    """Return the hours from that of the last reading to the one before the next reading.

    `sum_before` is the sum at the reading before the gap, `energy` the kWh counted from there to
    the reading after the gap.
    """
    counted_before = last.kwh - gap.before
    if energy <= 0 and gap.is_same_counter:
        return []
    known_energy: dict[float, float] = {}
    if gap.is_same_counter:
        known_energy = {hour: kwh - last.kwh for hour, kwh in known_readings.items()}
    elif gap.counted_since is not None:
        # A new counter says nothing about the time before its first reading.
        known_energy = {gap.counted_since: 0.0}
    # The energy of a new counter is not counted from the reading before the gap.
    included = counted_before if gap.counted_since is None else 0.0
    known_energy |= {time: kwh - included for time, kwh in gap.known_energy.items()}
    counted = spread(
        last.time,
        gap.end,
        max(energy - counted_before, 0.0),
        known_energy=known_energy,
        load_profile=load_profiles[0],
        otherwise=load_profiles[1],
        most=most,
    )
    # State and sum rise together, so `sum_before` can be derived from any of these rows if the gap
    # is repaired again.
    return [
        SumRow(hour - HOUR, last.kwh + kwh, sum_before + counted_before + kwh)
        for hour, kwh in counted.items()
    ]


def _first_after(gap: Gap, rows: Sequence[Row]) -> Row | None:
    """Return the first row with a reading from after the gap.

    The state of the entity can follow an accepted reading up to a minute later.
    """
    for row in rows:
        is_lower = row.state < gap.before - ROUNDING_ERROR and row.end >= gap.end + SHORT_TERM
        is_nearer = abs(row.state - gap.after) <= abs(row.state - gap.before)
        if row.end > gap.end and (is_nearer or (is_lower and not gap.is_same_counter)):
            return row
    return None


def _last_before(gap: Gap, rows: Sequence[Row]) -> Row | None:
    """Return the last row that shows the counter before the gap.

    Rows within the gap are not reliable: while the first new reading is being confirmed, the entity
    shows the last accepted one, and a restarted sum starts with that.
    """
    return max(
        (row for row in rows if row.start <= gap.start and row.end <= gap.end),
        key=lambda row: row.start,
        default=None,
    )
