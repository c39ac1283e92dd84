"""Recognizes what the numbers of a column are: readings, energy of intervals or power."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

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


def judge(name: str, values: Sequence[float], unit: str | None) -> Judged:
    """Return what numbers in order of time are, by the name of their column, unit and values."""
    unit = unit_in(name) or unit
    said = content_in(name)
    rises = [after - before for before, after in pairwise(values)]
    falls = sum(rise < 0 for rise in rises)
    rising = sum(rise > 0 for rise in rises)
    is_rising = rising > 0 and falls <= _NOISE * len(rises) and values[-1] > values[0]
    # A meter that was replaced goes on from a lower reading.
    is_rising |= said is Content.READINGS and rising >= MANY and falls <= _NOISE * rising
    doubts: set[Doubt] = set()
    if unit in UNITS_OF[Content.POWER] or (unit is None and said is Content.POWER):
        content = Content.POWER
        if is_rising and rising >= MANY and falls == 0:
            doubts.add(Doubt.CONTENT)
    elif is_rising and (rising >= MANY or said is Content.READINGS):
        content = Content.READINGS
        if said is Content.CONSUMPTION or (said is None and _is_small(values, rises)):
            doubts.add(Doubt.CONTENT)
    elif falls == 0:
        # Zeros, or a few rising numbers.
        content = said if said in (Content.READINGS, Content.CONSUMPTION) else Content.CONSUMPTION
        if said is None or (said is Content.CONSUMPTION and is_rising and rising > 2):
            doubts.add(Doubt.CONTENT)
    else:
        content = Content.CONSUMPTION
        if said is Content.READINGS and falls < len(rises) / 5:
            content = Content.READINGS
        if said is Content.READINGS:
            doubts.add(Doubt.CONTENT)
    if unit is None:
        doubts.add(Doubt.UNIT)
    return Judged(
        content=content,
        unit=unit or UNITS_OF[content][0],
        doubts=frozenset(doubts),
        is_evident=rising + falls > 0,
    )


def _is_small(values: Sequence[float], rises: Sequence[float]) -> bool:
    """Whether rising numbers can be the energy of intervals: each is about as large as its rise."""
    return values[-1] < 3 * max(rises)
