"""Stores the counters of an entry across restarts, with the notes of their source."""

from typing import Any

from homeassistant.core import HomeAssistant, callback

from .counter_file import CounterFile, StoredCounters, StoredReading
from .counters import Counters
from .gap import Reading
from .guard import DEFAULT_MAX_POWER


class CounterStore(Counters):
    """The counters of an entry, their gaps, and the notes of their source, in a file."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, *, max_power: float = DEFAULT_MAX_POWER
    ) -> None:
        """Initialize for an entry, without reading the file. `max_power` is in kW."""
        super().__init__(on_change=self.schedule_save, max_power=max_power)
        self._file = CounterFile(hass, entry_id, self._content)
        self.notes: dict[str, Any] = {}
        """What the source stores, in JSON form. The source must validate it: the file may have been
        edited."""

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
            if guard.at is not None:
                self.resumed[key] = Reading(guard.last, guard.at)

    @callback
    def schedule_save(self) -> None:
        """Save the file after `counter_file.SAVE_DELAY` at most."""
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
