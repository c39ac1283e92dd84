"""Limits how often a value is written: each changed state adds a row to the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_TOLERANCE: Final = 0.1
"""Share of the interval by which a periodic message may arrive early."""


@dataclass(slots=True)
class Throttle:
    """Reduces the readings of one quantity to one value per interval."""

    interval: timedelta
    """Zero to write every reading."""
    mean: bool
    """Whether to write the mean of the readings since the last written value, or the newest one."""
    _sum: float = 0.0
    _count: int = 0
    _due: datetime | None = None

    def add(self, reading: float, now: datetime) -> float | None:
        """Add a reading; return the value to write, None if none is due."""
        self._sum = self._sum + reading if self.mean else reading
        self._count = self._count + 1 if self.mean else 1
        if not self._is_due(now):
            return None
        value = reading if self._count == 1 else self._sum / self._count
        self._sum, self._count = 0.0, 0
        return value

    def _is_due(self, now: datetime) -> bool:
        """Whether a value is due. Due times lie on a grid, so that the rate does not drift."""
        if self._due is not None:
            early, tolerance = self._due - now, self.interval * _TOLERANCE
            # If the due time is more than one interval ahead, the clock was set back.
            if tolerance < early <= self.interval + tolerance:
                return False
            if abs(early) <= self.interval:
                self._due += self.interval
                return True
        self._due = now + self.interval
        return True
