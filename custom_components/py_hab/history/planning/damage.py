"""Finds damage in the statistics of a counter that its readings prove.

Home Assistant continues a sum from short-term rows. Without them (purged, or ten days old) it starts
the sum again, and without a row for an hour, it adds what was counted meanwhile to the next one. The
readings (`state`) before and after say what is right: such damage is repaired like a gap.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from itertools import pairwise
from math import inf
from typing import Final

from ...counters.gap import Gap, Reading
from ...counters.guard import DEFAULT_MAX_POWER
from ...counters.verdict import Verdict
from .load_shape import MIN_HOURS, LoadShape
from .rows import HOUR, ROUNDING_ERROR, Row, SumRow

TOLERANCE: Final = 0.01
"""kWh by which the rise of a sum may differ from that of the readings: both are rounded."""
DAY_HOURS: Final = 24
MAX_MEAN_POWER: Final = 10.0
"""kW; what a home draws or feeds in at most over many days. Readings that are farther apart are those
of two counters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """What is wrong with the statistics of a counter."""

    gaps: list[Gap] = field(default_factory=list)
    """Sums that have started again at 0; the readings before and after prove what was counted."""
    holes: list[tuple[Row, Row]] = field(default_factory=list)
    """Rows before and after missing hours whose energy stands in the row after them."""
    unproven: int = 0
    """The number of sums that fall, or jump, without readings that prove what is right."""


def find_damage(
    key: str,
    hourly_rows: Sequence[Row],
    short_term_rows: Sequence[Row] = (),
    *,
    late: Container[int] = (),
    late_short_term: Container[int] = (),
    pending: Iterable[Gap] = (),
    resumed: Reading | None = None,
) -> Damage:
    """Return the damage between hourly rows (ascending) of the counter with this key.

    `late` are hours that were compiled long after their end, `late_short_term` such short-term
    rows, `pending` gaps that are repaired anyway. `resumed` is the last reading before the start of
    Home Assistant.
    """
    waiting = list(pending)
    existing = {row.end: row for row in hourly_rows}
    gaps: list[Gap] = []
    holes: list[tuple[Row, Row]] = []
    unproven = 0
    measured = list(measured_rows(hourly_rows, late))
    most = _most(measured)
    for before, after in pairwise(measured):
        falls = after.sum < before.sum - ROUNDING_ERROR
        is_hole = after.start > before.end
        if not (falls or is_hole) or _overlaps(waiting, before, after):
            continue
        if not _is_proven(before, after):
            unproven += falls or after.sum - before.sum > _possible_rise(before, after)
        elif _has_restarted(before, after):
            gaps.append(_gap(key, before, after, short_term_rows))
        elif falls:
            unproven += 1
        elif _is_counted_at_once(before, after):
            # Where rows only carry the last reading on, nothing may have been counted.
            carried_on = existing.get(after.start)
            if carried_on is None or (
                not _is_contained(resumed, carried_on)
                and (
                    _is_impossible(carried_on, after, short_term_rows, most)
                    or _is_disproved(carried_on, after, short_term_rows, resumed)
                )
            ):
                holes.append(
                    (_measured_part(before, after, short_term_rows, late_short_term), after)
                )
    return Damage(gaps=gaps, holes=holes, unproven=unproven)


def filled(
    holes: Iterable[tuple[Row, Row]],
    shape: LoadShape | None = None,
    known_readings: Mapping[int, float] | None = None,
) -> list[SumRow]:
    """Return the missing hours of holes: the energy in the row after them is spread.

    `known_readings` are readings (kWh) at full hours. Between them, the energy follows the shape;
    without one, it is spread evenly.
    """
    days = shape or LoadShape({}, UTC)
    rows: list[SumRow] = []
    for before, after in holes:
        known = {hour: kwh - before.state for hour, kwh in (known_readings or {}).items()}
        counted = days.split(before.end, after.end, after.sum - before.sum, known)
        rows += [
            SumRow(end - HOUR, before.state + kwh, before.sum + kwh)
            for end, kwh in counted.items()
            if end <= after.start
        ]
    return rows


def measured_rows(rows: Iterable[Row], late: Container[int]) -> Iterator[Row]:
    """Yield rows without those in which the last reading was only carried on, after a restart."""
    last: Row | None = None
    is_carried_on = False
    for row in rows:
        is_same = last is not None and (row.state, row.sum) == (last.state, last.sum)
        # The last hours before the restart were not compiled late, but not measured either.
        is_after_late = last is not None and last.start in late
        is_carried_on = is_same and (is_carried_on or is_after_late or row.start in late)
        if not is_carried_on:
            yield row
            last = row


