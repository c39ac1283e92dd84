"""Begin and end of an interval in one cell."""

import pytest

from custom_components.py_hab.history.files.ranges import divided, find_ranges, with_divided


@pytest.mark.parametrize(
    ("cell", "times"),
    [
        ("00:00 - 00:15", ("00:00", "00:15")),
        ("23:45-00:00", ("23:45", "00:00")),
        ("00:00 bis 00:15", ("00:00", "00:15")),
        ("01.01.2026 - 31.01.2026", ("01.01.2026", "31.01.2026")),
        ("01.03.2026 23:45 - 00:00", ("01.03.2026 23:45", "01.03.2026 24:00")),
        (
            "2026-03-01T00:00:00+01:00/2026-03-01T00:15:00+01:00",
            ("2026-03-01T00:00:00+01:00", "2026-03-01T00:15:00+01:00"),
        ),
        ("2026-03-01 00:00", None),
        ("2026-03-01T00:00:00-05:00", None),
        ("1-0:1.8.0", None),
        ("A - B", None),
        ("", None),
    ],
)
def test_two_times_in_a_cell_are_divided(cell: str, times: tuple[str, str] | None) -> None:
    assert divided(cell) == times


def test_columns_with_two_times_become_two_columns() -> None:
    rows = [["Time", "kWh"], ["00:00 - 00:15", "1"], ["00:15 - 00:30", "2"]]
    assert find_ranges(rows) == (0,)
    assert list(with_divided([*rows, ["Total", "3"]], (0,))) == [
        ["Time", "Time", "kWh"],
        ["00:00", "00:15", "1"],
        ["00:15", "00:30", "2"],
        ["Total", "Total", "3"],
    ]
    assert find_ranges([["00:00", "1"], ["1-0:1.8.0", "2"]]) == ()
