"""Long worlds: a frozen process, a recorder that survives its Home Assistant, a simulated home."""

from collections.abc import AsyncIterator, Iterator
import logging
from pathlib import Path
from typing import Any

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import DEVICES
from simulator.home import Clock, Home, RealClock

from .home_assistant import Computer, RecorderMaker
from .house import House
from .life import BoxLife, Life, MeterLife, box_entries, meter_entries
from .worlds import Source, World


@pytest.fixture
def no_logs() -> Iterator[None]:
    """Keep the log of every statement of the database out of the way, and of every message."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def frozen(no_logs: None, world: World) -> Iterator[FrozenDateTimeFactory]:
    """The time of the process, which stands unless it is moved."""
    with freeze_time(world.start) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


@pytest.fixture
def clock() -> Clock:
    """The box lives in the time of the process."""
    return RealClock()


@pytest.fixture
def home(world: World) -> Home:
    """The home of a world."""
    return Home(installed=world.installed)


@pytest.fixture
def persistent_database() -> bool:
    """Let the database outlive the recorder."""
    return True


@pytest.fixture
def enable_statistics() -> bool:
    """Let the recorder compile statistics every five minutes."""
    return True


@pytest.fixture
def enable_missing_statistics() -> bool:
    """Let the recorder compile at its start what it has missed."""
    return True


@pytest.fixture
def enable_nightly_purge() -> bool:
    """Let the recorder forget what is older than ten days."""
    return True


@pytest.fixture
def life(
    frozen: FrozenDateTimeFactory,
    async_test_recorder: RecorderMaker,
    hass_storage: dict[str, Any],
    hass_config_dir: str,
    tmp_path: Path,
    world: World,
    home: Home,
    request: pytest.FixtureRequest,
) -> Life:
    """A life in a world, not begun yet."""
    house = House(home, world.quiet)

    def computer(entries: list[MockConfigEntry]) -> Computer:
        return Computer(
            frozen, async_test_recorder, hass_storage, hass_config_dir, tmp_path, entries
        )

    match world.source:
        case Source.METER:
            return MeterLife(world, house, computer(meter_entries(world)))
        case Source.BOX:
            box: SimulatedFritzBox = request.getfixturevalue("box")
            return BoxLife(world, house, computer(box_entries(box)), box)


@pytest.fixture
async def box(
    home: Home, clock: Clock, world: World, socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    """A box with the devices of a world; as few as possible, since each hour of each takes time."""
    devices = [device for device in DEVICES if device.ain.startswith(world.ains)]
    box = SimulatedFritzBox(home, clock, iterations=(1000, 1000), devices=devices)
    await box.start()
    yield box
    await box.stop()
