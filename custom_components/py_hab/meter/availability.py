"""The availability of the quantities of a reader's meters."""

from collections.abc import Mapping
from datetime import datetime
import logging

from ..sml.registers import Quantity
from .meter import Meter

_LOGGER = logging.getLogger(__name__)


class Availability:
    """The available quantities of an entry. Logs when the entry becomes available or unavailable."""

    def __init__(self, name: str) -> None:
        """Start without available quantities. `name` is the title of the entry."""
        self._name = name
        self._available: frozenset[tuple[str, Quantity]] = frozenset()
        self._was_available = False

    def __bool__(self) -> bool:
        """Whether any quantity is available."""
        return bool(self._available)

    def __contains__(self, item: tuple[str, Quantity]) -> bool:
        """Whether a quantity of a meter, given by its index, is available."""
        return item in self._available

    def update(
        self, meters: Mapping[str, Meter], last_awake: datetime, *, is_reachable: bool
    ) -> bool:
        """Check all quantities; return whether the availability of any has changed.

        `last_awake` is until when readings could be received, `is_reachable` whether the broker and
        the reader are online.
        """
        available = frozenset(
            (meter_index, quantity)
            for meter_index, meter in meters.items()
            for quantity in meter.values
            if is_reachable and meter.is_fresh(quantity, last_awake)
        )
        if available == self._available:
            return False
        before, self._available = self._available, available
        if self._was_available and bool(before) != bool(available):
            state = "available again" if available else "unavailable"
            _LOGGER.info("%s is %s", self._name, state)
        self._was_available |= bool(available)
        return True
