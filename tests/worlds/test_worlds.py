"""The measure: in every world the hours add up to the truth, and none holds phantom energy."""

from typing import Any

import pytest

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant

from .house import KeyMapping
from .life import Books, Clock, Life, Who
from .worlds import CLEAN, IN_KW, PARTIAL, SINGLE_ZERO, WORLDS, World


@pytest.fixture
async def books(
    time: Clock,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mock_hass_config: None,
    mqtt_client_mock: Any,
    world: World,
) -> Books:
    """What has been booked at the end of a world."""
    return await Life(hass, world, time, mqtt_client_mock).live()


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
async def test_hours_add_up_to_the_truth(books: Books, world: World) -> None:
    for register in KeyMapping:
        booked = books.total(Who.PY_HAB, register)
        changes = books.changes[Who.PY_HAB, register]
        assert booked == pytest.approx(world.truth(register), abs=world.one_reading(register)), (
            changes
        )
        assert all(world.is_possible(change) for change in changes), changes


@pytest.mark.parametrize("world", [CLEAN, IN_KW, PARTIAL], ids=lambda world: world.name)
async def test_power_adds_up_to_the_energy(books: Books, world: World) -> None:
    """Mean power, hour by hour, is what the counters say: in W, and with its sign."""
    truth = world.truth(KeyMapping.IMPORT) - world.truth(KeyMapping.EXPORT)
    assert len(books.power[Who.PY_HAB]) == world.hours
    assert sum(books.power[Who.PY_HAB]) / 1000 == pytest.approx(
        truth, abs=2 * world.one_reading(KeyMapping.IMPORT)
    )


@pytest.mark.parametrize(
    ("world", "phantom"),
    [(CLEAN, 0.0), (SINGLE_ZERO, 15_119.0)],
    ids=lambda value: value.name if isinstance(value, World) else "",
)
async def test_measure_sees_what_is_wrong(books: Books, world: World, phantom: float) -> None:
    """Core's sensors, in the same world, are right where nothing happens, and only there."""
    error = books.total(Who.CORE, KeyMapping.IMPORT) - world.truth(KeyMapping.IMPORT)
    assert error == pytest.approx(phantom, abs=5)
