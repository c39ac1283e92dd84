"""Detects devices that a FRITZ!Box no longer lists (quality scale rule `stale-devices`)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MIN_ABSENCE: Final = timedelta(days=1)
"""How long a stale device must have been missing. The devices of another gateway in the mesh are
missing while that gateway is switched off, for example at night."""
MIN_LISTS_WITHOUT: Final = 10
"""In how many lists a stale device must have been missing."""


@dataclass(slots=True)
class _Absence:
    since: datetime
    lists: int = 0


class StaleDevices:
    """Records for how long, and in how many lists, each known device has been missing."""

    def __init__(self) -> None:
        """Start without missing devices."""
        self._absences: dict[str, _Absence] = {}

    def update(self, known: Collection[str], listed: Collection[str], now: datetime) -> set[str]:
        """Process another list; return the known devices that are stale.

        An empty list is ignored: a box that has just started does not know its devices yet.
        """
        if not listed:
            return set()
        missing = set(known) - set(listed)
        self._absences = {ain: self._absences.get(ain) or _Absence(now) for ain in missing}
        for absence in self._absences.values():
            absence.lists += 1
        return {
            ain
            for ain, absence in self._absences.items()
            if absence.lists >= MIN_LISTS_WITHOUT and now - absence.since >= MIN_ABSENCE
        }
