"""The form that asks where each series of a file goes; the dialogs of both kinds of files show it."""

from pathlib import Path

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from tests.support.dialogue import Dialogue, prefer
from tests.support.legacy_files import Row, write


async def read(dialogue: Dialogue, path: Path) -> None:
    """Name a file, and wait until it was looked into."""
    await dialogue.answer(path=str(path))
    await dialogue.arrive()


async def test_a_file_without_readings_is_no_error(
    hass: HomeAssistant, box_entry: MockConfigEntry, media: Path
) -> None:
    dialogue = await prefer(hass, box_entry, "import_database")
    await read(dialogue, write(media / "datenbank.db", []))
    assert dialogue.placeholders == {
        "count": "0",
        "rows": "0",
        "first": "-",
        "last": "-",
        "left_out": "",
    }
    await dialogue.answer()
    await dialogue.arrive()
    assert dialogue.placeholders == {"report": ""}


async def test_a_series_without_names_and_times_is_shown_all_the_same(
    hass: HomeAssistant, box_entry: MockConfigEntry, media: Path
) -> None:
    dialogue = await prefer(hass, box_entry, "import_database")
    nameless: list[Row] = [("", "", "Power", "sometime", 5.0), ("7", None, "Power", None, 5.0)]
    await read(dialogue, write(media / "datenbank.db", nameless, described=[]))
    assert set(dialogue.suggested) == {
        "Power · 1 reading (1)",
        "Power · 1 reading (7)",
    }
    await dialogue.answer(**dialogue.suggested)
    await dialogue.arrive()
    assert dialogue.errors == {}
