"""How often a register's value is written."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.sml.throttle import Throttle

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")


def at(seconds: float) -> datetime:
    """Return a time so many seconds after the beginning."""
    return datetime(2026, 3, 20, 18, tzinfo=UTC) + timedelta(seconds=seconds)


def written(throttle: Throttle, *readings: tuple[float, float]) -> list[float | None]:
    """Return what is written of readings and the seconds at which they come."""
    return [throttle.add(reading, at(now)) for reading, now in readings]


@pytest.mark.parametrize(("mean", "value"), [(True, 20.0), (False, 30.0)], ids=["mean", "newest"])
def test_what_came_since_the_last_value_is_in_the_next(mean: bool, value: float) -> None:
    throttle = Throttle(timedelta(seconds=10), mean=mean)
    readings = ((100.0, 0.0), (10.0, 3.0), (20.0, 6.0), (30.0, 10.0), (7.0, 20.0))
    assert written(throttle, *readings) == [100.0, None, None, value, 7.0]


@pytest.mark.parametrize("mean", [True, False])
def test_without_an_interval_every_reading_is_written(mean: bool) -> None:
    throttle = Throttle(timedelta(seconds=0), mean=mean)
    readings = ((1.0, 0.0), (2.0, 0.0), (3.0, 0.5), (4.0, 0.4), (5.0, 100.0))
    assert written(throttle, *readings) == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("times", "due"),
    [
        ([0, 9, 18, 27, 36], [True, True, False, True, True]),
        ([0, 8.9, 10], [True, False, True]),
        ([0, 10.9, 20.1, 29.5, 40.4], [True] * 5),
        ([0, 15, 20, 30], [True, True, True, True]),
        ([0, 19, 20, 21, 30], [True, True, True, False, True]),
        ([0, 100, 105, 110], [True, True, False, True]),
        ([0, -2, 5, 9], [True, True, False, True]),
        ([0, -1000, -995, -990], [True, True, False, True]),
    ],
    ids=[
        "a little early",
        "too early",
        "unsteady",
        "late",
        "nearly an interval late",
        "after a silence",
        "clock set back a little",
        "clock set back",
    ],
)
def test_values_are_written_on_a_grid_of_10_seconds(times: list[float], due: list[bool]) -> None:
    throttle = Throttle(timedelta(seconds=10), mean=False)
    assert [throttle.add(1.0, at(now)) is not None for now in times] == due


def test_a_single_reading_is_written_as_it_is() -> None:
    """No sum and no division touch it."""
    assert Throttle(timedelta(seconds=10), mean=True).add(0.1 + 0.2, at(0)) == 0.1 + 0.2


@pytest.mark.parametrize("every", [0.9, 1.0, 1.1, 3.0, 7.0, 9.5, 10.0, 11.0])
def test_the_rate_does_not_drift(every: float) -> None:
    throttle = Throttle(timedelta(seconds=10), mean=True)
    count = sum(throttle.add(1.0, at(number * every)) is not None for number in range(8640))
    assert count == pytest.approx(min(864 * every, 8640), rel=0.02)


def test_a_reading_right_after_one_that_came_early_waits() -> None:
    """A meter that is read every second, and a counter that is written every minute."""
    throttle = Throttle(timedelta(seconds=60), mean=False)
    due = [now for now in range(190) if throttle.add(1.0, at(now)) is not None]
    assert due == [0, 54, 114, 174]


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 100)), max_size=60),
    st.sampled_from([0.0, 1.0, 10.0, 60.0]),
    st.booleans(),
)
def test_a_value_lies_within_the_readings_and_none_comes_too_often(
    readings: list[tuple[float, float]], interval: float, mean: bool
) -> None:
    throttle = Throttle(timedelta(seconds=interval), mean=mean)
    now, since, count = 0.0, list[float](), 0
    for reading, pause in readings:
        now += pause
        since.append(reading)
        value = throttle.add(reading, at(now))
        if value is not None:
            count += 1
            if mean:
                assert min(since) - 1e-6 <= value <= max(since) + 1e-6
            else:
                assert value == reading
            since.clear()
    if interval:
        assert count <= now / interval * 1.1 + 2
