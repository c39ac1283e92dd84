"""The format of a table, and what the user changes of it."""

from dataclasses import replace
from typing import Final

from custom_components.py_hab.history.files.csv_format import (
    Content,
    CsvFormat,
    CsvKey,
    CsvSeries,
    Doubt,
    Label,
    TimeColumns,
    melted,
)
from custom_components.py_hab.history.files.moments import DayOrder
from custom_components.py_hab.history.files.table import Dialect

FORMAT: Final = CsvFormat(
    dialect=Dialect(encoding="utf-8", delimiter=";", is_quoted=False),
    skip=1,
    columns=("Zeit", "Wert", ""),
    begin=TimeColumns(day=0),
    order=DayOrder.DMY,
    values=(1,),
    content=Content.CONSUMPTION,
    unit="kWh",
    doubts=frozenset(Doubt),
)


def test_what_is_chosen_is_not_doubtful_any_more() -> None:
    found = FORMAT.with_choices({"content": Content.READINGS, "label": Label.END})
    assert found.doubts == {Doubt.DECIMAL, Doubt.DAY_ORDER, Doubt.UNIT, Doubt.SERIES}


def test_the_unit_fits_the_content() -> None:
    assert FORMAT.with_choices({"content": Content.POWER}).unit == "kW"
    assert replace(FORMAT, unit="Wh").with_choices({"content": Content.POWER}).unit == "W"
    assert replace(FORMAT, unit="?").with_choices({"content": Content.POWER}).unit == "kW"


def test_only_intervals_with_one_time_need_a_label() -> None:
    assert Doubt.LABEL in FORMAT.open_doubts
    assert Doubt.LABEL not in replace(FORMAT, content=Content.READINGS).open_doubts
    assert Doubt.LABEL not in replace(FORMAT, end=TimeColumns(day=2)).open_doubts


def test_a_column_without_a_name_has_a_number() -> None:
    assert [FORMAT.name_of(index) for index in (1, 2, 7)] == ["Wert", "3", "8"]


def test_a_row_of_many_times_becomes_many_rows() -> None:
    rows = [["a", "1", "", "3", "x"], ["b", "4"]]
    assert list(melted(rows, ("", "00:00", "01:00", "02:00", ""))) == [
        ["a", "00:00", "1"],
        ["a", "02:00", "3"],
        ["b", "00:00", "4"],
    ]


def test_a_series_has_a_name_for_programs() -> None:
    series = CsvSeries(
        key=CsvKey("1.8.0", 2),
        name="1.8.0",
        column="Wert",
        unit="kWh",
        content=Content.READINGS,
        rows=1,
        first=None,
        last=None,
    )
    assert series.identity == {"series": "1.8.0", "column": "Wert"}
    assert series.device == "1.8.0 3"
