"""Readers that announce themselves, as every Tasmota device does, behind a real broker."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.components import mqtt
from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_MQTT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from simulator.broker import Broker, Kind, available
from simulator.faults import Fault
from simulator.reader import SimulatedReader

from .conftest import settled
from .support.dialogue import Dialogue, add, leave
from .support.patience import brisk, impatience
from .support.scripted_reader import ScriptedReader, scripted

pytestmark = pytest.mark.usefixtures("mqtt_entry", "trusting")

TOPIC = "tele/tasmota_9282F4/SENSOR"
MAC = "A4CF129282F4"
SENSORS = f"tasmota/discovery/{MAC}/sensors"
CONFIG = f"tasmota/discovery/{MAC}/config"
METER = {"sn": {"Time": "2026-03-20T19:07:33", "m": {"E_in": 7}}, "ver": 1}
NOTHING_YET = {"sn": {"Time": "2026-03-20T19:07:33"}, "ver": 1}


@pytest.fixture
def broker_kind() -> Kind:
    """One is enough here."""
    return available()[-1]


@pytest.fixture(autouse=True)
def little_time() -> Iterator[None]:
    with brisk():
        yield


async def announced(
    hass: HomeAssistant, payload: Mapping[str, object] | str = METER, topic: str = SENSORS
) -> Dialogue:
    """Report the integration of an announcement, as Home Assistant's MQTT does."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_MQTT},
        data=MqttServiceInfo(
            topic=topic,
            payload=payload if isinstance(payload, str) else json.dumps(payload),
            qos=0,
            retain=True,
            subscribed_topic="tasmota/discovery/#",
            timestamp=0.0,
        ),
    )
    return Dialogue(hass, result, options=False)


def called(hass: HomeAssistant, dialogue: Dialogue) -> Any:
    """Return what an announced reader is called where Home Assistant offers it."""
    flow = hass.config_entries.flow.async_get(dialogue.flow_id)
    return flow["context"]["title_placeholders"]["name"]


@asynccontextmanager
async def mocked_reader(
    broker: Broker, fields: Mapping[str, object] | None, **differently: object
) -> AsyncIterator[ScriptedReader]:
    """Connect a reader that has reported what it is, and answers when it is asked for its values."""
    config = {"t": "meter", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "mac": MAC}
    async with scripted(broker) as reader:
        reader.publish(CONFIG, {**config, **differently}, retain=True)
        values = {"Time": "2026-03-20T19:07:33"} | ({"m": fields} if fields is not None else {})
        answer = ("stat/meter/STATUS10", {"StatusSNS": values})
        await reader.obey("cmnd/meter/STATUS", {"10": [answer]})
        yield reader


# What is offered


