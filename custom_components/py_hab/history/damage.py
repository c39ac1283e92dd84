"""Looks for damaged statistics of counters, so that the maintenance repairs them soon."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..counters.gap import Gap
from .planning.change import StatisticRows
from .planning.damage import Damage, find_damage
from .planning.rows import HOUR, Row
from .sources import Source
from .statistics.editor import get_editor
from .statistics.gateway import async_ask


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """The result of a look at the statistics of some counters."""

    damaged: set[str] = field(default_factory=set)
    """The counters whose rows show damage."""
    seen_until: int = 0
    """The start of the last row of the counter whose rows are the oldest (unix time): the next look
    starts there."""


async def async_look_at_all(
    hass: HomeAssistant, found: Iterable[Source], *, pending: Iterable[Gap]
) -> Look:
    """Look for damage in all rows of counters, those among them that were compiled late.

    Raises HomeAssistantError if the database refuses.
    """
    editor, waiting = get_editor(hass), list(pending)
    damaged: set[str] = set()
    seen: list[int] = []
    for source in found:
        if (key := source.counter) is None:
            continue
        damage, last = await editor.async_look(
            source.statistic, partial(_damage_and_end, key, pending=waiting)
        )
        damaged.update({key} if damage.gaps or damage.holes else ())
        seen.extend(row.start for row in last)
    return Look(damaged=damaged, seen_until=min(seen, default=0))


def _damage_and_end(
    key: str, rows: StatisticRows, *, pending: Iterable[Gap]
) -> tuple[Damage, Sequence[Row]]:
    """Return the damage in rows, and the last of them."""
    damage = find_damage(key, rows.hourly, rows.short_term, late=rows.late, pending=pending)
    return damage, rows.hourly[-1:]


async def async_look(
    hass: HomeAssistant, found: Iterable[Source], *, since: int, pending: Iterable[Gap]
) -> Look:
    """Look for damage in the hourly rows of counters since a time (unix time).

    `pending` are gaps that are repaired anyway. Raises HomeAssistantError if the database refuses.
    """
    counters = {source.statistic.id: source.counter for source in found if source.counter}
    if not counters:
        return Look(seen_until=since)
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

    def look() -> Look:
        stored: dict[str, list[Any]] = dict(query())
        rows = {key: _rows(stored.get(each, ())) for each, key in counters.items()}
        return Look(
            damaged={
                key
                for key, each in rows.items()
                for damage in [find_damage(key, each, pending=waiting)]
                if damage.gaps or damage.holes
            },
            seen_until=min((each[-1].start for each in rows.values() if each), default=since),
        )

    return await async_ask(hass, look)


def _rows(stored: Iterable[dict[str, Any]]) -> list[Row]:
    """Return the rows that have a state and a sum."""
    return [
        Row(int(row["start"]), HOUR, row["state"], row["sum"])
        for row in stored
        if row["state"] is not None and row["sum"] is not None
    ]
