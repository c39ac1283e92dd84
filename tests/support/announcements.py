"""Readers that announce themselves, and whether Home Assistant offers them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, SOURCE_MQTT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from simulator.broker import Broker
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.dialogue import Dialogue
from tests.support.scripted_reader import ScriptedReader, scripted

TOPIC = "tele/tasmota_9282F4/SENSOR"
MAC = "A4CF129282F4"
UNIQUE_ID = "a4:cf:12:92:82:f4"
SENSORS = f"tasmota/discovery/{MAC}/sensors"
CONFIG = f"tasmota/discovery/{MAC}/config"
METER = {"sn": {"Time": "2026-03-20T19:07:33", "m": {"E_in": 7}}, "ver": 1}
NOTHING_YET = {"sn": {"Time": "2026-03-20T19:07:33"}, "ver": 1}
READINGS = {"Time": "2026-03-20T19:07:33", "m": {"E_in": 7}}
LAST = "112233445566"


def cards(hass: HomeAssistant) -> list[Any]:
    """Return the readers that Home Assistant offers."""
    return [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    ]


async def woken(hass: HomeAssistant) -> Dialogue:
    """Let Home Assistant receive the last will of some Tasmota device."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_MQTT},
        data=MqttServiceInfo(
            topic="tele/lamp/LWT",
            payload="Online",
            qos=0,
            retain=True,
            subscribed_topic="tele/+/LWT",
            timestamp=0.0,
        ),
    )
    return Dialogue(hass, result, options=False)


async def offered(hass: HomeAssistant) -> Dialogue:
    """Return the dialogue of the reader that Home Assistant offers."""
    assert (await woken(hass)).end == "not_supported"
    await settled(hass, lambda: cards(hass), "a discovered reader")
    [flow] = cards(hass)
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    return Dialogue(hass, result, options=False)


def called(hass: HomeAssistant, dialogue: Dialogue) -> Any:
    """Return the name of an announced reader where Home Assistant offers it."""
    flow = hass.config_entries.flow.async_get(dialogue.flow_id)
    return flow["context"]["title_placeholders"]["name"]


@asynccontextmanager
async def last_reader(hass: HomeAssistant, home: Home, clock: ManualClock, broker: Broker) -> Any:
    """Start another reader, and wait until Home Assistant offers it.

    What was announced before it has been processed by then.
    """
    other = SimulatedReader(home, clock, port=broker.port, topic="last", mac=LAST)
    await other.start()

    def has_card() -> bool:
        return any(flow["context"]["unique_id"] == "11:22:33:44:55:66" for flow in cards(hass))

    await settled(hass, has_card, "the last reader")
    await hass.async_block_till_done()
    yield
    await other.stop()


async def assert_not_offered(
    hass: HomeAssistant, home: Home, clock: ManualClock, broker: Broker
) -> None:
    """Assert that of all readers only the last one is offered."""
    assert (await woken(hass)).end == "not_supported"
    async with last_reader(hass, home, clock, broker):
        assert len(cards(hass)) == 1


@asynccontextmanager
async def mocked_reader(
    broker: Broker, fields: Mapping[str, object] | None, **differently: object
) -> AsyncIterator[ScriptedReader]:
    """Connect a reader that has announced itself, and answers when it is asked for its values."""
    config = {"t": "meter", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "mac": MAC}
    async with scripted(broker) as reader:
        reader.publish(CONFIG, {**config, **differently}, retain=True)
        values = {"Time": "2026-03-20T19:07:33"} | ({"m": fields} if fields is not None else {})
        answer = ("stat/meter/STATUS10", {"StatusSNS": values})
        await reader.obey("cmnd/meter/STATUS", {"10": [answer]})
        yield reader
