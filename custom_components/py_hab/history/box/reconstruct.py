"""Calculates hourly readings of a counter from device statistics.

A box stores energy in steps, days and months. The finest series that covers a time determines its
energy; the rest of the total of a coarser period is spread over the rest of its time, first evenly,
and in the end in the shape of the counter's known hours: of quarters, then of six hours as well. It is
unknown when exactly steps of less than a day start (see `calendar`): they are cut where a coarser
period starts, and scaled so that days and months have the totals of the box. The history is then
calculated backwards from the present reading of the counter.

Inside this file, energy is in kWh and time in unix seconds.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from itertools import islice, pairwise
from math import isclose
from typing import Final, NamedTuple

from ...counters.guard import DEFAULT_MAX_POWER
from ...fritzbox.device_stats import Series
from ..planning.load_shape import Daylight
from ..planning.rows import HOUR, full_hour
from .calendar import (
    MAX_VALUES,
    QUARTER_STEP,
    SIX_HOUR_STEP,
    STEPS,
    UPDATE_TIME,
    ByTheClock,
    Period,
    anchor_of,
    by_the_clock,
    periods,
)
from .pieces import Piece, ShapedPieces, Splitter, even_split, reported_hours

_WATT_HOUR: Final = 0.001
"""kWh; the largest rounding error of a value."""
_PLUG_POWER: Final = 4.0
"""kW; the most that a device draws. Used where a value equals the whole counter."""
_EQUAL: Final = 0.01
"""Relative difference of two values that both contain the whole counter, read one after the
other."""
_MAX_READING: Final = 1e9
"""kWh of a counter."""
_LONG_IDLE: Final = 28 * 24 * HOUR
"""Seconds for which a device in use hardly ever draws nothing."""


class DiscardReason(StrEnum):
    """Why a part of the device statistics is not used."""

    CLOCK = "clock"
    """A series was updated in the future or more than a year ago, so its days are unknown."""
    WHOLE_COUNTER = "whole_counter"
    """A value contains all energy that the counter has ever counted, or more than is possible."""
    IMPOSSIBLE = "impossible"
    """Values are negative, or more than a house can draw in the time."""
    MISMATCH = "mismatch"
    """The total of a day or month does not match its parts. Nothing before it is used."""
    UNKNOWN = "unknown"
    """No series covers a time. Nothing before it is used."""
    COUNTER_RESET = "counter_reset"
    """The statistics contain more energy than the counter shows: it was reset. Nothing before the
    reset is used."""
    NOTHING_BEFORE = "nothing_before"
    """The oldest weeks are 0, but the counter had counted before: the statistics were reset, or the
    device was not in use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyHistory:
    """The past readings of a counter, calculated from device statistics."""

    readings: Mapping[int, float]
    """Readings (kWh) by full hour (unix time): ascending, without holes, up to the last full
    hour."""
    discarded: tuple[DiscardReason, ...]
    """Why there is nothing older, and what was left out."""
    period_boundaries: frozenset[int] = field(default=frozenset(), compare=False)
    """The full hours at which a value of the box starts or ends, within a quarter of an hour. The
    readings between them are interpolated, over a month where nothing finer is known."""
    reported: frozenset[int] = field(default=frozenset(), compare=False)
    """The starts of the hours whose energy the box has reported, not that of a longer time."""


class _Hole(NamedTuple):
    """A time of a period that no piece covers."""

    start: int
    end: int


class _Fit(NamedTuple):
    """The result of fitting a coarser series to finer pieces."""

    pieces: list[Piece]
    """Newest first, up to the first contradiction."""
    is_consistent: bool
    """Whether no period contradicts the pieces in it."""


