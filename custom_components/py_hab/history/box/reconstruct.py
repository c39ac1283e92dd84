"""What a box remembers in steps, days and months, as hours.

The finest series that knows a time tells it; what is left of a coarser period's total is spread
evenly over the time that is left of it. Nobody knows exactly when steps of less than a day began
(see box_calendar): they are cut where a coarser period begins, and what is in it is scaled to the
total of that period, so that days and months are the box's. Then the counter's present reading is
followed backwards.
Inside this file energy is in kWh and time in unix seconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from itertools import pairwise
from math import isclose
from typing import Final, NamedTuple

from ...counters.guard import DEFAULT_MAX_POWER
from ...fritzbox.device_stats import Series
from ..planning.rows import HOUR, MeanRow, full_hour
from .calendar import DAY, MOST, ONE_UPDATE, QUARTER, STEPS, Period, anchor_of, periods

_WATT_HOUR: Final = 0.001
"""kWh; what rounding may add to or take from each value."""
_PLUG_POWER: Final = 4.0
"""kW that a device takes at most if it has hardly counted before the period."""
_ALIKE: Final = 0.01
"""How much two numbers differ that both are the whole counter, read one after the other."""
_LARGEST: Final = 1e9
"""kWh of a counter."""
_LONG: Final = 28 * DAY
"""How long a used device is hardly ever idle."""

_ENOUGH: Final = HOUR // 2
"""Seconds of the first hour of a measurement; see hourly_means."""
_LARGEST_MEASUREMENT: Final = 1e6


class DiscardReason(StrEnum):
    """Why something that the box remembers is not used."""

    CLOCK = "clock"
    """A series was updated in the future, or more than a year ago: nobody knows its days."""
    WHOLE_COUNTER = "whole_counter"
    """A value holds what the counter has counted in all its life, or more than is possible."""
    IMPOSSIBLE = "impossible"
    """Values are negative, or more than a house can draw in the time."""
    MISMATCH = "mismatch"
    """A day or month and what is known of its parts differ: nothing before is used."""
    UNKNOWN = "unknown"
    """No series knows a time: nothing before it is used."""
    COUNTER_RESET = "counter_reset"
    """The box remembers more than the counter shows: it was set back, nothing before is used."""
    NOTHING_BEFORE = "nothing_before"
    """At the far end the box remembers weeks of nothing, but the counter had counted already: the
    statistics were reset, or the device was not used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyHistory:
    """A counter's readings in the past, as the box remembers them."""

    readings: Mapping[int, float]
    """kWh that the counter showed at a full hour (unix time, UTC): ascending, no hour missing,
    up to the last full hour."""
    discarded: tuple[DiscardReason, ...]
    """Why there is nothing older, and what was left out."""
    measured_at: frozenset[int] = field(default=frozenset(), compare=False)
    """Those full hours at which a value of the box begins or ends, give or take a quarter of an
    hour. The readings between are spread evenly, over a month where nothing finer is known."""


class _Piece(NamedTuple):
    """A time whose energy is known, spread evenly."""

    start: int
    end: int
    energy: float


def energy_history(
    series: Sequence[Series],
    *,
    counter: float,
    now: datetime,
    zone: tzinfo,
    read_at: datetime | None = None,
) -> EnergyHistory:
    """Return what a counter showed at full hours, from what it showed last (kWh) backwards.

    `series` are kWh, asked for by `now`; `zone` is where the box's days begin. The counter was read
    at `read_at` or, if nobody knows, now: the box may have counted on before it told the series.
    """
    discarded: set[DiscardReason] = set()
    readings: dict[int, float] = {}
    measured_at: frozenset[int] = frozenset()
    if 0 <= counter <= _LARGEST:
        layers = _layers(series, counter, now, zone, discarded)
        pieces = _laid(layers, int(now.timestamp()), discarded)
        read = min(read_at or now, now).timestamp()
        pieces = list(_until(pieces, int(read) + 1))
        readings = _readings(pieces, counter, full_hour(read), discarded)
        measured_at = _edges(pieces) & readings.keys()
    else:
        discarded.add(DiscardReason.IMPOSSIBLE)
    return EnergyHistory(
        readings=readings,
        measured_at=measured_at,
        discarded=tuple(doubt for doubt in DiscardReason if doubt in discarded),
    )


