"""The undo journal: what we have changed in statistics, so that it can be undone exactly.

For each statistic, the journal holds the difference to what Home Assistant alone would have. While a
change is written, it holds two: the one before and the one after it. Which of them is true, the
database says: the rows of a change carry its stamp.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from ...counters.counter_file import UNREADABLE
from ...entry import MaintenanceResult
from ...util.documentation import page_of_notices
from ...util.records import decode, decode_values, encode
from ..planning.change import ChangeReason
from ..planning.difference import Difference
from .previous import is_previous, previous_difference, with_imported

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = timedelta(seconds=30)
MAX_EVENTS: Final = 100
"""Log entries kept for each statistic. Changes can be undone even if their entry is gone."""
SET_ASIDE_ISSUE: Final = "journal_set_aside"


@dataclass(slots=True)
class StatisticChanges:
    """What we have changed of one statistic."""

    entry_id: str | None = None
    """The config entry of the statistic; None if it belongs to another integration."""
    done: Difference = field(default_factory=Difference)
    planned: Difference | None = None
    """The difference after a change that is being written, or was when Home Assistant stopped."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """A log of the changes, for people."""
    undone: bool = False
    """Whether the user has undone all changes and does not want them again."""
    previous: dict[str, Any] | None = None
    """The changes as an earlier version has stored them, until the next change."""

    @property
    def is_clean(self) -> bool:
        """Whether the statistic is as Home Assistant alone would have it."""
        return self.done.is_empty and self.planned is None and self.previous is None

    def log(self, reason: ChangeReason, **details: Any) -> None:
        """Append a change to the log."""
        self.events.append({"work": reason.value, "at": dt_util.utcnow().isoformat(), **details})
        del self.events[:-MAX_EVENTS]

    def as_json(self) -> dict[str, Any]:
        """Encode the changes as they are stored."""
        about = {"entry_id": self.entry_id, "events": list(self.events), "undone": self.undone}
        if self.previous is not None and self.planned is None:
            return self.previous | about
        return about | {
            "done": encode(self.done),
            "planned": encode(self.planned),
            "previous": self.previous,
        }

    @classmethod
    def from_json(cls, stored: Any) -> StatisticChanges:
        """Decode stored changes. Raises ValueError if they are not valid."""
        match stored:
            case {"events": list(events)}:
                known = stored | {"events": [item for item in events if isinstance(item, dict)]}
            case _:
                raise ValueError(stored)
        changes = decode(cls, known)
        if is_previous(stored):
            changes.done, changes.previous = previous_difference(stored), dict(stored)
        if not _has_origins(stored.get("done")):
            changes.done = with_imported(changes.done, changes.events)
        return changes


class ChangeJournal:
    """The changes of all statistics, by statistic id."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Create an empty journal; nothing is read yet."""
        self._hass = hass
        self._store: Store[dict[str, Any]] = Store(
            hass, STORAGE_VERSION, f"{DOMAIN}.history", serialize_in_event_loop=False
        )
        self.by_statistic: dict[str, StatisticChanges] = {}
        self.runs: dict[str, MaintenanceResult] = {}
        """The last maintenance run of the whole history, by entry id."""
        self._set_aside: dict[str, Any] = {}
        """Changes that cannot be decoded, or are not in the database; they stay in the file for
        people."""
        self.is_readable = True
        """Whether the file could be read; otherwise nothing may be written."""

    async def async_load(self) -> None:
        """Load the journal; changes that cannot be decoded are set aside with a warning.

        If the file itself cannot be read, it is kept, and `is_readable` is False until the user
        restores it or starts with an empty journal.
        """
        had_file, damaged = await self._hass.async_add_executor_job(self._files)
        if damaged and not had_file:
            # Home Assistant has renamed it at an earlier start.
            self.is_readable = False
            return
        try:
            stored: object = await self._store.async_load()
        except UNREADABLE as err:
            _LOGGER.warning(
                "The journal of changed statistics cannot be read: %s", type(err).__name__
            )
            self.is_readable = False
            return
        # Home Assistant itself renames a file that is not JSON, and reports it.
        if had_file and not isinstance(stored, dict):
            self.is_readable = False
            return
        # The file may have been edited by hand, or damaged by a failing disk.
        runs = decode_values(MaintenanceResult, _section(stored, "runs"))
        # Of an entry that was removed, nobody asks any more.
        known = self._hass.config_entries.async_get_entry
        self.runs = {entry_id: run for entry_id, run in runs.items() if known(entry_id)}
        self._set_aside = _section(stored, "set_aside")
        for statistic_id, changes in _section(stored, "accounts").items():
            try:
                self.by_statistic[statistic_id] = StatisticChanges.from_json(changes)
            except ValueError:
                _LOGGER.warning(
                    "What was changed of %s cannot be read any more", name_for_log(statistic_id)
                )
                self._set_aside[statistic_id] = changes

    async def async_start_anew(self) -> None:
        """Continue with an empty journal; the unreadable file is kept under another name."""

        def keep() -> None:
            had_file, damaged = self._files()
            path = Path(self._store.path)
            for number, file in enumerate([path] * had_file + damaged):
                file.rename(f"{path}.kept.{dt_util.utcnow():%Y%m%dT%H%M%S}.{number}")

        await self._hass.async_add_executor_job(keep)
        self.is_readable = True

    def _files(self) -> tuple[bool, list[Path]]:
        """Return whether the file exists, and what Home Assistant has renamed as damaged."""
        path = Path(self._store.path)
        return path.exists(), sorted(path.parent.glob(f"{path.name}.corrupt.*"))

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
        if not self.is_readable:
            return
        self._store.async_delay_save(self._as_json, SAVE_DELAY.total_seconds())

    async def async_save(self) -> None:
        """Save the journal now; done before each change so that it survives a crash."""
        if not self.is_readable:
            return
        # Years of replaced hours are too many for the event loop.
        data = await self._hass.async_add_executor_job(self._as_json)
        await self._store.async_save(data)

    def _as_json(self) -> dict[str, Any]:
        return {
            "runs": encode(self.runs),
            "set_aside": dict(self._set_aside),
            "accounts": {
                statistic_id: changes.as_json()
                for statistic_id, changes in list(self.by_statistic.items())
                if changes.undone or changes.events or not changes.is_clean
            },
        }

    @callback
    def set_aside(self, changes: StatisticChanges) -> None:
        """Set changes aside that are not in the database: it was replaced, or they were deleted."""
        for statistic_id, known in self.by_statistic.items():
            if known is changes:
                _LOGGER.info(
                    "The changes of %s are not in the database any more: there is nothing left to"
                    " undo",
                    name_for_log(statistic_id),
                )
                self._set_aside[statistic_id] = changes.as_json()
        changes.done, changes.previous = Difference(), None
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            SET_ASIDE_ISSUE,
            is_fixable=False,
            learn_more_url=page_of_notices(self._hass.config.language),
            severity=ir.IssueSeverity.WARNING,
            translation_key=SET_ASIDE_ISSUE,
        )

    @callback
    def rename(self, old: str, new: str) -> bool:
        """Move what is known of a statistic to its new id; return whether it was changed at all.

        If statistics with the new id have been changed, they exist, and the recorder does not
        rename the old ones either.
        """
        existing = self.by_statistic.get(new)
        if old not in self.by_statistic or (existing is not None and not existing.is_clean):
            return False
        self.by_statistic[new] = self.by_statistic.pop(old)
        for run in self.runs.values():
            run.result[:] = [
                replace(report, entity_id=new) if report.entity_id == old else report
                for report in run.result
            ]
        self.save_soon()
        return True


def name_for_log(statistic_id: str) -> str:
    """Return how a log names a statistic: ids of external ones contain numbers of devices."""
    return "a statistic" if statistic_id.startswith(f"{DOMAIN}:") else statistic_id


def _has_origins(stored: object) -> bool:
    """Whether a stored difference says where its hours come from; earlier versions did not."""
    return isinstance(stored, dict) and "origins" in stored


def _section(stored: object, name: str) -> dict[str, Any]:
    """Return a section of the file, or an empty one if it is missing or not an object."""
    section = stored.get(name) if isinstance(stored, dict) else None
    return section if isinstance(section, dict) else {}
