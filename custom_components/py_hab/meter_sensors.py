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

from .entity import MeterEntity
from .meter_coordinator import MeterCoordinator
from .sml_registers import COUNTERS, QUANTITIES, Kind, Role

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


def _description(role: Role) -> SensorEntityDescription:
    quantity = QUANTITIES[role]
    return SensorEntityDescription(
        key=role,
        translation_key=None if role is Role.POWER else role,
        device_class=_CLASSES.get(quantity.unit),
        state_class=(
            SensorStateClass.TOTAL_INCREASING
            if role in COUNTERS
            else SensorStateClass.MEASUREMENT_ANGLE
            if quantity.unit == "°"
            else SensorStateClass.MEASUREMENT
        ),
        native_unit_of_measurement=DEGREE if quantity.unit == "°" else quantity.unit or None,
        suggested_display_precision=_DECIMALS[quantity.unit],
        entity_category=None if quantity.unit in _MAIN else EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=(
            quantity.unit not in _SELDOM_WANTED and role is not Role.POWER_ABSOLUTE
        ),
    )


METER_SENSORS: Final[dict[Role, SensorEntityDescription]] = {
    role: _description(role)
    for role, quantity in QUANTITIES.items()
    if quantity.kind in (Kind.COUNTER, Kind.MEASUREMENT, Kind.ANGLE)
}


type Place = tuple[str, Role]
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
        (place, role)
        for place in coordinator.data
        for role in METER_SENSORS
        if coordinator.unique_id(place, role) in registered
    ]


def registers_told(coordinator: MeterCoordinator) -> Iterator[Place]:
    """Yield the registers that the meters tell."""
    for place, meter in coordinator.data.items():
        for role in meter.values:
            yield place, role


def registers_known(coordinator: MeterCoordinator) -> list[Place]:
    """Return the registers that the meters tell, or have told in earlier runs."""
    return sorted({*registers_told(coordinator), *registers_told_before(coordinator)})


class MeterSensor(MeterEntity, SensorEntity):
    """A register of the meter."""

    def __init__(self, coordinator: MeterCoordinator, *, place: str, role: Role) -> None:
        """Bind the sensor to a register of the meter in a place."""
        super().__init__(coordinator, place=place, description=METER_SENSORS[role])
        self._role = role
        self._written: object = None

    @property
    @override
    def available(self) -> bool:
        """Whether broker, head and this register are there."""
        return self.coordinator.is_available(self._place, self._role)

    @property
    @override
    def native_value(self) -> float | None:
        """The newest value, None while the meter has not told it."""
        return self.coordinator.data[self._place].values.get(self._role)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state only if this register has something new."""
        present = (self.native_value, self.available)
        if present != self._written:
            self._written = present
            super()._handle_coordinator_update()
