"""Reads the recorder: the readings of an entity, and its mean day, week and year."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
import math
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import text

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import session_scope
from homeassistant.util import dt as dt_util

from ..history.planning.rows import HOUR
from .hourly import read_hourly
from .profile import Group, Grouping, HourlyValue, profile

MAX_READINGS: Final = 50_000
"""The most that one response may contain."""
_WORDS: Final = {STATE_ON: 1.0, STATE_OFF: 0.0}
"""Numbers for the states of binary sensors."""
_NEVER: Final = 1e11
"""A unix time that is later than any other."""
_BATCH: Final = 10_000
"""The most states that are read at once."""
_MIN_BATCH: Final = 100
"""The fewest states that are read at once: some are not numbers."""
_STATES: Final = text(
    "SELECT state, last_updated_ts FROM states"
    " WHERE metadata_id = (SELECT metadata_id FROM states_meta WHERE entity_id = :entity_id)"
    " AND last_updated_ts >= :start AND last_updated_ts < :end"
    " AND (last_changed_ts IS NULL OR last_changed_ts = last_updated_ts)"
    " ORDER BY metadata_id DESC, last_updated_ts DESC LIMIT :limit"
)
"""The functions of Home Assistant return the oldest states of a time range, never the newest. The
tables are documented for users (Home Assistant's data science portal)."""
_OLDEST: Final = text(
    "SELECT last_updated_ts FROM states"
    " WHERE metadata_id = (SELECT metadata_id FROM states_meta WHERE entity_id = :entity_id)"
    " ORDER BY metadata_id, last_updated_ts LIMIT 1"
)


class _State(NamedTuple):
    """A row of _STATES."""

    state: str
    last_updated_ts: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A time range, and a page of its readings, newest first."""

    start: datetime | None = None
    """None: no limit."""
    end: datetime | None = None
    """Exclusive; None: no limit."""
    limit: int
    offset: int = 0


class Measurement(NamedTuple):
    """A reading."""

    at: float
    """Unix time."""
    amount: float
    hourly: bool
    """Whether it is the value of an hour, because the recorder has no states of that time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """The mean day, week or year of a series."""

    groups: list[Group]
    unit: str
    """The unit of the values in the groups."""
    energies: dict[str, float] | None
    """kWh by key of a group; None if the series is not a counter of energy."""
    left_out: int = 0
    """The number of hours in the time range that were left out."""


def read_measurements(hass: HomeAssistant, entity_id: str, span: Span) -> list[Measurement]:
    """Return a page of the readings of an entity, newest first.

    Before the oldest state of the recorder, the hours of its statistics are used. Must be called in
    the recorder's executor.
    """
    return list(islice(newest_first(hass, entity_id, span), span.offset, None))


def newest_first(hass: HomeAssistant, entity_id: str, span: Span) -> Iterator[Measurement]:
    """Yield the readings of an entity from the newest up to the end of a page.

    Must be called and consumed in the recorder's executor.
    """
    start, end, count = span.start, span.end, span.offset + span.limit
    # Limited to times that the database and datetime can represent.
    since = max(0.0, start.timestamp()) if start else 0.0
    until = oldest = min(_NEVER, max(0.0, end.timestamp())) if end else _NEVER
    yielded = 0
    batch = min(max(count, _MIN_BATCH), _BATCH)
    while yielded < count:
        states = _states(hass, entity_id, since, oldest, batch)
        for state, at in states:
            amount = _amount(state)
            if amount is not None and yielded < count:
                yielded += 1
                yield Measurement(at, amount, hourly=False)
        if states:
            oldest = states[-1].last_updated_ts
        if len(states) < batch:
            break
    missing = count - yielded
    if missing:
        # From the first state on, a time without states is one without changes.
        until = min(until, _first_state_at(hass, entity_id))
        yield from islice(_hours(hass, entity_id, since, until, missing), missing)


def _states(
    hass: HomeAssistant, entity_id: str, start: float, end: float, limit: int
) -> Sequence[_State]:
    """Return the states of an entity in a time range, newest first."""
    with session_scope(hass=hass, read_only=True) as session:
        found: Any = session.execute(
            _STATES, {"entity_id": entity_id, "start": start, "end": end, "limit": limit}
        ).all()
    return cast("Sequence[_State]", found)


def _first_state_at(hass: HomeAssistant, entity_id: str) -> float:
    """Return the unix time of the oldest state of an entity in the recorder, _NEVER if none."""
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
    # Python also parses 20_26 as a number.
    return number if math.isfinite(number) and "_" not in state else None


def _hours(
    hass: HomeAssistant, entity_id: str, start: float, end: float, count: int
) -> Iterator[Measurement]:
    """Yield the hours that ended in a time range, newest first, at least `count` if available."""
    # An hour that ends at the start of the range starts before it.
    first = max(0.0, start - HOUR)
    recent = max(first, min(end, dt_util.utcnow().timestamp()) - (count + 1) * HOUR)
    # The older part of the range is read only if hours are missing in the recent one.
    for since, until in ((recent, end), (first, recent)):
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
    *,
    without: Container[int] = (),
) -> Profile | None:
    """Return the profile of a statistic, None if the statistic does not exist.

    `without` are the starts of hours to be left out. The values of a counter of energy are the mean
    power of each hour in W, others are in the unit in which they are stored. Must be called in the
    recorder's executor.
    """
    found = read_hourly(hass, statistic_id, span.start, span.end, as_stored=True)
    if found is None:
        return None
    hours = [
        HourlyValue(start, value) for start, value in found.values.items() if start not in without
    ]
    groups = profile(hours, grouping, dt_util.get_default_time_zone())
    return Profile(
        groups=groups,
        unit=found.unit,
        energies={group.key: group.sum / 1000 for group in groups} if found.is_energy else None,
        left_out=len(found.values) - len(hours),
    )
