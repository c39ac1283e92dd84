"""Hours of another statistic: what a home can have drawn, whatever was booked."""

from math import nan
from typing import Final

import pytest

from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, Row
from custom_components.py_hab.history.planning.same_counter import Comparison, Doubt, match
from custom_components.py_hab.history.planning.take_over import UsableHours, usable_hours


def hours(*states_and_sums: tuple[float, float]) -> UsableHours:
    """Return what remains of consecutive hours, given by reading and sum."""
    return usable_hours(
        [
            Row(number * HOUR, HOUR, state, total)
            for number, (state, total) in enumerate(states_and_sums)
        ]
    )


def sums(found: UsableHours) -> list[float]:
    return [round(row.sum, 6) for row in found.rows]


def states(found: UsableHours) -> list[float]:
    return [row.state for row in found.rows]


def test_hours_that_are_right_stay_and_begin_at_zero() -> None:
    found = hours((100.0, 7.0), (100.5, 7.5), (102.0, 9.0))
    assert (sums(found), states(found)) == ([0.0, 0.5, 2.0], [100.0, 100.5, 102.0])
    assert [row.start for row in found.rows] == [0, HOUR, 2 * HOUR]
    assert found.corrected == 0


def test_a_phantom_after_a_zero_within_an_hour_is_no_consumption() -> None:
    found = hours((15119.0, 0.0), (15119.5, 15119.5), (15120.0, 15120.0))
    assert (sums(found), found.corrected) == ([0.0, 0.5, 1.0], 1)


def test_a_zero_at_the_end_of_an_hour_does_not_lose_what_follows() -> None:
    found = hours((15119.0, 0.0), (0.0, 0.0), (15120.0, 15120.0))
    assert (sums(found), states(found)) == ([0.0, 0.0, 1.0], [15119.0, 15119.0, 15120.0])
    assert found.corrected == 1


def test_a_negative_hour_is_none() -> None:
    found = hours((100.0, 50.0), (100.4, -30.0), (100.8, -29.6))
    assert (sums(found), found.corrected) == ([0.0, 0.4, 0.8], 1)


@pytest.mark.parametrize(
    ("start", "booked", "expected"), [(0.0, 0.0, [0.0, 0.0, 0.7]), (12.0, 12.0, [0.0, 12.0, 12.7])]
)
def test_another_counter_continues_from_its_readings(
    start: float, booked: float, expected: list[float]
) -> None:
    found = hours((9000.0, 50.0), (start, 50 + booked), (start + 0.7, 50 + booked + 0.7))
    assert sums(found) == expected
    assert found.rows[-1].state == start + 0.7


def test_the_start_reading_of_another_counter_is_no_consumption() -> None:
    found = hours((9000.0, 50.0), (500.0, 550.0), (500.7, 550.7))
    assert (sums(found), found.corrected) == ([0.0, 0.0, 0.7], 1)


def test_the_energy_of_missing_hours_is_possible() -> None:
    rows = [Row(0, HOUR, 100.0, 0.0), Row(10 * HOUR, HOUR, 300.0, 200.0)]
    assert sums(usable_hours(rows)) == [0.0, 200.0]
    assert sums(usable_hours(rows, max_power=10.0)) == [0.0, 0.0]


def test_a_statistic_without_readings_is_judged_by_its_sums() -> None:
    found = hours((nan, 5.0), (nan, 6.0), (nan, 20000.0), (nan, 20000.5))
    assert (sums(found), states(found)) == ([0.0, 1.0, 1.0, 1.5], [0.0, 1.0, 1.0, 1.5])
    assert found.corrected == 1


def test_nothing_comes_of_nothing() -> None:
    assert usable_hours([]) == UsableHours([], 0)


# Whether it is the same counter

START: Final = 1_000_000 * HOUR


def hourly(*states: float, start: int = START, offset: float = 0.0) -> list[Row]:
    """Return hourly rows with these readings."""
    return [
        Row(start + number * HOUR, HOUR, state, state - states[0] + offset)
        for number, state in enumerate(states)
    ]


def days(first: float, count: int, *, each: float = 0.25, start: int = START) -> list[Row]:
    return hourly(*(first + each * number for number in range(count)), start=start)


