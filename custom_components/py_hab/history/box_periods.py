"""What a box remembers in steps, days and months, as hours.

The finest series that knows a time tells it; what is left of a coarser period's total is spread
evenly over the time that is left of it. Then the counter's present reading is followed backwards.
Inside this file energy is in Wh and time in unix seconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from math import isclose
from typing import Final, NamedTuple

from ..counter import DEFAULT_MAX_POWER
from ..fritzbox_statistics import Series
from .rows import HOUR, MeanRow, full_hour

QUARTER: Final = 900
DAY: Final = 86400
MONTH: Final = 2678400
STEPS: Final = {QUARTER, 21600, DAY, MONTH}
"""Seconds; days and months are those of the calendar."""
_MOST: Final = 400
"""Values of a series; no box remembers a third of it."""

_WATT_HOUR: Final = 1.0
"""What rounding may add to or take from each value."""
_PLUG_POWER: Final = 4.0
"""kW that a device takes at most if it has hardly counted before the period."""
_LARGEST: Final = 1e9
"""kWh of a counter."""

_AHEAD: Final = timedelta(hours=1)
"""How far the box's clock may be ahead of ours."""
_BACK: Final = timedelta(days=366)
"""How long ago a series may have changed."""
_ONE_UPDATE: Final = 900
"""Seconds; the box brings the series of a device up to date one after the other."""
_MONTH_OF_NOTHING: Final = 28 * DAY

_ENOUGH: Final = 2
"""Quarters of the first hour of a measurement; see hourly_means."""
_LARGEST_MEASUREMENT: Final = 1e6


class Doubt(StrEnum):
    """Why something that the box remembers is not used."""

    CLOCK = "clock"
    """A series was updated in the future, or more than a year ago: nobody knows its days."""
    WHOLE_COUNTER = "whole_counter"
    """A series has in its newest value what the counter has counted in all its life."""
    IMPOSSIBLE = "impossible"
    """Values are negative, or more than a house can draw in the time."""
    MISMATCH = "mismatch"
    """A day or month and what is known of its parts differ: nothing before is used."""
    UNKNOWN = "unknown"
    """No series knows a time: nothing before it is used."""
    COUNTER_RESET = "counter_reset"
    """The box remembers more than the counter shows: it was set back, nothing before is used."""
    STATISTICS_RESET = "statistics_reset"
    """The box remembers at least four weeks of nothing, but the counter had counted already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyHistory:
    """A counter's readings in the past, as the box remembers them."""

    readings: Mapping[int, float]
    """kWh that the counter showed at a full hour (unix time, UTC): ascending, no hour missing,
    up to the last full hour."""
    doubts: tuple[Doubt, ...]
    """Why there is nothing older, and what was left out."""


class _Period(NamedTuple):
    """A value of a series."""

    start: int
    end: int
    energy: float | None


class _Piece(NamedTuple):
    """A time whose energy is known, spread evenly."""

    start: int
    end: int
    energy: float


def energy_history(
    series: Sequence[Series], *, counter: float, now: datetime, zone: tzinfo
) -> EnergyHistory:
    """Return what a counter showed at full hours, from what it shows `now` (kWh) backwards.

    `series` are Wh; `zone` is where the box's days begin.
    """
    doubts: set[Doubt] = set()
    readings: dict[int, float] = {}
    if 0 <= counter <= _LARGEST:
        layers = _layers(series, counter * 1000, now, zone, doubts)
        pieces = _laid(layers, int(now.timestamp()), doubts)
        readings = _readings(pieces, counter * 1000, full_hour(now.timestamp()), doubts)
    else:
        doubts.add(Doubt.IMPOSSIBLE)
    return EnergyHistory(
        readings={hour: energy / 1000 for hour, energy in readings.items()},
        doubts=tuple(doubt for doubt in Doubt if doubt in doubts),
    )


