"""The values of the entities of a meter, and how often they are written."""

from datetime import timedelta
import math
from random import Random

import pytest

from custom_components.py_hab.const import (
    DOMAIN,
)
from custom_components.py_hab.sml.registers import Quantity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.support.mocked_reader import (
    MINUTE,
    UNIQUE_ID,
    MockedReader,
)
from tests.support.one_meter import (
    IMPORT,
    POWER,
    Clock,
    OneMeter,
    counted,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    meter_state,
    state_of,
)


def test_power_is_the_mean_of_its_window(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock, interval=10.0)
    assert one.receive(0, Power=1000).changed
    for watts in (100, 101, 102, 103):
        assert not one.receive(2, Power=watts).changed
    assert one.receive(2, Power=105).changed
    assert one.meter.values == {POWER: 102.2}


@pytest.mark.parametrize(
    ("key", "values", "shown"),
    [
        ("Volt_p1", (230.0, 231.0, 231.0), 230.7),
        ("frequency", (50.0, 50.01, 50.01), 50.007),
        ("Curr_p1", (1.0, 2.0, 2.0), 1.667),
        ("power_factor", (1.0, 0.5, 0.5), 0.667),
        ("phase_angle_p1", (359.0, 1.0, 3.0), 3.0),
    ],
)
def test_what_changes_little_is_written_every_minute(
    fake_clock: Clock, key: str, values: tuple[float, ...], shown: float
) -> None:
    one = OneMeter(fake_clock, interval=10.0)
    one.receive_fields(0, {key: values[0]})
    changes = [one.receive_fields(20, {key: value}).changed for value in values]
    assert changes == [False, False, True]
    assert list(one.meter.values.values()) == [shown]


def test_without_an_interval_every_power_is_shown(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    for watts in range(100):
        assert one.receive(0.5, Power=watts).changed
        assert one.meter.values == {POWER: float(watts)}


def test_a_counter_is_written_once_a_minute_and_nothing_of_it_is_lost(fake_clock: Clock) -> None:
    one = counted(fake_clock)
    shown = []
    for second in range(601):
        one.receive(1 if second else 0, E_in=100 + second / 1000)
        shown.append(one.meter.values[IMPORT])
    assert 10 <= len({*shown}) <= 12
    assert sorted(shown) == shown
    assert one.counter(IMPORT) == 100.6


@pytest.mark.parametrize("digits", [3, 4, 7])
def test_hours_at_1_hz_are_thinned_out(fake_clock: Clock, digits: int) -> None:
    one = counted(fake_clock, interval=10.0)
    random = Random(1)
    changes: dict[Quantity, int] = dict.fromkeys((IMPORT, POWER), 0)
    before: dict[Quantity, float] = {}
    counter = 100.0
    for _ in range(7_200):
        watts = random.randrange(100, 4000)
        counter += watts / 3.6e6
        one.receive(1, E_in=round(counter, digits), Power=watts)
        for quantity in changes:
            changes[quantity] += one.meter.values[quantity] != before.get(quantity)
        before.update(one.meter.values)
    assert 716 <= changes[POWER] <= 725
    assert 116 <= changes[IMPORT] <= 125
    assert one.counter(IMPORT) == round(counter, digits)


def test_numbers_however_large_have_a_mean(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock, interval=10.0)
    for _ in range(20):
        one.receive(2, Power=1.7e308, P_in=1.7e308, P_out=-1.7e308)
    assert all(map(math.isfinite, one.meter.values.values()))


def test_a_difference_however_large_is_finite(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(2, P_in=1.7e308, P_out=-1.7e308)
    assert all(map(math.isfinite, one.meter.values.values()))


async def test_power_is_a_mean_and_counters_are_written_once_a_minute(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await time.passes(hass, MINUTE)
    await mocked_reader.reads(Power=100)
    shown = []
    for second in range(1, 121):
        await time.passes(hass, timedelta(seconds=1))
        await mocked_reader.reads(Power=100 + second, E_in=round(15119.1 + second / 1000, 4))
        shown.append((meter_state(hass, entry, "power"), meter_state(hass, entry, "energy_import")))
    assert len({power for power, _ in shown}) <= 13
    # On a grid of a minute, with some tolerance.
    assert len({energy for _, energy in shown}) <= 5
    powers = [float(power) for power, _ in shown if power]
    assert powers[20:] == sorted(powers[20:])
    # The mean of ten readings.
    assert powers[-1] != int(powers[-1])


async def test_state_is_written_only_when_its_register_has_news(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(power_interval=0)
    await mocked_reader.set_up(entry)
    entity_id = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{UNIQUE_ID}_energy_export"
    )
    assert entity_id is not None
    before = hass.states.get(entity_id)
    assert before is not None
    await mocked_reader.lives(5 * MINUTE, E_in=0.01, Power=1)
    after = hass.states.get(entity_id)
    assert after is not None
    assert after.last_reported == before.last_reported
    assert state_of(hass, f"{UNIQUE_ID}_power") == "205.0"
