"""The counter guards of a config entry, with a memory that survives restarts."""

from collections import Counter
from datetime import timedelta
import math
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .counter import CounterGuard, Verdict

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = timedelta(minutes=15)
"""An old reading still tells a zero from a counter; SD cards dislike frequent writes."""


class CounterMemory:
    """Judges the readings of all counters of an entry.

    `rejected` counts what was not believed, by counter and verdict.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Prepare the memory of an entry; nothing is read yet."""
        self._hass = hass
        self._store: Store[dict[str, float]] = Store(
            hass, STORAGE_VERSION, f"{DOMAIN}.{entry.entry_id}"
        )
        self._guards: dict[str, CounterGuard] = {}
        self._next_save = 0.0
        self.rejected: Counter[tuple[str, Verdict]] = Counter()

    async def async_load(self) -> None:
        """Recall the last believed readings."""
        remembered: object = await self._store.async_load()
        self._guards = {
            key: CounterGuard(float(last))
            for key, last in (remembered.items() if isinstance(remembered, dict) else ())
            # The file may have been changed by hand, or by a disk that fails.
            if isinstance(last, int | float) and 0 <= last < math.inf
        }

    @callback
    def believed(self, key: str, reading: float) -> float | None:
        """Judge a reading in kWh; return what the counter is believed to show now.

        That is the reading, or the last believed one in its place; None before there is any.
        """
        guard = self._guards.setdefault(key, CounterGuard())
        before = guard.last
        verdict = guard.judge(reading)
        if verdict is not Verdict.BELIEVED:
            self.rejected[key, verdict] += 1
        if guard.last != before:
            self._schedule_save()
        return guard.last

    def _schedule_save(self) -> None:
        # Asked again while a save is due, the store would put it off for ever.
        now = self._hass.loop.time()
        if now >= self._next_save:
            self._next_save = now + SAVE_DELAY.total_seconds()
            self._store.async_delay_save(self._readings, SAVE_DELAY.total_seconds())

    def _readings(self) -> dict[str, float]:
        return {key: guard.last for key, guard in self._guards.items() if guard.last is not None}

    async def async_save(self) -> None:
        """Write the memory now, as an entry does when it is unloaded."""
        await self._store.async_save(self._readings())

    async def async_remove(self) -> None:
        """Delete the memory."""
        await self._store.async_remove()
