"""The measurements of one meter: which key is used, and the sign of the power."""

from typing import Any

import pytest

from custom_components.py_hab.meter.key_resolver import LearnedKeys
from tests.support.one_meter import (
    POWER,
    Clock,
    OneMeter,
    counted,
)


def test_of_two_keys_for_a_measurement_the_first_one_goes_on(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(0, Power=1, Leistung=2)
    one.receive(1, Leistung=3)
    assert one.meter.values == {POWER: 1.0}
    one.receive(1, Leistung=4, Power=5)
    assert one.meter.values == {POWER: 5.0}
    assert one.meter.keys[POWER] == "Power"


def test_another_key_takes_over_when_the_first_one_is_silent(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(0, Power=1)
    one.receive(899, Leistung=2)
    assert one.meter.values == {POWER: 1.0}
    one.receive(1, Leistung=3)
    assert one.meter.values == {POWER: 3.0}
    assert one.meter.keys[POWER] == "Leistung"


def test_power_follows_from_its_two_directions(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(0, P_in=500)
    assert POWER not in one.meter.values
    one.receive(1, P_out=0)
    assert one.meter.values[POWER] == 500.0
    one.receive(1, P_in=0, P_out=700)
    assert one.meter.values[POWER] == -700.0
    assert POWER not in one.meter.keys


def test_published_power_goes_before_the_difference(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(0, P_in=500, P_out=0, Power=123)
    assert one.meter.values[POWER] == 123.0
    one.receive(1, P_in=0, P_out=700)
    assert one.meter.values[POWER] == 123.0


def without_sign(fake_clock: Clock, **options: Any) -> OneMeter:
    one = counted(fake_clock, **options)
    one.meter.restore(LearnedKeys.from_stored({"findings": {}, "absolute_power": True}))
    return one


def test_a_power_without_sign_gets_it_from_the_counters(fake_clock: Clock) -> None:
    one = without_sign(fake_clock)
    one.receive(1, E_in=100.0, E_out=50.0, Power=300)
    assert one.meter.values[POWER] == 300.0
    one.receive(5, E_in=100.0, E_out=50.01, Power=300)
    assert one.meter.values[POWER] == -300.0
    one.receive(1, Power=310)
    assert one.meter.values[POWER] == -310.0
    one.receive(1, Power=-320)
    assert one.meter.values[POWER] == -320.0, "whoever gives the sign after all"
    one.receive(5, E_in=100.01, E_out=50.01, Power=300)
    assert one.meter.values[POWER] == 300.0


def test_feeding_in_nothing_is_zero_without_a_sign(fake_clock: Clock) -> None:
    one = without_sign(fake_clock)
    one.receive(1, E_out=50.01, Power=300)
    one.receive(1, Power=0)
    assert str(one.meter.values[POWER]) == "0.0"


@pytest.mark.parametrize(
    "others",
    [
        {"E_out_HT": 40.01},
        {"E_out_NT": 40.01},
        {"E_out_HT": 40.01, "E_out_NT": 40.01},
        {"kvarh_in": 40.01, "kvarh_out": 40.01},
    ],
    ids=repr,
)
def test_counters_beside_the_export_do_not_turn_its_sign(
    fake_clock: Clock, others: dict[str, float]
) -> None:
    one = without_sign(
        fake_clock,
        energy_export_t1=40.0,
        energy_export_t2=40.0,
        reactive_energy_import=40.0,
        reactive_energy_export=40.0,
    )
    one.receive(5, E_out=50.01, **others, Power=300)
    assert one.meter.values[POWER] == -300.0


@pytest.mark.parametrize(("imported", "exported", "sign"), [(100.2, 50.01, 1), (100.01, 50.2, -1)])
def test_of_two_counters_that_rose_the_larger_rise_gives_the_sign(
    fake_clock: Clock, imported: float, exported: float, sign: int
) -> None:
    """Five minutes of clouds lie between two messages."""
    one = without_sign(fake_clock)
    one.receive(300, E_in=imported, E_out=exported, Power=300)
    assert one.meter.values[POWER] == sign * 300.0


def test_a_power_with_its_sign_keeps_it(fake_clock: Clock) -> None:
    one = counted(fake_clock)
    one.receive(5, E_out=50.01, Power=300)
    assert one.meter.values[POWER] == 300.0


def test_behaviour_shows_that_power_has_no_sign(fake_clock: Clock) -> None:
    one = counted(fake_clock)
    for second in range(0, 4 * 3600, 10):
        # By turns it draws and feeds in 3 kW, for half an hour each.
        hours, feeds_in = second / 3600, second // 1800 % 2
        drawn = 1.5 * (hours // 1) + min(hours % 1, 0.5) * 3
        one.receive(10, E_in=100 + drawn, E_out=50 + hours * 3 - drawn, Power=3000)
    assert feeds_in
    assert one.meter.learned.absolute_power
    assert one.meter.values[POWER] == -3000.0
    assert one.meter.learned.absolute_power is True


def test_a_power_that_is_renamed_goes_on_at_once(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(1, E_in=100.0, Power=300)
    one.receive_fields(10, {"1_8_0": 100.0, "16_7_0": 310})
    assert one.meter.values[POWER] == 310.0
    assert one.meter.keys[POWER] == "16_7_0"


def test_power_follows_from_directions_that_a_new_script_brings(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(10, E_in=100.0, Power=300)
    for _ in range(100):
        one.receive(10, E_in=100.0, P_in=799, P_out=0)
    assert one.meter.values[POWER] == 799.0
    assert one.meter.is_fresh(POWER, fake_clock.utcnow())
