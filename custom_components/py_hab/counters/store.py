"""What is remembered of an entry over restarts: its counters, gaps, and notes of its source."""

from collections import Counter
from datetime import datetime, timedelta
import math
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..records import decode_items, encode
from .gap import Gap
from .guard import DEFAULT_MAX_POWER, CounterGuard, Judgement
from .verdict import Verdict

STORAGE_VERSION: Final = 1
STORAGE_MINOR_VERSION: Final = 2
SAVE_DELAY: Final = timedelta(minutes=15)
"""An old reading still distinguishes a zero from a counter; SD cards dislike frequent writes."""
MAX_GAPS: Final = 200
"""Of a home whose history is not maintained for weeks; the oldest are dropped."""

_COUNTERS: Final = "counters"
_NOTES: Final = "notes"
_GAPS: Final = "gaps"


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
    """Judges the readings of all counters of an entry, and keeps them over restarts."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, *, max_power: float = DEFAULT_MAX_POWER
    ) -> None:
        """Prepare the store of an entry; nothing is read yet. `max_power` in kW."""
        self._hass = hass
        self._store = _EntryStore(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{entry_id}",
            minor_version=STORAGE_MINOR_VERSION,
        )
        self._max_power = max_power
        self._guards: dict[str, CounterGuard] = {}
        self._next_save = 0.0
        self.notes: dict[str, Any] = {}
        """What the source wants to find again after a restart, as JSON has it. The file may have
        been changed by hand: readers check it."""
        self.gaps: list[Gap] = []
        """Times without readings that the statistics do not reflect yet, oldest first."""
        self.rejected: Counter[tuple[str, Verdict]] = Counter()
        """How many readings were not accepted, by counter and verdict."""

    async def async_load(self) -> None:
        """Load the last accepted readings, the gaps and the notes."""
        stored: object = await self._store.async_load()
        # The file may have been changed by hand, or by a disk that fails.
        sections = stored if isinstance(stored, dict) else {}
        counters, notes = sections.get(_COUNTERS), sections.get(_NOTES)
        self.notes = notes if isinstance(notes, dict) else {}
        self.gaps = decode_items(Gap, sections.get(_GAPS))
        for key, kept in counters.items() if isinstance(counters, dict) else ():
            match kept:
                case [int() | float() as last, at] if last is not True and 0 <= last < math.inf:
                    guard = self._guard(key)
                    guard.last = float(last)
                    guard.at = float(at) if isinstance(at, int | float) else None

    def quarantine(self, *keys: str) -> None:
        """Have the next readings of counters confirmed: their source has just started."""
        for key in keys:
            self._guard(key).quarantined = True

    def forget(self, *keys: str) -> None:
        """Forget counters that no longer exist."""
        for key in keys:
            self._guards.pop(key, None)

    def last(self, key: str) -> float | None:
        """Return the last accepted reading in kWh, None before there is any."""
        guard = self._guards.get(key)
        return guard.last if guard else None

    def last_read(self, key: str) -> tuple[float, datetime | None] | None:
        """Return the last accepted reading in kWh and when it was last seen, if there is any."""
        guard = self._guards.get(key)
        if guard is None or guard.last is None:
            return None
        return guard.last, None if guard.at is None else dt_util.utc_from_timestamp(guard.at)

    @callback
    def judge(self, key: str, reading: float, now: datetime) -> Judgement:
        """Judge a reading in kWh, received at `now`; keep what follows from it.

        A rejected reading is counted, a gap that it ends is kept.
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
        return judgement

    @callback
    def reject(self, key: str, verdict: Verdict) -> None:
        """Count a reading that is ruled out before a guard has seen it."""
        self.rejected[key, verdict] += 1

    @callback
    def add_gap(self, gap: Gap) -> None:
        """Keep a gap until the statistics reflect it."""
        self.gaps.append(gap)
        del self.gaps[:-MAX_GAPS]

    @callback
    def settle(self, gap: Gap) -> None:
        """Drop a gap that the statistics reflect now, or that cannot be repaired."""
        if gap in self.gaps:
            self.gaps.remove(gap)
            self.schedule_save()

    def _guard(self, key: str) -> CounterGuard:
        return self._guards.setdefault(key, CounterGuard(key=key, max_power=self._max_power))

    @callback
    def schedule_save(self) -> None:
        """Write the file before long."""
        # Asked again while a save is due, the store would put it off for ever.
        now = self._hass.loop.time()
        if now >= self._next_save:
            self._next_save = now + SAVE_DELAY.total_seconds()
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
        """Write the file now, as an entry does when it is unloaded."""
        await self._store.async_save(self._as_stored())

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()
