"""Columns that name the series of a row."""

from collections.abc import Sequence

import pytest

from custom_components.py_hab.history.files.columns import columns_of
from custom_components.py_hab.history.files.series_columns import (
    SeriesColumns,
    find_series,
    series_name,
)

TIMES = ["00:00", "00:15", "00:30", "00:45", "01:00"]


def found(names: Sequence[str], rows: list[list[str]]) -> SeriesColumns:
    """Return the columns of series of a table whose first column is a time, and whose last a value."""
    last = len(names) - 1
    return find_series(columns_of(rows, names), rows, times=[0], values=[last], used=set())


@pytest.mark.parametrize(
    ("name", "texts", "columns"),
    [
        ("Meter ID", ("1", "2"), (1,)),
        ("Room", ("attic", "cellar"), (1,)),
        # Numbers without a name that says so, and the state of a value, are no names.
        ("Hour", ("1", "2"), ()),
        ("Status", ("preliminary", "final"), ()),
    ],
)
def test_texts_that_divide_rows_of_the_same_time_name_series(
    name: str, texts: tuple[str, str], columns: tuple[int, ...]
) -> None:
    rows = [[time, text, f"{index}{text}"] for index, time in enumerate(TIMES) for text in texts]
    assert found(["Time", name, "kWh"], rows) == (columns, bool(columns))


def test_a_text_that_divides_nothing_names_no_series() -> None:
    rows = [[time, "ab"[index % 2], str(index)] for index, time in enumerate(TIMES)]
    assert found(["Time", "Mode", "kWh"], rows) == ((), True)
    # In a log with several rows a minute, it divides too little.
    rows = [[time, "ab"[index % 2], str(index)] for time in TIMES for index in range(6)]
    assert found(["Time", "Mode", "kWh"], rows) == ((), False)


def test_the_name_of_several_columns_contains_all_of_them() -> None:
    assert series_name(["a ", "x", " b"], (0, 2)) == "a b"
    assert series_name(["a"], ()) == ""
