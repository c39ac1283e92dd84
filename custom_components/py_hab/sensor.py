"""Sensors: electricity, climate and batteries at the box, registers of the meter."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .coordinator import FritzBoxCoordinator, MeterCoordinator, PyHabConfigEntry
from .entity import (
    FritzBoxEntity,
    FritzBoxEntityDescription,
    MeterEntity,
    async_add_as_they_appear,
    fritzbox_keys,
)
from .fritzbox_model import Device, MeterKind, PowerMeter, Thermostat
from .sml_vocabulary import Role

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class FritzBoxSensorDescription(FritzBoxEntityDescription, SensorEntityDescription):
    """A sensor of a device at the box."""

    value_fn: Callable[[Device], StateType]


def _has_meter(*kinds: MeterKind) -> Callable[[Device], bool]:
    return lambda device: device.power_meter is not None and device.power_meter.kind in kinds


def _of_meter(value: Callable[[PowerMeter], StateType]) -> Callable[[Device], StateType]:
    return lambda device: value(device.power_meter) if device.power_meter else None


def _of_thermostat(value: Callable[[Thermostat], StateType]) -> Callable[[Device], StateType]:
    return lambda device: value(device.thermostat) if device.thermostat else None


def _energy(key: str, kind: MeterKind, name: str | None = None) -> FritzBoxSensorDescription:
    return FritzBoxSensorDescription(
        key=key,
        translation_key=name,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        exists_fn=_has_meter(kind),
        value_fn=_of_meter(lambda meter: meter.energy),
    )


FRITZBOX_SENSORS: tuple[FritzBoxSensorDescription, ...] = (
    _energy("energy", MeterKind.CONSUMPTION),
    _energy("energy_import", MeterKind.SUPPLY, "energy_import"),
    _energy("energy_export", MeterKind.FEED_IN, "energy_export"),
    FritzBoxSensorDescription(
        key="power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=1,
        # Both halves of a two-way meter carry the same signed power.
        exists_fn=_has_meter(MeterKind.CONSUMPTION, MeterKind.SUPPLY),
        value_fn=_of_meter(lambda meter: meter.power),
    ),
    FritzBoxSensorDescription(
        key="voltage",
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        # Not every firmware measures it; a meter head sends nothing or nonsense, a group none.
        exists_fn=lambda device: (
            _has_meter(MeterKind.CONSUMPTION)(device)
            and _of_meter(lambda meter: meter.voltage)(device) is not None
        ),
        value_fn=_of_meter(lambda meter: meter.voltage),
    ),
    FritzBoxSensorDescription(
        key="temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        exists_fn=lambda device: "temperature" in device.blocks,
        value_fn=lambda device: device.temperature,
    ),
    FritzBoxSensorDescription(
        key="humidity",
        device_class=SensorDeviceClass.HUMIDITY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        exists_fn=lambda device: "humidity" in device.blocks,
        value_fn=lambda device: device.humidity,
    ),
    FritzBoxSensorDescription(
        key="target_temperature",
        translation_key="target_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        exists_fn=lambda device: device.thermostat is not None,
        value_fn=_of_thermostat(lambda thermostat: thermostat.target_temperature),
    ),
    FritzBoxSensorDescription(
        key="battery",
        device_class=SensorDeviceClass.BATTERY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: device.battery is not None,
        value_fn=lambda device: device.battery,
    ),
)

METER_SENSORS: dict[Role, SensorEntityDescription] = {
    Role.ENERGY_IMPORT: SensorEntityDescription(
        key=Role.ENERGY_IMPORT,
        translation_key="energy_import",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
    ),
    Role.ENERGY_EXPORT: SensorEntityDescription(
        key=Role.ENERGY_EXPORT,
        translation_key="energy_export",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
    ),
    Role.POWER: SensorEntityDescription(
        key=Role.POWER,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
    ),
}


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PyHabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a box or a meter."""
    match entry.runtime_data:
        case FritzBoxCoordinator() as fritzbox:
            async_add_as_they_appear(
                fritzbox,
                async_add_entities,
                keys=lambda: fritzbox_keys(fritzbox, FRITZBOX_SENSORS),
                create=lambda key: FritzBoxSensor(fritzbox, ain=key[0], description=key[1]),
            )
        case MeterCoordinator() as meter:
            # Registers seen before a restart are there at once, unavailable until heard of.
            registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
            remembered = {
                role
                for role in METER_SENSORS
                if any(item.unique_id.endswith(f"_{role}") for item in registered)
            }
            async_add_as_they_appear(
                meter,
                async_add_entities,
                keys=lambda: METER_SENSORS.keys() & (remembered | meter.data.values.keys()),
                create=lambda role: MeterSensor(meter, description=METER_SENSORS[role]),
            )


class FritzBoxSensor(FritzBoxEntity, SensorEntity):
    """A measured value of a device at the box."""

    entity_description: FritzBoxSensorDescription

    @property
    @override
    def native_value(self) -> StateType:
        """The value, None while the device does not tell."""
        return self.entity_description.value_fn(self.device)


class MeterSensor(MeterEntity, SensorEntity):
    """A register of the meter."""

    @property
    @override
    def native_value(self) -> StateType:
        """The newest value, None while the reader has not told it."""
        return self.coordinator.data.values.get(Role(self.entity_description.key))
