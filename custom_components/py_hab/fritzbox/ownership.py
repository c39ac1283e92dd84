"""Decides when an entry takes over a device that another entry shows.

The boxes of a mesh list the same devices, plugs move to another box, and boxes are replaced. Each
device belongs to one entry.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

OWNER_SILENT_FOR: Final = timedelta(hours=1)
"""How long the box of the owner must have been unreachable. A restart takes some minutes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnerView:
    """What the entry that owns a device reports about it."""

    answered_at: datetime | None = None
    """When its box last returned a device list; None while it does not answer."""
    is_listed: bool = False
    is_present: bool = False


class ForeignDevices:
    """Records since when this box could show devices better than their owners."""

    def __init__(self) -> None:
        """Start without foreign devices."""
        self._since: dict[str, datetime] = {}

    def may_take_over(self, ain: str, view: OwnerView, now: datetime, *, is_present: bool) -> bool:
        """Return whether the owner has lost a device that this box lists.

        `is_present` is whether this box reaches the device. The boxes of a mesh notice changes at
        different times, so only an answer counts that the owner's box has given since.
        """
        is_better = (is_present and not view.is_present) or not view.is_listed
        if not is_better:
            self._since.pop(ain, None)
            return False
        since = self._since.setdefault(ain, now)
        if view.answered_at is None:
            return is_present and now - since >= OWNER_SILENT_FOR
        return view.answered_at > since

    def forget(self, ain: str) -> None:
        """Remove a device that is no longer foreign."""
        self._since.pop(ain, None)
