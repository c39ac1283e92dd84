"""Which counter readings to accept.

A counter that falls and rises again is booked by the recorder as consumption of its whole reading,
and stays booked. So a reading is judged before it becomes a state. A rejected reading loses nothing:
the next accepted one carries the full difference.

Times are unix timestamps in seconds, energy is kWh.
"""

from dataclasses import dataclass
import math
from typing import Final

from .gap import LONG_SILENCE_S, SILENCE_S, Gap, has_rolled_over, is_gap
from .verdict import Verdict

DEFAULT_MAX_POWER: Final = 43.5
"""kW; what a house connection of 3 x 63 A at 230 V lets through."""
SLACK_S: Final = 30.0
"""A reading may have been taken so much earlier or later than it arrived."""
MAX_JITTER: Final = 1.0
"""kWh; a meter that loses its PIN falls by less than this, and a jittering digit by far less."""
LONGEST_INTERVAL_S: Final = 3600.0
"""The rarest that boxes are polled, and that readers publish."""
NEXT_TELEGRAM_S: Final = 4.5
"""After this a reader has certainly read its meter once more."""
_RESOLUTIONS: Final = ((0, 1.0), (1, 0.1), (2, 0.01))
"""Decimals of a reading, and how many kWh its last digit may hide."""


@dataclass(frozen=True, slots=True)
class _Confirmation:
    """What it takes to accept a reading that is not plausible alone."""

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
    Verdict.QUARANTINED: _Confirmation(2, NEXT_TELEGRAM_S),
    Verdict.ROLLOVER_CANDIDATE: _Confirmation(2, NEXT_TELEGRAM_S, Verdict.ROLLED_OVER),
    # Nobody changes a meter faster than this; a reader can be wrong for minutes.
    Verdict.DECREASED: _Confirmation(5, 600.0, Verdict.REPLACED),
    Verdict.IMPLAUSIBLE_RISE: _Confirmation(5, 600.0, Verdict.REPLACED),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the guard decides on one reading."""

    verdict: Verdict
    accepted: float | None
    """The counter's reading from now on: this one, or the last accepted one; None before any."""
    gap: Gap | None = None
    """The time without readings that ends with this one."""


@dataclass(slots=True)
class Pending:
    """Readings in a row that agree with each other and wait for confirmation."""

    verdict: Verdict
    first: float
    first_at: float
    last: float
    last_at: float
    count: int = 1


