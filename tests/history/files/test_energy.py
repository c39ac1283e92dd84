"""Readings and intervals become hours and totals."""

from collections import Counter

import pytest

from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.history.files.clock import RowError
from custom_components.py_hab.history.files.energy import imported_energy, imported_readings
from custom_components.py_hab.history.files.hours import Rejected
from custom_components.py_hab.history.files.steps import Interval
from custom_components.py_hab.history.planning.imported import ImportedEnergy, Total
from custom_components.py_hab.history.planning.rows import HOUR

NOW = 1000 * HOUR


def energy(*found: Interval, factor: float = 1.0, is_power: bool = False) -> ImportedEnergy:
    """Return the energy of intervals, none of which is rejected."""
    rejected: Rejected = Counter()
    imported = imported_energy(found, factor, rejected, is_power=is_power, now=NOW)
    assert not rejected
    return imported


def test_quarter_hours_are_added_up() -> None:
    found = energy(*(Interval(900 * number, 900 * number + 900, 0.25) for number in range(6)))
    assert found.hours == {0: 1.0, HOUR: 0.5}
    assert not found.totals


def test_power_is_multiplied_by_the_time() -> None:
    found = energy(Interval(0, 900, 2000.0), factor=0.001, is_power=True)
    assert found.hours == {0: 0.5}


def test_an_interval_over_a_full_hour_is_divided() -> None:
    found = energy(Interval(HOUR - 300, HOUR + 600, 0.9))
    assert found.hours == pytest.approx({0: 0.3, HOUR: 0.6})


def test_longer_intervals_are_totals() -> None:
    found = energy(Interval(0, 24 * HOUR, 12.0))
    assert found.totals == [Total(0, 24 * HOUR, 12.0)]
    assert not found.hours


def test_rounded_times_may_overlap_a_little() -> None:
    found = energy(Interval(0, 930, 0.25), Interval(900, 1800, 0.25))
    assert found.hours == {0: 0.5}


@pytest.mark.parametrize(
    ("interval", "reason"),
    [
        (Interval(0, 0, 1.0), RowError.BAD_TIME),
        (Interval(0, HOUR, -0.1), Verdict.NEGATIVE),
        (Interval(0, HOUR, 44.0), Verdict.IMPLAUSIBLE),
        (Interval(NOW - 900, NOW + 1, 0.1), RowError.UNFINISHED),
    ],
)
def test_impossible_intervals_are_set_aside(interval: Interval, reason: RowError | Verdict) -> None:
    rejected: Rejected = Counter()
    found = imported_energy([interval], 1.0, rejected, is_power=False, now=NOW)
    assert rejected == {reason: 1}
    assert not found.hours


def test_a_time_is_counted_once() -> None:
    rejected: Rejected = Counter()
    found = imported_energy(
        [Interval(0, 900, 0.1), Interval(0, 900, 0.2), Interval(450, 1350, 0.3)],
        1.0,
        rejected,
        is_power=False,
        now=NOW,
    )
    assert found.hours == {0: 0.1}
    assert rejected == {RowError.REPEATED: 2}


def sums(readings: list[tuple[int, float]]) -> dict[int, float]:
    """Return the sums of the hours of readings."""
    return {row.start: row.sum for row in imported_readings(readings, Counter()).rows}


def test_readings_at_full_hours_say_nothing_of_the_hour_after_them() -> None:
    found = sums([(HOUR * number, 100.0 + number) for number in range(1, 5)])
    assert found == {HOUR: 1.0, 2 * HOUR: 2.0, 3 * HOUR: 3.0}


def test_a_counter_that_begins_at_0_counts_from_there() -> None:
    assert sums([(HOUR, 0.0), (100 * HOUR, 50.0), (101 * HOUR, 51.0)])[99 * HOUR] == 50.0
    assert sums([(HOUR, 0.0), (2 * HOUR, 0.0), (3 * HOUR, 2.0), (4 * HOUR, 3.0)]) == {
        HOUR: 0.0,
        2 * HOUR: 2.0,
        3 * HOUR: 3.0,
    }


def test_a_zero_before_the_reading_of_a_meter_is_no_reading() -> None:
    found = sums([(HOUR, 0.0), (2 * HOUR, 15_000.0), (3 * HOUR, 15_001.0), (4 * HOUR, 15_002.0)])
    assert max(found.values()) == pytest.approx(2.0)


def test_hours_between_distant_readings_are_spread() -> None:
    readings = [(0, 100.0), (HOUR, 101.0), (5 * HOUR, 105.0), (9 * HOUR, 105.0)]
    found = imported_readings(readings, Counter())
    assert found.spread == {HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR}
    assert found.bounds == [HOUR, 5 * HOUR]


def test_without_readings_there_are_no_hours() -> None:
    assert sums([]) == {}
    assert sums([(HOUR, 0.0)]) == {}
