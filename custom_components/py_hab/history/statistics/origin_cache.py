"""Keeps the origins of the hours of a statistic while neither its rows nor the journal change."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import session_scope

from ..planning.difference import Difference, ranges_of
from ..planning.origin import Origin, OriginRanges
from ..planning.origins import origins_by_hour
from .gateway import Statistic, async_ask
from .journal import ChangeJournal, StatisticChanges
from .transaction import StatisticTables, Totals
from .work import StatisticWork

_MOST: Final = 50
"""The number of statistics whose origins are kept; those of two years are a few ranges."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Basis:
    """What origins are calculated from. If it is the same, so are they."""

    metadata: StatisticMetaData | None
    rows: Totals | None
    """Totals over the rows. Home Assistant announces neither an import nor a correction of others,
    and an import over existing rows changes nothing but their values."""
    done: Difference
    planned: Difference | None
    previous: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    basis: _Basis
    ranges: OriginRanges


class OriginCache:
    """Reads origins, and keeps them. To compare the rows costs a tenth of reading them."""

    def __init__(self, hass: HomeAssistant, journal: ChangeJournal) -> None:
        """Start empty."""
        self._hass = hass
        self._journal = journal
        self._known: dict[str, _Known] = {}
        self._reading: dict[str, asyncio.Task[Mapping[int, Origin]]] = {}

    async def async_get(self, statistic: Statistic) -> Mapping[int, Origin]:
        """Return where the value of each hour of a statistic comes from, by its start.

        The cards of a page ask at the same time, and share one answer. Raises HomeAssistantError if
        the database does not answer.
        """
        reading = self._reading.get(statistic.id)
        if reading is None:
            reading = self._hass.async_create_task(
                self._async_read(statistic), f"py_hab origins of {statistic.id}"
            )
            self._reading[statistic.id] = reading
        try:
            # Whoever no longer waits does not end it for the others.
            return await asyncio.shield(reading)
        finally:
            if self._reading.get(statistic.id) is reading:
                del self._reading[statistic.id]

    @callback
    def async_forget(self, statistic_id: str) -> None:
        """Forget a statistic that was changed, also what is being read of it."""
        self._reading.pop(statistic_id, None)
        self._known.pop(statistic_id, None)

    async def _async_read(self, statistic: Statistic) -> Mapping[int, Origin]:
        changes = self._journal.by_statistic.get(statistic.id) or StatisticChanges()
        known = self._known.get(statistic.id)
        done, planned, previous = changes.done, changes.planned, changes.previous

        def read() -> tuple[_Known, Mapping[int, Origin]]:
            with session_scope(hass=self._hass, read_only=True) as session:
                tables = StatisticTables(self._hass, session, statistic.id)
                # Read before the rows: what changes meanwhile makes the next question read again.
                basis = _Basis(
                    metadata=tables.found and tables.found.metadata,
                    rows=tables.totals(),
                    done=done,
                    planned=planned,
                    previous=previous,
                )
                if known is not None and known.basis == basis:
                    return known, origins_by_hour(known.ranges)
                found = StatisticWork(self._hass, session, statistic, changes, None).origins()
            hours: defaultdict[Origin, list[int]] = defaultdict(list)
            for hour, origin in found.items():
                hours[origin].append(hour)
            ranges = {origin: ranges_of(starts) for origin, starts in hours.items()}
            return _Known(basis=basis, ranges=ranges), found

        result, origins = await async_ask(self._hass, read)
        if self._reading.get(statistic.id) is asyncio.current_task():
            self._known.pop(statistic.id, None)
            self._known[statistic.id] = result
            if len(self._known) > _MOST:
                del self._known[next(iter(self._known))]
        return origins
