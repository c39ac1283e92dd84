"""The series that actions and endpoints list."""

from typing import Any

from aiohttp.test_utils import TestClient
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox_devices import REFRIGERATOR, WINDOW
from tests.support.api import FRIDGE, act, get, got
from tests.support.living import recorded
from tests.support.measured_home import (
    ENERGY,
)
from tests.support.mocked_reader import NUMBER, UNIQUE_ID, MockedReader


async def test_series_of_a_meter_have_the_old_names(
    hass: HomeAssistant, meter: MockConfigEntry
) -> None:
    found = (await act(hass, "get_devices"))["devices"]
    assert {(item["device"], item["sub_entity"], item["unit"]) for item in found} == {
        (NUMBER, "E_in", "kWh"),
        (NUMBER, "E_out", "kWh"),
        (NUMBER, "Power", "W"),
    }
    assert {item["manufacturer"] for item in found} == {"ISKRA"} or all(
        item["manufacturer"] for item in found
    )
    assert {item["device_name"] for item in found} == {"MT681"}


async def test_a_meter_without_a_number_goes_by_its_reader(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    del mocked_reader.blocks["MT681"]["Meter_id"]
    mocked_reader.blocks["MT681"]["Volt_p1"] = 230.0
    await mocked_reader.set_up(mocked_reader.entry())
    found = (await act(hass, "get_devices"))["devices"]
    assert {item["device"] for item in found} == {UNIQUE_ID}
    assert {item["sub_entity"] for item in found} == {"E_in", "E_out", "Power", "voltage_l1"}


async def test_a_meter_lacks_a_sensor_that_was_removed(
    hass: HomeAssistant, meter: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    [entity] = [
        item
        for item in er.async_entries_for_config_entry(registry, meter.entry_id)
        if item.unique_id == f"{UNIQUE_ID}_energy_export"
    ]
    registry.async_remove(entity.entity_id)
    found = (await act(hass, "get_devices"))["devices"]
    assert {item["sub_entity"] for item in found} == {"E_in", "Power"}


async def test_a_device_may_be_spelled_in_other_ways(client: TestClient[Any, Any]) -> None:
    for spelling in (
        "15282%200316642-1",
        "152820316642-1",
        "15282%20%200316642-1",
        "%31%35282%200316642%2D1",
    ):
        [reading] = await got(client, f"mesurement/{spelling}/State")
        assert reading["device"] == WINDOW


async def test_units_are_those_in_which_entities_are_shown(
    hass: HomeAssistant, client: TestClient[Any, Any], entry: MockConfigEntry
) -> None:
    er.async_get(hass).async_update_entity_options(ENERGY, "sensor", {"unit_of_measurement": "Wh"})
    await hass.async_block_till_done()
    await recorded(hass)
    units = {
        (item["device"], item["sub_entity"]): item["unit"] for item in await got(client, "devices")
    }
    assert units[REFRIGERATOR, "Energy"] == "Wh"
    assert units[WINDOW, "State"] == ""
    newest, *_ = await got(client, f"mesurement/{FRIDGE}/Energy")
    state = hass.states.get(ENERGY)
    assert state is not None
    assert newest["amount"] == float(state.state) > 1000


async def test_entities_that_are_switched_off_are_no_series(
    hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    er.async_get(hass).async_update_entity(ENERGY, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.async_block_till_done()
    status, _ = await get(client, f"mesurement/{FRIDGE}/Energy")
    assert status == 404
    assert (await get(client, f"mesurement/{FRIDGE}/Power"))[0] == 200


async def test_an_entry_that_is_not_loaded_has_no_series(
    hass: HomeAssistant, client: TestClient[Any, Any], entry: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    assert await got(client, "devices") == []
    assert await got(client, "jobs") == []
    assert (await get(client, f"mesurement/{FRIDGE}"))[0] == 404
