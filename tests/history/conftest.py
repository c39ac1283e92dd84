"""What all tests of the history share."""

from typing import TYPE_CHECKING

import pytest

# The tests of what is pure run where there is no Home Assistant.
if TYPE_CHECKING:
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from homeassistant.components.recorder import Recorder
    from homeassistant.core import HomeAssistant
    from tests.support.passing_time import Time


@pytest.fixture(autouse=True)
def calm(request: pytest.FixtureRequest) -> None:
    """Let nobody wait for a simulated radio."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("no_pause")


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
