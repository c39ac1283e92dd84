"""What goes wrong with meters, and the kWh that it costs: py_hab beside core's MQTT sensors."""

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.table import print_table
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from tests.worlds.conftest import enable_statistics, hass_config, no_logs, recorder_config, time
from tests.worlds.house import KeyMapping
from tests.worlds.life import Books, Clock, Life, Who
from tests.worlds.worlds import WORLDS, World

__all__ = ["enable_statistics", "hass_config", "no_logs", "recorder_config", "time"]


PRINTABLE = 1e9
"""kWh; errors beyond are printed as a power of ten."""


def error(books: Books, who: Who, world: World) -> str:
    """Return the kWh booked too much or too little: of the counter that is further off."""
    errors = (books.total(who, register) - world.truth(register) for register in KeyMapping)
    worst = max(errors, key=abs)
    # Adding 0 turns -0 into 0.
    return f"{round(worst, 3) + 0:+,.3f}" if abs(worst) < PRINTABLE else f"{worst:+.0e}"


def impossible(books: Books, who: Who, world: World) -> str:
    """Return how many hours are negative, or hold more than the house can draw."""
    return str(
        sum(
            not world.is_possible(change)
            for register in KeyMapping
            for change in books.changes[who, register]
        )
    )


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


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
async def test_world(
    time: Clock,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mock_hass_config: None,
    mqtt_client_mock: Any,
    world: World,
    rows: list[list[str]],
) -> None:
    """Live through a world, and compare what is booked with what was drawn."""
    books = await Life(hass, world, time, mqtt_client_mock).live()
    rows.append(
        [
            world.name,
            *(f"{world.truth(register):.3f}" for register in KeyMapping),
            f"{max(world.one_reading(register) for register in KeyMapping):.3f}",
            *(error(books, who, world) for who in Who),
            *(impossible(books, who, world) for who in Who),
        ]
    )
