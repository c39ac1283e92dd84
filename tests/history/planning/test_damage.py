"""Damage in the rows of a counter: what readings prove is found, everything else is left alone."""

import pytest

from custom_components.py_hab.counters.gap import Gap, Reading
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.history.planning.damage import filled, find_damage
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, Row


def hours(*values: tuple[int, float, float]) -> list[Row]:
    """Return hourly rows, given by number, reading and sum."""
    return [Row(number * HOUR, HOUR, state, total) for number, state, total in values]


WHOLE = hours((0, 100.0, 0.0), (1, 101.0, 1.0), (2, 101.0, 1.0), (3, 104.0, 4.0))


def test_rows_that_fit_show_no_damage() -> None:
    found = find_damage("key", WHOLE)
    assert (found.gaps, found.holes, found.unproven) == ([], [], 0)


def test_a_sum_that_started_again_is_a_gap_between_the_readings() -> None:
    rows = hours((0, 100.0, 50.0), (1, 101.0, 51.0), (2, 103.0, 0.5))
    (gap,) = find_damage("key", rows).gaps
    assert (gap.start, gap.before, gap.end, gap.after) == (2 * HOUR, 101.0, 3 * HOUR - 1, 103.0)
    assert gap.verdict is Verdict.ACCEPTED


def test_a_sum_that_started_again_need_not_fall() -> None:
    rows = hours((0, 100.0, 0.0), (504, 220.0, 0.4))
    (gap,) = find_damage("key", rows).gaps
    assert (gap.before, gap.after, gap.energy) == (100.0, 220.0, 120.0)


def test_five_minute_rows_show_when_it_started_again() -> None:
    rows = hours((0, 100.0, 50.0), (1, 101.0, 51.0), (2, 103.0, 0.5))
    short = [
        Row(2 * HOUR + SHORT_TERM * number, SHORT_TERM, 101.0 + number / 10, total)
        for number, total in enumerate([51.1, 51.2, 0.0, 0.1])
    ]
    (gap,) = find_damage("key", rows, short).gaps
    assert (gap.start, gap.before) == (2 * HOUR + 2 * SHORT_TERM, 101.1)
    assert (gap.end, gap.after) == (2 * HOUR + 3 * SHORT_TERM - 1, 101.2)
    # Purged ones before it do not.
    (gap,) = find_damage("key", rows, short[2:]).gaps
    assert (gap.start, gap.before) == (2 * HOUR, 101.0)
    assert (gap.end, gap.after) == (2 * HOUR + 3 * SHORT_TERM - 1, 101.2)


