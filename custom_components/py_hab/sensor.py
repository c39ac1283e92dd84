"""Sensors: electricity, climate and batteries at the box, quantities of the meter."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from itertools import chain
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .counters.store import CounterStore
from .entity import (
    FritzBoxButtonEntity,
    FritzBoxEntity,
    MeterEntity,
    async_add_as_they_appear,
    fritzbox_buttons,
    fritzbox_values,
)
from .meter.coordinator import MeterCoordinator
from .sensors.fritzbox import FRITZBOX_SENSORS, FritzBoxSensorDescription, SensorValue
from .sensors.meter import METER_SENSORS, quantities_published, quantities_registered
from .sml.registers import Quantity

PARALLEL_UPDATES = 0

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


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PyHabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a box or a meter."""
    counters = entry.runtime_data.counters
    match entry.runtime_data.coordinator:
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
            box = fritzbox.box_identifier[1]
            async_add_entities([RejectedReadings(fritzbox, box, counters, fritzbox.data.devices)])
        case MeterCoordinator() as meter:
            registered = quantities_registered(meter)
            async_add_as_they_appear(
                meter,
                async_add_entities,
                found=lambda: (
                    (item, item) for item in chain(registered, quantities_published(meter))
                ),
                create=lambda item: MeterSensor(meter, meter_index=item[0], quantity=item[1]),
            )
            async_add_as_they_appear(
                meter,
                async_add_entities,
                found=lambda: ((meter_index, meter_index) for meter_index in meter.data),
                create=lambda meter_index: RejectedReadings(
                    meter,
                    meter.devices.identifier(meter_index),
                    counters,
                    [meter.data[meter_index].counter_key(quantity) for quantity in Quantity],
                ),
            )


class FritzBoxSensor(FritzBoxEntity, SensorEntity):
    """A measured value of a device at the box."""

    entity_description: FritzBoxSensorDescription

    @property
    @override
    def native_value(self) -> SensorValue:
        """The value, None while the device reports none."""
        return self.entity_description.value_fn(self.device)


class FritzBoxLastPress(FritzBoxButtonEntity, SensorEntity):
    """When a button was last pressed."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """The time, None for a button that was never pressed."""
        return self.button.last_pressed if self.button else None


class MeterSensor(MeterEntity, SensorEntity):
    """A quantity of a meter."""

    def __init__(
        self, coordinator: MeterCoordinator, *, meter_index: str, quantity: Quantity
    ) -> None:
        """Bind the sensor to a quantity of a meter."""
        super().__init__(coordinator, meter_index=meter_index, description=METER_SENSORS[quantity])
        self._quantity = quantity
        self._written: object = None

    @property
    @override
    def available(self) -> bool:
        """Whether broker and reader are there, and the quantity was received lately."""
        return self.coordinator.is_available(self._meter_index, self._quantity)

    @property
    @override
    def native_value(self) -> float | None:
        """The newest value, None before the meter has published any."""
        return self.coordinator.data[self._meter_index].values.get(self._quantity)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state only if this quantity has something new."""
        present = (self.native_value, self.available)
        if present != self._written:
            self._written = present
            super()._handle_coordinator_update()


class RejectedReadings(CoordinatorEntity[FritzBoxCoordinator | MeterCoordinator], SensorEntity):
    """How many counter readings of a box or a meter were rejected, and why."""

    _attr_has_entity_name = True
    entity_description = REJECTED_READINGS

    def __init__(
        self,
        coordinator: FritzBoxCoordinator | MeterCoordinator,
        identifier: str,
        store: CounterStore,
        counters: Collection[str],
    ) -> None:
        """Count the readings of some counters for the device with this identifier."""
        super().__init__(coordinator)
        self._store = store
        self._counters = counters
        self._attr_unique_id = f"{identifier}_{REJECTED_READINGS.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, identifier)})

    @property
    @override
    def available(self) -> bool:
        """Always: the count is our own."""
        return True

    @property
    @override
    def native_value(self) -> int:
        """All of them, since the start of Home Assistant."""
        return sum(self._by_reason().values())

    @property
    @override
    def extra_state_attributes(self) -> dict[str, int]:
        """How many for each reason; they change together with the state."""
        return dict(self._by_reason())

    def _by_reason(self) -> Counter[str]:
        reasons: Counter[str] = Counter()
        for (counter, verdict), count in self._store.rejected.items():
            if counter in self._counters:
                reasons[verdict.value] += count
        return reasons
