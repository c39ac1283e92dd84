"""What a change does to rows, and that an undo leaves nothing of it."""

from collections.abc import Sequence
from copy import deepcopy

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.planning.change import (
    AdjustSum,
    Change,
    ChangeReason,
    ConvertShortTerm,
    Step,
    WriteRows,
)
from custom_components.py_hab.history.planning.difference import Difference, Values, in_unit
from custom_components.py_hab.history.planning.edit import Edit
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, MeanRow, SumRow
from custom_components.py_hab.history.planning.stored import COLUMNS, StoredRows, Table, Units

STAMP = 1_790_000_000
KWH = Units(stored="kWh", to_stored=float, from_stored=float)
WH = Units(
    stored="Wh", to_stored=lambda value: value * 1000, from_stored=lambda value: value / 1000
)
SUMS = st.floats(-1e5, 1e5, allow_subnormal=False)


def stored(sums: Sequence[float], first: int = 10, periods: Sequence[float] = ()) -> StoredRows:
    """Return rows as Home Assistant has written them."""
    empty = dict.fromkeys(COLUMNS)
    return StoredRows(
        hourly={
            HOUR * (first + number): empty | {"state": 5.0, "sum": total, "created_ts": 0.5}
            for number, total in enumerate(sums)
        },
        short_term={
            HOUR * first + SHORT_TERM * number: empty
            | {"state": 5.0, "sum": total, "created_ts": 0.5}
            for number, total in enumerate(periods)
        },
    )


def do(edit: Edit, step: Step) -> None:
    match step:
        case WriteRows():
            edit.write(step)
        case ConvertShortTerm():
            edit.convert(step)
        case AdjustSum():
            edit.adjust(step, is_compiled=True)


def changed(
    rows: StoredRows, change: Change, before: Difference | None = None, units: Units = KWH
) -> Difference:
    """Change rows, and return the difference."""
    before = before or Difference()
    edit = Edit(before, rows, units, stamp=max(STAMP, before.stamp + 1))
    for step in change:
        do(edit, step)
    assert edit.finish()
    return edit.difference


def undone(rows: StoredRows, before: Difference, units: Units = KWH) -> None:
    Edit(before, rows, units, stamp=before.stamp).undo()


