"""Which readings of a counter are accepted."""

from collections.abc import Iterable
from dataclasses import astuple
import math
from typing import Final

from hypothesis import example, given, strategies as st
import pytest

from custom_components.py_hab.counters.guard import DEFAULT_MAX_POWER, CounterGuard
from custom_components.py_hab.counters.pending import MAX_KNOWN
from custom_components.py_hab.counters.verdict import ACCEPTING, Verdict

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

NOON: Final = 1_000_000.0
"""Seconds; when the last reading was accepted."""

ACCEPTED = Verdict.ACCEPTED
ROLLOVER_CANDIDATE = Verdict.ROLLOVER_CANDIDATE
IMPLAUSIBLE_RISE = Verdict.IMPLAUSIBLE_RISE
DECREASED = Verdict.DECREASED
NEGATIVE = Verdict.NEGATIVE
NOT_FINITE = Verdict.NOT_FINITE
QUARANTINED = Verdict.QUARANTINED
REPLACED = Verdict.REPLACED
ROLLED_OVER = Verdict.ROLLED_OVER
JITTER = Verdict.JITTER
ZERO = Verdict.ZERO


def counted(*readings: float, max_power: float = DEFAULT_MAX_POWER) -> CounterGuard:
    """Return a guard that has accepted these readings, the last one at noon."""
    guard = CounterGuard(max_power=max_power)
    for index, reading in enumerate(readings):
        assert guard.judge(reading, NOON - 600.0 * (len(readings) - 1 - index)).verdict.is_accepting
    return guard


def reported(guard: CounterGuard, every: float, readings: Iterable[float]) -> list[Verdict]:
    """Return what a guard says of readings that come every so many seconds after noon."""
    return [
        guard.judge(reading, NOON + every * number).verdict
        for number, reading in enumerate(readings, 1)
    ]


# One reading


@pytest.mark.parametrize(
    ("last", "reading", "verdict"),
    [
        (None, 0.0, ZERO),
        (None, -0.0, ZERO),
        (None, 15119.035, ACCEPTED),
        (None, -0.001, NEGATIVE),
        (None, math.nan, NOT_FINITE),
        (0.0, 0.0, ACCEPTED),
        (0.0, -0.0, ACCEPTED),
        (0.0, 0.001, ACCEPTED),
        (15119.035, 15119.035, ACCEPTED),
        (15119.035, 15119.036, ACCEPTED),
        (15119.035, 0.0, ZERO),
        (0.001, 0.0, ZERO),
        (15119.935, 15119.0, JITTER),
        (15119.035, 15119.034, JITTER),
        (15119.0, 15118.0, DECREASED),
        (2532.25, 2531.72, JITTER),
        (2532259.7694, 2531735.4814, DECREASED),
        (2531735.4814, 2532259.7694, IMPLAUSIBLE_RISE),
        (0.9, 0.5, JITTER),
        (0.9, 0.45, DECREASED),
        (0.9, 0.1, DECREASED),
        (15119.035, 1.0, DECREASED),
        (15119.035, 15119.785, ACCEPTED),
        (15119.035, 15119.79, IMPLAUSIBLE_RISE),
        (15119.035, 1e300, IMPLAUSIBLE_RISE),
        (15119.035, -1.0, NEGATIVE),
        (15119.035, math.nan, NOT_FINITE),
        (15119.035, math.inf, NOT_FINITE),
        (15119.035, -math.inf, NOT_FINITE),
    ],
    ids=[
        "first zero",
        "first negative zero",
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
        "bit flipped down",
        "bit flipped up",
        "young counter slightly lower",
        "young counter at the half",
        "young counter reset",
        "reset",
        "as much as fuses allow",
        "more than fuses allow",
        "very much more",
        "negative",
        "not a number",
        "endless",
        "endlessly negative",
    ],
)
def test_verdict_on_one_reading(last: float | None, reading: float, verdict: Verdict) -> None:
    guard = CounterGuard(last, NOON)
    # 43.5 kW for 32 s and 30 s more are 0.749 kWh.
    assert guard.judge(reading, NOON + 32).verdict is verdict
    assert guard.last == (reading if verdict is ACCEPTED else last)


