"""Judges the readings of all counters of an entry, and collects the gaps that follow from them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from .gap import RESET_RATIO, Gap, Reading
from .guard import DEFAULT_MAX_POWER, CounterGuard, Judgement
from .verdict import Verdict

MAX_GAPS: Final = 200
"""The oldest gaps are dropped if the history is not maintained for weeks."""


class LastReading(NamedTuple):
    """The last accepted reading of a counter."""

    kwh: float
    at: datetime | None
    """When the counter was last read with that reading, None if unknown."""


class Counters:
    """The counters of an entry, by key."""

    def __init__(
        self, *, on_change: Callable[[], None], max_power: float = DEFAULT_MAX_POWER
    ) -> None:
        """Start without counters. `on_change` is called after a change that must be stored.

        `max_power` is the power of the house connection in kW.
        """
        self._on_change = on_change
        self._max_power = max_power
        self._guards: dict[str, CounterGuard] = {}
        self._is_untrusted = False
        """Whether earlier readings are unknown, so that new counters start under quarantine."""
        self.must_be_saved = False
        """Whether the file lacks a decision that a later run would not repeat: a counter that
        continues from a lower reading. It must be saved before it is shown. Otherwise a crash would
        bring the old reading back, which the recorder would book as consumption."""
        self.gaps: list[Gap] = []
        """Gaps that the statistics do not reflect yet, oldest first."""
        self.rejected: Counter[tuple[str, Verdict]] = Counter()
        """The number of rejected readings by counter and verdict, since the start of Home Assistant."""
        self.resumed: dict[str, Reading] = {}
        """The last readings of an earlier run, by counter. A database that was put back since lacks
        them."""
        self._accepted: set[str] = set()
        """The counters of which a reading was accepted in this run."""

    def quarantine(self, *keys: str) -> None:
        """Require confirmation of the next readings: the source of the counters has just started."""
        for key in keys:
            self._guard(key).quarantined = True

    def expect(self, verdict: Verdict, *keys: str, since: datetime | None = None) -> None:
        """Expect that the next readings are those of other counters, for the reason `verdict`.

        A counter that was read after `since` is left out.
        """
        for key in keys:
            guard = self._guards.get(key)
            if guard is None or not guard.last:
                continue
            if since is None or (guard.at or 0.0) < since.timestamp():
                guard.expect(verdict)

    def correct_unit(self, key: str, factor: float, reading: float, now: datetime) -> Gap | None:
        """Continue a counter whose readings were in another unit; return the gap to correct.

        `factor` converts the last accepted reading, `reading` is the new one in kWh.
        """
        guard = self._guard(key)
        before, at = guard.last, guard.at
        guard.rescale(factor)
        self._on_change()
        end = now.timestamp()
        if before is None or at is None or not 0 <= at <= end:
            return None
        gap = Gap(
            key=key,
            start=at,
            before=before,
            end=end,
            after=reading,
            verdict=Verdict.UNIT_CORRECTED,
            counted=max(reading - before * factor, 0.0),
        )
        self.add_gap(gap)
        return gap

    def forget(self, *keys: str) -> None:
        """Remove counters that no longer exist."""
        for key in keys:
            self._guards.pop(key, None)

    def take_over(self, others: Counters, *keys: str) -> None:
        """Continue counters of another entry: their last readings, and gaps to be repaired.

        A counter that was read here since goes on from its own reading.
        """
        for key in keys:
            theirs, ours = others._guards.get(key), self._guards.get(key)
            if theirs is None or theirs.at is None:
                continue
            if ours is None or ours.at is None or ours.at < theirs.at:
                guard = self._guards[key] = CounterGuard(key=key, max_power=self._max_power)
                guard.last, guard.at = theirs.last, theirs.at
            for gap in others.gaps:
                if gap.key == key and gap not in self.gaps:
                    self.add_gap(gap)
        self._on_change()

    def last(self, key: str) -> float | None:
        """Return the last accepted reading in kWh, None before the first one."""
        guard = self._guards.get(key)
        return guard.last if guard else None

    def last_reading(self, key: str) -> LastReading | None:
        """Return the last accepted reading with its time, None before the first one."""
        guard = self._guards.get(key)
        if guard is None or guard.last is None:
            return None
        at = None if guard.at is None else datetime.fromtimestamp(guard.at, UTC)
        return LastReading(guard.last, at)

    def judge(self, key: str, reading: float, now: datetime) -> Judgement:
        """Judge a reading in kWh, received at `now`, and store the result.

        Counts a rejected reading, and stores the gap that an accepted one ends.
        """
        guard = self._guards.get(key) or self._guard(key)
        before = guard.last
        if guard.at is not None and now.timestamp() < guard.at:
            self._drop_future_gaps(now.timestamp())
        judgement = guard.judge(reading, now.timestamp())
        if not judgement.verdict.is_accepting:
            self.rejected[key, judgement.verdict] += 1
        if judgement.gap is not None:
            self.add_gap(judgement.gap)
        if judgement.gap is not None or judgement.accepted != before:
            self._on_change()
        if judgement.verdict.is_accepting:
            self._accepted.add(key)
        elif self._may_look_reset(key, judgement, reading):
            return replace(judgement, accepted=None)
        if before is not None and judgement.verdict.is_accepting:
            is_ordinary = judgement.verdict is Verdict.ACCEPTED and reading >= before
            self.must_be_saved |= not is_ordinary
        return judgement

    def _may_look_reset(self, key: str, judgement: Judgement, reading: float) -> bool:
        """Whether the last reading of an earlier run must not be shown.

        After a crash it is older than the last state. If it is so much lower that the recorder takes
        it for a reset, the recorder would book it as consumption.
        """
        return (
            key not in self._accepted
            and judgement.verdict is Verdict.QUARANTINED
            and judgement.accepted is not None
            and judgement.accepted < RESET_RATIO * reading
        )

    def _drop_future_gaps(self, now: float) -> None:
        """Drop gaps that end in the future, because the clock of Home Assistant was set back.

        A clock that is far behind, as after a start without a network, shows nothing about gaps.
        """
        self.gaps = [gap for gap in self.gaps if not gap.start <= now < gap.end]

    def reject(self, key: str, verdict: Verdict) -> None:
        """Count a reading that was rejected without a guard."""
        self.rejected[key, verdict] += 1

    def add_gap(self, gap: Gap) -> None:
        """Store a gap until the statistics reflect it."""
        self.gaps.append(gap)
        del self.gaps[:-MAX_GAPS]

    def settle(self, gap: Gap) -> None:
        """Remove a gap that the statistics reflect now, or that cannot be repaired."""
        if gap in self.gaps:
            self.gaps.remove(gap)
            self._on_change()

    def _guard(self, key: str) -> CounterGuard:
        return self._guards.setdefault(
            key,
            CounterGuard(key=key, max_power=self._max_power, quarantined=self._is_untrusted),
        )
