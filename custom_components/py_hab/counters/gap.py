"""Gaps between the readings of a counter, and counters that continue from another reading.

The recorder adds the energy of a gap to the first hour after it; `history` corrects that. Times are
unix timestamps, as in the recorder's tables.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from .verdict import Verdict

HOUR_S: Final = 3600.0
MIN_GAP_S: Final = 900.0
"""The shortest gap. During a longer one a house can draw so much that nearly any rise is plausible,
so a single reading proves little."""
MIN_RETENTION_S: Final = 24 * HOUR_S
"""The shortest time for which Home Assistant can be set to keep short-term statistics. If a gap is
longer than it keeps them, the sum restarts, even if nothing was counted."""
RESET_RATIO: Final = 0.9
"""A reading that falls below this part of the last one has been reset. The recorder uses the same
ratio (`reset_detected` in homeassistant/components/sensor/recorder.py)."""
_CAPACITIES: Final = tuple(10.0**digits for digits in range(4, 9))
"""kWh at which the display of a meter restarts at 0."""


class Reading(NamedTuple):
    """An accepted reading of a counter."""

    kwh: float
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """The time between two accepted readings. Raises ValueError for invalid values."""

    key: str
    """The counter's key in the store of its entry."""
    start: float
    """Time of the last reading before the gap."""
    before: float
    """That reading in kWh."""
    end: float
    """Time of the first reading after the gap."""
    after: float
    """That reading in kWh."""
    verdict: Verdict
    """Why the reading after the gap was accepted."""
    counted: float | None = None
    """kWh counted during the gap, if known better than from the two readings."""
    counted_since: float | None = None
    """Time after which that energy was counted: that of the first reading of a new counter. None if
    it was counted at any time of the gap."""
    readings: dict[int, float] = field(default_factory=dict)
    """Readings (kWh by time) that awaited confirmation at the end of the gap: the first one, and those
    at full hours."""

    def __post_init__(self) -> None:
        """Raise ValueError for times in the wrong order and for a negative energy."""
        if not 0 <= self.start <= self.end or (self.counted or 0.0) < 0:
            raise ValueError("not a gap")

    @property
    def known_energy(self) -> dict[float, float]:
        """The kWh known to have been counted from the start of the gap to some times in it."""
        return {
            time: self.energy - (self.after - kwh)
            for time, kwh in self.readings.items()
            if self.start < time < self.end and kwh <= self.after
        }

    @property
    def energy(self) -> float:
        """The kWh counted during the gap.

        The first reading of a replaced counter says nothing about that: the energy is 0.
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
        """Whether the counter simply continued: it was not replaced and has not rolled over."""
        return self.verdict is Verdict.ACCEPTED


def is_gap(before: Reading, after: Reading, *, interval_s: float = 0.0) -> bool:
    """Whether there is a gap between two accepted readings of a counter.

    A gap is longer than the usual interval between readings, and an hour begins in it. A gap without
    consumption matters only if Home Assistant may have purged its short-term statistics meanwhile.
    """
    length_s = after.at - before.at
    is_in_one_hour = after.at // HOUR_S <= before.at // HOUR_S
    if length_s <= max(MIN_GAP_S, 1.5 * interval_s) or is_in_one_hour:
        return False
    return after.kwh > before.kwh or length_s > MIN_RETENTION_S


def has_rolled_over(last: float, reading: float, *, possible_rise: float) -> bool:
    """Whether a counter may have rolled over from its last reading to this one, all in kWh."""
    return any(
        last < capacity and reading + capacity - last <= possible_rise for capacity in _CAPACITIES
    )


def capacity_of(reading: float) -> float:
    """Return the kWh at which a display that shows this reading restarts at 0."""
    return next((capacity for capacity in _CAPACITIES if reading < capacity), reading)
