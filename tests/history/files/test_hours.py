"""Readings of a legacy file become hours: sums of counters, means of measurements."""

from bisect import bisect_right
from collections import Counter
from dataclasses import astuple
from itertools import pairwise
import math
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.history.files.clock import RowError
from custom_components.py_hab.history.files.hours import (
    OUTAGE,
    Rejected,
    divisor_of,
    mean_rows,
    sum_rows,
)
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, SumRow, full_hour

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

NOON: Final = 1_700_000_000 - 1_700_000_000 % HOUR
"""A full hour."""

type Reading = tuple[int, float]


def every(seconds: int, *amounts: float, start: int = NOON) -> list[Reading]:
    """Return readings that are so many seconds apart."""
    return [(start + seconds * index, amount) for index, amount in enumerate(amounts)]


def counted(readings: list[Reading], divisor: float = 1.0) -> tuple[list[SumRow], Rejected]:
    """Return a counter's hours, and what was not accepted."""
    rejected: Rejected = Counter()
    rows, _ = sum_rows(readings, divisor, rejected)
    return rows, +rejected


def measured(readings: list[Reading], unit: str = "°C") -> list[MeanRow]:
    """Return the hours of a measurement."""
    return mean_rows(readings, unit, Counter())


# Counters


def test_nothing_is_nothing() -> None:
    assert counted([]) == ([], {})
    assert measured([]) == []


def test_one_reading_proves_nothing() -> None:
    assert counted(every(600, 5.0)) == ([], {Verdict.QUARANTINED: 1})


def test_the_first_reading_counts_once_another_one_confirms_it() -> None:
    rows, rejected = counted(every(1800, 5.0, 5.5, 6.5))
    assert rows == [SumRow(NOON, 6.5, 1.5), SumRow(NOON + HOUR, 6.5, 1.5)]
    assert not rejected


def test_a_first_reading_of_garbage_does_not_count() -> None:
    rows, rejected = counted(every(600, 700.0, 5.0, 5.5, 6.0))
    assert rows == [SumRow(NOON, 6.0, 1.0)]
    assert rejected == {Verdict.QUARANTINED: 1}


def test_a_hole_between_equal_readings_is_flat() -> None:
    rows, _ = counted([*every(600, 5.0, 6.0), (NOON + 4 * HOUR, 6.0), (NOON + 4 * HOUR + 600, 7.0)])
    assert [row.sum for row in rows] == [1.0, 1.0, 1.0, 1.0, 2.0]


def test_an_outage_is_linear_up_to_the_first_reading_after_it() -> None:
    back = NOON + 1800 + 4 * HOUR
    rows, rejected = counted([*every(1800, 5.0, 5.5), (back, 9.5), (back + 600, 9.7)])
    assert [row.sum for row in rows] == pytest.approx([1.0, 2.0, 3.0, 4.0, 4.7])
    assert [row.state for row in rows] == pytest.approx([6.0, 7.0, 8.0, 9.0, 9.7])
    assert not rejected


def test_a_quarantined_reading_that_is_not_confirmed_does_not_count() -> None:
    back = NOON + 5 * HOUR
    rows, rejected = counted([*every(600, 5.0, 5.1), (back, 30.0), (back + 600, 5.1)])
    assert rows[-1].sum == pytest.approx(0.1)
    assert rejected == {Verdict.QUARANTINED: 1}


def test_a_new_meter_adds_nothing_but_what_it_counts() -> None:
    rows, rejected = counted(every(600, 900.0, 900.5, 20.0, 20.1, 20.2, 20.3, 20.4, 20.5))
    assert astuple(rows[-1]) == (NOON + HOUR, 20.5, pytest.approx(1.0))
    assert rows[0].state == pytest.approx(20.4)
    assert not rejected


def test_a_meter_that_shows_more_adds_nothing_either() -> None:
    rows, rejected = counted(every(600, 20.0, 20.5, 900.0, 900.1, 900.2, 900.3, 900.4))
    assert rows[-1].sum == pytest.approx(0.9)
    assert not rejected


def test_a_display_that_is_full_goes_on() -> None:
    rows, _ = counted(every(1800, 9998.0, 9999.0, 1.0, 2.0, 3.0))
    assert astuple(rows[-1]) == (NOON + 2 * HOUR, 3.0, pytest.approx(5.0))


