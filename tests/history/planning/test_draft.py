"""What in the rows of a statistic is ours, and what they would be without us."""

from custom_components.py_hab.history.planning.change import AdjustSum, ChangeReason, WriteRows
from custom_components.py_hab.history.planning.difference import Difference
from custom_components.py_hab.history.planning.draft import Draft
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.planning.stored import DeleteHours, StoredRows, Table
from tests.support.edits import KWH, STAMP, changed, stored


def replaced(rows: StoredRows) -> Draft:
    """Return a draft in which the hour 10 is replaced, and all sums are 7 kWh higher."""
    before = changed(
        rows,
        [
            WriteRows([SumRow(10 * HOUR, 6.0, 50.0)], ChangeReason.IMPORT),
            AdjustSum(10 * HOUR, 7.0, ChangeReason.SPIKE),
        ],
    )
    return Draft(before, rows, KWH, stamp=before.stamp + 1)


def test_a_row_of_ours_is_ours_until_somebody_overwrites_it() -> None:
    rows = stored([1.0, 2.0])
    draft = replaced(rows)
    assert draft.written == {10 * HOUR}
    assert draft.is_ours(10 * HOUR)
    rows.hourly[10 * HOUR] = rows.hourly[10 * HOUR] | {"state": 77.0}
    assert not draft.is_ours(10 * HOUR)
    assert draft.has_written(10 * HOUR)
    assert not draft.has_written(11 * HOUR)


def test_the_original_keeps_what_somebody_else_has_added() -> None:
    rows = stored([1.0, 2.0])
    draft = replaced(rows)
    adjusted = draft.sums.cumulative(Table.HOURLY)
    assert draft.original(10 * HOUR, adjusted)["sum"] == 1.0
    total = rows.hourly[10 * HOUR]["sum"] or 0.0
    rows.hourly[10 * HOUR] = rows.hourly[10 * HOUR] | {"sum": total + 0.5}
    assert draft.original(10 * HOUR, adjusted)["sum"] == 1.5
    unadjusted = draft.unadjusted(10 * HOUR, adjusted)
    assert unadjusted is not None
    assert unadjusted["sum"] == 50.5
    assert draft.unadjusted(30 * HOUR, adjusted) is None


def test_a_stamp_is_new_and_nothing_to_do_is_not_noted() -> None:
    rows = stored([1.0, 2.0])
    before = changed(rows, [WriteRows([SumRow(10 * HOUR, 6.0, 50.0)], ChangeReason.IMPORT)])
    draft = Draft(before, rows, KWH, stamp=STAMP)
    assert draft.stamp == STAMP + 1
    draft.do(DeleteHours([]))
    assert draft.operations == []
    assert Draft(Difference(), rows, KWH, stamp=STAMP + 1).stamp == STAMP + 1
