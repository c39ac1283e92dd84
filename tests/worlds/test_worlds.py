"""The measure: in every world each hour holds what was counted in it, and no phantom energy."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from _pytest.mark import ParameterSet
import pytest

from simulator.weather import SLOT_SECONDS, Weather

from .house import FLOAT, HOUR
from .life import CORE, COST, POWER, Hour, Life
from .long import LEFT_ALONE, LONG, SOMEBODY_ELSES, SUMMER
from .measure import Measure
from .meter_source import MeterSource
from .priced import BERLIN, PRICED, Priced, hours_of_month
from .short import SHORT
from .world import Source, World

LENGTHS = (("short", SHORT), ("long", LONG))


DARK: Final = -0.1
"""Sine of an elevation, the end of twilight: the simulated sun keeps mean solar time, the true one is
up to 16 minutes ahead or behind, and refraction lifts it a little."""


def _param(world: World, length: str) -> ParameterSet:
    fails = pytest.mark.xfail(
        bool(world.unmended), reason=world.unmended, raises=AssertionError, strict=True
    )
    return pytest.param(world, id=f"{length}: {world.name}", marks=fails)


@pytest.mark.parametrize(
    "world", [_param(world, length) for length, worlds in LENGTHS for world in worlds]
)
async def test_hours_hold_what_was_counted(life: Life, world: World) -> None:
    books = await life.live()
    faults = [
        f"{series}, {number} before the end: {fault}"
        for number, each in enumerate([books, *reversed(life.earlier)])
        for series in life.source.series
        for fault in Measure(life, series).judge(each[series]).faults
    ]
    faults += _faults_of_power(life, books[POWER])
    faults += _faults_of_sight(life)
    assert not faults, "\n".join(faults)
    if world.core_beside:
        # The measure sees what core's sensors book in the same world.
        verdict = Measure(life, "import").judge(books[f"{CORE}import"])
        assert verdict.total - verdict.truth == pytest.approx(world.phantom, abs=5)
        assert bool(verdict.faults) == bool(world.phantom)


def _faults_of_power(life: Life, power: Sequence[Hour]) -> Iterator[str]:
    """Yield what is wrong with the power: in W, and with its sign, it is what the counters say."""
    world = life.world
    if world.powers is None or not power:
        return
    lowest = -max(world.powers) if "power_wrong_sign" in world.notices else min(world.powers)
    if min(hour.least for hour in power) < min(0, lowest) or (
        max(hour.most for hour in power) > max(0, *world.powers)
    ):
        yield f"powers that never were: {power}"
    if world.power_adds_up:
        start, end = power[0].start, power[-1].start + HOUR
        truth, one_reading = 0.0, 0.0
        for series, sign in (("import", 1), ("export", -1)):
            truth += sign * (life.house.counted(series, end) - life.house.counted(series, start))
        one_reading = max(map(abs, world.powers)) * world.spacing / HOUR / 1000
        booked = sum(hour.mean for hour in power) / 1000
        if len(power) * HOUR != world.lasts or abs(booked - truth) > 2 * one_reading:
            yield f"mean power: {booked:.4f} kWh, true: {truth:.4f}"


def _faults_of_sight(life: Life) -> Iterator[str]:
    """Yield what the user should not have seen."""
    world, sight = life.world, life.sight
    wanted = set(world.notices), {notice for notice, stays in world.notices.items() if stays}
    if (sight.noticed, sight.notices) != wanted:
        yield f"notices: {sight.noticed}, at the end {sight.notices}, not {wanted}"
    if isinstance(life.source, MeterSource):
        if sight.meters != 1:
            yield f"{sight.meters} meters"
        for series, unique_id in life.source.series.items():
            state = sight.states[unique_id] or ""
            true = life.source.displayed(series)
            if abs(float(state) - true) > Measure(life, series).one_reading:
                yield f"{series}: the state is {state}, and the display shows {true}"


@pytest.mark.parametrize(
    ("world", "priced"), [pytest.param(each.world, each, id=each.world.name) for each in PRICED]
)
async def test_hours_cost_what_they_should(life: Life, priced: Priced) -> None:
    """Each hour costs its energy times its price, and all of them the truth to the cent."""
    books = await life.live()
    faults = (
        [] if priced.is_undone else Measure(life, priced.series).judge(books[priced.series]).faults
    )
    assert not faults
    costs = {hour.start: hour.change for hour in books[f"{COST}{priced.series}"]}
    due, truth = {}, 0.0
    for hour in books[priced.series]:
        local = hour.start.astimezone(BERLIN)
        price, base = priced.price(local), priced.base / hours_of_month(local)
        if price is not None:
            due[hour.start] = hour.change * price + base
            truth += _counted(life, priced.series, hour.start) * price + base
    assert costs == pytest.approx(due, abs=1e-6)
    assert 100 * sum(costs.values()) == pytest.approx(100 * truth, abs=priced.cents)
    assert len(books[priced.series]) - len(costs) == (
        len(books[priced.series]) if priced.is_undone else priced.waiting
    )


def _counted(life: Life, series: str, start: datetime) -> float:
    """Return the kWh that the house has counted in an hour, from the first reading of its life on."""
    first = start
    if start <= life.world.start < start + HOUR and life.world.source is not Source.BOX:
        first = max(start, life.source.heard[0].at)
    return life.house.counted(series, start + HOUR) - life.house.counted(series, first)


@pytest.mark.parametrize("world", [LEFT_ALONE], ids=lambda world: f"long: {world.name}")
async def test_measure_sees_an_outage(life: Life) -> None:
    """What nobody mends stands in the hour in which Home Assistant was back."""
    books = await life.live()
    verdict = Measure(life, "import").judge(books["import"])
    assert verdict.total == pytest.approx(verdict.truth, abs=verdict.one_reading)
    assert len(verdict.impossible) == 1
    assert verdict.impossible[0].change > 3 * verdict.most


@pytest.mark.parametrize("world", [SOMEBODY_ELSES], ids=lambda world: f"long: {world.name}")
async def test_hours_of_another_counter_are_left_alone(life: Life) -> None:
    """Only Home Assistant's own step from one counter to the other is wrong."""
    books = await life.live()
    verdict = Measure(life, "import").judge(books["import"])
    assert [hour.change > 14_600 for hour in verdict.impossible] == [True]
    wrong = [stretch for stretch in verdict.stretches if not stretch.is_right]
    assert [stretch.start for stretch in wrong] == [verdict.impossible[0].start]


@pytest.mark.parametrize("world", [_param(SUMMER, "long")])
async def test_nothing_is_fed_in_at_night(life: Life) -> None:
    """Neither measured nor spread, while the totals of days and months are exact."""
    books = await life.live()
    assert not Measure(life, "export").judge(books["export"]).faults
    weather = Weather(1)
    nights = []
    for hour in books["export"]:
        first = int(hour.start.timestamp()) // SLOT_SECONDS
        slots = range(first, first + HOUR.seconds // SLOT_SECONDS + 1)
        if max(weather.sun(slot) for slot in slots) < DARK:
            nights.append(hour)
    assert len(nights) > 1000
    assert not [hour for hour in nights if hour.change > FLOAT]