def steps() -> st.SearchStrategy[Step]:
    """Return hours to write, short-term rows to convert, or an adjustment."""
    hours = st.dictionaries(st.integers(5, 18), SUMS, min_size=1)
    written = hours.map(
        lambda found: WriteRows(
            [SumRow(HOUR * hour, 5.0 + hour, total) for hour, total in found.items()],
            ChangeReason.IMPORT,
        )
    )
    adjusted = st.tuples(st.integers(HOUR * 5, HOUR * 18), SUMS).map(
        lambda found: AdjustSum(found[0] // 300 * 300, found[1], ChangeReason.SPIKE)
    )
    periods = st.dictionaries(st.integers(0, 9), SUMS, min_size=1)
    converted = periods.map(
        lambda found: ConvertShortTerm(
            [
                SumRow(HOUR * 10 + SHORT_TERM * number, 0.005 + number, total)
                for number, total in found.items()
            ],
            ChangeReason.UNIT,
        )
    )
    return written | adjusted | converted


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
            do(edit, step)
        if edit.finish():
            before = edit.difference
    if not before.is_empty:
        undone(rows, before, units)
        assert rows == before_all


def test_a_short_term_row_is_continued_and_leaves_a_sum_from_0() -> None:
    rows = StoredRows()
    edit = Edit(Difference(), rows, KWH, stamp=STAMP)
    edit.write(WriteRows([SumRow(9 * HOUR, 50.0, 4.0)], ChangeReason.IMPORT))
    edit.seed(10 * HOUR + 300, 50.5)
    assert edit.finish()
    seed = rows.short_term[10 * HOUR + 300]
    assert (seed["state"], seed["sum"]) == (50.5, 4.5)
    before = edit.difference
    # Home Assistant goes on from there.
    for number in (2, 3):
        rows.short_term[10 * HOUR + 300 * number] = seed | {"sum": 4.5 + 0.1 * number}
    undone(rows, before)
    assert rows.hourly == {}
    found = [values["sum"] for values in rows.short_term.values()]
    assert found == pytest.approx([0.0, 0.0, 0.1])
    assert found[1] == 0.0


def test_nothing_is_inserted_where_there_is_something_to_continue() -> None:
    for rows, hour in ((stored([1.0], periods=[1.0]), 10), (StoredRows(), 30)):
        edit = Edit(Difference(), rows, KWH, stamp=STAMP)
        edit.write(WriteRows([SumRow(hour * HOUR, 50.0, 4.0)], ChangeReason.IMPORT))
        count = len(rows.short_term)
        edit.seed(20 * HOUR, None)
        assert len(rows.short_term) == count


def test_rows_that_others_have_overwritten_stay() -> None:
    rows = stored([1.0, 2.0])
    written = [SumRow(hour * HOUR, 3.0 + hour, 1.0) for hour in (8, 9, 10)]
    before = changed(rows, [WriteRows(written, ChangeReason.IMPORT)])
    for hour in (9, 10):
        rows.hourly[hour * HOUR] = rows.hourly[hour * HOUR] | {"state": 77.0}
    planned = Edit(before, rows, KWH, stamp=STAMP).rows(100 * HOUR)
    assert planned.own == {8 * HOUR}
    assert planned.recorded == {}
    undone(rows, before)
    states = {hour // HOUR: row["state"] for hour, row in rows.hourly.items()}
    assert states == {9: 77.0, 10: 77.0, 11: 5.0}


def test_short_term_rows_are_converted_and_undone() -> None:
    rows = stored([100.0], periods=[20.0, 60.0, 100.0])
    first, second, third = sorted(rows.short_term)
    before = changed(
        rows,
        [
            AdjustSum(third, 7.0, ChangeReason.UNIT),
            ConvertShortTerm(
                # The last one does not exist.
                [SumRow(second, 0.005, 0.06), SumRow(third + SHORT_TERM, 0.005, 0.1)],
                ChangeReason.UNIT,
            ),
        ],
    )
    found = [(row["state"], row["sum"]) for row in rows.short_term.values()]
    assert found == [(5.0, 20.0), (0.005, 0.06), (5.0, 107.0)]
    # The user adds something to one of them. Home Assistant deletes another one.
    rows.short_term[second] = rows.short_term[second] | {"sum": 1.06}
    del rows.short_term[first]
    undone(rows, before)
    found = [(row["state"], row["sum"]) for row in rows.short_term.values()]
    assert found == [(5.0, 61.0), (5.0, 100.0)]


def test_what_home_assistant_has_deleted_is_not_kept() -> None:
    rows = stored([100.0], periods=[20.0, 60.0])
    first, second = rows.short_term
    both = [SumRow(first, 0.005, 0.02), SumRow(second, 0.005, 0.06)]
    before = changed(rows, [ConvertShortTerm(both, ChangeReason.UNIT)])
    assert set(before.short_term) == {first, second}
    del rows.short_term[first]
    after = changed(rows, [AdjustSum(second, 1.0, ChangeReason.SPIKE)], before)
    assert set(after.short_term) == {second}


def test_means_are_written_and_undone() -> None:
    rows = StoredRows()
    before = changed(rows, [WriteRows([MeanRow(HOUR, 20.0, 19.0, 21.0)], ChangeReason.IMPORT)])
    assert rows.hourly[HOUR]["mean"] == 20.0
    assert Edit(before, rows, KWH, stamp=STAMP).rows(5 * HOUR).own == {HOUR}
    undone(rows, before)
    assert rows.hourly == {}


def test_without_an_hour_a_change_waits() -> None:
    rows = stored([], periods=[1.0, 2.0])
    edit = Edit(Difference(), rows, KWH, stamp=STAMP)
    edit.adjust(AdjustSum(10 * HOUR, 5.0, ChangeReason.REPLACEMENT), is_compiled=True)
    assert not edit.finish()


def test_what_an_earlier_version_has_written_gets_a_stamp() -> None:
    rows = stored([1.0, 2.0])
    earlier = Difference(inserted=[(10 * HOUR, 10 * HOUR)], unit="kWh")
    edit = Edit(earlier, rows, KWH, stamp=STAMP)
    assert edit.finish()
    assert int(rows.hourly[10 * HOUR]["created_ts"] or 0) == STAMP
    assert rows.hourly[11 * HOUR]["created_ts"] == 0.5
    undone(rows, edit.difference)
    assert list(rows.hourly) == [11 * HOUR]


def test_a_difference_follows_the_unit() -> None:
    before = Difference(
        replaced={HOUR: {"state": 1.0, "sum": None, "created_ts": 7.5}},
        hourly_sums={HOUR: 2.0},
        short_term_sums={HOUR: 3.0},
        short_term={HOUR: {"state": 4.0, "sum": 5.0}},
    )
    found = in_unit(before, "Wh", lambda value: value * 1000)
    assert found.unit == "Wh"
    assert found.replaced == {HOUR: {"state": 1000.0, "sum": None, "created_ts": 7.5}}
    assert found.short_term == {HOUR: {"state": 4000.0, "sum": 5000.0}}
    assert (found.hourly_sums, found.short_term_sums) == ({HOUR: 2000.0}, {HOUR: 3000.0})


def total_of(values: Values) -> Values:
    """Return what a user sees of a row."""
    return {name: value for name, value in values.items() if name != "created_ts"}


def assert_same(rows: StoredRows, expected: StoredRows) -> None:
    """Assert that users see the same; sums may differ in their last bits."""
    for table in Table:
        found, wanted = rows.of(table), expected.of(table)
        assert found.keys() == wanted.keys()
        for start, values in found.items():
            assert total_of(values) == pytest.approx(total_of(wanted[start]), abs=1e-4)


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
            do(edit, step)
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
            do(edit, step)
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
