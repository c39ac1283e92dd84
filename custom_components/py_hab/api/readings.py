"""What the recorder knows of an entity: its readings, and the mean day, week and year."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
import math
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import text

from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.const import STATE_OFF, STATE_ON, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import session_scope
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter

from ..history.planning.rows import HOUR
from .profile import Group, Grouping, profile

MAX_READINGS: Final = 50_000
"""That one answer may hold."""
_WORDS: Final = {STATE_ON: 1.0, STATE_OFF: 0.0}
_EPOCH: Final = dt_util.utc_from_timestamp(0)
_NEVER: Final = 1e11
"""A unix time that will not come."""
_BATCH: Final = 10_000
"""States that are asked for at once, at most."""
_LEAST: Final = 100
_STATES: Final = text(
    "SELECT state, last_updated_ts FROM states"
    " WHERE metadata_id = (SELECT metadata_id FROM states_meta WHERE entity_id = :entity_id)"
    " AND last_updated_ts >= :start AND last_updated_ts < :end"
    " AND (last_changed_ts IS NULL OR last_changed_ts = last_updated_ts)"
    " ORDER BY metadata_id DESC, last_updated_ts DESC LIMIT :limit"
)
"""Home Assistant's own functions find the oldest ones of a time, never the newest. The tables are
documented for their users."""
_OLDEST: Final = text(
    "SELECT last_updated_ts FROM states"
    " WHERE metadata_id = (SELECT metadata_id FROM states_meta WHERE entity_id = :entity_id)"
    " ORDER BY metadata_id, last_updated_ts LIMIT 1"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A time range, open where it is None, and a page of its newest readings."""

    start: datetime | None = None
    end: datetime | None = None
    """Exclusive."""
    limit: int
    offset: int = 0


class Measurement(NamedTuple):
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


def read_measurements(hass: HomeAssistant, entity_id: str, span: Span) -> list[Measurement]:
    """Return readings of an entity, newest first.

    Where the recorder has no states any more, hours of its statistics follow. Must be called in
    the recorder's executor.
    """
    return list(islice(newest_first(hass, entity_id, span), span.offset, None))


def newest_first(hass: HomeAssistant, entity_id: str, span: Span) -> Iterator[Measurement]:
    """Yield the readings of an entity up to the end of a page, newest first.

    Must be called and consumed in the recorder's executor.
    """
    start, end, count = span.start, span.end, span.offset + span.limit
    # Nobody measured before, and there must be times before and after.
    since = max(0.0, start.timestamp()) if start else 0.0
    until = oldest = min(_NEVER, max(0.0, end.timestamp())) if end else _NEVER
    told = 0
    # Not every state is a number: it may take some more.
    asked = min(max(count, _LEAST), _BATCH)
    while told < count:
        states = _states(hass, entity_id, since, oldest, asked)
        for state, at in states:
            amount = _amount(state)
            if amount is not None and told < count:
                told += 1
                yield Measurement(at, amount, hourly=False)
        if states:
            oldest = states[-1][1]
        if len(states) < asked:
            break
    lacking = count - told
    if lacking:
        # States of before this time mean that in it nothing has changed.
        until = min(until, _seam(hass, entity_id))
        yield from islice(_hours(hass, entity_id, since, until, lacking), lacking)


def _states(
    hass: HomeAssistant, entity_id: str, start: float, end: float, limit: int
) -> Sequence[tuple[str, float]]:
    """Return states and when they came, newest first."""
    with session_scope(hass=hass, read_only=True) as session:
        found: Any = session.execute(
            _STATES, {"entity_id": entity_id, "start": start, "end": end, "limit": limit}
        ).all()
    return cast("Sequence[tuple[str, float]]", found)


def _seam(hass: HomeAssistant, entity_id: str) -> float:
    """Return since when the recorder has states of an entity."""
    with session_scope(hass=hass, read_only=True) as session:
        found: Any = session.execute(_OLDEST, {"entity_id": entity_id}).scalar()
    return _NEVER if found is None else float(found)


def _amount(state: str | None) -> float | None:
    """Return a state as a number, None for unavailable and the like."""
    state = state or ""
    try:
        number = float(state)
    except ValueError:
        return _WORDS.get(state)
    # Python takes 20_26 for a number.
    return number if math.isfinite(number) and "_" not in state else None


def _hours(
    hass: HomeAssistant, entity_id: str, start: float, end: float, count: int
) -> Iterator[Measurement]:
    """Yield the hours that ended in a time, newest first; at least so many, if there are."""
    # The hour that ends at the start of the time has begun before.
    first = max(0.0, start - HOUR)
    enough = max(first, min(end, dt_util.utcnow().timestamp()) - (count + 1) * HOUR)
    # Where hours are missing, the older ones are asked for as well.
    for since, until in ((enough, end), (first, enough)):
        if since >= until:
            continue
        rows = statistics_during_period(
            hass,
            dt_util.utc_from_timestamp(since),
            dt_util.utc_from_timestamp(until),
            {entity_id},
            "hour",
            None,
            {"state", "mean"},
        )
        for row in reversed(rows.get(entity_id, [])):
            amount = row.get("mean")
            if amount is None:
                amount = row.get("state")
            if amount is not None and start <= row["end"] < end:
                yield Measurement(row["end"], amount, hourly=True)


def read_profile(
    hass: HomeAssistant,
    statistic_id: str,
    grouping: Grouping,
    span: Span,
) -> Profile | None:
    """Return the profile of a statistic, None if there is none. For the recorder's executor.

    Of a counter of energy the values are the mean power of each hour in W.
    """
    metadata = get_metadata(hass, statistic_ids={statistic_id}).get(statistic_id)
    if metadata is None:
        return None
    zone = dt_util.get_default_time_zone()
    unit, unit_class = metadata[1]["unit_of_measurement"] or "", metadata[1]["unit_class"]
    has_sum = metadata[1]["has_sum"]
    is_energy = has_sum and unit in EnergyConverter.VALID_UNITS
    # Or it would be the unit in which the entity is shown.
    units = {"energy": "kWh"} if is_energy else {unit_class: unit} if unit_class else None
    types: Any = {"change"} if has_sum else {"mean"}
    rows = statistics_during_period(
        hass,
        span.start or _EPOCH,
        span.end,
        {statistic_id},
        "hour",
        units,
        types,
    ).get(statistic_id, [])
    factor = 1000.0 if is_energy else 1.0
    name = "change" if has_sum else "mean"
    values = cast("Sequence[Mapping[str, Any]]", rows)
    hours = [(row["start"], row[name] * factor) for row in values if row.get(name) is not None]
    groups = profile(hours, grouping, zone)
    return Profile(
        groups=groups,
        unit=UnitOfPower.WATT if is_energy else unit,
        energies={group.key: group.sum / factor for group in groups} if is_energy else None,
    )
