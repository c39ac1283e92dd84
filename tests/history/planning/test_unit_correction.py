"""How hours in a wrong unit are converted."""

from typing import Any

import pytest

from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, Row, SumRow
from custom_components.py_hab.history.planning.unit_correction import plan_unit_correction


def about(number: float) -> Any:
    """Return what equals a number but for its rounding error."""
    return pytest.approx(number)


GAP = Gap(
    key="energy_import",
    start=3 * HOUR + 500.0,
    before=300_120.0,
    end=3 * HOUR + 800.0,
    after=300.121,
    verdict=Verdict.UNIT_CORRECTED,
    counted=0.001,
)
WRONG = [
    Row(HOUR, HOUR, 300_060.0, 60.0),
    Row(2 * HOUR, HOUR, 300_100.0, 100.0),
]
LAST = Row(3 * HOUR + 300, SHORT_TERM, 300_120.0, 120.0)
AFTER = Row(3 * HOUR + 600, SHORT_TERM, 300.121, 420.121)


def test_hours_are_converted_and_the_sum_continues() -> None:
    plan = plan_unit_correction(
        GAP, short_term_rows=[LAST, AFTER], hourly_rows=WRONG, compiled_until=3 * HOUR
    )
    assert plan is not None
    assert plan.adjust_from == AFTER.start
    assert AFTER.sum + plan.adjustment == pytest.approx(0.121)
    assert plan.rows == [
        SumRow(HOUR, about(300.06), about(0.06)),
        SumRow(2 * HOUR, about(300.1), about(0.1)),
    ]
    assert plan.short_term == [SumRow(LAST.start, about(300.12), about(0.12))]


def test_the_step_into_the_wrong_unit_is_taken_back() -> None:
    right = Row(0, HOUR, 300.01, 5.0)
    wrong = [Row(row.start, HOUR, row.state, row.sum + 299_765.0) for row in WRONG]
    plan = plan_unit_correction(
        GAP, short_term_rows=[AFTER], hourly_rows=[right, *wrong], compiled_until=3 * HOUR
    )
    assert plan is not None
    assert [row.sum for row in plan.rows] == [pytest.approx(5.05), pytest.approx(5.09)]
    assert AFTER.sum + plan.adjustment == pytest.approx(5.111)


def test_hours_of_another_counter_before_stay() -> None:
    other = Row(0, HOUR, 9_000.0, 5.0)
    wrong = [Row(row.start, HOUR, row.state, row.sum + 5.0) for row in WRONG]
    plan = plan_unit_correction(
        GAP, short_term_rows=[AFTER], hourly_rows=[other, *wrong], compiled_until=3 * HOUR
    )
    assert plan is not None
    assert [row.sum for row in plan.rows] == [pytest.approx(5.06), pytest.approx(5.1)]


def test_it_waits_for_the_first_reading_and_the_hours_before_it() -> None:
    assert not plan_unit_correction(
        GAP, short_term_rows=[LAST], hourly_rows=WRONG, compiled_until=3 * HOUR
    )
    assert not plan_unit_correction(
        GAP, short_term_rows=[LAST, AFTER], hourly_rows=WRONG, compiled_until=2 * HOUR
    )


def test_nothing_was_recorded_in_the_wrong_unit() -> None:
    plan = plan_unit_correction(
        GAP, short_term_rows=[AFTER], hourly_rows=[], compiled_until=3 * HOUR
    )
    assert plan is not None
    assert (plan.adjustment, plan.rows) == (0.0, [])


def test_within_the_first_hour_only_short_rows_exist() -> None:
    plan = plan_unit_correction(
        GAP, short_term_rows=[LAST, AFTER], hourly_rows=[], compiled_until=3 * HOUR
    )
    assert plan is not None
    assert plan.rows == []
    assert AFTER.sum + plan.adjustment == pytest.approx(0.121)
