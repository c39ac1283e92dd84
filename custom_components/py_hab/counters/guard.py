"""The guard: decides which readings of a counter are accepted.

When a counter falls and rises again, the recorder permanently adds its whole reading as consumption.
So each reading is judged before it becomes a state. Rejecting a reading loses no energy: the next
accepted one contains it.

Times are unix timestamps in seconds, energy is in kWh.
"""

from dataclasses import dataclass, field
import math
from typing import Final

from .gap import HOUR_S, MIN_GAP_S, MIN_RETENTION_S, Gap, Reading, has_rolled_over, is_gap
from .interval import ReadingInterval
from .pending import Confirmation, Pending, confirmation_of
from .verdict import Verdict

DEFAULT_MAX_POWER: Final = 43.5
"""kW; the power of a house connection of 3 x 63 A at 230 V."""
SLACK_S: Final = 30.0
"""Uncertainty of the time between two readings, which arrive later than the meter was read."""
MAX_JITTER: Final = 1.0
"""kWh. A meter that loses its PIN drops its decimals and falls by less than this; jitter of the last
digit is much smaller."""
_RESOLUTIONS: Final = {0: 1.0, 1: 0.1, 2: 0.01}
"""Resolution in kWh by the number of decimals of a reading."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The decision of the guard on one reading."""

    verdict: Verdict
    accepted: float | None
    """The reading of the counter from now on: this one, the last accepted one, or None without any."""
    gap: Gap | None = None
    """The gap that ends with this reading."""


