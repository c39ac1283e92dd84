"""Readers that announce themselves, as every Tasmota device does, behind a real broker."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant
from simulator.broker import Broker
from simulator.reader import SimulatedReader
from tests.support.announcements import (
    CONFIG,
    LAST,
    MAC,
    METER,
    SENSORS,
    TOPIC,
    UNIQUE_ID,
    called,
    cards,
    offered,
)
from tests.support.dialogue import Dialogue, add, leave
from tests.support.scripted_reader import scripted

pytestmark = pytest.mark.usefixtures("little_time", "mqtt_entry", "trusting")


async def test_an_announced_reader_is_set_up_with_one_click(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    dialogue = await offered(hass)
    assert dialogue.step == "tasmota_confirm"
    assert dialogue.placeholders["topic"] == TOPIC
    assert called(hass, dialogue) == "Tasmota"
    await dialogue.accept()
    entry = dialogue.entry
    assert entry.title == "Electricity meter"
    assert entry.unique_id == UNIQUE_ID
    assert entry.data == {"kind": "meter", "topic": TOPIC, "prefix": "MT681"}
    assert entry.options == {}
    assert cards(hass) == []
    await leave(hass, entry)


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


async def test_a_card_that_outlives_its_announcement_ends(
    hass: HomeAssistant, reader: SimulatedReader
) -> None:
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data={"mac": LAST}
    )
    assert Dialogue(hass, result, options=False).end == "not_supported"


# What is known


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
