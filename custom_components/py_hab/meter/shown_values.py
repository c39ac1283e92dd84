"""Last stage of a meter: the values of its entities, at a limited rate."""

from datetime import datetime, timedelta
from typing import Final

from ..sml.registers import QUANTITIES, Quantity, QuantityKind
from ..sml.throttle import Throttle
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

    def add_at_once(self, quantity: Quantity, reading: float, now: datetime) -> bool:
        """Add a reading and write it immediately; return whether the value has changed."""
        self._throttles.pop(quantity, None)
        return self.add(quantity, reading, now)

    def set_default(self, quantity: Quantity, value: float) -> bool:
        """Set a value unless there is one; return whether it was set."""
        return quantity not in self.values and self._set(quantity, value)

    def _set(self, quantity: Quantity, value: float) -> bool:
        if self.values.get(quantity) == value:
            return False
        self.values[quantity] = value
        return True
