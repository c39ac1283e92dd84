"""What the functions that plan a change, and those that read origins, see of a statistic."""

from math import nan
from typing import Final

from .change import StatisticRows
from .difference import is_stamped
from .draft import Draft
from .origin import Origin
from .origins import Origins
from .rows import HOUR, Row
from .stored import LENGTH, Table

_COMPILED_LATE: Final = HOUR
"""Seconds after its end from which on a row counts as compiled late."""


class StatisticView:
    """Reads a draft, with all steps that were made so far, and changes nothing."""

    def __init__(self, draft: Draft, origins: Origins) -> None:
        """Create the view; everything is calculated when it is asked for."""
        self._draft = draft
        self._origins = origins

    def rows(self, until: int) -> StatisticRows:
        """Return the rows for planning; hours before `until` may be written."""
        draft = self._draft
        hourly, read = draft.rows.hourly, draft.units.from_stored
        ours = {start for start in draft.written & hourly.keys() if draft.is_ours(start)}
        own = draft.inserted & ours
        return StatisticRows(
            hourly=draft.rows.sums(Table.HOURLY, draft.units),
            short_term=draft.rows.sums(Table.SHORT_TERM, draft.units),
            hours=hourly.keys(),
            own=own,
            means={
                start: read(mean) for start in own if (mean := hourly[start]["mean"]) is not None
            },
            spread=self._origins.spread(ours),
            bounds=self._origins.bounds(ours),
            late=self._late(Table.HOURLY) - ours,
            late_short_term=self._late(Table.SHORT_TERM),
            recorded=self._recorded(ours),
            until=until,
        )

    def _late(self, table: Table) -> set[int]:
        """Return the starts of the rows that were compiled long after their end."""
        return {
            start
            for start, values in self._draft.rows.of(table).items()
            if (values["created_ts"] or 0.0) > start + LENGTH[table] + _COMPILED_LATE
        }

    def origins(self, others: Origin) -> dict[int, Origin]:
        """Return the origin of each hourly row; `others` is that of rows that are not ours.

        A row of ours that holds another value than we have written was imported over ours. A row
        with a stamp that the difference does not contain was written by us as well, and the journal
        was lost since.
        """
        draft, written = self._draft, self._draft.written
        found: dict[int, Origin] = {}
        for start, values in draft.rows.hourly.items():
            if start in written:
                found[start] = self._origins.of(start) if draft.is_ours(start) else Origin.IMPORTED
            elif is_stamped(values["created_ts"], start, draft.units.value(values)):
                found[start] = Origin.SPREAD
            else:
                found[start] = others
        return found

    def _recorded(self, ours: set[int]) -> dict[int, Row]:
        """Return what Home Assistant had recorded of those hours of ours that replace its rows."""
        draft, read = self._draft, self._draft.units.from_stored
        adjusted = draft.sums.cumulative(Table.HOURLY)
        found = {}
        for start in draft.replaced.keys() & ours:
            original = draft.original(start, adjusted)
            state, total = original.get("state"), original.get("sum")
            if total is not None:
                shown = nan if state is None else read(state)
                found[start] = Row(start, HOUR, shown, read(total) + adjusted.at(start))
        return found
