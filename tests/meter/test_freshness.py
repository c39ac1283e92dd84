"""How long a quantity stays fresh."""

import math

import pytest

from tests.support.one_meter import (
    IMPORT,
    NOON,
    POWER,
    Clock,
    OneMeter,
    counted,
)


def test_a_dip_keeps_the_counter_and_its_clock(fake_clock: Clock) -> None:
    """Without its PIN, a meter is read nevertheless."""
    one = counted(fake_clock)
    one.receive(3600, E_in=99.2)
    assert one.meter.values == {IMPORT: 100.0}
    assert one.meter.is_fresh(IMPORT, fake_clock.utcnow())


@pytest.mark.parametrize(
    "garbage", [(0,), (-5,), (math.nan,), ("?",), (9000.0, 7.0), (7.0, 0)], ids=repr
)
def test_garbage_does_not_keep_a_counter_fresh(
    fake_clock: Clock, garbage: tuple[float | str, ...]
) -> None:
    one = counted(fake_clock)
    one.receive(0, E_in=100.0)
    for number in range(90):
        assert one.meter.is_fresh(IMPORT, fake_clock.utcnow())
        one.receive(10, E_in=garbage[number % len(garbage)], Power=7)
    assert not one.meter.is_fresh(IMPORT, fake_clock.utcnow())
    assert one.meter.is_fresh(POWER, fake_clock.utcnow())


def test_each_register_has_its_clock(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    assert not one.meter.is_fresh(POWER, fake_clock.utcnow())
    one.receive(0, E_in=100.0, Power=1)
    for _ in range(90):
        one.receive(10, Power=1)
    assert one.meter.is_fresh(POWER, fake_clock.utcnow())
    assert not one.meter.is_fresh(IMPORT, fake_clock.utcnow())
    assert one.meter.freshness.last_seen == fake_clock.utcnow() == fake_clock.at(NOON + 900)
    assert one.meter.values[IMPORT] == 100.0, "it is kept"


@pytest.mark.parametrize(
    ("every", "fresh", "stale"),
    [
        (10, 899, 900),
        (300, 899, 900),
        (600, 1799, 1800),
        (3600, 10799, 10800),
        (9000, 10799, 10800),
    ],
)
def test_a_register_may_be_published_as_rarely_as_its_reader_does(
    fake_clock: Clock, every: float, fresh: float, stale: float
) -> None:
    one = OneMeter(fake_clock)
    one.receive(0, Power=1)
    one.receive(every, Power=2)
    assert one.meter.is_fresh(POWER, fake_clock.at(one.now + fresh))
    assert not one.meter.is_fresh(POWER, fake_clock.at(one.now + stale))


def test_a_clock_that_is_set_back_makes_nothing_stale(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(0, E_in=100.0, Power=1)
    one.receive(-7200, E_in=100.0, Power=2)
    assert one.meter.values == {IMPORT: 100.0, POWER: 2.0}
    assert one.meter.is_fresh(POWER, fake_clock.utcnow())
    assert one.meter.is_fresh(POWER, fake_clock.at(one.now + 899))
    assert not one.meter.is_fresh(POWER, fake_clock.at(one.now + 900))
