"""Readers that announce themselves, as every Tasmota device does, are offered to the user."""

from collections.abc import Mapping

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant
from simulator.broker import Broker, Kind, available
from simulator.faults import Fault
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.announcements import (
    CONFIG,
    MAC,
    METER,
    NOTHING_YET,
    READINGS,
    SENSORS,
    TOPIC,
    UNIQUE_ID,
    assert_not_offered,
    called,
    cards,
    last_reader,
    mocked_reader,
    offered,
    woken,
)
from tests.support.dialogue import Dialogue, add, leave
from tests.support.patience import impatience
from tests.support.scripted_reader import Content

pytestmark = pytest.mark.usefixtures("little_time", "mqtt_entry", "trusting")


@pytest.fixture
def broker_kind() -> Kind:
    """One is enough here."""
    return available()[-1]


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
