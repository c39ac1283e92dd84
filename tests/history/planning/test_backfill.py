"""Which hours of device statistics the recorder lacks, and how sums are aligned."""

from collections.abc import Collection
from itertools import accumulate, pairwise
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.counters.guard import DEFAULT_MAX_POWER
from custom_components.py_hab.history.planning.backfill import (
    InsertPlan,
    missing_means,
    plan_backfill,
    sum_offset,
)
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, MeanRow, Row, SumRow

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

T0: Final = 500_000 * HOUR
CLOSE: Final = 1e-6


def hour(number: int) -> int:
    return T0 + HOUR * number


def readings_of(kwh: list[float], first: float = 500.0) -> dict[int, float]:
    """Return what a counter shows at full hours."""
    return {hour(number): reading for number, reading in enumerate(accumulate(kwh, initial=first))}


def live(readings: dict[int, float], there: Collection[int]) -> list[Row]:
    """Return rows of some hours, booked since the beginning of the first one."""
    begin = readings[hour(min(there))] if there else 0.0
    return [
        Row(hour(number), HOUR, readings[hour(number + 1)], readings[hour(number + 1)] - begin)
        for number in sorted(there)
    ]


def applied(rows: list[Row], plan: InsertPlan) -> list[Row]:
    """Return the hours as the editor leaves them: written, with aligned sums."""
    written = [Row(row.start, HOUR, row.state, row.sum) for row in plan.rows]
    found = sorted([*rows, *written], key=lambda row: row.start)
    following = [
        row for row in found if plan.sum_boundary is not None and row.start >= plan.sum_boundary
    ]
    if not following:
        return found
    head = found[: -len(following)]
    shift = sum_offset(head[-1], following[0])
    return head + [Row(row.start, HOUR, row.state, row.sum + shift) for row in following]


def changes(rows: list[Row]) -> dict[int, float]:
    sums = [0.0, *(row.sum for row in rows)]
    return {
        row.start: after - before for row, (before, after) in zip(rows, pairwise(sums), strict=True)
    }


KWH = st.one_of(st.just(0.0), st.floats(0.0, 40.0))


@given(kwh=st.lists(KWH, min_size=1, max_size=30), data=st.data())
def test_all_hours_are_what_was_used_in_them(kwh: list[float], data: st.DataObject) -> None:
    readings = readings_of(kwh)
    numbers = range(len(kwh))
    there = data.draw(st.sets(st.sampled_from(numbers)))
    rows = live(readings, there)
    plan = plan_backfill(readings, rows, rows[0].start if rows else None, hour(len(kwh)))
    found = applied(rows, plan)
    assert not {row.start for row in plan.rows} & {row.start for row in rows}
    # Behind the last row there is nothing that a sum could be put in front of.
    last = max(there, default=len(kwh) - 1)
    expected = {hour(number): kwh[number] for number in numbers if number <= last}
    assert changes(found) == pytest.approx(expected, abs=CLOSE)
    again = plan_backfill(readings, found, found[0].start, hour(len(kwh)))
    assert again.rows == []
    assert again.sum_boundary is None


@given(
    kwh=st.lists(KWH, min_size=2, max_size=20),
    states=st.dictionaries(
        st.integers(0, 19), st.tuples(st.floats(0.0, 2000.0), st.floats(-50.0, 50.0)), min_size=1
    ),
)
def test_whatever_stands_there_nothing_of_it_changes_and_no_new_hour_is_negative(
    kwh: list[float], states: dict[int, tuple[float, float]]
) -> None:
    readings = readings_of(kwh)
    rows = [Row(hour(number), HOUR, *states[number]) for number in sorted(states)]
    before = changes(rows)
    plan = plan_backfill(readings, rows, rows[0].start, hour(20))
    inside = [row for row in plan.rows if row.start > rows[0].start]
    found = applied(rows, InsertPlan(rows=inside))
    after = changes(found)
    new = {row.start for row in inside}
    assert all(after[start] >= -CLOSE for start in new)
    assert sum(after.values()) == pytest.approx(sum(before.values()), abs=CLOSE)
    # Where a sum began anew, nothing is put in between.
    fallen = {row.start: before[row.start] for row in rows[1:] if before[row.start] < 0}
    assert {start: after[start] for start in fallen} == pytest.approx(fallen)


def test_hours_before_all_rows_begin_with_nothing() -> None:
    readings = readings_of([1.0, 2.0, 3.0, 4.0])
    plan = plan_backfill(readings, [], hour(2) + 600, hour(9))
    assert plan == InsertPlan(
        rows=[SumRow(hour(0), 501.0, 1.0), SumRow(hour(1), 503.0, 3.0)],
        sum_boundary=hour(2),
        energy=3.0,
    )


def test_without_any_row_all_that_is_compiled_is_written() -> None:
    readings = readings_of([1.0, 2.0, 3.0, 4.0])
    plan = plan_backfill(readings, [], None, hour(3))
    assert [row.start for row in plan.rows] == [hour(0), hour(1), hour(2)]
    assert plan.sum_boundary == hour(3)
    assert plan.energy == 6.0


def test_what_is_not_known_is_not_written() -> None:
    assert plan_backfill({}, [], None, hour(3)) == InsertPlan()
    assert plan_backfill({hour(0): 500.0}, [], None, hour(3)) == InsertPlan()


