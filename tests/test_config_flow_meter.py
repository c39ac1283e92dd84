"""Setting up a meter and changing it later, with a simulated reader behind a real broker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from simulator.broker import Broker, available
from simulator.faults import Fault
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader

from .conftest import settled
from .dialogue import Dialogue, add, change, leave
from .patience import brisk, impatience
from .scripted_reader import scripted

TOPIC = "tele/tasmota_9282F4/SENSOR"
MAC = "a4:cf:12:92:82:f4"
OTHER_MAC = "A4CF12000002"


@pytest.fixture
async def broker(socket_enabled: None) -> AsyncIterator[Broker]:
    """One kind is enough here."""
    async with Broker(kind=available()[-1]) as broker:
        yield broker


@pytest.fixture(autouse=True)
def little_time() -> Iterator[None]:
    with brisk():
        yield


@asynccontextmanager
async def another(
    home: Home, clock: ManualClock, broker: Broker, **differently: Any
) -> AsyncIterator[SimulatedReader]:
    """A reader that differs from the one of the fixture."""
    reader = SimulatedReader(home, clock, port=broker.port, **differently)
    await reader.start()
    yield reader
    await reader.stop()


@asynccontextmanager
async def talking(reader: SimulatedReader) -> AsyncIterator[None]:
    """Let a reader publish all the time."""
    reader.tele_period = 0.05
    task = asyncio.create_task(reader.operate())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def withdraw(hass: HomeAssistant, reader: SimulatedReader) -> None:
    """Let a reader announce itself no longer, and wait until the broker knows."""
    heard: list[object] = []
    undo = await mqtt.async_subscribe(
        hass, f"{reader.discovery_topic}/sensors", lambda message: heard.append(message.payload)
    )

    def withdrawn() -> bool:
        reader.remove_discovery()
        return "" in heard

    await settled(hass, withdrawn, "the end of the announcement")
    undo()


def offered(dialogue: Dialogue) -> list[str]:
    """Return the topics that can be chosen."""
    topics: list[str] = dialogue.field("topic").config["options"]
    assert dialogue.placeholders["count"] == str(len(topics))
    return topics


async def leave_meter(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Make sure that an entry shows readings, and unload it."""
    await settled(hass, lambda: hass.states.async_entity_ids("sensor"), "readings")
    await leave(hass, entry)


# Adding


