"""Taking back what was written; `test_history` takes back what its preview has shown."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.history.statistics.editor import get_editor
from homeassistant.core import HomeAssistant
from tests.support.dialogue import prefer


@pytest.mark.usefixtures("temperatures")
async def test_an_undo_that_is_refused_is_an_error(
    hass: HomeAssistant, box_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await box_entry.runtime_data.history.async_run()
    dialogue = await prefer(hass, box_entry, "history")
    await dialogue.choose("history_undo")
    await dialogue.answer(**dialogue.suggested)
    monkeypatch.setattr(get_editor(hass), "is_ready", lambda: False)
    await dialogue.answer(**dialogue.suggested)
    await dialogue.arrive()
    assert dialogue.step == "failed"
    assert dialogue.errors == {"base": "no_recorder"}
    await dialogue.answer()
    assert box_entry.options == {}
