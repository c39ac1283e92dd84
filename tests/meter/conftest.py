"""Fixtures of the tests of meters."""

from collections.abc import Awaitable, Callable

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_POWER_INTERVAL
from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
from simulator.broker import Kind, available
from simulator.reader import SimulatedReader
from tests.support.one_meter import Clock


@pytest.fixture(params=available())
def broker_kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of broker that is installed."""
    kind: Kind = request.param
    return kind


@pytest.fixture
def fake_clock() -> Clock:
    """The clock of a meter without Home Assistant."""
    return Clock()


@pytest.fixture
def payload(hass: HomeAssistant, reader: SimulatedReader) -> Callable[[str], Awaitable[None]]:
    """Publish any payload as the reader's SENSOR message, as Home Assistant's client."""

    async def publish(payload: str, *, retain: bool = False) -> None:
        await mqtt.async_publish(hass, reader.tele_topic("SENSOR"), payload, 0, retain)

    return publish


@pytest.fixture
def eager_entry(hass: HomeAssistant, meter_entry: MockConfigEntry) -> MockConfigEntry:
    """An entry whose power is written with every message."""
    hass.config_entries.async_update_entry(meter_entry, options={CONF_POWER_INTERVAL: 0})
    return meter_entry
