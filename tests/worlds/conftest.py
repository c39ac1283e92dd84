"""Home Assistant in a world: a recorder that compiles, and a clock that can jump."""

from collections.abc import Iterator
from datetime import timedelta
import logging
import time as process_time
from typing import Any

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
import pytest

from .house import START
from .life import Clock, core_sensors
from .worlds import World


class FrozenClock:
    """Stands still but for what the world moves it."""

    def __init__(self, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let timers go on evenly, whatever the clock shows."""
        self._frozen = frozen
        self._ahead = timedelta()
        monotonic = process_time.monotonic
        monkeypatch.setattr(
            process_time, "monotonic", lambda: monotonic() - self._ahead.total_seconds()
        )

    def move(self, second: int) -> None:
        """Go on to a second of the world."""
        self._frozen.move_to(START + timedelta(seconds=second) + self._ahead)

    def jump(self, by: timedelta) -> None:
        """Show another time from now on; timers do not notice."""
        self._ahead += by


@pytest.fixture
def time(no_logs: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock; a test names it first, since whatever runs is to live by it."""
    with freeze_time(START) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield FrozenClock(frozen, monkeypatch)


@pytest.fixture
def hass_config(world: World) -> dict[str, Any]:
    """What the user has written for core's MQTT sensors."""
    return core_sensors(world)


@pytest.fixture
def enable_statistics() -> bool:
    """Let the recorder compile statistics every five minutes."""
    return True


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Let it commit as it does at home, not after every state."""
    return {"commit_interval": 5}


@pytest.fixture
def no_logs() -> Iterator[None]:
    """Keep the log of every statement of the database out of the way, and of every message."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)
