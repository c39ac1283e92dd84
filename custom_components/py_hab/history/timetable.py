"""When the history of an entry may be maintained, and when that is due."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .retries import RETRY

AFTER_START: Final = timedelta(minutes=2)
"""Time after the start of Home Assistant before anything is written: the recorder first compiles
the statistics that it has missed."""
DAILY: Final = timedelta(hours=24)
"""Time between two maintenance runs of the whole history."""
CHECK_INTERVAL: Final = timedelta(minutes=5)
"""Time between two checks for gaps to repair."""


class Timetable:
    """The times of runs and checks. A clock that was ahead delays nothing."""

    def __init__(self) -> None:
        """Begin without a run and without a check."""
        self.started: datetime | None = None
        """When Home Assistant has started, None while it starts."""
        self.last_check: datetime | None = None
        """When gaps to repair were last looked for."""
        self.not_before: datetime | None = None
        """The time before which nothing is done, because an attempt has failed."""

    @callback
    def async_home_started(self, _hass: HomeAssistant) -> None:
        """Note that Home Assistant has started."""
        self.started = dt_util.utcnow()

    def has_settled(self, now: datetime) -> bool:
        """Whether the recorder has had time to compile what it has missed."""
        return self.started is not None and not timedelta() <= now - self.started < AFTER_START

    def postpone(self) -> None:
        """Do nothing for a while, because an attempt has failed."""
        self.not_before = dt_util.utcnow() + RETRY

    def postponed(self, due: datetime) -> datetime:
        """Return the time at which something that is due can be done, after a postponement."""
        not_before = self.not_before
        if not_before is None or not_before > dt_util.utcnow() + RETRY:
            # If it is further ahead than RETRY, the clock was ahead at the postponement.
            return due
        return max(due, not_before)

    def is_postponed(self, now: datetime) -> bool:
        """Whether nothing may be done yet, because an attempt has failed."""
        return self.postponed(now) > now

    def next_run(self, last: datetime | None) -> datetime:
        """Return the time of the next run of the whole history after the last one."""
        now = dt_util.utcnow()
        # If the clock was ahead at the last run, that run does not delay the next one.
        return self.postponed(last + DAILY if last is not None and last <= now else now)

    @property
    def next_check(self) -> datetime | None:
        """The time of the next check for gaps to repair, None before the first one."""
        return None if self.last_check is None else self.postponed(self.last_check + CHECK_INTERVAL)
