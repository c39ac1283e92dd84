"""Fixtures of the tests of actions and endpoints."""

from typing import TYPE_CHECKING, Any

import pytest

# The tests of the profiles run without Home Assistant.
if TYPE_CHECKING:
    from collections.abc import Collection

    from aiohttp.test_utils import TestClient
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from homeassistant.components.recorder import Recorder
    from homeassistant.core import HomeAssistant
    from tests.support.mocked_reader import MockedReader
    from tests.support.passing_time import Time


@pytest.fixture
def ains() -> Collection[str]:
    """A meter, a plug, a thermostat and a window."""
    from simulator.fritzbox_devices import BATH, EXPORT, IMPORT, REFRIGERATOR, WINDOW

    units = {IMPORT, EXPORT, WINDOW}
    return {REFRIGERATOR, BATH, *units, *(unit.rpartition("-")[0] for unit in units)}


@pytest.fixture
async def entry(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> MockConfigEntry:
    """A loaded box, with the web server."""
    from homeassistant.setup import async_setup_component
    from tests.support.living import recorded

    await hass.config.async_set_time_zone("Europe/Berlin")
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    await recorded(hass)
    return fritzbox_entry


@pytest.fixture
async def meter(hass: HomeAssistant, mocked_reader: MockedReader) -> MockConfigEntry:
    """A loaded meter."""
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    return entry


@pytest.fixture
async def client(
    entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> TestClient[Any, Any]:
    """A client with a token."""
    client: TestClient[Any, Any] = await hass_client()
    return client
