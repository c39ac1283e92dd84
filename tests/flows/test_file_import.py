"""The dialog that imports a table of readings, on a real recorder."""

from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.flows import csv_import
from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.importer import file_error
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox_devices import REFRIGERATOR
from tests.flows.conftest import Upload
from tests.support.dialogue import Dialogue, prefer
from tests.support.living import rows
from tests.support.mocked_reader import UNIQUE_ID
from tests.support.portals import (
    Portal,
    at,
    fritzbox,
    lines,
    load_profile_utc,
    netze_bw,
    quarters,
    westnetz,
)

QUARTERS: Final = list(quarters(at("2026-01-10T00:00:00"), 96))


def written(folder: Path, portal: Portal) -> Path:
    """Write the file of a portal."""
    path = folder / f"{portal.name}.csv"
    path.write_bytes(portal.data)
    return path


def unclear(folder: Path) -> Path:
    """Write a file that leaves doubts."""
    path = folder / "unclear.csv"
    path.write_text(
        lines("Zeit;Wert", rows=[f"{each:%d.%m.%Y %H:%M};1,{each.minute:03}" for each in QUARTERS])
    )
    return path


async def named(dialogue: Dialogue, path: Path) -> None:
    """Name a file, and wait until it was looked into."""
    await dialogue.answer(path=str(path))
    assert dialogue.progress == "import_reading"
    await dialogue.arrive()


async def counted(dialogue: Dialogue, **changes: Any) -> None:
    """Accept how the file is read, and wait until its rows were counted."""
    await dialogue.answer(**{**dialogue.suggested, **changes})
    assert dialogue.progress == "import_counting"
    await dialogue.arrive()


def energy(hass: HomeAssistant) -> str:
    """Return the entity of the meter's import."""
    found = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{UNIQUE_ID}_energy_import")
    assert found is not None
    return found


async def test_a_table_is_shown_confirmed_previewed_imported_and_taken_back(
    hass: HomeAssistant, meter: MockConfigEntry, upload: Upload, tmp_path: Path
) -> None:
    portal = westnetz()
    dialogue = await prefer(hass, meter, "import_database")
    await dialogue.answer(file=await upload(written(tmp_path, portal)))
    await dialogue.arrive()
    assert dialogue.step == "import_format"
    shown = dialogue.placeholders["rows"].splitlines()
    assert shown[0] == "| Datum | von | bis | Bezug (kWh) | Einspeisung (kWh) |"
    assert shown[2].startswith("| 25.10.2025 | 00:00 | 00:15 | 0,")
    assert len(shown) == 7
    assert dialogue.placeholders["doubts"] == "Everything was recognized without doubt."
    assert dialogue.suggested == {
        "content": "consumption",
        "unit": "kWh",
        "values": ["3", "4"],
        "series": "none",
        "begin_day": "0",
        "begin_clock": "1",
        "end_day": "0",
        "end_clock": "2",
        "label": "begin",
        "order": "dmy",
        "zone": "home",
        "decimal": "comma",
        "delimiter": "semicolon",
        "encoding": "utf-8",
    }
    await counted(dialogue)
    assert dialogue.step == "import_series"
    assert dialogue.placeholders["count"] == "2"
    assert dialogue.placeholders["rows"] == "584"
    assert dialogue.placeholders["first"] == "2025-10-25"
    bezug, feed_in = dialogue.suggested
    assert bezug.startswith("Bezug (kWh) · 292 readings")
    assert set(dialogue.suggested.values()) == {"external"}
    offered = [option["value"] for option in dialogue.field(bezug).config["options"]]
    assert energy(hass) in offered
    await dialogue.answer(**{bezug: energy(hass), feed_in: "external"})
    await dialogue.arrive()
    assert dialogue.step == "import_confirm"
    promised = dialogue.placeholders["report"]
    assert await rows(hass, energy(hass)) == []
    await dialogue.answer()
    await dialogue.arrive()
    assert dialogue.step == "import_done"
    assert dialogue.placeholders["report"] == promised
    found = {row["start"]: row["change"] for row in await rows(hass, energy(hass))}
    assert sum(found.values()) == pytest.approx(sum(portal.series["Bezug (kWh)"].values()))
    fed = await rows(hass, f"{DOMAIN}:westnetz_einspeisung_kwh")
    assert len(fed) == 73
    await dialogue.answer()

    again = await prefer(hass, meter, "history")
    await again.choose("history_undo")
    await again.answer(**again.suggested)
    await again.answer(**again.suggested)
    await again.arrive()
    await again.answer()
    await again.arrive()
    assert await rows(hass, energy(hass)) == []
    assert await rows(hass, f"{DOMAIN}:westnetz_einspeisung_kwh") == []


