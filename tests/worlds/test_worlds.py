"""The measure: in every world each hour holds what was counted in it, and no phantom energy."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from .life import CORE, POWER, Life
from .long import LEFT_ALONE, LONG
from .measure import Measure
from .short import CLEAN, IN_KW, PARTIAL, SHORT, SINGLE_ZERO
from .world import World

LENGTHS = (("short", SHORT), ("long", LONG))


def _worlds() -> Iterator[object]:
    for length, worlds in LENGTHS:
        for world in worlds:
            fails = pytest.mark.xfail(
                bool(world.unmended), reason=world.unmended, raises=AssertionError, strict=True
            )
            yield pytest.param(world, id=f"{length}: {world.name}", marks=fails)


@pytest.mark.parametrize("world", _worlds())
async def test_hours_hold_what_was_counted(life: Life, world: World) -> None:
    books = await life.live()
    faults = [
        f"{series}: {fault}"
        for series in life.source.series
        for fault in Measure(life, series).judge(books[series]).faults
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("world", [CLEAN, IN_KW, PARTIAL], ids=lambda world: f"short: {world.name}")
async def test_power_adds_up_to_the_energy(life: Life, world: World) -> None:
    """Mean power, hour by hour, is what the counters say: in W, and with its sign."""
    books = await life.live()
    verdicts = {series: Measure(life, series).judge(books[series]) for series in life.source.series}
    truth = verdicts["import"].truth - verdicts["export"].truth
    assert len(books[POWER]) * 3600 == world.lasts.total_seconds()
    assert sum(hour.mean for hour in books[POWER]) / 1000 == pytest.approx(
        truth, abs=2 * verdicts["import"].one_reading
    )


@pytest.mark.parametrize(
    ("world", "phantom"),
    [
        (replace(CLEAN, core_beside=True), 0.0),
        (replace(SINGLE_ZERO, core_beside=True), 15_119.0),
    ],
    ids=lambda value: f"short: {value.name}" if isinstance(value, World) else "",
)
async def test_measure_sees_phantom_energy(life: Life, phantom: float) -> None:
    """Core's sensors, in the same world, are right where nothing happens, and only there."""
    books = await life.live()
    verdict = Measure(life, "import").judge(books[f"{CORE}import"])
    assert verdict.total - verdict.truth == pytest.approx(phantom, abs=5)
    assert bool(verdict.faults) == bool(phantom)


@pytest.mark.parametrize("world", [LEFT_ALONE], ids=lambda world: f"long: {world.name}")
async def test_measure_sees_an_outage(life: Life) -> None:
    """What nobody mends stands in the hour in which Home Assistant was back."""
    books = await life.live()
    verdict = Measure(life, "import").judge(books["import"])
    assert verdict.total == pytest.approx(verdict.truth, abs=verdict.one_reading)
    assert len(verdict.impossible) == 1
    assert verdict.impossible[0].change > 3 * verdict.most
