"""How energy is distributed over the hours of a longer time."""

from itertools import pairwise
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.planning.rows import HOUR, full_hour
from custom_components.py_hab.history.planning.shape import spread

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

T0: Final = 500_000 * HOUR


def test_a_shape_that_no_fuse_lets_through_is_not_used() -> None:
    load_profile = {T0 + HOUR * hour: 0.1 for hour in range(6)} | {T0 + 3 * HOUR: 500.0}
    even = {T0 + HOUR * hour: 10.0 * hour for hour in range(1, 7)}
    assert spread(
        T0, T0 + 6 * HOUR, 60.0, known_energy={}, load_profile=load_profile
    ) == pytest.approx(even)
    small = spread(T0, T0 + 6 * HOUR, 6.0, known_energy={}, load_profile=load_profile)
    assert small[T0 + 3 * HOUR] < 0.01


@pytest.mark.parametrize(
    "load_profile",
    [{}, {T0: 1.0}, {T0: 0.0, T0 + HOUR: 0.0}, {T0: -1.0, T0 + HOUR: 3.0}],
    ids=["none", "half of it", "nothing", "a sum that fell"],
)
def test_without_a_shape_energy_is_spread_evenly(load_profile: dict[int, float]) -> None:
    found = spread(T0, T0 + 2 * HOUR, 3.0, known_energy={}, load_profile=load_profile)
    assert found == {T0 + HOUR: 1.5, T0 + 2 * HOUR: 3.0}


@given(
    start=st.floats(0.0, 50_000.0),
    length=st.floats(0.0, 100_000.0),
    energy=st.floats(0.0, 1000.0),
    known_energy=st.dictionaries(st.integers(0, 45).map(HOUR.__mul__), st.floats(-50.0, 1100.0)),
    load_profile=st.dictionaries(st.integers(0, 45).map(HOUR.__mul__), st.floats(0.0, 50.0)),
)
def test_energy_that_is_spread_never_falls_and_is_never_more_than_there_is(
    start: float,
    length: float,
    energy: float,
    known_energy: dict[int, float],
    load_profile: dict[int, float],
) -> None:
    end = start + length
    found = spread(start, end, energy, known_energy=known_energy, load_profile=load_profile)
    assert list(found) == list(range(full_hour(start) + HOUR, full_hour(end) + 1, HOUR))
    values = [0.0, *found.values(), energy]
    assert all(one <= other + 1e-9 for one, other in pairwise(values))


def test_no_hour_gets_more_than_the_most_and_the_total_stays() -> None:
    load_profile = {T0: 1.0, T0 + HOUR: 8.0, T0 + 2 * HOUR: 1.0, T0 + 3 * HOUR: 0.0}
    found = spread(T0, T0 + 4 * HOUR, 5.0, known_energy={}, load_profile=load_profile, most=2.0)
    assert found == pytest.approx(
        {T0 + HOUR: 1.5, T0 + 2 * HOUR: 3.5, T0 + 3 * HOUR: 5.0, T0 + 4 * HOUR: 5.0}
    )


def test_a_total_that_the_most_does_not_hold_is_not_in_that_shape() -> None:
    load_profile = {T0: 1.0, T0 + HOUR: 8.0, T0 + 2 * HOUR: 0.0}
    otherwise = {T0: 0.0, T0 + HOUR: 1.0, T0 + 2 * HOUR: 2.0}
    for energy in (4.5, 6.0):
        found = spread(
            T0,
            T0 + 3 * HOUR,
            energy,
            known_energy={},
            load_profile=load_profile,
            otherwise=otherwise,
            most=2.0,
        )
        assert found == pytest.approx(
            {T0 + HOUR: 0.0, T0 + 2 * HOUR: energy / 3, T0 + 3 * HOUR: energy}
        )
    nothing = spread(T0, T0 + HOUR, 0.0, known_energy={}, load_profile={T0: 1.0}, most=0.0)
    assert nothing == {T0 + HOUR: 0.0}
