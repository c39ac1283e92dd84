"""Which devices a box no longer lists, for good."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

STALE_AFTER: Final = timedelta(days=1)
"""A gateway in the mesh takes its devices along when it is switched off for the night."""
STALE_LISTS: Final = 10


@dataclass(slots=True)
class _Absence:
    since: datetime
    lists: int = 0


class StaleDevices:
    """Counts in how many lists, and for how long, each known device has been missing."""

    def __init__(self) -> None:
        """Start with nothing missing."""
        self._absences: dict[str, _Absence] = {}

    def update(self, known: Collection[str], listed: Collection[str], now: datetime) -> set[str]:
        """Take another list; return which of the known devices are stale.

        An empty list proves nothing: a box that has just started does not know its devices yet.
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
            if absence.lists >= STALE_LISTS and now - absence.since >= STALE_AFTER
        }