def test_garbage_is_counted_and_costs_nothing() -> None:
    rows, rejected = counted(
        every(600, 5.0, 5.1, 0.0, 5.2, 9e9, 5.3, -1.0, 5.4, math.inf, 5.5, 1.0, 5.6)
    )
    assert rows[-1].sum == pytest.approx(0.6)
    assert rejected == {
        Verdict.ZERO: 1,
        Verdict.IMPLAUSIBLE_RISE: 1,
        Verdict.NEGATIVE: 1,
        Verdict.NOT_FINITE: 1,
        Verdict.DECREASED: 1,
    }


def test_a_feed_in_counter_may_start_at_zero() -> None:
    rows, rejected = counted(every(600, 0.0, 0.0, 0.0, 0.1, 0.2))
    assert rows == [SumRow(NOON, 0.2, 0.2)]
    assert rejected == {Verdict.ZERO: 2}


def test_equal_times_are_no_trouble() -> None:
    rows, _ = counted([(NOON, 5.0), *every(0, 5.0, 5.1, 5.1, start=NOON + HOUR)])
    assert [row.sum for row in rows] == [0.0, pytest.approx(0.1)]


@pytest.mark.parametrize("first", ["Wh", "kWh"])
def test_the_unit_may_change_on_the_way(first: str) -> None:
    kwh = [5.0 + 0.1 * index for index in range(10)]
    wh = [1000 * each for each in kwh]
    amounts = wh[:5] + kwh[5:8] + wh[8:] if first == "Wh" else kwh[:5] + wh[5:]
    rejected: Rejected = Counter()
    rows, units = sum_rows(every(600, *amounts), 1000.0 if first == "Wh" else 1.0, rejected)
    assert rows[-1].sum == pytest.approx(0.9)
    assert units == (["Wh", "kWh", "Wh"] if first == "Wh" else ["kWh", "Wh"])
    assert not +rejected


@st.composite
def counters(draw: st.DrawFn) -> list[Reading]:
    """Return readings of a counter that is replaced now and then; nothing is doubtful."""
    readings: list[Reading] = []
    at, kwh = NOON + draw(st.integers(0, HOUR)), draw(st.integers(1, 10**6)) / 1000
    for _ in range(draw(st.integers(2, 40))):
        readings.append((at, kwh))
        at += draw(st.integers(5, 600))
        kwh = round(kwh + draw(st.integers(0, 300)) / 1000, 3)
        if draw(st.integers(0, 5)) == 0:
            # Nothing changed for hours.
            readings.append((at, readings[-1][1]))
            at += draw(st.integers(0, 9 * HOUR))
            readings.append((at, readings[-1][1]))
            at += 600
    return readings


@given(counters())
def test_hours_of_a_counter_are_its_readings_in_between(readings: list[Reading]) -> None:
    rows, rejected = counted(readings)
    assert not rejected
    times = [at for at, _ in readings]
    first = readings[0][1]

    def shown(moment: int) -> float:
        after = bisect_right(times, moment)
        if after == len(times):
            return readings[-1][1]
        (at, kwh), (then, later) = readings[after - 1 : after + 1]
        return kwh + (later - kwh) * (moment - at) / (then - at)

    hours = range(full_hour(times[0]), full_hour(times[-1]) + 1, HOUR)
    assert [row.start for row in rows] == list(hours)
    for row in rows:
        assert row.state == pytest.approx(shown(row.start + HOUR))
        assert row.sum == pytest.approx(shown(row.start + HOUR) - first, abs=1e-9)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 5, 600, 900, 7200]),
            st.sampled_from([0.0, 0.1, 1.0, 5.0, 5.1, 9.9, 9999.0, 5100.0, math.inf, math.nan]),
        ),
        max_size=30,
    )
)
def test_whatever_is_read_no_hour_is_negative_or_left_out(steps: list[tuple[int, float]]) -> None:
    at, readings = NOON, []
    for step, amount in steps:
        at += step
        readings.append((at, amount))
    rows, rejected = counted(readings)
    assert all(earlier.sum <= later.sum for earlier, later in pairwise(rows))
    assert [row.start for row in rows] == list(
        range(rows[0].start, rows[-1].start + 1, HOUR) if rows else ()
    )
    assert 0 <= rejected.total() <= len(readings)


# The unit of a counter


