"""Local times of a legacy file become unix times, in October and in March too."""

from array import array
from datetime import UTC, datetime
import random
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.files.clock import (
    RowError,
    WallClock,
    in_order,
    in_second_pass,
)
from tests.support.legacy_files import BERLIN, at, local

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

ZONES: Final = [BERLIN, *map(ZoneInfo, ("Australia/Lord_Howe", "Asia/Beirut", "UTC"))]
TWO: Final = at("2024-10-27T00:00:00")
"""When it is two o'clock in Berlin for the first time on the last Sunday in October."""


@given(st.integers(at("2023-01-01T00:00:00"), at("2025-12-31T00:00:00")), st.sampled_from(ZONES))
def test_every_moment_is_found_again(moment: int, zone: ZoneInfo) -> None:
    clock = WallClock(zone)
    text = local(moment, zone).encode()
    for _ in range(2):
        found = clock.parse(text)
        assert not isinstance(found, RowError)
        first, shift = found
        assert moment in (first, first + shift)
        if text[:10] in clock.days:
            assert clock.days[text[:10]] + clock.seconds[text[10:]] == moment


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"2024-10-27T02:30:00", (TWO + 1800, 3600)),
        (b"2024-10-27T01:59:59", (TWO - 1, 0)),
        (b"2024-10-27T03:00:00", (TWO + 7200, 0)),
        (b"2024-03-31T02:30:00", RowError.NONEXISTENT_HOUR),
        (b"2024-02-29T12:00:00", (at("2024-02-29T11:00:00"), 0)),
        (b"2023-02-29T12:00:00", RowError.BAD_TIME),
        (b"2024-02-29T24:00:00", RowError.BAD_TIME),
        (b"2024-02-29T23:60:00", RowError.BAD_TIME),
        (b"2014-12-31T23:00:00", RowError.BAD_TIME),
        (b"2024-02-29", RowError.BAD_TIME),
        ("2024-02-29T12:00:00", RowError.BAD_TIME),
        (None, RowError.BAD_TIME),
    ],
)
def test_some_times_are_special(text: object, found: object) -> None:
    clock = WallClock(BERLIN)
    assert clock.parse(text) == found
    assert (clock.local(text) is None) == isinstance(found, RowError)


def test_tomorrow_has_not_been_measured_yet() -> None:
    clock = WallClock(UTC)
    year = datetime.now(UTC).year + 1
    assert clock.parse(f"{year}-01-01T00:00:00".encode()) is RowError.BAD_TIME


# The hour that exists twice


def written(
    *moments: int,
    amounts: list[float] | None = None,
    before: int = TWO - 600,
    after: int = TWO + 7200,
) -> tuple[list[int], list[float]]:
    """Return readings as they are found: in the second pass as if it were the first."""
    times = [each - 3600 if each >= TWO + 3600 else each for each in moments]
    values = amounts or [float(index) for index in range(1, len(moments) + 1)]
    return [before, *times, after - 3600], [0.0, *values, 99.0]


def second(*moments: int) -> list[bool]:
    """Return which moments lie in the second pass."""
    return [each >= TWO + 3600 for each in moments]


@pytest.mark.parametrize("rising", [True, False])
def test_time_falls_back_once(rising: bool) -> None:
    moments = range(TWO, TWO + 7200, 600)
    assert in_second_pass(*written(*moments), rising=rising) == second(*moments)


@pytest.mark.parametrize("rising", [True, False])
def test_equal_times_stand_in_the_order_in_which_they_were_written(rising: bool) -> None:
    moments = [TWO + 600, TWO + 4200]
    assert in_second_pass(*written(*moments), rising=rising) == [False, True]


@pytest.mark.parametrize("seed", range(20))
def test_a_counter_separates_the_passes_whatever_the_order(seed: int) -> None:
    order = list(range(TWO, TWO + 7200, 600))
    random.Random(seed).shuffle(order)
    found = in_second_pass(*written(*order, amounts=[float(each) for each in order]), rising=True)
    assert found == second(*order)


def test_many_readings_are_separated_by_their_order() -> None:
    moments = range(TWO, TWO + 7200, 10)
    assert in_second_pass(*written(*moments), rising=True) == second(*moments)


def test_without_a_fall_the_additional_hour_is_where_nothing_changed() -> None:
    moments = [TWO + 600, TWO + 1200, TWO + 5400]
    times, amounts = written(*moments, amounts=[5.0, 7.0, 7.0])
    assert in_second_pass(times, amounts, rising=True) == [False, False, True]


def test_without_any_sign_it_is_the_longest_hole() -> None:
    moments = [TWO + 600, TWO + 1200, TWO + 1800]
    assert in_second_pass(*written(*moments, before=TWO), rising=True) == [False] * 3
    assert in_second_pass(*written(*moments, before=TWO - 9000), rising=True) == [True] * 3


def test_readings_are_sorted_by_time_and_else_as_they_were_written() -> None:
    times, amounts = in_order(array("I", [5, 3, 5, 4]), array("d", [1.0, 2.0, 3.0, 4.0]))
    assert list(times) == [3, 4, 5, 5]
    assert list(amounts) == [2.0, 4.0, 1.0, 3.0]
