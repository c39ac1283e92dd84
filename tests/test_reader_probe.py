"""Finding readers and trying one out, with each kind of broker."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.reader_probe import (
    ProbeResult,
    async_find_readers,
    async_probe_reader,
)
from custom_components.py_hab.sml_vocabulary import Role
from custom_components.py_hab.tasmota_sml import ReaderIdentity, Reading, reader_topics
from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
from simulator.broker import Broker
from simulator.home import ManualClock
from simulator.reader import SimulatedReader

from .conftest import settled
from .patience import brisk, impatience
from .scripted_reader import Content, Message, ScriptedReader, scripted

pytestmark = pytest.mark.usefixtures("mqtt_entry")

TOPIC = "tele/meter/SENSOR"
COMMAND = "cmnd/meter/STATUS"
WHO: Message = (
    "stat/meter/STATUS5",
    {"StatusNET": {"Mac": "A4:CF:12:92:82:F4", "IPAddress": "192.168.178.50"}},
)
IDENTITY = ReaderIdentity(mac="A4CF129282F4", address="192.168.178.50")
CONFIG = {"t": "meter", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"]}
SENSORS = {"sn": {"Time": "2026-03-20T19:07:33", "m": {"E_in": 7}}, "ver": 1}


@pytest.fixture(autouse=True)
def little_time() -> Iterator[None]:
    with brisk():
        yield


def values(result: ProbeResult) -> dict[Role, float]:
    """Return the registers that were heard."""
    reading: Reading | None = result.reading
    assert reading is not None
    return dict(reading.values)


async def arrived(hass: HomeAssistant, reader: ScriptedReader) -> None:
    """Wait until the broker has all that a reader has published."""
    heard: list[str] = []
    undo = await mqtt.async_subscribe(hass, "the/end", lambda message: heard.append(message.topic))
    async with reader.repeating("the/end", {}):
        await settled(hass, lambda: heard, "what was published last")
    undo()


# Finding


async def test_an_announced_reader_is_found(hass: HomeAssistant, reader: SimulatedReader) -> None:
    assert await async_find_readers(hass) == [reader.tele_topic("SENSOR")]


async def test_announcements_may_come_in_any_order(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        reader.publish("tasmota/discovery/A/sensors", SENSORS, retain=True)
        reader.publish("tasmota/discovery/A/config", CONFIG, retain=True)
        reader.publish("tasmota/discovery/B/config", {**CONFIG, "t": "other"}, retain=True)
        reader.publish("tasmota/discovery/B/sensors", SENSORS, retain=True)
        await arrived(hass, reader)
        assert await async_find_readers(hass) == [TOPIC, "tele/other/SENSOR"]


@pytest.mark.parametrize(
    "messages",
    [
        {"tasmota/discovery/A/config": CONFIG},
        {"tasmota/discovery/A/sensors": SENSORS},
        {"tasmota/discovery/A/config": {"t": "meter"}, "tasmota/discovery/A/sensors": SENSORS},
        {"tasmota/discovery/A/config": "no JSON", "tasmota/discovery/A/sensors": SENSORS},
        {"tasmota/discovery/A/config": CONFIG, "tasmota/discovery/A/sensors": "[]"},
        {
            "tasmota/discovery/A/config": CONFIG,
            "tasmota/discovery/A/sensors": {"sn": {"DS18B20": {"Temperature": 20.1}}},
        },
        {"tele/thermometer/SENSOR": {"DS18B20": {"Temperature": 20.1}}},
        {"tele/meter/SENSOR": "no JSON"},
        {"tele/meter/STATE": {"m": {"E_in": 7}}},
    ],
    ids=[
        "without values",
        "without a topic",
        "incomplete",
        "unreadable topic",
        "unreadable values",
        "another sensor announced",
        "another sensor heard",
        "unreadable message",
        "another topic",
    ],
)
async def test_what_is_no_reader_is_not_found(
    hass: HomeAssistant, broker: Broker, messages: dict[str, Content]
) -> None:
    async with scripted(broker) as reader:
        for topic, content in messages.items():
            reader.publish(topic, content, retain=True)
        await arrived(hass, reader)
        assert await async_find_readers(hass) == []


# Trying


async def test_a_reader_tells_its_values_and_who_it_is(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    result = await async_probe_reader(hass, reader_topics(reader.tele_topic("SENSOR")))
    assert result.heard
    assert values(result).keys() == {Role.ENERGY_IMPORT, Role.ENERGY_EXPORT, Role.POWER}
    assert result.identity == ReaderIdentity(mac=reader.mac, address=reader.ip)


async def test_messages_of_one_key_are_put_together(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        await reader.obey(
            COMMAND,
            {
                "10": [
                    (TOPIC, {"m": {"Power": 300, "V1": 230}}),
                    (TOPIC, {"m": {"E_out": 2, "Meter_id": "1ISK"}}),
                    (TOPIC, {"m": {"Power": 301}}),
                    (TOPIC, {"m": {"E_in": 7, "V2": 231}}),
                    WHO,
                ]
            },
        )
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    reading = result.reading
    assert reading is not None
    assert reading.values == {Role.ENERGY_IMPORT: 7, Role.ENERGY_EXPORT: 2, Role.POWER: 301}
    assert reading.keys == {
        Role.ENERGY_IMPORT: "E_in",
        Role.ENERGY_EXPORT: "E_out",
        Role.POWER: "Power",
    }
    assert reading.unknown == {"V1": "230", "V2": "231"}
    assert reading.meter_id == "1ISK"
    assert result.identity == IDENTITY


async def test_the_first_of_several_meters_is_taken(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        await reader.obey(
            COMMAND,
            {
                "10": [
                    (TOPIC, {"mine": {"Power": 300}}),
                    (TOPIC, {"theirs": {"E_in": 99}}),
                    (TOPIC, {"mine": {"E_in": 7}}),
                    WHO,
                ]
            },
        )
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert values(result) == {Role.POWER: 300, Role.ENERGY_IMPORT: 7}


async def test_a_meter_without_an_import_counter_is_one_after_a_moment(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        await reader.obey(COMMAND, {"10": [(TOPIC, {"m": {"Power": 300}}), WHO]})
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert values(result) == {Role.POWER: 300}
    assert result.identity == IDENTITY


async def test_a_reader_need_not_tell_who_it_is(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        await reader.obey(
            COMMAND,
            {"5": [("stat/meter/STATUS5", "no JSON")], "10": [(TOPIC, {"m": {"E_in": 7}})]},
        )
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert values(result) == {Role.ENERGY_IMPORT: 7}
    assert result.identity is None


async def test_who_a_silent_reader_is_does_not_make_it_a_meter(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        await reader.obey(COMMAND, {"5": [WHO]})
        with impatience():
            result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result == ProbeResult(heard=False, reading=None, identity=IDENTITY)


@pytest.mark.parametrize("content", ["no JSON", "", "[1]", {"DS18B20": {"Temperature": 20.1}}])
async def test_messages_without_a_meter_are_heard(
    hass: HomeAssistant, broker: Broker, content: Content
) -> None:
    async with scripted(broker) as reader, reader.repeating(TOPIC, content):
        with impatience():
            result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result == ProbeResult(heard=True, reading=None, identity=None)


async def test_a_remembered_message_is_not_heard(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        reader.publish(TOPIC, {"m": {"E_in": 7}}, retain=True)
        await arrived(hass, reader)
        with impatience():
            result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result == ProbeResult(heard=False, reading=None, identity=None)


async def test_a_working_reader_can_be_tried(
    hass: HomeAssistant,
    reader: SimulatedReader,
    clock: ManualClock,
    meter_entry: MockConfigEntry,
) -> None:
    assert await hass.config_entries.async_setup(meter_entry.entry_id)
    await settled(hass, lambda: hass.states.async_entity_ids("sensor"), "readings")
    result = await async_probe_reader(hass, reader_topics(reader.tele_topic("SENSOR")))
    assert Role.ENERGY_IMPORT in values(result)
    # Its subscriptions are still there.
    entity_id = next(
        state.entity_id for state in hass.states.async_all("sensor") if "power" in state.entity_id
    )
    before = hass.states.get(entity_id)
    clock.advance(timedelta(hours=3))
    reader.publish_sensor()
    await settled(hass, lambda: hass.states.get(entity_id) != before, "another value")
    assert await hass.config_entries.async_unload(meter_entry.entry_id)


async def test_without_a_broker_nothing_is_found_or_heard(
    hass: HomeAssistant, broker: Broker
) -> None:
    await broker.stop()
    await settled(hass, lambda: not mqtt.is_connected(hass), "the end of the connection")
    with impatience():
        assert await async_find_readers(hass) == []
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result == ProbeResult(heard=False, reading=None, identity=None)