@pytest.mark.parametrize(
    ("sub_entity", "unit", "amounts", "divisor"),
    [
        ("Energy", "kWh", [1.0, 1.001, 1.003, 1.01, 1.02], 1.0),
        ("Energy", "kWh", [1000.0, 1001.0, 1003.0, 1010.0], 1000.0),
        ("Energy", "Wh", [1.0, 1.001, 1.003, 1.01, 1.02], 1.0),
        ("Energy", "Wh", [1000.0, 1001.0, 1003.0, 1010.0], 1000.0),
        # A meter that shows whole kWh without its PIN.
        ("E_in", "kWh", [15119.0, 15120.0, 15121.0, 15122.0], 1.0),
        ("E_in", "Wh", [15119.0, 15119.1, 15119.3, 15119.4], 1.0),
        ("E_in", "kWh", [15119000.0, 15119100.0, 15119250.0, 15119900.0], 1000.0),
        ("E_in", "Wh", [15119000.0, 15119100.0, 15119250.0, 15119900.0], 1000.0),
        # Too few to decide.
        ("Energy", "Wh", [1.5, 2.5, 3.5], 1000.0),
        ("Energy", "", [], 1.0),
        ("Energy", "kWh", [0.0, math.inf, 5.0, 5.0], 1.0),
        # From Wh to kWh within the sample: what was first counts.
        (
            "Energy",
            "kWh",
            [1000.0, 1001.0, 1003.0, 1010.0, 1.011, *[1.5 + n / 7 for n in range(9)]],
            1000.0,
        ),
    ],
)
def test_the_steps_show_the_unit(
    sub_entity: str, unit: str, amounts: list[float], divisor: float
) -> None:
    assert divisor_of(sub_entity, unit, every(600, *amounts)) == divisor


# Measurements


def test_values_are_held_and_weighted_with_time() -> None:
    readings = [(NOON, 10.0), (NOON + 900, 20.0), (NOON + 5400, 30.0)]
    assert measured(readings) == [
        MeanRow(NOON, 17.5, 10.0, 20.0),
        MeanRow(NOON + HOUR, 25.0, 20.0, 30.0),
    ]


def test_hours_in_which_nothing_changed_have_rows() -> None:
    rows = measured([(NOON + 600, 20.0), (NOON + 50 * HOUR, 20.0), (NOON + 50 * HOUR + 1800, 22.0)])
    assert len(rows) == 51
    assert {row.mean for row in rows[:-1]} == {20.0}
    assert rows[-1] == MeanRow(NOON + 50 * HOUR, 21.0, 20.0, 22.0)


def test_an_outage_has_no_rows() -> None:
    rows = measured([(NOON + 600, 20.0), (NOON + 5 * HOUR + 1800, 25.0)])
    assert rows == [MeanRow(NOON, 20.0, 20.0, 20.0), MeanRow(NOON + 5 * HOUR, 25.0, 25.0, 25.0)]


def test_a_reading_at_the_full_hour_begins_it() -> None:
    assert measured([(NOON, 20.0), (NOON + HOUR, 30.0)]) == [
        MeanRow(NOON, 20.0, 20.0, 20.0),
        MeanRow(NOON + HOUR, 30.0, 30.0, 30.0),
    ]


@pytest.mark.parametrize(
    ("unit", "garbage"),
    [("°C", -270.0), ("%", 101.0), ("V", -1.0), ("W", 1e7), ("", math.inf), ("", math.nan)],
)
def test_what_cannot_be_is_counted(unit: str, garbage: float) -> None:
    rejected: Rejected = Counter()
    rows = mean_rows(every(600, 20.0, garbage, 20.0), unit, rejected)
    assert rows == [MeanRow(NOON, 20.0, 20.0, 20.0)]
    assert rejected == {RowError.OUT_OF_RANGE: 1}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 600, HOUR, OUTAGE, OUTAGE + 1]) | st.integers(0, 4 * HOUR),
            st.integers(-20, 40).map(float),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_hours_of_a_measurement_are_what_was_held(steps: list[tuple[int, float]]) -> None:
    at, readings = NOON, []
    for step, amount in steps:
        at += step
        readings.append((at, amount))
    # Each value, from when until when it holds.
    held: list[tuple[int, int, float]] = []
    for index, (start, value) in enumerate(readings):
        end = full_hour(start) + HOUR
        if index + 1 < len(readings):
            then, following = readings[index + 1]
            if then < end or then - start <= OUTAGE or following == value:
                end = then
        held.append((start, end, value))
    expected: dict[int, object] = {}
    for hour in range(NOON, at + 1, HOUR):
        parts = [
            (min(end, hour + HOUR) - max(start, hour), value)
            for start, end, value in held
            if start < hour + HOUR and (end > hour or start >= hour)
        ]
        if parts:
            seconds = sum(length for length, _ in parts)
            values = [value for _, value in parts]
            mean = sum(length * value for length, value in parts) / seconds
            expected[hour] = (pytest.approx(mean), min(values), max(values))
    found: dict[int, object] = {
        row.start: (row.mean, row.min, row.max) for row in measured(readings)
    }
    assert found == expected
