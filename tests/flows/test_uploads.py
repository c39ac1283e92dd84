"""Files that a user uploads."""

from pathlib import Path
import shutil

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from tests.flows.conftest import Upload
from tests.support.dialogue import prefer

from .test_legacy_import import tidied, written


async def test_a_missing_upload_is_an_error(
    hass: HomeAssistant, box_entry: MockConfigEntry, upload: Upload, tmp_path: Path
) -> None:
    path = written(tmp_path)
    dialogue = await prefer(hass, box_entry, "import_database")
    # Nothing was ever uploaded; then something else was.
    for _ in range(2):
        await dialogue.answer(file="0123456789abcdef0123456789abcdef")
        assert dialogue.errors == {"base": "file_not_found"}
        await upload(path)


async def test_an_upload_that_cannot_be_moved_is_reported(
    hass: HomeAssistant,
    box_entry: MockConfigEntry,
    upload: Upload,
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file_id = await upload(written(tmp_path))

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(shutil, "move", full)
    dialogue = await prefer(hass, box_entry, "import_database")
    await dialogue.answer(file=file_id)
    assert dialogue.errors == {"base": "file_unreadable"}
    await dialogue.leave()
    await tidied(hass, temporary)
