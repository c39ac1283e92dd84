"""Records when each quantity of a meter was last received."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..sml.registers import Quantity

STALE_AFTER: Final = timedelta(minutes=15)
"""A quantity is stale after this time: three times the default interval of Tasmota."""
LONGEST_INTERVAL: Final = timedelta(hours=1)
"""The longest interval at which readers publish."""


@dataclass(slots=True)
class _Seen:
    at: datetime
    interval: timedelta = timedelta()
    """Time between the last two readings."""


class Freshness:
    """The times and intervals of the readings of a meter."""

    def __init__(self) -> None:
        """Start without readings."""
        self._seen: dict[Quantity, _Seen] = {}

    def has_seen(self, quantity: Quantity) -> bool:
        """Whether a quantity was ever received."""
        return quantity in self._seen

    @property
    def last_seen(self) -> datetime | None:
        """The time of the last reading of any quantity, None without any."""
        return max((seen.at for seen in self._seen.values()), default=None)

    def is_silent(self, since: datetime, now: datetime) -> bool:
        """Whether nothing was received for long; `since` is when the reader was first listened to."""
        return now - max(self.last_seen or since, since) >= STALE_AFTER

    def see(self, quantity: Quantity, now: datetime) -> bool:
        """Record a reading; return whether the quantity was new or stale before it."""
        seen = self._seen.get(quantity)
        if seen is None:
            self._seen[quantity] = _Seen(now)
            return True
        interval = max(now - seen.at, timedelta())
        seen.interval = min(interval, LONGEST_INTERVAL)
        seen.at = now
        return interval >= STALE_AFTER

    def is_fresh(self, quantity: Quantity, now: datetime) -> bool:
        """Whether a quantity was received recently, in relation to its interval."""
        seen = self._seen.get(quantity)
        return seen is not None and now - seen.at < max(STALE_AFTER, 3 * seen.interval)
