"""Setting up a meter and changing it later, with a simulated reader behind a real broker."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.meter.discovery import async_announced_readers
from homeassistant.components import mqtt
from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryDisabler,
)
from homeassistant.core import HomeAssistant
from simulator.broker import Broker, available
from simulator.faults import Fault
from simulator.fritzbox import SimulatedFritzBox
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.dialogue import add, change
from tests.support.meter_dialogue import (
    MAC,
    TOPIC,
    another,
    is_open,
    leave_meter,
    meanings,
    offered,
    publishing,
    talking,
    values,
    withdraw,
)
from tests.support.patience import impatience, silent_reader
from tests.support.scripted_reader import scripted
from tests.support.watching import set_up

pytestmark = pytest.mark.usefixtures("little_time", "trusting")

OTHER_MAC = "A4CF12000002"


# Adding


async def test_a_meter_is_added(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    dialogue = await add(hass, "tasmota")
    assert dialogue.step == "tasmota"
    assert offered(dialogue) == {TOPIC: f"Tasmota ({TOPIC})"}
    assert dialogue.suggested == {"topic": TOPIC}
    await dialogue.answer(topic=TOPIC)
    assert dialogue.step == "tasmota_confirm"
    now = reader.clock.now()
    assert dialogue.placeholders["topic"] == TOPIC
    assert values(dialogue) == [
        f"| Energy import | {round(reader.meter.imported(now), 3):,} kWh | `E_in` |",
        f"| Energy export | {round(reader.meter.exported(now), 3):,} kWh | `E_out` |",
        f"| Power | {reader.home.grid_power(now):,.0f} W | `Power` |",
        "| Meter number | 1ISK0090913873 | `Meter_id` |",
    ]
    assert dialogue.placeholders["warning"] == ""
    assert meanings(dialogue) == {
        "E_in": "energy_import",
        "E_out": "energy_export",
        "Power": "power",
        "Meter_id": "meter_id",
    }
    assert not is_open(dialogue)
    await dialogue.accept()
    entry = dialogue.entry
    assert entry.title == "Electricity meter"
    assert entry.unique_id == MAC
    assert entry.data == {"kind": "meter", "topic": TOPIC, "prefix": "MT681"}
    assert entry.options == {}
    await leave_meter(hass, entry)


@pytest.mark.parametrize("broker_kind", available())
async def test_a_reader_that_was_found_before_is_offered_each_time(
    recorder_mock: object,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    # Since the first entry is loaded, Home Assistant has subscribed to the announcements. Some
    # brokers do not repeat what they have retained for a second subscription.
    await set_up(hass, fritzbox_entry)
    await settled(hass, lambda: async_announced_readers(hass), "the announcement")
    for _ in range(2):
        dialogue = await add(hass, "tasmota")
        assert offered(dialogue) == {TOPIC: f"Tasmota ({TOPIC})"}


async def test_an_announced_reader_that_publishes_nothing_is_not_offered(
    recorder_mock: object,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    # The broker retains the announcement.
    await reader.stop()
    with silent_reader():
        await set_up(hass, fritzbox_entry)
        await settled(hass, lambda: async_announced_readers(hass), "the announcement")
        flows = hass.config_entries.flow
        await settled(
            hass,
            lambda: not flows.async_progress_by_handler(DOMAIN, include_uninitialized=True),
            "the end of the flow that the announcement has started",
        )
        result = await flows.async_init(
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={"mac": MAC.replace(":", "").upper()},
        )
    assert result["reason"] == "not_supported"


async def test_a_topic_may_be_typed(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    await withdraw(hass, reader)
    dialogue = await add(hass, "tasmota")
    assert offered(dialogue) == {}
    assert dialogue.suggested == {"topic": ""}
    await dialogue.answer(topic=f" {TOPIC} ")
    await dialogue.accept()
    assert dialogue.entry.data["topic"] == TOPIC
    assert dialogue.entry.unique_id == MAC
    await leave_meter(hass, dialogue.entry)


async def test_a_reader_that_publishes_is_offered(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    await withdraw(hass, reader)
    async with talking(reader):
        assert offered(await add(hass, "tasmota")) == {TOPIC: TOPIC}


async def test_a_second_meter_has_a_number_in_its_name(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    MockConfigEntry(domain=DOMAIN, title="Electricity meter").add_to_hass(hass)
    dialogue = await add(hass, "tasmota")
    await dialogue.answer(topic=TOPIC)
    await dialogue.accept()
    assert dialogue.entry.title == "Electricity meter 2"
    await leave_meter(hass, dialogue.entry)


async def test_the_level_tele_may_stand_anywhere(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, home: Home, clock: ManualClock, broker: Broker
) -> None:
    async with another(
        home, clock, broker, topic="PB/sdm120", full_topic="Casa/%topic%/%prefix%/", name="House"
    ) as reader:
        await withdraw(hass, reader)
        dialogue = await add(hass, "tasmota")
        await dialogue.answer(topic="Casa/PB/sdm120/tele/SENSOR")
        await dialogue.accept()
        assert dialogue.entry.data == {
            "kind": "meter",
            "topic": "Casa/PB/sdm120/tele/SENSOR",
            "prefix": "MT681",
        }
        assert dialogue.entry.unique_id == MAC
        await leave_meter(hass, dialogue.entry)


async def test_the_name_of_a_reader_may_hold_a_slash(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, home: Home, clock: ManualClock, broker: Broker
) -> None:
    async with another(home, clock, broker, topic="AMR/AMR_OVAG") as reader:
        await withdraw(hass, reader)
        dialogue = await add(hass, "tasmota")
        await dialogue.answer(topic="tele/AMR/AMR_OVAG/SENSOR")
        await dialogue.accept()
        assert dialogue.entry.unique_id == MAC
        await leave_meter(hass, dialogue.entry)


async def test_a_reader_may_have_other_words_in_its_topics(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    """It publishes nothing unasked: whatever arrives was asked for with its own words."""
    async with scripted(broker) as reader:
        announcement = {"t": "meter", "ft": "%prefix%/%topic%/", "tp": ["order", "reply", "news"]}
        announcement |= {"dn": "Cellar", "mac": OTHER_MAC}
        place = f"tasmota/discovery/{OTHER_MAC}"
        reader.publish(f"{place}/sensors", {"sn": {"m": {"E_in": 7}}}, retain=True)
        reader.publish(f"{place}/config", announcement, retain=True)
        await reader.obey(
            "order/meter/STATUS",
            {"10": [("reply/meter/STATUS10", {"StatusSNS": {"m": {"E_in": 7, "Power": 300}}})]},
        )
        dialogue = await add(hass, "tasmota")
        assert offered(dialogue) == {"news/meter/SENSOR": "Cellar (news/meter/SENSOR)"}
        await dialogue.answer(topic="news/meter/SENSOR")
        await dialogue.accept()
        assert dialogue.entry.unique_id == "a4:cf:12:00:00:02"
        assert dialogue.entry.data == {
            "kind": "meter",
            "topic": "news/meter/SENSOR",
            "prefix": "m",
            "command_topic": "order/meter/STATUS",
            "answer_topic": "reply/meter",
        }
        await leave_meter(hass, dialogue.entry, energy_import=7, power=300)


# Readers that take no commands


@pytest.mark.parametrize("topic", ["house/meter/json", "meter", "a/b"])
async def test_a_script_that_takes_no_commands_is_identified_by_its_topic(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, topic: str
) -> None:
    async with scripted(broker) as reader, reader.repeating(topic, {"": {"1_8_0": 1234.5}}):
        dialogue = await add(hass, "tasmota")
        await dialogue.answer(topic=topic)
        assert values(dialogue) == ["| Energy import | 1,234.5 kWh | `1_8_0` |"]
        await dialogue.accept()
        assert dialogue.entry.title == "Electricity meter"
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
        await dialogue.accept()
        await other.accept()
        assert other.end == "already_configured"
        await leave_meter(hass, dialogue.entry)


async def test_a_reader_that_hides_its_mac_address_is_identified_by_its_topic(
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
        await dialogue.accept()
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


async def test_no_reader_publishes_on_nonsense(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    dialogue = await add(hass, "tasmota")
    for nonsense in ("tele/+/SENSOR", "tele/#", "tele//SENSOR", "tele/meter/", "a\tb"):
        await dialogue.answer(topic=nonsense)
        assert dialogue.errors == {"topic": "invalid_topic"}, nonsense
        assert dialogue.suggested == {"topic": nonsense}
    await dialogue.answer(topic=TOPIC)
    await dialogue.accept()
    await leave_meter(hass, dialogue.entry)


async def test_nothing_is_received_on_a_wrong_topic(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    dialogue = await add(hass, "tasmota")
    with impatience():
        await dialogue.answer(topic=TOPIC.lower())
    assert dialogue.errors == {"topic": "no_message"}
    assert dialogue.suggested == {"topic": TOPIC.lower()}
    await dialogue.answer(topic=TOPIC)
    await dialogue.accept()
    await leave_meter(hass, dialogue.entry)


async def test_what_the_broker_retains_is_no_sign_of_life(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker
) -> None:
    async with scripted(broker) as reader:
        reader.publish("tele/meter/SENSOR", {"m": {"E_in": 7}}, retain=True)
        dialogue = await add(hass, "tasmota")
        assert offered(dialogue) == {"tele/meter/SENSOR": "tele/meter/SENSOR"}
        with impatience():
            await dialogue.answer(topic="tele/meter/SENSOR")
        assert dialogue.errors == {"topic": "no_message"}
        async with reader.repeating("tele/meter/SENSOR", {"m": {"E_in": 8}}):
            await dialogue.answer(topic="tele/meter/SENSOR")
            assert values(dialogue) == ["| Energy import | 8 kWh | `E_in` |"]
            await dialogue.accept()
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
    await dialogue.accept()
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
    await dialogue.accept()
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
        assert list(offered(dialogue)) == ["home/cellar/tele/SENSOR", TOPIC]
        await dialogue.answer(topic="home/cellar/tele/SENSOR")
        await dialogue.accept()
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
        await dialogue.accept()
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


async def test_a_reader_that_reports_its_mac_address_later_can_be_changed(
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
    await dialogue.accept()
    assert dialogue.end == "reconfigure_successful"
    assert entry.unique_id is None
    assert entry.title == "Meter"
    await leave_meter(hass, entry)


async def test_a_reader_that_stops_reporting_its_mac_address_can_be_changed(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    broker: Broker,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await withdraw(hass, reader)
    async with publishing(broker, {"m": {"E_in": 7}}):
        dialogue = await change(hass, meter_entry)
        await dialogue.answer(topic="house/meter")
        await dialogue.accept()
        assert dialogue.end == "reconfigure_successful"
        assert meter_entry.unique_id == MAC
        await leave_meter(hass, meter_entry)


async def test_a_meter_that_was_added_meanwhile_is_not_added_again(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, reader: SimulatedReader
) -> None:
    dialogue, other = await add(hass, "tasmota"), await add(hass, "tasmota")
    await dialogue.answer(topic=TOPIC)
    await other.answer(topic=TOPIC)
    await dialogue.accept()
    # Home Assistant has ended the other dialogue.
    assert hass.config_entries.flow.async_progress() == []
    await leave_meter(hass, dialogue.entry)
