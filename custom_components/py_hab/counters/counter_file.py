"""The file in which an entry's counters, gaps and notes are stored across restarts."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeGuard, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..util.records import decode_items, encode
from .gap import Gap

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION: Final = 1
STORAGE_MINOR_VERSION: Final = 2
SAVE_DELAY: Final = timedelta(minutes=15)
"""Delay before a change is saved. Frequent writes wear out SD cards, and even an old reading suffices
to recognize a false zero."""
UNREADABLE: Final = (
    *(AttributeError, HomeAssistantError, KeyError, NotImplementedError, OSError),
    *(TypeError, ValueError),
)
"""What Home Assistant's storage raises for a file that is JSON, but not of its own form."""

_LATEST_TIME: Final = 1e11
"""Unix time. Later ones are damaged."""
_LARGEST_READING: Final = 1e9
"""kWh. No display shows more."""
_COUNTERS: Final = "counters"
_NOTES: Final = "notes"
_GAPS: Final = "gaps"


class StoredReading(NamedTuple):
    """The last accepted reading of a counter."""

    kwh: float
    at: float | None
    """When the counter was last read with that reading (unix time), None if unknown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredCounters:
    """What the file contains."""

    readings: dict[str, StoredReading] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    @classmethod
    def from_stored(cls, stored: object) -> Self:
        """Return the content from its JSON form; what is invalid is dropped.

        The file may have been edited, or damaged by a failing disk.
        """
        sections = stored if isinstance(stored, dict) else {}
        counters, notes = sections.get(_COUNTERS), sections.get(_NOTES)
        readings: dict[str, StoredReading] = {}
        for key, counter in counters.items() if isinstance(counters, dict) else ():
            match counter:
                case [last, at] if _is_within(last, _LARGEST_READING):
                    known_at = float(at) if _is_within(at, _LATEST_TIME) else None
                    readings[key] = StoredReading(float(last), known_at)
        return cls(
            readings=readings,
            notes=notes if isinstance(notes, dict) else {},
            gaps=[gap for gap in decode_items(Gap, sections.get(_GAPS)) if gap.end < _LATEST_TIME],
        )

    def as_stored(self) -> dict[str, Any]:
        """Return the content in JSON form: counters by key as [kWh, unix time], notes, and gaps."""
        return {
            _COUNTERS: {key: list(reading) for key, reading in self.readings.items()},
            _NOTES: self.notes,
            _GAPS: encode(self.gaps),
        }


class _EntryStore(Store[dict[str, Any]]):
    """The storage of an entry in Home Assistant."""

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


class CounterFile:
    """Reads and writes the file of an entry."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, content: Callable[[], StoredCounters]
    ) -> None:
        """Initialize without reading; `content` returns what is to be saved."""
        self._hass = hass
        self._content = content
        self._store = _EntryStore(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{entry_id}",
            minor_version=STORAGE_MINOR_VERSION,
        )
        self._next_save_at = 0.0

    async def async_read(self) -> StoredCounters | None:
        """Return the content of the file, empty without one; None if it cannot be read.

        Such a file is kept under another name. The next readings of all counters must be confirmed
        then.
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
            return None
        # Home Assistant itself renames a file that is not JSON, and reports it.
        is_lost = had_file and not isinstance(stored, dict)
        return None if is_lost else StoredCounters.from_stored(stored)

    @callback
    def schedule_save(self) -> None:
        """Save the file after `SAVE_DELAY` at most."""
        # Each call of `async_delay_save` restarts the delay: frequent calls would postpone the save
        # for ever.
        now = self._hass.loop.time()
        if now >= self._next_save_at:
            self._next_save_at = now + SAVE_DELAY.total_seconds()
            self._store.async_delay_save(self._as_stored, SAVE_DELAY.total_seconds())

    async def async_save(self) -> None:
        """Save the file now."""
        await self._store.async_save(self._as_stored())

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    def _as_stored(self) -> dict[str, Any]:
        return self._content().as_stored()


def _is_within(value: object, largest: float) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < largest


def _set_aside(path: Path) -> None:
    """Rename a file that cannot be read, so that it is not overwritten."""
    with suppress(OSError):
        path.rename(f"{path}.unreadable.{dt_util.utcnow():%Y%m%dT%H%M%S}")