@dataclass(slots=True)
class CounterGuard:
    """Judges the readings of one counter."""

    last: float | None = None
    """The last accepted reading."""
    at: float | None = None
    """When the counter was last read with that reading; None if unknown."""
    max_power: float = DEFAULT_MAX_POWER
    """kW; the power of the house connection."""
    quarantined: bool = False
    """Whether a second reading must confirm even a plausible one."""
    key: str = ""
    """The counter's key in the store of its entry."""
    expected: Verdict | None = None
    """Why the next reading may be that of another counter: REPLACED if another counter of the same
    meter was replaced, KEY_CORRECTED if the user has assigned another key."""
    _pending: Pending | None = None
    _interval: ReadingInterval = field(default_factory=ReadingInterval)
    _unchanged_since: float | None = None
    """Time of the first reading that was equal to the last accepted one."""
    _is_jittering: bool = False
    """Whether the newest reading was JITTER."""
    _before_last: float = math.inf
    """The accepted reading before the last one."""

    def judge(self, reading: float, now: float) -> Judgement:
        """Judge a reading that was received at `now`. An accepted reading becomes `last`."""
        last, at = self.last, self.at
        if self.accept_ordinary(reading, now):
            return Judgement(Verdict.ACCEPTED, reading)
        usual_interval_s = self._interval.usual_s
        verdict, pending = self._decide(reading, now)
        gap = None
        if verdict.is_accepting and last is not None and at is not None and now >= at >= 0:
            gap = _gap_between(
                Reading(last, at),
                Reading(reading, now),
                key=self.key,
                verdict=verdict,
                confirmed=pending,
                interval_s=usual_interval_s,
            )
        return Judgement(verdict, self.last, gap)

    def accept_ordinary(self, reading: float, now: float) -> bool:
        """Accept a reading that is slightly higher than the last one and follows it closely.

        This fast path covers nearly all of the millions of readings in an import. Returns whether
        the reading was accepted. Otherwise nothing has changed, and `judge` must decide.
        """
        last, at = self.last, self.at
        if (
            last is None
            or at is None
            or self._pending is not None
            or self.quarantined
            or not 0.0 <= now - at <= MIN_GAP_S
            or not 0.0 < reading - last <= self.max_power * (now - at) / 3600.0
        ):
            return False
        self._interval.note(now)
        self._unchanged_since = self.at = now
        self._before_last, self.last, self._is_jittering = last, reading, False
        return True

    def expect(self, verdict: Verdict) -> None:
        """Expect another counter. Any reading then replaces the last one once it is confirmed.

        The first plausible reading shows that the counter is still the same.
        """
        self.quarantined, self.expected = True, verdict

    def rescale(self, factor: float) -> None:
        """Convert the last accepted reading to another unit."""
        if self.last is not None:
            self.last *= factor
        self._before_last, self._pending, self._is_jittering = math.inf, None, False

    def _decide(self, reading: float, now: float) -> tuple[Verdict, Pending | None]:
        """Return the verdict on a reading, and the readings that it confirms, if it does."""
        interval_s = self._interval.expected_s
        self._interval.note(now)
        if reading == self.last and self._pending is None and not self.quarantined:
            self.at = now
            return Verdict.ACCEPTED, None
        verdict = self._judge_alone(reading, now, interval_s)
        self._is_jittering = verdict is Verdict.JITTER
        confirmation = confirmation_of(verdict, expected=self.expected, is_first=self.last is None)
        pending = None
        if confirmation is None:
            pending, self._pending = self._pending, None
            if pending is not None and not self._extend(pending, reading, now):
                pending = None
        elif pending := self._confirmed(confirmation, verdict, reading, now):
            repeated = self._has_repeated_an_old_reading(verdict, reading, now)
            verdict = Verdict.ACCEPTED if repeated else confirmation.verdict
            self._pending = None
        if verdict.is_accepting:
            self._accept(reading, now, verdict)
        elif verdict is Verdict.JITTER:
            # The meter was read now, which limits by how much the next reading can be higher.
            self.at = now
        return verdict, pending

    def _accept(self, reading: float, now: float, verdict: Verdict) -> None:
        if reading != self.last:
            self._unchanged_since = now
        if verdict is not Verdict.ACCEPTED:
            self._before_last = reading
        elif self.last is not None and reading > self.last:
            self._before_last = self.last
        self.last, self.at = reading, now
        self.quarantined, self.expected = False, None

    def _confirmed(
        self, confirmation: Confirmation, verdict: Verdict, reading: float, now: float
    ) -> Pending | None:
        """Return the readings that agree with this one, if they suffice to accept it."""
        pending = self._pending
        is_same = pending is not None and pending.verdict is verdict
        if pending is None or not is_same or not self._extend(pending, reading, now):
            pending = self._pending = Pending(verdict, Reading(reading, now), Reading(reading, now))
        if self.last and self.expected is None and _is_other_unit(reading / self.last):
            # Wh instead of kWh: the user can assign the unit, but statistics in Wh could not be repaired.
            return None
        return pending if confirmation.is_met_by(pending) else None

    def _extend(self, pending: Pending, reading: float, now: float) -> bool:
        """Add a reading to those that await confirmation; return whether it agrees with them."""
        if not self._continues(pending, reading, now):
            return False
        pending.add(Reading(reading, now))
        return True

    def _continues(self, pending: Pending, reading: float, now: float) -> bool:
        """Whether a counter can have risen from readings that await confirmation to this one."""
        rise = reading - pending.last.kwh
        return 0 <= rise <= self._possible_rise(pending.last.kwh, now - pending.last.at)

    def _has_repeated_an_old_reading(self, verdict: Verdict, reading: float, now: float) -> bool:
        """Whether a rise is plausible because the reader has only repeated the last reading.

        The meter may have counted since that reading was first seen.
        """
        if (
            verdict is not Verdict.IMPLAUSIBLE_RISE
            or self.last is None
            or self._unchanged_since is None
        ):
            return False
        return reading - self.last <= self._possible_rise(self.last, now - self._unchanged_since)

    def _judge_alone(self, reading: float, now: float, interval_s: float) -> Verdict:
        """Return the verdict on a single reading.

        `interval_s` is the time between readings before it.
        """
        if not math.isfinite(reading):
            return Verdict.NOT_FINITE
        if reading < 0:
            return Verdict.NEGATIVE
        plausible = Verdict.QUARANTINED if self.quarantined else Verdict.ACCEPTED
        if self.last is None:
            return plausible if reading else Verdict.ZERO
        # After a gap, or if the clock was set back, a single reading proves little.
        elapsed_s = math.inf if self.at is None or now < self.at else now - self.at
        if elapsed_s > max(MIN_GAP_S, 3 * interval_s) and reading > self.last:
            plausible = Verdict.QUARANTINED
        if reading >= self.last:
            rise = self._possible_rise(self.last, elapsed_s)
            # A meter that has lost its PIN approaches the last reading in steps of a kWh.
            rise += MAX_JITTER if self._is_jittering else 0.0
            return plausible if reading - self.last <= rise else Verdict.IMPLAUSIBLE_RISE
        return self._judge_decrease(self.last, reading, now, elapsed_s)

    def _judge_decrease(self, last: float, reading: float, now: float, elapsed_s: float) -> Verdict:
        """Return the verdict on a single reading that is lower than the last one."""
        if reading == 0:
            return Verdict.ZERO
        rise = self._possible_rise(last, min(elapsed_s, MIN_GAP_S))
        if has_rolled_over(last, reading, possible_rise=rise):
            return Verdict.ROLLOVER_CANDIDATE
        # A small counter that was reset is near its last reading again before five readings agree.
        if (
            self._pending is not None
            and self._pending.verdict is Verdict.DECREASED
            and self._continues(self._pending, reading, now)
        ):
            return Verdict.DECREASED
        is_slight = reading > last / 2 and last - reading < MAX_JITTER
        # If it is above the reading before the last one, the last one may have been too high. One that
        # only a long gap made plausible may be so much too high that it is not reached for months.
        is_reached_soon = last - reading <= self._possible_rise(reading, MIN_GAP_S)
        is_spike = reading >= self._before_last and is_reached_soon
        return Verdict.JITTER if is_slight or is_spike else Verdict.DECREASED

    def _possible_rise(self, earlier: float, elapsed_s: float) -> float:
        """Return the kWh by which a counter can have risen above an earlier reading."""
        return self.max_power * (elapsed_s + SLACK_S) / 3600 + resolution_of(earlier)


