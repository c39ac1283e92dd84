"""Recognizes a reader in deep sleep, which is offline most of the time and comes back on time."""

from datetime import datetime, timedelta
from typing import Final

DEEP_SLEEP: Final = "DeepSleep"
"""The last will of newer versions of Tasmota while they are asleep. Older ones publish "Offline"."""
LONGEST_PERIOD: Final = timedelta(hours=1)
"""The longest time from one waking to the next that is recognized without an announcement."""
LONGEST_ANNOUNCED: Final = timedelta(days=1)
"""The longest one that users can set in Tasmota."""
MAX_AWAKE: Final = 0.5
"""The largest share of this time for which a reader in deep sleep is awake."""
LATE: Final = 1.5
"""A reader is late after this many times its period."""
MAX_START: Final = timedelta(minutes=5)
"""The longest time from waking to the first readings: the default interval of Tasmota."""


class SleepPattern:
    """When a reader wakes up."""

    def __init__(self) -> None:
        """Start with a reader of which nothing is known."""
        self._woke_at: datetime | None = None
        self._left_at: datetime | None = None
        self._slept_from: datetime | None = None
        """When the last sleep began that ended on time."""
        self._period: timedelta | None = None
        """From one waking to the next, None if the reader is not known to sleep."""
        self._has_announced = False

    @property
    def is_regular(self) -> bool:
        """Whether the reader is known to sleep, so that a start is no restart."""
        return self._period is not None

    def wake(self, now: datetime) -> None:
        """Record that the reader is online again, or is first seen."""
        if self._left_at is None:
            self._woke_at = self._woke_at or now
            return
        before, left_at = self._woke_at, self._left_at
        self._slept_from = left_at if self.is_asleep(now) else None
        self._woke_at, self._left_at = now, None
        if before is None:
            return
        period = now - before
        has_slept = left_at - before <= MAX_AWAKE * period
        # The clock of a sleeping reader drifts: an hour may take some minutes more.
        longest = LATE * (LONGEST_ANNOUNCED if self._has_announced else LONGEST_PERIOD)
        self._period = period if has_slept and timedelta() < period < longest else None

    def leave(self, now: datetime, *, says_so: bool) -> None:
        """Record that the reader is offline. `says_so` is whether it has announced its sleep."""
        self._left_at = self._left_at or now
        self._has_announced = says_so
        if says_so:
            self._period = self._period or LONGEST_PERIOD

    def is_asleep(self, now: datetime) -> bool:
        """Whether the reader is offline, and not late yet."""
        return (
            self._left_at is not None
            and self._woke_at is not None
            and self._period is not None
            and now - self._woke_at < LATE * self._period
        )

    def last_awake(self, now: datetime) -> datetime:
        """Return until when readings could be received: now, or when the reader fell asleep.

        A reader that has just come back on time counts as asleep until its first readings.
        """
        if self.is_asleep(now) and self._left_at is not None:
            return self._left_at
        if self._left_at is None and self._woke_at is not None and self._slept_from is not None:
            return self._slept_from if now - self._woke_at < MAX_START else now
        return now
