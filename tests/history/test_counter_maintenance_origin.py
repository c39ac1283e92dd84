"""What a run notes of the origin of its hours, and how it spreads energy, in a real recorder."""

from datetime import datetime
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.statistics.origin import async_origins
from homeassistant.core import HomeAssistant
from homeassistant.helpers.sun import is_up
from homeassistant.util import dt as dt_util
from tests.support.api import act
from tests.support.box_house import METER
from tests.support.living import recorded, rows

EXPORT: Final = "sensor.stromzahler_energy_export"


async def counted(hass: HomeAssistant, entity_id: str) -> dict[int, float]:
    """Return the kWh of each hour but the first."""
    return {int(row["start"]): row["change"] for row in (await rows(hass, entity_id))[1:]}


async def days(hass: HomeAssistant, entity_id: str) -> dict[str, float]:
    """Return the kWh of each whole local day."""
    totals: dict[str, float] = {}
    for hour, kwh in (await counted(hass, entity_id)).items():
        day = f"{datetime.fromtimestamp(hour, dt_util.get_default_time_zone()):%m-%d}"
        totals[day] = totals.get(day, 0.0) + kwh
    return dict(list(totals.items())[1:-1])


async def backfilled(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the history be completed."""
    await hass.config.async_update(latitude=52.5, longitude=13.4)
    await entry.runtime_data.history.async_run()
    await recorded(hass)


async def test_quarters_are_reported_and_days_are_spread(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await backfilled(hass, entry)
    found = [origin for _, origin in sorted((await async_origins(hass, METER)).items())]
    reported = found.count(Origin.REPORTED)
    assert 20 <= reported <= 24
    assert set(found[:-reported]) == {Origin.SPREAD}
    assert set(found[-reported:]) == {Origin.REPORTED}
    profile = await act(hass, "get_profile", entity_id=METER, name="hour")
    # The very first hour has nothing to be compared with.
    assert (profile["hours"], profile["hours_left_out"]) == (reported, len(found) - reported)


async def test_nothing_is_fed_in_at_night(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await backfilled(hass, entry)
    found = await counted(hass, EXPORT)
    assert sum(found.values()) > 1
    for hour, kwh in found.items():
        edges = [dt_util.utc_from_timestamp(hour + minutes * 60) for minutes in range(0, 61, 5)]
        if not any(is_up(hass, edge) for edge in edges):
            assert kwh == pytest.approx(0, abs=1e-6)


async def test_reshape_changes_hours_and_no_day(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await backfilled(hass, entry)
    before, before_days = await counted(hass, METER), await days(hass, METER)
    origins = await async_origins(hass, METER)
    # Nothing is written again unless it is asked for.
    await act(hass, "backfill")
    await recorded(hass)
    assert await counted(hass, METER) == before
    plan = await act(hass, "backfill", reshape=True, dry_run=True)
    assert await counted(hass, METER) == before
    done = await act(hass, "backfill", reshape=True)
    await recorded(hass)
    assert done["entities"] == plan["entities"]
    assert await days(hass, METER) == pytest.approx(before_days)
    assert await async_origins(hass, METER) == origins
    reported = {hour for hour, origin in origins.items() if origin is Origin.REPORTED}
    after = await counted(hass, METER)
    assert {hour: after[hour] for hour in reported} == pytest.approx(
        {hour: before[hour] for hour in reported}
    )
    changed = {hour for hour, kwh in after.items() if kwh != pytest.approx(before[hour], abs=1e-6)}
    assert changed
    assert changed.isdisjoint(reported)
