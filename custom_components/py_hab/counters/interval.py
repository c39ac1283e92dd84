"""The interval between the readings of a counter, by which a gap is recognized."""

from dataclasses import dataclass
import math
from typing import Final

LONGEST_INTERVAL_S: Final = 3600.0
"""The longest interval at which boxes are polled and readers publish."""
LONGEST_SLEEP_S: Final = 86400.0
"""The longest deep sleep of a reader."""


@dataclass(slots=True)
class ReadingInterval:
    """The two intervals between the newest three readings of a counter, accepted or not."""

    _read_at: float = math.inf
    """Time of the newest reading."""
    _newest_s: float = 0.0
    _earlier_s: float = 0.0

    def note(self, now: float) -> None:
        """Note that a reading was received."""
        elapsed_s = now - self._read_at
        self._earlier_s = self._newest_s
        # An import notes millions of readings: `min` and `max` would take longer than the rest.
        if 0.0 <= elapsed_s <= LONGEST_SLEEP_S:
            self._newest_s = elapsed_s
        else:
            self._newest_s = 0.0 if elapsed_s < 0 else LONGEST_SLEEP_S
        self._read_at = now

    @property
    def usual_s(self) -> float:
        """The usual interval. An outage lengthens only one of the two intervals."""
        return min(self._newest_s, self._earlier_s, LONGEST_INTERVAL_S)

    @property
    def expected_s(self) -> float:
        """The interval after which the next reading is expected at the latest.

        A reader in deep sleep comes back on time, so a long interval is expected once it has been
        repeated.
        """
        return max(min(self._newest_s, LONGEST_INTERVAL_S), min(self._newest_s, self._earlier_s))
