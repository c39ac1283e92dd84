"""Splits energy that was counted in a longer time into hours, in the shape of the counter's known hours."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from itertools import pairwise
from typing import NamedTuple

from ..planning.load_shape import Daylight, LoadShape
from ..planning.rows import HOUR, full_hour
from .calendar import SIX_HOUR_STEP


class Piece(NamedTuple):
    """A time in which a known energy was counted."""

    start: int
    end: int
    energy: float
    step: int
    """Seconds of the value that contains it; see `calendar`."""


type Splitter = Callable[[Piece], Mapping[int, float]]
"""Returns the energy counted from the start of a piece to each full hour after it, up to its end."""


class ShapedPieces:
    """The shapes of the pieces of a counter: finer values say how coarser ones are distributed."""

    def __init__(
        self,
        pieces: Sequence[Piece],
        known: Mapping[int, float],
        zone: tzinfo,
        daylight: Sequence[Daylight] | None,
    ) -> None:
        """Learn from known hours and quarters of an hour, then from six hours as well."""
        quarters = [piece for piece in pieces if piece.step <= HOUR]
        six_hours = [piece for piece in pieces if HOUR < piece.step <= SIX_HOUR_STEP]
        hours = _by_hour(quarters, even_split) | dict(known)
        self._of_six_hours = LoadShape(hours, zone, daylight)
        hours = _by_hour(six_hours, self._split_six_hours) | hours
        self._of_days = LoadShape(hours, zone, daylight)

    def split(self, piece: Piece) -> dict[int, float]:
        """Return the energy counted from the start of a piece to each full hour, up to its end."""
        if piece.step <= HOUR:
            return even_split(piece)
        if piece.step <= SIX_HOUR_STEP:
            return self._split_six_hours(piece)
        return self._of_days.split(piece.start, piece.end, piece.energy)

    def _split_six_hours(self, piece: Piece) -> dict[int, float]:
        return self._of_six_hours.split(piece.start, piece.end, piece.energy)


def even_split(piece: Piece) -> dict[int, float]:
    """Return the same for energy that is counted evenly."""
    hours = range(full_hour(piece.start) + HOUR, piece.end + 1, HOUR)
    each = piece.energy / (piece.end - piece.start)
    return {hour: (hour - piece.start) * each for hour in hours}


def reported_hours(pieces: Iterable[Piece]) -> set[int]:
    """Return the hours whose energy is known from values of an hour or less."""
    return set(_by_hour((piece for piece in pieces if piece.step <= HOUR), even_split))


def _by_hour(pieces: Iterable[Piece], split: Splitter) -> dict[int, float]:
    """Return the energy of all hours that pieces cover completely."""
    energy: defaultdict[int, float] = defaultdict(float)
    seconds: defaultdict[int, int] = defaultdict(int)
    for piece in pieces:
        counted = {piece.start: 0.0, **split(piece), piece.end: piece.energy}
        for start, end in pairwise(counted):
            energy[full_hour(start)] += counted[end] - counted[start]
            seconds[full_hour(start)] += end - start
    return {hour: kwh for hour, kwh in energy.items() if seconds[hour] == HOUR}
