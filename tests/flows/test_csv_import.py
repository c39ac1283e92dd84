"""The form that shows how a table is read."""

from pathlib import Path
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.flows.csv_import import CsvSource, csv_schema, csv_table, with_answers
from custom_components.py_hab.flows.history_texts import async_history_texts
from custom_components.py_hab.history.files.csv_format import TimeColumns
from homeassistant.core import HomeAssistant
from tests.support.dialogue import suggestions
from tests.support.portals import bayernwerk, berlin_matrix


async def source(hass: HomeAssistant, path: Path, data: bytes) -> CsvSource:
    """Return a table that was recognized."""
    await hass.async_add_executor_job(path.write_bytes, data)
    entry: Any = MockConfigEntry()
    found = CsvSource(hass, entry, path)
    await found.async_recognize()
    return found


async def test_accepting_the_form_changes_nothing(hass: HomeAssistant, tmp_path: Path) -> None:
    table = await source(hass, tmp_path / "file.csv", bayernwerk().data)
    before = table.format
    texts = await async_history_texts(hass)
    answers = suggestions(csv_schema(table, texts))
    assert not await table.async_recognize_again(answers)
    assert with_answers(table, answers) == {}
    assert table.format == before


async def test_all_answers_are_used(hass: HomeAssistant, tmp_path: Path) -> None:
    table = await source(hass, tmp_path / "file.csv", bayernwerk().data)
    answers = suggestions(csv_schema(table, await async_history_texts(hass)))
    answers |= {"content": "readings", "unit": "MWh", "label": "begin", "order": "mdy"}
    answers |= {"zone": "standard", "decimal": "point", "end_day": "0", "series": "1"}
    assert with_answers(table, answers) == {}
    form = table.format
    assert (form.content, form.unit, form.label) == ("readings", "MWh", "begin")
    assert (form.order, form.zone, form.decimal, form.series) == ("mdy", "standard", "point", 1)
    assert form.end == TimeColumns(day=0)
    assert not form.doubts


async def test_the_first_rows_are_a_table_and_no_markup(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    texts = await async_history_texts(hass)
    table = await source(hass, tmp_path / "file.csv", berlin_matrix().data)
    shown = csv_table(table, texts)["rows"].splitlines()
    assert shown[0] == "| Datum | 2 | 3 |"
    assert shown[2].startswith("| 01.11.2025 | 00:00 | 0,")
    text = "Zeit;Wert [kWh](http://x)|<b>\n" + "".join(
        f"2025-01-0{day};{day}.5\n" for day in range(1, 9)
    )
    table = await source(hass, tmp_path / "other.csv", text.encode())
    header = csv_table(table, texts)["rows"].splitlines()[0]
    assert "<b>" not in header.replace("\\<b", "")
    assert header.count("|") - header.count("\\|") == 3
