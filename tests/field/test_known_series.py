"""A series that is known but has no statistics yet has an empty profile."""

from collections.abc import Collection
from typing import Any

from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.api import FRIDGE, act, fails, get, got
from tests.support.measured_home import POWER


@pytest.fixture
def ains() -> Collection[str]:
    """One plug is enough here."""
    return {REFRIGERATOR}


@pytest.fixture
async def client(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> TestClient[Any, Any]:
    """A client of a home that was set up a moment ago."""
    assert await async_setup_component(hass, "http", {})
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    client: TestClient[Any, Any] = await hass_client()
    return client


async def test_a_known_series_without_statistics_is_empty_and_an_unknown_one_is_not_there(
    hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    for grouping in ("Hour", "Day", "Month"):
        assert await got(client, f"statistics/{FRIDGE}/Power/{grouping}") == []
    assert (await get(client, "statistics/nobody/Power/Hour"))[0] == 404
    assert (await get(client, f"statistics/{FRIDGE}/Light/Hour"))[0] == 404

    series: Any
    for series in ({"device": REFRIGERATOR, "sub_entity": "Power"}, {"entity_id": POWER}):
        assert await act(hass, "get_profile", name="hour", **series) == {
            "entity_id": POWER,
            "name": "hour",
            "unit": "",
            "hours": 0,
            "hours_left_out": 0,
            "statistics": [],
        }
    await fails(
        hass,
        ServiceValidationError,
        "no_statistics",
        "get_profile",
        name="hour",
        entity_id="sensor.nobody",
    )
