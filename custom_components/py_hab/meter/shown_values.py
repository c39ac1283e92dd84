"""Last stage of a meter: the values of its entities, at a limited rate."""

from datetime import datetime, timedelta
from typing import Final

from ..sml.registers import QUANTITIES, Quantity, QuantityKind
from ..sml.throttle import Throttle
from .counter_stage import CounterReading
from .key_resolver import POWERS

SLOW_INTERVAL: Final = timedelta(minutes=1)
"""The interval at which all quantities but power are written. The next value of a counter contains
what was skipped."""
_DECIMALS: Final = {"W": 1, "var": 1, "V": 1, "A": 3, "Hz": 3}
"""Decimals of a mean by unit. More of them would only cause more states."""


class ShownValues:
    """The values of the entities of a meter."""

    def __init__(self, power_interval: timedelta) -> None:
        """Start without values. `power_interval` is zero to write every power."""
        self.values: dict[Quantity, float] = {}
        self._power_interval = power_interval
        self._throttles: dict[Quantity, Throttle] = {}
        self._withheld: dict[Quantity, float] = {}
        """Counters that continue from another reading, which is not on disk yet, in kWh."""

    def add(self, quantity: Quantity, reading: float, now: datetime) -> bool:
        """Add a reading; return whether the value has changed."""
        throttle = self._throttles.get(quantity)
        if throttle is None:
            interval = self._power_interval if quantity in POWERS else SLOW_INTERVAL
            is_mean = QUANTITIES[quantity].kind is QuantityKind.MEASUREMENT
            throttle = self._throttles[quantity] = Throttle(interval, mean=is_mean)
        value = throttle.add(reading, now)
        if value is None:
            return False
        if value != reading:
            value = round(value, _DECIMALS.get(QUANTITIES[quantity].unit, 3))
        return self._set(quantity, value)

    def add_counter(self, counter: CounterReading, now: datetime) -> bool:
        """Add an accepted reading of a counter; return whether the value has changed."""
        quantity, kwh = counter.quantity, counter.kwh
        if counter.replacement is not None or quantity in self._withheld:
            self._withheld[quantity] = kwh
            return False
        if not counter.is_new:
            # From an earlier run. It does not start an interval, so the next reading is shown at once.
            return quantity not in self.values and self._set(quantity, kwh)
        return self.values.get(quantity) != kwh and self.add(quantity, kwh, now)

    def show_withheld(self, now: datetime) -> None:
        """Show the counters that continue from another reading, once that is on disk.

        Otherwise a crash would bring the old reading back, which the recorder would book as consumption.
        """
        for quantity, kwh in self._withheld.items():
            self._throttles.pop(quantity, None)
            self.add(quantity, kwh, now)
        self._withheld.clear()

    def _set(self, quantity: Quantity, value: float) -> bool:
        if self.values.get(quantity) == value:
            return False
        self.values[quantity] = value
        return True
