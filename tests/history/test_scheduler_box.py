"""The history of a box: completed at first set-up, after outages and once a day."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant
from simulator.fritzbox_devices import WORKSHOP
from simulator.home import Home
from tests.support.living import rows

BERLIN = ZoneInfo("Europe/Berlin")
METER = "sensor.stromzahler_energy_import"


@pytest.fixture
def age() -> timedelta:
    """As long as a box stores the days of a month and more."""
    return timedelta(days=45)


async def act(hass: HomeAssistant, action: str, **data: Any) -> dict[str, dict[str, Any]]:
    """Call an action; return what it answers, by entity."""
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    assert answer is not None
    entities: Any = answer["entities"]
    return {item["entity_id"]: item for item in entities}


@pytest.fixture
def ains(ains: Collection[str]) -> Collection[str]:
    """Another plug beside the meter, the plug and the thermostat."""
    return {*ains, WORKSHOP}


async def days(hass: HomeAssistant, entity_id: str) -> dict[date, float]:
    """Return the kWh of each day of the home."""
    found: dict[date, float] = defaultdict(float)
    for row in await rows(hass, entity_id):
        day = datetime.fromtimestamp(row["start"], UTC).astimezone(BERLIN).date()
        found[day] += row["change"]
    return found


async def test_looking_only_writes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, home: Home
) -> None:
    reported = await act(hass, "backfill", dry_run=True)
    assert reported[METER]["rows"] > 1000
    counted = home.energy("import", datetime.now(UTC)) / 1000
    assert reported[METER]["energy"] == pytest.approx(counted, abs=1)
    assert await rows(hass, METER) == []


async def test_all_that_the_box_stores_is_written_once_and_undone(
    hass: HomeAssistant, entry: MockConfigEntry, home: Home
) -> None:
    """One test, since it takes a while: the box stores weeks of four counters."""
    done = await act(hass, "backfill")
    now = datetime.now(UTC)
    found = await days(hass, METER)
    today = now.astimezone(BERLIN).date()
    stored = home.days("import", now)
    for back in range(1, 30):
        wh = stored[back]
        assert wh is not None
        assert found[today - timedelta(days=back)] == pytest.approx(wh / 1000, abs=0.001)

    means = await rows(hass, "sensor.bad_temperature")
    assert len(means) == done["sensor.bad_temperature"]["rows"] == 24
    assert all(row["min"] <= row["mean"] <= row["max"] for row in means)

    before = await rows(hass, METER)
    assert len(before) == done[METER]["rows"] > 0
    again = await act(hass, "backfill")
    assert {item["rows"] for item in again.values()} == {0}
    assert await rows(hass, METER) == before

    reported = await act(hass, "undo_history", config_entry_id=entry.entry_id, dry_run=True)
    assert reported[METER]["rows_removed"] == len(await rows(hass, METER)) == len(before)
    await act(hass, "undo_history", config_entry_id=entry.entry_id)
    for entity_id in done:
        assert await rows(hass, entity_id) == []
