"""Recognizes what the numbers of a column are: readings, energy of intervals or power."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from .csv_format import UNITS_OF, Content, Doubt
from .words import content_in, unit_in

MANY: Final = 20
"""Rising numbers from which on they are certainly readings."""
_NOISE: Final = 0.02
"""The part of numbers that may be lower than the one before, of which an error is the reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What a column contains."""

    content: Content
    unit: str
    doubts: frozenset[Doubt]
    is_evident: bool = True
    """Whether the values show it; those of a column of zeros do not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Course:
    """How the numbers of a column follow each other."""

    last: float
    largest_rise: float
    steps: int
    rising: int
    falls: int
    is_rising: bool
    """Whether the numbers rise from the first to the last, but for errors."""

    @classmethod
    def of(cls, values: Sequence[float], said: Content | None) -> _Course:
        """Return the course of numbers; `said` is what the name of their column says."""
        rises = [after - before for before, after in pairwise(values)]
        falls = sum(rise < 0 for rise in rises)
        rising = sum(rise > 0 for rise in rises)
        ends_higher = rising > 0 and values[-1] > values[0] and falls <= _NOISE * len(rises)
        # A meter that was replaced goes on from a lower reading.
        goes_on = said is Content.READINGS and rising >= MANY and falls <= _NOISE * rising
        return cls(
            last=values[-1] if values else 0.0,
            largest_rise=max(rises, default=0.0),
            steps=len(rises),
            rising=rising,
            falls=falls,
            is_rising=ends_higher or goes_on,
        )

    @property
    def is_small(self) -> bool:
        """Whether rising numbers can be the energy of intervals: each is about as large as its rise."""
        return self.last < 3 * self.largest_rise


def judge(name: str, values: Sequence[float], unit: str | None) -> Judged:
    """Return what numbers in order of time are, by the name of their column, unit and values."""
    unit = unit_in(name) or unit
    said = content_in(name)
    course = _Course.of(values, said)
    if unit in UNITS_OF[Content.POWER] or (unit is None and said is Content.POWER):
        content = Content.POWER
        is_doubtful = course.is_rising and course.rising >= MANY and course.falls == 0
    else:
        content, is_doubtful = _energy(course, said)
    doubts = {Doubt.CONTENT: is_doubtful, Doubt.UNIT: unit is None}
    return Judged(
        content=content,
        unit=unit or UNITS_OF[content][0],
        doubts=frozenset(doubt for doubt, is_raised in doubts.items() if is_raised),
        is_evident=course.rising + course.falls > 0,
    )


class _Energy(NamedTuple):
    """What numbers of energy seem to be."""

    content: Content
    is_doubtful: bool


def _energy(course: _Course, said: Content | None) -> _Energy:
    """Return whether numbers are readings or the energy of intervals."""
    says_readings, says_energy = said is Content.READINGS, said is Content.CONSUMPTION
    if course.is_rising and (course.rising >= MANY or says_readings):
        return _Energy(Content.READINGS, says_energy or (said is None and course.is_small))
    if course.falls == 0:
        # Zeros, or a few rising numbers.
        is_doubtful = said is None or (says_energy and course.is_rising and course.rising > 2)
        return _Energy(Content.READINGS if says_readings else Content.CONSUMPTION, is_doubtful)
    if says_readings and course.falls < course.steps / 5:
        return _Energy(Content.READINGS, True)
    return _Energy(Content.CONSUMPTION, says_readings)
