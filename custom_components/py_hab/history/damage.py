"""Looks for damaged statistics of counters, so that the maintenance repairs them soon."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..counters.gap import Gap, Reading
from .planning.change import StatisticRows
from .planning.damage import Damage, find_damage
from .planning.rows import HOUR, Row
from .sources import Source
from .statistics.editor import get_editor
from .statistics.gateway import async_ask

LATE_ROWS_FOR: Final = timedelta(hours=3)
"""Time after the start of Home Assistant in which all rows are searched."""
SEARCH_INTERVAL: Final = timedelta(hours=1)
"""Time between two searches for damaged statistics."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """What a search in the statistics of some counters has found."""

    damaged: set[str] = field(default_factory=set)
    """The counters whose rows show damage."""
    seen_until: int = 0
    """Where the next search starts (unix time): at the last row of the counter whose last row is the
    oldest."""


class DamageWatch:
    """Searches the statistics of an entry's counters: all rows at first, then new ones.

    A renamed entity can continue a statistic that was there before: its rows are searched as well.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin without a search."""
        self._hass = hass
        self._searched_at: datetime | None = None
        self._seen_until = 0
        """The start of the first row for the next search (unix time)."""
        self._seen: set[str] = set()
        """The statistics that were searched."""

    def is_due(self, now: datetime) -> bool:
        """Whether a search is due. A clock that was ahead at the last one delays nothing."""
        searched_at = self._searched_at
        return searched_at is None or not timedelta() <= now - searched_at < SEARCH_INTERVAL

    async def async_search(
        self,
        wanted: Iterable[Source],
        *,
        pending: Iterable[Gap],
        resumed: Mapping[str, Reading],
        started: datetime | None,
    ) -> set[str]:
        """Return the counters whose statistics are damaged.

        `started` is when Home Assistant has started: rows that it compiles late appear
        afterwards. `pending` are gaps that are repaired anyway, `resumed` the last readings before
        it. Raises HomeAssistantError if the database refuses.
        """
        now, counters = dt_util.utcnow(), [source for source in wanted if source.counter]
        statistics = {source.statistic.id for source in counters}
        if not statistics <= self._seen or (
            started is not None and timedelta() <= now - started < LATE_ROWS_FOR
        ):
            found = await async_search_all(self._hass, counters, pending=pending, resumed=resumed)
        else:
            found = await async_search_since(
                self._hass, counters, since=self._seen_until, pending=pending
            )
        self._searched_at, self._seen_until = dt_util.utcnow(), found.seen_until
        self._seen = statistics
        return found.damaged


async def async_search_all(
    hass: HomeAssistant,
    found: Iterable[Source],
    *,
    pending: Iterable[Gap],
    resumed: Mapping[str, Reading],
) -> SearchResult:
    """Search all rows of counters for damage; rows that were compiled late are one kind of it.

    `pending` are gaps that are repaired anyway, `resumed` the last readings before the start. Raises
    HomeAssistantError if the database refuses.
    """
    editor, waiting = get_editor(hass), list(pending)
    damaged: set[str] = set()
    seen: list[int] = []
    for source in found:
        if (key := source.counter) is None:
            continue
        damage, last = await editor.async_find(
            source.statistic,
            partial(_damage_and_end, key, pending=waiting, resumed=resumed.get(key)),
        )
        damaged.update({key} if damage.gaps or damage.holes else ())
        seen.extend(row.start for row in last)
    return SearchResult(damaged=damaged, seen_until=min(seen, default=0))


def _damage_and_end(
    key: str, rows: StatisticRows, *, pending: Iterable[Gap], resumed: Reading | None
) -> tuple[Damage, Sequence[Row]]:
    """Return the damage in rows, and the last of them."""
    damage = find_damage(
        key,
        rows.hourly,
        rows.short_term,
        late=rows.late,
        late_short_term=rows.late_short_term,
        pending=pending,
        resumed=resumed,
    )
    return damage, rows.hourly[-1:]


async def async_search_since(
    hass: HomeAssistant, found: Iterable[Source], *, since: int, pending: Iterable[Gap]
) -> SearchResult:
    """Search the hourly rows of counters since a time (unix time) for damage.

    `pending` are gaps that are repaired anyway. Raises HomeAssistantError if the database refuses.
    """
    counters = {source.statistic.id: source.counter for source in found if source.counter}
    if not counters:
        return SearchResult(seen_until=since)
    query = partial(
        statistics_during_period,
        hass,
        dt_util.utc_from_timestamp(since),
        None,
        set(counters),
        "hour",
        {"energy": "kWh"},
        {"state", "sum"},
    )
    waiting = list(pending)

    def search() -> SearchResult:
        stored: dict[str, list[Any]] = dict(query())
        rows = {key: _rows(stored.get(each, ())) for each, key in counters.items()}
        return SearchResult(
            damaged={
                key
                for key, each in rows.items()
                for damage in [find_damage(key, each, pending=waiting)]
                if damage.gaps or damage.holes
            },
            seen_until=min((each[-1].start for each in rows.values() if each), default=since),
        )

    return await async_ask(hass, search)


def _rows(stored: Iterable[dict[str, Any]]) -> list[Row]:
    """Return the rows that have a state and a sum."""
    return [
        Row(int(row["start"]), HOUR, row["state"], row["sum"])
        for row in stored
        if row["state"] is not None and row["sum"] is not None
    ]
