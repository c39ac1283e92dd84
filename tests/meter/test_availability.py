"""When the values of a meter are available."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components import mqtt
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from simulator.broker import Broker
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.mocked_reader import (
    MINUTE,
    STALE,
    MockedReader,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    all_unavailable,
    logged,
    meter_state,
    quiet,
    received,
    set_up,
    warnings,
)


async def test_reader_without_power_is_unavailable_until_it_is_back(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, meter_entry)
    await reader.stop()
    await settled(hass, lambda: all_unavailable(hass), "the end of the reader")
    assert logged(caplog) == ["MT681 is unavailable"]
    await time.passes(hass, timedelta(minutes=5))
    await reader.start()
    await settled(hass, lambda: not all_unavailable(hass), "the reader's return")
    assert logged(caplog) == ["MT681 is unavailable", "MT681 is available again"]
    await quiet(hass)


async def test_broker_that_restarts_is_bridged(
    time: Time,
    hass: HomeAssistant,
    broker: Broker,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, meter_entry)
    await broker.stop()
    await settled(hass, lambda: all_unavailable(hass), "the end of the broker")
    await time.passes(hass, timedelta(minutes=2))
    await broker.start()
    await reader.wait_connected()
    await time.passes(hass, timedelta(seconds=30), step=timedelta(seconds=10))
    await settled(hass, lambda: mqtt.is_connected(hass), "Home Assistant's connection")
    await settled(hass, lambda: not all_unavailable(hass), "values")
    assert logged(caplog) == ["MT681 is unavailable", "MT681 is available again"]
    await quiet(hass)


async def test_meter_survives_that_mqtt_is_removed(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, meter_entry)
    await hass.config_entries.async_remove(mqtt_entry.entry_id)
    await settled(hass, lambda: all_unavailable(hass), "the end of MQTT")
    await time.passes(hass, timedelta(minutes=20))
    assert all_unavailable(hass)
    assert logged(caplog) == ["MT681 is unavailable"]
    assert await hass.config_entries.async_unload(meter_entry.entry_id)
    assert warnings(caplog) == []


async def test_meter_survives_a_reload_of_mqtt(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    await hass.config_entries.async_reload(mqtt_entry.entry_id)
    client: Any = hass.data["mqtt"].client
    await settled(hass, lambda: client.connected and not all_unavailable(hass), "values")
    await quiet(hass)
    # After five minutes of silence it would be asked, and the next reading would wait a minute.
    await time.passes(hass, timedelta(minutes=2))
    reader.publish_sensor()
    await received(
        hass,
        meter_entry,
        energy_import=round(reader.meter.imported(reader.clock.now()), 3),
    )
    await quiet(hass)


async def test_each_register_is_available_by_its_own_clock(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, caplog: pytest.LogCaptureFixture
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    del mocked_reader.blocks["MT681"]["E_out"]
    await mocked_reader.lives(STALE + MINUTE, E_in=0.01)
    assert meter_state(hass, entry, "energy_export") == STATE_UNAVAILABLE
    assert meter_state(hass, entry, "energy_import") not in {None, STATE_UNAVAILABLE}
    assert logged(caplog) == []
    mocked_reader.blocks["MT681"]["E_out"] = 2381.48
    await mocked_reader.lives(2 * MINUTE, E_in=0.01)
    assert meter_state(hass, entry, "energy_export") == "2381.48"


async def test_register_that_comes_rarely_stays_available(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    """Three times as long as the interval at which it was received."""
    entry = mocked_reader.entry()
    mocked_reader.answers = False
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=3), step=timedelta(minutes=30), E_in=0.1)
    await time.passes(hass, timedelta(minutes=80))
    assert meter_state(hass, entry, "power") == "200.0"
    await time.passes(hass, timedelta(minutes=11))
    assert meter_state(hass, entry, "power") == STATE_UNAVAILABLE


async def test_silent_meter_is_unavailable_after_a_quarter_of_an_hour(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, caplog: pytest.LogCaptureFixture
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    mocked_reader.answers = False
    await time.passes(hass, STALE - MINUTE)
    assert not all_unavailable(hass)
    await time.passes(hass, 2 * MINUTE)
    assert all_unavailable(hass)
    await mocked_reader.reads(Power=250)
    assert not all_unavailable(hass)
    assert logged(caplog) == ["MT681 is unavailable", "MT681 is available again"]


async def test_broker_away_makes_all_unavailable_at_once(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.broker_goes()
    assert all_unavailable(hass)
    assert not entry.runtime_data.coordinator.available
    mocked_reader.asked.clear()
    await mocked_reader.broker_comes()
    assert not all_unavailable(hass)
    assert mocked_reader.was_asked(10) >= 1


async def test_second_meter_that_falls_silent_leaves_the_first_alone(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks["WP"] = {"Total_in": 42.5, "Power_curr": 300}
    await mocked_reader.set_up(entry)
    del mocked_reader.blocks["WP"]
    await mocked_reader.lives(STALE + MINUTE, E_in=0.01)
    assert meter_state(hass, entry, "power", "2") == STATE_UNAVAILABLE
    assert meter_state(hass, entry, "power") == "200.0"
