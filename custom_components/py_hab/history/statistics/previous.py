"""Reads what versions before 0.2 have noted of their changes in the journal.

They wrote hour by hour, so an interrupted change may have been made in part: the rows in the database
show what was done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from ...util.records import STORED_AS, decode
from ..planning.change import ChangeReason
from ..planning.difference import Difference, Values, hours_of, ranges_of, with_adjustment
from ..planning.origin import Origin
from ..planning.origins import origin_ranges
from ..planning.rows import HOUR
from ..planning.stored import StoredRows, Table, Units

_RENAMED: Final = {"last_reset": "last_reset_ts"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Previous:
    """The changes of a statistic as they were stored."""

    inserted: list[tuple[int, int]]
    replaced: list[tuple[int, dict[str, float | None]]]
    shifts: list[tuple[int, float]]
    boundary: int | None = field(metadata={STORED_AS: "join"})
    pending_adjustment: tuple[int, float, int, int, float, list[tuple[int, float]]] | None = field(
        metadata={STORED_AS: "begun"}
    )
    """Start time, kWh; start, length and former sum of the first row; adjustments to note as well."""
    pending_inserts: list[tuple[int, int]] = field(metadata={STORED_AS: "writing"})
    sentinel: int | None = field(metadata={STORED_AS: "witness"})
    """An hour that Home Assistant has written."""


def is_previous(stored: Mapping[str, Any]) -> bool:
    """Whether stored changes are those of an earlier version."""
    return "witness" in stored


def previous_difference(stored: Mapping[str, Any]) -> Difference:
    """Return stored changes as a difference. Raises ValueError if they are not valid."""
    found = decode(_Previous, stored)
    for first, last in (*found.inserted, *found.pending_inserts):
        if first > last or first % HOUR or last % HOUR:
            raise ValueError((first, last))
    return Difference(
        inserted=found.inserted,
        replaced={
            hour: {_RENAMED.get(name, name): value for name, value in values.items()}
            for hour, values in found.replaced
        },
        sum_adjustments=found.shifts,
        sum_boundary=found.boundary,
    )


def resumed(
    stored: Mapping[str, Any], before: Difference, rows: StoredRows, units: Units
) -> Difference | None:
    """Return what the rows show of changes that may have been interrupted.

    `before` is the difference in the unit of the rows. Returns None if the statistic was cleared
    since, or if the rows are those of another database.
    """
    previous = decode(_Previous, stored)
    inserted = hours_of(before.inserted) | (
        hours_of(previous.pending_inserts) & rows.hourly.keys() - before.replaced.keys()
    )
    if previous.sentinel is not None:
        is_there = previous.sentinel in rows.hourly
    else:
        is_there = not inserted or not inserted.isdisjoint(rows.hourly)
    if not is_there:
        return None
    adjustments = before.sum_adjustments
    if previous.pending_adjustment is not None:
        start, kwh, row_start, length, total, notes = previous.pending_adjustment
        found: Values = rows.of(Table.HOURLY if length == HOUR else Table.SHORT_TERM).get(
            row_start, {}
        )
        if units.is_same(found.get("sum"), units.to_stored(total + kwh)):
            for moment, amount in ((start, kwh), *notes):
                adjustments = with_adjustment(adjustments, moment, amount)
    return replace(before, inserted=ranges_of(inserted), sum_adjustments=adjustments)


def with_imported(found: Difference, events: Iterable[Mapping[str, Any]]) -> Difference:
    """Return a difference with the origins that the log implies.

    Earlier versions noted no origins. The log says which hours were imported; all others count as
    spread.
    """
    ours = hours_of(found.inserted) | found.replaced.keys()
    imported: set[int] = set()
    for event in events:
        if event.get("work") == ChangeReason.IMPORT:
            first, last = (_unix_time(event.get(name)) for name in ("first", "last"))
            if first is not None and last is not None:
                imported.update(hour for hour in ours if first <= hour <= last)
    return replace(found, origins=origin_ranges(dict.fromkeys(imported, Origin.IMPORTED)))


def _unix_time(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
