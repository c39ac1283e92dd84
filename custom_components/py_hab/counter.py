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
FIRST_ZEROS: Final = 3
"""So many zeros in a row must come first before a counter that was never read is believed to be
at zero: a reader that has just started sends up to two (Tasmota's median filter), and 0 followed
by the meter's reading would be booked as consumption. A feed-in counter may stand there for ever."""
JITTER: Final = 1.0
"""kWh; a meter that loses its PIN falls by less than this, and a jittering digit by far less."""


class Verdict(StrEnum):
    """What a guard says of a reading."""

    BELIEVED = "believed"
    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    ZERO = "zero"
    """Zero on a counter that has counted, or the first reading of all: a reader that has just
    started, or a glitch. As first reading believed when it is repeated."""
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
        needed = {Verdict.LOWER: CONFIRMATIONS}
        if self.last is None:
            needed[Verdict.ZERO] = FIRST_ZEROS
        if verdict in needed:
            self._agreeing = self._agreeing + 1 if reading >= self._candidate else 1
            self._candidate = reading
            if self._agreeing >= needed[verdict]:
                verdict = Verdict.BELIEVED
        if verdict not in needed:
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
        if self.last is None:
            return Verdict.BELIEVED if reading else Verdict.ZERO
        if reading >= self.last:
            return Verdict.BELIEVED
        if reading == 0:
            return Verdict.ZERO
        slightly = self.last - reading < JITTER and reading > self.last / 2
        return Verdict.SLIGHTLY_LOWER if slightly else Verdict.LOWER
