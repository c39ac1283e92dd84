"""System health: what is reached, at a glance."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import DEVICES, IMPORT
from simulator.reader import SimulatedReader

from .conftest import settled
from .support.dialogue import TEXTS
from .support.passing_time import Time
from .support.watching import all_unavailable, quiet, set_up

type Health = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture
def health(hass: HomeAssistant, hass_ws_client: WebSocketGenerator, socket_enabled: None) -> Health:
    """Open the page, and return what it shows of us; each line has a text."""

    async def look() -> dict[str, Any]:
        assert await async_setup_component(hass, "system_health", {})
        client = await hass_ws_client(hass)
        await client.send_json_auto_id({"type": "system_health/info"})
        shown: dict[str, Any] = {}
        while (message := await client.receive_json()).get("event", {}).get("type") != "finish":
            if message.get("event", {}).get("type") == "initial":
                shown = message["event"]["data"][DOMAIN]["info"]
        assert shown.keys() == TEXTS["system_health"]["info"].keys()
        return shown

    return look


async def test_nothing_is_reached_where_nothing_is_set_up(
    hass: HomeAssistant, health: Health
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert await health() == {
        "fritzboxes": "0 / 0",
        "devices": 0,
        "meters": "0 / 0",
        "rejected": 0,
    }


async def test_box_is_reached_until_it_is_gone(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    health: Health,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.override(IMPORT, energy=0)
    await fritzbox_entry.runtime_data.coordinator.async_refresh()
    assert await health() == {
        "fritzboxes": "1 / 1",
        "devices": len(DEVICES),
        "meters": "0 / 0",
        "rejected": 1,
    }
    await box.stop()
    await fritzbox_entry.runtime_data.coordinator.async_refresh()
    assert (await health())["fritzboxes"] == "0 / 1"


async def test_meter_publishes_until_its_reader_is_gone(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    health: Health,
) -> None:
    await set_up(hass, meter_entry)
    assert (await health())["meters"] == "1 / 1"
    await reader.stop()
    await settled(hass, lambda: all_unavailable(hass), "the reader's farewell")
    assert (await health())["meters"] == "0 / 1"
    await quiet(hass)
