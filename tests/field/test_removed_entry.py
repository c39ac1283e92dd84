"""After its entry was removed, an import and a backfill stop; what they wrote can be taken back."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.history.planning.change import Change
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic
from custom_components.py_hab.history.statistics.work import Planner
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import BATH, REFRIGERATOR
from simulator.home import Home
from tests.conftest import START
from tests.support.api import act
from tests.support.legacy_files import Years, at, write
from tests.support.living import recorded, rows
from tests.support.passing_time import Time

pytestmark = pytest.mark.usefixtures("no_pause")


@pytest.fixture
def ains() -> Collection[str]:
    """A plug and a thermostat."""
    return {REFRIGERATOR, BATH}


@pytest.fixture
def home() -> Home:
    """A home whose counters have counted for two days: each hour of them is written."""
    return Home(installed=START - timedelta(days=2))


@pytest.fixture
async def entry(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> MockConfigEntry:
    """A box whose history is maintained on request only."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    hass.config_entries.async_update_entry(fritzbox_entry, options={"history": False})
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    await time.passes(hass, timedelta(minutes=10))
    return fritzbox_entry


class Paused:
    """Stops whoever writes statistics before the second one, until the test lets it go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Wait for the second one."""
        self.ids: list[str] = []
        self.reached, self.may_go_on = asyncio.Event(), asyncio.Event()
        change = StatisticsEditor.async_change

        async def paused(
            editor: StatisticsEditor, statistic: Statistic, plan: Planner, **how: Any
        ) -> Change:
            if how.get("dry_run"):
                return await change(editor, statistic, plan, **how)
            if statistic.id not in self.ids:
                self.ids.append(statistic.id)
            if len(self.ids) == 2 and not self.may_go_on.is_set():
                self.reached.set()
                await self.may_go_on.wait()
            return await change(editor, statistic, plan, **how)

        monkeypatch.setattr(StatisticsEditor, "async_change", paused)


async def removed_meanwhile(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    **data: Any,
) -> tuple[list[str], str | None]:
    """Remove the entry while an action writes its second statistic.

    Returns the ids of both statistics, and the translation key of the error.
    """
    paused = Paused(monkeypatch)
    work = hass.async_create_task(act(hass, action, **data))
    await paused.reached.wait()
    assert await hass.config_entries.async_remove(entry.entry_id)
    paused.may_go_on.set()
    with pytest.raises(HomeAssistantError) as caught:
        await work
    await recorded(hass)
    assert len(paused.ids) == 2
    return paused.ids, caught.value.translation_key


async def test_an_import_stops_and_can_be_taken_back(
    hass: HomeAssistant, entry: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived = Years(start=at("2026-02-01T00:00:00"), end=at("2026-02-02T12:00:00")).rows()
    path = write(media / "server.db", lived)
    ids, error = await removed_meanwhile(
        hass, entry, monkeypatch, "import_database", path=str(path)
    )
    assert error == "entry_removed"
    assert await rows(hass, ids[0])
    assert await rows(hass, ids[1]) == []

    undone = await act(hass, "undo_history", config_entry_id=entry.entry_id)
    assert [item["entity_id"] for item in undone["entities"]]
    assert await rows(hass, ids[0]) == []


async def test_a_backfill_stops_and_can_be_taken_back(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    box: SimulatedFritzBox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids, error = await removed_meanwhile(
        hass, entry, monkeypatch, "backfill", config_entry_id=entry.entry_id
    )
    assert error == "unloaded"
    written = await rows(hass, ids[0])
    assert len(written) > 24
    assert len(await rows(hass, ids[1])) <= 1

    await act(hass, "undo_history", config_entry_id=entry.entry_id)
    assert len(await rows(hass, ids[0])) <= 1


async def test_a_backfill_that_waits_for_another_one_does_not_begin(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = Paused(monkeypatch)
    both = [
        hass.async_create_task(act(hass, "backfill", config_entry_id=entry.entry_id))
        for _ in range(2)
    ]
    await paused.reached.wait()
    assert await hass.config_entries.async_remove(entry.entry_id)
    paused.may_go_on.set()
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert [getattr(outcome, "translation_key", None) for outcome in outcomes] == ["unloaded"] * 2
    assert len(paused.ids) == 2
