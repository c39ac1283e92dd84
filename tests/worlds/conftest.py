"""Worlds: a frozen process, a recorder that survives its Home Assistant, a simulated home."""

from collections.abc import AsyncIterator, Iterator
from datetime import tzinfo
import logging
from pathlib import Path
from typing import Any

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.py_hab.history.planning.load_shape import LoadShape
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import DEVICES
from simulator.home import Home, RealClock

from .box_source import BoxSource
from .home_assistant import Clock, Computer, RecorderMaker
from .house import House, Pattern
from .life import Life
from .meter_source import MeterSource
from .world import Source, World


@pytest.fixture
def no_logs() -> Iterator[None]:
    """Keep the log of every message out of the way."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def world_clock(
    no_logs: None, no_pause: None, world: World, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Clock]:
    """The time of the process, which stands unless it is moved; timers do not notice jumps."""
    import time

    with freeze_time(world.start) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        clock = Clock(frozen)
        monotonic = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() - clock.ahead.total_seconds())
        yield clock


@pytest.fixture(autouse=True)
def hours_of_week(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calculate once on which weekday and at which hour an hour begins: a frozen time does it slowly."""
    known: dict[tuple[tzinfo, int], Any] = {}
    calculate = LoadShape._hour_of_week

    def look_up(shape: LoadShape, hour: int) -> Any:
        key = shape._zone, hour
        if key not in known:
            known[key] = calculate(shape, hour)
        return known[key]

    monkeypatch.setattr(LoadShape, "_hour_of_week", look_up)


@pytest.fixture
def home(world: World) -> Home:
    """The home of a world."""
    return Home(installed=world.start - world.home_age)


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
    """Let the recorder purge old states."""
    return True


@pytest.fixture
def life(
    world_clock: Clock,
    async_test_recorder: RecorderMaker,
    hass_storage: dict[str, Any],
    hass_config_dir: str,
    tmp_path: Path,
    world: World,
    request: pytest.FixtureRequest,
) -> Life:
    """A life in a world, not begun yet."""
    home: Home = request.getfixturevalue("home")
    house = House(home if world.powers is None else Pattern(world.powers, world.start))
    file = tmp_path / "server.sqlite"
    source: MeterSource | BoxSource
    if world.source is Source.METER:
        source = MeterSource(world, house, file)
    else:
        source = BoxSource(world, house, file, request.getfixturevalue("box"))
    source.computer = Computer(
        world_clock,
        async_test_recorder,
        hass_storage,
        tmp_path,
        source.entries(),
        source.configuration(),
        keep_days=world.keep_days,
        recorded=world.recorded,
    )
    return Life(world, house, source.computer, source)


@pytest.fixture
async def box(home: Home, world: World, socket_enabled: None) -> AsyncIterator[SimulatedFritzBox]:
    """A box with the devices of a world; as few as possible, since each hour of each takes time."""
    devices = [device for device in DEVICES if device.ain.startswith(world.ains)]
    box = SimulatedFritzBox(home, RealClock(), iterations=(1000, 1000), devices=devices)
    await box.start()
    yield box
    await box.stop()