def hourly_means(series: Sequence[Series], *, now: datetime) -> list[MeanRow]:
    """Return the hours of a measurement that have ended, ascending.

    All four quarters of an hour must be known: the box may tell the last one a little later, and
    no row is written twice; and a hole is a time in which the device was not there. Only the first
    hour may do with half of them: the device was new, or the box has forgotten the others.
    """
    hours: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for one in series:
        anchor = _anchor(one, now)
        if one.step != QUARTER or anchor is None:
            continue
        # All zones are whole quarters of an hour off UTC.
        for period in _periods(one, anchor, anchor, UTC):
            hour = full_hour(period.start)
            if (
                hour + HOUR <= min(anchor, now).timestamp()
                and period.energy is not None
                and abs(period.energy) <= _LARGEST_MEASUREMENT
            ):
                hours[hour].setdefault(period.start, period.energy)
    first = min(hours, default=0)
    return [
        _mean(hour, values.values())
        for hour, values in sorted(hours.items())
        if len(values) >= (_ENOUGH if hour == first else HOUR // QUARTER)
    ]


def _mean(hour: int, values: Iterable[float]) -> MeanRow:
    """Return the row of an hour with at least one value."""
    known = list(values)
    return MeanRow(hour, sum(known) / len(known), min(known), max(known))


# When


def _anchor(series: Series, now: datetime) -> datetime | None:
    """Return the moment up to which a series tells, None if that cannot be true."""
    if series.at is None:
        return now
    return series.at if now - _BACK <= series.at <= now + _AHEAD else None


def _begin(moment: datetime, step: int, zone: tzinfo) -> datetime:
    """Return when the step began that a moment lies in (UTC).

    Steps of a day's parts follow the clock on the wall.
    """
    local = moment.astimezone(zone)
    if step in {DAY, MONTH}:
        day = local.day if step == DAY else 1
        local = local.replace(day=day, hour=0, minute=0, second=0, microsecond=0, fold=0)
    else:
        minutes = 60 * local.hour + local.minute
        hour, minute = divmod(minutes - minutes % (step // 60), 60)
        local = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return local.astimezone(UTC)


def _periods(series: Series, anchor: datetime, newest: datetime, zone: tzinfo) -> Iterator[_Period]:
    """Yield what a series tells, newest first, without steps that take no time.

    `newest` is the newest anchor of all series. What has been brought up to date together tells
    up to the same moment.
    """
    begin = _begin(anchor, series.step, zone)
    together = (newest - anchor).total_seconds() <= _ONE_UPDATE
    if together and _begin(newest, series.step, zone) == begin:
        anchor = newest
    end = int(anchor.timestamp())
    for value in series.values[:_MOST]:
        start = int(begin.timestamp())
        if start < end:
            yield _Period(start, end, value)
        end = min(start, end)
        begin = _begin(begin - timedelta(microseconds=1), series.step, zone)


# What is to be believed


def _layers(
    series: Sequence[Series], counter: float, now: datetime, zone: tzinfo, doubts: set[Doubt]
) -> list[list[_Period]]:
    """Return the values to be believed, newest first, of each series from the finest on."""
    usable = sorted((one for one in series if one.step in STEPS), key=lambda one: one.step)
    anchored = [(one, anchor) for one in usable if (anchor := _anchor(one, now)) is not None]
    if len(anchored) < len(usable):
        doubts.add(Doubt.CLOCK)
    newest = max((anchor for _, anchor in anchored), default=now)
    layers = [list(_periods(one, anchor, newest, zone)) for one, anchor in anchored]
    layers = _without_whole_counter([layer for layer in layers if layer], counter, doubts)
    return [[_possible(period, doubts) for period in layer] for layer in layers]


def _without_whole_counter(
    layers: list[list[_Period]], counter: float, doubts: set[Doubt]
) -> list[list[_Period]]:
    """Leave out series that start with all that was ever counted, as those of an Energy 250 may.

    What is too much for 15 minutes might be possible in a month, but not in both.
    """
    newest = [layer[0].energy or 0.0 for layer in layers]
    whole = [layer[0].energy or 0.0 for layer in layers if _is_whole(layer[0], counter)]
    kept = [
        layer
        for layer, value in zip(layers, newest, strict=True)
        if not any(isclose(value, other, rel_tol=0.01) for other in whole)
    ]
    if len(kept) < len(layers):
        doubts.add(Doubt.WHOLE_COUNTER)
    return kept


def _is_whole(period: _Period, counter: float) -> bool:
    """Return whether nobody could have counted so much since the running period began."""
    energy = period.energy or 0.0
    power = _PLUG_POWER if isclose(energy, counter, rel_tol=0.01) else DEFAULT_MAX_POWER
    return energy > _most(period.end - period.start + _ONE_UPDATE, power)


def _possible(period: _Period, doubts: set[Doubt]) -> _Period:
    """Return a period, without its energy if that cannot be."""
    most = _most(period.end - period.start + _ONE_UPDATE, DEFAULT_MAX_POWER)
    if period.energy is None or 0 <= period.energy <= most:
        return period
    doubts.add(Doubt.IMPOSSIBLE)
    return period._replace(energy=None)


def _most(seconds: float, power: float) -> float:
    """Return the Wh of a power in kW."""
    return power * 1000 * seconds / HOUR


# Hours


def _laid(layers: Sequence[Sequence[_Period]], now: int, doubts: set[Doubt]) -> list[_Piece]:
    """Lay coarser periods under finer ones; return what is known, newest first.

    After a contradiction nothing more is laid: the first hole in what there is ends the history.
    """
    newest = max((layer[0].end for layer in layers), default=now)
    # A series that was not updated since: nothing was counted.
    pieces = [_Piece(newest, max(newest, now) + 1, 0.0)]
    for layer in layers:
        added: list[_Piece] = []
        for period in layer:
            inside = [p for p in pieces if p.start < period.end and period.start < p.end]
            rest = _rest(period, inside, running=period is layer[0])
            if rest is None:
                doubts.add(Doubt.MISMATCH)
                return sorted([*pieces, *added], reverse=True)
            added += rest
        pieces = sorted([*pieces, *added], reverse=True)
    return pieces


def _rest(period: _Period, inside: Sequence[_Piece], *, running: bool) -> list[_Piece] | None:
    """Return what is left of a period beside the finer pieces inside, None if that cannot be.

    The two may have been brought up to date at different moments: then they need not agree on
    what is counted just then.
    """
    if period.energy is None:
        return []
    gaps = list(_gaps(period, inside))
    free = sum(end - start for start, end in gaps)
    rest = round(period.energy - sum(_share(piece, period) for piece in inside), 6)
    slack = _WATT_HOUR * len(inside)
    if running:
        slack += sum(piece.energy for piece in inside if piece.end >= period.end)
    if inside and not -slack <= rest <= _most(free, DEFAULT_MAX_POWER) + slack:
        return None
    return [_Piece(start, end, max(rest, 0.0) * (end - start) / free) for start, end in gaps]


def _share(piece: _Piece, period: _Period) -> float:
    """Return how much of a piece lies in a period that it touches."""
    seconds = min(piece.end, period.end) - max(piece.start, period.start)
    return piece.energy * seconds / (piece.end - piece.start)


def _gaps(period: _Period, inside: Iterable[_Piece]) -> Iterator[tuple[int, int]]:
    """Yield when the times of a period begin and end that no piece covers, newest first."""
    end = period.end
    for piece in inside:
        if piece.end < end:
            yield piece.end, end
        end = piece.start
    if period.start < end:
        yield period.start, end


def _readings(
    pieces: Sequence[_Piece], counter: float, last: int, doubts: set[Doubt]
) -> dict[int, float]:
    """Follow the counter backwards through adjoining pieces; return its readings, ascending."""
    found: list[tuple[int, float]] = []
    reading, reached = counter, pieces[0].end
    for count, piece in enumerate(pieces):
        if piece.end < reached:
            if Doubt.MISMATCH not in doubts:
                doubts.add(Doubt.UNKNOWN)
            break
        reached, below = piece.start, reading - piece.energy
        if below < -_WATT_HOUR * count:
            doubts.add(Doubt.COUNTER_RESET)
            break
        power = piece.energy / (piece.end - piece.start)
        newest = min(full_hour(piece.end - 1), last)
        found += [
            (hour, max(below + power * (hour - piece.start), 0.0))
            for hour in range(newest, piece.start - 1, -HOUR)
        ]
        reading = below
    return _since_first_energy(found[::-1], counter, doubts)


def _since_first_energy(
    found: Sequence[tuple[int, float]], counter: float, doubts: set[Doubt]
) -> dict[int, float]:
    """Leave out the time at the far end in which nothing was counted: there was no device yet."""
    values = [*(reading for _, reading in found), counter]
    first = next((at for at, (one, two) in enumerate(pairwise(values)) if one != two), len(found))
    kept = dict(found[first:])
    if first * HOUR >= _MONTH_OF_NOTHING and kept and values[0] > _WATT_HOUR * _MOST:
        doubts.add(Doubt.STATISTICS_RESET)
    return kept