async def test_an_announced_reader_is_set_up_with_one_click(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    dialogue = await announced(hass)
    assert dialogue.step == "tasmota_confirm"
    assert dialogue.placeholders["topic"] == TOPIC
    assert called(hass, dialogue) == "Tasmota"
    await dialogue.accept()
    entry = dialogue.entry
    assert entry.title == "MT681"
    assert entry.unique_id == "a4:cf:12:92:82:f4"
    assert entry.data == {"kind": "meter", "topic": TOPIC, "prefix": "MT681"}
    assert entry.options == {}
    await leave(hass, entry)


async def test_home_assistant_offers_a_reader_that_is_announced(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Core's own Tasmota integration hears the same, but its library is not installed.
    monkeypatch.setattr("homeassistant.loader.MQTT", {})
    hass.config_entries.async_update_entry(
        mqtt_entry, options={**mqtt_entry.options, "discovery": True}
    )
    await hass.config_entries.async_reload(mqtt_entry.entry_id)
    await settled(hass, lambda: mqtt.is_connected(hass), "the broker")

    def offered() -> list[Any]:
        return list(hass.config_entries.flow.async_progress_by_handler(DOMAIN))

    await settled(hass, offered, "a discovered reader")
    [flow] = offered()
    assert flow["context"]["source"] == SOURCE_MQTT
    assert flow["context"]["unique_id"] == "a4:cf:12:92:82:f4"
    assert flow["context"]["title_placeholders"] == {"name": "Tasmota"}
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    dialogue = Dialogue(hass, result, options=False)
    await dialogue.accept()
    entry = dialogue.entry
    assert entry.discovery_keys.keys() == {"mqtt"}
    assert offered() == []
    await leave(hass, entry)


async def test_a_meter_that_was_not_read_yet_is_found_by_asking(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with mocked_reader(broker, {"E_in": 7}, dn="Cellar"):
        dialogue = await announced(hass, NOTHING_YET)
        assert dialogue.step == "tasmota_confirm"
        assert dialogue.placeholders["values"] == "- `m` `E_in`: 7"
        assert called(hass, dialogue) == "Cellar"
        await dialogue.accept()
        await leave(hass, dialogue.entry)


async def test_a_nameless_reader_is_called_by_its_topic(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with mocked_reader(broker, {"E_in": 7}):
        dialogue = await announced(hass)
        assert called(hass, dialogue) == "tele/meter/SENSOR"


async def test_a_reader_that_does_not_repeat_its_mac_address_is_known_by_it(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with mocked_reader(broker, {"E_in": 7}, mac=""):
        dialogue = await announced(hass)
        await dialogue.accept()
        assert dialogue.entry.unique_id == "a4:cf:12:92:82:f4"
        await leave(hass, dialogue.entry)


async def test_an_announced_reader_may_have_other_words_in_its_topics(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        words = {"t": "meter", "ft": "%topic%/%prefix%/", "tp": ["order", "reply", "news"]}
        reader.publish(CONFIG, {**words, "mac": MAC}, retain=True)
        answer = ("meter/reply/STATUS10", {"StatusSNS": {"m": {"E_in": 7}}})
        await reader.obey("meter/order/STATUS", {"10": [answer]})
        dialogue = await announced(hass)
        await dialogue.accept()
        assert dialogue.entry.data == {
            "kind": "meter",
            "topic": "meter/news/SENSOR",
            "prefix": "m",
            "command_topic": "meter/order/STATUS",
            "answer_topic": "meter/reply",
        }
        await leave(hass, dialogue.entry)


# What is not


@pytest.mark.parametrize(
    "topic",
    [
        CONFIG,
        f"tasmota/discovery/{MAC}",
        f"tasmota/discovery/{MAC}/sensors/more",
        "tasmota/discovery/meter/sensors",
        f"tasmota/discovery/{MAC.lower()}/sensors",
    ],
)
async def test_other_messages_are_no_announcement(hass: HomeAssistant, topic: str) -> None:
    assert (await announced(hass, topic=topic)).end == "not_supported"


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "no JSON",
        "[1]",
        "{}",
        '{"sn": 1}',
        {"sn": {"DS18B20": {"Temperature": 20.1}}},
        {"sn": {"Time": "2026-03-20T19:07:33", "ENERGY": {"Total": 5, "Power": 300}}},
    ],
    ids=["empty", "no JSON", "no object", "without values", "no values", "thermometer", "plug"],
)
async def test_a_device_without_a_meter_is_not_offered(
    hass: HomeAssistant, payload: Mapping[str, object] | str
) -> None:
    assert (await announced(hass, payload)).end == "not_supported"


@pytest.mark.parametrize("fields", [None, {}, {"text": "ok"}, {"Foo": 5}])
async def test_a_device_that_has_no_meter_when_asked_is_not_offered(
    hass: HomeAssistant, broker: Broker, fields: Mapping[str, object] | None
) -> None:
    async with mocked_reader(broker, fields):
        with impatience():
            assert (await announced(hass, NOTHING_YET)).end == "not_supported"


async def test_a_reader_that_reads_nothing_is_not_offered(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    reader.fault(Fault.MISSING_AFTER_BOOT)
    with impatience():
        assert (await announced(hass, NOTHING_YET)).end == "not_supported"


@pytest.mark.parametrize("config", [None, "no JSON", {"t": "meter"}, {"t": "a/+", "ft": "%topic%"}])
async def test_a_reader_without_a_topic_is_not_offered(
    hass: HomeAssistant, broker: Broker, config: dict[str, object] | str | None
) -> None:
    async with scripted(broker) as reader:
        if config is not None:
            reader.publish(CONFIG, config, retain=True)
        with impatience():
            assert (await announced(hass)).end == "not_supported"


# What is known


async def test_a_known_reader_is_not_offered(
    hass: HomeAssistant, meter_entry: MockConfigEntry
) -> None:
    assert (await announced(hass)).end == "already_configured"


async def test_a_reader_that_was_set_up_by_its_topic_is_not_offered(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"kind": "meter", "topic": TOPIC})
    entry.add_to_hass(hass)
    assert (await announced(hass)).end == "already_configured"


async def test_a_reader_that_the_user_ignores_is_not_offered(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, unique_id="a4:cf:12:92:82:f4", source=SOURCE_IGNORE)
    entry.add_to_hass(hass)
    assert (await announced(hass)).end == "already_configured"


async def test_a_reader_is_offered_once(hass: HomeAssistant, reader: SimulatedReader) -> None:
    dialogue = await announced(hass)
    assert dialogue.step == "tasmota_confirm"
    again = await announced(hass, {**METER, "ver": 2})
    assert again.end == "already_in_progress"


async def test_a_reader_that_is_offered_can_be_added_by_hand(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    await announced(hass)
    by_hand = await add(hass, "tasmota")
    await by_hand.answer(topic=TOPIC)
    await by_hand.accept()
    # Nothing is offered any more.
    assert hass.config_entries.flow.async_progress() == []
    await leave(hass, by_hand.entry)


async def test_a_reader_that_was_added_meanwhile_is_not_added_again(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    dialogue = await announced(hass)
    entry = MockConfigEntry(domain=DOMAIN, unique_id="a4:cf:12:92:82:f4", data={})
    entry.add_to_hass(hass)
    await dialogue.accept()
    assert dialogue.end == "already_configured"
