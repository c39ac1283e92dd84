"""Rows with one time stand for intervals."""

from datetime import datetime
from typing import Final

import pytest

from custom_components.py_hab.history.files.csv_format import Label
from custom_components.py_hab.history.files.steps import (
    DAY,
    MONTH,
    YEAR,
    intervals,
    moved,
    usual_step,
)
from tests.support.portals import BERLIN

QUARTER: Final = 900


def unix(text: str) -> int:
    """Return the unix time of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


def lengths(times: list[int], label: Label, step: int | None) -> list[int]:
    """Return the seconds of the intervals of rows."""
    found = list(intervals([(at, 1.0) for at in times], label, step, BERLIN))
    edges = [each.start if label is Label.BEGIN else each.end for each in found]
    assert edges == times
    return [each.end - each.start for each in found]


@pytest.mark.parametrize("label", Label)
def test_regular_rows_have_equal_intervals(label: Label) -> None:
    times = [QUARTER * number for number in range(10)]
    assert lengths(times, label, QUARTER) == [QUARTER] * 10
    assert lengths(times[:2], label, None) == [QUARTER] * 2
    assert lengths([], label, QUARTER) == []


@pytest.mark.parametrize("label", Label)
def test_a_hole_belongs_to_no_interval(label: Label) -> None:
    times = [QUARTER * number for number in (1, 2, 3, 20, 21, 22, 40)]
    assert lengths(times, label, QUARTER) == [QUARTER] * 7


@pytest.mark.parametrize("label", Label)
def test_another_step_goes_on(label: Label) -> None:
    times = [3600 * number for number in range(1, 5)]
    times += [4 * 3600 + QUARTER * number for number in range(1, 20)]
    found = lengths(times, label, QUARTER)
    assert found.count(3600) in (3, 4)
    assert found[0] == 3600
    assert found[-1] == QUARTER


def test_irregular_rows_end_where_the_next_ones_begin() -> None:
    times = [100, 250, 1000, 1100]
    assert lengths(times, Label.BEGIN, None) == [150, 750, 100, 100]
    assert lengths(times, Label.END, None) == [150, 150, 750, 100]


def test_of_a_single_row_only_the_usual_step_says_its_interval() -> None:
    assert lengths([QUARTER], Label.BEGIN, None) == [0]
    assert lengths([QUARTER], Label.BEGIN, QUARTER) == [QUARTER]


def test_days_and_months_are_those_of_the_calendar() -> None:
    days = [unix(f"2025-10-{day:02}T00:00") for day in (24, 25, 26, 27)]
    assert lengths(days, Label.BEGIN, DAY) == [DAY, DAY, DAY + 3600, DAY]
    months = [unix(f"2025-{month:02}-01T00:00") for month in (1, 2, 3, 4)]
    ends = [*months[1:], unix("2025-05-01T00:00")]
    found = [
        each.end for each in intervals([(at, 1.0) for at in months], Label.BEGIN, MONTH, BERLIN)
    ]
    assert found == ends
    back = [each.start for each in intervals([(at, 1.0) for at in ends], Label.END, MONTH, BERLIN)]
    assert back == months
    assert moved(unix("2024-02-29T00:00"), YEAR, BERLIN) == unix("2025-02-28T00:00")


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2025-01-31", "2024-12-31", "2025-02-28"),
        ("2025-03-30", "2025-02-28", "2025-04-30"),
        ("2024-03-31", "2024-02-29", "2024-04-30"),
    ],
)
def test_a_month_ends_with_its_last_day(day: str, before: str, after: str) -> None:
    at = unix(f"{day}T00:00")
    assert moved(at, MONTH, BERLIN, back=True) == unix(f"{before}T00:00")
    assert moved(at, MONTH, BERLIN) == unix(f"{after}T00:00")


def test_the_usual_step_is_that_of_most_rows() -> None:
    assert usual_step([0, 900, 1800, 9000, 9900]) == QUARTER
    assert usual_step([0, 100, 250, 900]) is None
    assert usual_step([0]) is None
    assert usual_step([unix(f"2025-0{month}-01T00:00") for month in range(1, 8)]) == MONTH
    assert usual_step([unix(f"20{year}-01-01T00:00") for year in (20, 21, 22, 23)]) == YEAR
