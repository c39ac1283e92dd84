"""The table is found in a file, whatever stands before it."""

from pathlib import Path

import pytest

from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.layout import Layout, find_layout
from custom_components.py_hab.history.files.table import read_sample


def found(path: Path, text: str, delimiter: str | None = None) -> Layout:
    """Write a file, and find its table."""
    path.write_text(text)
    return find_layout(read_sample(path), delimiter)


def test_names_may_have_their_units_below_them(path: Path) -> None:
    layout = found(
        path,
        "Zählpunkt;DE001\nDatum;Bezug;Lieferung\n;[kWh];[kWh]\n"
        "01.02.2026 00:00;0,25;0\n01.02.2026 00:15;0,5;0\n",
    )
    assert (layout.delimiter, layout.skip) == (";", 3)
    assert layout.names == ("Datum", "Bezug [kWh]", "Lieferung [kWh]")
    assert [row[1] for row in layout.rows] == ["0,25", "0,5"]


def test_rows_of_another_width_are_left_out(path: Path) -> None:
    layout = found(path, "day,kWh\n2026-02-01,1.5\n2026-02-02,1.25\n2026-02-03,1.0,late\n")
    assert [row[0] for row in layout.rows] == ["2026-02-01", "2026-02-02"]


def test_times_in_columns_are_made_rows(path: Path) -> None:
    times = [f"{number // 4:02}:{15 * (number % 4):02}" for number in range(96)]
    values = ["0.25"] * 96
    layout = found(
        path, "\n".join(",".join(row) for row in (["day", *times], ["2026-02-01", *values]))
    )
    assert [time for time in layout.times if time] == times
    assert len(layout.rows) == 96
    assert layout.rows[0][-1] == "0.25"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a letter\nof two lines\n", FileError.NOT_A_TABLE),
        ("a;b\n1;2\n", FileError.NO_TIMES),
        ("2026-02-01;open\n2026-02-02;closed\n", FileError.NO_VALUES),
    ],
)
def test_what_is_missing_is_named(path: Path, text: str, error: FileError) -> None:
    with pytest.raises(FileReadError) as raised:
        found(path, text)
    assert raised.value.reason is error
