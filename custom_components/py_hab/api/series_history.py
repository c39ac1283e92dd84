"""The state of the history of a series: since when, where its hours come from, what is missing."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import PyHabConfigEntry
from ..history.planning.difference import ranges_of
from ..history.planning.origin import Origin
from ..history.planning.rows import HOUR
from ..history.sources import sources
from ..history.statistics.origin import async_origins

type Range = tuple[datetime, datetime]
"""Start and end (exclusive) of adjacent hours."""

_NOTHING: Final[Mapping[str, int]] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesHistory:
    """The state of the history of a series."""

    entry_id: str | None
    """The entry that maintains it; None for a series of another integration."""
    since: datetime | None
    """The start of the first hour, None without any."""
    origins: Mapping[Origin, int]
    """The number of hours by origin."""
    spread: list[Range]
    """Hours whose energy was spread within a longer total."""
    missing: list[Range]
    """Hours without a row, between the first one and the last one."""
    rejected: Mapping[str, int]
    """The number of readings that were rejected since the start of Home Assistant, by reason."""
    last_reading: datetime | None
    """When the counter was last read; None if unknown, and for a measurement."""


async def async_series_history(hass: HomeAssistant, statistic_id: str) -> SeriesHistory:
    """Return the state of the history of a series; it is empty without statistics.

    Raises HomeAssistantError if the recorder does not answer.
    """
    origins = await async_origins(hass, statistic_id)
    counter = _counter(hass, statistic_id)

    def summary() -> SeriesHistory:
        return SeriesHistory(
            entry_id=counter.entry_id,
            since=dt_util.utc_from_timestamp(min(origins)) if origins else None,
            origins=Counter(origins.values()),
            spread=_ranges(hour for hour, origin in origins.items() if origin is Origin.SPREAD),
            missing=_ranges(_missing(origins)),
            rejected=counter.rejected,
            last_reading=counter.last_reading,
        )

    # Two years have 17,520 hours: too many for the event loop.
    return await hass.async_add_executor_job(summary)


@dataclass(frozen=True, kw_only=True, slots=True)
class _CounterState:
    """What the entry of a counter knows of it."""

    entry_id: str | None = None
    rejected: Mapping[str, int]
    last_reading: datetime | None = None


@callback
def _counter(hass: HomeAssistant, statistic_id: str) -> _CounterState:
    entity = er.async_get(hass).async_get(statistic_id)
    entry: PyHabConfigEntry | None = hass.config_entries.async_get_entry(
        (entity and entity.config_entry_id) or ""
    )
    if entry is None or entry.domain != DOMAIN:
        return _CounterState(rejected=_NOTHING)
    if entry.state is not ConfigEntryState.LOADED:
        return _CounterState(entry_id=entry.entry_id, rejected=_NOTHING)
    data = entry.runtime_data
    key = next(
        (
            source.counter
            for source in sources(hass, data.coordinator)
            if source.statistic.id == statistic_id and source.counter is not None
        ),
        None,
    )
    if key is None:
        return _CounterState(entry_id=entry.entry_id, rejected=_NOTHING)
    last = data.counters.last_reading(key)
    return _CounterState(
        entry_id=entry.entry_id,
        rejected={
            verdict.value: count
            for (counter, verdict), count in data.counters.rejected.items()
            if counter == key
        },
        last_reading=last.at if last else None,
    )


def _missing(hours: Collection[int]) -> Iterable[int]:
    if not hours:
        return ()
    return (hour for hour in range(min(hours), max(hours), HOUR) if hour not in hours)


def _ranges(hours: Iterable[int]) -> list[Range]:
    return [
        (dt_util.utc_from_timestamp(first), dt_util.utc_from_timestamp(last + HOUR))
        for first, last in ranges_of(hours)
    ]