@pytest.mark.parametrize(
    ("max_power", "seconds", "rise"),
    [
        (43.5, 0, 0.3625),
        (43.5, 1, 0.3746),
        (43.5, 300, 3.9875),
        (43.5, 900, 11.2375),
        (24.0, 300, 2.2),
        (100.0, 60, 2.5),
    ],
)
def test_what_the_fuses_allow_grows_with_time(
    max_power: float, seconds: float, rise: float
) -> None:
    within, beyond = (counted(100.001, max_power=max_power) for _ in range(2))
    assert within.judge(100.001 + rise, NOON + seconds).verdict is ACCEPTED
    assert beyond.judge(100.001 + rise + 0.002, NOON + seconds).verdict is IMPLAUSIBLE_RISE


@pytest.mark.parametrize(
    ("last", "hidden"), [(15119.0, 1.0), (15119.1, 0.1), (15119.11, 0.01), (15119.111, 0.001)]
)
def test_what_the_last_digit_hides_may_come_to_light(last: float, hidden: float) -> None:
    """The PIN is entered: the meter reports its decimals."""
    fuses = DEFAULT_MAX_POWER * 31 / 3600
    within, beyond = counted(last), counted(last)
    assert within.judge(last + fuses + hidden * 0.99, NOON + 1).verdict is ACCEPTED
    assert beyond.judge(last + fuses + hidden * 1.01, NOON + 1).verdict is IMPLAUSIBLE_RISE


# Rows of readings


@pytest.mark.parametrize(
    ("every", "readings", "verdicts"),
    [
        (150, [3.0] * 5, [DECREASED] * 4 + [REPLACED]),
        (150, [3.0, 3.0, 3.1, 3.2, 3.3, 3.4], [DECREASED] * 4 + [REPLACED, ACCEPTED]),
        (149, [3.0] * 6, [DECREASED] * 5 + [REPLACED]),
        (1, [3.0] * 600, [DECREASED] * 600),
        (1, [3.0] * 602, [DECREASED] * 600 + [REPLACED, ACCEPTED]),
        (600, [3.0] * 5, [DECREASED] * 4 + [REPLACED]),
        (300, [3.0, 100.1, 100.2], [DECREASED, ACCEPTED, ACCEPTED]),
        (
            150,
            [3.0] * 4 + [100.0] + [3.0] * 5,
            [DECREASED] * 4 + [ACCEPTED] + [DECREASED] * 4 + [REPLACED],
        ),
        (150, [3.0, 3.0, 2.9, 2.9, 2.9, 2.9, 2.9], [DECREASED] * 6 + [REPLACED]),
        (150, [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0], [DECREASED] * 7),
        (150, [3.0, 9.0, 15.0, 21.0, 27.0, 33.0, 39.0], [DECREASED] * 7),
        (150, [50.0, 3.0, 3.0, 3.0, 3.0, 3.0], [DECREASED] * 5 + [REPLACED]),
        (150, [0.0] * 20, [ZERO] * 20),
        (150, [99.5] * 20, [JITTER] * 20),
        (150, [3.0, 0.0] * 9, [DECREASED, ZERO] * 9),
        (150, [3.0, 99.5] * 9, [DECREASED, JITTER] * 9),
        (150, [3.0, math.nan] * 9, [DECREASED, NOT_FINITE] * 9),
        (150, [3.0, -3.0] * 9, [DECREASED, NEGATIVE] * 9),
        (30, [99.5, 99.9, 100.0, 100.1], [JITTER] * 2 + [ACCEPTED] * 2),
        (150, [5000.0] * 5, [IMPLAUSIBLE_RISE] * 4 + [REPLACED]),
        (150, [5000.0, 5000.5, 5001.0, 5001.5, 5002.0], [IMPLAUSIBLE_RISE] * 4 + [REPLACED]),
        (150, [5000.0, 3.0] * 9, [IMPLAUSIBLE_RISE, DECREASED] * 9),
        (150, [5000.0, 100.1, 5000.0, 100.2], [IMPLAUSIBLE_RISE, ACCEPTED] * 2),
        (1, [5000.0] * 100 + [100.1], [IMPLAUSIBLE_RISE] * 100 + [ACCEPTED]),
    ],
    ids=[
        "reset",
        "another meter that counts",
        "not for long enough",
        "many readings, not for long enough",
        "many readings",
        "rare readings",
        "glitch",
        "glitches and a reset",
        "falling once more",
        "ever falling",
        "rising faster than fuses allow",
        "a higher glitch first",
        "zeros for ever",
        "slightly lower for ever",
        "zeros between",
        "the old counter between",
        "nonsense between",
        "negatives between",
        "reached again",
        "another meter that shows more",
        "another meter that shows more and counts",
        "flips in both directions",
        "flips upward",
        "a stuck bit",
    ],
)
def test_verdicts_on_a_row_of_readings_after_100_kwh(
    every: float, readings: list[float], verdicts: list[Verdict]
) -> None:
    assert reported(counted(100.0), every, readings) == verdicts


