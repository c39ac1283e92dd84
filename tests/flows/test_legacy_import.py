"""The dialog that imports a legacy file, on a real recorder."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.flows import legacy_import, progress
from custom_components.py_hab.history.files import legacy_importer as importer
from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.statistics.editor import get_editor
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
    InvalidData,
    UnknownFlow,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox_devices import WORKSHOP
from tests.conftest import settled
from tests.flows.conftest import Upload
from tests.support.dialogue import Dialogue, prefer
from tests.support.legacy_files import (
    METER,
    PLUG,
    WINDOW,
    Described,
    Row,
    Years,
    at,
    local,
    write,
)
from tests.support.living import rows
from tests.support.mocked_reader import UNIQUE_ID

UPLOADED: Final = "datenbank.db"
FROM: Final = at("2026-02-01T00:00:00")
UNTIL: Final = at("2026-02-02T12:00:00")
HOURS: Final = (UNTIL - FROM) // 3600 + 1
"""The last reading begins another one."""


def written(folder: Path, more: Sequence[Row] = (), **options: Any) -> Path:
    """Write a day and a half of the py_hab server."""
    lived = Years(start=FROM, end=UNTIL).rows()
    window = (WINDOW, "Window Kitchen", "State", local(FROM + 60), 1.0)
    return write(folder / UPLOADED, [*lived, window, *more], **options)


def entity_of(hass: HomeAssistant, unique_id: str) -> str:
    """Return the entity of a value."""
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, unique_id)
    assert entity_id is not None
    return entity_id


def left_behind(temporary: Path) -> list[Path]:
    """Return what lies in the folder of temporary files, but for that of uploads itself."""
    return [path for path in temporary.iterdir() if path.name.startswith(DOMAIN)]


async def tidied(hass: HomeAssistant, temporary: Path) -> None:
    """Wait until nothing is left of an upload."""
    await settled(hass, lambda: not left_behind(temporary), "the end of the upload")


async def read(dialogue: Dialogue, path: Path) -> None:
    """Name a file, and wait until it was looked into."""
    await dialogue.answer(path=str(path))
    assert dialogue.progress == "import_reading"
    await dialogue.arrive()


def fails(err: Exception) -> Callable[..., Awaitable[Any]]:
    """Return what fails with an error."""

    async def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise err

    return fail


async def test_the_legacy_file_goes_where_its_series_go_on(
    hass: HomeAssistant,
    meter: MockConfigEntry,
    upload: Upload,
    temporary: Path,
    tmp_path: Path,
) -> None:
    garbage = [
        (METER, "MT681", "E_in", local(UNTIL + 60), 9e9),
        (METER, "MT681", "E_in", "yesterday", 5.0),
    ]
    reported = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE)
    entity_id = entity_of(hass, f"{UNIQUE_ID}_energy_import")
    file_id = await upload(written(tmp_path, garbage))
    options = dict(meter.options)

    dialogue = await prefer(hass, meter, "import_database")
    await dialogue.answer(file=file_id)
    assert dialogue.progress == "import_reading"
    (kept,) = left_behind(temporary)
    await dialogue.arrive()

    # Every series is shown, and where it goes.
    assert dialogue.step == "import_series"
    assert dialogue.placeholders["count"] == "6"
    assert dialogue.placeholders["first"] == "2026-02-01"
    assert dialogue.placeholders["last"] == "2026-02-02"
    assert dialogue.placeholders["left_out"].endswith("Not imported: Kitchen State.")
    fields = {label.split(" · ")[0]: label for label in dialogue.suggested}
    energy, power = fields["MT681 E_in"], fields["MT681 Power"]
    plug = fields["Washing machine Energy"]
    warmth, battery = fields["Bath Temperature"], fields["Bath Battery"]
    assert energy.endswith(" readings · 2026-02-01 to 2026-02-02")
    assert len(fields) == 5
    assert dialogue.suggested == {
        energy: entity_id,
        power: entity_of(hass, f"{UNIQUE_ID}_power"),
        plug: "external",
        warmth: "external",
        battery: "external",
    }
    offered = [option["value"] for option in dialogue.field(energy).config["options"]]
    assert set(offered[:-2]) == {entity_id, entity_of(hass, f"{UNIQUE_ID}_energy_export")}
    assert offered[-2:] == ["external", "skip"]
    assert [option["value"] for option in dialogue.field(warmth).config["options"]] == [
        "external",
        "skip",
    ]
    with pytest.raises(InvalidData):
        await dialogue.answer(**{**dialogue.suggested, warmth: entity_id})

    # What would be written is shown before anything is.
    await dialogue.answer(**{**dialogue.suggested, power: "skip", battery: "skip"})
    assert dialogue.progress == "import_preview"
    await dialogue.arrive()
    assert dialogue.step == "import_confirm"
    assert dialogue.errors == {}
    assert await rows(hass, entity_id) == []
    promised = dialogue.placeholders["report"]

    # Now it is written.
    reported.clear()
    await dialogue.answer()
    assert dialogue.progress == "import_writing"
    await dialogue.arrive()
    assert dialogue.step == "import_done"
    assert dialogue.errors == {}
    assert dialogue.placeholders["report"] == promised
    parts = [event.data["progress"] for event in reported]
    assert parts == sorted(parts)
    assert parts[-1] == 1
    (counter,) = [line for line in promised.splitlines() if "E_in" in line]
    found = await rows(hass, entity_id)
    state = hass.states.get(entity_id)
    assert state is not None
    assert counter.startswith(f"| MT681 E_in | {len(found):,} | ")
    assert f" kWh | {state.name} | " in counter
    assert "1 without a valid time" in counter
    assert "higher than the fuses allow" in counter
    # Up to what the meter shows now.
    assert len(found) > HOURS
    lived = Years(start=FROM, end=UNTIL)
    lived.rows()
    for row in found[: HOURS - 1]:
        assert row["sum"] == pytest.approx(lived.consumed[int(row["start"])], abs=0.001)
    assert "| MT681 Power | 0 | - | not imported |  |" in promised.splitlines()
    assert "| **Total** |" in promised
    means = await rows(hass, "py_hab:09995_0123456_temperature")
    assert len(means) >= HOURS
    assert await rows(hass, "py_hab:11657_0142361_energy")
    assert await rows(hass, "py_hab:09995_0123456_battery") == []

    # Nothing is left of the upload, and no option has changed.
    assert kept.exists()
    await dialogue.answer()
    await tidied(hass, temporary)
    assert meter.options == options


async def test_series_of_a_box_are_found_by_their_ain_and_may_go_elsewhere(
    hass: HomeAssistant, box_entry: MockConfigEntry, media: Path
) -> None:
    described: list[Described] = [
        (WORKSHOP, "Energy", "Workshop", "kWh", 1),
        (PLUG, "Energy", "Former plug", "kWh", 1),
    ]
    readings: list[Row] = [
        (device, "Switch", "Energy", local(FROM + 600 * step), 10.0 + step / 100)
        for step in range(20)
        for device in (WORKSHOP, PLUG)
    ]
    path = write(media / UPLOADED, readings, described=described)
    entity_id = entity_of(hass, f"{WORKSHOP}_energy")
    dialogue = await prefer(hass, box_entry, "import_database")
    await read(dialogue, path)
    own, former = sorted(dialogue.suggested, key=lambda label: "Former" in label)
    assert dialogue.suggested == {own: entity_id, former: "external"}
    assert dialogue.placeholders["left_out"] == ""
    await dialogue.answer(**{own: "external", former: entity_id})
    await dialogue.arrive()
    await dialogue.answer()
    await dialogue.arrive()
    assert len(await rows(hass, entity_id)) == 4
    assert len(await rows(hass, "py_hab:11657_0290174_energy")) == 4
    await dialogue.answer()
    assert path.exists()


async def test_only_what_is_offered_is_proposed(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    entity_id = entity_of(hass, f"{UNIQUE_ID}_energy_import")
    path = written(media)
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"unit_of_measurement": "Wh"}, True),
        ({"unit_of_measurement": "W"}, False),
        ({"unit_of_measurement": "kWh", "disabled_by": er.RegistryEntryDisabler.USER}, False),
    ]
    for changes, offered in cases:
        er.async_get(hass).async_update_entity(entity_id, **changes)
        dialogue = await prefer(hass, meter, "import_database")
        await read(dialogue, path)
        (label,) = [label for label in dialogue.suggested if "E_in" in label]
        assert dialogue.suggested[label] == (entity_id if offered else "external"), changes
        await dialogue.answer(**dict.fromkeys(dialogue.suggested, "skip"))
        await dialogue.arrive()
        assert dialogue.errors == {}
        assert await rows(hass, entity_id) == []
        await dialogue.leave()


async def test_a_progress_does_not_end_before_the_page_listens(
    hass: HomeAssistant,
    box_entry: MockConfigEntry,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = asyncio.Event()

    async def look(*_: Any) -> None:
        looked.set()
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="file_not_found")

    monkeypatch.setattr(legacy_import, "async_inspect", look)
    monkeypatch.setattr(progress, "SHOWN_FOR", timedelta(hours=1))
    dialogue = await prefer(hass, box_entry, "import_database")
    await dialogue.answer(path=str(media / "none.db"))
    await looked.wait()
    await asyncio.sleep(0)
    await dialogue.look()
    assert dialogue.progress is not None
    await dialogue.leave()


async def test_a_file_that_cannot_be_read_is_reported_and_asked_for_again(
    hass: HomeAssistant, box_entry: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(media)
    dialogue = await prefer(hass, box_entry, "import_database")
    for reason in FileError:

        def refuse(*_: object, reason: FileError = reason) -> None:
            raise FileReadError(reason, "detail")

        with monkeypatch.context() as patched:
            patched.setattr(importer, "inspect_file", refuse)
            await read(dialogue, path)
        assert dialogue.step == "import_database"
        assert dialogue.errors == {"base": f"file_{reason.value}"}
        # What was typed need not be typed again, and what is shown again is the same.
        assert dialogue.suggested == {"path": str(path)}
        await dialogue.look()
        assert dialogue.errors == {"base": f"file_{reason.value}"}
        await dialogue.answer()
        assert dialogue.errors == {"base": "one_file"}
    await read(dialogue, path)
    assert dialogue.step == "import_series"


async def test_files_of_another_kind_are_refused(
    hass: HomeAssistant, box_entry: MockConfigEntry, media: Path
) -> None:
    dialogue = await prefer(hass, box_entry, "import_database")
    for content, reason in ((None, "file_not_found"), (b"", "file_empty"), (b"PDF", "file_not_a")):
        path = media / reason
        if content is not None:
            path.write_bytes(content)
        await read(dialogue, path)
        assert dialogue.errors["base"].startswith(reason)


async def test_an_import_that_fails_is_an_error_and_leaves_nothing_of_the_upload(
    hass: HomeAssistant,
    box_entry: MockConfigEntry,
    upload: Upload,
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = written(tmp_path)
    for err, text, is_preview in (
        (FileReadError(FileError.CHANGED), "file_changed", True),
        (FileReadError(FileError.CHANGED), "file_changed", False),
        (MemoryError(), "unknown", True),
        (MemoryError(), "unknown", False),
    ):

        def fail(*_args: object, err: Exception = err, **_kwargs: object) -> None:
            raise err

        dialogue = await prefer(hass, box_entry, "import_database")
        await dialogue.answer(file=await upload(path))
        await dialogue.arrive()
        with monkeypatch.context() as patched:
            if not is_preview:
                await dialogue.answer(**dialogue.suggested)
                await dialogue.arrive()
                assert dialogue.errors == {}
            patched.setattr(importer, "read_hours", lambda *_args, **_kwargs: iter(fail, None))
            await dialogue.answer(**(dialogue.suggested if is_preview else {}))
            await dialogue.arrive()
        # A preview that has failed must not offer to import.
        assert dialogue.step == "failed"
        assert dialogue.errors == {"base": text}
        assert dialogue.placeholders == {"report": ""}
        await dialogue.answer()
        await tidied(hass, temporary)


async def test_a_recorder_that_is_not_ready_is_reported(
    hass: HomeAssistant, box_entry: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialogue = await prefer(hass, box_entry, "import_database")
    await read(dialogue, written(media))
    monkeypatch.setattr(get_editor(hass), "is_ready", lambda: False)
    await dialogue.answer(**dialogue.suggested)
    await dialogue.arrive()
    assert dialogue.errors == {"base": "no_recorder"}


async def test_a_dialogue_that_is_left_deletes_its_upload(
    hass: HomeAssistant,
    box_entry: MockConfigEntry,
    upload: Upload,
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = written(tmp_path)
    for when in ("reading", "asked", "writing"):
        begun = asyncio.Event()
        stopped: list[str] = []

        async def wait(
            *_: Any,
            begun: asyncio.Event = begun,
            stopped: list[str] = stopped,
            when: str = when,
            **_kwargs: Any,
        ) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.append(when)

        dialogue = await prefer(hass, box_entry, "import_database")
        with monkeypatch.context() as patched:
            if when == "reading":
                patched.setattr(legacy_import, "async_inspect", wait)
            await dialogue.answer(file=await upload(path))
            if when != "reading":
                await dialogue.arrive()
            if when == "writing":
                patched.setattr(importer.LegacyImport, "async_run", wait)
                await dialogue.answer(**dialogue.suggested)
            if when != "asked":
                await begun.wait()
            assert len(left_behind(temporary)) == 1, when
            await dialogue.leave()
            await tidied(hass, temporary)
        assert stopped == ([] if when == "asked" else [when])
        with pytest.raises(UnknownFlow):
            await dialogue.look()


async def test_nothing_is_imported_into_an_entry_that_is_not_loaded(
    hass: HomeAssistant, box_entry: MockConfigEntry, media: Path
) -> None:
    dialogue = await prefer(hass, box_entry, "import_database")
    await read(dialogue, written(media))
    assert await hass.config_entries.async_unload(box_entry.entry_id)
    await dialogue.answer(**dialogue.suggested)
    assert dialogue.end == "not_loaded"
    again = await prefer(hass, box_entry, "import_database")
    assert again.end == "not_loaded"
