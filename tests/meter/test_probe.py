"""Finding readers and trying one out, with each kind of broker."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_POWER_INTERVAL
from custom_components.py_hab.meter.probe import (
    ProbeResult,
    async_find_readers,
    async_probe_reader,
)
from custom_components.py_hab.sml.topics import ReaderInfo, ReaderTopics, reader_topics
from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
from simulator.broker import Broker
from simulator.home import ManualClock
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.patience import impatience
from tests.support.scripted_reader import Content, Message, ScriptedReader, scripted
from tests.support.watching import meter_values, set_up

pytestmark = pytest.mark.usefixtures("little_time", "mqtt_entry")

TOPIC = "tele/meter/SENSOR"
COMMAND = "cmnd/meter/STATUS"
WHO: Message = (
    "stat/meter/STATUS5",
    {"StatusNET": {"Mac": "A4:CF:12:92:82:F4", "IPAddress": "192.168.178.50"}},
)
HEAD = ReaderInfo(mac="A4CF129282F4", address="192.168.178.50")
CONFIG = {"t": "meter", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"]}
SENSORS = {"sn": {"Time": "2026-03-20T19:07:33", "m": {"E_in": 7}}, "ver": 1}


async def arrived(hass: HomeAssistant, reader: ScriptedReader) -> None:
    """Wait until the broker has all that a reader has published."""
    received: list[str] = []
    undo = await mqtt.async_subscribe(
        hass, "the/end", lambda message: received.append(message.topic)
    )
    async with reader.repeating("the/end", {}):
        await settled(hass, lambda: received, "what was published last")
    undo()


# Finding


async def test_an_announced_reader_is_found(hass: HomeAssistant, reader: SimulatedReader) -> None:
    topic = reader.tele_topic("SENSOR")
    assert await async_find_readers(hass) == {
        topic: ReaderInfo(
            mac=reader.mac,
            address=reader.ip,
            version="15.5.0",
            name="Tasmota",
            topics=reader_topics(topic),
        )
    }


async def test_announcements_may_come_in_any_order(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        reader.publish("tasmota/discovery/A/sensors", SENSORS, retain=True)
        reader.publish("tasmota/discovery/A/config", CONFIG, retain=True)
        reader.publish("tasmota/discovery/B/config", {**CONFIG, "t": "other"}, retain=True)
        reader.publish("tasmota/discovery/B/sensors", SENSORS, retain=True)
        await arrived(hass, reader)
        assert list(await async_find_readers(hass)) == [TOPIC, "tele/other/SENSOR"]


async def test_readers_are_found_wherever_they_publish(hass: HomeAssistant, broker: Broker) -> None:
    topics = ["Casa/tele/SENSOR", TOPIC, "tele/AMR/AMR_OVAG/SENSOR"]
    async with scripted(broker) as reader:
        for topic in topics:
            reader.publish(topic, {"m": {"E_in": 7}}, retain=True)
        await arrived(hass, reader)
        assert await async_find_readers(hass) == dict.fromkeys(topics, ReaderInfo())


async def test_what_a_reader_announces_of_itself_goes_first(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        reader.publish("tasmota/discovery/A/sensors", SENSORS, retain=True)
        reader.publish("tasmota/discovery/A/config", {**CONFIG, "dn": "Cellar"}, retain=True)
        reader.publish(TOPIC, {"m": {"E_in": 7}}, retain=True)
        await arrived(hass, reader)
        [(topic, info)] = (await async_find_readers(hass)).items()
    assert topic == TOPIC
    assert info.name == "Cellar"


async def test_a_reader_with_other_words_in_its_topics_is_found(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        words = {**CONFIG, "tp": ["order", "reply", "news"]}
        reader.publish("tasmota/discovery/A/sensors", SENSORS, retain=True)
        reader.publish("tasmota/discovery/A/config", words, retain=True)
        await arrived(hass, reader)
        [info] = (await async_find_readers(hass)).values()
    assert info.topics == ReaderTopics("news/meter/SENSOR", "order/meter/STATUS", "reply/meter")


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
        assert await async_find_readers(hass) == {}


# Asking the broker for one


# Trying


async def test_a_reader_reports_its_values_and_what_it_is(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    result = await async_probe_reader(hass, reader_topics(reader.tele_topic("SENSOR")))
    assert result.has_published
    assert result.has_total
    assert {prefix: list(fields) for prefix, fields in result.blocks.items()} == {
        "MT681": ["E_in", "E_out", "Power", "Meter_id"]
    }
    assert result.meters == result.blocks
    assert result.reader == ReaderInfo(mac=reader.mac, address=reader.ip)


async def test_messages_of_one_key_are_put_together(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        await reader.obey(
            COMMAND,
            {
                "10": [
                    (TOPIC, {"m": {"Power": 300, "V1": 230}}),
                    (TOPIC, {"m": {"E_out": 2, "Meter_id": "1ISK"}}),
                    (TOPIC, {"m": {"Date": "20.03.2026"}}),
                    (TOPIC, {"m": {"Power": 301}}),
                    (TOPIC, {"m": {"E_in": 7, "V2": 231}}),
                    WHO,
                ]
            },
        )
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result.blocks == {
        "m": {
            "Power": 301,
            "V1": 230,
            "E_out": 2,
            "Meter_id": "1ISK",
            "E_in": 7,
            "V2": 231,
        }
    }
    assert result.reader == HEAD


async def test_several_meters_are_kept_apart(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        both = {"mine": {"Power": 300}, "theirs": {"E_in": 99}, "Time": "2026-03-20T19:07:33"}
        await reader.obey(COMMAND, {"10": [(TOPIC, both), (TOPIC, {"mine": {"E_in": 7}}), WHO]})
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result.blocks == {"mine": {"Power": 300, "E_in": 7}, "theirs": {"E_in": 99}}


async def test_a_block_that_only_the_user_understands_is_received(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        await reader.obey(COMMAND, {"10": [(TOPIC, {"m": {"Foo": 300}}), WHO]})
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result.blocks == {"m": {"Foo": 300}}
    assert result.meters == {}
    assert not result.has_total


async def test_a_meter_without_an_import_counter_is_one_after_a_moment(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        await reader.obey(COMMAND, {"10": [(TOPIC, {"m": {"Power": 300}}), WHO]})
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result.meters == {"m": {"Power": 300}}
    assert result.reader == HEAD


async def test_a_script_that_takes_no_commands_is_listened_to(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader, reader.repeating("house/meter", {"": {"1_8_0": 7}}):
        result = await async_probe_reader(hass, reader_topics("house/meter"))
    assert result == ProbeResult(has_published=True, blocks={"": {"1_8_0": 7}})


async def test_a_reader_need_not_report_what_it_is(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        await reader.obey(
            COMMAND,
            {"5": [("stat/meter/STATUS5", "no JSON")], "10": [(TOPIC, {"m": {"E_in": 7}})]},
        )
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result.meters == {"m": {"E_in": 7}}
    assert result.reader is None


async def test_who_a_silent_reader_is_does_not_make_it_a_meter(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        await reader.obey(COMMAND, {"5": [WHO]})
        with impatience():
            result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result == ProbeResult(reader=HEAD)


@pytest.mark.parametrize("content", ["no JSON", "", "[1]", {"DS18B20": {"Temperature": 20.1}}])
async def test_messages_without_a_meter_are_received(
    hass: HomeAssistant, broker: Broker, content: Content
) -> None:
    async with scripted(broker) as reader, reader.repeating(TOPIC, content):
        with impatience():
            result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result == ProbeResult(has_published=True)


async def test_a_retained_message_is_no_reading(hass: HomeAssistant, broker: Broker) -> None:
    async with scripted(broker) as reader:
        reader.publish(TOPIC, {"m": {"E_in": 7}}, retain=True)
        await arrived(hass, reader)
        with impatience():
            result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result == ProbeResult()


async def test_a_working_reader_can_be_tried(
    hass: HomeAssistant,
    reader: SimulatedReader,
    clock: ManualClock,
    meter_entry: MockConfigEntry,
) -> None:
    hass.config_entries.async_update_entry(meter_entry, options={CONF_POWER_INTERVAL: 0})
    await set_up(hass, meter_entry)
    result = await async_probe_reader(hass, reader_topics(reader.tele_topic("SENSOR")))
    assert result.has_total
    # Its subscriptions are still there.
    before = meter_values(meter_entry)["power"]
    clock.advance(timedelta(hours=3))
    reader.publish_sensor()
    await settled(hass, lambda: meter_values(meter_entry)["power"] != before, "another value")
    assert await hass.config_entries.async_unload(meter_entry.entry_id)


async def test_without_a_broker_nothing_is_found_or_received(
    hass: HomeAssistant, broker: Broker
) -> None:
    await broker.stop()
    await settled(hass, lambda: not mqtt.is_connected(hass), "the end of the connection")
    with impatience():
        assert await async_find_readers(hass) == {}
        result = await async_probe_reader(hass, reader_topics(TOPIC))
    assert result == ProbeResult()


def test_certain_electricity_meters_come_before_those_that_may_be_others() -> None:
    water, gas = {"Total_in": 310.2}, {"Total_in": 5.1, "Volume": 0.1}
    house = {"Total_in": 15119.035, "Power": 377}
    result = ProbeResult(blocks={"WZ": water, "GZ": gas, "MT681": house})
    assert list(result.meters.items()) == [("MT681", house), ("WZ", water)]