def test_a_jump_is_accepted_when_the_fuses_could_have_let_it_through() -> None:
    """5 kWh take 43.5 kW less than 7 minutes."""
    assert reported(counted(100.001), 60, [105.0] * 7) == [IMPLAUSIBLE_RISE] * 6 + [ACCEPTED]


def test_a_small_counter_that_was_reset_need_not_stay_far_below_its_last_reading() -> None:
    """A plug that was reset twice within an hour; what rises from a decreased reading is one counter."""
    readings = [0.005, 0.01, 0.02, 0.025, 0.03]
    assert reported(counted(0.035), 300, readings) == [DECREASED] * 4 + [REPLACED]
    assert reported(counted(0.035), 300, [0.02, 0.03]) == [JITTER] * 2


def test_an_accepted_reset_is_where_counting_goes_on() -> None:
    guard = counted(15119.035)
    assert reported(guard, 150, [2.5] * 5)[-1] is REPLACED
    assert guard.last == 2.5
    assert guard.judge(2.6, NOON + 760).verdict is ACCEPTED
    assert guard.judge(1.0, NOON + 770).verdict is DECREASED, (
        "the next fall needs its own confirmation"
    )
    assert guard.last == 2.6


def test_another_counter_has_counted_since_its_first_reading() -> None:
    guard = counted(15119.035)
    every = 150
    judgements = [
        guard.judge(reading, NOON + every * number)
        for number, reading in enumerate((12.0, 12.1, 12.2, 12.3, 12.4), start=1)
    ]
    gap = judgements[-1].gap
    assert gap is not None
    assert gap.counted == pytest.approx(0.4)
    assert gap.counted_since == NOON + every


