"""Which counter readings to believe.

A counter that falls and rises again is booked by the recorder as consumption of its whole
reading, for ever. So a reading is judged before it becomes a state: what is rejected is not lost,
since the next believed reading carries the full difference.
"""

from dataclasses import dataclass
from enum import StrEnum
import math
from typing import Final

DEFAULT_MAX_POWER: Final = 43.5
"""kW; what a house connection of 3 x 63 A at 230 V lets through."""
SLACK: Final = 30.0
"""Seconds; a reading may have been taken so much earlier or later than it arrived."""
MAX_JITTER: Final = 1.0
"""kWh; a meter that loses its PIN falls by less than this, and a jittering digit by far less."""
SILENCE: Final = 900.0
"""Seconds; after a longer one the fuse allows nearly anything, so that one reading proves little."""
LONGEST_INTERVAL: Final = 3600.0
"""Seconds; the rarest that boxes are asked, and that readers publish."""
ANOTHER_TELEGRAM: Final = 4.5
"""Seconds after which a reader has certainly read its meter once more."""
_RESOLUTIONS: Final = ((0, 1.0), (1, 0.1), (2, 0.01))
"""Decimals of a reading, and how much in kWh its last digit may hide."""
_CAPACITIES: Final = tuple(10.0**digits for digits in range(4, 9))
"""kWh at which a meter's display starts anew at 0."""


class Verdict(StrEnum):
    """What a guard says of a reading."""

    ACCEPTED = "believed"
    ROLLED_OVER = "rolled_over"
    """Believed: the display was full and has started anew."""
    REPLACED = "replaced"
    """Believed: later readings have confirmed that the counter is another one, or was reset."""

    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    ZERO = "zero"
    """Zero on a counter that has counted, or the first reading of all: a reader that has just
    started, or a glitch. As first reading believed when it is repeated."""
    QUARANTINED = "quarantined"
    """Possible, but the first reading of all, or after a restart or a long silence."""
    JITTER = "slightly_lower"
    """Lower by less than one kWh, or than the last step: the counter stands until it is reached
    again."""
    DECREASED = "lower"
    """Much lower: a reset or another meter, if the following readings agree."""
    ROLLOVER_CANDIDATE = "full"
    """The display seems to have started anew."""
    IMPLAUSIBLE_RISE = "jump"
    """Higher than the fuses allow: garbage, or another meter, if the following readings agree."""


ACCEPTING: Final = frozenset({Verdict.ACCEPTED, Verdict.ROLLED_OVER, Verdict.REPLACED})
"""Verdicts with which the reading becomes the counter's."""


@dataclass(frozen=True, slots=True)
class _Confirmation:
    """How a reading that is doubtful by itself comes to be believed."""

    readings: int
    """So many in a row must agree, the first included."""
    seconds: float
    """So much time must lie between the first and the last of them."""
    verdict: Verdict = Verdict.ACCEPTED


_CONFIRMATIONS: Final = {
    # A reader sends up to two zeros when it starts (Tasmota's median filter), or as many as it
    # has not yet read the meter. A feed-in counter may stand at zero for ever.
    Verdict.ZERO: _Confirmation(3, 60.0),
    # By another telegram than the one that was read first; a meter sends one every 1 to 4 s.
    Verdict.QUARANTINED: _Confirmation(2, ANOTHER_TELEGRAM),
    Verdict.ROLLOVER_CANDIDATE: _Confirmation(2, ANOTHER_TELEGRAM, Verdict.ROLLED_OVER),
    # Nobody changes a meter faster than this; a reader can be wrong for minutes.
    Verdict.DECREASED: _Confirmation(5, 600.0, Verdict.REPLACED),
    Verdict.IMPLAUSIBLE_RISE: _Confirmation(5, 600.0, Verdict.REPLACED),
}