def energy_history(
    series: Sequence[Series],
    *,
    counter: float,
    now: datetime,
    zone: tzinfo,
    read_at: datetime | None = None,
    known: Mapping[int, float] | None = None,
    daylight: Sequence[Daylight] | None = None,
) -> EnergyHistory:
    """Return the readings of a counter at full hours, calculated backwards from its last reading.

    `series` are in kWh, received at `now`; `zone` is the time zone of the box. `counter` is the last
    reading (kWh), and `read_at` its time; None means `now`. The series may contain energy that was
    counted after that reading.

    `known` are hours (kWh by start) that are known already. Days and months get their shape, and that
    of the hours in the series; None spreads them evenly. `daylight` are the times of daylight if the
    counter counts feed-in.
    """
    discarded: set[DiscardReason] = set()
    readings: dict[int, float] = {}
    period_boundaries: frozenset[int] = frozenset()
    reported: frozenset[int] = frozenset()
    if 0 <= counter <= _MAX_READING:
        layers = _layers(series, counter, now, zone, discarded)
        pieces = _combined(layers, int(now.timestamp()), discarded)
        read = min(read_at or now, now).timestamp()
        pieces = list(_until(pieces, int(read) + 1))
        shape = even_split if known is None else ShapedPieces(pieces, known, zone, daylight).split
        readings = _readings(pieces, counter, full_hour(read), discarded, shape)
        period_boundaries = _boundaries(pieces) & readings.keys()
        reported = frozenset(reported_hours(pieces) & readings.keys())
    else:
        discarded.add(DiscardReason.IMPOSSIBLE)
    return EnergyHistory(
        readings=readings,
        period_boundaries=period_boundaries,
        reported=reported,
        discarded=tuple(reason for reason in DiscardReason if reason in discarded),
    )


# Which values are used


def _layers(
    series: Sequence[Series],
    counter: float,
    now: datetime,
    zone: tzinfo,
    discarded: set[DiscardReason],
) -> list[list[Period]]:
    """Return the usable periods of each series, newest first; the series with finer steps first."""
    usable = sorted((one for one in series if one.step in STEPS), key=lambda one: one.step)
    anchored = [(one, anchor) for one in usable if (anchor := anchor_of(one, now)) is not None]
    if len(anchored) < len(usable):
        discarded.add(DiscardReason.CLOCK)
    newest = max((anchor for _, anchor in anchored), default=now)
    if (clock := _by_the_clock(anchored, zone)) is not None:
        anchored = [
            (one, clock.six_hours_until if one.step == SIX_HOUR_STEP else anchor)
            for one, anchor in anchored
        ]
    quarter_end = None if clock is None else clock.quarter_end
    layers = [
        list(periods(one, anchor, newest, zone, newest_quarter_end=quarter_end))
        for one, anchor in anchored
    ]
    layers = _without_whole_counter([layer for layer in layers if layer], counter, discarded)
    return [[_without_impossible(period, discarded) for period in layer] for layer in layers]


def _by_the_clock(anchored: Iterable[tuple[Series, datetime]], zone: tzinfo) -> ByTheClock | None:
    """Return where values are that follow the clock, None if they do not or that is unknown."""
    by_step = {one.step: (one, anchor) for one, anchor in anchored}
    if QUARTER_STEP not in by_step or SIX_HOUR_STEP not in by_step:
        return None
    (quarters, anchor), (six_hours, _) = by_step[QUARTER_STEP], by_step[SIX_HOUR_STEP]
    return by_the_clock(quarters, six_hours, anchor, zone)


def _without_whole_counter(
    layers: list[list[Period]], counter: float, discarded: set[DiscardReason]
) -> list[list[Period]]:
    """Leave out series that start with all energy ever counted, as those of an Energy 250 may do.

    An energy that is impossible for 15 minutes may be possible for a month, so a series is also
    left out if it starts with the same value as a finer one that is impossible.
    """
    newest = [(layer, layer[0].value or 0.0) for layer in layers]
    whole = [value for layer, value in newest if _is_whole(value, _length(layer[0]), counter)]
    kept = [
        layer
        for layer, value in newest
        if not any(isclose(value, other, rel_tol=_EQUAL) for other in whole)
    ]
    if len(kept) < len(layers):
        discarded.add(DiscardReason.WHOLE_COUNTER)
    return kept


def _is_whole(energy: float, seconds: float, counter: float) -> bool:
    """Whether an energy cannot have been counted in this time before the counter showed `counter`."""
    power = _PLUG_POWER if isclose(energy, counter, rel_tol=_EQUAL) else DEFAULT_MAX_POWER
    return energy > _max_energy(seconds + UPDATE_TIME, power)


