"""What we have changed in statistics: enough to take all of it back, exactly.

For each statistic the ledger is the difference to what Home Assistant alone would have: hours
that were not there, rows as they were before, and by how much sums were shifted. It does not
matter in which order the changes were made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
import logging
from typing import Any, Final, cast

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from .rows import HOUR

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = timedelta(seconds=30)
MAX_EVENTS: Final = 100
"""Of a statistic that are told; what can be taken back is kept beyond them."""


class Work(StrEnum):
    """Why statistics were changed."""

    BACKFILL = "backfill"
    """Hours that the box remembers."""
    OUTAGE = "outage"
    """Energy spread over hours without readings."""
    SILENCE = "silence"
    """A sum that Home Assistant had restarted."""
    REPLACEMENT = "replacement"
    """A start reading that nobody has consumed."""
    IMPORT = "import"
    """Hours of the old server."""
    SPIKE = "spike"
    """Hours that no house can draw."""


@dataclass(slots=True)
class Hours:
    """A set of full hours, as runs: a year without a hole is one."""

    runs: list[list[int]] = field(default_factory=list)
    """First and last hour of each run, ascending."""

    def __contains__(self, hour: object) -> bool:
        """Whether an hour is in the set."""
        return isinstance(hour, int) and any(first <= hour <= last for first, last in self.runs)

    def __len__(self) -> int:
        """Return the number of hours."""
        return sum((last - first) // HOUR + 1 for first, last in self.runs)

    def all(self) -> set[int]:
        """Return every hour."""
        return {hour for first, last in self.runs for hour in range(first, last + 1, HOUR)}

    def add(self, hours: Iterable[int]) -> None:
        """Add hours."""
        self._replace(self.all().union(hours))

    def discard(self, hours: Iterable[int]) -> None:
        """Remove hours."""
        self._replace(self.all().difference(hours))

    def _replace(self, hours: set[int]) -> None:
        self.runs = []
        for hour in sorted(hours):
            if self.runs and hour == self.runs[-1][1] + HOUR:
                self.runs[-1][1] = hour
            else:
                self.runs.append([hour, hour])


type Values = dict[str, float | None]
"""state, sum, mean, min, max of a row, as far as it has them."""


@dataclass(slots=True)
class Account:
    """What we have changed of one statistic."""

    entry_id: str | None = None
    """The config entry it belongs to; None for statistics of others."""
    inserted: Hours = field(default_factory=Hours)
    replaced: dict[int, Values] = field(default_factory=dict)
    """Rows as Home Assistant had written them, without our shifts."""
    shifts: list[tuple[int, float]] = field(default_factory=list)
    """From which moment on (unix time) sums were shifted, and by how many kWh."""
    join: int | None = None
    """Where rows that we have written end and those of Home Assistant begin (unix time), as long
    as the sums do not meet there."""
    begun: list[Any] | None = None
    """A shift that may have been made or not: moment, kWh, a row behind it, its sum before."""
    writing: Hours = field(default_factory=Hours)
    """Hours that are being inserted: after a crash they go."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """What was done when, for people."""
    undone: bool = False
    """Whether the user has taken everything back, and does not want it again."""

    @property
    def is_clean(self) -> bool:
        """Whether the statistic is as Home Assistant alone would have it."""
        return not (
            self.inserted.runs
            or self.replaced
            or self.shifts
            or self.join
            or self.begun
            or self.writing.runs
        )

    def shift_at(self, moment: int) -> float:
        """Return the kWh by which the sum of the hour that starts at a moment was shifted."""
        return sum(amount for start, amount in self.shifts if start // HOUR * HOUR <= moment)

    def tell(self, work: Work, **details: Any) -> None:
        """Keep what was done."""
        self.events.append({"work": work.value, "at": dt_util.utcnow().isoformat(), **details})
        del self.events[:-MAX_EVENTS]

    def as_json(self) -> dict[str, Any]:
        """Return the account as it is stored."""
        return {
            "entry_id": self.entry_id,
            "inserted": self.inserted.runs,
            "replaced": [[hour, values] for hour, values in self.replaced.items()],
            "shifts": self.shifts,
            "join": self.join,
            "begun": self.begun,
            "writing": self.writing.runs,
            "events": self.events,
            "undone": self.undone,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Account:
        """Return the account that was stored."""
        return cls(
            entry_id=stored["entry_id"],
            inserted=Hours(stored["inserted"]),
            replaced={int(hour): values for hour, values in stored["replaced"]},
            shifts=[(int(start), float(amount)) for start, amount in stored["shifts"]],
            join=stored["join"],
            begun=stored["begun"],
            writing=Hours(stored["writing"]),
            events=stored["events"],
            undone=stored["undone"],
        )


class Ledger:
    """The accounts of all statistics that we have changed, by statistic id."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Prepare; nothing is read yet."""
        self._store: Store[dict[str, Any]] = Store(hass, STORAGE_VERSION, f"{DOMAIN}.history")
        self.accounts: dict[str, Account] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        """When the history of an entry was last looked after, and what came of it."""
        hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._async_renamed)

    async def async_load(self) -> None:
        """Recall the accounts."""
        stored = await self._store.async_load() or {}
        self.runs = stored.get("runs", {})
        for statistic_id, account in stored.get("accounts", {}).items():
            try:
                self.accounts[statistic_id] = Account.from_json(account)
            except KeyError, TypeError, ValueError:
                _LOGGER.warning("What was changed of %s cannot be read any more", statistic_id)

    def account(self, statistic_id: str) -> Account:
        """Return the account of a statistic, a new one if we have not changed it yet."""
        return self.accounts.setdefault(statistic_id, Account())

    def of_entry(self, entry_id: str) -> dict[str, Account]:
        """Return the accounts of an entry's statistics."""
        return {
            statistic_id: account
            for statistic_id, account in self.accounts.items()
            if account.entry_id == entry_id
        }

    def save_soon(self) -> None:
        """Write the ledger before long."""
        self._store.async_delay_save(self._as_json, SAVE_DELAY.total_seconds())

    async def async_save(self) -> None:
        """Write the ledger now: before and after a change, so that a crash finds out."""
        await self._store.async_save(self._as_json())

    def _as_json(self) -> dict[str, Any]:
        return {
            "runs": self.runs,
            "accounts": {
                statistic_id: account.as_json()
                for statistic_id, account in self.accounts.items()
                if account.undone or account.events or not account.is_clean
            },
        }

    @callback
    def _async_renamed(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Follow an entity to its new name, as the recorder does."""
        if event.data["action"] != "update" or "old_entity_id" not in event.data:
            return
        data = cast("dict[str, Any]", event.data)
        if account := self.accounts.pop(data["old_entity_id"], None):
            self.accounts[data["entity_id"]] = account
            self.save_soon()
