"""How often a register's value is written: each changed state is a row in the database."""

from dataclasses import dataclass

_TOLERANCE = 0.1
"""Of the interval; messages that come in its rhythm are never quite on time."""


@dataclass(slots=True)
class Throttle:
    """Thins out the readings of one register.

    At most one value is written per `interval` in seconds (0: every one): the mean of all
    readings since the last one that was written, or the newest of them.
    """

    interval: float
    mean: bool
    _sum: float = 0.0
    _count: int = 0
    _due: float | None = None

    def add(self, reading: float, now: float) -> float | None:
        """Take a reading at `now` seconds; return the value to write, None to wait."""
        self._sum = self._sum + reading if self.mean else reading
        self._count = self._count + 1 if self.mean else 1
        if not self._is_due(now):
            return None
        value = reading if self._count == 1 else self._sum / self._count
        self._sum, self._count = 0.0, 0
        return value

    def _is_due(self, now: float) -> bool:
        """Whether it is time, on a grid, so that the rate does not drift."""
        if self._due is not None:
            early = self._due - now
            # Farther ahead than one interval: the clock was set back.
            if self._tolerance < early <= self.interval + self._tolerance:
                return False
            if abs(early) <= self.interval:
                self._due += self.interval
                return True
        self._due = now + self.interval
        return True

    @property
    def _tolerance(self) -> float:
        return _TOLERANCE * self.interval
