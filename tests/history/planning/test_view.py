"""What plans and questions of origins see of a statistic that we have changed."""

from custom_components.py_hab.history.planning.change import AdjustSum, ChangeReason, WriteRows
from custom_components.py_hab.history.planning.difference import Difference
from custom_components.py_hab.history.planning.edit import Edit
from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.planning.stored import StoredRows
from custom_components.py_hab.history.planning.view import StatisticView
from tests.support.edits import KWH, STAMP, changed, stored


def view(before: Difference, rows: StoredRows) -> StatisticView:
    """Return what is seen of rows after our changes."""
    return Edit(before, rows, KWH, stamp=STAMP).view


def test_plans_see_which_hours_are_ours_and_what_home_assistant_had_recorded() -> None:
    rows = stored([1.0, 2.0])
    before = changed(
        rows,
        [
            WriteRows([SumRow(9 * HOUR, 4.0, 0.5)], ChangeReason.BACKFILL),
            WriteRows([SumRow(10 * HOUR, 6.0, 1.5)], ChangeReason.OUTAGE),
            AdjustSum(10 * HOUR, 7.0, ChangeReason.SPIKE),
        ],
    )
    seen = view(before, rows).rows(12 * HOUR)
    assert (seen.own, seen.spread, seen.until) == ({9 * HOUR}, {9 * HOUR, 10 * HOUR}, 12 * HOUR)
    # Its own sum of this hour was 1, and all sums are 7 kWh higher now.
    assert [(start, row.sum) for start, row in seen.recorded.items()] == [(10 * HOUR, 8.0)]
    assert [row.sum for row in seen.hourly] == [0.5, 8.5, 9.0]


def test_rows_that_were_compiled_long_after_their_end_are_late() -> None:
    rows = stored([1.0, 2.0])
    for start, delay in ((10 * HOUR, HOUR), (11 * HOUR, HOUR + 1)):
        rows.hourly[start] = rows.hourly[start] | {"created_ts": float(start + HOUR + delay)}
    for start, delay in ((10 * HOUR, HOUR), (10 * HOUR + 300, HOUR + 1)):
        rows.short_term[start] = rows.hourly[10 * HOUR] | {"created_ts": float(start + 300 + delay)}
    seen = view(Difference(), rows).rows(20 * HOUR)
    assert (seen.late, seen.late_short_term) == ({11 * HOUR}, {10 * HOUR + 300})


def test_origins_follow_the_journal_the_stamps_and_the_values() -> None:
    rows = stored([1.0])
    hours = [SumRow(hour * HOUR, 4.0 + hour, 1.0) for hour in (7, 8, 9)]
    before = changed(rows, [WriteRows(hours, ChangeReason.IMPORT)])
    rows.hourly[8 * HOUR] = rows.hourly[8 * HOUR] | {"state": 77.0}
    found = view(before, rows).origins(Origin.MEASURED)
    assert found == {
        **dict.fromkeys((7 * HOUR, 8 * HOUR, 9 * HOUR), Origin.IMPORTED),
        10 * HOUR: Origin.MEASURED,
    }
    # The stamps remain when the journal is lost, and a value of others does not fit its stamp.
    without_journal = view(Difference(), rows).origins(Origin.MEASURED)
    assert without_journal[7 * HOUR] is Origin.SPREAD
    assert without_journal[8 * HOUR] is Origin.MEASURED
