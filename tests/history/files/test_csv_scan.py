"""Times and values are found in rows."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.py_hab.history.files.clock import RowError
from custom_components.py_hab.history.files.csv_format import (
    Content,
    CsvFormat,
    FileZone,
    TimeColumns,
)
from custom_components.py_hab.history.files.csv_scan import (
    Range,
    Scan,
    file_zone,
    rows_with_data,
)
from custom_components.py_hab.history.files.numbers import DecimalMark
from custom_components.py_hab.history.files.readings import Readings
from tests.history.files.test_csv_format import FORMAT
from tests.support.portals import BERLIN


def scanned(form: CsvFormat, rows: Iterable[str], **options: Any) -> Readings:
    """Return what is collected of rows."""
    column = Readings()
    cells = [row.split(";") for row in rows]
    Scan(form, BERLIN, **options).collect(cells, {"": {form.values[0]: column}})
    return column


def test_rows_are_collected_or_counted() -> None:
    rows = ["01.07.2025 10:00;1.5", "", ";", "Summe;7", "01.07.2025 10:15", "01.07.2025 10:30;x"]
    found = scanned(FORMAT, rows)
    assert list(found.amounts) == [1.5]
    assert found.rejected == {RowError.BAD_TIME: 1, RowError.EMPTY: 1, RowError.NOT_A_NUMBER: 1}


def test_only_a_part_of_the_time_is_collected() -> None:
    rows = [f"01.07.2025 {hour:02}:00;{hour}" for hour in range(24)]
    start = int(datetime(2025, 7, 1, 10, tzinfo=UTC).timestamp())
    found = scanned(FORMAT, rows, within=Range(start, start + 7200))
    assert list(found.amounts) == [12.0, 13.0]


def test_units_of_rows_are_converted() -> None:
    form = replace(FORMAT, units=2, columns=("Zeit", "Wert", "Einheit"))
    rows = [f"01.07.2025 10:00;1;{unit}" for unit in ("kWh", "Wh", "MWh", "", "m³", "kW")]
    found = scanned(form, [*rows, "01.07.2025 10:00;1"])
    assert list(found.amounts) == [1.0, 0.001, 1000.0, 1.0, 1.0]
    assert found.rejected == {RowError.OTHER_UNIT: 2}
    exported = replace(form, content=Content.SUMS, unit="m³")
    assert scanned(exported, rows).rejected == {RowError.OTHER_UNIT: 4}


ENDS = replace(
    FORMAT,
    begin=TimeColumns(day=0, clock=1),
    end=TimeColumns(day=0, clock=2),
    values=(3,),
    step=900,
    decimal=DecimalMark.COMMA,
)


@pytest.mark.parametrize(
    ("row", "length"),
    [
        ("01.07.2025;10:00;10:15;1", 900),
        ("01.07.2025;23:45;00:00;1", 900),
        ("01.07.2025;23:45;24:00;1", 900),
        ("01.07.2025;10:00;10:14;1", 900),
        ("01.07.2025;10:00;10:14:59;1", 900),
        ("01.07.2025;10:00;10:05;1", 300),
        ("26.10.2025;02:45;02:00;1", 900),
        ("26.10.2025;02:45;03:00;1", 900),
        ("26.10.2025;01:45;02:00;1", 900),
        ("30.03.2025;01:45;02:00;1", 900),
        ("30.03.2025;01:45;03:00;1", 900),
    ],
)
def test_the_length_of_an_interval_is_what_it_says(row: str, length: int) -> None:
    assert list(scanned(ENDS, [row]).lengths) == [length]


def test_an_end_before_the_begin_is_no_interval() -> None:
    form = replace(FORMAT, end=TimeColumns(day=2), step=None)
    found = scanned(form, ["01.07.2025 10:00;1;01.07.2025 09:00", "01.07.2025 10:00;1;never"])
    assert found.rejected == {RowError.BAD_TIME: 2}
    assert scanned(form, ["01.07.2025 10:00;1"]).rejected == {RowError.BAD_TIME: 1}


def test_the_last_day_may_belong_to_the_interval() -> None:
    form = replace(FORMAT, end=TimeColumns(day=2), is_end_included=True)
    assert list(scanned(form, ["25.10.2025;1;26.10.2025"]).lengths) == [49 * 3600]


@pytest.mark.parametrize(
    ("zone", "hour"), [(FileZone.HOME, 8), (FileZone.STANDARD, 9), (FileZone.UTC, 10)]
)
def test_times_are_those_of_the_zone(zone: FileZone, hour: int) -> None:
    found = scanned(replace(FORMAT, zone=zone), ["01.07.2025 10:00;1"])
    assert datetime.fromtimestamp(found.times[0], UTC).hour == hour
    assert file_zone(FORMAT, BERLIN) is BERLIN


def test_the_header_is_left_out() -> None:
    assert list(rows_with_data(iter([["x"], ["y"]]), FORMAT)) == [["y"]]
    assert list(rows_with_data(iter([]), FORMAT)) == []
    wide = replace(FORMAT, times=("", "10:00"))
    assert list(rows_with_data(iter([["x"], ["y", "1"]]), wide)) == [["y", "10:00", "1"]]
