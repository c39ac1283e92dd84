"""Times without readings of a counter, and readings from which it went on elsewhere.

The recorder books what was counted meanwhile in the first hour after; `history` puts it right.
Times are unix timestamps, as in the recorder's tables.
"""

from dataclasses import dataclass
from typing import Final

from .verdict import Verdict

_HOUR_S: Final = 3600.0
SILENCE_S: Final = 900.0
"""Seconds; after a longer one the connection allows nearly any rise, so one reading proves little."""
LONG_SILENCE_S: Final = 24 * _HOUR_S
"""Seconds for which Home Assistant keeps short-term statistics at the least. After a silence that is
longer than it keeps them, the sum restarts, even if nothing was counted."""
_CAPACITIES: Final = tuple(10.0**digits for digits in range(4, 9))
"""kWh at which a meter's display restarts at 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """From the last accepted reading before to the first one after. Raises ValueError for nonsense."""

    key: str
    """The counter's key in the store of its entry."""
    start: float
    before: float
    """kWh."""
    end: float
    after: float
    """kWh."""
    verdict: Verdict
    """Why the reading after was accepted."""
    counted: float | None = None
    """kWh in between, if known better than by the two readings."""

    def __post_init__(self) -> None:
        """Refuse times in the wrong order and a negative energy."""
        if not 0 <= self.start <= self.end or (self.counted or 0.0) < 0:
            raise ValueError("not a gap")

    @property
    def energy(self) -> float:
        """Return the kWh counted in between.

        A counter that was replaced starts from a reading that was not consumed here.
        """
        if self.counted is not None:
            return self.counted
        match self.verdict:
            case Verdict.ACCEPTED:
                return self.after - self.before
            case Verdict.ROLLED_OVER:
                return capacity_of(self.before) - self.before + self.after
            case _:
                return 0.0

    @property
    def is_same_counter(self) -> bool:
        """Whether the counter just went on: it was neither replaced nor reset."""
        return self.verdict is Verdict.ACCEPTED


def is_gap(
    before: tuple[float, float], after: tuple[float, float], *, interval_s: float = 0.0
) -> bool:
    """Whether there is a gap between two accepted readings (kWh, unix time) of one counter.

    A gap is longer than the usual interval between readings and contains a full hour. Without any
    consumption it is one only if Home Assistant may have purged its short-term statistics.
    """
    (last, last_at), (reading, at) = before, after
    silence_s = at - last_at
    if silence_s <= max(SILENCE_S, 1.5 * interval_s) or at // _HOUR_S <= last_at // _HOUR_S:
        return False
    return reading > last or silence_s > LONG_SILENCE_S


def has_rolled_over(last: float, reading: float, *, possible_rise: float) -> bool:
    """Whether a display that was nearly full at `last` may show a reading now (kWh)."""
    return any(
        last < capacity and reading + capacity - last <= possible_rise for capacity in _CAPACITIES
    )


def capacity_of(reading: float) -> float:
    """Return the kWh at which a display that shows this reading is full."""
    return next((capacity for capacity in _CAPACITIES if reading < capacity), reading)
