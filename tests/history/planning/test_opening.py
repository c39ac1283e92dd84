"""Spread hours lead to the reading at which a file begins, whatever was imported or filled first."""

from itertools import accumulate, pairwise
from typing import Final

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.py_hab.history.planning.change import StatisticRows
from custom_components.py_hab.history.planning.opening import leading_readings, leading_rows
from custom_components.py_hab.history.planning.rows import HOUR, Row, SumRow

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

T0: Final = 500_000 * HOUR
READING: Final = 500.0
CLOSE: Final = 1e-6


def hour(number: int) -> int:
    return T0 + HOUR * number


def rows_of(kwh: list[float], *, begin: int = 0, reading: float = READING) -> list[SumRow]:
    """Return hours whose sums start at 0."""
    totals = list(accumulate(kwh))
    return [
        SumRow(hour(begin + number), reading + total, total) for number, total in enumerate(totals)
    ]


def stored(own: list[SumRow], spread: set[int], bounds: list[int]) -> StatisticRows:
    return StatisticRows(
        hourly=[Row(row.start, HOUR, row.state, row.sum) for row in own],
        own=frozenset(row.start for row in own),
        spread=frozenset(spread),
        bounds=bounds,
        until=hour(10_000),
    )


@given(
    kwh=st.lists(st.floats(0.0, 3.0), min_size=3, max_size=40),
    measured=st.integers(0, 5),
    data=st.data(),
)
def test_what_was_spread_before_a_file_ends_with_its_opening_reading(
    kwh: list[float], measured: int, data: st.DataObject
) -> None:
    """Of a period that is known as a whole, and of hours before it that are known one by one."""
    first = data.draw(st.integers(1, len(kwh) - 1))
    assume(sum(kwh[:first]) > CLOSE)
    exact = [0.5] * measured
    own = rows_of([*exact, *[sum(kwh) / len(kwh)] * len(kwh)])
    true = rows_of([*exact, *kwh])
    begin = measured + first
    file = [SumRow(row.start, row.state, row.state - true[begin - 1].state) for row in true[begin:]]
    spread = {hour(number) for number in range(measured, len(own))}
    bounds = [hour(measured), hour(len(own))]
    found = leading_rows(own, file, stored(own, spread, bounds))
    assert found[:measured] == own[:measured]
    assert found[begin:] == own[begin:]
    assert found[begin - 1].state == pytest.approx(true[begin - 1].state, abs=CLOSE)
    even = sum(kwh[:first]) / first
    edges = [READING + sum(exact), *(row.state for row in found[measured:begin])]
    assert [after - before for before, after in pairwise(edges)] == pytest.approx(
        [even] * first, abs=CLOSE
    )
    assert all(row.sum == pytest.approx(row.state - READING, abs=CLOSE) for row in found[:begin])


FLAT: Final = rows_of([1.0] * 8)
ALL: Final = {row.start for row in FLAT}


@pytest.mark.parametrize(
    ("known", "spread", "bounds"),
    [
        pytest.param([], ALL, [hour(0), hour(8)], id="nothing is known"),
        pytest.param([SumRow(hour(5), 506.5, 1.0)], set(), [], id="nothing was spread"),
        pytest.param([SumRow(hour(5), 506.5, 1.0)], ALL, [], id="no bound was noted"),
        pytest.param([SumRow(hour(5), 506.5, 1.0)], ALL, [hour(0), hour(5)], id="exact there"),
        pytest.param([SumRow(hour(5), 520.0, 1.0)], ALL, [hour(0), hour(8)], id="another counter"),
        pytest.param([SumRow(hour(5), 12.0, 1.0)], ALL, [hour(0), hour(8)], id="a lower one"),
        pytest.param([SumRow(hour(9), 506.5, 1.0)], ALL, [hour(0), hour(8)], id="a hole between"),
    ],
)
def test_otherwise_hours_stay(known: list[SumRow], spread: set[int], bounds: list[int]) -> None:
    assert leading_rows(FLAT, known, stored(FLAT, spread, bounds)) == FLAT


def test_the_energy_of_the_first_hour_may_be_unknown() -> None:
    """Where an entity begins with the readings of a lifetime, its sum is no energy of an hour."""
    known = [SumRow(hour(4), 503.0, 503.0)]
    found = leading_rows(FLAT, known, stored(FLAT, ALL, [hour(0), hour(8)]))
    assert [row.state for row in found[:4]] == pytest.approx([500.75, 501.5, 502.25, 503.0])


def test_the_profile_of_the_period_stays() -> None:
    readings = {hour(0): 10.0, hour(1): 11.0, hour(2): 14.0, hour(3): 15.0, hour(4): 16.0}
    found = leading_readings(12.0, [hour(0), hour(1)], readings, {hour(0), hour(4)})
    assert found == pytest.approx({hour(1): 10.5, hour(2): 12.0})
