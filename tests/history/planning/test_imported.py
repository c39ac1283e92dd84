"""What a file contains is planned beside the hours that are there."""

from collections.abc import Iterable, Mapping
from math import nan
from typing import Any

import pytest

from custom_components.py_hab.history.planning.change import (
    AdjustSum,
    ChangeReason,
    StatisticRows,
    WriteRows,
)
from custom_components.py_hab.history.planning.imported import (
    Imported,
    ImportedEnergy,
    ImportedMeans,
    ImportedReadings,
    ImportedSums,
    ImportPlan,
    Target,
    Total,
    plan_import,
)
from custom_components.py_hab.history.planning.load_shape import LoadShape
from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.planning.rows import (
    HOUR,
    SHORT_TERM,
    MeanRow,
    Row,
    SumRow,
)
from tests.support.portals import BERLIN

UNTIL = 1000 * HOUR


def target(
    rows: Iterable[Row] = (),
    *,
    own: Iterable[int] = (),
    is_external: bool = False,
    expected: Iterable[Row] = (),
    **more: Any,
) -> Target:
    """Return a statistic with rows."""
    hourly = [row for row in rows if row.length == HOUR]
    return Target(
        rows=StatisticRows(
            hourly=hourly,
            short_term=[row for row in rows if row.length == SHORT_TERM],
            hours={row.start for row in hourly},
            own=frozenset(own),
            until=UNTIL,
            **more,
        ),
        is_external=is_external,
        expected=list(expected),
        shape=lambda known: LoadShape(known, BERLIN),
    )


def hour(number: int, state: float, total: float) -> Row:
    """Return an hourly row."""
    return Row(number * HOUR, HOUR, state, total)


def plan(imported: Imported, *args: Any, **options: Any) -> ImportPlan:
    """Plan an import into a statistic."""
    return plan_import(imported, target(*args, **options))


def written(found: ImportPlan) -> dict[int, tuple[Any, Any]]:
    """Return state and sum of each hour that is written, by its number."""
    return {
        row.start // HOUR: (row.state, row.sum)
        for step in found.change
        if isinstance(step, WriteRows)
        for row in step.rows
        if isinstance(row, SumRow)
    }