def _gap_between(
    before: Reading,
    after: Reading,
    *,
    key: str,
    verdict: Verdict,
    confirmed: Pending | None,
    interval_s: float,
) -> Gap | None:
    """Return the gap between two accepted readings of a counter, None if there is none.

    `confirmed` are the readings that the new one has confirmed, `interval_s` is the usual time
    between readings.
    """
    first = after if confirmed is None else confirmed.first
    is_same = verdict is Verdict.ACCEPTED
    is_repeated = after.kwh == before.kwh and after.at - before.at <= MIN_RETENTION_S
    # Under quarantine, a reading was not shown in its hour: the next one contains its energy.
    is_in_next_hour = (
        confirmed is not None
        and confirmed.verdict is Verdict.QUARANTINED
        and first.kwh > before.kwh
        and first.at // HOUR_S < after.at // HOUR_S
    )
    is_ordinary = is_same and not is_in_next_hour
    if is_repeated or (is_ordinary and not is_gap(before, after, interval_s=interval_s)):
        return None
    # A new counter counts while its readings are being confirmed.
    is_other = verdict in {Verdict.REPLACED, Verdict.KEY_CORRECTED}
    counted = max(after.kwh - first.kwh, 0.0) if is_other else None
    return Gap(
        key=key,
        start=before.at,
        before=before.kwh,
        end=after.at,
        after=after.kwh,
        verdict=verdict,
        counted=counted,
        counted_since=first.at if is_other else None,
        readings={} if confirmed is None else confirmed.known,
    )


def _is_other_unit(ratio: float) -> bool:
    """Whether the ratio of two readings is about 1000 or 1/1000."""
    return any(0.99 < ratio * factor < 1.01 for factor in (1000.0, 0.001))


def resolution_of(reading: float) -> float:
    """Return the resolution of a reading in kWh, by the decimals that it shows."""
    for decimals, resolution in _RESOLUTIONS.items():
        if round(reading, decimals) == reading:
            return resolution
    return 0.001
