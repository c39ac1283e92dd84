"""What is taken back leaves nothing, and what others have done since stays."""

from collections.abc import Sequence
from copy import deepcopy

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.planning.change import Change, ChangeReason, WriteRows
from custom_components.py_hab.history.planning.difference import Difference
from custom_components.py_hab.history.planning.edit import Edit
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, SumRow
from custom_components.py_hab.history.planning.stored import COLUMNS, StoredRows, Units
from tests.support.edits import (
    KWH,
    STAMP,
    SUMS,
    WH,
    assert_same,
    changed,
    steps,
    stored,
    undone,
)


@given(
    st.lists(SUMS, min_size=1, max_size=8),
    st.lists(SUMS, max_size=8),
    st.lists(st.lists(steps(), min_size=1, max_size=3), min_size=1, max_size=5),
    st.sampled_from([KWH, WH]),
)
def test_whatever_was_changed_comes_back_to_the_last_bit(
    sums: Sequence[float], periods: Sequence[float], many: Sequence[Change], units: Units
) -> None:
    rows = stored(sums, periods=periods)
    before_all = deepcopy(rows)
    before = Difference()
    for change in many:
        edit = Edit(before, rows, units, stamp=max(STAMP, before.stamp + 1))
        for step in change:
            edit.make(step, is_compiled=True)
        if edit.finish():
            before = edit.difference
    if not before.is_empty:
        undone(rows, before, units)
        assert rows == before_all


def test_rows_that_others_have_overwritten_stay() -> None:
    rows = stored([1.0, 2.0])
    written = [SumRow(hour * HOUR, 3.0 + hour, 1.0) for hour in (8, 9, 10)]
    before = changed(rows, [WriteRows(written, ChangeReason.IMPORT)])
    for hour in (9, 10):
        rows.hourly[hour * HOUR] = rows.hourly[hour * HOUR] | {"state": 77.0}
    planned = Edit(before, rows, KWH, stamp=STAMP).view.rows(100 * HOUR)
    assert planned.own == {8 * HOUR}
    assert planned.recorded == {}
    undone(rows, before)
    states = {hour // HOUR: row["state"] for hour, row in rows.hourly.items()}
    assert states == {9: 77.0, 10: 77.0, 11: 5.0}


@given(
    st.lists(SUMS, min_size=1, max_size=8),
    st.lists(SUMS, max_size=8),
    st.lists(st.lists(steps(), min_size=1, max_size=3), min_size=1, max_size=6),
    st.lists(st.sampled_from("abc"), min_size=6, max_size=6),
    st.integers(0, 5),
    st.sampled_from([KWH, WH]),
)
def test_a_run_is_taken_back_with_all_later_ones(
    sums: Sequence[float],
    periods: Sequence[float],
    many: Sequence[Change],
    names: Sequence[str],
    number: int,
    units: Units,
) -> None:
    rows = stored(sums, periods=periods)
    original = deepcopy(rows)
    difference = Difference()
    states: list[StoredRows] = []
    for change, name in zip(many, names, strict=False):
        state = deepcopy(rows)
        edit = Edit(difference, rows, units, stamp=max(STAMP, difference.stamp + 1), run=name)
        for step in change:
            edit.make(step, is_compiled=True)
        if edit.finish():
            difference = edit.difference
            states += [state] * (len(difference.layers) - len(states))
    if number >= len(difference.layers):
        return
    edit = Edit(difference, rows, units, stamp=difference.stamp + 1)
    edit.take_back(number)
    edit.finish()
    assert_same(rows, states[number])
    left = edit.difference
    assert len(left.layers) == number
    undone(rows, left, units)
    if not left.is_empty:
        assert rows == original, (sums, periods, many, names, number, units.stored, left)


def goes_on(rows: StoredRows, hour: int, rises: Sequence[float]) -> None:
    """Let Home Assistant compile an hour, in which it continues the last short-term row."""
    last = rows.short_term[max(rows.short_term)]
    total, state = last["sum"] or 0.0, last["state"] or 0.0
    for number, rise in enumerate(rises):
        total, state = total + rise, state + rise
        rows.short_term[hour + SHORT_TERM * number] = last | {"sum": total, "state": state}
    row = dict.fromkeys(COLUMNS) | {"state": state, "sum": total, "created_ts": hour + 3605.0}
    rows.hourly[hour] = row


@given(
    st.lists(st.lists(steps(), min_size=1, max_size=2), min_size=1, max_size=4),
    st.integers(0, 3),
    st.booleans(),
)
def test_hours_compiled_since_a_run_continue_without_it(
    many: Sequence[Change], number: int, is_seeded: bool
) -> None:
    rows = StoredRows() if is_seeded else stored([1.0, 2.0, 3.0], first=16, periods=[3.0] * 36)
    difference = Difference()
    states: list[StoredRows] = []
    rises = [0.25, 0.5]
    for when, change in enumerate(many):
        hour = HOUR * (20 + when)
        # What every later hour adds, in the world with this run and in those without it.
        worlds = [deepcopy(rows), *states]
        edit = Edit(difference, rows, KWH, stamp=max(STAMP, difference.stamp + 1), run=str(when))
        for step in change:
            edit.make(step, is_compiled=True)
        edit.seed(hour - SHORT_TERM, None)
        if not edit.finish():
            return
        if len(edit.difference.layers) == len(difference.layers):
            return
        difference = edit.difference
        states = [*worlds[1:], worlds[0]]
        goes_on(rows, hour, rises)
        for state in states:
            if not state.short_term:
                # Home Assistant alone starts at 0 with the first value that it sees.
                first = (rows.hourly[hour]["state"] or 0.0) - sum(rises)
                state.short_term[hour - SHORT_TERM] = dict.fromkeys(COLUMNS) | {
                    "sum": -rises[0],
                    "state": first,
                }
            goes_on(state, hour, rises)
    number = min(number, len(states) - 1)
    edit = Edit(difference, rows, KWH, stamp=difference.stamp + 1)
    edit.take_back(number)
    edit.finish()
    for start, values in states[number].hourly.items():
        assert rows.hourly[start]["sum"] == pytest.approx(values["sum"], abs=1e-4)
    assert rows.hourly.keys() == states[number].hourly.keys()