def compared(source: list[Row], counter: list[Row]) -> Comparison | None:
    return match(source, usable_hours(source).rows, counter).difference


def test_readings_that_continue_are_those_of_one_counter() -> None:
    source = days(100.0, 48)
    assert compared(source, days(source[-1].state + 0.3, 1, start=START + 48 * HOUR)) is None


def test_readings_of_the_same_hour_are_those_of_one_counter() -> None:
    source = days(100.0, 48)
    assert compared(source, [Row(START + 47 * HOUR, HOUR, source[-1].state - 0.1, 0.0)]) is None


@pytest.mark.parametrize(
    "reading", [812.3, 15_119.0, 108.0, 120.0], ids=["feed-in", "the house", "below", "above"]
)
def test_readings_that_do_not_continue_are_those_of_another_counter(reading: float) -> None:
    source = days(100.0, 48)
    found = compared(source, days(reading, 1, start=START + 48 * HOUR))
    assert found is not None
    assert found.doubt is Doubt.OTHER_READINGS
    assert (found.source, found.counter) == (source[-1].state, reading)


def test_a_sensor_younger_than_the_counter_is_compared_as_well() -> None:
    counter = days(100.0, 2)
    assert compared(days(101.0, 48, start=START + 3 * HOUR), counter) is None
    assert compared(days(0.0, 48, start=START + 3 * HOUR), counter) is not None


def test_a_sensor_with_a_reading_of_its_own_counts_the_same() -> None:
    """A utility meter starts at 0 each month."""
    assert compared(days(3.0, 48), days(15_119.0, 48)) is None


def test_common_hours_with_other_energy_are_those_of_another_counter() -> None:
    found = compared(days(100.0, 48, each=0.04), days(100.0, 48))
    assert found is not None
    assert (found.doubt, found.hours) == (Doubt.OTHER_HOURS, 47)
    assert (found.source, found.counter) == pytest.approx((47 * 0.04, 47 * 0.25))


def test_two_sensors_of_one_counter_may_miss_an_hour_and_round() -> None:
    source = hourly(*(float(round(100 + 0.25 * number)) for number in range(48)))
    assert compared(source, days(100.0, 48)) is None


def test_without_hours_in_common_and_readings_nothing_can_be_compared() -> None:
    source = [Row(row.start, HOUR, nan, row.sum) for row in days(100.0, 48)]
    found = compared(source, days(112.0, 1, start=START + 48 * HOUR))
    assert found is not None
    assert found.doubt is Doubt.NOTHING_TO_COMPARE


def test_a_counter_that_has_only_just_been_added_is_compared_by_its_reading() -> None:
    counter = [Row(START + 48 * HOUR, SHORT_TERM, 112.1, 0.0)]
    assert compared(days(100.0, 48), counter) is None
    assert compared(days(200.0, 48), counter) is not None


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_hours_before_a_change_of_the_unit_are_converted(factor: float) -> None:
    """The unit of the sensor was changed in YAML, and its statistics were not converted."""
    readings = [9000 + number * (0.03 if number % 2 else 0.04) for number in range(30)]
    readings.sort()
    rows = [
        Row(HOUR * number, HOUR, kwh * (factor if number < 20 else 1.0), 0.0)
        for number, kwh in enumerate(readings)
    ]
    sums = [row.state - rows[0].state if row.start < 20 * HOUR else row.state for row in rows]
    found = usable_hours(
        [Row(row.start, HOUR, row.state, kwh) for row, kwh in zip(rows, sums, strict=True)]
    )
    assert [row.state for row in found.rows] == pytest.approx(readings)
    assert found.rows[-1].sum == pytest.approx(readings[-1] - readings[0])
    assert found.corrected >= 1


def test_a_new_meter_that_begins_near_a_thousandth_of_the_old_one_is_no_other_unit() -> None:
    rows = [Row(HOUR * number, HOUR, 500 + number / 2, number / 2) for number in range(20)]
    rows += [
        Row(HOUR * number, HOUR, 0.6 + (number - 20) / 2, number / 2) for number in range(20, 40)
    ]
    assert usable_hours(rows).rows[-1].sum == pytest.approx(19.5)
