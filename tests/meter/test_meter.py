"""One meter: from what is published to what the entities show."""

import math
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.meter.key_resolver import LearnedKeys
from custom_components.py_hab.meter.meter import MeterUpdate
from custom_components.py_hab.sml.health import MeterProblem
from custom_components.py_hab.sml.meter_id import MeterId
from custom_components.py_hab.sml.registers import Quantity
from tests.support.one_meter import (
    EXPORT,
    IMPORT,
    POWER,
    Clock,
    OneMeter,
    counted,
)

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")


# Messages


def test_a_message_becomes_values(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    result = one.receive(0, Total_in=15119.035, Power_cur=377, Total_out=62331.037, Power_p1=14)
    assert result == MeterUpdate(changed=True, became_available=True)
    assert one.meter.values == {
        IMPORT: 15119.035,
        POWER: 377.0,
        EXPORT: 62331.037,
        Quantity.POWER_L1: 14.0,
    }
    assert one.meter.keys == {
        IMPORT: "Total_in",
        POWER: "Power_cur",
        EXPORT: "Total_out",
        Quantity.POWER_L1: "Power_p1",
    }


def test_partial_messages_are_merged(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    assert one.receive(0, E_in=100.0).changed
    assert one.receive(1, Power=377).changed
    assert one.receive(0, Volt_p1=230.1).changed
    assert not one.receive(1, Power=377).changed
    assert one.meter.values == {IMPORT: 100.0, POWER: 377.0, Quantity.VOLTAGE_L1: 230.1}


def test_an_empty_message_changes_nothing(fake_clock: Clock) -> None:
    one = counted(fake_clock)
    assert one.receive(1) == MeterUpdate()
    assert one.meter.values == {}
    assert one.meter.freshness.last_seen is None


@pytest.mark.parametrize(
    "value",
    [None, True, False, "377 W", "", [377], {"a": 377}, math.nan, math.inf, -math.inf, 10**400],
    ids=lambda value: repr(value)[:12],
)
def test_values_that_are_no_numbers_change_nothing(fake_clock: Clock, value: object) -> None:
    one = counted(fake_clock)
    one.receive(1, E_in=100.1, Power=377, Volt_p1=230.0)
    assert one.receive(1, E_in=value, Power=value, Volt_p1=value) == MeterUpdate()
    assert one.meter.values == {IMPORT: 100.1, POWER: 377.0, Quantity.VOLTAGE_L1: 230.0}
    assert one.counters.rejected == {
        (quantity, Verdict.NOT_FINITE): 1 for quantity in (IMPORT, POWER, Quantity.VOLTAGE_L1)
    }
    assert one.receive(1, E_in=100.2, Power=378).changed


# The meter's number


def test_a_meter_reports_its_number_and_manufacturer(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(0, Meter_Number=0, Power=1)
    assert (one.meter.identity.number, one.meter.identity.manufacturer) == (None, None)
    one.receive(1, Meter_Number="0a0149534b00056940c8", Power=1)
    number = MeterId("1ISK0090783944", "Iskraemeco")
    assert one.meter.identity.number == number
    one.receive(1, Meter_Number="", Power=1)
    one.receive(1, Meter_Number=["?"], Power=1)
    assert one.meter.identity.number == number
    one.receive(1, meter_id="5a5041", Power=1)
    assert (one.meter.identity.number, one.meter.identity.manufacturer) == (number, "ZPA")


# Counters


def test_a_message_of_zeros_is_ignored(fake_clock: Clock) -> None:
    """The reader has started anew: nothing it reports is true."""
    one = counted(fake_clock)
    one.receive(1, E_in=100.1, E_out=50.0, Power=377, Volt_p1=230.1)
    assert one.receive(1, E_in=0, E_out=0, Power=0, Volt_p1=0) == MeterUpdate()
    assert one.meter.values[POWER] == 377.0
    assert one.meter.values[Quantity.VOLTAGE_L1] == 230.1


@pytest.mark.parametrize(
    "fields",
    [{"Power": 0}, {"E_in": 100.1, "Power": 0}, {"E_in": 0, "E_out": 50.0, "Power": 0}],
    ids=["immediate", "at rest", "one counter"],
)
def test_a_zero_among_others_is_a_value(fake_clock: Clock, fields: dict[str, float]) -> None:
    one = counted(fake_clock)
    one.receive(1, E_in=100.1, E_out=50.0, Power=377)
    assert one.receive(1, **fields).changed
    assert one.meter.values[POWER] == 0.0


# After a restart, and after a new script


def test_a_silence_is_no_standstill(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(10, E_in=100.0, Power=230)
    one.receive(1200, E_in=100.08, Power=230)
    assert not one.meter.problems


def test_a_meter_that_stands_still_is_there_all_the_same(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    for number in range(2 * 24 * 12):
        one.receive(300, E_in=15000.3, Power=0, Volt_p1=230 + number % 3)
    assert not one.meter.problems
    for _ in range(2 * 24 * 12):
        one.receive(300, E_in=15000.3, Power=0, Volt_p1=230)
    assert one.meter.problems, "it may have slipped"
    assert one.meter.is_fresh(IMPORT, fake_clock.utcnow()), "or nothing is drawn"


# Clocks


def test_a_reader_that_has_slipped_off_repeats_itself(fake_clock: Clock) -> None:
    one = counted(fake_clock)
    for _ in range(30):
        one.receive(60, E_in=100.123, E_out=50.0, Power=3000)
    assert one.meter.problems == {MeterProblem.FROZEN}
    assert not one.meter.is_fresh(POWER, fake_clock.utcnow())
    one.receive(60, E_in=100.5, E_out=50.0, Power=3000)
    assert one.meter.problems == set()
    assert one.meter.is_fresh(POWER, fake_clock.utcnow())


@pytest.mark.parametrize(
    ("keys", "power"),
    [
        (("Power",), 3000),
        (("P_in",), 3000),
        (("15.7.0",), 3000),
        (("P_in", "P_out"), 3000),
    ],
    ids=repr,
)
def test_whatever_power_is_published_the_counters_must_follow(
    fake_clock: Clock, keys: tuple[str, ...], power: float
) -> None:
    one = counted(fake_clock)
    for _ in range(30):
        one.receive_fields(
            60, {"E_in": 100.123, "E_out": 50.0, **dict(zip(keys, (power, 0), strict=False))}
        )
    assert one.meter.problems == {MeterProblem.FROZEN}


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ({}, MeterProblem.PIN_LOCKED),
        ({"Meter_Number": ""}, MeterProblem.PIN_LOCKED),
        ({"Meter_Number": "0a0149534b00056940c8"}, MeterProblem.INF_OFF),
    ],
)
def test_a_meter_that_counts_in_whole_kwh_wants_something(
    fake_clock: Clock, number: dict[str, str], problem: MeterProblem
) -> None:
    one = OneMeter(fake_clock)
    for hour in range(5):
        one.receive(600, E_in=100.0 + hour, Power=0, **number)
    assert one.meter.problems == {problem}


# Whatever comes


KEYS: Final = st.sampled_from(
    [
        *("E_in", "E_inoP", "E_out", "import", "1.8.1", "kvarh_in", "Zaehlerstand", "Total"),
        *("Power", "Power_in", "P_in", "P_out", "1.7.0", "current", "15.7.0", "Volt_p1"),
        *("Meter_Number", "meter_id", "Time", "foo", "", "phase_angle_p1"),
    ]
)
VALUES: Final = st.one_of(
    st.floats(),
    st.floats(0, 1000),
    st.integers(),
    st.none(),
    st.booleans(),
    st.text(max_size=4),
    st.lists(st.integers(), max_size=2),
)


@given(
    st.lists(
        st.tuples(st.floats(-1000, 4000), st.dictionaries(KEYS, VALUES, max_size=6)), max_size=15
    ),
    st.sampled_from([0.0, 10.0]),
    st.booleans(),
    st.booleans(),
)
def test_whatever_comes_the_counters_stay_counters(
    messages: list[tuple[float, dict[str, object]]],
    interval: float,
    quarantined: bool,
    absolute_power: bool,
) -> None:
    fake_clock = Clock()
    one = OneMeter(fake_clock, interval=interval, quarantined=quarantined)
    one.meter.restore(LearnedKeys.from_stored({"findings": {}, "absolute_power": absolute_power}))
    for after, fields in messages:
        before = dict(one.meter.values)
        result = one.receive_fields(after, fields)
        assert result.changed == (one.meter.values != before)
        for quantity, value in one.meter.values.items():
            if quantity.startswith(("energy", "reactive_energy")):
                assert 0 <= value < math.inf
