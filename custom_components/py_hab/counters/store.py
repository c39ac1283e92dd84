"""Judges the counter readings of an entry, and keeps what follows from them across restarts."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .file import CounterFile, StoredCounters, StoredReading
from .gap import RESET_RATIO, Gap
from .guard import DEFAULT_MAX_POWER, CounterGuard, Judgement
from .verdict import Verdict

MAX_GAPS: Final = 200
"""The oldest gaps are dropped if the history is not maintained for weeks."""


class LastReading(NamedTuple):
    """The last accepted reading of a counter."""

    kwh: float
    at: datetime | None
    """When the counter was last read with that reading, None if unknown."""


class CounterStore:
    """Judges the readings of all counters of an entry, and stores them across restarts."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, *, max_power: float = DEFAULT_MAX_POWER
    ) -> None:
        """Initialize for an entry, without reading the file. `max_power` is in kW."""
        self._file = CounterFile(hass, entry_id, self._content)
        self._max_power = max_power
        self._guards: dict[str, CounterGuard] = {}
        self._is_untrusted = False
        """Whether the file existed, but could not be read."""
        self.must_be_saved = False
        """Whether the file lacks a decision that a later run would not repeat: a counter that
        continues from a lower reading. It must be saved before it is shown. Otherwise a crash would
        bring the old reading back, which the recorder would book as consumption."""
        self.notes: dict[str, Any] = {}
        """What the source stores, in JSON form. The source must validate it: the file may have been
        edited."""
        self.gaps: list[Gap] = []
        """Gaps that the statistics do not reflect yet, oldest first."""
        self._accepted: set[str] = set()
        """The counters of which a reading was accepted in this run."""
        self.rejected: Counter[tuple[str, Verdict]] = Counter()
        """The number of rejected readings by counter and verdict, since the start of Home Assistant."""

    async def async_load(self) -> None:
        """Load the last accepted readings, the gaps and the notes."""
        stored = await self._file.async_read()
        self._is_untrusted = stored is None
        if stored is None:
            return
        self.notes, self.gaps = stored.notes, stored.gaps
        for key, reading in stored.readings.items():
            guard = self._guard(key)
            guard.last, guard.at = reading

    def quarantine(self, *keys: str) -> None:
        """Require confirmation of the next readings: the source of the counters has just started."""
        for key in keys:
            self._guard(key).quarantined = True

    def expect(self, verdict: Verdict, *keys: str, since: datetime | None = None) -> None:
        """Expect the readings of other counters, for the reason that `verdict` names.

        With `since`, only under those keys that have not been read since then.
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
        self.schedule_save()
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

    def last(self, key: str) -> float | None:
        """Return the last accepted reading in kWh, None before the first one."""
        guard = self._guards.get(key)
        return guard.last if guard else None

    def last_reading(self, key: str) -> LastReading | None:
        """Return the last accepted reading with its time, None before the first one."""
        guard = self._guards.get(key)
        if guard is None or guard.last is None:
            return None
        at = None if guard.at is None else dt_util.utc_from_timestamp(guard.at)
        return LastReading(guard.last, at)

    @callback
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
            self.schedule_save()
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

    @callback
    def reject(self, key: str, verdict: Verdict) -> None:
        """Count a reading that was rejected without a guard."""
        self.rejected[key, verdict] += 1

    @callback
    def add_gap(self, gap: Gap) -> None:
        """Store a gap until the statistics reflect it."""
        self.gaps.append(gap)
        del self.gaps[:-MAX_GAPS]

    @callback
    def settle(self, gap: Gap) -> None:
        """Remove a gap that the statistics reflect now, or that cannot be repaired."""
        if gap in self.gaps:
            self.gaps.remove(gap)
            self.schedule_save()

    def _guard(self, key: str) -> CounterGuard:
        return self._guards.setdefault(
            key,
            CounterGuard(key=key, max_power=self._max_power, quarantined=self._is_untrusted),
        )

    @callback
    def schedule_save(self) -> None:
        """Save the file after `file.SAVE_DELAY` at most."""
        self._file.schedule_save()

    def _content(self) -> StoredCounters:
        return StoredCounters(
            readings={
                key: StoredReading(guard.last, guard.at)
                for key, guard in self._guards.items()
                if guard.last is not None
            },
            notes=self.notes,
            gaps=self.gaps,
        )

    async def async_save(self) -> None:
        """Save the file now, for example before the entry is unloaded."""
        self.must_be_saved = False
        await self._file.async_save()

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._file.async_remove()