async def test_a_meter_is_added(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    dialogue = await add(hass, "tasmota")
    assert dialogue.step == "tasmota"
    assert offered(dialogue) == [TOPIC]
    assert dialogue.suggested == {"topic": TOPIC}
    await dialogue.answer(topic=TOPIC)
    assert dialogue.step == "tasmota_confirm"
    now = reader.clock.now()
    assert dialogue.placeholders == {
        "topic": TOPIC,
        "known": f"- `E_in`: {round(reader.meter.imported(now), 3)} kWh\n"
        f"- `E_out`: {round(reader.meter.exported(now), 3)} kWh\n"
        f"- `Power`: {reader.home.grid_power(now):.0f} W",
        "unknown": "-",
    }
    await dialogue.answer()
    entry = dialogue.entry
    assert entry.title == "MT681"
    assert entry.unique_id == MAC
    assert entry.data == {"kind": "meter", "topic": TOPIC, "prefix": "MT681"}
    await leave_meter(hass, entry)


async def test_what_the_integration_does_not_use_is_shown(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    reader.load_script("gplug")
    dialogue = await add(hass, "tasmota")
    await dialogue.answer(topic=TOPIC)
    assert "`V1`, `V2`, `V3`, `I1`, `I2`, `I3`" in dialogue.placeholders["unknown"]
    assert "`Ei`: " in dialogue.placeholders["known"]


async def test_a_topic_may_be_typed(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    await withdraw(hass, reader)
    dialogue = await add(hass, "tasmota")
    assert offered(dialogue) == []
    assert dialogue.suggested == {"topic": ""}
    await dialogue.answer(topic=f" {TOPIC} ")
    await dialogue.answer()
    assert dialogue.entry.data["topic"] == TOPIC
    assert dialogue.entry.unique_id == MAC
    await leave_meter(hass, dialogue.entry)


async def test_a_reader_that_is_heard_is_offered(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    await withdraw(hass, reader)
    async with talking(reader):
        assert offered(await add(hass, "tasmota")) == [TOPIC]


async def test_a_reader_without_a_name_is_called_by_its_topic(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    reader.load_script("empty_prefix")
    dialogue = await add(hass, "tasmota")
    await dialogue.answer(topic=TOPIC)
    await dialogue.answer()
    assert dialogue.entry.title == "tasmota_9282F4"
    await leave_meter(hass, dialogue.entry)


# Readers that take no commands


@pytest.mark.parametrize(
    ("topic", "title"), [("house/meter/json", "meter"), ("meter", "meter"), ("a/b", "a")]
)
async def test_a_script_that_takes_no_commands_is_told_by_its_topic(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, topic: str, title: str
) -> None:
    async with scripted(broker) as reader, reader.repeating(topic, {"": {"1_8_0": 1234.5}}):
        dialogue = await add(hass, "tasmota")
        await dialogue.answer(topic=topic)
        assert dialogue.placeholders["known"] == "- `1_8_0`: 1234.5 kWh"
        await dialogue.answer()
        assert dialogue.entry.title == title
        assert dialogue.entry.unique_id is None
        again = await add(hass, "tasmota")
        await again.answer(topic=topic)
        assert again.end == "already_configured"
        await leave_meter(hass, dialogue.entry)


async def test_two_dialogues_for_one_script_make_one_meter(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    async with scripted(broker) as reader, reader.repeating("meter", {"m": {"1_8_0": 1234.5}}):
        dialogue, other = await add(hass, "tasmota"), await add(hass, "tasmota")
        await dialogue.answer(topic="meter")
        await other.answer(topic="meter")
        await dialogue.answer()
        await other.answer()
        assert other.end == "already_configured"
        await leave_meter(hass, dialogue.entry)


async def test_a_reader_that_hides_its_mac_address_is_told_by_its_topic(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        await reader.obey(
            "cmnd/meter/STATUS",
            {
                "5": [("stat/meter/STATUS5", {"StatusNET": {"Hostname": "meter"}})],
                "10": [("stat/meter/STATUS10", {"StatusSNS": {"m": {"E_in": 7}}})],
            },
        )
        dialogue = await add(hass, "tasmota")
        await dialogue.answer(topic="tele/meter/SENSOR")
        await dialogue.answer()
        assert dialogue.entry.unique_id is None
        await leave_meter(hass, dialogue.entry)


# What goes wrong, and goes right after that in the same dialogue


async def test_a_meter_needs_mqtt(hass: HomeAssistant) -> None:
    dialogue = await add(hass, "tasmota")
    assert dialogue.end == "mqtt_not_configured"
    assert dialogue.placeholders["url"].endswith("config_flow_start?domain=mqtt")


async def test_a_meter_needs_mqtt_that_is_enabled(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry
) -> None:
    await hass.config_entries.async_set_disabled_by(mqtt_entry.entry_id, ConfigEntryDisabler.USER)
    assert (await add(hass, "tasmota")).end == "mqtt_not_configured"


async def test_a_meter_needs_a_connection_to_the_broker(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    dialogue = await add(hass, "tasmota")
    await broker.stop()
    await settled(hass, lambda: not mqtt.is_connected(hass), "the end of the connection")
    await dialogue.answer(topic=TOPIC)
    assert dialogue.end == "mqtt_not_configured"


@pytest.mark.parametrize(
    "nonsense", ["tele/+/SENSOR", "tele/#", "tele//SENSOR", "/tele/meter/SENSOR", "a\tb"]
)
async def test_no_reader_publishes_on(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader, nonsense: str
) -> None:
    dialogue = await add(hass, "tasmota")
    await dialogue.answer(topic=nonsense)
    assert dialogue.errors == {"topic": "invalid_topic"}
    assert dialogue.suggested == {"topic": nonsense}
    await dialogue.answer(topic=TOPIC)
    await dialogue.answer()
    await leave_meter(hass, dialogue.entry)


async def test_nothing_is_heard_on_a_wrong_topic(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    dialogue = await add(hass, "tasmota")
    with impatience():
        await dialogue.answer(topic=TOPIC.lower())
    assert dialogue.errors == {"topic": "no_message"}
    assert dialogue.suggested == {"topic": TOPIC.lower()}
    await dialogue.answer(topic=TOPIC)
    await dialogue.answer()
    await leave_meter(hass, dialogue.entry)


async def test_what_the_broker_remembers_is_no_sign_of_life(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        reader.publish("tele/meter/SENSOR", {"m": {"E_in": 7}}, retain=True)
        dialogue = await add(hass, "tasmota")
        assert offered(dialogue) == ["tele/meter/SENSOR"]
        with impatience():
            await dialogue.answer(topic="tele/meter/SENSOR")
        assert dialogue.errors == {"topic": "no_message"}
        async with reader.repeating("tele/meter/SENSOR", {"m": {"E_in": 8}}):
            await dialogue.answer(topic="tele/meter/SENSOR")
            assert dialogue.placeholders["known"] == "- `E_in`: 8 kWh"
            await dialogue.answer()
            await leave_meter(hass, dialogue.entry)


async def test_a_reader_without_a_script_has_no_meter(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    dialogue = await add(hass, "tasmota")
    reader.fault(Fault.MISSING_AFTER_BOOT)
    with impatience():
        await dialogue.answer(topic=TOPIC)
    assert dialogue.errors == {"topic": "no_meter"}
    reader.heal()
    await dialogue.answer(topic=TOPIC)
    await dialogue.answer()
    await leave_meter(hass, dialogue.entry)


async def test_unreadable_messages_hold_no_meter(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    dialogue = await add(hass, "tasmota")
    reader.fault(Fault.INVALID_JSON)
    with impatience():
        async with talking(reader):
            await dialogue.answer(topic=TOPIC)
    assert dialogue.errors == {"topic": "no_meter"}
    reader.heal()
    await dialogue.answer(topic=TOPIC)
    await dialogue.answer()
    await leave_meter(hass, dialogue.entry)


# The same reader again


async def test_the_same_topic_is_refused_at_once(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, meter_entry: MockConfigEntry
) -> None:
    dialogue = await add(hass, "tasmota")
    await dialogue.answer(topic=TOPIC)
    assert dialogue.end == "already_configured"


async def test_the_same_reader_is_recognised_by_its_mac_address(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    home: Home,
    clock: ManualClock,
    broker: Broker,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await reader.stop()
    async with another(home, clock, broker, topic="renamed"):
        dialogue = await add(hass, "tasmota")
        await dialogue.answer(topic="tele/renamed/SENSOR")
    assert dialogue.end == "already_configured"


async def test_two_readers_are_two_meters(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    home: Home,
    clock: ManualClock,
    broker: Broker,
    meter_entry: MockConfigEntry,
) -> None:
    async with another(
        home, clock, broker, topic="cellar", mac=OTHER_MAC, full_topic="home/%topic%/%prefix%/"
    ):
        dialogue = await add(hass, "tasmota")
        assert offered(dialogue) == ["home/cellar/tele/SENSOR", TOPIC]
        await dialogue.answer(topic="home/cellar/tele/SENSOR")
        await dialogue.answer()
        assert dialogue.entry.unique_id == "a4:cf:12:00:00:02"
        await leave_meter(hass, dialogue.entry)


# Changing


async def test_a_reader_gets_a_new_topic(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    home: Home,
    clock: ManualClock,
    broker: Broker,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    assert await hass.config_entries.async_setup(meter_entry.entry_id)
    await reader.stop()
    async with another(home, clock, broker, topic="renamed"):
        dialogue = await change(hass, meter_entry)
        assert dialogue.step == "tasmota"
        assert dialogue.suggested == {"topic": TOPIC}
        with impatience():
            await dialogue.answer(topic=TOPIC)
        assert dialogue.errors == {"topic": "no_message"}
        await dialogue.answer(topic="tele/renamed/SENSOR")
        assert dialogue.step == "tasmota_confirm"
        assert meter_entry.data["topic"] == TOPIC
        await dialogue.answer()
        assert dialogue.end == "reconfigure_successful"
        assert meter_entry.data == {
            "kind": "meter",
            "topic": "tele/renamed/SENSOR",
            "prefix": "MT681",
        }
        assert meter_entry.title == "MT681"
        assert meter_entry.unique_id == MAC
        await leave_meter(hass, meter_entry)


async def test_another_reader_is_no_new_topic(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    home: Home,
    clock: ManualClock,
    broker: Broker,
    meter_entry: MockConfigEntry,
) -> None:
    async with another(home, clock, broker, topic="cellar", mac=OTHER_MAC):
        dialogue = await change(hass, meter_entry)
        await dialogue.answer(topic="tele/cellar/SENSOR")
    assert dialogue.end == "another_device"
    assert meter_entry.data["topic"] == TOPIC


async def test_the_topic_of_another_entry_is_no_new_topic(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, meter_entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, data={"kind": "meter", "topic": "tele/cellar/SENSOR"})
    other.add_to_hass(hass)
    dialogue = await change(hass, meter_entry)
    await dialogue.answer(topic="tele/cellar/SENSOR")
    assert dialogue.end == "already_configured"


async def test_a_reader_that_tells_its_mac_address_later_can_be_changed(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN, title="Meter", data={"kind": "meter", "topic": "house/meter"}
    )
    entry.add_to_hass(hass)
    dialogue = await change(hass, entry)
    await dialogue.answer(topic=TOPIC)
    await dialogue.answer()
    assert dialogue.end == "reconfigure_successful"
    assert entry.unique_id is None
    assert entry.title == "Meter"
    await leave_meter(hass, entry)


async def test_a_reader_that_stops_telling_its_mac_address_can_be_changed(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, meter_entry: MockConfigEntry
) -> None:
    async with scripted(broker) as reader, reader.repeating("house/meter", {"m": {"E_in": 7}}):
        dialogue = await change(hass, meter_entry)
        await dialogue.answer(topic="house/meter")
        await dialogue.answer()
        assert dialogue.end == "reconfigure_successful"
        assert meter_entry.unique_id == MAC
        await leave_meter(hass, meter_entry)
