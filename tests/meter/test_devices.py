"""The devices of the meters of a reader."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab import async_remove_config_entry_device
from custom_components.py_hab.const import (
    CONF_TOPIC,
)
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from simulator.broker import Broker
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.entity_table import device_table
from tests.support.mocked_reader import (
    NUMBER,
    PRINTED,
    UNIQUE_ID,
    MockedReader,
    devices,
    reader_device,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    meter_state,
    meter_values,
    quiet,
    set_up,
)


async def test_reader_and_meter_are_described(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)

    def described() -> bool:
        device = reader_device(hass, meter_entry)
        return bool(device.sw_version and device.configuration_url)

    await settled(hass, described, "the reader's answers")
    device = devices(hass, meter_entry)[UNIQUE_ID]
    assert (device.manufacturer, device.model, device.serial_number) == (
        "Iskraemeco",
        "MT681",
        PRINTED,
    )
    assert (device.sw_version, device.configuration_url) == (None, None)
    at_meter = reader_device(hass, meter_entry)
    assert device.via_device_id == at_meter.id
    assert at_meter.connections == {(dr.CONNECTION_NETWORK_MAC, UNIQUE_ID)}
    assert (at_meter.name, at_meter.manufacturer) == ("MT681 reader", "Tasmota")
    assert at_meter.sw_version == "15.5.0"
    assert at_meter.configuration_url == f"http://{reader.ip}"
    await quiet(hass)


@pytest.fixture
async def two_meters(
    home: Home, clock: ManualClock, broker: Broker
) -> AsyncIterator[SimulatedReader]:
    """Another reader, on the meter of the house and on that of the heat pump."""
    reader = SimulatedReader(
        home,
        clock,
        port=broker.port,
        topic="tasmota_00AA01",
        mac="A4CF1200AA01",
        second="heat_pump",
    )
    await reader.start()
    yield reader
    await reader.stop()


async def test_two_meters_on_a_reader_are_two_devices_over_restarts(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    mqtt_entry: MockConfigEntry,
    two_meters: SimulatedReader,
    meter_entry: MockConfigEntry,
    clock: ManualClock,
) -> None:
    mac = "a4:cf:12:00:aa:01"
    hass.config_entries.async_update_entry(
        meter_entry,
        data={**meter_entry.data, CONF_TOPIC: two_meters.tele_topic("SENSOR")},
        unique_id=mac,
    )

    def pump() -> str | None:
        return meter_state(hass, meter_entry, "energy_import", "2")

    house, heat_pump = (each.meter for each in two_meters.meters)
    await set_up(hass, meter_entry)
    await settled(hass, lambda: pump() is not None, "the second meter")
    for _ in range(2):
        assert device_table(hass, meter_entry.entry_id) == [
            f"{mac} | MT681 | Iskraemeco | MT681 | serial {PRINTED} | via MT681 reader",
            f"{mac}_2 | WP | EMH metering | serial 1EMH0010597059 | via MT681 reader",
            f"{mac}_reader | MT681 reader | Tasmota | 15.5.0",
        ]
        assert pump() == str(round(heat_pump.imported(clock.now()), 4))
        assert meter_state(hass, meter_entry, "energy_import") == str(
            round(house.imported(clock.now()), 3)
        )
        assert meter_state(hass, meter_entry, "energy_export", "2") is None
        await quiet(hass)
        await time.passes(hass, timedelta(minutes=3))
        assert await hass.config_entries.async_reload(meter_entry.entry_id)
        await settled(
            hass, lambda: pump() not in {None, STATE_UNAVAILABLE}, "the second meter again"
        )
        await settled(
            hass,
            lambda: reader_device(hass, meter_entry).sw_version == "15.5.0",
            "the reader's discovery",
        )
    await quiet(hass)


async def test_second_meter_is_a_device_of_its_own(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    assert list(devices(hass, entry)) == [UNIQUE_ID]
    await mocked_reader.reads("WP", Total_in=42.5, Power_curr=300)
    await time.passes(hass, timedelta(seconds=10))
    await mocked_reader.reads()
    assert meter_state(hass, entry, "energy_import", "2") == "42.5"
    assert meter_state(hass, entry, "energy_import") == "15119.035"
    assert {item.name for item in devices(hass, entry).values()} == {"MT681", "WP"}
    mocked_reader.answers = False
    await mocked_reader.reload(entry)
    # What was there is there again, before anything is received.
    assert meter_state(hass, entry, "energy_import", "2") == STATE_UNAVAILABLE
    assert meter_state(hass, entry, "power") == STATE_UNAVAILABLE
    # Each in a message of its own; the first name stays with the first meter.
    for seconds in (1, 10):
        await time.passes(hass, timedelta(seconds=seconds))
        await mocked_reader.says("SENSOR", {"WP": {"Total_in": 42.6}})
        await mocked_reader.says("SENSOR", {"MT681": {"E_in": 15119.1}})
    assert meter_state(hass, entry, "energy_import", "2") == "42.6"
    assert meter_state(hass, entry, "energy_import") == "15119.1"


async def test_device_is_described_as_things_become_known(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    del mocked_reader.blocks["MT681"]["Meter_id"]
    await mocked_reader.set_up(entry)

    def described() -> tuple[str | None, ...]:
        device, at_meter = devices(hass, entry)[UNIQUE_ID], reader_device(hass, entry)
        return (
            device.name,
            device.manufacturer,
            device.model,
            device.serial_number,
            at_meter.sw_version,
            at_meter.configuration_url,
        )

    assert described() == ("MT681", None, "MT681", None, None, None)
    await mocked_reader.says(
        "stat/tasmota_9282F4/STATUS2", {"StatusFWR": {"Version": "14.1.0(tasmota)"}}
    )
    await mocked_reader.says(
        "stat/tasmota_9282F4/STATUS5", {"StatusNET": {"IPAddress": "192.0.2.7"}}
    )
    assert described()[4:] == ("14.1.0", "http://192.0.2.7")
    await mocked_reader.announces(sw="15.5.0", ip="192.0.2.8")
    await mocked_reader.reads(Meter_id=NUMBER)
    assert described() == (
        "MT681",
        "Iskraemeco",
        "MT681",
        PRINTED,
        "15.5.0",
        "http://192.0.2.8",
    )
    # A meter that does not report its number for once is still the same.
    await mocked_reader.reads(Meter_id="")
    assert described()[3] == PRINTED


async def test_manufacturer_is_reported_where_the_number_is_not(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    mocked_reader.blocks["MT681"]["Meter_id"] = "454d48"
    await mocked_reader.set_up(entry)
    device = devices(hass, entry)[UNIQUE_ID]
    assert (device.manufacturer, device.serial_number) == ("EMH metering", None)


async def test_a_second_meter_can_be_removed_when_it_is_gone(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    house, pump = {"E_in": 15119.035, "Power": 300}, {"E_in": 77.5, "Power": 40}
    mocked_reader.blocks = {"MT681": dict(house), "WP": dict(pump)}
    await mocked_reader.set_up(entry)
    mac = str(entry.unique_id)
    registered = devices(hass, entry)
    assert registered.keys() == {mac, f"{mac}_2"}
    for device in (*registered.values(), reader_device(hass, entry)):
        assert not await async_remove_config_entry_device(hass, entry, device)
    del mocked_reader.blocks["WP"]
    await mocked_reader.reload(entry)
    assert not await async_remove_config_entry_device(hass, entry, registered[mac])
    assert await async_remove_config_entry_device(hass, entry, registered[f"{mac}_2"])
    dr.async_get(hass).async_remove_device(registered[f"{mac}_2"].id)
    await hass.async_block_till_done()
    await mocked_reader.reload(entry)
    assert devices(hass, entry).keys() == {mac}
    assert meter_values(entry)["energy_import"] == 15119.035
