"""Sums that were adjusted come back to the last bit."""

from custom_components.py_hab.history.planning.adjusted_sums import AdjustedSums
from custom_components.py_hab.history.planning.difference import Difference
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.planning.stored import ShiftSums, Table
from tests.support.edits import KWH, WH, stored

START = 10 * HOUR


def test_adjustments_add_up_from_their_time_on() -> None:
    sums = AdjustedSums(Difference(sum_adjustments=[(START, 2.0)]), stored([]), KWH)
    sums.note(START + HOUR, 3.0)
    adjusted = sums.cumulative(Table.HOURLY)
    assert [adjusted.at(START + HOUR * number) for number in (-1, 0, 1, 2)] == [0.0, 2.0, 5.0, 5.0]


def test_a_sum_is_known_without_them_in_the_unit_of_the_database() -> None:
    sums = AdjustedSums(Difference(sum_adjustments=[(START, 2.0)]), stored([]), WH)
    assert sums.without(Table.HOURLY, START, 2500.0, sums.cumulative(Table.HOURLY)) == 500.0


def test_only_what_subtracting_would_miss_is_kept() -> None:
    rows = stored([0.1, 1.0])
    sums = AdjustedSums(Difference(), rows, KWH)
    before = sums.cumulative(Table.HOURLY)
    sums.note(START, 1e5)
    assert (0.1 + 1e5) - 1e5 != 0.1
    sums.keep(Table.HOURLY, rows.hourly, before, 1e5)
    assert sums.exact[Table.HOURLY] == {START: 0.1}
    rows.apply(ShiftSums(table=Table.HOURLY, start=START, amount=1e5))
    adjusted = sums.cumulative(Table.HOURLY)
    found = [
        sums.without(Table.HOURLY, start, values["sum"] or 0.0, adjusted)
        for start, values in rows.hourly.items()
    ]
    assert found == [0.1, 1.0]
