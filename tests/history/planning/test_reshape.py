"""Energy that was spread is spread again; totals stay."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import pytest

from custom_components.py_hab.history.planning.change import StatisticRows
from custom_components.py_hab.history.planning.load_shape import LoadShape
from custom_components.py_hab.history.planning.reshape import plan_reshape
from custom_components.py_hab.history.planning.rows import HOUR, Row, SumRow

MIDNIGHT: Final = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
NOON: Final = {MIDNIGHT + day * 86400 + 12 * HOUR: 30.0 for day in range(-30, 0)}
SHAPE: Final = LoadShape(
    dict.fromkeys(range(MIDNIGHT - 30 * 86400, MIDNIGHT, HOUR), 0.0) | NOON, UTC
)


def flat(hours: int, before: int = 1) -> list[Row]:
    """Some hours of 1 kWh each, after some others."""
    return [
        Row(MIDNIGHT + hour * HOUR, HOUR, 101.0 + hour, 51.0 + hour)
        for hour in range(-before, hours)
    ]


def rows(hourly: list[Row], *bounds: int, first: int = MIDNIGHT) -> StatisticRows:
    spread = {row.start for row in hourly if row.start >= first}
    return StatisticRows(
        hourly=hourly,
        hours={row.start for row in hourly},
        own=spread,
        spread=spread,
        bounds=bounds,
        until=hourly[-1].end,
    )


def energies(hourly: list[Row], planned: list[SumRow]) -> dict[int, float]:
    """The kWh of each hour after the change, by its number."""
    sums = {row.start: row.sum for row in hourly} | {row.start: row.sum for row in planned}
    return {(two - MIDNIGHT) // HOUR: sums[two] - sums[one] for one, two in pairwise(sorted(sums))}


def test_a_day_of_its_own_keeps_its_total() -> None:
    hourly = flat(48)
    found = energies(hourly, plan_reshape(rows(hourly), SHAPE, UTC))
    assert found[12] == pytest.approx(24)
    assert found[36] == pytest.approx(24)
    assert sum(found.values()) == pytest.approx(48)


def test_bounds_that_were_noted_take_the_place_of_days() -> None:
    hourly = flat(48)
    noted = rows(hourly, MIDNIGHT, MIDNIGHT + 10 * HOUR, MIDNIGHT + 48 * HOUR)
    found = energies(hourly, plan_reshape(noted, SHAPE, UTC))
    # Nothing is known to be counted before ten, so that stays even.
    assert [found[hour] for hour in range(10)] == pytest.approx([1.0] * 10)
    assert (found[12], found[36]) == pytest.approx((19, 19))


def test_state_and_sum_rise_together_and_what_stays_is_not_written() -> None:
    hourly = flat(24)
    planned = plan_reshape(rows(hourly), SHAPE, UTC)
    assert {row.state - row.sum for row in planned} == {50.0}
    # Up to midnight, all but the last one of the day have another sum.
    assert len(planned) == 23
    moved = [Row(row.start, HOUR, row.state, row.sum) for row in planned]
    again = [hourly[0], *moved, hourly[-1]]
    assert plan_reshape(rows(again), SHAPE, UTC) == []


def test_before_the_first_row_of_all_our_sums_start_at_nothing() -> None:
    hourly = [Row(row.start, HOUR, row.state, row.sum - 50) for row in flat(24, before=0)]
    planned = plan_reshape(rows(hourly), SHAPE, UTC)
    assert planned[0].sum == pytest.approx(0)
    found = energies(hourly, planned)
    assert found[12] == pytest.approx(24)


def test_where_the_row_before_is_missing_or_a_sum_falls_nothing_is_done() -> None:
    hourly = flat(24, before=3)
    assert plan_reshape(rows([*hourly[:1], *hourly[3:]]), SHAPE, UTC) == []
    falls = [*hourly[:3], *(Row(row.start, HOUR, row.state, row.sum - 50) for row in hourly[3:])]
    assert plan_reshape(rows(falls), SHAPE, UTC) == []
    assert plan_reshape(StatisticRows(until=0), SHAPE, UTC) == []
