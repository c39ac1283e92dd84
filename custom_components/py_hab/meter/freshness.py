"""When each quantity of a meter was last seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..sml.registers import Quantity

STALE_AFTER: Final = timedelta(minutes=15)
"""Three times the interval at which Tasmota publishes unless told otherwise."""
LONGEST_INTERVAL: Final = timedelta(hours=1)
"""The rarest that readers publish."""


@dataclass(slots=True)
class _Seen:
    at: datetime
    interval: timedelta = timedelta()


class Freshness:
    """Remembers when each quantity was last seen, and how far apart its readings are."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._seen: dict[Quantity, _Seen] = {}

    def has_seen(self, quantity: Quantity) -> bool:
        """Whether a quantity was ever seen."""
        return quantity in self._seen

    @property
    def last_seen(self) -> datetime | None:
        """When anything was last seen."""
        return max((seen.at for seen in self._seen.values()), default=None)

    def see(self, quantity: Quantity, now: datetime) -> bool:
        """Note a reading; return whether the quantity was not fresh before."""
        seen = self._seen.get(quantity)
        if seen is None:
            self._seen[quantity] = _Seen(now)
            return True
        silence = max(now - seen.at, timedelta())
        seen.interval = min(silence, LONGEST_INTERVAL)
        seen.at = now
        return silence >= STALE_AFTER

    def is_fresh(self, quantity: Quantity, now: datetime) -> bool:
        """Whether a quantity was seen lately, by its own rhythm."""
        seen = self._seen.get(quantity)
        return seen is not None and now - seen.at < max(STALE_AFTER, 3 * seen.interval)