def _without_impossible(period: Period, discarded: set[DiscardReason]) -> Period:
    """Return a period, without its value if that is impossible."""
    most = _max_energy(_length(period) + UPDATE_TIME, DEFAULT_MAX_POWER)
    if period.value is None or 0 <= period.value <= most:
        return period
    discarded.add(DiscardReason.IMPOSSIBLE)
    return period._replace(value=None)


def _length(time: Period | Piece | _Hole) -> int:
    """Return the seconds between start and end."""
    return time.end - time.start


def _max_energy(seconds: float, power: float) -> float:
    """Return the kWh that a power (kW) amounts to."""
    return power * seconds / HOUR


# Combining series of different steps


def _combined(
    layers: Sequence[Sequence[Period]], now: int, discarded: set[DiscardReason]
) -> list[Piece]:
    """Combine the periods of all series, finer ones first; return the known energy, newest first.

    After a contradiction no more periods are added, and the history ends at the first hole. The
    exception are six-hour steps that contradict the quarters: they may follow a different clock, so
    the series is left out, and the days decide.
    """
    newest = max((layer[0].end for layer in layers), default=now)
    # The box has not updated its series since: nothing was counted.
    end = max(newest, now) + 1
    pieces = [Piece(newest, end, 0.0, max(end - newest, QUARTER_STEP))]
    approximate: list[Period] = []
    for layer in layers:
        fit = _fit(pieces, layer, approximate)
        if not fit.is_consistent and layer[0].is_approximate:
            continue
        pieces = fit.pieces
        if not fit.is_consistent:
            discarded.add(DiscardReason.MISMATCH)
            break
        approximate = [*approximate, *layer] if layer[0].is_approximate else []
    return pieces


def _fit(pieces: Iterable[Piece], layer: Sequence[Period], approximate: Sequence[Period]) -> _Fit:
    """Add the periods of a coarser series to the pieces of finer ones, up to a contradiction.

    Pieces and periods are sorted, newest first, and none overlaps another one. `approximate` are
    finer periods that have not been scaled to an exact total yet.
    """
    newer: list[Piece] = []
    older = deque(pieces)
    for period in layer:
        newer += _taken(older, period.end)
        inside = list(_taken(older, period.start))
        completed = _complete(period, inside, approximate, is_running=period is layer[0])
        if completed is None:
            return _Fit([*newer, *inside, *older], is_consistent=False)
        newer += sorted(completed, reverse=True)
    return _Fit([*newer, *older], is_consistent=True)


def _taken(pieces: deque[Piece], time: int) -> Iterator[Piece]:
    """Take out and yield the pieces after a time, newest first; a piece that contains it is cut."""
    while pieces and pieces[0].end > time:
        piece = pieces.popleft()
        if piece.start < time:
            before = piece.energy * (time - piece.start) / _length(piece)
            pieces.appendleft(piece._replace(end=time, energy=before))
            piece = piece._replace(start=time, energy=piece.energy - before)
        yield piece


def _complete(
    period: Period, inside: Sequence[Piece], approximate: Iterable[Period], *, is_running: bool
) -> Sequence[Piece] | None:
    """Return the pieces of a period, with the rest of its energy spread over its holes.

    Returns None if the pieces in it contradict the total of the period. `is_running`: the period
    had not ended when the box updated the series.
    """
    if period.value is None:
        return inside
    holes = list(_holes(period, inside))
    free = sum(_length(hole) for hole in holes)
    known = sum(piece.energy for piece in inside)
    rest = round(period.value - known, 9)
    slack = inexact = _WATT_HOUR * len(inside) + _energy_at_edges(period, approximate)
    if is_running:
        # Series that were updated at different times may disagree about the present energy.
        slack += sum(piece.energy for piece in inside if piece.end >= period.end)
    if inside and not -slack <= rest <= _max_energy(free, DEFAULT_MAX_POWER) + slack:
        return None
    if -inexact <= rest < 0 or (not holes and 0 < rest <= inexact):
        inside = _scaled(inside, known, period.value)
    left = max(rest, 0.0)
    return [
        *inside,
        *(
            Piece(hole.start, hole.end, left * _length(hole) / free, _length(period))
            for hole in holes
        ),
    ]


