"""How a table is written is recognized, or doubted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.csv_format import (
    Content,
    CsvFormat,
    Doubt,
    FileZone,
    Label,
    TimeColumns,
)
from custom_components.py_hab.history.files.moments import DayOrder
from custom_components.py_hab.history.files.numbers import DecimalMark
from custom_components.py_hab.history.files.recognition import recognize
from custom_components.py_hab.history.files.table import read_sample
from tests.support.portals import BERLIN, PORTALS, Portal, at, lines, quarters

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")


def recognized(path: Path, text: str | bytes, delimiter: str | None = None) -> CsvFormat:
    """Write a file, and recognize it."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return recognize(read_sample(path), BERLIN, delimiter)


@pytest.mark.parametrize("make", PORTALS, ids=lambda make: make.__name__)
def test_the_table_of_a_portal_is_recognized(tmp_path: Path, make: object) -> None:
    assert callable(make)
    portal: Portal = make()
    form = recognized(tmp_path / "file.csv", portal.data)
    assert form.content == portal.content
    assert form.unit == portal.unit
    assert form.dialect.delimiter == portal.delimiter
    assert form.dialect.encoding == portal.encoding
    assert form.doubts == portal.doubts


def test_begin_and_end_in_four_columns(tmp_path: Path) -> None:
    form = recognized(tmp_path / "file.csv", PORTALS[0]().data)
    assert form.begin == TimeColumns(day=0, clock=1)
    assert form.end == TimeColumns(day=2, clock=3)
    assert (form.skip, form.columns[4], form.values) == (6, "Wert", (4,))


def test_a_day_with_begin_and_end(tmp_path: Path) -> None:
    form = recognized(tmp_path / "file.csv", PORTALS[1]().data)
    assert (form.begin, form.end) == (TimeColumns(day=0, clock=1), TimeColumns(day=0, clock=2))


def test_the_end_of_an_interval_and_utc_are_recognized(tmp_path: Path) -> None:
    found = {make.__name__: recognized(tmp_path / "file.csv", make().data) for make in PORTALS}
    assert {name for name, form in found.items() if form.label is Label.END} == {"bayernwerk"}
    assert {name for name, form in found.items() if form.zone is not FileZone.HOME} == {
        "load_profile_utc"
    }
    assert {name for name, form in found.items() if form.series is not None} == {
        "home_assistant_history",
        "home_assistant_energy",
        "load_profile_utc",
    }


QUARTERS: Final = list(quarters(at("2025-11-01T00:00:00"), 100))


def test_the_user_may_name_another_delimiter(tmp_path: Path) -> None:
    text = lines("Zeit;Wert kWh,x", rows=[f"{each:%Y-%m-%d %H:%M};1,5" for each in QUARTERS])
    assert recognized(tmp_path / "file.csv", text).dialect.delimiter == ";"
    with pytest.raises(FileReadError) as refused:
        recognized(tmp_path / "file.csv", text, "|")
    assert refused.value.reason is not FileError.EMPTY


def test_a_foreign_table_with_the_names_of_an_export_is_no_export(tmp_path: Path) -> None:
    rows = [f"{each:%d.%m.%Y %H:%M};x;1,{index % 7};kWh" for index, each in enumerate(QUARTERS)]
    form = recognized(tmp_path / "file.csv", lines("start;end;statistic_id;unit", rows=rows))
    assert form.content is Content.CONSUMPTION


DAYS: Final = {
    DayOrder.YMD: ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"),
    DayOrder.DMY: ("%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%d-%m-%Y"),
    DayOrder.MDY: ("%m/%d/%Y", "%m/%d/%y"),
}
CLOCKS: Final = ("%H:%M", "%H:%M:%S", "%I:%M:%S %p")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.sampled_from([*DAYS]),
    day=st.integers(0, 3),
    clock=st.sampled_from(CLOCKS),
    has_two_columns=st.booleans(),
    delimiter=st.sampled_from([";", ",", "\t", "|"]),
    decimal=st.sampled_from([*DecimalMark]),
    digits=st.integers(0, 4),
    has_thousands=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    preamble=st.integers(0, 6),
    is_newest_first=st.booleans(),
    step=st.sampled_from([5, 15, 30, 60]),
    content=st.sampled_from(["Zählerstand (kWh)", "Verbrauch (Wh)", "Leistung (kW)"]),
    first=st.integers(0, 400 * 24),
    count=st.integers(40, 200),
    seed=st.integers(1, 1000),
)
def test_any_dialect_is_recognized_or_doubted(
    tmp_path: Path,
    order: DayOrder,
    day: int,
    clock: str,
    has_two_columns: bool,
    delimiter: str,
    decimal: DecimalMark,
    digits: int,
    has_thousands: bool,
    encoding: str,
    preamble: int,
    is_newest_first: bool,
    step: int,
    content: str,
    first: int,
    count: int,
    seed: int,
) -> None:
    begin = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=first)
    forms = DAYS[order]
    rows: list[str] = []
    total = 14_000.0
    for index in range(count):
        moment = (begin + timedelta(minutes=step * index)).astimezone(BERLIN)
        amount = (index * seed) % 61 * (37.0 if "Wh)" in content else 0.11) + 0.1
        total += amount / 100
        number = total if "stand" in content else amount
        text = format(number, f"{',' if has_thousands else ''}.{digits}f")
        if decimal is DecimalMark.COMMA:
            text = text.translate(str.maketrans(",.", ".,"))
        cells = [moment.strftime(forms[day % len(forms)]), moment.strftime(clock)]
        cells = cells if has_two_columns else [" ".join(cells)]
        rows.append(
            delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in (*cells, text))
        )
    times = ["Datum", "Uhrzeit"] if has_two_columns else ["Zeitpunkt"]
    head = [f"Zeile {number} der Einleitung für Sie" for number in range(preamble)]
    text = lines(
        *head, delimiter.join([*times, content]), rows=rows[:: -1 if is_newest_first else 1]
    )
    form = recognized(tmp_path / "file.csv", text.encode(encoding))
    assert form.dialect.delimiter == delimiter
    is_plain = encoding == "cp1252" and text.isascii()
    assert form.dialect.encoding == ("utf-8" if is_plain else encoding)
    assert form.begin == TimeColumns(day=0, clock=1 if has_two_columns else None)
    assert form.values == (2 if has_two_columns else 1,)
    assert form.unit in content
    assert form.order is order or Doubt.DAY_ORDER in form.doubts
    written = {"Z": Content.READINGS, "V": Content.CONSUMPTION, "L": Content.POWER}[content[0]]
    assert form.content is written or Doubt.CONTENT in form.doubts
    has_marks = any(mark in row.rsplit(delimiter, 1)[-1] for row in rows for mark in ".,")
    assert form.decimal is decimal or Doubt.DECIMAL in form.doubts or not has_marks
    if form.order is order:
        assert form.step == step * 60
