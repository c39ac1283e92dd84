"""The sensors of a meter: one for each register that it tells."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import DEGREE, EntityCategory
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er

from ..entity import MeterEntity
from ..meter.coordinator import MeterCoordinator
from ..sml.registers import COUNTERS, QUANTITIES, Quantity, QuantityKind

_CLASSES: Final[dict[str, SensorDeviceClass]] = {
    "kWh": SensorDeviceClass.ENERGY,
    "kvarh": SensorDeviceClass.REACTIVE_ENERGY,
    "W": SensorDeviceClass.POWER,
    "var": SensorDeviceClass.REACTIVE_POWER,
    "V": SensorDeviceClass.VOLTAGE,
    "A": SensorDeviceClass.CURRENT,
    "Hz": SensorDeviceClass.FREQUENCY,
    "": SensorDeviceClass.POWER_FACTOR,
}
_DECIMALS: Final = {"kWh": 2, "kvarh": 2, "W": 0, "var": 0, "V": 1, "A": 2, "Hz": 2, "": 2, "°": 0}
_MAIN: Final = frozenset({"kWh", "W"})
"""Units of what a home wants to know; the rest tells how the grid is."""
_SELDOM_WANTED: Final = frozenset({"kvarh", "var", "Hz", "", "°"})
"""Units of what a meter tells beside, each a row in the database whenever it changes."""


def _description(quantity: Quantity) -> SensorEntityDescription:
    info = QUANTITIES[quantity]
    return SensorEntityDescription(
        key=quantity,
        translation_key=None if quantity is Quantity.POWER else quantity,
        device_class=_CLASSES.get(info.unit),
        state_class=(
            SensorStateClass.TOTAL_INCREASING
            if quantity in COUNTERS
            else SensorStateClass.MEASUREMENT_ANGLE
            if info.unit == "°"
            else SensorStateClass.MEASUREMENT
        ),
        native_unit_of_measurement=DEGREE if info.unit == "°" else info.unit or None,
        suggested_display_precision=_DECIMALS[info.unit],
        entity_category=None if info.unit in _MAIN else EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=(
            info.unit not in _SELDOM_WANTED and quantity is not Quantity.POWER_ABSOLUTE
        ),
    )


METER_SENSORS: Final[dict[Quantity, SensorEntityDescription]] = {
    quantity: _description(quantity)
    for quantity, info in QUANTITIES.items()
    if info.kind in (QuantityKind.COUNTER, QuantityKind.MEASUREMENT, QuantityKind.ANGLE)
}


type Place = tuple[str, Quantity]
"""A register of a meter: the meter's place and the role."""


def registers_told_before(coordinator: MeterCoordinator) -> list[Place]:
    """Return the registers of earlier runs: there at once, unavailable until they are heard of."""
    registered = {
        item.unique_id
        for item in er.async_entries_for_config_entry(
            er.async_get(coordinator.hass), coordinator.config_entry.entry_id
        )
    }
    return [
        (meter_index, quantity)
        for meter_index in coordinator.data
        for quantity in METER_SENSORS
        if coordinator.unique_id(meter_index, quantity) in registered
    ]


def registers_told(coordinator: MeterCoordinator) -> Iterator[Place]:
    """Yield the registers that the meters tell."""
    for meter_index, meter in coordinator.data.items():
        for quantity in meter.values:
            yield meter_index, quantity


def registers_known(coordinator: MeterCoordinator) -> list[Place]:
    """Return the registers that the meters tell, or have told in earlier runs."""
    return sorted({*registers_told(coordinator), *registers_told_before(coordinator)})


class MeterSensor(MeterEntity, SensorEntity):
    """A register of the meter."""

    def __init__(
        self, coordinator: MeterCoordinator, *, meter_index: str, quantity: Quantity
    ) -> None:
        """Bind the sensor to a register of the meter in a place."""
        super().__init__(coordinator, meter_index=meter_index, description=METER_SENSORS[quantity])
        self._quantity = quantity
        self._written: object = None

    @property
    @override
    def available(self) -> bool:
        """Whether broker, head and this register are there."""
        return self.coordinator.is_available(self._meter_index, self._quantity)

    @property
    @override
    def native_value(self) -> float | None:
        """The newest value, None while the meter has not told it."""
        return self.coordinator.data[self._meter_index].values.get(self._quantity)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state only if this register has something new."""
        present = (self.native_value, self.available)
        if present != self._written:
            self._written = present
            super()._handle_coordinator_update()