def _measured_part(
    before: Row, after: Row, short_term_rows: Iterable[Row], late: Container[int]
) -> Row:
    """Return the row before a hole, up to the time until which its reading was measured.

    Of the short-term rows that were compiled late, the first one has states from before.
    """
    ends = (
        row.end
        for row in short_term_rows
        if before.start <= row.start < after.start and row.start in late
    )
    return replace(before, length=next(ends, before.end) - before.start)


def _overlaps(gaps: Iterable[Gap], before: Row, after: Row) -> bool:
    return any(gap.start < after.end and before.end - HOUR <= gap.end for gap in gaps)


def _is_proven(before: Row, after: Row) -> bool:
    """Whether the readings can be those of one counter that simply continued."""
    return 0 <= after.state - before.state <= _possible_rise(before, after)


def _possible_rise(before: Row, after: Row) -> float:
    """Return the kWh that one counter can have counted between two rows."""
    hours = (after.end - before.end) / HOUR + 1
    later = max(hours - DAY_HOURS, 0.0)
    return DEFAULT_MAX_POWER * (hours - later) + MAX_MEAN_POWER * later


def _is_counted_at_once(before: Row, after: Row) -> bool:
    """Whether the row after missing hours contains what was counted in them, as readings prove."""
    rise, booked = after.state - before.state, after.sum - before.sum
    return booked > ROUNDING_ERROR and abs(booked - rise) <= TOLERANCE


def _most(rows: Iterable[Row]) -> float:
    """Return the kWh of the largest hour that two adjoining rows show; infinity if few do."""
    known = [row.sum - before.sum for before, row in pairwise(rows) if row.start == before.end]
    return max(known) if len(known) >= MIN_HOURS else inf


def _is_impossible(
    before: Row, after: Row, short_term_rows: Sequence[Row], most: float = inf
) -> bool:
    """Whether the energy in a row cannot have been counted in its hour.

    It cannot if the first reading that differs is farther away than any hour has been.
    """
    recent = _rows_around(after, short_term_rows)
    return after.state - before.state > DEFAULT_MAX_POWER or any(
        later.state - earlier.state
        > min(
            DEFAULT_MAX_POWER * (later.end - earlier.end + HOUR / 12) / HOUR,
            most if earlier.state == before.state else inf,
        )
        for earlier, later in pairwise(recent)
    )


def _is_contained(resumed: Reading | None, carried_on: Row) -> bool:
    """Whether a row that carries a reading on contains the last one before the start.

    The database lacks nothing then: what was counted while nobody read is a gap.
    """
    return resumed is not None and resumed.kwh <= carried_on.state + TOLERANCE


def _is_disproved(
    before: Row, after: Row, short_term_rows: Sequence[Row], resumed: Reading | None
) -> bool:
    """Whether the counter had been read while its rows only carried an earlier reading on.

    The database was put back since, and lacks that reading.
    """
    if resumed is None or resumed.kwh > after.state:
        return False
    carried_on = (
        row.end
        for row in _rows_around(after, short_term_rows)
        if row.state <= before.state + ROUNDING_ERROR
    )
    return resumed.at <= max(carried_on, default=after.start)


def _rows_around(after: Row, short_term_rows: Iterable[Row]) -> list[Row]:
    """Return the short-term rows of an hour, and of the one before it."""
    return [row for row in short_term_rows if after.start - HOUR <= row.start < after.end]


def _has_restarted(before: Row, after: Row) -> bool:
    """Whether a sum has started again at 0 between two rows.

    It holds less than the readings rose, then: only what was counted since. It need not fall: the
    one before may be near 0. Users adjust sums by other amounts; that is left to them.
    """
    rise, booked = after.state - before.state, after.sum - before.sum
    return booked < rise - TOLERANCE and -ROUNDING_ERROR <= after.sum <= rise + TOLERANCE


def _gap(key: str, before: Row, after: Row, short_term_rows: Sequence[Row]) -> Gap:
    """Return the damage as a gap, as exactly as short-term rows show it."""
    recent = [row for row in short_term_rows if before.end - HOUR <= row.start < after.end]
    last, first = before, after
    for row in recent:
        if row.end <= before.end:
            continue
        first = row
        break
    for earlier, later in _falls(recent):
        last, first = earlier, later
        break
    return Gap(
        key=key,
        start=last.end,
        before=last.state,
        # The reading of a row is the last one in it.
        end=first.end - 1,
        after=first.state,
        verdict=Verdict.ACCEPTED,
    )


def _falls(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Yield the pairs of rows between which the sum falls."""
    for earlier, later in pairwise(rows):
        if later.sum < earlier.sum - ROUNDING_ERROR:
            yield earlier, later
