"""What goes wrong with meters, and the kWh that it costs: py_hab beside core's MQTT sensors."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.table import print_table
from tests.worlds.conftest import (
    enable_missing_statistics,
    enable_nightly_purge,
    enable_statistics,
    home,
    life,
    no_logs,
    persistent_database,
    world_clock,
)
from tests.worlds.life import CORE, Life
from tests.worlds.measure import Measure, Verdict
from tests.worlds.short import SHORT
from tests.worlds.world import World

__all__ = [
    "enable_missing_statistics",
    "enable_nightly_purge",
    "enable_statistics",
    "home",
    "life",
    "no_logs",
    "persistent_database",
    "world_clock",
]

PRINTABLE = 1e9
"""kWh; errors beyond are printed as a power of ten."""


def error(verdicts: list[Verdict]) -> str:
    """Return the kWh booked too much or too little: of the counter that is further off."""
    worst = max((verdict.total - verdict.truth for verdict in verdicts), key=abs)
    # Adding 0 turns -0 into 0.
    return f"{round(worst, 3) + 0:+,.3f}" if abs(worst) < PRINTABLE else f"{worst:+.0e}"


def impossible(verdicts: list[Verdict]) -> str:
    """Return how many hours are negative, or hold more than the house has drawn in any."""
    return str(sum(len(verdict.negative) + len(verdict.impossible) for verdict in verdicts))


@pytest.fixture(scope="module")
def rows() -> Iterator[list[list[str]]]:
    """The rows of the table, which is printed when the last world has ended."""
    rows: list[list[str]] = []
    yield rows
    print_table(
        "Phantom energy: the hours of the statistics less the truth, in kWh",
        "world, import, export, one reading, py_hab, core mqtt,"
        " impossible hours: py_hab, impossible hours: core mqtt",
        rows,
    )


@pytest.mark.parametrize(
    "world", [replace(world, core_beside=True) for world in SHORT], ids=lambda world: world.name
)
async def test_world(life: Life, world: World, rows: list[list[str]]) -> None:
    """Live through a world, and compare what is booked with what was drawn."""
    books = await life.live()
    ours, cores = (
        [Measure(life, series).judge(books[f"{whose}{series}"]) for series in life.source.series]
        for whose in ("", CORE)
    )
    rows.append(
        [
            world.name,
            *(f"{verdict.truth:.3f}" for verdict in ours),
            f"{max(verdict.one_reading for verdict in ours):.3f}",
            *(error(verdicts) for verdicts in (ours, cores)),
            *(impossible(verdicts) for verdicts in (ours, cores)),
        ]
    )
