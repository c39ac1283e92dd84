"""Third stage of a meter: selects and completes its measurements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
import math
from typing import Final

from ..counters.verdict import Verdict
from ..sml.plausibility import modulus_of, plausible_ranges
from ..sml.registers import COUNTERS, Quantity
from .counter_stage import CounterStage
from .freshness import Freshness
from .key_resolver import KeyReading, Readings

_SIGNED: Final = frozenset(
    {Quantity.POWER, Quantity.POWER_L1, Quantity.POWER_L2, Quantity.POWER_L3}
)
"""Powers that are negative while feeding in."""
_DIRECTIONS: Final = (Quantity.POWER_IMPORT, Quantity.POWER_EXPORT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """A measured value in the unit of its quantity."""

    quantity: Quantity
    value: float


class MeasurementStage:
    """Selects the key of each measurement, and determines the sign of the power."""

    def __init__(self, counters: CounterStage, freshness: Freshness, *, max_power: float) -> None:
        """Start without measurements. The counters show the direction in which energy flows.

        `max_power` is the power of the house connection in kW.
        """
        self._counters = counters
        self._plausible = plausible_ranges(max_power)
        self._freshness = freshness
        self.keys: dict[Quantity, str] = {}
        """The key under which each quantity is published."""
        self.received: dict[Quantity, float] = {}
        """The newest value of each measurement."""
        self.absolute_power = False
        """Whether the power is published without its sign."""
        self.modulus: float | None = None
        """By how much a power is too high while feeding in, None if its negative numbers are right."""

    def update(
        self, readings: Readings, now: datetime, *, is_complete: bool
    ) -> Sequence[Measurement]:
        """Return the measurements of a message.

        `is_complete` is whether the message contains all keys of the meter. A value that is not finite,
        or beyond what the house connection allows, is counted as rejected.
        """
        found = list(self._read(readings, now, is_complete=is_complete))
        is_published = Quantity.POWER in readings or (
            Quantity.POWER in self.keys and self._freshness.is_fresh(Quantity.POWER, now)
        )
        if not is_published and not readings.keys().isdisjoint(_DIRECTIONS):
            found += self._power_from_directions()
        return found

    def _read(
        self, readings: Readings, now: datetime, *, is_complete: bool
    ) -> Iterator[Measurement]:
        for quantity in readings.keys() - COUNTERS:
            reading = self._select(quantity, readings[quantity], now, is_complete=is_complete)
            if reading is None:
                continue
            if not math.isfinite(reading.value):
                self._counters.reject(quantity, Verdict.NOT_FINITE)
                continue
            value = reading.value
            if quantity in _SIGNED and value > 0:
                value = self._with_sign(quantity, value)
            if value not in self._plausible[quantity]:
                self._counters.reject(quantity, Verdict.IMPLAUSIBLE)
                continue
            self.keys[quantity] = reading.key
            self.received[quantity] = value
            yield Measurement(quantity=quantity, value=value)

    def _with_sign(self, quantity: Quantity, value: float) -> float:
        """Return a positive power with the sign that it lacks while feeding in."""
        is_exporting = self._counters.is_exporting
        if value not in self._plausible[quantity]:
            modulus = modulus_of(value, self._plausible[quantity])
            if modulus is None or not (is_exporting or self.modulus):
                return value
            # The export counter confirms the first one. Later ones can be nothing else.
            self.modulus = self.modulus or modulus
            return value - modulus
        if is_exporting and self.modulus is not None and value > self.modulus / 2:
            return value - self.modulus
        if is_exporting and self.absolute_power and quantity is Quantity.POWER:
            return 0.0 - value
        return value

    def _select(
        self,
        quantity: Quantity,
        candidates: Sequence[KeyReading],
        now: datetime,
        *,
        is_complete: bool,
    ) -> KeyReading | None:
        """Return the reading of the key that publishes a quantity, None if it is missing."""
        current = self.keys.get(quantity)
        # The last reading of each key; the dict keeps the order of the keys.
        by_key = {reading.key: reading for reading in candidates}
        if current in by_key:
            return by_key[current]
        if current is None or is_complete or not self._freshness.is_fresh(quantity, now):
            # The current key is missing from a complete message: the script has changed.
            return next(iter(by_key.values()))
        # An immediate message with another key for the same quantity: the current key stays in use.
        return None

    def _power_from_directions(self) -> Iterator[Measurement]:
        """Yield the signed power from the powers of both directions."""
        self.keys.pop(Quantity.POWER, None)
        drawn, fed_in = (self.received.get(quantity) for quantity in _DIRECTIONS)
        if drawn is not None and fed_in is not None:
            self.received[Quantity.POWER] = drawn - fed_in
            yield Measurement(quantity=Quantity.POWER, value=drawn - fed_in)

    @property
    def power(self) -> float | None:
        """The power in W, None if the meter publishes none. Has a sign if the meter publishes one."""
        power = self.received.get(Quantity.POWER)
        if power is None and self._freshness.has_seen(Quantity.ENERGY_EXPORT):
            power = self.received.get(Quantity.POWER_ABSOLUTE)
        return self.received.get(Quantity.POWER_IMPORT) if power is None else power

    @property
    def is_signed(self) -> bool:
        """Whether the power is negative while feeding in, as far as is known."""
        return Quantity.POWER in self.received and not self.absolute_power
