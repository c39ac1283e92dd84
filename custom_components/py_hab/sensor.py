"""Sensors: electricity, climate and batteries at the box, registers of the meter."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
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
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .entity import (
    FritzBoxButtonEntity,
    FritzBoxEntity,
    FritzBoxEntityDescription,
    async_add_as_they_appear,
    fritzbox_buttons,
    fritzbox_values,
)
from .fritzbox.devices import Device, MeterKind, PowerMeter, RadiatorError, RadiatorMode, Thermostat
from .fritzbox.rest import SmartMeterProblem
from .meter.coordinator import MeterCoordinator
from .sensors.meter import MeterSensor, registers_told, registers_told_before
from .sml.registers import Quantity

PARALLEL_UPDATES = 0

type SensorValue = StateType | datetime


@dataclass(frozen=True, kw_only=True)
class FritzBoxSensorDescription(FritzBoxEntityDescription, SensorEntityDescription):
    """A sensor of a device at the box."""

    value_fn: Callable[[Device], SensorValue]


def _has_meter(*kinds: MeterKind) -> Callable[[Device], bool]:
    return lambda device: device.power_meter is not None and device.power_meter.kind in kinds


def _of_meter(value: Callable[[PowerMeter], SensorValue]) -> Callable[[Device], SensorValue]:
    return lambda device: value(device.power_meter) if device.power_meter else None


def _of_thermostat(value: Callable[[Thermostat], SensorValue]) -> Callable[[Device], SensorValue]:
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


def _radiator_temperature(
    key: str,
    value: Callable[[Thermostat], SensorValue],
    *,
    category: EntityCategory | None = None,
) -> FritzBoxSensorDescription:
    return FritzBoxSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=None if category else SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=1,
        entity_category=category,
        exists_fn=lambda device: device.thermostat is not None,
        value_fn=_of_thermostat(value),
    )


_ALL_WELL = "ok"


def _smart_meter_state(device: Device) -> str | None:
    """Return the first problem, in the order of their weight."""
    if device.rest_details is None or device.rest_details.smart_meter is None:
        return None
    problems = device.rest_details.smart_meter
    return next((item for item in SmartMeterProblem if item in problems), _ALL_WELL)


REJECTED_READINGS = SensorEntityDescription(
    key="rejected_readings",
    translation_key="rejected_readings",
    state_class=SensorStateClass.TOTAL_INCREASING,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)
LAST_PRESS = SensorEntityDescription(
    key="last_press",
    translation_key="last_press",
    device_class=SensorDeviceClass.TIMESTAMP,
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
        key="current",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=2,
        entity_category=EntityCategory.DIAGNOSTIC,
        # Read every 15 minutes only.
        entity_registry_enabled_default=False,
        exists_fn=lambda device: (
            device.rest_details is not None and device.rest_details.current is not None
        ),
        value_fn=lambda device: device.rest_details.current if device.rest_details else None,
    ),
    FritzBoxSensorDescription(
        key="smart_meter",
        translation_key="smart_meter",
        device_class=SensorDeviceClass.ENUM,
        options=[_ALL_WELL, *SmartMeterProblem],
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: (
            device.rest_details is not None
            and device.rest_details.smart_meter is not None
            and _has_meter(MeterKind.SUPPLY)(device)
        ),
        value_fn=_smart_meter_state,
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
    _radiator_temperature("target_temperature", lambda thermostat: thermostat.target_temperature),
    _radiator_temperature(
        "comfort_temperature",
        lambda thermostat: thermostat.comfort_temperature,
        category=EntityCategory.DIAGNOSTIC,
    ),
    _radiator_temperature(
        "eco_temperature",
        lambda thermostat: thermostat.eco_temperature,
        category=EntityCategory.DIAGNOSTIC,
    ),
    _radiator_temperature(
        "next_temperature",
        lambda thermostat: thermostat.next_temperature,
        category=EntityCategory.DIAGNOSTIC,
    ),
    FritzBoxSensorDescription(
        key="next_change",
        translation_key="next_change",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: device.thermostat is not None,
        value_fn=_of_thermostat(lambda thermostat: thermostat.next_change),
    ),
    FritzBoxSensorDescription(
        key="radiator_mode",
        translation_key="radiator_mode",
        device_class=SensorDeviceClass.ENUM,
        options=list(RadiatorMode),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: device.thermostat is not None,
        value_fn=_of_thermostat(lambda thermostat: thermostat.mode),
    ),
    FritzBoxSensorDescription(
        key="radiator_error",
        translation_key="radiator_error",
        device_class=SensorDeviceClass.ENUM,
        options=list(RadiatorError),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: (
            device.thermostat is not None and device.thermostat.error is not None
        ),
        value_fn=_of_thermostat(lambda thermostat: thermostat.error),
    ),
    FritzBoxSensorDescription(
        key="alert_changed",
        translation_key="alert_changed",
        device_class=SensorDeviceClass.TIMESTAMP,
        exists_fn=lambda device: "alert" in device.blocks and device.blind is None,
        value_fn=lambda device: device.alert_changed,
    ),
    FritzBoxSensorDescription(
        key="blind_position",
        translation_key="blind_position",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        exists_fn=lambda device: device.blind is not None,
        value_fn=lambda device: device.blind.position if device.blind else None,
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
                found=lambda: fritzbox_values(fritzbox, FRITZBOX_SENSORS),
                create=lambda item: FritzBoxSensor(fritzbox, ain=item[0], description=item[1]),
            )
            async_add_as_they_appear(
                fritzbox,
                async_add_entities,
                found=lambda: fritzbox_buttons(fritzbox),
                create=lambda item: FritzBoxLastPress(
                    fritzbox, ain=item[0], identifier=item[1], description=LAST_PRESS
                ),
            )
            async_add_entities(
                [RejectedReadings(fritzbox, fritzbox.box_identifier[1], fritzbox.data.devices)]
            )
        case MeterCoordinator() as meter:
            before = registers_told_before(meter)
            async_add_as_they_appear(
                meter,
                async_add_entities,
                found=lambda: ((item, item) for item in chain(before, registers_told(meter))),
                create=lambda item: MeterSensor(meter, meter_index=item[0], quantity=item[1]),
            )
            async_add_as_they_appear(
                meter,
                async_add_entities,
                found=lambda: ((meter_index, meter_index) for meter_index in meter.data),
                create=lambda meter_index: RejectedReadings(
                    meter,
                    meter.identifier(meter_index),
                    [meter.data[meter_index].counter_key(quantity) for quantity in Quantity],
                ),
            )


class FritzBoxSensor(FritzBoxEntity, SensorEntity):
    """A measured value of a device at the box."""

    entity_description: FritzBoxSensorDescription

    @property
    @override
    def native_value(self) -> SensorValue:
        """The value, None while the device does not tell."""
        return self.entity_description.value_fn(self.device)


class FritzBoxLastPress(FritzBoxButtonEntity, SensorEntity):
    """When a key was pressed last."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """The time, None for a key that was never pressed."""
        return self.button.last_pressed if self.button else None


class RejectedReadings(CoordinatorEntity[FritzBoxCoordinator | MeterCoordinator], SensorEntity):
    """How many counter readings of a box or a meter were not believed, and why."""

    _attr_has_entity_name = True
    entity_description = REJECTED_READINGS

    def __init__(
        self,
        coordinator: FritzBoxCoordinator | MeterCoordinator,
        identifier: str,
        counters: Collection[str],
    ) -> None:
        """Count for the device with this identifier, to which the counters belong."""
        super().__init__(coordinator)
        self._counters = counters
        self._attr_unique_id = f"{identifier}_{REJECTED_READINGS.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, identifier)})

    @property
    @override
    def available(self) -> bool:
        """Always: it is our own count."""
        return True

    @property
    @override
    def native_value(self) -> int:
        """All of them, since Home Assistant has started."""
        return sum(self._by_reason().values())

    @property
    @override
    def extra_state_attributes(self) -> dict[str, int]:
        """How many for each reason; they change together with the state."""
        return dict(self._by_reason())

    def _by_reason(self) -> Counter[str]:
        reasons: Counter[str] = Counter()
        for (counter, verdict), count in self.coordinator.counters.rejected.items():
            if counter in self._counters:
                reasons[verdict.value] += count
        return reasons
