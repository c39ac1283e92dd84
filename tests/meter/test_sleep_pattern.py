"""When a reader is known to be in deep sleep."""

from datetime import UTC, datetime, timedelta

from custom_components.py_hab.meter.sleep_pattern import SleepPattern

NOW = datetime(2026, 3, 20, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def cycles(
    pattern: SleepPattern, *, period: timedelta, awake: timedelta, says_so: bool
) -> datetime:
    """Let a reader wake up three times; return when it last did."""
    for number in range(3):
        pattern.wake(NOW + number * period)
        pattern.leave(NOW + number * period + awake, says_so=says_so)
    return NOW + 2 * period


def test_a_reader_that_comes_back_on_time_is_asleep_until_it_is_late() -> None:
    pattern = SleepPattern()
    woke = cycles(pattern, period=30 * MINUTE, awake=MINUTE, says_so=False)
    assert pattern.is_regular
    assert pattern.is_asleep(woke + 44 * MINUTE)
    assert not pattern.is_asleep(woke + 46 * MINUTE)


def test_a_reader_that_is_mostly_awake_does_not_sleep() -> None:
    pattern = SleepPattern()
    woke = cycles(pattern, period=30 * MINUTE, awake=20 * MINUTE, says_so=False)
    assert not pattern.is_asleep(woke + 21 * MINUTE)


def test_an_announced_sleep_needs_no_pattern() -> None:
    pattern = SleepPattern()
    pattern.leave(NOW, says_so=True)
    assert not pattern.is_asleep(NOW), "it was never seen awake"
    pattern.wake(NOW + MINUTE)
    pattern.leave(NOW + 2 * MINUTE, says_so=True)
    assert pattern.is_asleep(NOW + 40 * MINUTE)


def test_an_announced_sleep_may_be_long() -> None:
    long = timedelta(hours=4)
    announced, silent = SleepPattern(), SleepPattern()
    woke = cycles(announced, period=long, awake=MINUTE, says_so=True)
    cycles(silent, period=long, awake=MINUTE, says_so=False)
    assert announced.is_asleep(woke + timedelta(hours=5))
    assert not silent.is_asleep(woke + MINUTE)


def test_an_hour_of_sleep_may_take_some_seconds_more() -> None:
    drift = timedelta(seconds=7)
    silent, announced = SleepPattern(), SleepPattern()
    woke = cycles(silent, period=60 * MINUTE + drift, awake=MINUTE, says_so=False)
    assert silent.is_asleep(woke + 61 * MINUTE)
    woke = cycles(announced, period=timedelta(days=1) + drift, awake=MINUTE, says_so=True)
    assert announced.is_asleep(woke + timedelta(hours=25))
