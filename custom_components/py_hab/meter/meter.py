"""One electricity meter of a reader: converts published fields to the values of entities."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..counters.counters import Counters
from ..sml.health import MeterHealth, MeterProblem
from ..sml.meter_id import MeterIdentity
from ..sml.payload import Block
from ..sml.registers import COUNTERS, KeyMapping, Quantity
from .counter_stage import (
    UNCONFIRMED_AFTER,
    CounterStage,
    Replacement,
    WaitingCounter,
)
from .freshness import Freshness
from .key_resolver import MAX_UNKNOWN, KeyResolver, LearnedKeys, Readings
from .measurement_stage import MeasurementStage
from .shown_values import ShownValues
from .unit_check import UnitCheck

WATCH_INTERVAL: Final = timedelta(seconds=10)
"""The shortest interval between two checks of the meter's health and of its keys."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterUpdate:
    """What a message has changed."""

    changed: bool = False
    """Whether the value of an entity has changed."""
    became_available: bool = False
    """Whether the availability of a quantity may have changed."""
    is_unconfirmed: bool = False
    """Whether a counter awaits a second reading."""
    has_new_identity: bool = False
    """Whether the number or the manufacturer of the meter has changed."""
    replacements: tuple[Replacement, ...] = ()


class Meter:
    """A pipeline: key resolver, counter stage, measurement stage, shown values."""

    def __init__(
        self,
        meter_index: str,
        *,
        assigned: Mapping[str, KeyMapping],
        counters: Counters,
        power_interval: timedelta,
        max_power: float,
    ) -> None:
        """Start without values.

        assigned: the key mappings that the user has assigned.
        power_interval: the interval at which a power is written; zero for every reading.
        max_power: the power of the house connection in kW.
        """
        self.meter_index = meter_index
        self.resolver = KeyResolver(assigned, max_power=max_power)
        self.freshness = Freshness()
        self._units = UnitCheck(self.resolver)
        self._counters = CounterStage(meter_index, counters, self._units)
        self._measurements = MeasurementStage(self._counters, self.freshness, max_power=max_power)
        self._shown = ShownValues(power_interval)
        self._health = MeterHealth()
        self._watched: dict[str, datetime] = {}
        self._unconfirmed_since: datetime | None = None

    # State

    @property
    def values(self) -> Mapping[Quantity, float]:
        """The values of the entities, in the units of `QUANTITIES`."""
        return self._shown.values

    @property
    def keys(self) -> Mapping[Quantity, str]:
        """The key under which each quantity is published."""
        return self._counters.keys | self._measurements.keys

    @property
    def identity(self) -> MeterIdentity:
        """The number and the manufacturer of the meter."""
        return self.resolver.identity

    @property
    def problems(self) -> frozenset[MeterProblem]:
        """The problems that the readings show."""
        return self._health.problems

    def waiting_counter(self, now: datetime) -> WaitingCounter | None:
        """Return a counter whose readings have been refused for some minutes, None without any."""
        return self._counters.waiting(now)

    def counter_key(self, quantity: Quantity) -> str:
        """Return the key of a counter of this meter in the counter store."""
        return self._counters.key_of(quantity)

    @property
    def counter_keys(self) -> tuple[str, ...]:
        """The keys of all counters of this meter in the counter store."""
        return tuple(map(self._counters.key_of, COUNTERS))

    def is_fresh(self, quantity: Quantity, now: datetime) -> bool:
        """Whether a quantity was received recently, and the reader is not frozen."""
        return not self._is_frozen and self.freshness.is_fresh(quantity, now)

    @property
    def _is_frozen(self) -> bool:
        """Whether the reader is frozen. Without power, constant readings may be right."""
        return MeterProblem.FROZEN in self.problems and bool(self._measurements.power)

    # Updates

    def update(self, block: Block, now: datetime) -> MeterUpdate:
        """Process a block of a message. A rejected reading is only counted."""
        was_frozen, known = self._is_frozen, (self.identity.number, self.identity.manufacturer)
        readings = self.resolver.resolve(block)
        counted = self._counters.update(readings, now)
        changed = became_available = False
        for counter in counted.readings:
            became_available |= self.freshness.see(counter.quantity, now)
            changed |= self._shown.add_counter(counter, now)
        # If all values are zero, the reader has not read the meter yet.
        if not counted.has_false_zero or _has_values(readings):
            for item in self._measurements.update(readings, now, is_complete=block.is_complete):
                became_available |= self.freshness.see(item.quantity, now)
                changed |= self._shown.add(item.quantity, item.value, now)
        if not counted.is_unconfirmed:
            self._unconfirmed_since = None
        elif self._unconfirmed_since is None:
            self._unconfirmed_since = now
        # A counter in an unknown unit may stay unconfirmed until its unit is inferred.
        if (
            now - (self._unconfirmed_since or now) >= UNCONFIRMED_AFTER
            or not counted.is_unconfirmed
        ):
            self._run_watchers(block, now)
        return MeterUpdate(
            changed=changed,
            became_available=became_available or was_frozen is not self._is_frozen,
            is_unconfirmed=counted.is_unconfirmed,
            has_new_identity=known != (self.identity.number, self.identity.manufacturer),
            replacements=tuple(
                item.replacement for item in counted.readings if item.replacement is not None
            ),
        )

    def _run_watchers(self, block: Block, now: datetime) -> None:
        """Check the meter's health, and infer the meaning of its keys, once per interval."""
        # An immediate message contains one key. Each key has its own interval.
        key = "" if block.is_complete else next(iter(block.fields), "")
        last = self._watched.get(key)
        if last is not None and timedelta() <= now - last < WATCH_INTERVAL:
            return
        if last is not None or len(self._watched) < MAX_UNKNOWN:
            self._watched[key] = now
        self._health.observe(
            now,
            counters={
                quantity: kwh
                for quantity in COUNTERS
                if self.freshness.has_seen(quantity)
                and (kwh := self._counters.last(quantity)) is not None
            },
            power=self._measurements.power,
            is_signed=self._measurements.is_signed,
            has_id=self.identity.has_number,
            # A refused reading that changes shows that the reader does read.
            other_values=hash((*self._measurements.received.values(), *self._counters.refused)),
        )
        self.resolver.infer(block, now)
        inference = self.resolver.inference
        self._measurements.absolute_power |= inference.absolute_power
        self._measurements.modulus = self._measurements.modulus or inference.modulus

    def show_withheld(self, now: datetime) -> None:
        """Show the counters that continue from another reading, once that is on disk."""
        self._shown.show_withheld(now)

    # Storage

    @property
    def learned(self) -> LearnedKeys:
        """What is stored about the keys."""
        return LearnedKeys(
            inferred=self.resolver.mappings.inferred,
            absolute_power=self._measurements.absolute_power,
            modulus=self._measurements.modulus,
            keys=dict(self.keys),
            factors=dict(self._units.factors),
            units=dict(self.resolver.mappings.units),
        )

    def restore(self, learned: LearnedKeys) -> list[Quantity]:
        """Restore what was learned in earlier runs.

        Returns the quantities whose key the user has assigned to another quantity since.
        """
        self.resolver.mappings.inferred |= learned.inferred
        self.resolver.mappings.units |= learned.units
        self._units.factors |= learned.factors
        self._measurements.absolute_power = learned.absolute_power
        self._measurements.modulus = learned.modulus
        reassigned: list[Quantity] = []
        for quantity, key in learned.keys.items():
            if quantity in COUNTERS and self.resolver.mappings.has_other_key(key, quantity):
                self._counters.expect_other_key(quantity)
            if self.resolver.mappings.is_reassigned(key, quantity):
                reassigned.append(quantity)
            elif quantity in COUNTERS:
                self._counters.keys[quantity] = key
            else:
                self._measurements.keys[quantity] = key
        return reassigned


def _has_values(readings: Readings) -> bool:
    return any(reading.value for items in readings.values() for reading in items)
