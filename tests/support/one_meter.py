"""One meter without Home Assistant around it, and a clock that the test controls."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from custom_components.py_hab.counters.counters import Counters
from custom_components.py_hab.counters.guard import DEFAULT_MAX_POWER, CounterGuard
from custom_components.py_hab.meter.meter import Meter, MeterUpdate
from custom_components.py_hab.sml.payload import Block
from custom_components.py_hab.sml.registers import COUNTERS, KeyMapping, Quantity

NOON: Final = 1_774_000_000.0
"""Seconds; when the clock of a test begins."""
IMPORT: Final = Quantity.ENERGY_IMPORT
EXPORT: Final = Quantity.ENERGY_EXPORT
POWER: Final = Quantity.POWER


class Clock:
    """The clock of a test, which stands until the test sets it."""

    def __init__(self) -> None:
        """Begin at noon."""
        self.now = NOON

    def utcnow(self) -> datetime:
        """Return the time of the test."""
        return self.at(self.now)

    def at(self, moment: float) -> datetime:
        """Return a unix time as a time."""
        return datetime.fromtimestamp(moment, UTC)


class PresetCounters(Counters):
    """Counters without a file, whose accepted readings the test sets."""

    def __init__(self, max_power: float) -> None:
        """Begin without any counter."""
        super().__init__(on_change=lambda: None, max_power=max_power)

    def accept(self, readings: Mapping[str, float], now: float) -> None:
        """Set accepted readings."""
        for key, reading in readings.items():
            self._guards[key] = CounterGuard(reading, now, self._max_power, key=key)


class OneMeter:
    """A meter whose messages the test makes up."""

    def __init__(
        self,
        clock: Clock,
        *,
        meter_index: str = "",
        interval: float = 0.0,
        max_power: float = DEFAULT_MAX_POWER,
        assigned: Mapping[str, KeyMapping] = MappingProxyType({}),
        quarantined: bool = False,
        **accepted: float,
    ) -> None:
        """Begin with readings that were accepted before, by quantity."""
        self.clock = clock
        self.counters = PresetCounters(max_power)
        self.meter = Meter(
            meter_index,
            assigned=assigned,
            counters=self.counters,
            power_interval=timedelta(seconds=interval),
            max_power=max_power,
        )
        self.counters.accept(
            {self.meter.counter_key(Quantity(quantity)): kwh for quantity, kwh in accepted.items()},
            clock.now,
        )
        if quarantined:
            self.counters.quarantine(*map(self.meter.counter_key, COUNTERS))

    @property
    def now(self) -> float:
        """The time of the test."""
        return self.clock.now

    def receive(self, after: float, /, **fields: object) -> MeterUpdate:
        """Receive a message some seconds after the last one."""
        return self.receive_fields(after, fields)

    def receive_fields(self, after: float, fields: Mapping[str, object]) -> MeterUpdate:
        """Receive a message with keys that are no names in Python."""
        self.clock.now += after
        return self.meter.update(Block(prefix="MT681", fields=fields), self.clock.utcnow())

    def counter(self, quantity: Quantity) -> float | None:
        """Return the last accepted reading of a counter in kWh."""
        return self.counters.last(self.meter.counter_key(quantity))


def counted(clock: Clock, **options: Any) -> OneMeter:
    """Return a meter that has drawn 100 kWh and fed in 50."""
    return OneMeter(clock, **{"energy_import": 100.0, "energy_export": 50.0, **options})
