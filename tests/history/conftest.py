"""What all tests of the history share."""

from collections.abc import Iterator
import logging

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from tests.passing_time import Time


@pytest.fixture(autouse=True)
def no_rest(no_pause: None) -> None:
    """Let nobody wait for a simulated radio."""


@pytest.fixture(autouse=True)
def quiet_database() -> Iterator[None]:
    """Leave the statements of the database out of the log: thousands of rows are written here."""
    engine = logging.getLogger("sqlalchemy.engine")
    level = engine.level
    engine.setLevel(logging.WARNING)
    yield
    engine.setLevel(level)


@pytest.fixture
def enable_statistics() -> bool:
    """Let the recorder compile statistics every five minutes."""
    return True


@pytest.fixture
async def entry(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> MockConfigEntry:
    """The entry of a box that has counted for a hundred days."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    return fritzbox_entry
