"""Which counter readings to believe.

A counter that falls and rises again is booked by the recorder as consumption of its whole
reading, for ever. So a reading is judged before it becomes a state: what is rejected is not lost,
since the next believed reading carries the full difference.
"""

from dataclasses import dataclass
from enum import StrEnum
import math
from typing import Final

CONFIRMATIONS: Final = 5
"""So many readings in a row must agree before a lower counter is believed."""
JITTER: Final = 1.0
"""kWh; a meter that loses its PIN falls by less than this, and a jittering digit by far less."""


class Verdict(StrEnum):
    """What a guard says of a reading."""

    BELIEVED = "believed"
    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    ZERO = "zero"
    """Zero on a counter that has counted: a reader that has just started, or a glitch."""
    SLIGHTLY_LOWER = "slightly_lower"
    """Less than one kWh below: the counter stands until it is reached again."""
    LOWER = "lower"
    """Much lower: a reset or another meter, if the following readings agree."""


@dataclass(slots=True)
class CounterGuard:
    """Judges the readings of one cumulative register, in kWh."""

    last: float | None = None
    """The last believed reading."""
    _candidate: float = 0.0
    _agreeing: int = 0

    def judge(self, reading: float) -> Verdict:
        """Decide on the next reading; a believed one becomes `last`."""
        verdict = self._verdict(reading)
        if verdict is Verdict.LOWER:
            self._agreeing = self._agreeing + 1 if reading >= self._candidate else 1
            self._candidate = reading
            if self._agreeing >= CONFIRMATIONS:
                verdict = Verdict.BELIEVED
        if verdict is not Verdict.LOWER:
            self._agreeing = 0
            self._candidate = 0.0
        if verdict is Verdict.BELIEVED:
            self.last = reading
        return verdict

    def _verdict(self, reading: float) -> Verdict:
        if not math.isfinite(reading):
            return Verdict.NOT_FINITE
        if reading < 0:
            return Verdict.NEGATIVE
        if self.last is None or reading >= self.last:
            return Verdict.BELIEVED
        if reading == 0:
            return Verdict.ZERO
        slightly = self.last - reading < JITTER and reading > self.last / 2
        return Verdict.SLIGHTLY_LOWER if slightly else Verdict.LOWER