def test_readings_that_await_confirmation_say_what_was_counted_by_a_full_hour() -> None:
    guard = counted(100.0)
    hour = int(NOON // 3600 + 2) * 3600
    assert guard.judge(102.0, hour - 70).verdict is Verdict.QUARANTINED
    gap = guard.judge(102.1, hour + 20).gap
    assert gap is not None
    assert gap.readings == {hour - 70: 102.0, hour: 102.0}


def test_readings_far_from_a_full_hour_say_nothing_about_it() -> None:
    guard = counted(100.0)
    hour = int(NOON // 3600 + 2) * 3600
    guard.judge(102.0, hour - 70)
    gap = guard.judge(102.1, hour + 1800).gap
    assert gap is not None
    assert gap.readings == {hour - 70: 102.0}


def test_a_reading_that_awaits_confirmation_over_a_full_hour_ends_a_gap() -> None:
    """The reader has just restarted: there is no silence, but the next hour contains its energy."""
    guard, hour = CounterGuard(), int(NOON // 3600) * 3600
    assert guard.judge(100.0, hour - 300).verdict is ACCEPTED
    guard.quarantined = True
    assert guard.judge(100.2, hour - 120).verdict is QUARANTINED
    gap = guard.judge(100.4, hour + 30).gap
    assert gap is not None
    assert (gap.start, gap.before, gap.after) == (hour - 300, 100.0, 100.4)
    assert gap.known_energy == pytest.approx({hour - 120: 0.2, hour: 0.2})


def test_a_reading_that_awaits_confirmation_within_an_hour_is_no_gap() -> None:
    guard, hour = CounterGuard(), int(NOON // 3600) * 3600
    guard.judge(100.0, hour + 300)
    guard.quarantined = True
    guard.judge(100.2, hour + 480)
    assert guard.judge(100.4, hour + 630).gap is None


def test_readings_are_not_kept_for_ever_while_they_await_confirmation() -> None:
    guard = counted(15.0)
    for number in range(1000):
        guard.judge(15_000.0, NOON + 600 * number)
    assert guard._pending is not None
    assert len(guard._pending.known) == MAX_KNOWN


@pytest.mark.parametrize("new", [2.5, 99_000.0], ids=["lower", "higher"])
def test_after_a_replacement_the_old_meter_counts_for_nothing(new: float) -> None:
    guard = counted(15119.035, 15120.035)
    assert reported(guard, 150, [new] * 5)[-1] is REPLACED
    assert guard.judge(new - 1.5, NOON + 760).verdict is DECREASED, (
        "and is not held for the old meter's sake"
    )


@pytest.mark.parametrize(
    ("dip", "verdict"),
    [(99.999, JITTER), (98.0, JITTER), (97.0, JITTER), (96.999, DECREASED)],
)
def test_a_reading_between_the_last_two_accepted_ones_is_held(dip: float, verdict: Verdict) -> None:
    """A bit has flipped within what the fuses allow: the lower readings are the true ones."""
    guard = counted(97.0, 100.0)
    assert guard.judge(dip, NOON + 10).verdict is verdict
    assert guard.last == 100.0


def test_readings_below_a_wrong_one_are_held_until_it_is_reached() -> None:
    guard = counted(97.0, 100.0)
    readings = [97.1, 97.2, 99.0, 99.9, 100.0, 100.2]
    assert reported(guard, 30, readings) == [JITTER] * 4 + [ACCEPTED] * 2
    assert guard.last == 100.2


def test_a_wrong_one_that_would_not_be_reached_for_months_is_replaced() -> None:
    """Two equal wrong readings after days without any are plausible."""
    guard = counted(96.9, 97.0)
    days = NOON + 3 * 86400
    assert guard.judge(2097.0, days).verdict is QUARANTINED
    assert guard.judge(2097.0, days + 10).verdict is ACCEPTED
    verdicts = [guard.judge(160.0, days + 60 * minute).verdict for minute in range(1, 12)]
    assert verdicts == [DECREASED] * 10 + [REPLACED]


def test_a_repeated_reading_does_not_make_room_for_a_lower_one() -> None:
    guard = counted(97.0, 100.0, 100.0)
    assert guard.judge(98.0, NOON + 10).verdict is JITTER


# The first reading


@pytest.mark.parametrize(
    ("every", "readings", "verdicts"),
    [
        (10, [0.0, 0.0, 15119.035, 15119.036], [ZERO, ZERO, ACCEPTED, ACCEPTED]),
        (30, [0.0, 0.0, 0.0, 0.0, 0.001], [ZERO, ZERO, *[ACCEPTED] * 3]),
        (60, [0.0, 0.0, 0.0], [ZERO, ZERO, ACCEPTED]),
        (29, [0.0, 0.0, 0.0, 0.0], [ZERO, ZERO, ZERO, ACCEPTED]),
        (300, [0.0] * 300, [ZERO, ZERO, *[ACCEPTED] * 298]),
        (60, [0.0, 0.0, -1.0, 0.0, 0.0, 0.0], [ZERO, ZERO, NEGATIVE, ZERO, ZERO, ACCEPTED]),
        (60, [math.nan, 100.0], [NOT_FINITE, ACCEPTED]),
        (60, [-1.0, 100.0], [NEGATIVE, ACCEPTED]),
    ],
    ids=[
        "a reader that boots",
        "a counter that stands at zero",
        "rarely",
        "not for long enough",
        "feed-in for ever at zero",
        "nonsense between",
        "nonsense first",
        "negative first",
    ],
)
def test_the_start_of_a_counter(
    every: float, readings: list[float], verdicts: list[Verdict]
) -> None:
    guard = CounterGuard()
    assert reported(guard, every, readings) == verdicts
    assert guard.last == readings[-1]


@pytest.mark.parametrize(
    ("last", "every", "readings", "verdicts"),
    [
        (None, 5, [100.0, 100.0, 100.1], [QUARANTINED, ACCEPTED, ACCEPTED]),
        (None, 4, [100.0, 100.0, 100.1], [QUARANTINED, QUARANTINED, ACCEPTED]),
        (None, 5, [9000.0, 100.0, 100.1], [QUARANTINED, QUARANTINED, ACCEPTED]),
        (
            None,
            5,
            [100.0, math.nan, 100.0, 100.0],
            [QUARANTINED, NOT_FINITE, QUARANTINED, ACCEPTED],
        ),
        (None, 5, [100.0, 0.0, 100.0, 100.0], [QUARANTINED, ZERO, QUARANTINED, ACCEPTED]),
        (None, 30, [0.0, 0.0, 0.0], [ZERO, ZERO, ACCEPTED]),
        (100.0, 5, [100.0, 100.0, 100.1], [QUARANTINED, ACCEPTED, ACCEPTED]),
        (100.0, 5, [100.2, 100.1, 100.1], [QUARANTINED, QUARANTINED, ACCEPTED]),
        (100.0, 5, [99.8, 100.1, 100.1], [JITTER, QUARANTINED, ACCEPTED]),
        (100.0, 5, [9000.0, 100.1, 100.1], [IMPLAUSIBLE_RISE, QUARANTINED, ACCEPTED]),
    ],
    ids=[
        "first of all",
        "twice the same telegram",
        "a flip first of all",
        "nonsense between",
        "zero between",
        "zeros",
        "after a restart",
        "a small flip after a restart",
        "slightly lower after a restart",
        "a flip after a restart",
    ],
)
def test_under_quarantine_another_telegram_must_confirm(
    last: float | None, every: float, readings: list[float], verdicts: list[Verdict]
) -> None:
    guard = CounterGuard(last, NOON, quarantined=True)
    assert reported(guard, every, readings) == verdicts
    assert guard.last == readings[-1]
    assert not guard.quarantined


# Long silence, and clocks


@pytest.mark.parametrize(
    ("at", "now", "reading", "verdict"),
    [
        (NOON, NOON + 900, 105.0, ACCEPTED),
        (NOON, NOON + 901, 105.0, QUARANTINED),
        (NOON, NOON + 901, 200.0, IMPLAUSIBLE_RISE),
        (NOON, NOON + 901, 100.0, ACCEPTED),
        (NOON, NOON + 30 * 86400, 5000.0, QUARANTINED),
        (NOON, NOON + 30 * 86400, 50_000.0, IMPLAUSIBLE_RISE),
        (None, NOON, 100.0, ACCEPTED),
        (None, NOON, 50_000.0, QUARANTINED),
        (NOON, NOON - 1, 100.1, QUARANTINED),
        (NOON, NOON - 1, 50_000.0, QUARANTINED),
        (NOON, NOON - 1, 100.0, ACCEPTED),
        (NOON, NOON - 1, 0.0, ZERO),
        (NOON, NOON - 1, 99.5, JITTER),
        (None, NOON, 50.0, DECREASED),
    ],
    ids=[
        "not long",
        "long",
        "too much for a long silence",
        "unchanged",
        "a month",
        "too much for a month",
        "unchanged after an unknown time",
        "much after an unknown time",
        "clock set back",
        "much while the clock was set back",
        "unchanged while the clock was set back",
        "zero while the clock was set back",
        "a dip while the clock was set back",
        "much lower after an unknown time",
    ],
)
def test_after_a_long_silence_one_reading_proves_little(
    at: float | None, now: float, reading: float, verdict: Verdict
) -> None:
    guard = CounterGuard(100.0, at)
    assert guard.judge(reading, now).verdict is verdict
    assert guard.last == (reading if verdict is ACCEPTED else 100.0)


def test_what_is_silent_for_an_hour_each_time_is_accepted_each_time() -> None:
    """A box that is asked once an hour, or a reader that publishes as rarely."""
    verdicts = reported(counted(100.0), 3600.0, [100.0 + 0.5 * hour for hour in range(1, 7)])
    assert verdicts == [QUARANTINED, *[ACCEPTED] * 5]


def test_a_rhythm_of_minutes_makes_no_silence_of_days_usual() -> None:
    guard = counted(100.0, 100.1, 100.2)
    assert guard.judge(150.0, NOON + 259_200.0).verdict is QUARANTINED


def test_after_a_long_silence_two_telegrams_that_agree_are_accepted() -> None:
    guard = counted(100.0)
    assert reported(guard, 86_400, [120.0])[-1] is QUARANTINED
    assert guard.judge(120.1, NOON + 86_410).verdict is ACCEPTED
    assert guard.judge(120.2, NOON + 86_420).verdict is ACCEPTED


def test_a_flip_after_a_long_silence_is_not_confirmed_by_the_truth() -> None:
    guard = counted(100.0)
    verdicts = [
        guard.judge(reading, NOON + 86_400 + 10 * number).verdict
        for number, reading in enumerate([628.288, 104.0, 104.001])
    ]
    assert verdicts == [QUARANTINED, QUARANTINED, ACCEPTED]
    assert guard.last == 104.001


def test_a_clock_that_is_set_back_starts_the_confirmation_anew() -> None:
    guard = counted(100.0)
    assert reported(guard, 150, [3.0] * 4) == [DECREASED] * 4
    assert [guard.judge(3.0, second).verdict for second in (0, 150, 300, 450, 600)] == [
        *[DECREASED] * 4,
        REPLACED,
    ]


# A full display


@pytest.mark.parametrize(
    ("last", "readings", "verdicts"),
    [
        (999_999.9, [0.2, 0.3], [ROLLOVER_CANDIDATE, ROLLED_OVER]),
        (99_999.9, [0.2, 0.3], [ROLLOVER_CANDIDATE, ROLLED_OVER]),
        (9_999.95, [0.01, 0.01], [ROLLOVER_CANDIDATE, ROLLED_OVER]),
        (999_999.9, [0.0, 0.1, 0.1], [ZERO, ROLLOVER_CANDIDATE, ROLLED_OVER]),
        (
            999_999.9,
            [0.2, 999_999.9, 0.2, 0.3],
            [ROLLOVER_CANDIDATE, ACCEPTED, ROLLOVER_CANDIDATE, ROLLED_OVER],
        ),
        (999_999.9, [0.3, 0.2, 0.2], [ROLLOVER_CANDIDATE, ROLLOVER_CANDIDATE, ROLLED_OVER]),
        (999_999.9, [5.0, 5.0], [DECREASED, DECREASED]),
        (999_990.0, [0.2, 0.3], [DECREASED, DECREASED]),
        (500_000.0, [0.2, 0.3], [DECREASED, DECREASED]),
    ],
    ids=[
        "six digits",
        "five digits",
        "four digits",
        "a zero first",
        "back again",
        "falling",
        "too far",
        "not full enough",
        "half full",
    ],
)
def test_a_full_display_starts_anew(
    last: float, readings: list[float], verdicts: list[Verdict]
) -> None:
    guard = counted(last)
    assert reported(guard, 10, readings) == verdicts
    assert guard.last == (readings[-1] if verdicts[-1] is ROLLED_OVER else last)


def test_a_display_that_started_anew_long_ago_is_another_meter() -> None:
    """For all the fuses allow, hardly any reading would be out of the question."""
    guard = counted(999_999.9)
    assert guard.judge(40.0, NOON + 7200).verdict is DECREASED


def test_a_full_display_may_go_on_counting_to_more_digits() -> None:
    assert reported(counted(99_999.9), 60, [100_000.2]) == [ACCEPTED]


# Nothing is lost


def test_nothing_is_lost_by_a_rejected_reading() -> None:
    guard = counted(100.0)
    readings = (100.4, 0.0, 100.9, 99.95, 3.0, math.inf, -1.0, 9000.0, 101.7)
    verdicts = reported(guard, 60, readings)
    accepted = [
        reading for reading, verdict in zip(readings, verdicts, strict=True) if verdict is ACCEPTED
    ]
    assert accepted == [100.4, 100.9, 101.7], "the last one carries the whole difference"


WH: Final = 1000
GARBAGE: Final = st.sampled_from(["zero", "negative", "nan", "inf", "flip"])


@st.composite
def garbled(draw: st.DrawFn, lowest_bit: int) -> list[tuple[float, float, bool]]:
    """Return seconds, reading in kWh, and whether it is the true one.

    True readings rise by no more than a house can draw; between them is garbage.
    """
    now, watt_hours = NOON, draw(st.integers(1, 10**8))
    reported: list[tuple[float, float, bool]] = [(now, watt_hours / WH, True)]
    for _ in range(draw(st.integers(1, 12))):
        seconds = 0
        for _ in range(draw(st.integers(0, 4))):
            seconds += draw(st.integers(0, 12))
            reported.append((now + seconds, _garbage(draw, watt_hours, lowest_bit), False))
        seconds += draw(st.integers(1, 12))
        now += seconds
        watt_hours += draw(st.integers(0, int(DEFAULT_MAX_POWER * seconds / 3.6)))
        reported.append((now, watt_hours / WH, True))
    return reported


def _garbage(draw: st.DrawFn, watt_hours: int, lowest_bit: int) -> float:
    match draw(GARBAGE):
        case "zero":
            return 0.0
        case "negative":
            return -watt_hours / WH
        case "nan":
            return math.nan
        case "inf":
            return math.inf
        case _:
            return (watt_hours ^ (1 << draw(st.integers(lowest_bit, 34)))) / WH


@given(garbled(lowest_bit=11))
@example([(0.0, 100.0, True), (1.0, 102.048, False), (2.0, 97.952, False), (3.0, 100.001, True)])
def test_garbage_between_true_readings_changes_nothing(
    readings: list[tuple[float, float, bool]],
) -> None:
    """A minute of flips of 2 kWh and more: the fuses allow none of them."""
    guard = CounterGuard()
    for now, reading, is_true in readings:
        verdict = guard.judge(reading, now).verdict
        if is_true:
            assert verdict is ACCEPTED
            assert guard.last == reading
        else:
            assert verdict not in ACCEPTING


@given(garbled(lowest_bit=0))
def test_small_flips_lift_a_counter_by_a_step_and_never_lower_it(
    readings: list[tuple[float, float, bool]],
) -> None:
    guard = CounterGuard()
    truth, lowest = 0.0, 0.0
    # A flip doubles at most what an earlier one has brought.
    step = 2 * (DEFAULT_MAX_POWER * (readings[-1][0] - readings[0][0] + 30) / 3600 + 1)
    for now, reading, is_true in readings:
        guard.judge(reading, now)
        truth = reading if is_true else truth
        assert guard.last is not None
        assert lowest <= guard.last <= truth + step
        lowest = guard.last
    assert guard.last is not None
    assert guard.last >= truth
    # The next true reading that lies above what was accepted is what the counter shows.
    assert guard.judge(guard.last + 0.001, readings[-1][0] + 60).verdict is ACCEPTED


@given(
    st.lists(st.tuples(st.floats(), st.floats(-(10**9), 10**9)), max_size=40),
    st.none() | st.floats(0, 10**8),
    st.booleans(),
)
def test_whatever_comes_the_counter_stays_one(
    readings: list[tuple[float, float]],
    last: float | None,
    quarantined: bool,
) -> None:
    guard = CounterGuard(last, quarantined=quarantined)
    for reading, now in readings:
        before = guard.last
        verdict = guard.judge(reading, now).verdict
        assert guard.last == (reading if verdict in ACCEPTING else before)
        assert guard.last is None or 0 <= guard.last < math.inf


# What only looks like another meter


def test_a_reader_put_back_on_its_meter_is_no_other_meter() -> None:
    """It has repeated the last reading for a day, and 12 kWh were drawn meanwhile."""
    guard = counted(100.0, 100.1)
    assert set(reported(guard, 10.0, [100.1] * 8640)) == {ACCEPTED}
    readings = [112.1 + 0.001 * number for number in range(100)]
    verdicts = [
        guard.judge(item, NOON + 86_410 + 10 * i).verdict for i, item in enumerate(readings)
    ]
    assert set(verdicts) == {IMPLAUSIBLE_RISE, ACCEPTED}
    assert guard.last == readings[-1]


@pytest.mark.parametrize("factor", [1000, 0.001])
def test_another_unit_is_never_taken_for_another_meter(factor: float) -> None:
    guard = counted(15119.035)
    verdicts = reported(guard, 60.0, [factor * (15119.04 + 0.01 * minute) for minute in range(60)])
    assert set(verdicts) <= {IMPLAUSIBLE_RISE, DECREASED}
    assert guard.last == 15119.035
    assert guard.judge(15119.7, NOON + 3660.0).verdict is QUARANTINED
    assert guard.judge(15119.7, NOON + 3670.0).verdict is ACCEPTED


def test_whole_kwh_after_a_lost_pin_are_no_jump() -> None:
    guard = counted(15119.035, max_power=5.0)
    assert reported(guard, 10.0, [15119.0] * 60) == [JITTER] * 60
    assert guard.judge(15120.0, NOON + 610.0).verdict is ACCEPTED


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 0.5, 5, 150, 600, 900, 901, 7200, -100]),
            st.sampled_from([0, 1, 50, 300, 7300, 100_000, -1, -600, -(10**9)]),
        ),
        max_size=40,
    ),
    st.booleans(),
)
def test_the_fast_path_decides_as_the_other_one(
    steps: list[tuple[float, int]], quarantined: bool
) -> None:
    fast, slow = CounterGuard(quarantined=quarantined), CounterGuard(quarantined=quarantined)
    now, wh = NOON, 5000
    for step, rise in steps:
        now += step
        wh = max(wh + rise, 0)
        for reading in (wh / 1000, wh / 1000 + 1e-9):
            if fast.accept_ordinary(reading, now):
                verdict = ACCEPTED
            else:
                verdict = fast.judge(reading, now).verdict
            assert verdict is slow._decide(reading, now)[0]
            assert astuple(fast) == astuple(slow)


