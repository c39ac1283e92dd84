"""The simulated reader is true: Home Assistant's own Tasmota integration takes it for a real one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from simulator.broker import Broker, Kind
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader

from .listening import PATIENCE

MAC = "a4:cf:12:92:82:f4"
SUMMER_NOON = datetime(2026, 6, 21, 11, 20, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("mock_hass_config")


@pytest.fixture
def expected_lingering_tasks() -> bool:
    """HATasmota gathers subscriptions for a moment, and never ends that task itself."""
    return True


@pytest.fixture
def broker_kind() -> Kind:
    return "rumqttd"


async def set_up(hass: HomeAssistant, domain: str, **answers: object) -> ConfigEntry[object]:
    """Set up an integration of core as a user does."""
    flow = await hass.config_entries.flow.async_init(domain, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], answers)
    await hass.async_block_till_done()
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    return entry


@pytest.fixture
async def mqtt(hass: HomeAssistant, broker: Broker, mock_hass_config: None) -> None:
    """Core's MQTT, connected to the broker."""
    more = {"set_client_cert": False, "set_ca_cert": "off", "transport": "tcp"}
    await set_up(hass, "mqtt", broker=broker.host, port=broker.port, other_settings=more)


@pytest.fixture
async def tasmota(hass: HomeAssistant, mqtt: None) -> ConfigEntry[object]:
    """Core's Tasmota."""
    return await set_up(hass, "tasmota")


@pytest.fixture
async def reader(broker: Broker) -> AsyncIterator[SimulatedReader]:
    home = Home(installed=SUMMER_NOON - timedelta(days=30))
    clock = ManualClock(SUMMER_NOON)
    reader = SimulatedReader(home, clock, port=broker.port, script="ottelo", name="Meter")
    await reader.start()
    yield reader
    await reader.stop()


async def until[T](condition: Callable[[], T | None]) -> T:
    """Return what a condition returns as soon as it is something."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if result := condition():
                return result
            await asyncio.sleep(0.01)


def live(hass: HomeAssistant, entity_id: str) -> State | None:
    """Return a state that is neither unknown nor unavailable."""
    state = hass.states.get(entity_id)
    known = state is not None and state.state not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
    return state if known else None


async def test_mqtt_discovery_offers_it(
    hass: HomeAssistant, mqtt: None, reader: SimulatedReader
) -> None:
    flows = await until(lambda: hass.config_entries.flow.async_progress_by_handler("tasmota"))
    assert flows[0]["context"]["source"] == "mqtt"
    hass.config_entries.flow.async_abort(flows[0]["flow_id"])
    # So does py_hab. Home Assistant cannot be stopped while it loads the dialog.
    await until(lambda: hass.config_entries.flow.async_progress_by_handler("py_hab"))


async def test_it_is_a_device_with_live_sensors(
    hass: HomeAssistant,
    tasmota: ConfigEntry[object],
    reader: SimulatedReader,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    connection = (dr.CONNECTION_NETWORK_MAC, MAC)
    device = await until(
        lambda: device_registry.async_get_device_by_connection(connection, tasmota.entry_id)
    )
    assert device.name == "Meter"
    assert device.manufacturer == "Tasmota"
    assert device.sw_version == "15.5.0"

    def entity(key: str) -> str | None:
        found = er.async_entries_for_device(entity_registry, device.id)
        names = {entry.entity_id: entry.original_name or "" for entry in found}
        return next((each for each, name in names.items() if name.endswith(key)), None)

    energy_id = await until(lambda: entity("ImportActive"))
    power_id = await until(lambda: entity("Power"))
    reader.publish_sensor()
    energy = await until(lambda: live(hass, energy_id))
    assert energy.attributes["device_class"] == "energy"
    assert energy.attributes["unit_of_measurement"] == "kWh"
    counted = 15119.035 + reader.home.energy("import", SUMMER_NOON) / 1000
    assert float(energy.state) == pytest.approx(counted, abs=0.0006)
    power = await until(lambda: live(hass, power_id))
    assert float(power.state) == round(reader.home.grid_power(SUMMER_NOON)) < 0

    await reader.stop()
    await until(lambda: hass.states.is_state(power_id, STATE_UNAVAILABLE))
    await reader.start()
    reader.publish_sensor()
    await until(lambda: live(hass, power_id))
