"""The file to be imported, and how it is read."""

from pathlib import Path
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from tests.flows.conftest import Upload
from tests.support.dialogue import prefer
from tests.support.portals import lines

from .test_file_import import QUARTERS, counted, named, unclear
from .test_legacy_import import UPLOADED, written


async def test_either_a_file_or_a_path(
    hass: HomeAssistant,
    box_entry: MockConfigEntry,
    upload: Upload,
    tmp_path: Path,
    media: Path,
) -> None:
    file_id = await upload(written(tmp_path))
    dialogue = await prefer(hass, box_entry, "import_database")
    assert dialogue.step == "import_database"
    for both_or_none in ({}, {"path": "  "}, {"file": file_id, "path": str(media)}):
        await dialogue.answer(**both_or_none)
        assert dialogue.errors == {"base": "one_file"}
    assert dialogue.suggested == {"file": file_id, "path": str(media)}
    await dialogue.answer(file=file_id)
    assert dialogue.progress == "import_reading"
    await dialogue.arrive()
    assert dialogue.step == "import_series"
    await dialogue.leave()


async def test_a_path_that_is_not_allowed_is_not_read(
    hass: HomeAssistant, box_entry: MockConfigEntry, tmp_path: Path, media: Path
) -> None:
    path = written(tmp_path)
    dialogue = await prefer(hass, box_entry, "import_database")
    for refused in (path, media / ".." / UPLOADED, Path("datenbank.db")):
        await dialogue.answer(path=str(refused))
        assert dialogue.errors == {"base": "path_not_allowed"}
    assert dialogue.suggested == {"path": "datenbank.db"}


async def test_columns_that_contradict_each_other_are_refused(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    dialogue = await prefer(hass, meter, "import_database")
    await named(dialogue, unclear(media))
    filled = dialogue.suggested
    refused: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"values": []}, {"values": "value_column"}),
        ({"values": ["0"]}, {"values": "value_column"}),
        ({"end_clock": "1"}, {"values": "value_column"}),
        ({"end_clock": "0"}, {"end_day": "end_column"}),
    ]
    for changes, errors in refused:
        await dialogue.answer(**{**filled, **changes})
        assert dialogue.step == "import_format"
        assert dialogue.errors == errors, changes


async def test_another_delimiter_is_looked_at_again(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    path = media / "two.csv"
    rows_ = [f"{each:%Y-%m-%d %H:%M};0,25;{each.minute}" for each in QUARTERS]
    path.write_text(lines("from;Verbrauch kWh;x", rows=rows_))
    dialogue = await prefer(hass, meter, "import_database")
    await named(dialogue, path)
    before = dialogue.suggested
    await dialogue.answer(**{**before, "delimiter": "bar"})
    assert dialogue.errors == {"base": "file_no_values"}
    await dialogue.answer(**{**before, "encoding": "cp1252"})
    assert dialogue.errors == {}
    assert dialogue.step == "import_format"
    assert dialogue.suggested == {**before, "encoding": "cp1252"}
    await counted(dialogue)
    assert dialogue.step == "import_series"