# When another counter is expected


@pytest.mark.parametrize("expected", [Verdict.REPLACED, Verdict.KEY_CORRECTED])
@pytest.mark.parametrize("reading", [0.0, 99.5, 3.0, 15_119.0])
def test_an_expected_counter_is_accepted_after_a_minute(expected: Verdict, reading: float) -> None:
    guard = CounterGuard(100.0, 1000.0)
    guard.expect(expected)
    verdicts = [guard.judge(reading, 1000.0 + seconds).verdict for seconds in (10, 40, 70)]
    assert [verdict.is_accepting for verdict in verdicts] == [False, False, True]
    assert verdicts[-1] is expected
    assert guard.last == reading
    assert guard.expected is None


def test_a_plausible_reading_shows_that_the_counter_is_the_same() -> None:
    guard = CounterGuard(100.0, 1000.0)
    guard.expect(Verdict.REPLACED)
    assert guard.judge(100.01, 1010.0).verdict is Verdict.QUARANTINED
    assert guard.judge(100.02, 1020.0).verdict is Verdict.ACCEPTED
    assert guard.expected is None
    verdicts = {guard.judge(0.0, 1030.0 + 30 * number).verdict for number in range(10)}
    assert verdicts == {Verdict.ZERO}


def test_a_rescaled_counter_goes_on_in_the_new_unit() -> None:
    guard = CounterGuard(279_000.0, 1000.0)
    guard.rescale(0.001)
    assert guard.judge(279.01, 1010.0).verdict is Verdict.ACCEPTED
    empty = CounterGuard()
    empty.rescale(0.001)
    assert empty.last is None
