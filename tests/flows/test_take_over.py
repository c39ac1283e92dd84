"""The dialog that takes over the hours of another sensor."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.take_over import counters_of
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.support.dialogue import prefer
from tests.support.living import changes, recorded
from tests.support.mocked_reader import MockedReader
from tests.support.old_meter import COUNTER, HOURS, OLD, recorded_by_another_sensor
from tests.support.passing_time import Time

FEED_IN = "sensor.mt681_energy_export"

pytestmark = pytest.mark.parametrize("enable_statistics", [True])


@pytest.fixture
async def entry(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, mocked_reader: MockedReader
) -> MockConfigEntry:
    """A meter that is new in py_hab, and was recorded by another sensor for two days."""
    return await recorded_by_another_sensor(hass, mocked_reader)


async def test_the_dialog_previews_and_writes(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    dialogue = await prefer(hass, entry, "history")
    await dialogue.choose("history_take_over")
    assert dialogue.suggested["counter"] in counters_of(hass, entry.entry_id)
    # Feed-in is what few people mean.
    assert dialogue.suggested["counter"] == COUNTER
    await dialogue.answer(counter=COUNTER)
    assert dialogue.errors == {"source": "nothing_chosen"}
    await dialogue.answer(counter=COUNTER, source="sensor.nothing")
    assert dialogue.errors == {"base": "no_energy_statistic"}
    await dialogue.answer(counter=COUNTER, source=OLD)
    assert dialogue.step == "history_take_over_confirm"
    assert f"| {HOURS} |" in dialogue.placeholders["report"]
    assert await changes(hass, COUNTER) == {}
    await dialogue.answer()
    assert dialogue.step == "history_take_over_done"
    await recorded(hass)
    assert len(await changes(hass, COUNTER)) == HOURS
    await dialogue.answer()
    assert dialogue.step is None


async def test_a_recorder_that_fails_when_it_is_written_is_reported(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialogue = await prefer(hass, entry, "history")
    await dialogue.choose("history_take_over")
    await dialogue.answer(counter=COUNTER, source=OLD)
    monkeypatch.setattr(StatisticsEditor, "is_ready", lambda _: False)
    await dialogue.answer()
    assert dialogue.step == "history_take_over_confirm"
    assert dialogue.errors == {"base": "no_recorder"}
    monkeypatch.undo()
    await dialogue.answer()
    assert dialogue.step == "history_take_over_done"


async def test_a_counter_that_is_disabled_is_not_offered(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert FEED_IN in counters_of(hass, entry.entry_id)
    er.async_get(hass).async_update_entity(FEED_IN, disabled_by=er.RegistryEntryDisabler.USER)
    assert FEED_IN not in counters_of(hass, entry.entry_id)


async def test_hours_of_another_counter_need_a_confirmation(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    for language, reading in (("de", "15.119,035 kWh"), ("en", "15,119.035 kWh")):
        hass.config.language = language
        dialogue = await prefer(hass, entry, "history")
        await dialogue.choose("history_take_over")
        await dialogue.answer(counter=FEED_IN, source=OLD)
        assert dialogue.step == "history_take_over_confirm"
        assert reading in dialogue.placeholders["difference"]
    await dialogue.answer(accept_difference=False)
    assert dialogue.errors == {"accept_difference": "not_accepted"}
    assert await changes(hass, FEED_IN) == {}
    await dialogue.answer(accept_difference=True)
    assert dialogue.step == "history_take_over_done"
    await recorded(hass)
    assert len(await changes(hass, FEED_IN)) == HOURS
