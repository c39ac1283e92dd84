"""Descriptions of the sensors of an electricity meter: one for each quantity."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import DEGREE, EntityCategory
from homeassistant.helpers import entity_registry as er

from ..meter.coordinator import MeterCoordinator
from ..sml.registers import COUNTERS, QUANTITIES, Quantity, QuantityKind

_DEVICE_CLASSES: Final[dict[str, SensorDeviceClass]] = {
    "kWh": SensorDeviceClass.ENERGY,
    "kvarh": SensorDeviceClass.REACTIVE_ENERGY,
    "W": SensorDeviceClass.POWER,
    "var": SensorDeviceClass.REACTIVE_POWER,
    "V": SensorDeviceClass.VOLTAGE,
    "A": SensorDeviceClass.CURRENT,
    "Hz": SensorDeviceClass.FREQUENCY,
    "": SensorDeviceClass.POWER_FACTOR,
}
"""By unit."""
_DECIMALS: Final = {"kWh": 2, "kvarh": 2, "W": 1, "var": 1, "V": 1, "A": 2, "Hz": 2, "": 2, "°": 0}
"""By unit."""
_PRIMARY_UNITS: Final = frozenset({"kWh", "W"})
"""Units of primary entities. All others are diagnostic: they describe the grid."""
_DISABLED_UNITS: Final = frozenset({"kvarh", "var", "Hz", "", "°"})
"""Units of sensors that are disabled by default: few users need them, and each change adds a row to
the database."""

_LEGACY_NAMES: Final = {
    Quantity.ENERGY_IMPORT: "E_in",
    Quantity.ENERGY_EXPORT: "E_out",
    Quantity.POWER: "Power",
}
"""Names that the legacy server used. All other quantities use their own name."""

_NAMED_BY_CLASS: Final = frozenset(
    {Quantity.POWER, Quantity.FREQUENCY, Quantity.POWER_FACTOR, Quantity.REACTIVE_POWER}
)
"""Quantities whose name is that of their device class."""


@dataclass(frozen=True, kw_only=True)
class MeterSensorDescription(SensorEntityDescription):
    """Describes a sensor of a meter."""

    quantity: Quantity
    legacy_name: str
    """The `sub_entity` of the legacy server, which the JSON endpoints still use."""


def _description(quantity: Quantity) -> MeterSensorDescription:
    info = QUANTITIES[quantity]
    is_angle = info.kind is QuantityKind.ANGLE
    measurement = SensorStateClass.MEASUREMENT_ANGLE if is_angle else SensorStateClass.MEASUREMENT
    is_counter = quantity in COUNTERS
    return MeterSensorDescription(
        key=quantity,
        quantity=quantity,
        legacy_name=_LEGACY_NAMES.get(quantity, quantity.value),
        translation_key=None if quantity in _NAMED_BY_CLASS else quantity,
        device_class=_DEVICE_CLASSES.get(info.unit),
        state_class=SensorStateClass.TOTAL_INCREASING if is_counter else measurement,
        native_unit_of_measurement=DEGREE if is_angle else info.unit or None,
        suggested_display_precision=_DECIMALS[info.unit],
        entity_category=None if info.unit in _PRIMARY_UNITS else EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=(
            info.unit not in _DISABLED_UNITS and quantity is not Quantity.POWER_ABSOLUTE
        ),
    )


METER_SENSORS: Final[dict[Quantity, MeterSensorDescription]] = {
    quantity: _description(quantity)
    for quantity, info in QUANTITIES.items()
    if info.kind in (QuantityKind.COUNTER, QuantityKind.MEASUREMENT, QuantityKind.ANGLE)
}


class MeterQuantity(NamedTuple):
    """A quantity of one of the meters of a reader."""

    meter_index: str
    quantity: Quantity


def quantities_published(coordinator: MeterCoordinator) -> Iterator[MeterQuantity]:
    """Yield the quantities that have a value now."""
    for meter_index, meter in coordinator.data.items():
        for quantity in meter.values:
            yield MeterQuantity(meter_index, quantity)


def quantities_registered(coordinator: MeterCoordinator) -> list[MeterQuantity]:
    """Return the quantities that have a sensor in the entity registry, with or without a value."""
    registered = {
        item.unique_id
        for item in er.async_entries_for_config_entry(
            er.async_get(coordinator.hass), coordinator.config_entry.entry_id
        )
    }
    return [
        MeterQuantity(meter_index, quantity)
        for meter_index in coordinator.data
        for quantity in METER_SENSORS
        if coordinator.devices.unique_id(meter_index, quantity) in registered
    ]


def quantities_known(coordinator: MeterCoordinator) -> list[MeterQuantity]:
    """Return the quantities that have a value now or a sensor from an earlier run, sorted."""
    return sorted({*quantities_published(coordinator), *quantities_registered(coordinator)})
