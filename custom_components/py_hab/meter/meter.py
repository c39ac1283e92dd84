"""One electricity meter behind a reader: from published fields to the values that entities show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..counters.store import CounterStore
from ..sml.health import MeterHealth, MeterProblem
from ..sml.meter_id import MeterIdentity
from ..sml.payload import Block
from ..sml.registers import COUNTERS, KeyMapping, Quantity
from .counter_stage import CounterReading, CounterStage, Replacement
from .freshness import Freshness
from .key_resolver import MAX_UNKNOWN, KeyResolver, LearnedKeys, Readings
from .measurement_stage import MeasurementStage
from .shown_values import ShownValues

WATCH_INTERVAL: Final = timedelta(seconds=10)
"""Between two looks at the meter's health and at what its keys mean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterUpdate:
    """What a message has changed."""

    changed: bool = False
    """Whether an entity has something new to show."""
    became_available: bool = False
    """Whether the availability of a quantity may have changed."""
    is_unconfirmed: bool = False
    """Whether a counter waits for a second reading."""
    has_new_identity: bool = False
    """Whether the meter's number or manufacturer has become known."""
    replacements: tuple[Replacement, ...] = ()


class Meter:
    """A pipeline: key resolver, counter stage, measurement stage, shown values."""

    def __init__(
        self,
        meter_index: str,
        *,
        assigned: Mapping[str, KeyMapping],
        counters: CounterStore,
        power_interval: timedelta,
        max_power: float,
    ) -> None:
        """Begin with a meter of which nothing was received yet.

        `assigned` is what the user says that keys mean; a power is written once in an interval, zero
        for each reading; `max_power` in kW.
        """
        self.meter_index = meter_index
        self.resolver = KeyResolver(assigned, max_power=max_power)
        self._freshness = Freshness()
        self._counters = CounterStage(meter_index, counters)
        self._measurements = MeasurementStage(self._counters, self._freshness)
        self._shown = ShownValues(power_interval)
        self._health = MeterHealth()
        self._watched: dict[str, datetime] = {}

    # What others ask

    @property
    def values(self) -> Mapping[Quantity, float]:
        """The values that the entities show (kWh, W, V, A ...)."""
        return self._shown.values

    @property
    def keys(self) -> Mapping[Quantity, str]:
        """Under which key each quantity is published."""
        return self._counters.keys | self._measurements.keys

    @property
    def identity(self) -> MeterIdentity:
        """What the meter has published about its number and manufacturer."""
        return self.resolver.identity

    @property
    def problems(self) -> frozenset[MeterProblem]:
        """What the readings show to be wrong with the meter or its reader."""
        return self._health.problems

    @property
    def last_seen(self) -> datetime | None:
        """When anything of this meter was last received."""
        return self._freshness.last_seen

    def counter_key(self, quantity: Quantity) -> str:
        """Return the key under which the counter store keeps a counter of this meter."""
        return self._counters.key_of(quantity)

    def is_fresh(self, quantity: Quantity, now: datetime) -> bool:
        """Whether a quantity was received lately, and the reader is not frozen."""
        return not self._is_frozen and self._freshness.is_fresh(quantity, now)

    @property
    def _is_frozen(self) -> bool:
        """Whether values are repeated that cannot be true; a home that draws nothing may be still."""
        return MeterProblem.FROZEN in self.problems and bool(self._measurements.power)

    # What happens

    def update(self, block: Block, now: datetime) -> MeterUpdate:
        """Take over what a message says of this meter.

        A rejected reading changes nothing, but is counted.
        """
        was_frozen, known = self._is_frozen, (self.identity.number, self.identity.manufacturer)
        readings = self.resolver.resolve(block)
        counted = self._counters.update(readings, now)
        changed = became_available = False
        for counter in counted.readings:
            became_available |= self._freshness.see(counter.quantity, now)
            changed |= self._show_counter(counter, now)
        # All zero: the reader has not read its meter yet.
        if not counted.has_false_zero or _has_values(readings):
            for item in self._measurements.update(readings, now, is_whole=block.is_whole):
                became_available |= self._freshness.see(item.quantity, now)
                changed |= self._shown.add(item.quantity, item.value, now)
        if not counted.is_unconfirmed:
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

    def _show_counter(self, counter: CounterReading, now: datetime) -> bool:
        quantity, kwh = counter.quantity, counter.kwh
        if counter.replacement is not None:
            return self._shown.add_at_once(quantity, kwh, now)
        if not counter.is_new:
            # Remembered of an earlier run; the next accepted reading need not wait for it.
            return self._shown.set_default(quantity, kwh)
        return self._shown.values.get(quantity) != kwh and self._shown.add(quantity, kwh, now)

    def _run_watchers(self, block: Block, now: datetime) -> None:
        """Watch the meter's health, and what its keys mean, every few seconds."""
        # An immediate message holds one key; each has a clock of its own.
        key = "" if block.is_whole else next(iter(block.fields), "")
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
                if self._freshness.has_seen(quantity)
                and (kwh := self._counters.last(quantity)) is not None
            },
            power=self._measurements.power,
            has_id=self.identity.has_number,
            beside=hash(tuple(self._measurements.received.values())),
        )
        self.resolver.infer(block, now)
        self._measurements.absolute_power |= self.resolver.inference.absolute_power

    # What is remembered

    @property
    def learned(self) -> LearnedKeys:
        """What a restart must not forget of the keys."""
        return LearnedKeys(
            inferred=self.resolver.inferred,
            absolute_power=self._measurements.absolute_power,
            keys=dict(self.keys),
        )

    def recall(self, learned: LearnedKeys) -> list[Quantity]:
        """Take over what was learned before.

        Returns the quantities whose keys the user has given another meaning since.
        """
        self.resolver.inferred |= learned.inferred
        self._measurements.absolute_power = learned.absolute_power
        reassigned: list[Quantity] = []
        for quantity, key in learned.keys.items():
            if self.resolver.is_reassigned(key, quantity):
                reassigned.append(quantity)
            elif quantity in COUNTERS:
                self._counters.keys[quantity] = key
            else:
                self._measurements.keys[quantity] = key
        return reassigned


def _has_values(readings: Readings) -> bool:
    return any(reading.value for items in readings.values() for reading in items)
