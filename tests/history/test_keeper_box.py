"""The history of a box: completed at first set-up, after outages and once a day."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history import keeper
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from simulator.fritzbox import SimulatedFritzBox
from simulator.home import Home
from tests.passing_time import Time

from .living import rows

BERLIN = ZoneInfo("Europe/Berlin")
METER = "sensor.stromzahler_energy_import"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulated radio needs no rest."""
    monkeypatch.setattr(keeper, "PAUSE", 0.0)


@pytest.fixture
async def entry(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
) -> MockConfigEntry:
    """The entry of a box that has counted for a hundred days."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    return fritzbox_entry


async def act(hass: HomeAssistant, action: str, **data: Any) -> dict[str, dict[str, Any]]:
    """Call an action; return what it answers, by entity."""
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    assert answer is not None
    entities: Any = answer["entities"]
    return {item["entity_id"]: item for item in entities}


async def days(hass: HomeAssistant, entity_id: str) -> dict[date, float]:
    """Return the kWh of each day of the home."""
    found: dict[date, float] = defaultdict(float)
    for row in await rows(hass, entity_id):
        day = datetime.fromtimestamp(row["start"], UTC).astimezone(BERLIN).date()
        found[day] += row["change"]
    return found


async def test_every_day_is_the_boxs(
    time: Time, hass: HomeAssistant, entry: MockConfigEntry, home: Home
) -> None:
    await act(hass, "backfill")
    now = datetime.now(UTC)
    found = await days(hass, METER)
    today = now.astimezone(BERLIN).date()
    remembered = home.days("import", now)
    for back in range(1, 30):
        wh = remembered[back]
        assert wh is not None
        assert found[today - timedelta(days=back)] == pytest.approx(wh / 1000, abs=0.001)


async def test_looking_only_writes_nothing(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    told = await act(hass, "backfill", dry_run=True)
    assert told[METER]["rows"] > 2000
    assert told[METER]["energy"] == pytest.approx(3542, abs=1)
    assert await rows(hass, METER) == []


async def test_what_was_written_once_is_not_written_again(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    first = await act(hass, "backfill")
    before = await rows(hass, METER)
    again = await act(hass, "backfill")
    assert first[METER]["rows"] > 0
    assert {item["rows"] for item in again.values()} == {0}
    assert await rows(hass, METER) == before


async def test_all_of_it_is_taken_back(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    done = await act(hass, "backfill")
    told = await act(hass, "undo_history", config_entry_id=entry.entry_id, dry_run=True)
    assert len(await rows(hass, METER)) == done[METER]["rows"] == told[METER]["rows_removed"]
    await act(hass, "undo_history", config_entry_id=entry.entry_id)
    for entity_id in done:
        assert await rows(hass, entity_id) == []


async def test_temperature_has_its_last_day(
    hass: HomeAssistant, entry: MockConfigEntry, box: SimulatedFritzBox
) -> None:
    done = await act(hass, "backfill")
    entity_id = "sensor.wohnzimmer_temperature"
    found = await rows(hass, entity_id)
    assert len(found) == done[entity_id]["rows"] == 24
    for row in found:
        assert row["min"] <= row["mean"] <= row["max"]