def hourly_means(series: Sequence[Series], *, now: datetime) -> list[MeanRow]:
    """Return the hours of a measurement that have ended, ascending.

    All of an hour must be known: the box may tell the last quarter a little later, and no row is
    written twice; and a hole is a time in which the device was not there. Only the first hour may
    do with half of it: the device was new, or the box has forgotten the rest. A quarter that lies
    in two hours counts in each of them for its time there.
    """
    hours: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for one in series:
        anchor = anchor_of(one, now)
        if one.step != QUARTER or anchor is None:
            continue
        for period in periods(one, anchor, anchor, UTC):
            if period.value is None or not abs(period.value) <= _LARGEST_MEASUREMENT:
                continue
            for hour in range(full_hour(period.start), period.end, HOUR):
                if hour + HOUR <= min(anchor, now).timestamp():
                    seconds = min(period.end, hour + HOUR) - max(period.start, hour)
                    hours[hour].append((seconds, period.value))
    first = min(hours, default=0)
    return [
        _mean(hour, parts)
        for hour, parts in sorted(hours.items())
        if sum(seconds for seconds, _ in parts) >= (_ENOUGH if hour == first else HOUR)
    ]


def _mean(hour: int, parts: Sequence[tuple[int, float]]) -> MeanRow:
    """Return the row of an hour from values and how many seconds of it they tell."""
    least, most = min(value for _, value in parts), max(value for _, value in parts)
    mean = sum(seconds * value for seconds, value in parts) / sum(seconds for seconds, _ in parts)
    return MeanRow(hour, min(max(mean, least), most), least, most)


# What is to be believed


def _layers(
    series: Sequence[Series],
    counter: float,
    now: datetime,
    zone: tzinfo,
    discarded: set[DiscardReason],
) -> list[list[Period]]:
    """Return the values to be believed, newest first, of each series from the finest on."""
    usable = sorted((one for one in series if one.step in STEPS), key=lambda one: one.step)
    anchored = [(one, anchor) for one in usable if (anchor := anchor_of(one, now)) is not None]
    if len(anchored) < len(usable):
        discarded.add(DiscardReason.CLOCK)
    newest = max((anchor for _, anchor in anchored), default=now)
    layers = [list(periods(one, anchor, newest, zone)) for one, anchor in anchored]
    layers = _without_whole_counter([layer for layer in layers if layer], counter, discarded)
    return [[_possible(period, discarded) for period in layer] for layer in layers]


def _without_whole_counter(
    layers: list[list[Period]], counter: float, discarded: set[DiscardReason]
) -> list[list[Period]]:
    """Leave out series that start with all that was ever counted, as those of an Energy 250 may.

    What is too much for 15 minutes might be possible in a month, but not in both.
    """
    newest = [(layer, layer[0].value or 0.0) for layer in layers]
    whole = [value for layer, value in newest if _is_whole(value, _length(layer[0]), counter)]
    kept = [
        layer
        for layer, value in newest
        if not any(isclose(value, other, rel_tol=_ALIKE) for other in whole)
    ]
    if len(kept) < len(layers):
        discarded.add(DiscardReason.WHOLE_COUNTER)
    return kept


def _is_whole(energy: float, seconds: float, counter: float) -> bool:
    """Return whether nobody could have counted so much until the counter showed that."""
    power = _PLUG_POWER if isclose(energy, counter, rel_tol=_ALIKE) else DEFAULT_MAX_POWER
    return energy > _most(seconds + ONE_UPDATE, power)


def _possible(period: Period, discarded: set[DiscardReason]) -> Period:
    """Return a period, without its value if that cannot be."""
    most = _most(_length(period) + ONE_UPDATE, DEFAULT_MAX_POWER)
    if period.value is None or 0 <= period.value <= most:
        return period
    discarded.add(DiscardReason.IMPOSSIBLE)
    return period._replace(value=None)


def _length(time: Period | _Piece) -> int:
    """Return how many seconds it takes."""
    return time.end - time.start


def _most(seconds: float, power: float) -> float:
    """Return the kWh of a power in kW."""
    return power * seconds / HOUR


# Hours


def _laid(
    layers: Sequence[Sequence[Period]], now: int, discarded: set[DiscardReason]
) -> list[_Piece]:
    """Lay coarser periods under finer ones; return what is known, newest first.

    After a contradiction nothing more is laid: the first hole in what there is ends the history.
    But steps of six hours that contradict quarters are left out: they follow another clock, and the
    days tell who is right.
    """
    newest = max((layer[0].end for layer in layers), default=now)
    # A series that was not updated since: nothing was counted.
    pieces = [_Piece(newest, max(newest, now) + 1, 0.0)]
    loose: list[Period] = []
    for layer in layers:
        laid, agrees = _with_layer(pieces, layer, loose)
        if not agrees and layer[0].is_loose:
            continue
        pieces = laid
        if not agrees:
            discarded.add(DiscardReason.MISMATCH)
            break
        loose = [*loose, *layer] if layer[0].is_loose else []
    return pieces


def _with_layer(
    pieces: list[_Piece], layer: Sequence[Period], loose: Sequence[Period]
) -> tuple[list[_Piece], bool]:
    """Lay a series under finer pieces up to a contradiction; return also whether there is none.

    `loose` are the finer values that nobody has put right yet.
    """
    for period in layer:
        pieces = [part for piece in pieces for part in _cut(piece, period)]
        inside = [piece for piece in pieces if _is_in(piece, period)]
        completed = _complete(period, inside, loose, running=period is layer[0])
        if completed is None:
            return pieces, False
        others = [piece for piece in pieces if not _is_in(piece, period)]
        pieces = sorted([*others, *completed], reverse=True)
    return pieces, True


