"""Stores the counters and gaps of an entry, and notes of its source, across restarts."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeGuard, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..util.records import decode_items, encode
from .gap import RESET_RATIO, Gap
from .guard import DEFAULT_MAX_POWER, CounterGuard, Judgement
from .verdict import Verdict

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION: Final = 1
STORAGE_MINOR_VERSION: Final = 2
SAVE_DELAY: Final = timedelta(minutes=15)
"""Delay before a change is saved. Frequent writes wear out SD cards, and even an old reading suffices
to recognize a false zero."""
MAX_GAPS: Final = 200
"""The oldest gaps are dropped if the history is not maintained for weeks."""

_LATEST_TIME: Final = 1e11
"""Unix time. Later ones are damaged."""
_LARGEST_READING: Final = 1e9
"""kWh. No display shows more."""
UNREADABLE: Final = (
    *(AttributeError, HomeAssistantError, KeyError, NotImplementedError, OSError),
    *(TypeError, ValueError),
)
"""What Home Assistant's storage raises for a file that is JSON, but not of its own form."""
_COUNTERS: Final = "counters"
_NOTES: Final = "notes"
_GAPS: Final = "gaps"


class _EntryStore(Store[dict[str, Any]]):
    """The file of an entry: counters by key as [kWh, unix time], notes of the source, and gaps."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Any
    ) -> dict[str, Any]:
        """Migrate from version 1.1, which held only the counters, without times.

        Newer minor versions may add sections, which are ignored.
        """
        if (old_major_version, old_minor_version) != (1, 1):
            return old_data if isinstance(old_data, dict) else {}
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
        stored = await self._async_read()
        # The file may have been edited, or damaged by a failing disk.
        sections = stored if isinstance(stored, dict) else {}
        counters, notes = sections.get(_COUNTERS), sections.get(_NOTES)
        self.notes = notes if isinstance(notes, dict) else {}
        self.gaps = [
            gap for gap in decode_items(Gap, sections.get(_GAPS)) if gap.end < _LATEST_TIME
        ]
        for key, counter in counters.items() if isinstance(counters, dict) else ():
            match counter:
                case [last, at] if _is_within(last, _LARGEST_READING):
                    guard = self._guard(key)
                    guard.last = float(last)
                    guard.at = float(at) if _is_within(at, _LATEST_TIME) else None

    async def _async_read(self) -> object:
        """Return the content of the file, None without one.

        A file that cannot be read is kept under another name. The next readings of all counters must
        be confirmed then.
        """
        path = Path(self._store.path)
        had_file = await self._hass.async_add_executor_job(path.exists)
        try:
            stored: object = await self._store.async_load()
        except UNREADABLE as err:
            _LOGGER.warning(
                "The stored counters of an entry cannot be read (%s); "
                "their next readings must be confirmed",
                type(err).__name__,
            )
            await self._hass.async_add_executor_job(_set_aside, path)
            self._is_untrusted = True
            return None
        # Home Assistant itself renames a file that is not JSON, and reports it.
        self._is_untrusted = had_file and not isinstance(stored, dict)
        return stored

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


def _is_within(value: object, largest: float) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < largest


def _set_aside(path: Path) -> None:
    """Rename a file that cannot be read, so that it is not overwritten."""
    with suppress(OSError):
        path.rename(f"{path}.unreadable.{dt_util.utcnow():%Y%m%dT%H%M%S}")
