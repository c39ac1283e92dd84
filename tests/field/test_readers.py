"""Readers of a home: they are found, and two of them on one topic are noticed."""

from datetime import timedelta

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from simulator.broker import Broker
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.passing_time import Time
from tests.support.watching import quiet, set_up

OTHER_MAC = "A4CF12000002"


def shared_topic(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the notice about a topic on which several readers publish."""
    return next(
        (
            issue
            for (domain, _), issue in ir.async_get(hass).issues.items()
            if domain == DOMAIN and issue.translation_key == "readers_share_topic"
        ),
        None,
    )


async def test_two_readers_that_publish_on_one_topic_are_reported(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    home: Home,
    clock: ManualClock,
    broker: Broker,
) -> None:
    await set_up(hass, meter_entry)
    await time.passes(hass, timedelta(minutes=2))
    assert shared_topic(hass) is None

    # Somebody copies the configuration of the reader to a second one.
    second = SimulatedReader(home, clock, port=broker.port, topic=reader.topic, mac=OTHER_MAC)
    await second.start()
    await time.passes(hass, timedelta(hours=2))
    identities = meter_entry.runtime_data.coordinator.link.identities

    def have_answered() -> bool:
        reader.publish_state()
        second.publish_state()
        return bool(identities.sharing)

    await settled(hass, have_answered, "the answers of both readers")
    await time.passes(hass, timedelta(minutes=2))
    issue = shared_topic(hass)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["topic"] == reader.tele_topic("SENSOR")
    assert OTHER_MAC in issue.translation_placeholders["readers"]
    assert reader.mac in issue.translation_placeholders["readers"]

    # The second one gets a topic of its own, and the notice disappears.
    await second.stop()
    await time.passes(hass, timedelta(hours=2))
    await settled(hass, lambda: not identities.sharing, "the answer of the only reader")
    await time.passes(hass, timedelta(minutes=2))
    assert shared_topic(hass) is None
    await quiet(hass)


async def test_a_replaced_reader_on_the_same_topic_is_no_second_one(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    home: Home,
    clock: ManualClock,
    broker: Broker,
) -> None:
    await set_up(hass, meter_entry)
    await reader.stop()
    await time.passes(hass, timedelta(hours=2))
    successor = SimulatedReader(home, clock, port=broker.port, topic=reader.topic, mac=OTHER_MAC)
    await successor.start()
    successor.publish_state()
    await time.passes(hass, timedelta(minutes=5))
    assert shared_topic(hass) is None
    await successor.stop()
    await reader.start()
    await quiet(hass)