def _cut(piece: _Piece, period: Period) -> Iterator[_Piece]:
    """Yield the parts of a piece before, in and after a period, newest first."""
    edges = [edge for edge in (period.end, period.start) if piece.start < edge < piece.end]
    for end, start in pairwise([piece.end, *edges, piece.start]):
        yield _Piece(start, end, piece.energy * (end - start) / _length(piece))


def _is_in(piece: _Piece, period: Period) -> bool:
    """Return whether a piece, having been cut, lies in a period."""
    return period.start <= piece.start and piece.end <= period.end


def _complete(
    period: Period, inside: Sequence[_Piece], loose: Iterable[Period], *, running: bool
) -> Sequence[_Piece] | None:
    """Return the pieces inside of a period and what is left of it, None if that cannot be."""
    if period.value is None:
        return inside
    gaps = list(_gaps(period, inside))
    free = sum(end - start for start, end in gaps)
    known = sum(piece.energy for piece in inside)
    rest = round(period.value - known, 9)
    slack = inexact = _WATT_HOUR * len(inside) + _at_edges(period, loose)
    if running:
        # Brought up to date at different moments they need not agree on what is counted just then.
        slack += sum(piece.energy for piece in inside if piece.end >= period.end)
    if inside and not -slack <= rest <= _most(free, DEFAULT_MAX_POWER) + slack:
        return None
    if -inexact <= rest < 0 or (not gaps and 0 < rest <= inexact):
        inside = _scaled(inside, known, period.value)
    left = max(rest, 0.0)
    return [*inside, *(_Piece(start, end, left * (end - start) / free) for start, end in gaps)]


def _at_edges(period: Period, loose: Iterable[Period]) -> float:
    """Return the energy that may lie on the other side of where a period begins or ends."""
    return sum(
        one.value or 0.0
        for one in loose
        if any(
            one.start - ONE_UPDATE <= edge <= one.end + ONE_UPDATE
            for edge in (period.start, period.end)
        )
    )


def _scaled(inside: Sequence[_Piece], known: float, total: float) -> list[_Piece]:
    """Return pieces, of which so much was `known`, that add up to a total."""
    if known > 0:
        return [piece._replace(energy=piece.energy / known * total) for piece in inside]
    seconds = sum(_length(piece) for piece in inside)
    return [piece._replace(energy=total * _length(piece) / seconds) for piece in inside]


def _gaps(period: Period, inside: Iterable[_Piece]) -> Iterator[tuple[int, int]]:
    """Yield when the times of a period begin and end that no piece covers, newest first."""
    end = period.end
    for piece in inside:
        if piece.end < end:
            yield piece.end, end
        end = piece.start
    if period.start < end:
        yield period.start, end


def _until(pieces: Iterable[_Piece], moment: int) -> Iterator[_Piece]:
    """Yield what lies before a moment, newest first."""
    for piece in pieces:
        if piece.end <= moment:
            yield piece
        elif piece.start < moment:
            part = (moment - piece.start) / _length(piece)
            yield _Piece(piece.start, moment, piece.energy * part)


def _readings(
    pieces: Sequence[_Piece], counter: float, last: int, discarded: set[DiscardReason]
) -> dict[int, float]:
    """Follow the counter backwards through adjoining pieces; return its readings, ascending."""
    found: list[tuple[int, float]] = []
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
        power = piece.energy / _length(piece)
        newest = min(full_hour(piece.end - 1), last)
        found += [
            (hour, max(min(below + power * (hour - piece.start), reading), 0.0))
            for hour in range(newest, piece.start - 1, -HOUR)
        ]
        reading = below
    return _since_first_energy(found[::-1], counter, discarded)


def _edges(pieces: Sequence[_Piece]) -> frozenset[int]:
    """Return the full hours near which a piece begins or ends."""
    edges = {edge for piece in pieces for edge in (piece.start, piece.end)}
    hours = ((full_hour(edge + HOUR // 2), edge) for edge in edges)
    return frozenset(hour for hour, edge in hours if abs(edge - hour) <= QUARTER)


def _since_first_energy(
    found: Sequence[tuple[int, float]], counter: float, discarded: set[DiscardReason]
) -> dict[int, float]:
    """Leave out the time at the far end in which nothing was counted: there was no device yet."""
    values = [*(reading for _, reading in found), counter]
    first = next((at for at, (one, two) in enumerate(pairwise(values)) if one != two), len(found))
    kept = dict(found[first:])
    if first * HOUR >= _LONG and kept and values[0] > _WATT_HOUR * MOST:
        discarded.add(DiscardReason.NOTHING_BEFORE)
    return kept
