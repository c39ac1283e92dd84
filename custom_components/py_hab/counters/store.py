"""Stores the counters and gaps of an entry, and notes of its source, across restarts."""

from collections import Counter
from datetime import datetime, timedelta
import math
from typing import Any, Final, NamedTuple, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..util.records import decode_items, encode
from .gap import Gap
from .guard import DEFAULT_MAX_POWER, CounterGuard, Judgement
from .verdict import Verdict

STORAGE_VERSION: Final = 1
STORAGE_MINOR_VERSION: Final = 2
SAVE_DELAY: Final = timedelta(minutes=15)
"""Delay before a change is saved. Frequent writes wear out SD cards, and even an old reading suffices
to recognize a false zero."""
MAX_GAPS: Final = 200
"""The oldest gaps are dropped if the history is not maintained for weeks."""

_COUNTERS: Final = "counters"
_NOTES: Final = "notes"
_GAPS: Final = "gaps"


class _EntryStore(Store[dict[str, Any]]):
    """The file of an entry: counters by key as [kWh, unix time], notes of the source, and gaps."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Any
    ) -> dict[str, Any]:
        """Migrate from version 1.1, which held only the counters, without times."""
        counters = old_data if isinstance(old_data, dict) else {}
        return {_COUNTERS: {key: [last, None] for key, last in counters.items()}, _NOTES: {}}


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
        self._hass = hass
        self._store = _EntryStore(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{entry_id}",
            minor_version=STORAGE_MINOR_VERSION,
        )
        self._max_power = max_power
        self._guards: dict[str, CounterGuard] = {}
        self._next_save_at = 0.0
        self.must_be_saved = False
        """Whether the file lacks a decision that a later run would not repeat: a counter that
        continues from a lower reading. It must be saved before it is shown. Otherwise a crash would
        bring the old reading back, which the recorder would book as consumption."""
        self.notes: dict[str, Any] = {}
        """What the source stores, in JSON form. The source must validate it: the file may have been
        edited."""
        self.gaps: list[Gap] = []
        """Gaps that the statistics do not reflect yet, oldest first."""
        self.rejected: Counter[tuple[str, Verdict]] = Counter()
        """The number of rejected readings by counter and verdict, since the start of Home Assistant."""

    async def async_load(self) -> None:
        """Load the last accepted readings, the gaps and the notes."""
        stored: object = await self._store.async_load()
        # The file may have been edited, or damaged by a failing disk.
        sections = stored if isinstance(stored, dict) else {}
        counters, notes = sections.get(_COUNTERS), sections.get(_NOTES)
        self.notes = notes if isinstance(notes, dict) else {}
        self.gaps = decode_items(Gap, sections.get(_GAPS))
        for key, counter in counters.items() if isinstance(counters, dict) else ():
            match counter:
                case [int() | float() as last, at] if last is not True and 0 <= last < math.inf:
                    guard = self._guard(key)
                    guard.last = float(last)
                    guard.at = float(at) if isinstance(at, int | float) else None

    def quarantine(self, *keys: str) -> None:
        """Require confirmation of the next readings: the source of the counters has just started."""
        for key in keys:
            self._guard(key).quarantined = True

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
        judgement = guard.judge(reading, now.timestamp())
        if not judgement.verdict.is_accepting:
            self.rejected[key, judgement.verdict] += 1
        if judgement.gap is not None:
            self.add_gap(judgement.gap)
        if judgement.gap is not None or judgement.accepted != before:
            self.schedule_save()
        if before is not None and judgement.verdict.is_accepting:
            is_ordinary = judgement.verdict is Verdict.ACCEPTED and reading >= before
            self.must_be_saved |= not is_ordinary
        return judgement

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
        return self._guards.setdefault(key, CounterGuard(key=key, max_power=self._max_power))

    @callback
    def schedule_save(self) -> None:
        """Save the file after `SAVE_DELAY` at most."""
        # Each call of `async_delay_save` restarts the delay: frequent calls would postpone the save
        # for ever.
        now = self._hass.loop.time()
        if now >= self._next_save_at:
            self._next_save_at = now + SAVE_DELAY.total_seconds()
            self._store.async_delay_save(self._as_stored, SAVE_DELAY.total_seconds())

    def _as_stored(self) -> dict[str, Any]:
        return {
            _COUNTERS: {
                key: [guard.last, guard.at]
                for key, guard in self._guards.items()
                if guard.last is not None
            },
            _NOTES: self.notes,
            _GAPS: encode(self.gaps),
        }

    async def async_save(self) -> None:
        """Save the file now, for example before the entry is unloaded."""
        self.must_be_saved = False
        await self._store.async_save(self._as_stored())

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()
