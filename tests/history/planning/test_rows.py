"""Rows of statistics, and the full hours at which they start."""

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, Row, full_hour

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")


@pytest.mark.parametrize(
    ("time", "start"),
    [
        (0, 0),
        (3599.999, 0),
        (3600, 3600),
        (3600.0, 3600),
        (1_773_000_000.5, 1_773_000_000),
        (-0.5, -3600),
        (-3600, -3600),
    ],
)
def test_a_full_hour_is_at_or_before_its_time(time: float, start: int) -> None:
    assert full_hour(time) == start
    assert isinstance(full_hour(time), int)


@given(st.floats(-1e10, 1e10))
def test_every_time_is_in_the_hour_that_starts_at_its_full_hour(time: float) -> None:
    start = full_hour(time)
    assert start % HOUR == 0
    assert start <= time < start + HOUR


@pytest.mark.parametrize("length", [HOUR, SHORT_TERM])
def test_a_row_ends_after_its_length(length: int) -> None:
    assert Row(7200, length, 1.0, 0.0).end == 7200 + length
