"""What must be remembered of an entry over restarts: its counters, and what was learned."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
import math
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from .gap import LONG_SILENCE, Gap, gap_between, gaps_from_notes
from .guard import ACCEPTING, DEFAULT_MAX_POWER, CounterGuard, Verdict

STORAGE_VERSION: Final = 1
STORAGE_MINOR_VERSION: Final = 2
SAVE_DELAY: Final = timedelta(minutes=15)
"""An old reading still tells a zero from a counter; SD cards dislike frequent writes."""

_COUNTERS: Final = "counters"
_NOTES: Final = "notes"
_GAPS: Final = "gaps"
MAX_GAPS: Final = 200
"""Of a home that nobody mends for weeks; the oldest are given up."""


class _EntryStore(Store[dict[str, Any]]):
    """The file of an entry: counters by key as [kWh, unix time], notes of the source, gaps."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Any
    ) -> dict[str, Any]:
        """Version 1.1 held the counters alone, without their times."""
        counters = old_data if isinstance(old_data, dict) else {}
        return {_COUNTERS: {key: [last, None] for key, last in counters.items()}, _NOTES: {}}


class CounterStore:
    """Judges the readings of all counters of an entry.

    `rejected` counts what was not believed, by counter and verdict. `gaps` are times without
    readings that the statistics have not been mended for yet, oldest first. `notes` is whatever else the
    source wants to find again after a restart, as JSON has it; who reads it must expect a file
    that was changed by hand.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, *, max_power: float = DEFAULT_MAX_POWER
    ) -> None:
        """Prepare the memory of an entry; nothing is read yet. `max_power` in kW."""
        self._hass = hass
        self._store = _EntryStore(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{entry.entry_id}",
            minor_version=STORAGE_MINOR_VERSION,
        )
        self._max_power = max_power
        self._guards: dict[str, CounterGuard] = {}
        self._next_save = 0.0
        self.notes: dict[str, Any] = {}
        self.gaps: list[Gap] = []
        self.rejected: Counter[tuple[str, Verdict]] = Counter()

    async def async_load(self) -> None:
        """Recall the last believed readings."""
        stored: object = await self._store.async_load()
        # The file may have been changed by hand, or by a disk that fails.
        sections = stored if isinstance(stored, dict) else {}
        counters, notes = sections.get(_COUNTERS), sections.get(_NOTES)
        self.notes = notes if isinstance(notes, dict) else {}
        self.gaps = gaps_from_notes(sections.get(_GAPS))
        for key, remembered in counters.items() if isinstance(counters, dict) else ():
            match remembered:
                case [int() | float() as last, at] if last is not True and 0 <= last < math.inf:
                    guard = self._guard(key)
                    guard.last = float(last)
                    guard.at = float(at) if isinstance(at, int | float) else None

    def quarantine(self, *keys: str) -> None:
        """Have the next readings of counters confirmed: their source has just started."""
        for key in keys:
            self._guard(key).quarantined = True

    def forget(self, *keys: str) -> None:
        """Forget counters that are no more."""
        for key in keys:
            self._guards.pop(key, None)

    def last(self, key: str) -> float | None:
        """Return the last believed reading in kWh, None before there is any."""
        guard = self._guards.get(key)
        return guard.last if guard else None

    def last_read(self, key: str) -> tuple[float, datetime | None] | None:
        """Return the last believed reading in kWh and when it was last seen, if there is any."""
        guard = self._guards.get(key)
        if guard is None or guard.last is None:
            return None
        return guard.last, None if guard.at is None else dt_util.utc_from_timestamp(guard.at)

    @callback
    def judge(self, key: str, reading: float, now: float) -> Verdict:
        """Judge a reading in kWh, received at `now` (unix time); count it if it is not believed."""
        guard = self._guards.get(key) or self._guard(key)
        before, at, usual = guard.last, guard.at, guard.interval
        verdict = guard.judge(reading, now)
        if verdict not in ACCEPTING:
            self.rejected[key, verdict] += 1
        silent = at is not None and now - at > LONG_SILENCE and verdict in ACCEPTING
        if guard.last != before or silent:
            gap = gap_between(key, (before, at), (reading, now), verdict=verdict, usual=usual)
            if gap is not None and verdict is Verdict.REPLACED:
                # The new counter has counted while its readings were confirmed.
                gap = replace(gap, counted=max(reading - guard.first_doubted, 0.0))
            if gap is not None:
                self.add_gap(gap)
            self.schedule_save()
        return verdict

    @callback
    def add_gap(self, gap: Gap) -> None:
        """Note a gap that the statistics are to be mended for."""
        self.gaps.append(gap)
        del self.gaps[:-MAX_GAPS]

    @callback
    def settle(self, gap: Gap) -> None:
        """Drop a gap that the statistics have been mended for, or that cannot be mended."""
        if gap in self.gaps:
            self.gaps.remove(gap)
            self.schedule_save()

    @callback
    def reject(self, key: str, verdict: Verdict) -> None:
        """Count a reading that is out of the question before any guard has seen it."""
        self.rejected[key, verdict] += 1

    @callback
    def accepted(self, key: str, reading: float) -> float | None:
        """Judge a reading in kWh; return what the counter is believed to show now.

        That is the reading, or the last believed one in its place; None before there is any.
        """
        self.judge(key, reading, dt_util.utcnow().timestamp())
        return self.last(key)

    def _guard(self, key: str) -> CounterGuard:
        return self._guards.setdefault(key, CounterGuard(max_power=self._max_power))

    @callback
    def schedule_save(self) -> None:
        """Write the memory before long."""
        # Asked again while a save is due, the store would put it off for ever.
        now = self._hass.loop.time()
        if now >= self._next_save:
            self._next_save = now + SAVE_DELAY.total_seconds()
            self._store.async_delay_save(self._remembered, SAVE_DELAY.total_seconds())

    def _remembered(self) -> dict[str, Any]:
        return {
            _COUNTERS: {
                key: [guard.last, guard.at]
                for key, guard in self._guards.items()
                if guard.last is not None
            },
            _NOTES: self.notes,
            _GAPS: [gap.note() for gap in self.gaps],
        }

    async def async_save(self) -> None:
        """Write the memory now, as an entry does when it is unloaded."""
        await self._store.async_save(self._remembered())

    async def async_remove(self) -> None:
        """Delete the memory."""
        await self._store.async_remove()
