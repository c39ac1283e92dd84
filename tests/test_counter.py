"""Which readings of a counter are believed."""

import math

import pytest

from custom_components.py_hab.counter import CONFIRMATIONS, CounterGuard, Verdict

BELIEVED = Verdict.BELIEVED
LOWER = Verdict.LOWER
SLIGHTLY_LOWER = Verdict.SLIGHTLY_LOWER
ZERO = Verdict.ZERO


def judge(last: float | None, *readings: float) -> list[Verdict]:
    guard = CounterGuard(last)
    return [guard.judge(reading) for reading in readings]


@pytest.mark.parametrize(
    ("last", "reading", "verdict"),
    [
        (None, 0.0, ZERO),
        (None, 15119.035, BELIEVED),
        (None, -0.001, Verdict.NEGATIVE),
        (None, math.nan, Verdict.NOT_FINITE),
        (0.0, 0.0, BELIEVED),
        (0.0, -0.0, BELIEVED),
        (0.0, 0.001, BELIEVED),
        (15119.035, 15119.035, BELIEVED),
        (15119.035, 15119.036, BELIEVED),
        (15119.035, 0.0, ZERO),
        (0.001, 0.0, ZERO),
        (15119.935, 15119.0, SLIGHTLY_LOWER),
        (15119.035, 15119.034, SLIGHTLY_LOWER),
        (15119.0, 15118.0, LOWER),
        (2532.25, 2531.72, SLIGHTLY_LOWER),
        (2532259.7694, 2531735.4814, LOWER),
        (0.9, 0.5, SLIGHTLY_LOWER),
        (0.9, 0.45, LOWER),
        (0.9, 0.1, LOWER),
        (15119.035, 1.0, LOWER),
        (15119.035, -1.0, Verdict.NEGATIVE),
        (15119.035, math.nan, Verdict.NOT_FINITE),
        (15119.035, math.inf, Verdict.NOT_FINITE),
        (15119.035, -math.inf, Verdict.NOT_FINITE),
    ],
    ids=[
        "first zero",
        "first reading",
        "first negative",
        "first not a number",
        "still zero",
        "negative zero",
        "first count",
        "unchanged",
        "one more",
        "zero after boot",
        "zero of a young counter",
        "lost its pin",
        "jittering digit",
        "a whole kWh lower",
        "half a kWh lower",
        "flipped bit",
        "young counter slightly lower",
        "young counter at the half",
        "young counter reset",
        "reset",
        "negative",
        "not a number",
        "endless",
        "endlessly negative",
    ],
)
def test_verdict_on_one_reading(last: float | None, reading: float, verdict: Verdict) -> None:
    guard = CounterGuard(last)
    assert guard.judge(reading) is verdict
    assert guard.last == (reading if verdict is BELIEVED else last)


@pytest.mark.parametrize(
    ("readings", "verdicts"),
    [
        ([3.0] * 5, [LOWER] * 4 + [BELIEVED]),
        ([3.0, 3.0, 3.1, 3.2, 3.3, 3.4], [LOWER] * 4 + [BELIEVED] * 2),
        ([3.0, 100.1, 100.2], [LOWER, BELIEVED, BELIEVED]),
        ([3.0] * 4 + [100.0] + [3.0] * 5, [LOWER] * 4 + [BELIEVED] + [LOWER] * 4 + [BELIEVED]),
        ([3.0, 3.0, 2.9, 2.9, 2.9, 2.9, 2.9], [LOWER] * 6 + [BELIEVED]),
        ([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0], [LOWER] * 7),
        ([50.0, 3.0, 3.0, 3.0, 3.0, 3.0], [LOWER] * 5 + [BELIEVED]),
        ([0.0] * 20, [ZERO] * 20),
        ([99.5] * 20, [SLIGHTLY_LOWER] * 20),
        ([3.0, 0.0] * 6, [LOWER, ZERO] * 6),
        ([3.0, 99.5] * 6, [LOWER, SLIGHTLY_LOWER] * 6),
        ([3.0, math.nan] * 6, [LOWER, Verdict.NOT_FINITE] * 6),
        ([3.0, -3.0] * 6, [LOWER, Verdict.NEGATIVE] * 6),
        ([99.5, 99.9, 100.0], [SLIGHTLY_LOWER] * 2 + [BELIEVED]),
    ],
    ids=[
        "reset",
        "another meter that counts",
        "glitch",
        "glitches and a reset",
        "falling once more",
        "ever falling",
        "a higher glitch first",
        "zeros for ever",
        "slightly lower for ever",
        "zeros between",
        "the old counter between",
        "nonsense between",
        "negatives between",
        "reached again",
    ],
)
def test_verdicts_on_a_row_of_readings_after_100_kwh(
    readings: list[float], verdicts: list[Verdict]
) -> None:
    assert judge(100.0, *readings) == verdicts


def test_a_zero_before_the_first_reading_is_waited_for() -> None:
    """A reader that has just started: two zeros of the median filter, then the meter."""
    assert judge(None, 0.0, 0.0, 15119.035, 15119.036) == [ZERO, ZERO, BELIEVED, BELIEVED]


def test_a_counter_that_stands_at_zero_is_believed_after_a_while() -> None:
    assert judge(None, 0.0, 0.0, 0.0, 0.0, 0.001) == [ZERO, ZERO, *[BELIEVED] * 3]


def test_a_believed_reset_is_where_counting_goes_on() -> None:
    guard = CounterGuard(15119.035)
    for _ in range(CONFIRMATIONS):
        guard.judge(2.5)
    assert guard.last == 2.5
    assert guard.judge(2.6) is BELIEVED
    assert guard.judge(1.0) is LOWER, "the next fall needs its own confirmation"
    assert guard.last == 2.6


def test_nothing_is_lost_by_a_rejected_reading() -> None:
    guard = CounterGuard(100.0)
    readings = (100.4, 0.0, 100.9, 99.95, 3.0, 101.7)
    believed = [reading for reading in readings if guard.judge(reading) is BELIEVED]
    assert believed == [100.4, 100.9, 101.7], "the last one carries the whole difference"


@pytest.mark.parametrize("readings", [[0.0, 100.0], [math.nan, 100.0], [-1.0, 100.0]])
def test_what_was_rejected_at_the_start_does_not_hinder(readings: list[float]) -> None:
    guard = CounterGuard()
    for reading in readings:
        guard.judge(reading)
    assert guard.last == 100.0
