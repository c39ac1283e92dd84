"""One meter without Home Assistant around it, and a clock that the test controls."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, override
from unittest.mock import patch

from custom_components.py_hab.counters import store
from custom_components.py_hab.counters.guard import DEFAULT_MAX_POWER, CounterGuard
from custom_components.py_hab.counters.store import CounterStore
from custom_components.py_hab.meter.meter import Meter, MeterUpdate
from custom_components.py_hab.sml.payload import Block
from custom_components.py_hab.sml.registers import COUNTERS, KeyMapping, Quantity

NOON: Final = 1_774_000_000.0
"""Seconds; when the clock of a test begins."""
IMPORT: Final = Quantity.ENERGY_IMPORT
EXPORT: Final = Quantity.ENERGY_EXPORT
POWER: Final = Quantity.POWER


class Clock:
    """Replaces the clock of Home Assistant."""

    def __init__(self) -> None:
        """Begin at noon."""
        self.now = NOON

    def utcnow(self) -> datetime:
        """Return the time of the test."""
        return self.at(self.now)

    def at(self, moment: float) -> datetime:
        """Return a unix time as a time."""
        return datetime.fromtimestamp(moment, UTC)


class UnsavedCounterStore(CounterStore):
    """A counter store that writes no file."""

    def __init__(self, max_power: float) -> None:
        """Begin without any counter."""
        self._max_power = max_power
        self._guards: dict[str, CounterGuard] = {}
        self.must_be_saved = False
        self._accepted: set[str] = set()
        self._is_untrusted = False
        self.notes: dict[str, Any] = {}
        self.gaps = []
        self.rejected = Counter()

    @override
    def schedule_save(self) -> None:
        """Write nothing."""

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
        self.counters = UnsavedCounterStore(max_power)
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


@contextmanager
def controlled_clock() -> Iterator[Clock]:
    """Replace the clock of the counter store."""
    clock = Clock()
    with patch.object(store, "dt_util", clock):
        yield clock
