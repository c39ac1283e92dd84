"""The short-term row that Home Assistant continues."""

import pytest

from custom_components.py_hab.history.planning.change import ChangeReason, WriteRows
from custom_components.py_hab.history.planning.difference import Difference
from custom_components.py_hab.history.planning.edit import Edit
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.planning.stored import COLUMNS, StoredRows
from tests.support.edits import KWH, STAMP, stored, undone


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


def test_nothing_is_inserted_while_the_reading_is_unknown() -> None:
    rows = StoredRows(hourly={9 * HOUR: dict.fromkeys(COLUMNS) | {"sum": 4.0, "created_ts": 0.5}})
    Edit(Difference(), rows, KWH, stamp=STAMP).seed(10 * HOUR, None)
    assert rows.short_term == {}


def test_a_row_that_home_assistant_has_deleted_is_continued_no_more() -> None:
    rows = StoredRows()
    edit = Edit(Difference(), rows, KWH, stamp=STAMP)
    edit.write(WriteRows([SumRow(9 * HOUR, 50.0, 4.0)], ChangeReason.IMPORT))
    edit.seed(10 * HOUR + 300, 50.5)
    assert edit.finish()
    assert edit.difference.seed == 10 * HOUR + 300
    rows.short_term.clear()
    assert Edit(edit.difference, rows, KWH, stamp=STAMP + 1).difference.seed is None
