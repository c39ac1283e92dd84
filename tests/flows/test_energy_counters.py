"""The counters that the Energy dashboard can show."""

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.flows.energy_counters import async_hours, connections_and_consumers
from custom_components.py_hab.flows.energy_plan import Connection, Hours
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from tests.support.mocked_reader import MockedReader


async def test_a_meter_of_a_reader_is_a_connection(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    assert connections_and_consumers(hass) == (
        [
            Connection(
                name="MT681",
                energy_import="sensor.mt681_energy_import",
                energy_export="sensor.mt681_energy_export",
                power="sensor.mt681_power",
            )
        ],
        [],
    )


async def test_devices_have_the_names_that_the_user_has_given(
    hass: HomeAssistant, box_entry: MockConfigEntry
) -> None:
    entity = er.async_get(hass).async_get("sensor.kuhlschrank_energy")
    assert entity is not None
    assert entity.device_id is not None
    dr.async_get(hass).async_update_device(entity.device_id, name_by_user="Keller")
    _, consumers = connections_and_consumers(hass)
    assert {item.name for item in consumers if item.energy == entity.entity_id} == {"Keller"}


async def test_devices_of_one_name_are_shown_with_model_and_entity(
    hass: HomeAssistant, box_entry: MockConfigEntry, meter: MockConfigEntry
) -> None:
    for entity_id in ("sensor.mt681_energy_import", "sensor.stromzahler_energy_import"):
        entity = er.async_get(hass).async_get(entity_id)
        assert entity is not None
        assert entity.device_id is not None
        dr.async_get(hass).async_update_device(entity.device_id, name_by_user="Strom")
    connections, _ = connections_and_consumers(hass)
    assert {item.name for item in connections} == {
        "Strom (MT681, sensor.mt681_energy_import)",
        "Strom (FRITZ!Smart Energy 250, sensor.stromzahler_energy_import)",
    }


async def test_nothing_is_known_about_counters_without_a_recorder(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    assert await async_hours(hass, ["sensor.mt681_energy_import"]) == {}


async def test_a_counter_without_statistics_has_no_hours(
    hass: HomeAssistant, box_entry: MockConfigEntry
) -> None:
    assert await async_hours(hass, ["sensor.gone"]) == {"sensor.gone": Hours()}
