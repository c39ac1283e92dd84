"""Judges the counter readings in the answers of a box before they are shown."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from ..counters.store import CounterStore
from ..fritzbox.devices import ALL_ZERO, DeviceList
from ..fritzbox.smart_meters import SmartMeters

_SMART_METERS: Final = "smart_meters"
"""Key among the notes of an entry: what its smart meters have shown (`SmartMeters.as_stored`)."""


class CounterReadings:
    """Judges the counter readings of the devices of one box."""

    def __init__(self, counters: CounterStore) -> None:
        """Initialize for the counters of an entry."""
        self._counters = counters
        self._smart_meters = SmartMeters()

    def restore(self) -> None:
        """Restore what smart meters have shown in earlier runs, once the store is loaded."""
        self._smart_meters.restore(self._counters.notes.get(_SMART_METERS))

    async def async_accept(self, answer: DeviceList, now: datetime) -> DeviceList:
        """Return an answer with the accepted reading of each counter.

        A counter that continues from a lower reading is saved before it is returned.
        """
        devices = dict(answer.devices)
        for ain, device in devices.items():
            meter = device.power_meter
            if meter is None:
                continue
            if ALL_ZERO in device.parse_errors:
                meter = self._smart_meters.with_zero(ain, meter, self._counters.last(ain), now)
            else:
                self._smart_meters.note(ain, meter)
            if meter.energy is not None:
                judgement = self._counters.judge(ain, meter.energy, now)
                meter = replace(meter, energy=judgement.accepted)
            devices[ain] = replace(device, power_meter=meter)
        self._note_smart_meters()
        if self._counters.must_be_saved:
            await self._counters.async_save()
        return replace(answer, devices=devices)

    def _note_smart_meters(self) -> None:
        shown = self._smart_meters.as_stored()
        if shown != self._counters.notes.get(_SMART_METERS, {}):
            self._counters.notes[_SMART_METERS] = shown
            self._counters.schedule_save()
