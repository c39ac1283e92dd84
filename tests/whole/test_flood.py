"""A reader gone mad: a thousand messages in a second, through a real broker."""

from datetime import timedelta
import json

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from simulator.broker import Broker
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.passing_time import Time
from tests.support.scripted_reader import ScriptedReader
from tests.support.watching import meter_values, quiet, set_up

MESSAGES = 3000
WATT_SECOND = 0.001 / 3600


async def test_flood_is_survived_without_a_lost_counter(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    broker: Broker,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    meter = meter_entry.runtime_data
    start = meter.counters.last("energy_import")
    topic = reader.tele_topic("SENSOR")
    await reader.stop()
    rejected = meter.counters.rejected.total()
    flood = ScriptedReader(broker)
    await flood.connection.open()

    def publish(number: int) -> float:
        # As much as the fuses let through in so many milliseconds.
        shown = round(start + number * 43_000 / 1000 * WATT_SECOND, 3)
        flood.publish(topic, json.dumps({"MT681": {"E_in": shown, "Power": number}}))
        return float(shown)

    for number in range(MESSAGES):
        last = publish(number)
    await settled(hass, lambda: meter.counters.last("energy_import") == last, "the last message")
    assert meter.counters.rejected.total() == rejected
    assert meter.coordinator.meters.router.unreadable == 0
    await quiet(hass)
    await time.passes(hass, timedelta(minutes=1))
    last = publish(MESSAGES)
    await settled(hass, lambda: meter_values(meter_entry)["energy_import"] == last, "the state")
    await flood.connection.close()
