"""Times are read as portals and programs write them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import pytest

from custom_components.py_hab.history.files.clock import RowError, WallTime
from custom_components.py_hab.history.files.moments import (
    DayOrder,
    Moments,
    cut,
    orders_of,
    parse_clock,
    parse_day,
    standard_time,
)
from tests.support.portals import BERLIN

YMD, DMY, MDY, UNIX = DayOrder.YMD, DayOrder.DMY, DayOrder.MDY, DayOrder.UNIX


def unix(text: str) -> int:
    """Return the unix time of an ISO text."""
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("text", "order", "iso"),
    [
        ("2025-03-04 05:06:07", YMD, "2025-03-04T05:06:07+01:00"),
        ("2025-03-04T05:06", YMD, "2025-03-04T05:06+01:00"),
        ("2025-07-04T05:06:07Z", YMD, "2025-07-04T05:06:07+00:00"),
        ("2025-07-04T05:06:07.123456+00:00", YMD, "2025-07-04T05:06:07+00:00"),
        ("2025-07-04T05:06:07-0330", YMD, "2025-07-04T05:06:07-03:30"),
        ("2025-07-04 05:06 UTC", YMD, "2025-07-04T05:06+00:00"),
        ("2025/07/04 05:06", YMD, "2025-07-04T05:06+02:00"),
        ("20250704", YMD, "2025-07-04T00:00+02:00"),
        ("202507040506", YMD, "2025-07-04T05:06+02:00"),
        ("20250704050607", YMD, "2025-07-04T05:06:07+02:00"),
        ("20250704T0506", YMD, "2025-07-04T05:06+02:00"),
        ("2025-07", YMD, "2025-07-01T00:00+02:00"),
        ("2025-Jul-04", YMD, "2025-07-04T00:00+02:00"),
        ("4.7.2025 5:06", DMY, "2025-07-04T05:06+02:00"),
        ("04.07.25 05:06", DMY, "2025-07-04T05:06+02:00"),
        ("04.07.2025, 05:06 Uhr", DMY, "2025-07-04T05:06+02:00"),
        ("Fr, 04.07.2025 05:06", DMY, "2025-07-04T05:06+02:00"),
        ("04.07.2025 24:00", DMY, "2025-07-05T00:00+02:00"),
        ("04/07/2025", DMY, "2025-07-04T00:00+02:00"),
        ("07.2025", DMY, "2025-07-01T00:00+02:00"),
        ("4. Juli 2025 05:06", DMY, "2025-07-04T05:06+02:00"),
        ("04-Jul-2025", DMY, "2025-07-04T00:00+02:00"),
        ("Dezember 2024", DMY, "2024-12-01T00:00+01:00"),
        ("26.10.2025 02:30 MESZ", DMY, "2025-10-26T02:30+02:00"),
        ("26.10.2025 02:30 (MEZ)", DMY, "2025-10-26T02:30+01:00"),
        ("7/4/2025 5:06 PM", MDY, "2025-07-04T17:06+02:00"),
        ("07/04/25 12:06:07 AM", MDY, "2025-07-04T00:06:07+02:00"),
        ("July 4, 2025", MDY, "2025-07-04T00:00+02:00"),
        ("1751605567", UNIX, "2025-07-04T05:06:07+00:00"),
        ("1751605567.25", UNIX, "2025-07-04T05:06:07+00:00"),
        ("1751605567123", UNIX, "2025-07-04T05:06:07+00:00"),
    ],
)
def test_a_time_is_read(text: str, order: DayOrder, iso: str) -> None:
    moments = Moments(order, BERLIN)
    assert order in orders_of([text])
    for _ in range(2):
        assert moments.parse(*cut(text)) == WallTime(unix(iso), 0)


@pytest.mark.parametrize(
    ("text", "order", "error"),
    [
        ("2025-13-01", YMD, RowError.BAD_TIME),
        ("2025-02-30 10:00", YMD, RowError.BAD_TIME),
        ("2025-02-03 25:00", YMD, RowError.BAD_TIME),
        ("2025-02-03 10:60", YMD, RowError.BAD_TIME),
        ("2025-02-03 13:00 PM", YMD, RowError.BAD_TIME),
        ("1999-12-31 10:00", YMD, RowError.BAD_TIME),
        ("2999-12-31 10:00", YMD, RowError.BAD_TIME),
        ("2999-12-31 10:00Z", YMD, RowError.BAD_TIME),
        ("Summe 10:00Z", YMD, RowError.BAD_TIME),
        ("Summe", DMY, RowError.BAD_TIME),
        ("31. Xyz 2025", DMY, RowError.BAD_TIME),
        ("", DMY, RowError.BAD_TIME),
        ("12", UNIX, RowError.BAD_TIME),
        ("30.03.2025 02:30", DMY, RowError.NONEXISTENT_HOUR),
    ],
)
def test_what_is_no_time_has_a_reason(text: str, order: DayOrder, error: RowError) -> None:
    assert Moments(order, BERLIN).parse(*cut(text)) is error


def test_the_hour_that_occurs_twice_is_said_to_do_so() -> None:
    found = Moments(DMY, BERLIN).parse("26.10.2025", "02:30")
    assert found == WallTime(unix("2025-10-26T02:30+02:00"), 3600)


def test_an_interval_may_end_when_the_skipped_hour_begins() -> None:
    moments = Moments(DMY, BERLIN)
    found = moments.parse("30.03.2025", "02:00", is_end=True)
    assert found == WallTime(unix("2025-03-30T01:00+00:00"), 0)
    assert moments.parse("30.03.2025", "02:15", is_end=True) is RowError.NONEXISTENT_HOUR


def test_days_and_clocks_are_cached_but_not_those_of_a_clock_change() -> None:
    moments = Moments(DMY, BERLIN)
    for day in ("25.10.2025", "26.10.2025"):
        moments.parse(day, "00:15")
    assert moments.days == {"25.10.2025": unix("2025-10-25T00:00+02:00")}
    assert moments.seconds == {"00:15": 900}


def test_days_have_several_orders_or_none() -> None:
    assert orders_of(["01.02.2025"]) == {DMY, MDY}
    assert orders_of(["01.02.2025", "13.02.2025"]) == {DMY}
    assert orders_of(["x"]) == set()
    assert parse_day("01.02.2025", UNIX) is None
    assert parse_clock("later") is None


STANDARD: Final = timezone(timedelta(hours=1))


def test_standard_time_knows_no_summer() -> None:
    zone = standard_time(BERLIN)
    assert datetime(2025, 7, 1, tzinfo=UTC).astimezone(zone).utcoffset() == timedelta(hours=1)
    found = Moments(DMY, zone).parse("01.07.2025", "00:00")
    assert found == WallTime(unix("2025-07-01T00:00+01:00"), 0)
