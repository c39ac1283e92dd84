"""Descriptions of the sensors of the devices at a FRITZ!Box."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.sensor import (
    SensorDeviceClass,
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
from homeassistant.helpers.typing import StateType

from ..entity import FritzBoxEntityDescription
from ..fritzbox.device_stats import DeviceStats, Series
from ..fritzbox.devices import (
    Device,
    MeterKind,
    PowerMeter,
    RadiatorError,
    RadiatorMode,
    Thermostat,
)
from ..fritzbox.rest import SmartMeterProblem

type SensorValue = StateType | datetime


@dataclass(frozen=True, kw_only=True)
class FritzBoxSensorDescription(FritzBoxEntityDescription, SensorEntityDescription):
    """Describes a sensor of a device at the box."""

    value_fn: Callable[[Device], SensorValue]
    stats_fn: Callable[[DeviceStats], Sequence[Series]] | None = None
    """Selects the device statistics of this value, None if the box does not record them."""

    @property
    def is_counter(self) -> bool:
        """Whether the statistics of this sensor have sums."""
        return self.state_class is SensorStateClass.TOTAL_INCREASING


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
        stats_fn=lambda stats: stats.energy,
        legacy_name="Energy",
    )


def _radiator_temperature(
    key: str,
    value: Callable[[Thermostat], SensorValue],
    *,
    category: EntityCategory | None = None,
    legacy_name: str | None = None,
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
        legacy_name=legacy_name,
    )


def _end_of_mode(key: str, value: Callable[[Thermostat], SensorValue]) -> FritzBoxSensorDescription:
    return FritzBoxSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: device.thermostat is not None,
        value_fn=_of_thermostat(value),
    )


_NO_PROBLEM = "ok"


def _smart_meter_state(device: Device) -> str | None:
    """Return the first problem in the order of `SmartMeterProblem`, "ok" if there is none."""
    if device.rest_details is None or device.rest_details.smart_meter is None:
        return None
    problems = device.rest_details.smart_meter
    return next((item for item in SmartMeterProblem if item in problems), _NO_PROBLEM)


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
        # Both units of a two-way meter report the same signed power.
        exists_fn=_has_meter(MeterKind.CONSUMPTION, MeterKind.SUPPLY),
        value_fn=_of_meter(lambda meter: meter.power),
        legacy_name="Power",
    ),
    FritzBoxSensorDescription(
        key="voltage",
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        # Some firmware does not report it. A group has none, and the voltage of a Smart Energy 250
        # is missing or invalid.
        exists_fn=lambda device: (
            _has_meter(MeterKind.CONSUMPTION)(device)
            and _of_meter(lambda meter: meter.voltage)(device) is not None
        ),
        value_fn=_of_meter(lambda meter: meter.voltage),
        legacy_name="Voltage",
    ),
    FritzBoxSensorDescription(
        key="current",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=2,
        entity_category=EntityCategory.DIAGNOSTIC,
        # Polled every 15 minutes only.
        entity_registry_enabled_default=False,
        exists_fn=lambda device: (
            device.rest_details is not None and device.rest_details.current is not None
        ),
        value_fn=lambda device: device.rest_details.current if device.rest_details else None,
        legacy_name="Current",
    ),
    FritzBoxSensorDescription(
        key="smart_meter",
        translation_key="smart_meter",
        device_class=SensorDeviceClass.ENUM,
        options=[_NO_PROBLEM, *SmartMeterProblem],
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
        stats_fn=lambda stats: stats.temperature,
        legacy_name="Temperature",
    ),
    _radiator_temperature(
        "target_temperature",
        lambda thermostat: thermostat.target_temperature,
        legacy_name="TargetTemperature",
    ),
    FritzBoxSensorDescription(
        key="humidity",
        device_class=SensorDeviceClass.HUMIDITY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        exists_fn=lambda device: "humidity" in device.blocks,
        value_fn=lambda device: device.humidity,
        stats_fn=lambda stats: stats.humidity,
        legacy_name="Humidity",
    ),
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
    _end_of_mode("window_open_end", lambda thermostat: thermostat.window_open_end),
    _end_of_mode("boost_end", lambda thermostat: thermostat.boost_end),
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
        key="battery",
        device_class=SensorDeviceClass.BATTERY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: device.battery is not None,
        value_fn=lambda device: device.battery,
        legacy_name="Battery",
    ),
    FritzBoxSensorDescription(
        key="brightness",
        translation_key="brightness",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        exists_fn=lambda device: device.brightness is not None,
        value_fn=lambda device: device.brightness,
    ),
    FritzBoxSensorDescription(
        key="blind_position",
        translation_key="blind_position",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        exists_fn=lambda device: device.blind is not None,
        value_fn=lambda device: device.blind.position if device.blind else None,
        legacy_name="Position",
    ),
)
