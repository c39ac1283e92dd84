"""Which times the values of a series cover, also on days on which the clock changes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.py_hab.fritzbox.device_stats import Series
from custom_components.py_hab.history.box.calendar import (
    DAY_STEP,
    MAX_VALUES,
    MONTH_STEP,
    QUARTER_STEP,
    SIX_HOUR_STEP,
    STEPS,
    UPDATE_TIME,
    Period,
    anchor_of,
    by_the_clock,
    periods,
)

BERLIN: Final = ZoneInfo("Europe/Berlin")
NOW: Final = datetime(2026, 3, 20, 18, 7, 33, tzinfo=UTC)


def series(step: int, count: int = 3, at: datetime | None = NOW) -> Series:
    """Return a series with the values 0, 1, 2 …, newest first."""
    return Series(step=step, values=tuple(map(float, range(count))), at=at)


def covered(
    step: int, count: int = 3, *, anchor: datetime = NOW, newest: datetime | None = None
) -> list[tuple[str, str]]:
    """Return start and end of each period in local time, newest first."""
    return [
        (local(period.start), local(period.end))
        for period in periods(series(step, count), anchor, newest or anchor, BERLIN)
    ]


def local(unix: int) -> str:
    return datetime.fromtimestamp(unix, BERLIN).strftime("%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("at", "anchor"),
    [
        (None, NOW),
        (NOW, NOW),
        (NOW - timedelta(minutes=14), NOW - timedelta(minutes=14)),
        (NOW + timedelta(hours=1), NOW + timedelta(hours=1)),
        (NOW - timedelta(days=366), NOW - timedelta(days=366)),
        (NOW + timedelta(hours=1, seconds=1), None),
        (NOW - timedelta(days=366, seconds=1), None),
        (datetime(1970, 1, 1, tzinfo=UTC), None),
    ],
)
def test_a_series_reaches_up_to_its_time_stamp_if_that_is_credible(
    at: datetime | None, anchor: datetime | None
) -> None:
    assert anchor_of(series(DAY_STEP, at=at), NOW) == anchor


def test_quarters_of_an_hour_go_back_from_the_time_stamp() -> None:
    assert covered(QUARTER_STEP) == [
        ("03-20 18:52:33", "03-20 19:07:33"),
        ("03-20 18:37:33", "03-20 18:52:33"),
        ("03-20 18:22:33", "03-20 18:37:33"),
    ]


def of_the_clock(
    *, until: datetime, kwh: Callable[[int], float | None], ahead: int = 0
) -> tuple[Series, Series]:
    """Return the quarters of a day and the six hours that they add up to, up to a time in UTC.

    `kwh` is the energy of a quarter by its number since 1970. Quarters begin `ahead` of the clock.
    """
    newest = (int(until.timestamp()) - 1) // QUARTER_STEP
    quarters = [kwh(newest - back) for back in range(96)]
    first = (int(until.timestamp()) - 1) // SIX_HOUR_STEP
    parts = [
        [
            kwh(number + ahead) or 0.0
            for number in range((first - back) * 24, (first - back + 1) * 24)
            if number <= newest
        ]
        for back in range(28)
    ]
    return (
        Series(step=QUARTER_STEP, values=tuple(quarters), at=None),
        Series(step=SIX_HOUR_STEP, values=tuple(map(sum, parts)), at=None),
    )


def uneven(number: int) -> float:
    return number * 7919 % 97 / 1000


@pytest.mark.parametrize(
    ("anchor", "until", "end"),
    [
        ("18:07:33", "18:07:33", "18:15:00"),
        ("18:16:30", "18:16:30", "18:30:00"),
        # The values have not moved on yet.
        ("18:16:30", "18:15:00", "18:15:00"),
        ("18:01:00", "18:00:00", "18:00:00"),
        # For so long, no plug is silent.
        ("18:19:00", "18:15:00", None),
    ],
)
def test_quarters_that_add_up_to_six_hours_follow_the_clock(
    anchor: str, until: str, end: str | None
) -> None:
    def at(clock: str) -> datetime:
        return datetime.fromisoformat(f"2026-03-20T{clock}+00:00")

    quarters, six_hours = of_the_clock(until=at(until), kwh=uneven)
    found = by_the_clock(quarters, six_hours, at(anchor), UTC)
    assert (found and found.quarter_end) == (end and int(at(end).timestamp()))
    if found is not None:
        have_six_hours_ended = until == "18:00:00"
        assert (found.six_hours_until < at(until)) == have_six_hours_ended


@pytest.mark.parametrize(
    ("kwh", "ahead"),
    [(uneven, 1), (lambda _: 0.0, 0), (lambda number: None if number % 9 else 0.01, 0)],
    ids=["other times", "nothing used", "unknown quarters"],
)
def test_without_proof_quarters_do_not_follow_the_clock(
    kwh: Callable[[int], float | None], ahead: int
) -> None:
    quarters, six_hours = of_the_clock(until=NOW, kwh=kwh, ahead=ahead)
    assert by_the_clock(quarters, six_hours, NOW, UTC) is None


def test_the_newest_quarter_reaches_up_to_the_time_stamp_if_it_is_running() -> None:
    running = int(NOW.timestamp()) // QUARTER_STEP * QUARTER_STEP
    found = list(
        periods(series(QUARTER_STEP, 2), NOW, NOW, UTC, newest_quarter_end=running + QUARTER_STEP)
    )
    assert found == [
        Period(running, int(NOW.timestamp()), 0.0, is_approximate=True),
        Period(running - QUARTER_STEP, running, 1.0, is_approximate=True),
    ]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            SIX_HOUR_STEP,
            [
                ("03-20 18:00:00", "03-20 19:07:33"),
                ("03-20 12:00:00", "03-20 18:00:00"),
                ("03-20 06:00:00", "03-20 12:00:00"),
            ],
        ),
        (
            DAY_STEP,
            [
                ("03-20 00:00:00", "03-20 19:07:33"),
                ("03-19 00:00:00", "03-20 00:00:00"),
                ("03-18 00:00:00", "03-19 00:00:00"),
            ],
        ),
        (
            MONTH_STEP,
            [
                ("03-01 00:00:00", "03-20 19:07:33"),
                ("02-01 00:00:00", "03-01 00:00:00"),
                ("01-01 00:00:00", "02-01 00:00:00"),
            ],
        ),
    ],
)
def test_longer_steps_follow_the_calendar_of_the_home(
    step: int, expected: list[tuple[str, str]]
) -> None:
    assert covered(step) == expected


@pytest.mark.parametrize(
    ("noon", "hours"),
    [
        (datetime(2026, 3, 30, 10, tzinfo=UTC), 23),
        (datetime(2026, 10, 26, 11, tzinfo=UTC), 25),
        (datetime(2026, 7, 2, 10, tzinfo=UTC), 24),
    ],
)
def test_a_day_on_which_the_clock_changes_is_shorter_or_longer(noon: datetime, hours: int) -> None:
    _, yesterday, _ = periods(series(DAY_STEP), noon, noon, BERLIN)
    assert yesterday.end - yesterday.start == hours * 3600


def test_a_time_that_the_clock_passes_twice_belongs_to_one_period_of_six_hours() -> None:
    second_pass = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    first, *_ = periods(series(SIX_HOUR_STEP), second_pass, second_pass, BERLIN)
    assert local(first.start) == "10-25 00:00:00"
    assert first.end - first.start == 3 * 3600 + 1800


@pytest.mark.parametrize("step", sorted(STEPS))
def test_periods_follow_each_other_without_gap_and_overlap(step: int) -> None:
    found = list(periods(series(step, 60), NOW, NOW, BERLIN))
    assert [period.value for period in found] == list(map(float, range(60)))
    assert all(older.end == newer.start for newer, older in pairwise(found))
    assert all(period.start < period.end for period in found)


@pytest.mark.parametrize("step", sorted(STEPS))
def test_only_days_and_months_are_exact(step: int) -> None:
    found = periods(series(step), NOW, NOW, BERLIN)
    assert {period.is_approximate for period in found} == {step < DAY_STEP}


def test_a_period_without_length_is_left_out() -> None:
    midnight = datetime(2026, 3, 19, 23, tzinfo=UTC)
    assert list(periods(series(DAY_STEP, 2), midnight, midnight, BERLIN)) == [
        Period(int(midnight.timestamp()) - 86400, int(midnight.timestamp()), 1.0)
    ]


@pytest.mark.parametrize(
    ("behind", "end"),
    [
        (timedelta(seconds=UPDATE_TIME), "03-20 19:07:33"),
        (timedelta(seconds=UPDATE_TIME + 1), "03-20 18:52:32"),
    ],
)
def test_series_that_were_updated_together_reach_up_to_the_same_time(
    behind: timedelta, end: str
) -> None:
    assert covered(DAY_STEP, anchor=NOW - behind, newest=NOW)[0] == ("03-20 00:00:00", end)


def test_a_series_of_yesterday_does_not_reach_into_today() -> None:
    after = datetime(2026, 3, 19, 23, 5, tzinfo=UTC)
    before = after - timedelta(minutes=10)
    assert covered(DAY_STEP, 1, anchor=before, newest=after) == [
        ("03-19 00:00:00", "03-19 23:55:00")
    ]


@pytest.mark.parametrize("step", [QUARTER_STEP, DAY_STEP])
def test_values_that_no_box_stores_are_not_used(step: int) -> None:
    assert len(covered(step, MAX_VALUES + 50)) == MAX_VALUES
