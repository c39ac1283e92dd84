"""When the sun is above the horizon at the home, as Home Assistant's own sun helpers say."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Final, NamedTuple

from homeassistant.const import SUN_EVENT_SUNRISE, SUN_EVENT_SUNSET
from homeassistant.core import HomeAssistant
from homeassistant.helpers.sun import get_astral_event_date, is_up
from homeassistant.util import dt as dt_util

from ..planning.load_shape import Daylight

_DAY: Final = timedelta(days=1)


class _Change(NamedTuple):
    """The sun rises or sets, or does neither all day."""

    at: datetime
    is_up: bool
    """Whether it is above the horizon from then on."""


async def async_daylight(hass: HomeAssistant, start: float, end: float) -> list[Daylight]:
    """Return the times of daylight between two unix times, ascending."""

    def calculate() -> list[Daylight]:
        # Seen from UTC, the day at the home can begin half a day earlier or later.
        first = (dt_util.utc_from_timestamp(start) - 2 * _DAY).date()
        count = int((end - start) / _DAY.total_seconds()) + 5
        changes = sorted(
            (change for day in range(count) for change in _changes(hass, first + day * _DAY)),
            key=attrgetter("at"),
        )
        return [
            Daylight(change.at.timestamp(), following.at.timestamp())
            for change, following in pairwise(changes)
            if change.is_up and following.at.timestamp() > start and change.at.timestamp() < end
        ]

    # Two years take a tenth of a second.
    return await hass.async_add_executor_job(calculate)


def _changes(hass: HomeAssistant, day: date) -> Iterator[_Change]:
    """Yield what the sun does on a day (UTC)."""
    rises = get_astral_event_date(hass, SUN_EVENT_SUNRISE, day)
    sets = get_astral_event_date(hass, SUN_EVENT_SUNSET, day)
    if rises is not None:
        yield _Change(rises, is_up=True)
    if sets is not None:
        yield _Change(sets, is_up=False)
    if rises is None and sets is None:
        # Near the poles.
        noon = datetime.combine(day, time(12), dt_util.UTC)
        yield _Change(noon, is_up=is_up(hass, noon))
