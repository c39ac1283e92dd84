"""How often a value is written: each changed state is a row in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_TOLERANCE: Final = 0.1
"""Part of the interval; messages that arrive in its rhythm are never quite on time."""


@dataclass(slots=True)
class Throttle:
    """Thins out the readings of one quantity.

    At most one value is written per interval (zero: every one): the mean of all readings since the
    last one that was written, or the newest of them.
    """

    interval: timedelta
    mean: bool
    _sum: float = 0.0
    _count: int = 0
    _due: datetime | None = None

    def add(self, reading: float, now: datetime) -> float | None:
        """Take a reading; return the value to write, None to wait."""
        self._sum = self._sum + reading if self.mean else reading
        self._count = self._count + 1 if self.mean else 1
        if not self._is_due(now):
            return None
        value = reading if self._count == 1 else self._sum / self._count
        self._sum, self._count = 0.0, 0
        return value

    def _is_due(self, now: datetime) -> bool:
        """Whether it is time, on a grid, so that the rate does not drift."""
        if self._due is not None:
            early, tolerance = self._due - now, self.interval * _TOLERANCE
            # Farther ahead than one interval: the clock was set back.
            if tolerance < early <= self.interval + tolerance:
                return False
            if abs(early) <= self.interval:
                self._due += self.interval
                return True
        self._due = now + self.interval
        return True