@dataclass(slots=True)
class CounterGuard:
    """Judges the readings of one cumulative register."""

    last: float | None = None
    """The last accepted reading."""
    at: float | None = None
    """When the meter was last read with it; None if unknown."""
    max_power: float = DEFAULT_MAX_POWER
    """kW; no counter rises faster."""
    quarantined: bool = False
    """Whether even a plausible reading must be confirmed by a second one."""
    key: str = ""
    """The counter's key in the store of its entry."""
    _pending: Pending | None = None
    _judged_at: float = math.inf
    _interval_s: float = 0.0
    """Time between the newest reading and the one before, whatever became of them."""
    _earlier_interval_s: float = 0.0
    _unchanged_since: float | None = None
    """Since when the last accepted reading is what it is."""
    _is_jittering: bool = False
    """Whether the newest reading was JITTER."""
    _before_last: float = math.inf
    """The accepted reading before the last one."""

    def judge(self, reading: float, now: float) -> Judgement:
        """Decide on the next reading, received at `now`; an accepted one becomes `last`."""
        last, at = self.last, self.at
        if self.accept_ordinary(reading, now):
            return Judgement(Verdict.ACCEPTED, reading)
        usual_interval_s = min(self._interval_s, self._earlier_interval_s)
        verdict, first = self._decide(reading, now)
        gap = None
        if verdict.is_accepting and last is not None and at is not None and now >= at >= 0:
            gap = self._gap((last, at), (reading, now), verdict, first, usual_interval_s)
        return Judgement(verdict, self.last, gap)

    def accept_ordinary(self, reading: float, now: float) -> bool:
        """Accept a reading that is a little higher than the last one, soon after it.

        Nearly all readings are like this, and an import has millions of them. Returns whether the
        reading was accepted; if not, nothing has changed, and `judge` decides.
        """
        last, at = self.last, self.at
        if (
            last is None
            or at is None
            or self._pending is not None
            or self.quarantined
            or not 0.0 <= now - at <= SILENCE_S
            or not 0.0 < reading - last <= self.max_power * (now - at) / 3600.0
        ):
            return False
        self._note_interval(now)
        self._unchanged_since = self.at = now
        self._before_last, self.last, self._is_jittering = last, reading, False
        return True

    def _note_interval(self, now: float) -> None:
        self._earlier_interval_s = self._interval_s
        self._interval_s = min(max(now - self._judged_at, 0.0), LONGEST_INTERVAL_S)
        self._judged_at = now

    def _decide(self, reading: float, now: float) -> tuple[Verdict, float]:
        """Return the verdict, and the first of the readings that this one confirms."""
        interval_s = self._interval_s
        self._note_interval(now)
        if reading == self.last and self._pending is None and not self.quarantined:
            self.at = now
            return Verdict.ACCEPTED, reading
        verdict = self._judge_alone(reading, now, interval_s)
        self._is_jittering = verdict is Verdict.JITTER
        confirmation = _CONFIRMATIONS.get(verdict)
        if verdict is Verdict.ZERO and self.last is not None:
            # Never: a counter that has restarted will count on.
            confirmation = None
        first = reading
        if confirmation is None:
            self._pending = None
        elif pending := self._confirmed(confirmation, verdict, reading, now):
            first = pending.first
            repeated = self._has_repeated_an_old_reading(verdict, reading, now)
            verdict = Verdict.ACCEPTED if repeated else confirmation.verdict
            self._pending = None
        if verdict.is_accepting:
            self._accept(reading, now, verdict)
        elif verdict is Verdict.JITTER:
            # The meter was read, so from here on it cannot have risen by much.
            self.at = now
        return verdict, first

    def _accept(self, reading: float, now: float, verdict: Verdict) -> None:
        if reading != self.last:
            self._unchanged_since = now
        if verdict is not Verdict.ACCEPTED:
            self._before_last = reading
        elif self.last is not None and reading > self.last:
            self._before_last = self.last
        self.last, self.at, self.quarantined = reading, now, False

    def _confirmed(
        self, confirmation: _Confirmation, verdict: Verdict, reading: float, now: float
    ) -> Pending | None:
        """Return the readings that agree, this one included, if they are enough to accept it."""
        pending = self._pending
        if (
            pending is not None
            and pending.verdict is verdict
            and 0
            <= reading - pending.last
            <= self._possible_rise(pending.last, now - pending.last_at)
        ):
            pending.last, pending.last_at = reading, now
            pending.count += 1
        else:
            pending = self._pending = Pending(verdict, reading, now, reading, now)
        if self.last and _is_other_unit(reading / self.last):
            # Wh in place of kWh: the user can say so, the statistics could not be mended.
            return None
        is_enough = (
            pending.count >= confirmation.readings
            and now - pending.first_at >= confirmation.seconds
        )
        return pending if is_enough else None

    def _has_repeated_an_old_reading(self, verdict: Verdict, reading: float, now: float) -> bool:
        """Whether a rise is plausible since the last reading appeared: the reader repeated it."""
        if (
            verdict is not Verdict.IMPLAUSIBLE_RISE
            or self.last is None
            or self._unchanged_since is None
        ):
            return False
        return reading - self.last <= self._possible_rise(self.last, now - self._unchanged_since)

    def _judge_alone(self, reading: float, now: float, interval_s: float) -> Verdict:
        """Return the verdict on the reading alone; `interval_s` lay between the two before."""
        if not math.isfinite(reading):
            return Verdict.NOT_FINITE
        if reading < 0:
            return Verdict.NEGATIVE
        plausible = Verdict.QUARANTINED if self.quarantined else Verdict.ACCEPTED
        if self.last is None:
            return plausible if reading else Verdict.ZERO
        # After a long silence, or if the clock was set back, one reading proves little.
        elapsed_s = math.inf if self.at is None or now < self.at else now - self.at
        if elapsed_s > max(SILENCE_S, 3 * interval_s) and reading > self.last:
            plausible = Verdict.QUARANTINED
        if reading >= self.last:
            rise = self._possible_rise(self.last, elapsed_s)
            # A meter that has lost its PIN comes up to the last reading in steps of a kWh.
            rise += MAX_JITTER if self._is_jittering else 0.0
            return plausible if reading - self.last <= rise else Verdict.IMPLAUSIBLE_RISE
        if reading == 0:
            return Verdict.ZERO
        rise = self._possible_rise(self.last, min(elapsed_s, SILENCE_S))
        if has_rolled_over(self.last, reading, possible_rise=rise):
            return Verdict.ROLLOVER_CANDIDATE
        is_slight = reading > self.last / 2 and self.last - reading < MAX_JITTER
        # Or the last accepted reading was the wrong one, by no more than the connection allows.
        return Verdict.JITTER if is_slight or reading >= self._before_last else Verdict.DECREASED

    def _possible_rise(self, earlier: float, elapsed_s: float) -> float:
        """Return by how many kWh a counter can have risen."""
        return self.max_power * (elapsed_s + SLACK_S) / 3600 + _resolution(earlier)

    def _gap(
        self,
        before: tuple[float, float],
        after: tuple[float, float],
        verdict: Verdict,
        first: float,
        interval_s: float,
    ) -> Gap | None:
        """Return the gap between two accepted readings (kWh, unix time), None if there is none."""
        is_same = verdict is Verdict.ACCEPTED
        is_repeated = after[0] == before[0] and after[1] - before[1] <= LONG_SILENCE_S
        if is_repeated or (is_same and not is_gap(before, after, interval_s=interval_s)):
            return None
        # The new counter has counted while its readings were confirmed.
        counted = max(after[0] - first, 0.0) if verdict is Verdict.REPLACED else None
        return Gap(
            key=self.key,
            start=before[1],
            before=before[0],
            end=after[1],
            after=after[0],
            verdict=verdict,
            counted=counted,
        )


def _is_other_unit(ratio: float) -> bool:
    """Whether a reading is a thousand times the one before, or a thousandth of it."""
    return any(0.99 < ratio * factor < 1.01 for factor in (1000.0, 0.001))


def _resolution(reading: float) -> float:
    """Return the kWh that may hide behind the last digit of a reading."""
    for decimals, resolution in _RESOLUTIONS:
        if round(reading, decimals) == reading:
            return resolution
    return 0.001
