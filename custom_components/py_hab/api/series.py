"""Lists all series by device and sub_entity, as the API of the py_hab server did."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..binary_sensor import FRITZBOX_BINARY_SENSORS
from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ..entity import entity_of
from ..fritzbox.devices import Device
from ..meter.coordinator import MeterCoordinator
from ..sensors.fritzbox import FRITZBOX_SENSORS, FritzBoxSensorDescription
from ..sensors.meter import METER_SENSORS, quantities_known
from ..sml.meter_id import parse_meter_id
from ..sml.registers import COUNTERS

_BOX_SERIES: Final = {
    (platform, description.key): description
    for platform, descriptions in (
        (Platform.SENSOR, FRITZBOX_SENSORS),
        (Platform.BINARY_SENSOR, FRITZBOX_BINARY_SENSORS),
    )
    for description in descriptions
    if description.legacy_name is not None
}
"""Descriptions of all entities that have a series, by platform and key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedSeries:
    """A series: one quantity of one device."""

    entry_id: str
    device: str
    """The AIN as the box writes it, or the number of the meter as its reader publishes it."""
    sub_entity: str
    """The quantity, such as `Energy` or `Temperature`."""
    entity: str
    """Kind and name of the device, as the py_hab server combined them."""
    topic: str
    """The MQTT topic of the reader; empty for a FRITZ!Box."""
    device_name: str
    product_name: str
    manufacturer: str
    firmware_version: str
    unit: str
    cumulative: bool
    entity_id: str
    unique_id: str
    """The unique id of the entity, which never changes."""


def recorded_series(
    hass: HomeAssistant, entry: PyHabConfigEntry | None = None
) -> list[RecordedSeries]:
    """Return the series of a loaded entry, or of all loaded entries, sorted by device."""
    entries: list[PyHabConfigEntry] = (
        [entry] if entry else hass.config_entries.async_entries(DOMAIN)
    )
    found: list[RecordedSeries] = []
    for each in entries:
        if each.state is ConfigEntryState.LOADED:
            match each.runtime_data.coordinator:
                case FritzBoxCoordinator() as fritzbox:
                    found += _of_box(hass, fritzbox)
                case MeterCoordinator() as meters:
                    found += _of_meters(hass, meters)
    return sorted(found, key=lambda series: series.device)


def find_series(hass: HomeAssistant, device: str, sub_entity: str | None) -> list[RecordedSeries]:
    """Return the series of a device, or only that of a sub_entity.

    Ids match regardless of case and blanks; a meter also matches by its printed number.
    """
    wanted = _spellings(device)
    return [
        series
        for series in recorded_series(hass)
        if not wanted.isdisjoint(_spellings(series.device))
        and sub_entity in (None, series.sub_entity)
    ]


def _spellings(device: str) -> set[str]:
    """Return the normalized spellings of an id: without blanks, and as printed on the meter."""
    number = parse_meter_id(device)
    bare = {"".join(device.split()).lower()}
    return bare if number is None else bare | {number.number.lower()}


def _of_box(hass: HomeAssistant, coordinator: FritzBoxCoordinator) -> Iterator[RecordedSeries]:
    for ain, device in coordinator.data.devices.items():
        for (platform, key), description in _BOX_SERIES.items():
            entity = entity_of(hass, platform, f"{ain}_{key}")
            if entity is not None:
                sensor = description if isinstance(description, FritzBoxSensorDescription) else None
                unit = sensor.native_unit_of_measurement if sensor else None
                yield RecordedSeries(
                    entry_id=coordinator.config_entry.entry_id,
                    device=ain,
                    sub_entity=description.legacy_name or "",
                    entity=f"{_kind(device)} {device.name}",
                    topic="",
                    device_name=device.name,
                    product_name=device.product_name,
                    manufacturer=device.manufacturer,
                    firmware_version=device.firmware_version or "",
                    unit=_unit_shown(hass, entity, unit or ""),
                    cumulative=sensor is not None and sensor.is_counter,
                    entity_id=entity.entity_id,
                    unique_id=entity.unique_id,
                )


def _kind(device: Device) -> str:
    """Return the kind of a device, as the py_hab server named it."""
    if device.thermostat is not None:
        return "HKR"
    if device.buttons:
        return "Button"
    return "Control" if "alert" in device.blocks else "Switch"


def _of_meters(hass: HomeAssistant, coordinator: MeterCoordinator) -> Iterator[RecordedSeries]:
    devices = coordinator.devices
    for meter_index, quantity in quantities_known(coordinator):
        entity = entity_of(hass, Platform.SENSOR, devices.unique_id(meter_index, quantity))
        if entity is None:
            continue
        identity, description = coordinator.data[meter_index].identity, METER_SENSORS[quantity]
        name = coordinator.meters.name_of(meter_index)
        yield RecordedSeries(
            entry_id=coordinator.config_entry.entry_id,
            device=identity.published_number or devices.identifier(meter_index),
            sub_entity=description.legacy_name,
            entity=name,
            topic=coordinator.link.topics.sensor,
            device_name=name,
            product_name=name,
            manufacturer=identity.manufacturer_name or "",
            firmware_version=coordinator.link.info.version or "",
            unit=_unit_shown(hass, entity, description.native_unit_of_measurement or ""),
            cumulative=quantity in COUNTERS,
            entity_id=entity.entity_id,
            unique_id=entity.unique_id,
        )


def _unit_shown(hass: HomeAssistant, entity: er.RegistryEntry, unit: str) -> str:
    """Return the unit of the states of an entity, which the user can change."""
    state = hass.states.get(entity.entity_id)
    shown = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
    return shown or entity.unit_of_measurement or unit
