"""Hourly means are those of the quarters of an hour that a box has stored."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from custom_components.py_hab.history.box.calendar import QUARTER_STEP
from custom_components.py_hab.history.box.means import hourly_means
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow
from tests.history.box.test_reconstruct import (
    NOW,
    Report,
    aligned,
    around,
    home,
    relative,
    series,
    unix,
)

FULL_HOUR: Final = datetime(2026, 11, 18, 10, 0, 0, tzinfo=UTC)
TEN: Final = unix(FULL_HOUR)


def test_means_are_of_whole_hours_that_have_ended() -> None:
    rows = hourly_means([series(QUARTER_STEP, 4, 3, 2, 1, 20, 20, 21, 23, at=FULL_HOUR)], now=NOW)
    assert rows == [
        MeanRow(TEN - 2 * HOUR, 21, 20, 23),
        MeanRow(TEN - HOUR, 2.5, 1, 4),
    ]


@pytest.mark.parametrize(
    ("values", "hours"),
    [
        ([4, 4, 4, 4, 5, 5, None], [2, 1]),
        ([4, 4, 4, 4, 5, None, None], [1]),
        ([4, 4, None, 4, 5, 5, 5, 5], [2]),
        ([None] * 96, []),
        ([4, 4, 4, 4, float("nan"), 5, float("inf"), 5], [2, 1]),
    ],
    ids=["first hour", "too little of it", "hole", "nothing", "nonsense"],
)
def test_hours_with_holes(values: list[float | None], hours: list[int]) -> None:
    rows = hourly_means([series(QUARTER_STEP, *values, at=FULL_HOUR)], now=NOW)
    assert [row.start for row in rows] == [TEN - hour * HOUR for hour in hours]


def test_a_quarter_in_two_hours_counts_in_each_for_its_time_there() -> None:
    (row,) = hourly_means([series(QUARTER_STEP, 30, 10, 10, 10, 20)], now=NOW)
    assert (row.start, row.min, row.max) == (TEN - HOUR, 10, 30)
    assert row.mean == pytest.approx((30 * 468 + 10 * 3 * QUARTER_STEP + 20 * 432) / HOUR)


@pytest.mark.parametrize("report", [relative, aligned])
def test_means_are_right_whenever_the_box_is_asked(report: Report) -> None:
    lived = home("Europe/Berlin")
    for minutes in range(0, 24 * 60, 7):
        at = NOW.replace(year=2025) + timedelta(minutes=minutes)
        rows = hourly_means(report(lived, at), now=at)
        assert 23 <= len(rows) <= 24
        for row in rows:
            begin, end = (datetime.fromtimestamp(row.start + s, UTC) for s in (0, HOUR))
            truth = lived.energy("import", end) - lived.energy("import", begin)
            allowed = around(lived, row.start) + around(lived, row.start + HOUR)
            assert abs(4 * row.mean - truth) <= allowed + 4


def test_an_hour_whose_end_is_not_reported_yet_waits() -> None:
    stats = [series(QUARTER_STEP, 4, 4, 4, 4, 5, 5, 5, 5, at=FULL_HOUR - timedelta(minutes=1))]
    assert [row.start for row in hourly_means(stats, now=NOW)] == [TEN - 2 * HOUR]


def test_a_measurement_of_the_future_is_none() -> None:
    stats = [series(QUARTER_STEP, *[20] * 96, at=NOW + timedelta(days=1))]
    assert hourly_means(stats, now=NOW) == []
    stats = [series(QUARTER_STEP, *[20] * 96, at=NOW + timedelta(minutes=55))]
    assert hourly_means(stats, now=NOW)[-1].start == TEN - HOUR
