"""Which trouble the readings of a meter show."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
import math

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.sml.health import MAX_UNCHANGED_STEP, MeterHealth, MeterProblem
from custom_components.py_hab.sml.registers import Quantity

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
IMPORT, EXPORT = Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT
NOTHING: set[MeterProblem] = set()
FROZEN = {MeterProblem.FROZEN}
PIN_LOCKED = {MeterProblem.PIN_LOCKED}
INF_OFF = {MeterProblem.INF_OFF}


def at(seconds: float) -> datetime:
    """Return a time so many seconds after the beginning."""
    return datetime(2026, 3, 20, 18, tzinfo=UTC) + timedelta(seconds=seconds)


class Meter:
    """A meter whose reader publishes at a steady pace."""

    def __init__(self, *, has_id: bool | None = True) -> None:
        self.watch = MeterHealth()
        self.now = 1000.0
        self.has_id = has_id

    def publish(self, counters: dict[str, float], power: float | None) -> frozenset[MeterProblem]:
        """Publish once, ten seconds after the last time."""
        self.now += 10
        self.watch.observe(at(self.now), counters=counters, power=power, has_id=self.has_id)
        return self.watch.problems

    def repeats(
        self, counters: dict[str, float], power: float | None, *, seconds: float, every: float = 10
    ) -> frozenset[MeterProblem]:
        """Publish the same for so long, after a first time."""
        self.publish(counters, power)
        for _ in range(round(seconds / every)):
            self.now += every
            self.watch.observe(at(self.now), counters=counters, power=power, has_id=self.has_id)
        return self.watch.problems

    def counts(self, readings: Iterable[float], power: float | None = 0) -> frozenset[MeterProblem]:
        """Publish an import counter that moves."""
        for reading in readings:
            self.publish({IMPORT: reading, EXPORT: 0}, power)
        return self.watch.problems


@pytest.mark.parametrize(
    ("counters", "power", "seconds"),
    [
        ({IMPORT: 15119.035, EXPORT: 0}, 377, 15 * MINUTE),
        ({IMPORT: 15119.035}, 5000, 15 * MINUTE),
        ({IMPORT: 15119.035, EXPORT: 62331.037}, -377, 15 * MINUTE),
        ({IMPORT: 15119.035, EXPORT: 0}, 20, 90 * MINUTE),
        ({IMPORT: 15119.0357}, 60, 30 * MINUTE),
        ({IMPORT: 15119.4}, 300, HOUR),
        ({IMPORT: 15119}, 300, 10 * HOUR),
        ({IMPORT: 0, EXPORT: 0}, 3000, HOUR),
        ({IMPORT: 15119.035, "energy_import_t1": 5000.3}, 377, 15 * MINUTE),
        ({IMPORT: 1e308}, 377, 15 * MINUTE),
        ({IMPORT: 15119.035}, 12, DAY),
        ({IMPORT: 15119.035, EXPORT: 0}, 0, DAY),
        ({IMPORT: 15119.035, EXPORT: 0}, None, DAY),
        ({IMPORT: 15119.035}, -377, DAY),
        ({}, 377, DAY),
        ({IMPORT: 0, EXPORT: 0}, 0, DAY),
        ({IMPORT: 15119, EXPORT: 0}, 0, 7 * DAY),
        ({IMPORT: 15119}, None, 7 * DAY),
        ({IMPORT: 15119}, 3, 7 * DAY),
    ],
    ids=[
        "consumption",
        "much consumption",
        "feed-in",
        "little consumption",
        "four decimals count as two",
        "tenths of a kWh",
        "whole kWh",
        "a counter at zero that must rise",
        "tariffs",
        "an absurd counter",
        "below the starting current",
        "no power",
        "power not published",
        "feed-in, and no counter for it",
        "power alone",
        "nothing but zeros",
        "whole kWh and no power",
        "whole kWh and power not published",
        "whole kWh and hardly any power",
    ],
)
def test_a_reader_that_repeats_itself_is_frozen_in_time(
    counters: dict[str, float], power: float | None, seconds: float
) -> None:
    every = 60 if seconds < DAY else 300
    assert Meter().repeats(counters, power, seconds=seconds - every, every=every) == NOTHING
    assert Meter().repeats(counters, power, seconds=seconds, every=every) == FROZEN


@pytest.mark.parametrize(
    ("counters", "power", "seconds"),
    [
        ({IMPORT: 15119.035, EXPORT: 0}, 0, 23 * HOUR),
        ({IMPORT: 15119.035, EXPORT: 0}, 3, 23 * HOUR),
        ({IMPORT: 15119}, 3, 6 * DAY),
        ({IMPORT: 15119, EXPORT: 0}, 0, 6 * DAY),
        ({IMPORT: 15119.035, EXPORT: 0}, -600, 23 * HOUR),
        ({IMPORT: 15119.035}, -600, 23 * HOUR),
        ({EXPORT: 15119.035}, 600, 23 * HOUR),
        ({"energy_import_t1": 5000.3}, 600, 23 * HOUR),
        ({IMPORT: math.nan}, 600, 23 * HOUR),
        ({IMPORT: 15119.035}, math.inf, 23 * HOUR),
        ({}, None, 30 * DAY),
        ({IMPORT: math.nan}, math.nan, 30 * DAY),
    ],
    ids=[
        "a house that draws nothing",
        "a standby lamp",
        "a standby lamp and whole kWh",
        "an empty home with a locked meter",
        "feed-in that the meter does not count",
        "feed-in that is not published",
        "consumption that is not published",
        "a tariff that may be off",
        "no reading",
        "no power",
        "nothing is known",
        "nothing is a number",
    ],
)
def test_a_quiet_meter_is_not_frozen(
    counters: dict[str, float], power: float | None, seconds: float
) -> None:
    assert Meter().repeats(counters, power, seconds=seconds, every=300) == NOTHING


def test_clipped_power_is_not_frozen_while_a_counter_moves() -> None:
    meter = Meter()
    for step in range(3000):
        assert meter.publish({IMPORT: 1.5, EXPORT: 100 + step * 0.001}, -600) == NOTHING


def test_a_coarse_counter_is_given_its_time() -> None:
    """300 W take 200 minutes for one kWh."""
    meter = Meter()
    for kwh in range(15119, 15125):
        assert meter.repeats({IMPORT: kwh}, 300, seconds=200 * MINUTE) == NOTHING


@pytest.mark.parametrize(
    ("counters", "power", "has_id"),
    [
        ({IMPORT: 15119.036, EXPORT: 0}, 377, True),
        ({IMPORT: 15119.035, EXPORT: 0.001}, 377, True),
        ({IMPORT: 15119.035, EXPORT: 0}, 378, True),
        ({IMPORT: 15119.035, EXPORT: 0}, 0, True),
        ({IMPORT: 15119.035, EXPORT: 0}, None, True),
        ({IMPORT: 15119.035, EXPORT: 0, "energy_import_t1": 1}, 377, True),
        ({IMPORT: 0, EXPORT: 0}, 0, True),
        ({IMPORT: 15119.035, EXPORT: 0}, 377, False),
    ],
    ids=["import", "export", "power", "no power", "none", "another key", "restart", "id"],
)
def test_any_change_ends_it(
    counters: dict[str, float], power: float | None, has_id: bool | None
) -> None:
    meter = Meter()
    assert meter.repeats({IMPORT: 15119.035, EXPORT: 0}, 377, seconds=HOUR) == FROZEN
    meter.has_id = has_id
    assert meter.publish(counters, power) == NOTHING
    meter.has_id = True
    assert meter.repeats({IMPORT: 15119.123, EXPORT: 0}, 377, seconds=14 * MINUTE) == NOTHING
    assert meter.repeats({IMPORT: 15119.123, EXPORT: 0}, 377, seconds=MINUTE) == FROZEN


@pytest.mark.parametrize("every", [10, 300, 3600, MAX_UNCHANGED_STEP.total_seconds()])
def test_readers_may_be_slow(every: float) -> None:
    assert Meter().repeats({IMPORT: 1.5}, 0, seconds=DAY, every=every) == FROZEN


def test_silence_is_no_standstill() -> None:
    meter = Meter()
    for _ in range(100):
        meter.now += MAX_UNCHANGED_STEP.total_seconds()
        assert meter.publish({IMPORT: 15119.035}, 377) == NOTHING


def test_silence_does_not_end_it() -> None:
    meter = Meter()
    assert meter.repeats({IMPORT: 15119.035}, 377, seconds=HOUR) == FROZEN
    meter.now += DAY
    assert meter.publish({IMPORT: 15119.035}, 377) == FROZEN


def test_a_clock_that_is_set_back_does_no_harm() -> None:
    meter = Meter()
    meter.repeats({IMPORT: 15119.035}, 377, seconds=14 * MINUTE)
    meter.now -= DAY
    assert meter.publish({IMPORT: 15119.035}, 377) == NOTHING
    assert meter.repeats({IMPORT: 15119.035}, 377, seconds=MINUTE) == FROZEN


@pytest.mark.parametrize(
    ("has_id", "problems"), [(False, PIN_LOCKED), (None, PIN_LOCKED), (True, INF_OFF)]
)
@pytest.mark.parametrize("power", [0, None])
@pytest.mark.parametrize(
    "readings", [[30, 31, 32, 33], [30, 30, 31, 31, 31, 32, 32, 33, 33], [30, 35, 36, 40]]
)
def test_whole_kwh_without_power(
    has_id: bool | None, problems: set[MeterProblem], power: float | None, readings: list[float]
) -> None:
    meter = Meter(has_id=has_id)
    assert meter.counts(readings[:-1], power) in (NOTHING, problems)
    assert meter.counts(readings[-1:], power) == problems


def test_feed_in_shows_it_too() -> None:
    meter = Meter(has_id=False)
    for kwh in range(10640, 10643):
        assert meter.publish({IMPORT: 30, EXPORT: kwh}, 0) == NOTHING
    assert meter.publish({IMPORT: 30, EXPORT: 10643}, 0) == PIN_LOCKED


@pytest.mark.parametrize(
    ("readings", "power"),
    [
        ([30, 31, 32], 0),
        ([30, 30, 30, 30, 30], 0),
        ([30, 31, 32, 33], 100),
        ([30, 31, 32, 33], -100),
        ([30.5, 31, 32, 33], 0),
        ([30, 31, 32.001, 33, 34, 35], 0),
        ([15119.935, 15119, 15120, 15121], 0),
        ([0, 15119, 15120, 15121], 0),
        ([15119, 0, 15119, 0, 15119, 0, 15119], 0),
        ([30, 31, 32, 12, 13, 14], 0),
    ],
    ids=[
        "two rises",
        "no rise",
        "a script without decimals",
        "a script without decimals, feed-in",
        "a fraction at first",
        "a fraction in between",
        "lost its PIN",
        "first read",
        "zeros in between",
        "another meter",
    ],
)
def test_what_is_no_locked_meter(readings: list[float], power: float) -> None:
    assert Meter(has_id=False).counts(readings, power) == NOTHING


def test_rises_of_different_counters_do_not_add_up() -> None:
    meter = Meter(has_id=False)
    for imported, exported in [(30, 10), (31, 10), (31, 11), (32, 11), (32, 12)]:
        assert meter.publish({IMPORT: imported, EXPORT: exported}, 0) == NOTHING


def test_a_script_without_decimals_whose_power_moves() -> None:
    """Zero for a moment, as it passes from consumption to feed-in."""
    meter = Meter(has_id=False)
    for kwh in range(30, 60):
        for power in (250, 0, -250, 0):
            assert meter.publish({IMPORT: kwh, EXPORT: 0}, power) == NOTHING


@pytest.mark.parametrize(
    ("counters", "power"),
    [
        ({IMPORT: 33.001, EXPORT: 0}, 0),
        ({IMPORT: 33, EXPORT: 0.5}, 0),
        ({IMPORT: 33, EXPORT: 0}, 5),
        ({IMPORT: 33, EXPORT: 0}, -5),
    ],
    ids=["a fraction", "a fraction of the other counter", "power", "feed-in"],
)
def test_an_unlocked_meter_shows_at_once(counters: dict[str, float], power: float) -> None:
    meter = Meter(has_id=False)
    assert meter.counts([30, 31, 32, 33]) == PIN_LOCKED
    assert meter.publish(counters, power) == NOTHING
    assert meter.counts([33, 34, 35]) == NOTHING, "it begins anew"
    assert meter.counts([36]) == PIN_LOCKED


def test_no_power_after_power_is_fine() -> None:
    meter = Meter(has_id=False)
    assert meter.counts([30, 31, 32, 33]) == PIN_LOCKED
    assert meter.counts([33], 400) == NOTHING
    assert meter.counts([33] * 1000, 0) == NOTHING


def test_entering_the_pin_leaves_the_display_to_be_switched_on() -> None:
    meter = Meter(has_id=False)
    assert meter.counts([30, 31, 32, 33]) == PIN_LOCKED
    meter.has_id = True
    assert meter.counts([33]) == INF_OFF
    assert meter.counts([33.2], 150) == NOTHING


def test_a_meter_may_be_in_two_troubles() -> None:
    meter = Meter(has_id=False)
    meter.counts([30, 31, 32, 33])
    problems = meter.repeats({IMPORT: 33, EXPORT: 0}, 0, seconds=8 * DAY, every=HOUR)
    assert problems == FROZEN | PIN_LOCKED


def test_before_the_first_reading_there_is_no_trouble() -> None:
    assert MeterHealth().problems == NOTHING


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e6),
            st.dictionaries(st.sampled_from([IMPORT, EXPORT, "other"]), st.floats()),
            st.none() | st.floats(),
            st.none() | st.booleans(),
        )
    )
)
def test_whatever_is_read_gives_troubles_and_never_an_exception(
    readings: list[tuple[float, dict[str, float], float | None, bool | None]],
) -> None:
    watch = MeterHealth()
    for now, counters, power, has_id in readings:
        watch.observe(at(now), counters=counters, power=power, has_id=has_id)
        assert watch.problems <= set(MeterProblem)
        assert not {MeterProblem.PIN_LOCKED, MeterProblem.INF_OFF} <= watch.problems


# The sign of the power


def signed(power: float, *, rising: Quantity, minutes: int, is_signed: bool = True) -> bool:
    """Return whether the sign is found wrong while a counter rises once a minute."""
    watch = MeterHealth()
    counters: dict[str, float] = {IMPORT: 100.5, EXPORT: 50.5}
    for minute in range(minutes + 1):
        counters = {**counters, rising: counters[rising] + 0.005}
        watch.observe(
            at(minute * MINUTE), counters=counters, power=power, has_id=True, is_signed=is_signed
        )
    return MeterProblem.WRONG_SIGN in watch.problems


@pytest.mark.parametrize(
    ("power", "rising", "is_wrong"),
    [(-300, IMPORT, True), (300, EXPORT, True), (300, IMPORT, False), (-300, EXPORT, False)],
)
def test_counters_contradict_the_sign_of_the_power(
    power: float, rising: Quantity, is_wrong: bool
) -> None:
    assert signed(power, rising=rising, minutes=61) is is_wrong
    assert not signed(power, rising=rising, minutes=55)


def test_a_small_power_or_one_without_sign_contradicts_nothing() -> None:
    assert not signed(-5, rising=IMPORT, minutes=120)
    assert not signed(300, rising=EXPORT, minutes=120, is_signed=False)


def test_one_agreement_takes_the_suspicion_away() -> None:
    watch = MeterHealth()
    reading = 100.5
    for minute in range(120):
        reading += 0.005
        power = 300.0 if minute % 40 in {0, 1} else -300.0
        watch.observe(
            at(minute * MINUTE),
            counters={IMPORT: reading},
            power=power,
            has_id=True,
            is_signed=True,
        )
    assert MeterProblem.WRONG_SIGN not in watch.problems


def test_one_contradiction_after_an_hour_of_silence_proves_nothing() -> None:
    """The import counter of a house that draws 300 W still has to be confirmed."""
    watch = MeterHealth()
    for minute, drawn, fed_in in ((0, 100.5, 40.0), (1, 100.505, 40.0), (70, 100.505, 40.2)):
        watch.observe(
            at(minute * MINUTE),
            counters={IMPORT: drawn, EXPORT: fed_in},
            power=300.0,
            has_id=True,
            is_signed=True,
        )
    assert MeterProblem.WRONG_SIGN not in watch.problems
