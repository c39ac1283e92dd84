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
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from ...entry import MaintenanceResult
from ...records import decode_values, encode
from ..planning.rows import HOUR, SAME

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = timedelta(seconds=30)
MAX_EVENTS: Final = 100
"""Of a statistic that are told; what can be taken back is kept beyond them."""


class ChangeReason(StrEnum):
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
class HourSet:
    """A set of full hours, as ranges: a year without a hole is one."""

    ranges: list[list[int]] = field(default_factory=list)
    """First and last hour of each run, ascending."""

    def __contains__(self, hour: object) -> bool:
        """Whether an hour is in the set."""
        return isinstance(hour, int) and any(first <= hour <= last for first, last in self.ranges)

    def __len__(self) -> int:
        """Return the number of hours."""
        return sum((last - first) // HOUR + 1 for first, last in self.ranges)

    def all(self) -> set[int]:
        """Return every hour."""
        return {hour for first, last in self.ranges for hour in range(first, last + 1, HOUR)}

    def add(self, hours: Iterable[int]) -> None:
        """Add hours."""
        self._replace(self.all().union(hours))

    def discard(self, hours: Iterable[int]) -> None:
        """Remove hours."""
        self._replace(self.all().difference(hours))

    @classmethod
    def from_json(cls, stored: Any) -> HourSet:
        """Return the hours that were stored. Raises ValueError for nonsense."""
        hours = cls()
        for run in _list(stored):
            match run:
                case [int(first), int(last)] if first <= last and first % HOUR == last % HOUR == 0:
                    hours.ranges.append([first, last])
                case _:
                    raise ValueError(run)
        return hours

    def _replace(self, hours: set[int]) -> None:
        # Years of hours are changed in a thread, while the ledger may be written.
        ranges: list[list[int]] = []
        for hour in sorted(hours):
            if ranges and hour == ranges[-1][1] + HOUR:
                ranges[-1][1] = hour
            else:
                ranges.append([hour, hour])
        self.ranges = ranges


type Values = dict[str, float | None]
"""state, sum, mean, min, max, last_reset (unix time) of a row, as far as it has them."""

_WRITTEN: Final = "written"
"""Kept beside the values of a row that was replaced: the sum that was written in its place."""


@dataclass(slots=True)
class StatisticChanges:
    """What we have changed of one statistic."""

    entry_id: str | None = None
    """The config entry it belongs to; None for statistics of others."""
    inserted: HourSet = field(default_factory=HourSet)
    replaced: dict[int, Values] = field(default_factory=dict)
    """Rows as Home Assistant had written them, without our shifts; see as_it_would_be."""
    sum_adjustments: list[tuple[int, float]] = field(default_factory=list)
    """From which moment on (unix time) sums were shifted, and by how many kWh. Where a shift has
    not reached the sums of Home Assistant, one of the opposite amount says from when on."""
    sum_boundary: int | None = None
    """Where rows that we have written end and those of Home Assistant begin (unix time), as long
    as the sums do not meet there."""
    pending_adjustment: list[Any] | None = None
    """A shift that may have been made or not: moment, kWh; start, length and sum before of the
    first row behind it; other shifts to be noted with it."""
    pending_inserts: HourSet = field(default_factory=HourSet)
    """Hours that are being inserted: after a crash they go."""
    sentinel: int | None = None
    """An hour that Home Assistant has written. If it is gone, somebody has cleared the statistic,
    and all that we had changed with it."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """What was done when, for people."""
    undone: bool = False
    """Whether the user has taken everything back, and does not want it again."""

    @property
    def is_clean(self) -> bool:
        """Whether the statistic is as Home Assistant alone would have it."""
        return not (
            self.inserted.ranges
            or self.replaced
            or self.sum_adjustments
            or self.sum_boundary
            or self.pending_adjustment
            or self.pending_inserts.ranges
        )

    def adjustment_at(self, moment: int) -> float:
        """Return the kWh by which the sum of the hour that starts at a moment was shifted."""
        return sum(
            amount for start, amount in self.sum_adjustments if start // HOUR * HOUR <= moment
        )

    def without_our_changes(self, hour: int, found: Values) -> Values:
        """Return a row, of which something was found, as it would be without our changes.

        By what its sum differs from what we have written, somebody else has shifted it since.
        """
        shift, total = self.adjustment_at(hour), found.get("sum")
        values = self.replaced.get(hour)
        if values is None:
            return found if total is None else found | {"sum": total - shift}
        values, kept = dict(values), values.get("sum")
        written = values.pop(_WRITTEN, None)
        if total is not None and kept is not None and written is not None:
            others = total - shift - written
            values["sum"] = kept + (others if abs(others) > SAME else 0.0)
        return values

    def note_written(self, written: Mapping[int, Values]) -> None:
        """Note which sums stand now in place of others."""
        for hour in written.keys() & self.replaced.keys():
            if (total := written[hour].get("sum")) is not None:
                self.replaced[hour][_WRITTEN] = total - self.adjustment_at(hour)

    def note_adjustment(self, start: int, amount: float) -> None:
        """Note a shift that was made, or that an earlier one was taken back."""
        if not amount:
            return
        for done in self.sum_adjustments:
            if done[0] == start and abs(done[1] + amount) < 1e-9:
                self.sum_adjustments.remove(done)
                return
        self.sum_adjustments.append((start, amount))

    def clear(self) -> None:
        """Forget all changes: they have been taken back, or are gone with the whole statistic."""
        self.sum_adjustments, self.replaced = [], {}
        self.inserted.ranges, self.pending_inserts.ranges = [], []
        self.sum_boundary = self.pending_adjustment = self.sentinel = None

    def log(self, work: ChangeReason, **details: Any) -> None:
        """Keep what was done."""
        self.events.append({"work": work.value, "at": dt_util.utcnow().isoformat(), **details})
        del self.events[:-MAX_EVENTS]

    def as_json(self) -> dict[str, Any]:
        """Return the account as it is stored."""
        return {
            "entry_id": self.entry_id,
            "inserted": self.inserted.ranges,
            "replaced": [[hour, values] for hour, values in self.replaced.items()],
            "shifts": self.sum_adjustments,
            "join": self.sum_boundary,
            "begun": self.pending_adjustment,
            "writing": self.pending_inserts.ranges,
            "witness": self.sentinel,
            "events": self.events,
            "undone": self.undone,
        }

    @classmethod
    def from_json(cls, stored: Any) -> StatisticChanges:
        """Return the account that was stored. Raises ValueError for nonsense."""
        match stored:
            case {
                "entry_id": str() | None as entry_id,
                "inserted": inserted,
                "replaced": replaced,
                "shifts": sum_adjustments,
                "join": int() | None as join,
                "begun": pending_adjustment,
                "writing": pending_inserts,
                "witness": int() | None as sentinel,
                "events": events,
                "undone": bool(undone),
            }:
                return cls(
                    entry_id=entry_id,
                    inserted=HourSet.from_json(inserted),
                    replaced=dict(_replaced(item) for item in _list(replaced)),
                    sum_adjustments=[_shift(item) for item in _list(sum_adjustments)],
                    sum_boundary=join,
                    pending_adjustment=_begun(pending_adjustment),
                    pending_inserts=HourSet.from_json(pending_inserts),
                    sentinel=sentinel,
                    events=[item for item in _list(events) if isinstance(item, dict)],
                    undone=undone,
                )
        raise ValueError(stored)


def _list(stored: Any) -> list[Any]:
    match stored:
        case list():
            return stored
    raise ValueError(stored)


def _replaced(stored: Any) -> tuple[int, Values]:
    match stored:
        case [int(hour), dict() as values] if all(
            value is None or isinstance(value, int | float) for value in values.values()
        ):
            return hour, values
    raise ValueError(stored)


def _shift(stored: Any) -> tuple[int, float]:
    match stored:
        case [int(start), int() | float() as amount]:
            return start, amount
    raise ValueError(stored)


def _begun(stored: Any) -> list[Any] | None:
    number = int | float
    match stored:
        case None:
            return None
        case [int(start), amount, int(row), int(length), total, notes] if isinstance(
            amount, number
        ) and isinstance(total, number):
            return [start, amount, row, length, total, [_shift(note) for note in _list(notes)]]
    raise ValueError(stored)


class ChangeJournal:
    """The accounts of all statistics that we have changed, by statistic id."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Prepare; nothing is read yet."""
        self._store: Store[dict[str, Any]] = Store(hass, STORAGE_VERSION, f"{DOMAIN}.history")
        self.by_statistic: dict[str, StatisticChanges] = {}
        self.runs: dict[str, MaintenanceResult] = {}
        """The last maintenance of the whole history, by entry."""
        self._set_aside: dict[str, Any] = {}
        """Accounts that cannot be read: kept in the file for people."""

    async def async_load(self) -> None:
        """Recall the accounts."""
        stored: object = await self._store.async_load()
        # The file may have been changed by hand, or by a disk that fails.
        self.runs = decode_values(MaintenanceResult, _section(stored, "runs"))
        self._set_aside = _section(stored, "set_aside")
        for statistic_id, changes in _section(stored, "accounts").items():
            try:
                self.by_statistic[statistic_id] = StatisticChanges.from_json(changes)
            except ValueError:
                # The names of our own statistics tell the devices' numbers.
                named = "a statistic" if statistic_id.startswith(f"{DOMAIN}:") else statistic_id
                _LOGGER.warning("What was changed of %s cannot be read any more", named)
                self._set_aside[statistic_id] = changes

    def changes_of(self, statistic_id: str) -> StatisticChanges:
        """Return the account of a statistic, a new one if we have not changed it yet."""
        return self.by_statistic.setdefault(statistic_id, StatisticChanges())

    def of_entry(self, entry_id: str) -> dict[str, StatisticChanges]:
        """Return the accounts of an entry's statistics."""
        return {
            statistic_id: changes
            for statistic_id, changes in self.by_statistic.items()
            if changes.entry_id == entry_id
        }

    def save_soon(self) -> None:
        """Write the ledger before long."""
        self._store.async_delay_save(self._as_json, SAVE_DELAY.total_seconds())

    async def async_save(self) -> None:
        """Write the ledger now: before and after a change, so that a crash finds out."""
        await self._store.async_save(self._as_json())

    def _as_json(self) -> dict[str, Any]:
        return {
            "runs": encode(self.runs),
            "set_aside": self._set_aside,
            "accounts": {
                statistic_id: changes.as_json()
                for statistic_id, changes in self.by_statistic.items()
                if changes.undone or changes.events or not changes.is_clean
            },
        }

    @callback
    def rename(self, old: str, new: str) -> bool:
        """Follow a statistic to its new name; return whether there is anything to follow.

        Where something of that name was changed, there are statistics: the recorder will not follow.
        """
        there = self.by_statistic.get(new)
        if old not in self.by_statistic or (there is not None and not there.is_clean):
            return False
        self.by_statistic[new] = self.by_statistic.pop(old)
        self.save_soon()
        return True


def _section(stored: object, name: str) -> dict[str, Any]:
    """Return a part of the file, nothing if it is not what it should be."""
    section = stored.get(name) if isinstance(stored, dict) else None
    return section if isinstance(section, dict) else {}
