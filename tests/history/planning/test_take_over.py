"""Hours of another statistic: what a home can have drawn, whatever was booked."""

from math import nan

import pytest

from custom_components.py_hab.history.planning.rows import HOUR, Row
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
