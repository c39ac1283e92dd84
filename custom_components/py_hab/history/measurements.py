"""What the recorder knows of an entity: its readings, and the mean day, week and year."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
import math
from typing import Any, Final

from homeassistant.components.recorder.history import state_changes_during_period
from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.const import STATE_OFF, STATE_ON, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter

from .profile import Group, Grouping, profile

MAX_READINGS: Final = 50_000
"""That one answer may hold."""
_WORDS: Final = {STATE_ON: 1.0, STATE_OFF: 0.0}
_EPOCH: Final = dt_util.utc_from_timestamp(0)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A reading."""

    at: float
    """Unix time."""
    amount: float
    hourly: bool
    """Whether it stands for a whole hour: older than the recorder keeps states."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """The groups of a series."""

    groups: list[Group]
    unit: str
    """Of their values."""
    energies: dict[str, float] | None
    """kWh by key, of a counter."""


def read_measurements(
    hass: HomeAssistant,
    entity_id: str,
    *,
    start: datetime | None,
    end: datetime | None,
    limit: int,
    offset: int,
) -> list[Measurement]:
    """Return readings of an entity, newest first, from `start` to `end`.

    Where the recorder has no states any more, hours of its statistics follow. Must be called in
    the recorder's executor.
    """
    return list(islice(_newest_first(hass, entity_id, start, end, limit + offset), offset, None))


def _newest_first(
    hass: HomeAssistant, entity_id: str, start: datetime | None, end: datetime | None, count: int
) -> Iterator[Measurement]:
    oldest, told, asked = end, 0, count
    while told < count:
        states = state_changes_during_period(
            hass,
            start or _EPOCH,
            oldest,
            entity_id,
            no_attributes=True,
            descending=True,
            limit=asked,
            include_start_time_state=False,
        ).get(entity_id, [])
        for state in states:
            amount = _amount(state.state)
            if amount is not None and told < count:
                told += 1
                yield Measurement(state.last_updated_timestamp, amount, hourly=False)
        if states:
            oldest = states[-1].last_updated
        if len(states) < asked:
            break
    yield from islice(_hours(hass, entity_id, start, oldest), count - told)


def _amount(text: str) -> float | None:
    """Return a state as a number, None for unavailable and the like."""
    word = _WORDS.get(text)
    if word is not None:
        return word
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _hours(
    hass: HomeAssistant, entity_id: str, start: datetime | None, end: datetime | None
) -> Iterator[Measurement]:
    """Yield the hours that ended before a moment, newest first."""
    found = statistics_during_period(
        hass, start or _EPOCH, end, {entity_id}, "hour", None, {"state", "mean"}
    )
    for row in reversed(found.get(entity_id, [])):
        amount = row.get("mean")
        if amount is None:
            amount = row.get("state")
        if amount is not None and (end is None or row["end"] <= end.timestamp()):
            yield Measurement(row["end"], amount, hourly=True)


def read_profile(
    hass: HomeAssistant,
    statistic_id: str,
    grouping: Grouping,
    *,
    start: datetime | None,
    end: datetime | None,
) -> Profile | None:
    """Return the profile of a statistic, None if there is none. For the recorder's executor.

    Of a counter of energy the values are the mean power of each hour in W.
    """
    metadata = get_metadata(hass, statistic_ids={statistic_id}).get(statistic_id)
    if metadata is None:
        return None
    zone = dt_util.get_default_time_zone()
    unit = metadata[1]["unit_of_measurement"] or ""
    is_sum = metadata[1]["has_sum"]
    is_energy = is_sum and unit in EnergyConverter.VALID_UNITS
    types: Any = {"change"} if is_sum else {"mean"}
    rows = statistics_during_period(
        hass,
        start or _EPOCH,
        end,
        {statistic_id},
        "hour",
        {"energy": "kWh"} if is_energy else None,
        types,
    ).get(statistic_id, [])
    factor = 1000.0 if is_energy else 1.0
    name = "change" if is_sum else "mean"
    values: list[dict[str, Any]] = [dict(row) for row in rows]
    hours = [(row["start"], row[name] * factor) for row in values if row.get(name) is not None]
    groups = profile(hours, grouping, zone)
    return Profile(
        groups=groups,
        unit=UnitOfPower.WATT if is_energy else unit,
        energies={group.key: group.sum / factor for group in groups} if is_energy else None,
    )
