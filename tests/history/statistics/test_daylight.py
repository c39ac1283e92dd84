"""Daylight at the home, from Home Assistant's sun helpers."""

from datetime import UTC, datetime

import pytest

from custom_components.py_hab.history.statistics.daylight import async_daylight
from homeassistant.core import HomeAssistant
from homeassistant.helpers.sun import is_up
from homeassistant.util import dt as dt_util


async def found(
    hass: HomeAssistant, latitude: float, longitude: float, month: int
) -> list[tuple[datetime, datetime]]:
    """The times of daylight of two days of a month."""
    await hass.config.async_update(latitude=latitude, longitude=longitude, elevation=0)
    start, end = (datetime(2026, month, day, tzinfo=UTC).timestamp() for day in (10, 12))
    return [
        (dt_util.utc_from_timestamp(light.start), dt_util.utc_from_timestamp(light.end))
        for light in await async_daylight(hass, start, end)
    ]


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(52.5, 13.4), (37.8, -122.4), (-36.8, 174.8), (21.3, -157.9)],
    ids=["Berlin", "San Francisco", "Auckland", "Honolulu"],
)
async def test_the_sun_is_up_in_the_middle_and_down_before_and_after(
    hass: HomeAssistant, latitude: float, longitude: float
) -> None:
    days = await found(hass, latitude, longitude, 6)
    assert 2 <= len(days) <= 3
    for rises, sets in days:
        assert 8 < (sets - rises).total_seconds() / 3600 < 18
        assert is_up(hass, rises + (sets - rises) / 2)
        for edge, outside in ((rises, -1), (sets, 1)):
            assert not is_up(hass, edge + (sets - rises) / 100 * outside)


async def test_near_the_poles_it_is_up_all_day_or_not_at_all(hass: HomeAssistant) -> None:
    days = await found(hass, 78.2, 15.6, 6)
    assert sum((sets - rises).total_seconds() for rises, sets in days) >= 2 * 86400
    assert await found(hass, 78.2, 15.6, 12) == []
