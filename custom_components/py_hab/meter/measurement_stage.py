"""Third stage of a meter: the measurements beside its counters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
import math
from typing import Final

from ..counters.verdict import Verdict
from ..sml.registers import COUNTERS, Quantity
from .counter_stage import CounterStage
from .freshness import Freshness
from .key_resolver import KeyReading, Readings

_DIRECTIONS: Final = (Quantity.POWER_IMPORT, Quantity.POWER_EXPORT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """A measured value in its quantity's unit."""

    quantity: Quantity
    value: float


class MeasurementStage:
    """Chooses among the keys of each measurement, and gives power its sign."""

    def __init__(self, counters: CounterStage, freshness: Freshness) -> None:
        """Begin with nothing received. The counters know the direction in which energy flows."""
        self._counters = counters
        self._freshness = freshness
        self.keys: dict[Quantity, str] = {}
        """Under which key each quantity is published."""
        self.received: dict[Quantity, float] = {}
        """The newest values, each of them."""
        self.absolute_power = False
        """Whether the power is published without its sign."""

    def update(self, readings: Readings, now: datetime, *, is_whole: bool) -> Sequence[Measurement]:
        """Return the measurements of a message.

        `is_whole`: the message holds all that the reader publishes of this meter. A value that is
        not finite is counted as rejected.
        """
        found = list(self._read(readings, now, is_whole=is_whole))
        is_published = Quantity.POWER in readings or (
            Quantity.POWER in self.keys and self._freshness.is_fresh(Quantity.POWER, now)
        )
        if not is_published and not readings.keys().isdisjoint(_DIRECTIONS):
            found += self._power_of_directions()
        return found

    def _read(self, readings: Readings, now: datetime, *, is_whole: bool) -> Iterator[Measurement]:
        for quantity in readings.keys() - COUNTERS:
            reading = self._chosen(quantity, readings[quantity], now, is_whole=is_whole)
            if reading is None:
                continue
            if not math.isfinite(reading.value):
                self._counters.reject(quantity, Verdict.NOT_FINITE)
                continue
            self.keys[quantity] = reading.key
            value = reading.value
            if quantity is Quantity.POWER and self.absolute_power and self._counters.is_exporting:
                value = 0.0 - abs(value)
            self.received[quantity] = value
            yield Measurement(quantity=quantity, value=value)

    def _chosen(
        self, quantity: Quantity, candidates: Sequence[KeyReading], now: datetime, *, is_whole: bool
    ) -> KeyReading | None:
        """Return the reading of the key that publishes a quantity, None if it is not there."""
        current = self.keys.get(quantity)
        # The last one counts of a key, and the first key where there are several.
        by_key = {reading.key: reading for reading in candidates}
        if current in by_key:
            return by_key[current]
        if current is None or is_whole or not self._freshness.is_fresh(quantity, now):
            # In a whole message its old key would be there: the script was changed.
            return next(iter(by_key.values()))
        # Another key for the same quantity: the one that was there first goes on.
        return None

    def _power_of_directions(self) -> Iterator[Measurement]:
        """Yield the power with its sign, from two powers without."""
        self.keys.pop(Quantity.POWER, None)
        drawn, fed_in = (self.received.get(quantity) for quantity in _DIRECTIONS)
        if drawn is not None and fed_in is not None:
            self.received[Quantity.POWER] = drawn - fed_in
            yield Measurement(quantity=Quantity.POWER, value=drawn - fed_in)

    @property
    def power(self) -> float | None:
        """The power in W, signed as far as the meter publishes a sign, None without any."""
        power = self.received.get(Quantity.POWER)
        if power is None and self._freshness.has_seen(Quantity.ENERGY_EXPORT):
            power = self.received.get(Quantity.POWER_ABSOLUTE)
        return self.received.get(Quantity.POWER_IMPORT) if power is None else power
