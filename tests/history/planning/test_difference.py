"""What our changes amount to: ranges of hours, adjustments, and the stamps of rows."""

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.planning.difference import (
    Cumulative,
    Difference,
    has_stamp,
    hours_of,
    is_stamped,
    ranges_of,
    stamped,
    with_adjustment,
)
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM

STAMP = 1_790_000_000


def test_hours_are_kept_as_ranges() -> None:
    ranges = ranges_of([2 * HOUR, 0, HOUR, 5 * HOUR])
    assert ranges == [(0, 2 * HOUR), (5 * HOUR, 5 * HOUR)]
    assert hours_of(ranges) == {0, HOUR, 2 * HOUR, 5 * HOUR}
    assert ranges_of([]) == []


def test_an_adjustment_reaches_the_hour_that_it_begins_in() -> None:
    adjustments = [(2 * HOUR + 300, -1.0), (HOUR, 2.5)]
    hourly, short_term = (Cumulative(adjustments, length) for length in (HOUR, SHORT_TERM))
    assert [hourly.at(hour * HOUR) for hour in range(4)] == [0.0, 2.5, 1.5, 1.5]
    assert [short_term.at(2 * HOUR + each) for each in (0, 300)] == [2.5, 1.5]
    assert list(hourly.segments()) == [(HOUR, 2 * HOUR, 2.5), (2 * HOUR, None, 1.5)]


def test_times_without_an_adjustment_are_left_out() -> None:
    adjusted = Cumulative([(HOUR, 1.0), (HOUR, 1.0), (2 * HOUR, -2.0), (4 * HOUR, 1.0)], HOUR)
    assert list(adjusted.segments()) == [(HOUR, 2 * HOUR, 2.0), (4 * HOUR, None, 1.0)]


def test_an_adjustment_and_its_opposite_leave_nothing() -> None:
    adjustments = with_adjustment([], HOUR, 1.5)
    adjustments = with_adjustment(adjustments, HOUR, 0.0)
    adjustments = with_adjustment(adjustments, 2 * HOUR, -1.5)
    assert adjustments == [(HOUR, 1.5), (2 * HOUR, -1.5)]
    adjustments = with_adjustment(adjustments, HOUR, -1.5)
    assert with_adjustment(adjustments, 2 * HOUR, 1.5) == []


def test_what_changes_nothing_is_empty() -> None:
    assert Difference(stamp=STAMP, unit="kWh").is_empty
    for changed in (
        Difference(inserted=[(0, HOUR)]),
        Difference(replaced={HOUR: {}}),
        Difference(sum_adjustments=[(HOUR, 1.0)]),
        Difference(sum_boundary=0),
    ):
        assert not changed.is_empty


@given(st.floats(-1e9, 1e9), st.integers(0, 2**31))
def test_a_row_of_ours_is_known_even_after_a_change_of_unit_and_back(
    value: float, start: int
) -> None:
    created = stamped(STAMP, start, value)
    assert int(created) == STAMP
    assert is_stamped(created, start, value)
    assert is_stamped(created, start, value * 1000 / 1000)
    assert has_stamp({start: {"created_ts": created}}, STAMP)
    assert not has_stamp({start: {"created_ts": created}}, STAMP + 1)


@given(st.floats(-1e6, 1e6), st.integers(0, 2**31))
def test_another_value_is_not_ours(value: float, start: int) -> None:
    created = stamped(STAMP, start, value)
    # One of four million others has the same fingerprint.
    assert sum(is_stamped(created, start, value + 0.01 * each) for each in range(1, 100)) <= 1
    assert not is_stamped(None, start, value)
    assert not is_stamped(created, start, None)


@pytest.mark.parametrize("created", [None, STAMP - 0.5, STAMP + 1.0])
def test_rows_of_others_carry_no_stamp(created: float | None) -> None:
    assert not has_stamp({0: {"created_ts": created}}, STAMP)
