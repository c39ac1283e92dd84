"""The meters of one reader, and what is stored of them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, override

from homeassistant.core import callback

from ..const import CONF_MAX_POWER, CONF_POWER_INTERVAL, DEFAULT_POWER_INTERVAL
from ..counters.guard import DEFAULT_MAX_POWER
from ..counters.store import CounterStore
from ..counters.verdict import Verdict
from ..entry import AnyConfigEntry
from ..util.records import encode
from .block_router import BlockRouter
from .devices import MeterDevices
from .key_resolver import LearnedKeys
from .meter import Meter
from .replacements import Replacements


class MeterSet(Mapping[str, Meter]):
    """The meters of one reader by meter index ("" for the first one)."""

    def __init__(
        self, entry: AnyConfigEntry, counters: CounterStore, devices: MeterDevices
    ) -> None:
        """Start without meters."""
        self.router = BlockRouter(entry)
        self.replacements = Replacements()
        self._options = entry.options
        self._counters = counters
        self._devices = devices
        self._meters: dict[str, Meter] = {}

    @override
    def __getitem__(self, meter_index: str) -> Meter:
        """Return a meter."""
        return self._meters[meter_index]

    @override
    def __iter__(self) -> Iterator[str]:
        """Return the indices of the meters."""
        return iter(self._meters)

    @override
    def __len__(self) -> int:
        """Return the number of meters."""
        return len(self._meters)

    def name_of(self, meter_index: str) -> str:
        """Return the name of a meter."""
        return self._devices.name_of(meter_index, self.router.index.prefix_of(meter_index))

    async def async_restore(self) -> None:
        """Restore counters, meters, learned keys and replacements of earlier runs."""
        await self._counters.async_load()
        notes = self._counters.notes
        self.router.restore(notes.get("meters"), notes.get("removed"))
        self.replacements.restore(notes.get("replacements"))
        learned = notes.get("learned")
        for meter_index in self.router.index.prefixes:
            stored = learned.get(meter_index) if isinstance(learned, dict) else None
            self.async_add(meter_index, LearnedKeys.from_stored(stored))

    async def async_save(self) -> None:
        """Save what is known of the meters now."""
        self._counters.notes = self._as_stored()
        await self._counters.async_save()

    @callback
    def async_save_if_changed(self) -> None:
        """Schedule a save if anything but the readings has changed since the last one."""
        notes = self._as_stored()
        if notes != self._counters.notes:
            self._counters.notes = notes
            self._counters.schedule_save()

    def _as_stored(self) -> dict[str, Any]:
        """Return what is stored in addition to the counters, in JSON form."""
        return {
            "meters": self.router.index.as_stored(),
            "removed": sorted(self.router.candidates.removed),
            "learned": {
                meter_index: self._meters[meter_index].learned.as_stored()
                for meter_index in self.router.index.prefixes
                if meter_index in self._meters
            },
            "replacements": encode(self.replacements.records),
        }

    @callback
    def async_add(self, meter_index: str, learned: LearnedKeys) -> Meter:
        """Create a meter with what was learned in earlier runs."""
        options = self._options
        meter = Meter(
            meter_index,
            assigned=self.router.assigned_to(meter_index),
            counters=self._counters,
            power_interval=timedelta(
                seconds=options.get(CONF_POWER_INTERVAL, DEFAULT_POWER_INTERVAL)
            ),
            max_power=options.get(CONF_MAX_POWER, DEFAULT_MAX_POWER),
        )
        for quantity in meter.restore(learned):
            self._devices.async_remove_sensor(meter_index, quantity)
        for key in meter.counter_keys:
            if self._counters.last(key) is None:
                self._counters.quarantine(key)
        replaced_at = self.replacements.last_at(meter_index)
        if replaced_at is not None:
            self._counters.expect(Verdict.REPLACED, *meter.counter_keys, since=replaced_at)
        self._meters[meter_index] = meter
        return meter

    def forget(self, meter_index: str, *, is_published: bool) -> None:
        """Forget the counters of a meter, which is added again only if it is received anew.

        `is_published` is whether the reader still publishes it.
        """
        self.router.forget(meter_index, is_published=is_published)
        self._counters.forget(*self._meters[meter_index].counter_keys)

    def quarantine(self) -> None:
        """Require confirmation of the next reading of every counter."""
        for meter in self._meters.values():
            self._counters.quarantine(*meter.counter_keys)
