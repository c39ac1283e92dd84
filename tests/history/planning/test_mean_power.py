"""The mean power of hours before it was measured."""

from datetime import UTC, datetime
from typing import Final

from custom_components.py_hab.history.planning.change import ChangeReason, StatisticRows
from custom_components.py_hab.history.planning.mean_power import (
    MeanOfHour,
    difference,
    energy_by_hour,
    plan_power,
)
from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, Row

T0: Final = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())


def counter(*sums: float | None, own: int = 0, late: int | None = None) -> StatisticRows:
    """Return hourly rows whose state is 100 kWh above the sum; None is a missing hour."""
    hourly = [
        Row(T0 + index * HOUR, HOUR, 100 + total, total)
        for index, total in enumerate(sums)
        if total is not None
    ]
    return StatisticRows(
        hourly=hourly,
        hours={row.start for row in hourly},
        own={T0 + index * HOUR for index in range(own)},
        late=set() if late is None else {T0 + late * HOUR},
        until=T0 + len(sums) * HOUR,
    )


def power(*hours: float, own: int = 0, until: int = 10) -> StatisticRows:
    """Return rows of a power in W."""
    starts = {T0 + index * HOUR: watts for index, watts in enumerate(hours)}
    return StatisticRows(
        hours=starts.keys(),
        own=set(list(starts)[:own]),
        means=dict(list(starts.items())[:own]),
        until=T0 + until * HOUR,
    )


def by_index(found: dict[int, MeanOfHour]) -> dict[int, float]:
    return {(start - T0) // HOUR: round(mean.value, 6) for start, mean in found.items()}


def test_energy_of_an_hour_needs_the_hour_before() -> None:
    assert by_index(energy_by_hour(counter(0.5, 1.5, None, 4.0, 4.25), {})) == {1: 1.0, 4: 0.25}


def test_our_own_sums_begin_at_zero() -> None:
    assert by_index(energy_by_hour(counter(0.5, 1.5, own=2), {})) == {0: 0.5, 1: 1.0}


def test_what_was_not_counted_in_that_hour_is_left_out() -> None:
    # A counter that was reset, an hour that no connection allows, and one that was carried on.
    assert by_index(energy_by_hour(counter(5.0, 1.0, 2.0, 900.0, 901.0), {})) == {2: 1.0, 4: 1.0}
    assert by_index(energy_by_hour(counter(1.0, 2.0, 2.0, 2.0, 5.0, late=2), {})) == {1: 1.0}


def test_origin_of_a_power_is_that_of_its_energy() -> None:
    origins = {T0 + HOUR: Origin.REPORTED, T0 + 2 * HOUR: Origin.SPREAD}
    drawn = energy_by_hour(counter(0.0, 1.0, 2.0, 3.0), origins)
    fed_in = energy_by_hour(counter(0.0, 0.0, 0.5, 4.0), {T0 + HOUR: Origin.IMPORTED})
    found = difference(drawn, fed_in)
    assert by_index(found) == {1: 1.0, 2: 0.5, 3: -2.5}
    assert [found[T0 + index * HOUR].origin for index in (1, 2, 3)] == [
        Origin.IMPORTED,
        Origin.SPREAD,
        Origin.MEASURED,
    ]


def test_an_hour_known_in_one_direction_only_is_left_out() -> None:
    found = difference(
        energy_by_hour(counter(0.0, 1.0, 2.0), {}), energy_by_hour(counter(0.0, 0.0), {})
    )
    assert by_index(found) == {1: 1.0}


def test_hours_before_the_first_measured_one_are_written_in_watts() -> None:
    known = energy_by_hour(counter(0.0, 0.25, 0.75, 1.0), {T0 + HOUR: Origin.SPREAD})
    rows = power(until=3)
    step = plan_power(known, rows)
    assert step.reason is ChangeReason.BACKFILL
    assert step.rows == [
        MeanRow(T0 + HOUR, 250.0, 250.0, 250.0),
        MeanRow(T0 + 2 * HOUR, 500.0, 500.0, 500.0),
    ]
    assert step.origins == {T0 + HOUR: Origin.SPREAD, T0 + 2 * HOUR: Origin.MEASURED}


def test_measured_hours_and_those_after_them_stay() -> None:
    known = energy_by_hour(counter(0.0, 0.25, 0.75, 1.0), {})
    assert not plan_power(known, power(77.0)).rows


def test_what_was_written_before_is_corrected_and_not_repeated() -> None:
    known = energy_by_hour(counter(0.25, 0.5, 0.75, own=3), {})
    step = plan_power(known, power(250.0, 249.0, own=2))
    assert [row.start for row in step.rows] == [T0 + HOUR, T0 + 2 * HOUR]