@dataclass(slots=True)
class CounterGuard:
    """Judges the readings of one cumulative register, in kWh."""

    last: float | None = None
    """The last believed reading."""
    at: float | None = None
    """When that was, in seconds; None if nobody knows."""
    max_power: float = DEFAULT_MAX_POWER
    """kW; no counter rises faster."""
    quarantined: bool = False
    """Whether even a possible reading must be confirmed by a second one."""
    _judged: float = math.inf
    """When the newest reading was judged, how long after the one before, and that one's."""
    _gap: float = 0.0
    _earlier_gap: float = 0.0
    _since: float | None = None
    """Since when the last believed reading is what it is."""
    _held: bool = False
    """Whether the newest reading was slightly lower."""
    _before: float = math.inf
    """The believed reading before the last one."""
    first_doubted: float = 0.0
    """The reading with which those began that were confirmed last."""
    _doubt: Verdict | None = None
    _first_at: float = 0.0
    _candidate: float = 0.0
    _candidate_at: float = 0.0
    _agreeing: int = 0

    @property
    def interval(self) -> float:
        """Seconds that readings are apart as a rule, whatever the newest one had to wait for."""
        return min(self._gap, self._earlier_gap)

    def judge(self, reading: float, now: float) -> Verdict:
        """Decide on the next reading, received at `now` seconds; a believed one becomes `last`."""
        usual, self._earlier_gap = self._gap, self._gap
        self._gap = min(max(now - self._judged, 0.0), LONGEST_INTERVAL)
        self._judged = now
        if reading == self.last and self._doubt is None and not self.quarantined:
            # By far the most frequent case.
            self.at = now
            return Verdict.ACCEPTED
        verdict = self._verdict(reading, now, usual)
        self._held = verdict is Verdict.JITTER
        confirmation = _CONFIRMATIONS.get(verdict)
        if verdict is Verdict.ZERO and self.last is not None:
            # Never: a counter that has started anew will count on.
            confirmation = None
        if confirmation is None:
            self._doubt = None
        elif self._confirmed(confirmation, verdict, reading, now):
            verdict = self._explained(verdict, reading, now) or confirmation.verdict
            self._doubt = None
        if verdict in ACCEPTING:
            if reading != self.last:
                self._since = now
            if verdict is not Verdict.ACCEPTED:
                self._before = reading
            elif self.last is not None and reading > self.last:
                self._before = self.last
            self.last, self.at, self.quarantined = reading, now, False
        elif verdict is Verdict.JITTER:
            # It is read, so that from here on it cannot have risen by much.
            self.at = now
        return verdict

    def _confirmed(
        self, confirmation: _Confirmation, doubt: Verdict, reading: float, now: float
    ) -> bool:
        """Whether enough readings in a row have agreed with each other, this one included."""
        rise = reading - self._candidate
        elapsed = now - self._candidate_at
        if self._doubt is doubt and 0 <= rise <= self._possible_rise(self._candidate, elapsed):
            self._agreeing += 1
        else:
            self._doubt = doubt
            self._first_at = now
            self.first_doubted = reading
            self._agreeing = 1
        self._candidate, self._candidate_at = reading, now
        if self.last and _is_other_unit(reading / self.last):
            # Wh in place of kWh: the user can say so, the statistics could not be mended.
            return False
        return (
            self._agreeing >= confirmation.readings and now - self._first_at >= confirmation.seconds
        )

    def _explained(self, doubt: Verdict, reading: float, now: float) -> Verdict | None:
        """Return BELIEVED for a jump that is none: the reader had repeated an old reading."""
        if doubt is not Verdict.IMPLAUSIBLE_RISE or self.last is None or self._since is None:
            return None
        rise = self._possible_rise(self.last, now - self._since)
        return Verdict.ACCEPTED if reading - self.last <= rise else None

    def _verdict(self, reading: float, now: float, usual: float) -> Verdict:
        """Return what the reading looks like by itself; `usual` are the seconds between two."""
        if not math.isfinite(reading):
            return Verdict.NOT_FINITE
        if reading < 0:
            return Verdict.NEGATIVE
        possible = Verdict.QUARANTINED if self.quarantined else Verdict.ACCEPTED
        if self.last is None:
            return possible if reading else Verdict.ZERO
        # After a long silence, or if the clock was set back, one reading proves little.
        elapsed = math.inf if self.at is None or now < self.at else now - self.at
        if elapsed > max(SILENCE, 3 * usual) and reading > self.last:
            possible = Verdict.QUARANTINED
        if reading >= self.last:
            rise = self._possible_rise(self.last, elapsed)
            # A meter that has lost its PIN comes up to the last reading in steps of a kWh.
            rise += MAX_JITTER if self._held else 0.0
            return possible if reading - self.last <= rise else Verdict.IMPLAUSIBLE_RISE
        if reading == 0:
            return Verdict.ZERO
        if _has_rolled_over(
            self.last, reading, self._possible_rise(self.last, min(elapsed, SILENCE))
        ):
            return Verdict.ROLLOVER_CANDIDATE
        slightly = reading > self.last / 2 and self.last - reading < MAX_JITTER
        # Or the last believed reading was the wrong one, by no more than the fuses allow.
        return Verdict.JITTER if slightly or reading >= self._before else Verdict.DECREASED

    def _possible_rise(self, earlier: float, elapsed: float) -> float:
        """Return by how many kWh a counter can have risen in `elapsed` seconds."""
        return self.max_power * (elapsed + SLACK) / 3600 + _resolution(earlier)


def _has_rolled_over(last: float, reading: float, possible_rise: float) -> bool:
    """Whether a display that was nearly full may show this reading now."""
    return any(
        last < capacity and reading + capacity - last <= possible_rise for capacity in _CAPACITIES
    )


def capacity_of(reading: float) -> float:
    """Return the kWh at which a display that shows this reading is full."""
    return next((capacity for capacity in _CAPACITIES if reading < capacity), reading)


def _is_other_unit(ratio: float) -> bool:
    """Whether a reading is a thousand times the one before, or a thousandth of it."""
    return any(0.99 < ratio * factor < 1.01 for factor in (1000.0, 0.001))


def _resolution(reading: float) -> float:
    """Return the kWh that may hide behind the last digit of a reading."""
    for decimals, resolution in _RESOLUTIONS:
        if round(reading, decimals) == reading:
            return resolution
    return 0.001