def test_what_was_counted_since_the_first_row_began_is_in_it() -> None:
    readings = readings_of([1.0, 1.0, 1.0])
    plan = plan_backfill(readings, [], hour(3), hour(9), opening_reading=501.5)
    assert [row.sum for row in plan.rows] == [1.0, 1.5, 1.5]
    assert plan_backfill(readings, [], hour(3), hour(9), opening_reading=500.0) == InsertPlan()


def test_a_hole_is_filled_up_to_what_was_booked_after_it() -> None:
    readings = readings_of([1.0, 2.0, 0.0, 3.0, 1.0])
    rows = live(readings, {0, 3, 4})
    assert [row.sum for row in plan_backfill(readings, rows, hour(0), hour(9)).rows] == [3.0, 3.0]
    fell = [rows[0], Row(hour(3), HOUR, 505.0, 0.5), Row(hour(4), HOUR, 507.0, 2.5)]
    assert plan_backfill(readings, fell, hour(0), hour(9)).rows == []
    another = [rows[0], Row(hour(3), HOUR, 12.0, 7.0)]
    assert plan_backfill(readings, another, hour(0), hour(9)).rows == []


def test_hours_without_a_row_on_both_sides_stay_empty() -> None:
    readings = readings_of([1.0] * 6)
    rows = live(readings, {2, 3})
    plan = plan_backfill(readings, rows, hour(1) + 1200, hour(9))
    # The hour in which the first row of five minutes begins is another one's.
    assert [row.start for row in plan.rows] == [hour(0)]


@pytest.mark.parametrize(
    ("rise", "length", "booked"),
    [
        *[(2.0, HOUR, 2.0), (0.0, HOUR, 0.0), (-0.001, HOUR, 0.0)],
        *[(86.9, HOUR, 86.9), (87.1, HOUR, 0.0)],
        *[(2.0, SHORT_TERM, 2.0), (48.0, SHORT_TERM, 0.0), (-400.0, SHORT_TERM, 0.0)],
    ],
)
def test_sums_go_on_with_what_the_counter_has_risen_by(
    rise: float, length: int, booked: float
) -> None:
    last = Row(hour(0), HOUR, 500.0, 60.0)
    first = Row(hour(1), length, 500.0 + rise, 0.25)
    assert sum_offset(last, first) + first.sum == pytest.approx(60.0 + booked)
    assert 2 * DEFAULT_MAX_POWER == 87.0


def test_sums_that_meet_are_not_shifted() -> None:
    last = Row(hour(0), HOUR, 500.0, 60.0)
    assert sum_offset(last, Row(hour(1), HOUR, 503.0, 63.0)) == 0.0


def test_means_are_written_where_there_are_none_and_the_hour_is_compiled() -> None:
    means = [MeanRow(hour(number), 20.0, 19.0, 21.0) for number in range(5)]
    assert missing_means(means, {hour(1)}, hour(4)) == [means[0], means[2], means[3]]


def test_what_was_counted_since_the_first_hour_is_not_booked_before_it_again() -> None:
    """The day series has moved on by a day: the rest of the month is spread over more hours now."""
    there = [Row(5 * HOUR, HOUR, 11.0, 1.0), Row(6 * HOUR, HOUR, 11.0, 1.0)]
    readings = {hour * HOUR: 10.0 + min(hour, 5) / 5 for hour in range(8)}
    found = plan_backfill(readings, there, 5 * HOUR, 8 * HOUR, opening_reading=10.0)
    assert (found.rows, found.sum_boundary, found.energy) == ([], None, 0.0)


def test_hours_before_the_first_one_end_with_its_reading() -> None:
    there = [Row(5 * HOUR, HOUR, 11.0, 1.0)]
    readings = {hour * HOUR: 9.6 + hour / 5 for hour in range(7)}
    found = plan_backfill(readings, there, 5 * HOUR, 8 * HOUR, opening_reading=10.0)
    assert [row.state for row in found.rows] == pytest.approx([9.8, 10.0, 10.0, 10.0, 10.0])
    assert found.sum_boundary == 5 * HOUR
    assert found.energy == pytest.approx(0.4)


@given(
    kwh=st.lists(st.floats(0.0, 3.0), min_size=6, max_size=40),
    data=st.data(),
)
def test_interpolated_hours_lead_to_the_reading_of_an_import(
    kwh: list[float], data: st.DataObject
) -> None:
    """An import begins within a period of which the box knows the total only."""
    true = readings_of(kwh)
    first = data.draw(st.integers(1, len(kwh) - 2))
    begin = data.draw(st.integers(0, first - 1))
    end = data.draw(st.integers(first + 1, len(kwh)))
    total = true[hour(end)] - true[hour(begin)]
    interpolated = true | {
        hour(number): true[hour(begin)] + total * (number - begin) / (end - begin)
        for number in range(begin, end)
    }
    rows = live(true, range(first, len(kwh)))
    plan = plan_backfill(
        interpolated,
        rows,
        hour(first),
        hour(len(kwh)),
        period_boundaries={*true} - {hour(number) for number in range(begin + 1, end)},
        opening_reading=rows[0].state - rows[0].sum,
        is_opening_known=True,
    )
    spread = [hour(number) for number in range(begin, first)]
    even = sum(kwh[begin:first]) / len(spread)
    expected = {hour(number): used for number, used in enumerate(kwh)} | dict.fromkeys(spread, even)
    assert changes(applied(rows, plan)) == pytest.approx(
        # Where nothing was counted before the import, nothing is written.
        {start: used for start, used in expected.items() if plan.rows or start >= hour(first)},
        abs=CLOSE,
    )