def adjusted(found: ImportPlan) -> list[tuple[int, Any]]:
    """Return the adjustments of sums."""
    return [
        (step.start // HOUR, pytest.approx(step.amount))
        for step in found.change
        if isinstance(step, AdjustSum)
    ]


def origins(found: ImportPlan) -> Mapping[int, Origin]:
    """Return the origins that are noted, by the number of the hour."""
    (step,) = [step for step in found.change if isinstance(step, WriteRows)]
    return {start // HOUR: origin for start, origin in step.origins.items()}


# Energy


def energy(hours: Mapping[int, float], *totals: Total) -> ImportedEnergy:
    """Return energy by the number of the hour."""
    return ImportedEnergy(
        hours={number * HOUR: kwh for number, kwh in hours.items()}, totals=totals
    )


def test_energy_starts_a_statistic_at_0() -> None:
    found = plan(energy({1: 1.0, 2: 0.5, 5: 2.0}), is_external=True)
    assert written(found) == {1: (1.0, 1.0), 2: (1.5, 1.5), 5: (3.5, 3.5)}
    assert (found.rows, found.energy) == (3, 3.5)
    assert origins(found) == {}


def test_energy_is_anchored_at_the_first_live_reading() -> None:
    found = plan(energy({1: 1.0, 2: 0.5, 4: 9.0}), [hour(4, 100.0, 3.0), hour(5, 101.0, 4.0)])
    # Nine were counted within the first live hour, as the file says.
    assert written(found) == {1: (90.5, 1.0), 2: (91.0, 1.5)}
    assert adjusted(found) == [(4, 1.5 + 9.0 - 3.0)]
    assert found.energy == 1.5


def test_energy_fills_holes_between_live_rows_and_their_sums_stay() -> None:
    live = [hour(1, 100.0, 0.0), hour(4, 106.0, 6.0)]
    found = plan(energy({2: 1.0, 3: 2.0}), live)
    assert written(found) == {2: (101.0, 1.0), 3: (103.0, 3.0)}
    assert adjusted(found) == []
    assert written(plan(energy({2: 1.0, 3: 2.0}), [hour(1, nan, 0.0), live[1]])) == {}


def test_energy_before_an_entity_without_rows_ends_at_what_it_shows() -> None:
    shown = Row(9 * HOUR + 300, SHORT_TERM, 50.0, 0.0)
    found = plan(energy({1: 1.0, 2: 1.0}), expected=[shown])
    assert written(found) == {1: (49.0, 1.0), 2: (50.0, 2.0)}


def test_energy_joins_what_was_imported_before() -> None:
    own = [hour(2, 1.0, 1.0), hour(3, 2.0, 2.0)]
    found = plan(energy({1: 5.0, 3: 4.0}), own, is_external=True)
    assert written(found) == {1: (5.0, 5.0), 2: (6.0, 6.0), 3: (10.0, 10.0)}
    assert found.energy == 9.0


def test_readings_that_are_known_stay_readings() -> None:
    own = [hour(2, 501.0, 1.0), hour(3, 502.0, 2.0)]
    found = plan(energy({1: 5.0, 4: 1.0}), own, is_external=True)
    assert written(found) == {
        1: (500.0, 5.0),
        2: (501.0, 6.0),
        3: (502.0, 7.0),
        4: (503.0, 8.0),
    }


def test_totals_are_spread_in_the_shape_of_known_hours_and_noted() -> None:
    # 1970-01-05 is a Monday; three weeks of evenings are known.
    monday = 4 * 24 - 1
    known = {
        monday + 24 * day + each: (1.0 if each == 19 else 0.0)
        for day in range(14)
        for each in range(24)
    }
    day = monday + 24 * 14
    found = plan(energy(known, Total(day * HOUR, (day + 24) * HOUR, 10.0)), is_external=True)
    sums = written(found)
    assert sums[day + 23][1] - sums[day - 1][1] == pytest.approx(10.0)
    spread = origins(found)
    assert set(spread) == set(range(day, day + 24))
    (step,) = [step for step in found.change if isinstance(step, WriteRows)]
    assert step.bounds == [day * HOUR, (day + 24) * HOUR]


def test_a_total_may_begin_and_end_within_hours() -> None:
    found = plan(energy({}, Total(HOUR // 2, 3 * HOUR + HOUR // 2, 6.0)), is_external=True)
    assert written(found) == pytest.approx(
        {0: (1.0, 1.0), 1: (3.0, 3.0), 2: (5.0, 5.0), 3: (6.0, 6.0)}
    )


# Readings


def test_readings_of_two_files_are_joined() -> None:
    first = [SumRow(number * HOUR, 100.0 + number, number - 0.0) for number in range(1, 4)]
    own = [hour(row.start // HOUR, row.state, row.sum) for row in first]
    second = ImportedReadings(
        rows=[SumRow(number * HOUR, 100.0 + number, number - 6.0) for number in range(7, 9)]
    )
    found = plan(second, own, is_external=True)
    sums = written(found)
    assert [sums[number][1] for number in range(1, 9)] == pytest.approx([1, 2, 3, 4, 5, 6, 7, 8])
    # The hours in between are filled.
    assert set(origins(found)) == {4, 5, 6}
    assert adjusted(found) == []


def test_spread_hours_of_readings_are_noted() -> None:
    rows = [SumRow(number * HOUR, 100.0 + number, float(number)) for number in range(1, 4)]
    found = plan(
        ImportedReadings(rows=rows, spread=frozenset({2 * HOUR}), bounds=[2 * HOUR, 3 * HOUR])
    )
    assert origins(found) == {2: Origin.SPREAD}


# Sums


SUMS = ImportedSums(
    rows=[SumRow(number * HOUR, 100.1 + number, 7.7 + number) for number in range(1, 6)],
    origins={2 * HOUR: Origin.SPREAD},
)


def test_exported_sums_are_written_as_they_are() -> None:
    found = plan(SUMS, is_external=True)
    assert written(found) == {number: (100.1 + number, 7.7 + number) for number in range(1, 6)}
    assert found.energy == pytest.approx(4.0)
    assert origins(found)[2] is Origin.SPREAD
    assert adjusted(found) == []


def test_rows_that_are_there_already_are_not_written_again() -> None:
    there = [hour(number, 100.1 + number, 7.7 + number) for number in range(1, 6)]
    assert plan(SUMS, there, is_external=True) == ImportPlan([], 0, 0.0)
    found = plan(SUMS, there[3:], is_external=True)
    assert set(written(found)) == {1, 2, 3}
    assert adjusted(found) == []


def test_live_sums_go_on_from_exported_ones() -> None:
    # Home Assistant has begun its sum anew.
    live = [hour(6, 106.1, 0.5), hour(7, 107.1, 1.5)]
    found = plan(SUMS, live)
    assert set(written(found)) == {1, 2, 3, 4, 5}
    assert adjusted(found) == [(6, 12.7 + 1.0 - 0.5)]
    # An hour that both have says it better than the readings.
    found = plan(SUMS, [hour(5, 105.1, 0.25), hour(6, 106.1, 1.25)])
    assert set(written(found)) == {1, 2, 3, 4}
    assert adjusted(found) == [(5, 12.7 - 0.25)]
    # Nothing is to be adjusted if they already go on.
    assert adjusted(plan(SUMS, [hour(6, 106.1, 13.7)])) == []
    assert adjusted(plan(SUMS, [hour(5, 105.1, 12.7)])) == []


def test_holes_between_live_rows_get_the_exported_rows() -> None:
    live = [hour(1, 101.1, 8.7), hour(5, 105.1, 12.7)]
    found = plan(SUMS, live)
    assert written(found) == {number: (100.1 + number, 7.7 + number) for number in (2, 3, 4)}
    # Where the rows around them are others, the energy between these stays.
    live = [hour(1, 101.1, 0.0), hour(5, 105.1, 4.0)]
    assert written(plan(SUMS, live)) == {
        number: (pytest.approx(100.1 + number), pytest.approx(number - 1)) for number in (2, 3, 4)
    }


# Means


def test_means_are_written_where_there_are_none() -> None:
    means = [MeanRow(number * HOUR, 20.0, 19.0, 21.0) for number in range(1, 5)]
    means.append(MeanRow(UNTIL, 20.0, 19.0, 21.0))
    found = plan(
        ImportedMeans(rows=means, origins={HOUR: Origin.SPREAD}),
        [hour(2, nan, 0.0), hour(3, nan, 0.0)],
        own={3 * HOUR},
    )
    (step,) = found.change
    assert isinstance(step, WriteRows)
    assert [row.start // HOUR for row in step.rows] == [1, 3, 4]
    assert (step.reason, step.origins) == (ChangeReason.IMPORT, {HOUR: Origin.SPREAD})
    assert (found.rows, found.energy) == (3, None)
