"""Last stage of a meter: the values that its entities show, thinned out."""

from datetime import datetime, timedelta
from typing import Final

from ..sml.registers import QUANTITIES, Quantity, QuantityKind
from ..sml.throttle import Throttle
from .key_resolver import POWERS

SLOW_INTERVAL: Final = timedelta(minutes=1)
"""Everything but power is written no more often. A counter loses nothing: its next value contains
all of it."""
_DECIMALS: Final = {"W": 1, "var": 1, "V": 1, "A": 3, "Hz": 3}
"""Of a mean; more would be a new state for nothing."""


class ShownValues:
    """What the entities of a meter show, by quantity."""

    def __init__(self, power_interval: timedelta) -> None:
        """Begin with nothing; a power is written once in an interval, zero for each reading."""
        self.values: dict[Quantity, float] = {}
        self._power_interval = power_interval
        self._throttles: dict[Quantity, Throttle] = {}

    def add(self, quantity: Quantity, reading: float, now: datetime) -> bool:
        """Take a reading; return whether the shown value has changed."""
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
        """Take a reading that is shown without delay: a counter goes on from elsewhere."""
        self._throttles.pop(quantity, None)
        return self.add(quantity, reading, now)

    def set_default(self, quantity: Quantity, value: float) -> bool:
        """Show a value until there is a reading; return whether it is shown."""
        return quantity not in self.values and self._set(quantity, value)

    def _set(self, quantity: Quantity, value: float) -> bool:
        if self.values.get(quantity) == value:
            return False
        self.values[quantity] = value
        return True
