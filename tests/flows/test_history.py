"""The dialogues about the history, on a real recorder, as the page of the options leads them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.entry import MaintenanceResult, Progress
from custom_components.py_hab.fritzbox.errors import FritzBoxError
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.util.records import decode
from custom_components.py_hab.util.texts import as_markdown
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
    InvalidData,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox_devices import BATH, WORKSHOP
from tests.support.dialogue import TEXTS, prefer
from tests.support.legacy_files import (
    at,
)
from tests.support.living import rows
from tests.support.passing_time import Time

UPLOADED: Final = "datenbank.db"
EVENLY: Final = {"history": True, "outage_shape": "even", "power_history": False}
USUAL: Final = {**EVENLY, "run_now": False}
FROM: Final = at("2026-02-01T00:00:00")
UNTIL: Final = at("2026-02-02T12:00:00")
HOURS: Final = (UNTIL - FROM) // 3600 + 1
"""The last reading begins another one."""


def entity_of(hass: HomeAssistant, unique_id: str) -> str:
    """Return the entity of a value."""
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, unique_id)
    assert entity_id is not None
    return entity_id


def fails(err: Exception) -> Callable[..., Awaitable[Any]]:
    """Return what fails with an error."""

    async def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise err

    return fail


# Settings


async def test_how_the_history_is_kept_is_an_option(
    hass: HomeAssistant, box_entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(box_entry, options={"scan_interval": 90})
    dialogue = await prefer(hass, box_entry, "history")
    await dialogue.choose("history_settings")
    assert dialogue.suggested == EVENLY
    with pytest.raises(InvalidData):
        await dialogue.answer(**{**EVENLY, "outage_shape": "round"})
    await dialogue.answer(history=False, outage_shape="week_before")
    await hass.async_block_till_done()
    assert box_entry.options == {
        "scan_interval": 90,
        "history": False,
        "outage_shape": "week_before",
        "power_history": False,
    }
    assert not box_entry.runtime_data.history.is_enabled
    again = await prefer(hass, box_entry, "history")
    await again.choose("history_settings")
    assert again.suggested == {
        "history": False,
        "outage_shape": "week_before",
        "power_history": False,
    }


async def test_the_history_of_an_entry_that_is_not_loaded_has_settings_only(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"kind": "meter"}, options={"max_power": 30})
    entry.add_to_hass(hass)
    dialogue = await prefer(hass, entry, "history")
    assert dialogue.step == "history_settings"
    assert dialogue.suggested == EVENLY
    await dialogue.answer(history=False, outage_shape="even")
    assert entry.options == {"max_power": 30, **EVENLY, "history": False}


# Report


async def test_what_was_written_is_shown_in_words(
    hass: HomeAssistant, box_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_editor(hass).journal.runs.clear()
    dialogue = await prefer(hass, box_entry, "history")
    assert dialogue.menu == [
        *("history_preview", "history_run"),
        *("history_take_over", "history_settings"),
    ]
    assert "two years" in dialogue.placeholders["about"]
    assert dialogue.placeholders["status"] == (
        "py_hab has written nothing so far. The history was not checked yet."
    )
    assert dialogue.placeholders["report"] == ""
    entity_id = entity_of(hass, f"{WORKSHOP}_energy")
    state = hass.states.get(entity_id)
    assert state is not None
    get_editor(hass).journal.runs[box_entry.entry_id] = decode(
        MaintenanceResult,
        {
            "at": "2026-03-19T23:30:00+00:00",
            "result": [
                {"entity_id": entity_id, "rows": 0, "left_out": ["mismatch", "new_doubt"]},
                {"entity_id": "sensor.gone", "rows": 0, "left_out": []},
            ],
        },
    )
    doubt = TEXTS["selector"]["discard_reason"]["options"]["mismatch"]
    dialogue = await prefer(hass, box_entry, "history")
    assert dialogue.placeholders["status"].endswith(
        "Checked on 2026-03-20 00:30: complete, nothing to add."
    )
    assert dialogue.placeholders["report"].splitlines()[2:] == [
        f"| {as_markdown(state.name)} | - | - | {doubt}, new_doubt |",
        "| sensor.gone | - | - |  |",
    ]
    monkeypatch.setattr(
        box_entry.runtime_data.history._present,
        "progress",
        Progress(part=0.5, name=entity_id, hours=1234),
    )
    dialogue = await prefer(hass, box_entry, "history")
    assert (
        f"{as_markdown(state.name)}, 1,234 hours written so far" in dialogue.placeholders["status"]
    )
    monkeypatch.setattr(box_entry.runtime_data.history._present, "progress", None)
    hass.config.language = "de"
    german = await prefer(hass, box_entry, "history")
    assert "Tage oder Monate passen nicht zu ihren Teilen" in german.placeholders["report"]
    assert "Geprüft am 20.03.2026, 00:30" in german.placeholders["status"]


async def test_a_meter_has_words_of_its_own(hass: HomeAssistant, meter: MockConfigEntry) -> None:
    dialogue = await prefer(hass, meter, "history")
    assert "FRITZ!Box" not in dialogue.placeholders["about"]


# Preview, run, taking back


@pytest.mark.usefixtures("temperatures")
async def test_what_is_previewed_is_written_and_taken_back(
    hass: HomeAssistant, box_entry: MockConfigEntry
) -> None:
    reported = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE)
    entity_id = entity_of(hass, f"{BATH}_temperature")
    state = hass.states.get(entity_id)
    assert state is not None
    dialogue = await prefer(hass, box_entry, "history")
    await dialogue.choose("history_preview")
    assert dialogue.progress == "history_preview"
    await dialogue.arrive()
    assert dialogue.step == "history_preview_done"
    assert await rows(hass, entity_id) == []
    promised = dialogue.placeholders
    assert promised["status"] == ""

    reported.clear()
    await dialogue.answer()
    assert dialogue.progress == "history_run"
    await dialogue.arrive()
    assert dialogue.step == "history_done"
    assert dialogue.errors == {}
    assert dialogue.placeholders == promised
    parts = [event.data["progress"] for event in reported]
    assert parts[0] == 0
    assert parts == sorted(parts)
    assert parts[-1] < 1
    found = await rows(hass, entity_id)
    assert found
    assert f"| {state.name} | {len(found):,} | - | " in promised["report"]
    # Looked at again, it has not been made again.
    await dialogue.look()
    assert dialogue.placeholders == promised
    await dialogue.answer()
    await hass.async_block_till_done()
    assert box_entry.options == {}

    # The report stays, also after a run that has nothing to add.
    again = await prefer(hass, box_entry, "history")
    written = again.placeholders["report"]
    assert f"| {state.name} | {len(found):,} | " in written
    await again.choose("history_run")
    await again.arrive()
    assert again.placeholders["status"] == "The history is complete, there is nothing to add."
    again = await prefer(hass, box_entry, "history")
    assert again.placeholders["report"] == written
    assert "complete, nothing to add" in again.placeholders["status"]
    await again.choose("history_preview")
    await again.arrive()
    # There is nothing to agree to.
    assert again.step == "history_done"
    assert again.placeholders["status"] == "The history is complete, there is nothing to add."
    again = await prefer(hass, box_entry, "history")

    # One statistic is taken back, the others stay.
    await again.choose("history_undo")
    options = again.field("run").config["options"]
    assert len(options) == 2
    assert "History of the FRITZ!Box" in options[0]["label"]
    await again.answer(run=options[0]["value"])
    changed = again.suggested["statistics"]
    assert entity_id in changed
    await again.answer(statistics=[])
    assert again.errors == {"statistics": "nothing_chosen"}
    await again.answer(statistics=[entity_id])
    await again.arrive()
    assert again.step == "history_undo_confirm"
    assert f"| {state.name} | {len(found):,} | 0 | 0 |" in again.placeholders["report"]
    assert len(await rows(hass, entity_id)) == len(found)
    await again.answer()
    await again.arrive()
    assert again.step == "history_undo_done"
    assert await rows(hass, entity_id) == []
    (other, *_) = [each for each in changed if each != entity_id]
    assert await rows(hass, other)
    await again.answer()

    # And everything.
    again = await prefer(hass, box_entry, "history")
    await again.choose("history_undo")
    await again.answer(run="everything")
    assert set(again.suggested["statistics"]) == {*changed} - {entity_id}
    await again.answer(**again.suggested)
    await again.arrive()
    await again.answer()
    await again.arrive()
    assert await rows(hass, other) == []
    assert "history_undo" not in (await prefer(hass, box_entry, "history")).menu


@pytest.mark.usefixtures("temperatures")
async def test_who_waits_for_an_automatic_run_sees_its_progress(
    hass: HomeAssistant, box_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go = asyncio.Event(), asyncio.Event()
    coordinator, history = box_entry.runtime_data.coordinator, box_entry.runtime_data.history
    fetch_stats = coordinator.async_device_stats

    async def wait(ain: str) -> Any:
        asked.set()
        await go.wait()
        return await fetch_stats(ain)

    monkeypatch.setattr(coordinator, "async_device_stats", wait)
    automatic = hass.async_create_task(history._async_work(None))
    await asked.wait()
    reported = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE)
    dialogue = await prefer(hass, box_entry, "history")
    await dialogue.choose("history_run")
    go.set()
    await automatic
    assert reported
    await dialogue.arrive()
    assert dialogue.errors == {}
    assert dialogue.placeholders["status"] == "The history is complete, there is nothing to add."


@pytest.mark.parametrize("step", ["history_run", "history_preview"])
async def test_a_history_that_cannot_be_completed_is_an_error(
    hass: HomeAssistant,
    box_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: str,
) -> None:
    for err, text in (
        (FritzBoxError("busy"), "no_device_stats"),
        (HomeAssistantError("no words"), "unknown"),
        (HomeAssistantError("x", translation_domain="mqtt", translation_key="busy"), "unknown"),
        (OSError("disk"), "unknown"),
    ):
        monkeypatch.setattr(box_entry.runtime_data.coordinator, "async_device_stats", fails(err))
        caplog.clear()
        dialogue = await prefer(hass, box_entry, "history")
        await dialogue.choose(step)
        await dialogue.arrive()
        assert dialogue.step == "failed", err
        assert dialogue.errors == {"base": text}, err
        assert dialogue.placeholders == {"status": "", "report": ""}
        assert ("The history cannot be changed" in caplog.text) == (text == "unknown"), err
        await dialogue.answer()
        assert box_entry.options == {}


async def test_an_entry_that_is_unloaded_before_the_answer_is_not_asked(
    hass: HomeAssistant, box_entry: MockConfigEntry
) -> None:
    dialogue = await prefer(hass, box_entry, "history")
    assert await hass.config_entries.async_unload(box_entry.entry_id)
    await dialogue.choose("history_run")
    assert dialogue.end == "not_loaded"


async def test_an_entry_that_is_unloaded_meanwhile_does_not_leave_the_page_waiting(
    hass: HomeAssistant, box_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, waiting = asyncio.Event(), asyncio.Event()

    async def wait(_ain: str) -> None:
        asked.set()
        await waiting.wait()
        raise FritzBoxError("gone")

    monkeypatch.setattr(box_entry.runtime_data.coordinator, "async_device_stats", wait)
    dialogue = await prefer(hass, box_entry, "history")
    await dialogue.choose("history_run")
    await asked.wait()
    assert await hass.config_entries.async_unload(box_entry.entry_id)
    waiting.set()
    await dialogue.arrive()
    assert dialogue.errors == {"base": "unloaded"}