def test_energy_of_missing_hours_is_spread_over_them() -> None:
    rows = hours((0, 100.0, 50.0), (4, 108.0, 58.0))
    found = find_damage("key", rows)
    assert found.gaps == []
    written = filled(found.holes)
    assert [(row.start // HOUR, row.state, row.sum) for row in written] == [
        (1, 102.0, 52.0),
        (2, 104.0, 54.0),
        (3, 106.0, 56.0),
    ]
    assert (
        find_damage(
            "key",
            sorted(
                [*rows, *(Row(row.start, HOUR, row.state, row.sum) for row in written)],
                key=lambda row: row.start,
            ),
        ).holes
        == []
    )


def test_readings_that_were_only_carried_on_after_a_restart_are_missing_hours() -> None:
    rows = hours((0, 100.0, 0.0), (1, 100.0, 0.0), (2, 100.0, 0.0), (3, 160.0, 60.0))
    assert find_damage("key", rows).holes == []
    found = find_damage("key", rows, late={HOUR})
    assert [(row.start // HOUR, row.sum) for row in filled(found.holes)] == [(1, 20.0), (2, 40.0)]
    # What changed in each hour was measured.
    rose = hours((0, 100.0, 0.0), (1, 101.0, 1.0), (2, 102.0, 2.0), (3, 160.0, 60.0))
    assert find_damage("key", rose, late={HOUR, 2 * HOUR}).holes == []


@pytest.mark.parametrize(("resumed", "is_damage"), [(100.0, False), (101.0, True)])
def test_rows_that_contain_the_last_reading_before_the_start_miss_nothing(
    resumed: float, is_damage: bool
) -> None:
    """Home Assistant was off for an hour at noon; in the evening the house draws from the grid."""
    rows = hours(*((number, 100.0, 50.0) for number in range(8)), (8, 102.0, 52.0))
    short = [
        Row(8 * HOUR + SHORT_TERM * number, SHORT_TERM, state, state - 50.0)
        for number, state in enumerate([100.0, 100.2, 102.0])
    ]
    late = {4 * HOUR}
    reading = Reading(resumed, 5 * HOUR)
    found = find_damage("key", rows, short, late=late, resumed=reading)
    assert bool(found.holes) is is_damage
    # Nothing else is known of the readings: the first one is more than any hour has held.
    assert find_damage("key", rows, short, late=late).holes


def test_an_hour_that_was_measured_in_part_is_filled_from_there_on() -> None:
    rows = hours((0, 100.0, 0.0), (1, 101.0, 1.0), (2, 101.0, 1.0), (3, 160.0, 60.0))
    short = [
        Row(HOUR + SHORT_TERM * number, SHORT_TERM, state, state - 100.0)
        for number, state in enumerate([100.2, 100.4, 100.6, 100.8, 101.0] + 7 * [101.0])
    ]
    late = {row.start for row in short[5:]}
    found = find_damage("key", rows, short, late={HOUR}, late_short_term=late)
    written = {row.start // HOUR: row.sum for row in filled(found.holes)}
    assert written == pytest.approx({1: 1 + 59 * 0.5 / 2.5, 2: 1 + 59 * 1.5 / 2.5})
    # In hours that were compiled in time, the reading was the last one.
    assert find_damage("key", rows, short).holes == []


@pytest.mark.parametrize(
    ("resumed", "is_damage"),
    [
        (Reading(101.5, 3 * HOUR + 2 * SHORT_TERM), True),
        # It follows from the rows that it was counted after they were carried on.
        (Reading(101.5, 3 * HOUR + 2 * SHORT_TERM + 1), False),
        (Reading(100.5, 3 * HOUR), False),
        (Reading(15_119.0, 3 * HOUR), False),
        (None, False),
    ],
    ids=["lacking", "after the rows", "contained", "another meter", "unknown"],
)
def test_rows_that_lack_the_last_reading_before_the_start_are_missing_hours(
    resumed: Reading | None, is_damage: bool
) -> None:
    """The database was put back: what a house can draw in an hour was counted in three."""
    rows = hours((0, 100.0, 0.0), (1, 100.5, 0.5), (2, 100.5, 0.5), (3, 102.0, 2.0))
    short = [
        Row(3 * HOUR + SHORT_TERM * number, SHORT_TERM, state, state - 100.0)
        for number, state in enumerate([100.5, 100.5, 101.6, 102.0])
    ]
    found = find_damage("key", rows, short, late={HOUR}, resumed=resumed)
    assert [(a.start, b.start) for a, b in found.holes] == [(HOUR, 3 * HOUR)] * is_damage


@pytest.mark.parametrize(("first", "is_damage"), [(110.0, True), (100.1, False)])
def test_what_was_counted_within_the_hour_after_a_restart_stays_there(
    first: float, is_damage: bool
) -> None:
    rows = hours((0, 100.0, 0.0), (1, 100.0, 0.0), (2, 100.0, 0.0), (3, 110.0, 10.0))
    short = [
        Row(3 * HOUR + SHORT_TERM * number, SHORT_TERM, state, state - 100.0)
        for number, state in enumerate([100.0, first, 110.0 if is_damage else 103.0])
    ]
    assert bool(find_damage("key", rows, short, late={HOUR}).holes) is is_damage


@pytest.mark.parametrize(("most", "is_damage"), [(0.05, True), (1.0, False)])
def test_what_no_hour_has_held_was_not_counted_at_once_after_a_restart(
    most: float, is_damage: bool
) -> None:
    """A refrigerator's day in five minutes is possible for a house."""
    usual = hours(*((number, 100 + number * most, number * most) for number in range(4)))
    last = usual[-1]
    carried_on = [Row(number * HOUR, HOUR, last.state, last.sum) for number in range(4, 28)]
    after = Row(28 * HOUR, HOUR, last.state + 0.9, last.sum + 0.9)
    short = [
        Row(28 * HOUR + SHORT_TERM * number, SHORT_TERM, last.state + rise, last.sum + rise)
        for number, rise in enumerate([0.0, 0.89, 0.9])
    ]
    rows = [*usual, *carried_on, after]
    late = {row.start for row in carried_on}
    assert bool(find_damage("key", rows, short, late=late).holes) is is_damage


def test_known_readings_bound_what_is_spread() -> None:
    holes = [(Row(0, HOUR, 100.0, 50.0), Row(4 * HOUR, HOUR, 108.0, 58.0))]
    written = filled(holes, known_readings={3 * HOUR: 101.0})
    assert [(row.start // HOUR, row.sum) for row in written] == [(1, 50.5), (2, 51.0), (3, 54.5)]


@pytest.mark.parametrize(
    ("rows", "unproven"),
    [
        # Another counter.
        (hours((0, 100.0, 50.0), (1, 20.0, 0.5)), 1),
        (hours((0, 100.0, 50.0), (1, 9000.0, 0.5)), 1),
        (hours((0, float("nan"), 50.0), (1, 101.0, 0.5)), 1),
        # The user has adjusted the sum.
        (hours((0, 100.0, 900.0), (1, 101.0, 700.0)), 1),
        (hours((0, 140.0, 40.0), (1, 140.1, 35.0)), 1),
        # Another counter, after three weeks: its readings are too far apart for one home.
        (hours((0, 500.0, 400.0), (504, 15119.0, 0.3)), 1),
        (hours((0, 500.0, 400.0), (504, 15119.0, 15019.0)), 1),
        # A replaced counter whose sum goes on.
        (hours((0, 100.0, 50.0), (1, 0.5, 50.5)), 0),
        (hours((0, 100.0, 50.0), (5, 0.5, 50.5)), 0),
        # Nothing was counted, or something else was booked.
        (hours((0, 100.0, 50.0), (5, 100.0, 50.0)), 0),
        (hours((0, 100.0, 50.0), (5, 110.0, 55.0)), 0),
    ],
)
def test_what_readings_do_not_prove_is_left_alone(rows: list[Row], unproven: int) -> None:
    found = find_damage("key", rows)
    assert (found.gaps, found.holes, found.unproven) == ([], [], unproven)


def test_what_is_repaired_anyway_is_no_damage() -> None:
    rows = hours((0, 100.0, 50.0), (5, 110.0, 60.0))
    gap = Gap(
        key="key",
        start=HOUR * 1.5,
        before=100.5,
        end=HOUR * 5.5,
        after=109.0,
        verdict=Verdict.ACCEPTED,
    )
    assert find_damage("key", rows, pending=[gap]).holes == []