async def test_what_was_imported_before_can_be_gone_on_with(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    for _ in range(2):
        dialogue = await prefer(hass, meter, "import_database")
        await named(dialogue, written(media, netze_bw()))
        await counted(dialogue)
        (label,) = dialogue.suggested
        offered = [option["value"] for option in dialogue.field(label).config["options"]]
        target = f"{DOMAIN}:netze_bw_wert" if f"{DOMAIN}:netze_bw_wert" in offered else "external"
        await dialogue.answer(**{label: target})
        await dialogue.arrive()
        await dialogue.answer()
        await dialogue.arrive()
        assert dialogue.errors == {}
    assert target == f"{DOMAIN}:netze_bw_wert"
    found = await rows(hass, target)
    assert sum(row["change"] for row in found) == pytest.approx(
        sum(netze_bw().series["Wert"].values())
    )


async def test_what_the_file_leaves_open_is_named_and_chosen(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    dialogue = await prefer(hass, meter, "import_database")
    await named(dialogue, unclear(media))
    assert dialogue.placeholders["doubts"] == (
        "**Please check:** the file leaves open the decimal mark, the unit."
    )
    # A power instead of an energy.
    await dialogue.answer(**{**dialogue.suggested, "content": "power"})
    assert dialogue.errors == {"unit": "unit_of_content"}
    assert dialogue.suggested["content"] == "power"
    await counted(dialogue, content="power", unit="kW", label="end", zone="utc")
    await dialogue.answer(**dialogue.suggested)
    await dialogue.arrive()
    assert "| 24.54 kWh |" in dialogue.placeholders["report"]


async def test_a_column_that_names_no_series_and_one_without_numbers_are_refused(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    path = media / "names.csv"
    rows_ = [
        f"{each:%Y-%m-%d %H:%M};0.2{number % 7};x{number}"
        for number, each in enumerate(quarters(at("2026-01-10T00:00:00"), 300))
    ]
    path.write_text(lines("from;Verbrauch kWh;text", rows=rows_))
    dialogue = await prefer(hass, meter, "import_database")
    await named(dialogue, path)
    await counted(dialogue, series="2")
    assert dialogue.step == "import_format"
    assert dialogue.errors == {"base": "file_too_many_series"}
    await counted(dialogue, series="none", values=["2"])
    assert dialogue.errors == {"base": "file_no_values"}
    await counted(dialogue, values=["1"])
    assert dialogue.step == "import_series"


async def test_a_file_without_usable_hours_offers_nothing_to_import(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    path = media / "negative.csv"
    rows_ = [f"{each:%Y-%m-%d %H:%M};-5" for each in quarters(at("2026-01-10T00:00:00"), 8)]
    path.write_text(lines("from;Verbrauch kWh", rows=rows_))
    dialogue = await prefer(hass, meter, "import_database")
    await named(dialogue, path)
    await counted(dialogue)
    await dialogue.answer(**dialogue.suggested)
    await dialogue.arrive()
    assert dialogue.step == "import_nothing"
    assert "8 negative" in dialogue.placeholders["report"]
    before = dict(meter.options)
    await dialogue.answer()
    assert meter.options == before
    assert await rows(hass, f"{DOMAIN}:negative_verbrauch_kwh") == []


async def test_series_in_one_column_are_told_apart(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    dialogue = await prefer(hass, meter, "import_database")
    await named(dialogue, written(media, load_profile_utc()))
    assert dialogue.suggested["series"] == "1"
    assert dialogue.suggested["zone"] == "utc"
    await counted(dialogue)
    assert [label.split(" · ")[0] for label in dialogue.suggested] == ["1-1:1.29.0", "1-1:2.29.0"]


async def test_an_export_needs_no_confirmation_and_goes_where_it_came_from(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity_id = energy(hass)
    path = media / "export.csv"
    hour = "2026-01-10T0{}:00:00+01:00,2026-01-10T0{}:00:00+01:00"
    text = [
        f"{hour.format(each, each + 1)},{name},kWh,{100 + each}.5,{each}.5,1.0,measured"
        for name in (entity_id, f"{DOMAIN}:other")
        for each in range(8)
    ]
    path.write_text(lines("start,end,statistic_id,unit,state,sum,change,origin", rows=text))
    dialogue = await prefer(hass, meter, "import_database")
    await dialogue.answer(path=str(path))
    await dialogue.arrive()
    assert dialogue.step == "import_series"
    first, second = dialogue.suggested
    assert dialogue.suggested == {first: entity_id, second: "external"}
    await dialogue.answer(**dialogue.suggested)
    await dialogue.arrive()
    await dialogue.answer()
    await dialogue.arrive()
    assert dialogue.errors == {}
    for statistic_id in (entity_id, f"{DOMAIN}:other"):
        found = await rows(hass, statistic_id)
        assert [(row["state"], row["sum"]) for row in found] == [
            (100.5 + each, each + 0.5) for each in range(8)
        ]

    async def fail(*_: object) -> None:
        raise file_error(FileReadError(FileError.CHANGED))

    monkeypatch.setattr(csv_import, "async_survey", fail)
    dialogue = await prefer(hass, meter, "import_database")
    await dialogue.answer(path=str(path))
    await dialogue.arrive()
    assert dialogue.step == "import_database"
    assert dialogue.errors == {"base": "file_changed"}


@pytest.mark.parametrize(
    ("name", "is_proposed"),
    [
        ("Kühlschrank_31.01.2026_23-50_month.csv", True),
        ("Freezer_31.01.2026_23-50_month.csv", False),
        ("20260131_235054_id00031_1month.csv", False),
    ],
)
async def test_a_table_of_the_box_goes_to_the_device_that_its_file_is_named_after(
    hass: HomeAssistant, box_entry: MockConfigEntry, media: Path, name: str, is_proposed: bool
) -> None:
    path = media / name
    path.write_bytes(fritzbox().data)
    dialogue = await prefer(hass, box_entry, "import_database")
    await named(dialogue, path)
    await counted(dialogue)
    (target,) = dialogue.suggested.values()
    plug = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{REFRIGERATOR}_energy")
    assert plug is not None
    assert (target == plug) == is_proposed
    await dialogue.leave()


async def test_only_hours_of_the_file_are_counted_where_others_were_there_before(
    hass: HomeAssistant, box_entry: MockConfigEntry, media: Path
) -> None:
    await hass.services.async_call(DOMAIN, "backfill", blocking=True, return_response=True)
    plug = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{REFRIGERATOR}_energy")
    assert plug is not None
    before = {row["start"]: row["change"] for row in await rows(hass, plug)}
    assert len(before) > 1000
    path = media / "days.csv"
    path.write_text(lines("Tag;kWh", rows=[f"{day}.05.2025;1,5" for day in range(1, 21)]))
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "import_file",
        {"path": str(path), "statistic_id": plug, "content": "consumption"},
        blocking=True,
        return_response=True,
    )
    (item,) = answer["series"]
    assert (item["rows"], item["energy"]) == (20 * 24, pytest.approx(30))
    after = {row["start"]: row["change"] for row in await rows(hass, plug)}
    assert len(after) == len(before) + 20 * 24
    assert {start: after[start] for start in before} == pytest.approx(before)