def _energy_at_edges(period: Period, approximate: Iterable[Period]) -> float:
    """Return the energy of approximate periods that may belong to either side of the edges."""
    return sum(
        one.value or 0.0
        for one in approximate
        if one.start - UPDATE_TIME <= period.start <= one.end + UPDATE_TIME
        or one.start - UPDATE_TIME <= period.end <= one.end + UPDATE_TIME
    )


def _scaled(inside: Sequence[Piece], known: float, total: float) -> list[Piece]:
    """Return pieces, whose energies add up to `known`, scaled to a total."""
    if known > 0:
        return [piece._replace(energy=piece.energy / known * total) for piece in inside]
    seconds = sum(_length(piece) for piece in inside)
    return [piece._replace(energy=total * _length(piece) / seconds) for piece in inside]


def _holes(period: Period, inside: Iterable[Piece]) -> Iterator[_Hole]:
    """Yield the times of a period that no piece covers, newest first."""
    end = period.end
    for piece in inside:
        if piece.end < end:
            yield _Hole(piece.end, end)
        end = piece.start
    if period.start < end:
        yield _Hole(period.start, end)


def _until(pieces: Iterable[Piece], time: int) -> Iterator[Piece]:
    """Yield the pieces before a time, newest first; a piece that contains the time is cut."""
    for piece in pieces:
        if piece.end <= time:
            yield piece
        elif piece.start < time:
            part = (time - piece.start) / _length(piece)
            yield piece._replace(end=time, energy=piece.energy * part)


# From energy to readings


def _readings(
    pieces: Sequence[Piece],
    counter: float,
    last: int,
    discarded: set[DiscardReason],
    split: Splitter,
) -> dict[int, float]:
    """Return the readings at full hours up to `last`, ascending, from a counter's present reading.

    They go back as far as the pieces adjoin and are plausible.
    """
    found: dict[int, float] = {}
    reading, reached = counter, pieces[0].end if pieces else 0
    for count, piece in enumerate(pieces):
        if piece.end < reached:
            if DiscardReason.MISMATCH not in discarded:
                discarded.add(DiscardReason.UNKNOWN)
            break
        reached, below = piece.start, reading - piece.energy
        if below < -_WATT_HOUR * count:
            discarded.add(DiscardReason.COUNTER_RESET)
            break
        if _is_whole(piece.energy, _length(piece), reading):
            discarded.add(DiscardReason.WHOLE_COUNTER)
            break
        counted = split(piece)
        newest = min(full_hour(piece.end - 1), last)
        for hour in range(newest, piece.start - 1, -HOUR):
            found[hour] = max(min(below + counted.get(hour, 0.0), reading), 0.0)
        reading = below
    return _since_first_energy(dict(reversed(found.items())), counter, discarded)


def _boundaries(pieces: Sequence[Piece]) -> frozenset[int]:
    """Return the full hours within a quarter of an hour of the start or end of a piece."""
    edges = {edge for piece in pieces for edge in (piece.start, piece.end)}
    hours = ((full_hour(edge + HOUR // 2), edge) for edge in edges)
    return frozenset(hour for hour, edge in hours if abs(edge - hour) <= QUARTER_STEP)


def _since_first_energy(
    readings: dict[int, float], counter: float, discarded: set[DiscardReason]
) -> dict[int, float]:
    """Leave out the oldest time in which nothing was counted: the device did not exist yet."""
    values = [*readings.values(), counter]
    first = next(
        (index for index, (one, two) in enumerate(pairwise(values)) if one != two), len(readings)
    )
    kept = dict(islice(readings.items(), first, None))
    if first * HOUR >= _LONG_IDLE and kept and values[0] > _WATT_HOUR * MAX_VALUES:
        discarded.add(DiscardReason.NOTHING_BEFORE)
    return kept
