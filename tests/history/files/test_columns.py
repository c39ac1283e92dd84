"""The columns of times are found."""

from collections.abc import Sequence

import pytest

from custom_components.py_hab.history.files.columns import (
    columns_of,
    find_order,
    find_times,
    is_data,
    wide_times,
)
from custom_components.py_hab.history.files.csv_format import TimeColumns
from custom_components.py_hab.history.files.moments import DayOrder


def times_of(rows: Sequence[str], names: str = "") -> tuple[TimeColumns, TimeColumns | None] | None:
    """Return the columns of times of rows."""
    found = find_times(columns_of([row.split(";") for row in rows], names.split(";")))
    return None if found is None else (found.begin, found.end)


@pytest.mark.parametrize(
    ("rows", "names", "begin", "end"),
    [
        (["2025-01-01 00:00;1", "2025-01-01 01:00;2"], "", (0, None), None),
        (["1;2025-01-01", "2;2025-01-02"], "", (1, None), None),
        (["01.01.2025;00:15;1", "01.01.2025;00:30;1"], "", (0, 1), None),
        (["20250101;0015;1", "20250101;0030;2"], "", (0, 1), None),
        (["01.01.2025;00:00;00:15;1"], "", (0, 1), (0, 2)),
        (["01.01.2025;00:00;01.01.2025;00:15;1"], "", (0, 1), (2, 3)),
        (["2025-01-01T00:00Z;2025-01-01T01:00Z;1"], "to;from", (1, None), (0, None)),
        (["2025-01-01T00:00Z;2025-01-01T01:00Z;1"], "x;y", (0, None), None),
        (
            [f"2025-01-01 0{hour}:00;2025-01-01 0{hour + 1}:00;1" for hour in range(5)],
            "",
            (0, None),
            (1, None),
        ),
        (["1735689600;5", "1735693200;6"], "", (0, None), None),
    ],
)
def test_columns_of_times_are_found(
    rows: list[str],
    names: str,
    begin: tuple[int, int | None],
    end: tuple[int, int | None] | None,
) -> None:
    assert times_of(rows, names) == (
        TimeColumns(day=begin[0], clock=begin[1]),
        None if end is None else TimeColumns(day=end[0], clock=end[1]),
    )


def test_without_times_there_are_none() -> None:
    assert times_of(["a;1", "b;2"]) is None
    assert times_of([]) is None


def test_a_row_of_data_has_a_time_and_a_number() -> None:
    assert is_data(["01.01.2025", "1,5"])
    assert not is_data(["01.01.2025", "x"])
    assert not is_data(["x", "1,5"])
    assert not is_data(["01.01.2025", ""])


def test_many_times_in_a_header_are_columns_of_values() -> None:
    clocks = [f"{hour:02}:00" for hour in range(24)]
    assert wide_times(["Datum", *clocks]) == ("", *clocks)
    assert wide_times(["Datum", *clocks[1:], "00:00"])[-1] == "24:00"
    assert wide_times(clocks[:5]) == ()
    assert wide_times(["x"] * 30) == ()


@pytest.mark.parametrize(
    ("texts", "order", "is_certain"),
    [
        (["2025-01-02"], DayOrder.YMD, True),
        (["01.02.2025"], DayOrder.DMY, True),
        (["01/02/2025"], DayOrder.DMY, False),
        (["13/02/2025"], DayOrder.DMY, True),
        (["02/13/2025"], DayOrder.MDY, True),
        (["01/02/2025 1:00 PM"], DayOrder.MDY, True),
        ([f"{day:02}/05/2025" for day in range(1, 11)], DayOrder.DMY, True),
        ([f"05/{day:02}/2025" for day in range(1, 11)], DayOrder.MDY, True),
        (["01.02.2025", "Summe"], DayOrder.DMY, True),
        (["2025-01-02"] * 1 + [f"{day}.02.2025" for day in range(1, 20)], DayOrder.DMY, True),
        (["1735689600"], DayOrder.UNIX, True),
    ],
)
def test_the_order_of_days_is_found_or_doubted(
    texts: list[str], order: DayOrder, is_certain: bool
) -> None:
    assert find_order(texts) == (order, is_certain)
    assert find_order(["x", ""]) is None
