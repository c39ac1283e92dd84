"""Lists what py_hab has written into statistics, and takes it back: all of it, or single runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .planning.change import ChangeReason
from .planning.difference import Difference, hours_of
from .statistics.editor import Undone, get_editor, get_ready_editor
from .statistics.journal import StatisticChanges

_ASKED_FOR: Final = frozenset({ChangeReason.IMPORT, ChangeReason.SPIKE})
"""Changes that the user has asked for. The others would be made again by the next maintenance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPart:
    """What a run has written into one statistic."""

    entity_id: str
    hours: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run that has changed statistics."""

    run: str
    at: datetime
    reason: str
    """The reason of its first change, a `ChangeReason`."""
    statistics: list[RunPart]

    @property
    def hours(self) -> int:
        """The hours written into all statistics."""
        return sum(part.hours for part in self.statistics)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What py_hab has written into one statistic in total."""

    entity_id: str
    hours: int
    since: datetime | None
    """The start of the first hour written."""
    at: datetime | None
    """When something was written last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SumShift:
    """An adjustment that was taken back."""

    since: datetime
    energy: float


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoReport:
    """What was taken back of one statistic, or would be."""

    entity_id: str
    rows_removed: int
    rows_restored: int
    shifts: list[SumShift]


def runs(hass: HomeAssistant, entry_id: str | None = None) -> list[Run]:
    """Return the runs that can be taken back, newest first; of one entry, or all."""
    found: dict[str, Run] = {}
    for statistic_id, changes in _changed(hass, entry_id).items():
        for layer in changes.done.layers:
            run = found.setdefault(
                layer.run,
                Run(
                    run=layer.run,
                    at=dt_util.utc_from_timestamp(layer.at),
                    reason=layer.reason,
                    statistics=[],
                ),
            )
            run.statistics.append(
                RunPart(entity_id=statistic_id, hours=len(hours_of(layer.written)))
            )
    return sorted(found.values(), key=lambda run: run.at, reverse=True)


def written(hass: HomeAssistant, entry_id: str) -> list[Written]:
    """Return what was written into the statistics of an entry in total."""
    return [
        Written(
            entity_id=statistic_id,
            hours=len(hours),
            since=dt_util.utc_from_timestamp(min(hours)) if hours else None,
            at=dt_util.utc_from_timestamp(changes.done.stamp) if changes.done.stamp else None,
        )
        for statistic_id, changes in _changed(hass, entry_id).items()
        for hours in [_hours(changes.done)]
    ]


async def async_undo(hass: HomeAssistant, statistic_id: str, *, dry_run: bool) -> UndoReport:
    """Undo all our changes of a statistic.

    The statistic is not maintained again until the user runs the maintenance. Raises
    HomeAssistantError if the recorder refuses.
    """
    editor = get_ready_editor(hass)
    if not dry_run:
        editor.journal.changes_of(statistic_id).undone = True
    undone = await editor.async_undo(await editor.async_statistic(statistic_id), dry_run=dry_run)
    return _report(statistic_id, undone)


async def async_take_back(
    hass: HomeAssistant, run: str, statistic_ids: Iterable[str], *, dry_run: bool
) -> list[UndoReport]:
    """Take back a run, and all later runs of the statistics that it has changed.

    Statistics that the maintenance has changed in the run are not maintained again until the user
    runs the maintenance. Raises HomeAssistantError if the recorder refuses.
    """
    editor = get_ready_editor(hass)
    reports: list[UndoReport] = []
    for statistic_id in statistic_ids:
        changes = editor.journal.changes_of(statistic_id)
        reason = next((layer.reason for layer in changes.done.layers if layer.run == run), None)
        if reason is None:
            continue
        if not dry_run and reason not in _ASKED_FOR:
            changes.undone = True
        statistic = await editor.async_statistic(statistic_id)
        undone = await editor.async_take_back(statistic, run, dry_run=dry_run)
        reports.append(_report(statistic_id, undone))
    return reports


def _changed(hass: HomeAssistant, entry_id: str | None) -> dict[str, StatisticChanges]:
    journal = get_editor(hass).journal
    found = journal.by_statistic if entry_id is None else journal.of_entry(entry_id)
    return {each: changes for each, changes in found.items() if not changes.is_clean}


def _hours(difference: Difference) -> set[int]:
    return hours_of(difference.inserted) | difference.replaced.keys()


def _report(statistic_id: str, undone: Undone) -> UndoReport:
    return UndoReport(
        entity_id=statistic_id,
        rows_removed=undone.rows_removed,
        rows_restored=undone.rows_restored,
        shifts=[
            SumShift(since=dt_util.utc_from_timestamp(start), energy=round(amount, 6))
            for start, amount in undone.adjustments
        ],
    )
