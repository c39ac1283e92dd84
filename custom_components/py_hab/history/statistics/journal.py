"""The undo journal: what we have changed in statistics, so that it can be undone exactly.

For each statistic, the journal holds the difference to what Home Assistant alone would have: the
hours inserted, the original values of the rows replaced, and the adjustments of sums. The order of
the changes does not matter.
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
from ...util.records import decode_values, encode
from ..planning.rows import HOUR, ROUNDING_ERROR

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = timedelta(seconds=30)
MAX_EVENTS: Final = 100
"""Log entries kept for each statistic. Changes can be undone even if their entry is gone."""


class ChangeReason(StrEnum):
    """Why statistics were changed."""

    BACKFILL = "backfill"
    """Hours from device statistics."""
    OUTAGE = "outage"
    """Energy of a gap, spread over its hours."""
    SILENCE = "silence"
    """A sum that Home Assistant had restarted after a long gap."""
    REPLACEMENT = "replacement"
    """The start reading of a new counter, which was not consumed here."""
    IMPORT = "import"
    """Hours of a legacy file."""
    SPIKE = "spike"
    """Hours with an impossible energy."""


@dataclass(slots=True)
class HourSet:
    """A set of full hours, stored as ranges: a year without a hole is one range."""

    ranges: list[list[int]] = field(default_factory=list)
    """First and last hour of each range, ascending."""

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
        """Decode stored hours. Raises ValueError if they are not valid."""
        hours = cls()
        for item in _list(stored):
            match item:
                case [int(first), int(last)] if first <= last and first % HOUR == last % HOUR == 0:
                    hours.ranges.append([first, last])
                case _:
                    raise ValueError(item)
        return hours

    def _replace(self, hours: set[int]) -> None:
        # Years of hours are changed in a thread while the journal may be saved, so the list is
        # replaced as a whole.
        ranges: list[list[int]] = []
        for hour in sorted(hours):
            if ranges and hour == ranges[-1][1] + HOUR:
                ranges[-1][1] = hour
            else:
                ranges.append([hour, hour])
        self.ranges = ranges


type Values = dict[str, float | None]
"""Values of a row by column: state, sum, mean, min, max and last_reset, as far as present."""

_WRITTEN: Final = "written"
"""Key beside the values of a replaced row: the sum that we have written in its place."""


@dataclass(slots=True)
class StatisticChanges:
    """What we have changed of one statistic."""

    entry_id: str | None = None
    """The config entry of the statistic; None if it belongs to another integration."""
    inserted: HourSet = field(default_factory=HourSet)
    replaced: dict[int, Values] = field(default_factory=dict)
    """Rows as Home Assistant wrote them, without our adjustments; see without_our_changes."""
    sum_adjustments: list[tuple[int, float]] = field(default_factory=list)
    """Start time and kWh of each adjustment. If the later sums of Home Assistant do not contain an
    adjustment, a second one with the opposite sign marks the time from which on."""
    sum_boundary: int | None = None
    """The time at which our rows end and those of Home Assistant start; None once their sums are
    aligned."""
    pending_adjustment: list[Any] | None = None
    """An adjustment that may have been made or not: start time, kWh; start, length and former sum of
    the first row that it changes; other adjustments to record with it."""
    pending_inserts: HourSet = field(default_factory=HourSet)
    """Hours that are being inserted; after a crash they are deleted."""
    sentinel: int | None = None
    """An hour that Home Assistant has written. If it is missing, the statistic was cleared, and our
    changes with it."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """A log of the changes, for people."""
    undone: bool = False
    """Whether the user has undone all changes and does not want them again."""

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
        """Return the kWh by which the sum of the hour that starts at `moment` was adjusted."""
        return sum(
            amount for start, amount in self.sum_adjustments if start // HOUR * HOUR <= moment
        )

    def without_our_changes(self, hour: int, found: Values) -> Values:
        """Return the values of a row as they would be without our changes.

        `found` are its present values. If its sum differs from the one that we have written, the
        difference is an adjustment by someone else, and is kept.
        """
        adjustment, total = self.adjustment_at(hour), found.get("sum")
        values = self.replaced.get(hour)
        if values is None:
            return found if total is None else found | {"sum": total - adjustment}
        values, kept = dict(values), values.get("sum")
        written = values.pop(_WRITTEN, None)
        if total is not None and kept is not None and written is not None:
            others = total - adjustment - written
            values["sum"] = kept + (others if abs(others) > ROUNDING_ERROR else 0.0)
        return values

    def note_written(self, written: Mapping[int, Values]) -> None:
        """Record the sums that have been written in place of others."""
        for hour in written.keys() & self.replaced.keys():
            if (total := written[hour].get("sum")) is not None:
                self.replaced[hour][_WRITTEN] = total - self.adjustment_at(hour)

    def note_adjustment(self, start: int, amount: float) -> None:
        """Record an adjustment that was made; one that undoes an earlier one removes it."""
        if not amount:
            return
        for done in self.sum_adjustments:
            if done[0] == start and abs(done[1] + amount) < 1e-9:
                self.sum_adjustments.remove(done)
                return
        self.sum_adjustments.append((start, amount))

    def clear(self) -> None:
        """Forget all changes: they have been undone, or were cleared with the whole statistic."""
        self.sum_adjustments, self.replaced = [], {}
        self.inserted.ranges, self.pending_inserts.ranges = [], []
        self.sum_boundary = self.pending_adjustment = self.sentinel = None

    def log(self, reason: ChangeReason, **details: Any) -> None:
        """Append a change to the log."""
        self.events.append({"work": reason.value, "at": dt_util.utcnow().isoformat(), **details})
        del self.events[:-MAX_EVENTS]

    def as_json(self) -> dict[str, Any]:
        """Encode the changes as they are stored."""
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
        """Decode stored changes. Raises ValueError if they are not valid."""
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
                    sum_adjustments=[_adjustment(item) for item in _list(sum_adjustments)],
                    sum_boundary=join,
                    pending_adjustment=_pending_adjustment(pending_adjustment),
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


def _adjustment(stored: Any) -> tuple[int, float]:
    match stored:
        case [int(start), int() | float() as amount]:
            return start, amount
    raise ValueError(stored)


def _pending_adjustment(stored: Any) -> list[Any] | None:
    number = int | float
    match stored:
        case None:
            return None
        case [int(start), amount, int(row), int(length), total, notes] if isinstance(
            amount, number
        ) and isinstance(total, number):
            return [start, amount, row, length, total, [_adjustment(note) for note in _list(notes)]]
    raise ValueError(stored)


class ChangeJournal:
    """The changes of all statistics, by statistic id."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Create an empty journal; nothing is read yet."""
        self._store: Store[dict[str, Any]] = Store(hass, STORAGE_VERSION, f"{DOMAIN}.history")
        self.by_statistic: dict[str, StatisticChanges] = {}
        self.runs: dict[str, MaintenanceResult] = {}
        """The last maintenance run of the whole history, by entry id."""
        self._set_aside: dict[str, Any] = {}
        """Changes that could not be decoded; they stay in the file for people."""

    async def async_load(self) -> None:
        """Load the journal; changes that cannot be decoded are set aside with a warning."""
        stored: object = await self._store.async_load()
        # The file may have been edited by hand, or damaged by a failing disk.
        self.runs = decode_values(MaintenanceResult, _section(stored, "runs"))
        self._set_aside = _section(stored, "set_aside")
        for statistic_id, changes in _section(stored, "accounts").items():
            try:
                self.by_statistic[statistic_id] = StatisticChanges.from_json(changes)
            except ValueError:
                # The ids of external statistics contain numbers of devices: keep them out of logs.
                name = "a statistic" if statistic_id.startswith(f"{DOMAIN}:") else statistic_id
                _LOGGER.warning("What was changed of %s cannot be read any more", name)
                self._set_aside[statistic_id] = changes

    def changes_of(self, statistic_id: str) -> StatisticChanges:
        """Return the changes of a statistic, creating an empty record if there is none."""
        return self.by_statistic.setdefault(statistic_id, StatisticChanges())

    def of_entry(self, entry_id: str) -> dict[str, StatisticChanges]:
        """Return the changes of the statistics of an entry."""
        return {
            statistic_id: changes
            for statistic_id, changes in self.by_statistic.items()
            if changes.entry_id == entry_id
        }

    def save_soon(self) -> None:
        """Save the journal within SAVE_DELAY."""
        self._store.async_delay_save(self._as_json, SAVE_DELAY.total_seconds())

    async def async_save(self) -> None:
        """Save the journal now; done before and after each change so that it survives a crash."""
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
        """Move the changes of a statistic to its new id; return whether there were any to move.

        If statistics with the new id have been changed, they exist, and the recorder does not
        rename the old ones either.
        """
        existing = self.by_statistic.get(new)
        if old not in self.by_statistic or (existing is not None and not existing.is_clean):
            return False
        self.by_statistic[new] = self.by_statistic.pop(old)
        self.save_soon()
        return True


def _section(stored: object, name: str) -> dict[str, Any]:
    """Return a section of the file, or an empty one if it is missing or not an object."""
    section = stored.get(name) if isinstance(stored, dict) else None
    return section if isinstance(section, dict) else {}
