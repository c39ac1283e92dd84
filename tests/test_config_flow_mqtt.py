"""Readers that announce themselves, as every Tasmota device does, behind a real broker."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY, SOURCE_MQTT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from simulator.broker import Broker, Kind, available
from simulator.faults import Fault
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader

from .conftest import settled
from .support.dialogue import Dialogue, add, leave
from .support.patience import brisk, impatience
from .support.scripted_reader import Content, ScriptedReader, scripted

pytestmark = pytest.mark.usefixtures("mqtt_entry", "trusting")

TOPIC = "tele/tasmota_9282F4/SENSOR"
MAC = "A4CF129282F4"
UNIQUE_ID = "a4:cf:12:92:82:f4"
SENSORS = f"tasmota/discovery/{MAC}/sensors"
CONFIG = f"tasmota/discovery/{MAC}/config"
METER = {"sn": {"Time": "2026-03-20T19:07:33", "m": {"E_in": 7}}, "ver": 1}
NOTHING_YET = {"sn": {"Time": "2026-03-20T19:07:33"}, "ver": 1}
READINGS = {"Time": "2026-03-20T19:07:33", "m": {"E_in": 7}}
LAST = "112233445566"


@pytest.fixture
def broker_kind() -> Kind:
    """One is enough here."""
    return available()[-1]


@pytest.fixture(autouse=True)
def little_time() -> Iterator[None]:
    with brisk():
        yield


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


# What is offered


async def test_an_announced_reader_is_set_up_with_one_click(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    dialogue = await offered(hass)
    assert dialogue.step == "tasmota_confirm"
    assert dialogue.placeholders["topic"] == TOPIC
    assert called(hass, dialogue) == "Tasmota"
    await dialogue.accept()
    entry = dialogue.entry
    assert entry.title == "MT681"
    assert entry.unique_id == UNIQUE_ID
    assert entry.data == {"kind": "meter", "topic": TOPIC, "prefix": "MT681"}
    assert entry.options == {}
    assert cards(hass) == []
    await leave(hass, entry)


@pytest.mark.parametrize("order", [(CONFIG, SENSORS), (SENSORS, CONFIG)])
async def test_announcements_may_arrive_in_any_order(
    hass: HomeAssistant, broker: Broker, order: tuple[str, str]
) -> None:
    async with mocked_reader(broker, {"E_in": 7}) as reader:
        config = {"t": "meter", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"]}
        contents: dict[str, Content] = {CONFIG: config, SENSORS: METER}
        for topic in order:
            reader.publish(topic, contents[topic], retain=True)
        dialogue = await offered(hass)
        assert called(hass, dialogue) == "tele/meter/SENSOR"


@pytest.mark.parametrize("fields", [{"E_in": 7}, {"E_in": 7, "Power": 300}])
async def test_a_reader_is_offered_once_it_has_read_its_meter(
    hass: HomeAssistant, broker: Broker, fields: dict[str, object]
) -> None:
    async with mocked_reader(broker, fields, dn="Cellar") as reader:
        reader.publish(SENSORS, NOTHING_YET, retain=True)
        assert (await woken(hass)).end == "not_supported"
        async with reader.repeating("tele/meter/SENSOR", {**READINGS, "m": fields}):
            dialogue = await offered(hass)
        assert called(hass, dialogue) == "Cellar"
        await dialogue.accept()
        await leave(hass, dialogue.entry)


async def test_a_reader_that_does_not_repeat_its_mac_address_is_known_by_it(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with mocked_reader(broker, {"E_in": 7}, mac="") as reader:
        reader.publish(SENSORS, METER, retain=True)
        dialogue = await offered(hass)
        await dialogue.accept()
        assert dialogue.entry.unique_id == UNIQUE_ID
        await leave(hass, dialogue.entry)


async def test_an_announced_reader_may_have_other_words_in_its_topics(
    hass: HomeAssistant, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        words = {"t": "meter", "ft": "%topic%/%prefix%/", "tp": ["order", "reply", "news"]}
        reader.publish(CONFIG, {**words, "mac": MAC}, retain=True)
        reader.publish(SENSORS, METER, retain=True)
        answer = ("meter/reply/STATUS10", {"StatusSNS": {"m": {"E_in": 7}}})
        await reader.obey("meter/order/STATUS", {"10": [answer]})
        dialogue = await offered(hass)
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
async def test_other_messages_are_no_announcement(
    hass: HomeAssistant, home: Home, clock: ManualClock, broker: Broker, topic: str
) -> None:
    async with mocked_reader(broker, {"E_in": 7}) as reader:
        reader.publish(topic, METER, retain=True)
        await assert_not_offered(hass, home, clock, broker)


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "no JSON",
        "[1]",
        "{}",
        '{"sn": 1}',
        NOTHING_YET,
        {"sn": {"DS18B20": {"Temperature": 20.1}}},
        {"sn": {"Time": "2026-03-20T19:07:33", "ENERGY": {"Total": 5, "Power": 300}}},
    ],
    ids=["empty", "no JSON", "no object", "no values", "number", "lamp", "thermometer", "plug"],
)
async def test_a_device_without_a_meter_is_not_offered(
    hass: HomeAssistant, home: Home, clock: ManualClock, broker: Broker, payload: Content
) -> None:
    async with mocked_reader(broker, {"E_in": 7}) as reader:
        reader.publish(SENSORS, payload, retain=True)
        await assert_not_offered(hass, home, clock, broker)


@pytest.mark.parametrize("fields", [None, {}, {"text": "ok"}, {"Foo": 5}])
async def test_a_device_that_has_no_meter_when_asked_is_not_offered(
    hass: HomeAssistant,
    home: Home,
    clock: ManualClock,
    broker: Broker,
    fields: Mapping[str, object] | None,
) -> None:
    async with mocked_reader(broker, fields) as reader:
        reader.publish(SENSORS, METER, retain=True)
        with impatience():
            await assert_not_offered(hass, home, clock, broker)


async def test_a_reader_that_reads_nothing_is_not_offered(
    hass: HomeAssistant, home: Home, clock: ManualClock, broker: Broker, reader: SimulatedReader
) -> None:
    reader.fault(Fault.MISSING_AFTER_BOOT)
    with impatience():
        await assert_not_offered(hass, home, clock, broker)


@pytest.mark.parametrize(
    "config", [None, "", "no JSON", {"t": "meter"}, {"t": "a/+", "ft": "%topic%"}]
)
async def test_a_reader_without_a_topic_is_not_offered(
    hass: HomeAssistant, home: Home, clock: ManualClock, broker: Broker, config: Content | None
) -> None:
    async with mocked_reader(broker, {"E_in": 7}) as reader:
        reader.publish(SENSORS, METER, retain=True)
        reader.publish(CONFIG, "" if config is None else config, retain=True)
        await assert_not_offered(hass, home, clock, broker)


async def test_a_card_that_outlives_its_announcement_ends(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data={"mac": LAST}
    )
    assert Dialogue(hass, result, options=False).end == "not_supported"


# What is known


@pytest.mark.parametrize(
    "entry",
    [
        MockConfigEntry(domain=DOMAIN, unique_id=UNIQUE_ID, data={"kind": "meter", "topic": "a/b"}),
        MockConfigEntry(domain=DOMAIN, data={"kind": "meter", "topic": TOPIC}),
        MockConfigEntry(domain=DOMAIN, unique_id=UNIQUE_ID, source=SOURCE_IGNORE),
    ],
    ids=["set up", "set up by its topic", "ignored"],
)
async def test_a_known_reader_is_not_offered(
    hass: HomeAssistant,
    home: Home,
    clock: ManualClock,
    broker: Broker,
    reader: SimulatedReader,
    entry: MockConfigEntry,
) -> None:
    entry.add_to_hass(hass)
    await assert_not_offered(hass, home, clock, broker)
    # Home Assistant may have started the flow just before.
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data={"mac": MAC}
    )
    assert Dialogue(hass, result, options=False).end == "already_configured"


async def test_a_reader_is_offered_once(
    hass: HomeAssistant, home: Home, clock: ManualClock, broker: Broker, reader: SimulatedReader
) -> None:
    await offered(hass)
    for _ in range(3):
        reader.publish_discovery()
        await woken(hass)
    async with last_reader(hass, home, clock, broker):
        assert len(cards(hass)) == 2


async def test_a_reader_that_is_offered_can_be_added_by_hand(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    await offered(hass)
    by_hand = await add(hass, "tasmota")
    await by_hand.answer(topic=TOPIC)
    await by_hand.accept()
    # Nothing is offered any more.
    assert hass.config_entries.flow.async_progress() == []
    await leave(hass, by_hand.entry)


async def test_a_reader_that_was_added_meanwhile_is_not_added_again(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    dialogue = await offered(hass)
    entry = MockConfigEntry(domain=DOMAIN, unique_id=UNIQUE_ID, data={})
    entry.add_to_hass(hass)
    await dialogue.accept()
    assert dialogue.end == "already_configured"


async def test_a_second_reader_on_the_same_topic_is_not_added(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    dialogue = await offered(hass)
    entry = MockConfigEntry(domain=DOMAIN, data={"kind": "meter", "topic": TOPIC})
    entry.add_to_hass(hass)
    await dialogue.accept()
    assert dialogue.end == "already_configured"


# What is offered again


@pytest.mark.parametrize("by_hand", [False, True])
async def test_a_reader_whose_entry_is_removed_is_offered_again(
    hass: HomeAssistant, reader: SimulatedReader, by_hand: bool
) -> None:
    dialogue = await offered(hass)
    if by_hand:
        dialogue = await add(hass, "tasmota")
        await dialogue.answer(topic=TOPIC)
    await dialogue.accept()
    await hass.async_block_till_done()
    assert cards(hass) == []
    await hass.config_entries.async_remove(dialogue.entry.entry_id)
    await settled(hass, lambda: cards(hass), "the reader")


async def test_a_reader_that_is_ignored_no_longer_is_offered_again(
    hass: HomeAssistant, home: Home, clock: ManualClock, broker: Broker, reader: SimulatedReader
) -> None:
    ignored = MockConfigEntry(domain=DOMAIN, unique_id=UNIQUE_ID, source=SOURCE_IGNORE)
    ignored.add_to_hass(hass)
    await assert_not_offered(hass, home, clock, broker)
    await hass.config_entries.async_remove(ignored.entry_id)
    await settled(hass, lambda: len(cards(hass)) == 2, "the reader")


async def test_entries_of_others_offer_nothing(
    hass: HomeAssistant, home: Home, clock: ManualClock, broker: Broker, reader: SimulatedReader
) -> None:
    ignored = MockConfigEntry(domain=DOMAIN, unique_id=UNIQUE_ID, source=SOURCE_IGNORE)
    ignored.add_to_hass(hass)
    await assert_not_offered(hass, home, clock, broker)
    for domain, unique_id in ((DOMAIN, "other"), ("tasmota", UNIQUE_ID)):
        other = MockConfigEntry(domain=domain, unique_id=unique_id)
        other.add_to_hass(hass)
        await hass.config_entries.async_remove(other.entry_id)
    await hass.async_block_till_done()
    assert len(cards(hass)) == 1


async def test_readers_are_found_when_a_broker_is_set_up_later(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    await hass.config_entries.async_unload(mqtt_entry.entry_id)
    await woken(hass)
    await hass.async_block_till_done()
    assert cards(hass) == []
    await hass.config_entries.async_setup(mqtt_entry.entry_id)
    await settled(hass, lambda: cards(hass), "a discovered reader")
