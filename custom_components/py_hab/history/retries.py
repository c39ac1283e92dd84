"""When devices are asked again whose statistics the box did not report."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

RETRY: Final = timedelta(minutes=30)
"""Time until the next attempt after the box did not answer or the database refused. For a device
whose statistics the box did not report, it doubles with each failure, up to `LONGEST`."""
LONGEST: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class _Failure:
    at: datetime
    pause: timedelta


class DeviceRetries:
    """The devices that are asked again alone, after a pause that grows with each failure."""

    def __init__(self) -> None:
        """Begin without a failure."""
        self._failures: dict[str, _Failure] = {}

    @property
    def devices(self) -> AbstractSet[str]:
        """The AINs of the devices whose statistics the box did not report at last."""
        return self._failures.keys()

    def note(self, ain: str, *, is_reported: bool) -> None:
        """Note whether the box has reported the statistics of a device."""
        before = self._failures.pop(ain, None)
        if not is_reported:
            pause = min(2 * before.pause, LONGEST) if before else RETRY
            self._failures[ain] = _Failure(dt_util.utcnow(), pause)

    def is_waiting(self, ain: str) -> bool:
        """Whether a device is not to be asked yet. A clock that was ahead delays nothing."""
        failure = self._failures.get(ain)
        return failure is not None and (
            timedelta() <= dt_util.utcnow() - failure.at < failure.pause
        )
