"""The series that the old server knew by device and sub_entity, and their entities here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ..fritzbox.devices import Device
from ..history.sources import enabled_entity
from ..meter.coordinator import MeterCoordinator
from ..sensors.meter import METER_SENSORS, registers_known
from ..sml.meter_id import parse_meter_id
from ..sml.registers import COUNTERS, Quantity

_AT_BOX: Final = (
    ("energy", Platform.SENSOR, "Energy", "kWh"),
    ("energy_import", Platform.SENSOR, "Energy", "kWh"),
    ("energy_export", Platform.SENSOR, "Energy", "kWh"),
    ("power", Platform.SENSOR, "Power", "W"),
    ("voltage", Platform.SENSOR, "Voltage", "V"),
    ("current", Platform.SENSOR, "Current", "A"),
    ("temperature", Platform.SENSOR, "Temperature", "°C"),
    ("target_temperature", Platform.SENSOR, "TargetTemperature", "°C"),
    ("humidity", Platform.SENSOR, "Humidity", "%"),
    ("battery", Platform.SENSOR, "Battery", "%"),
    ("blind_position", Platform.SENSOR, "Position", "%"),
    ("alert", Platform.BINARY_SENSOR, "State", ""),
)
"""Key of an entity, its platform, what the old server called it (or would have), its unit."""
_OF_METERS: Final = {
    Quantity.ENERGY_IMPORT: "E_in",
    Quantity.ENERGY_EXPORT: "E_out",
    Quantity.POWER: "Power",
}
"""The others go by the names of their registers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedSeries:
    """One quantity of one device."""

    entry_id: str
    device: str
    """AIN as the box writes it, or the meter's number as its reader publishes it."""
    sub_entity: str
    entity: str
    """What the old server called the device: its kind and name."""
    topic: str
    device_name: str
    product_name: str
    manufacturer: str
    firmware_version: str
    unit: str
    cumulative: bool
    entity_id: str
    unique_id: str
    """Of the entity; it never changes."""


def recorded_series(
    hass: HomeAssistant, entry: PyHabConfigEntry | None = None
) -> list[RecordedSeries]:
    """Return the series of an entry, or of all that are loaded, ordered by device."""
    entries: list[PyHabConfigEntry] = (
        [entry] if entry else hass.config_entries.async_entries(DOMAIN)
    )
    found: list[RecordedSeries] = []
    for each in entries:
        if each.state is ConfigEntryState.LOADED:
            coordinator = each.runtime_data
            if isinstance(coordinator, FritzBoxCoordinator):
                found += _at_box(hass, coordinator)
            else:
                found += _of_meters(hass, coordinator)
    return sorted(found, key=lambda series: series.device)


def find_series(hass: HomeAssistant, device: str, sub_entity: str | None) -> list[RecordedSeries]:
    """Return the series of a device, or one of them; ids may be written in other ways."""
    wanted = _spellings(device)
    return [
        series
        for series in recorded_series(hass)
        if not wanted.isdisjoint(_spellings(series.device))
        and sub_entity in (None, series.sub_entity)
    ]


def _spellings(device: str) -> set[str]:
    """Return how an id may be written: without blanks, or as it stands on the meter."""
    number = parse_meter_id(device)
    bare = {"".join(device.split()).lower()}
    return bare if number is None else bare | {number.number.lower()}


def _at_box(hass: HomeAssistant, coordinator: FritzBoxCoordinator) -> Iterator[RecordedSeries]:
    for ain, device in coordinator.data.devices.items():
        for key, platform, sub_entity, unit in _AT_BOX:
            entity = enabled_entity(hass, platform, f"{ain}_{key}")
            if entity is not None:
                yield RecordedSeries(
                    entry_id=coordinator.config_entry.entry_id,
                    device=ain,
                    sub_entity=sub_entity,
                    entity=f"{_kind(device)} {device.name}",
                    topic="",
                    device_name=device.name,
                    product_name=device.product_name,
                    manufacturer=device.manufacturer,
                    firmware_version=device.firmware_version or "",
                    unit=_unit_shown(hass, entity, unit),
                    cumulative=sub_entity == "Energy",
                    entity_id=entity.entity_id,
                    unique_id=entity.unique_id,
                )


def _kind(device: Device) -> str:
    """Return what the old server called a device's kind."""
    if device.thermostat is not None:
        return "HKR"
    if device.buttons:
        return "Button"
    return "Control" if "alert" in device.blocks else "Switch"


def _of_meters(hass: HomeAssistant, coordinator: MeterCoordinator) -> Iterator[RecordedSeries]:
    for meter_index, quantity in registers_known(coordinator):
        entity = enabled_entity(hass, Platform.SENSOR, coordinator.unique_id(meter_index, quantity))
        if entity is None:
            continue
        meter = coordinator.data[meter_index]
        manufacturer = (meter.number and meter.number.manufacturer) or meter.manufacturer
        yield RecordedSeries(
            entry_id=coordinator.config_entry.entry_id,
            device=meter.published_number or coordinator.identifier(meter_index),
            sub_entity=_OF_METERS.get(quantity, quantity.value),
            entity=coordinator.name_of(meter_index),
            topic=coordinator.link.topics.sensor,
            device_name=coordinator.name_of(meter_index),
            product_name=coordinator.name_of(meter_index),
            manufacturer=manufacturer or "",
            firmware_version=coordinator.link.info.version or "",
            unit=_unit_shown(
                hass, entity, METER_SENSORS[quantity].native_unit_of_measurement or ""
            ),
            cumulative=quantity in COUNTERS,
            entity_id=entity.entity_id,
            unique_id=entity.unique_id,
        )


def _unit_shown(hass: HomeAssistant, entity: er.RegistryEntry, unit: str) -> str:
    """Return the unit of an entity's states, which the user may have chosen."""
    state = hass.states.get(entity.entity_id)
    shown = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
    return shown or entity.unit_of_measurement or unit
