"""What a change notes of the origin of its hours."""

from custom_components.py_hab.history.planning.change import ChangeReason, WriteRows
from custom_components.py_hab.history.planning.difference import Difference
from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.planning.origins import (
    Origins,
    origin_ranges,
    origins_by_hour,
)
from custom_components.py_hab.history.planning.rows import HOUR


def test_a_year_of_imported_hours_is_one_range() -> None:
    hours = dict.fromkeys(range(0, 8760 * HOUR, HOUR), Origin.IMPORTED)
    ranges = origin_ranges(hours)
    assert ranges == {Origin.IMPORTED: [(0, 8759 * HOUR)]}
    assert origins_by_hour(ranges) == hours


def test_hours_without_a_note_were_spread() -> None:
    origins = Origins(Difference(origins={Origin.REPORTED: [(HOUR, HOUR)]}))
    assert [origins.of(hour) for hour in (0, HOUR)] == [Origin.SPREAD, Origin.REPORTED]
    assert origins.spread([0, HOUR]) == {0}
    assert origins.ranges([0, HOUR]) == {Origin.REPORTED: [(HOUR, HOUR)]}


def test_the_reason_decides_unless_the_step_says_more() -> None:
    origins = Origins(Difference())
    backfill = WriteRows([], ChangeReason.BACKFILL, origins={0: Origin.REPORTED})
    for start in (0, HOUR):
        origins.note(backfill, start, is_ours=False)
    origins.note(WriteRows([], ChangeReason.OUTAGE), 2 * HOUR, is_ours=False)
    origins.note(WriteRows([], ChangeReason.IMPORT), 3 * HOUR, is_ours=False)
    assert [origins.of(hour * HOUR) for hour in range(4)] == [
        Origin.REPORTED,
        Origin.SPREAD,
        Origin.SPREAD,
        Origin.IMPORTED,
    ]


def test_a_corrected_unit_keeps_the_origin() -> None:
    origins = Origins(Difference())
    correction = WriteRows([], ChangeReason.UNIT)
    origins.note(WriteRows([], ChangeReason.OUTAGE), 0, is_ours=False)
    origins.note(correction, 0, is_ours=True)
    origins.note(correction, HOUR, is_ours=False)
    assert [origins.of(0), origins.of(HOUR)] == [Origin.SPREAD, Origin.MEASURED]


def test_bounds_are_kept_only_beside_hours_that_were_spread() -> None:
    origins = Origins(Difference())
    reported = {5 * HOUR: Origin.REPORTED}
    whole = WriteRows([], ChangeReason.BACKFILL, origins=reported, bounds=[0, 3 * HOUR, 6 * HOUR])
    for hour in (0, 1, 2, 5):
        origins.note(whole, hour * HOUR, is_ours=False)
    assert origins.bounds([0, HOUR, 2 * HOUR, 5 * HOUR]) == [0, 3 * HOUR]
