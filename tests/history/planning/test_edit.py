"""What a change does to rows."""

from custom_components.py_hab.history.planning.change import (
    AdjustSum,
    ChangeReason,
    ConvertShortTerm,
    WriteRows,
)
from custom_components.py_hab.history.planning.difference import Difference, in_unit
from custom_components.py_hab.history.planning.edit import Edit
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, MeanRow, SumRow
from custom_components.py_hab.history.planning.stored import StoredRows
from tests.support.edits import KWH, STAMP, changed, stored, undone


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
    assert Edit(before, rows, KWH, stamp=STAMP).view.rows(5 * HOUR).own == {HOUR}
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
