"""Whether the readings of a reader can be received: by the broker, its last will, and its messages."""

from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from .freshness import STALE_AFTER
from .sleep_pattern import SleepPattern


class ReaderPresence:
    """The connection to the broker, and what is known of the reader behind it."""

    def __init__(self) -> None:
        """Start without a broker, and with a reader that has not said to be offline."""
        self.connected = False
        """Whether the broker is connected."""
        self.online = True
        """Whether the reader is online, by its last will or a later message."""
        self.last_seen: datetime | None = None
        """When the reader last published its readings or its state."""
        self.since = dt_util.utcnow()
        """When this began to listen."""
        self._sleep = SleepPattern()
        self._uptime = timedelta()

    @property
    def is_available(self) -> bool:
        """Whether the broker is connected, and the reader is online or in deep sleep."""
        return self.connected and (self.online or self._sleep.is_asleep(dt_util.utcnow()))

    @property
    def sleeps_regularly(self) -> bool:
        """Whether the reader is known to use deep sleep. It starts each time it wakes up."""
        return self._sleep.is_regular

    def is_publishing(self, now: datetime) -> bool:
        """Whether the reader is available and has published messages recently."""
        return (
            self.is_available and self.last_seen is not None and now - self.last_seen < STALE_AFTER
        )

    def last_awake(self, now: datetime) -> datetime:
        """Return until when readings could be received: now, or when deep sleep began."""
        return self._sleep.last_awake(now)

    def silent_for(self, now: datetime) -> timedelta:
        """Return for how long nothing has been received while this was listening."""
        return now - max(self.last_seen or self.since, self.since)

    def see_state(self, now: datetime, uptime: timedelta | None) -> bool:
        """Note the state of the reader; return whether it has restarted: its uptime is lower."""
        self.last_seen = now
        if uptime is None:
            return False
        before, self._uptime = self._uptime, uptime
        return uptime < before

    def see_readings(self, now: datetime) -> None:
        """Note a message with readings, which only a reader that is awake publishes."""
        self.last_seen = now
        self._sleep.wake(now)

    def leave(self, now: datetime, *, says_so: bool) -> None:
        """Note that the reader is offline. `says_so` is whether it has announced deep sleep."""
        self.online = False
        self._sleep.leave(now, says_so=says_so)

    def come_online(self, now: datetime) -> bool:
        """Note that the reader is online; return whether it was offline before."""
        if self.online:
            return False
        self.online = True
        self._sleep.wake(now)
        return True
