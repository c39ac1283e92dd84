"""Sensors of the devices at a FRITZ!Box, and of electricity meters."""

from collections import ChainMap, Counter
from collections.abc import Collection, Container, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import UndefinedType
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .costs.account import stored_prices
from .costs.figures import CostFigures
from .counters.store import CounterStore
from .entity import (
    FritzBoxButtonEntity,
    FritzBoxEntity,
    MeterEntity,
    SourceEntity,
    async_add_as_they_appear,
    fritzbox_buttons,
    fritzbox_values,
)
from .entry import Costs
from .meter.coordinator import MeterCoordinator
from .sensors.costs import COST_SENSORS, COST_SHARE, CostSensorDescription, is_export, share
from .sensors.fritzbox import FRITZBOX_SENSORS, FritzBoxSensorDescription, SensorValue
from .sensors.meter import METER_SENSORS, quantities_published, quantities_registered
from .sensors.source import BOX_SENSORS, CURRENCY, READER_SENSORS, SourceSensorDescription
from .sml.registers import Quantity

PARALLEL_UPDATES = 0
SCAN_INTERVAL = timedelta(minutes=1)
"""How often the values of a box or a reader itself are written. It asks nobody."""

_COST_SENSORS: Final = (*COST_SENSORS, COST_SHARE)
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
    # Presses since set-up are events; this is what the box has noted, also from before.
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PyHabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a box or a meter."""
    async_add_entities(_cost_sensors(hass, entry))
    counters = entry.runtime_data.counters
    match entry.runtime_data.coordinator:
        case FritzBoxCoordinator() as fritzbox:
            async_add_as_they_appear(
                fritzbox,
                async_add_entities,
                find=lambda: fritzbox_values(fritzbox, FRITZBOX_SENSORS),
                create=lambda value: FritzBoxSensor(
                    fritzbox,
                    ain=value.ain,
                    description=value.description,
                    name_suffix=value.name_suffix,
                ),
            )
            async_add_as_they_appear(
                fritzbox,
                async_add_entities,
                find=lambda: fritzbox_buttons(fritzbox),
                create=lambda button: FritzBoxLastPress(
                    fritzbox,
                    ain=button.ain,
                    identifier=button.identifier,
                    description=LAST_PRESS,
                ),
            )
            _async_add_of_source(fritzbox, async_add_entities, BOX_SENSORS)
            box = fritzbox.source_identifier[1]
            async_add_entities(
                [
                    RejectedReadings(
                        fritzbox, identifier=box, store=counters, counters=fritzbox.data.devices
                    )
                ]
            )
        case MeterCoordinator() as meter:
            _async_add_of_source(meter, async_add_entities, READER_SENSORS)
            registered = quantities_registered(meter)
            async_add_as_they_appear(
                meter,
                async_add_entities,
                find=lambda: {
                    item: item for item in chain(registered, quantities_published(meter))
                },
                create=lambda item: MeterSensor(
                    meter, meter_index=item.meter_index, quantity=item.quantity
                ),
            )
            async_add_as_they_appear(
                meter,
                async_add_entities,
                find=lambda: {meter_index: meter_index for meter_index in meter.data},
                create=lambda meter_index: RejectedReadings(
                    meter,
                    identifier=meter.devices.identifier(meter_index),
                    store=counters,
                    counters=[
                        meter.data[meter_index].counter_key(quantity) for quantity in Quantity
                    ],
                ),
            )


@callback
def _async_add_of_source[CoordinatorT: FritzBoxCoordinator | MeterCoordinator](
    coordinator: CoordinatorT,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Sequence[SourceSensorDescription[CoordinatorT]],
) -> None:
    """Add the sensors of a box or a reader itself."""
    async_add_as_they_appear(
        coordinator,
        async_add_entities,
        find=lambda: {item.key: item for item in descriptions if item.exists_fn(coordinator)},
        create=lambda item: SourceSensor(coordinator, item),
    )


@callback
def _cost_sensors(hass: HomeAssistant, entry: PyHabConfigEntry) -> list[CostSensor]:
    """Return the sensors of the counters with prices; remove those of counters without."""
    registry = er.async_get(hass)
    wanted = [
        (unique_id, item)
        for unique_id, prices in stored_prices(entry.options).items()
        for item in _COST_SENSORS
        if item.exists_fn(unique_id, prices)
    ]
    _remove_cost_sensors(
        registry, entry, but={f"{unique_id}_{item.key}" for unique_id, item in wanted}
    )
    found = [
        (counter, description)
        for unique_id, description in wanted
        if (entity_id := registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id))
        and (counter := registry.async_get(entity_id))
    ]
    alike = Counter(_named_alike(counter, description) for counter, description in found)
    return [
        (CostShareSensor if description is COST_SHARE else CostSensor)(
            hass,
            entry.runtime_data.costs,
            counter,
            description,
            is_only_one=alike[_named_alike(counter, description)] == 1,
        )
        for counter, description in found
    ]


def _remove_cost_sensors(
    registry: er.EntityRegistry, entry: PyHabConfigEntry, *, but: Container[str]
) -> None:
    """Remove the sensors of costs of an entry, but for those with these unique ids."""
    keys = tuple(f"_{item.key}" for item in _COST_SENSORS)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.unique_id.endswith(keys) and entity.unique_id not in but:
            registry.async_remove(entity.entity_id)


def _named_alike(
    counter: er.RegistryEntry, description: CostSensorDescription
) -> tuple[str | None, str, bool]:
    """Return what sensors of a device have in common whose names would be the same."""
    return counter.device_id, description.key, is_export(counter.unique_id)


class CostSensor(SensorEntity):
    """What the costs of a counter amount to."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description: CostSensorDescription

    def __init__(
        self,
        hass: HomeAssistant,
        costs: Costs,
        counter: er.RegistryEntry,
        description: CostSensorDescription,
        *,
        is_only_one: bool,
    ) -> None:
        """Initialize for a counter, at whose device the sensor is shown.

        Unless it is the only one there, the sensor is named after it, such as "Cost today (Energy
        import tariff 1)".
        """
        self._name_suffix = "" if is_only_one else counter.original_name
        self.entity_description = description
        self._costs = costs
        self._counter = counter.unique_id
        self._attr_unique_id = f"{counter.unique_id}_{description.key}"
        if description.export_key and is_export(counter.unique_id):
            self._attr_translation_key = description.export_key
        device = counter.device_id and dr.async_get(hass).async_get(counter.device_id)
        if isinstance(device, dr.DeviceEntry):
            self._attr_device_info = DeviceInfo(identifiers=device.identifiers)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the costs of the entry."""
        self.async_on_remove(self._costs.async_listen(self.async_write_ha_state))

    @property
    @override
    def name(self) -> str | UndefinedType | None:
        """The name of the amount, and of the counter if there are several."""
        name = super().name
        return f"{name} ({self._name_suffix})" if self._name_suffix else name

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """The unit, in the currency of the home."""
        unit = self.entity_description.native_unit_of_measurement
        return unit and unit.replace(CURRENCY, self.hass.config.currency)

    @property
    def _figures(self) -> CostFigures | None:
        return self._costs.figures.get(self._counter)

    @property
    @override
    def native_value(self) -> float | None:
        """The value, None before the costs are calculated or if it cannot be known yet."""
        figures = self._figures
        return None if figures is None else self.entity_description.value_fn(figures)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When the amount began at 0."""
        since, figures = self.entity_description.since_fn, self._figures
        return since(figures) if since and figures else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What must be known beside the amount."""
        attributes, figures = self.entity_description.attributes_fn, self._figures
        return attributes(figures) if attributes and figures else None


class CostShareSensor(CostSensor):
    """The share of a plug in what the home pays for its energy."""

    @property
    @override
    def native_value(self) -> float | None:
        """The percentage, None while the costs of a year are not known."""
        part = super().native_value
        if part is None:
            return None
        entries: list[PyHabConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
        every = ChainMap(*(dict(entry.runtime_data.costs.figures) for entry in entries))
        return share(part, every)


class SourceSensor[CoordinatorT: FritzBoxCoordinator | MeterCoordinator](
    SourceEntity[CoordinatorT], SensorEntity
):
    """A value of a box or a reader itself."""

    entity_description: SourceSensorDescription[CoordinatorT]

    @property
    @override
    def native_value(self) -> SensorValue:
        """The current value."""
        return self.entity_description.value_fn(self.coordinator)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """The unit, in the currency of the home."""
        unit = self.entity_description.native_unit_of_measurement
        return unit and unit.replace(CURRENCY, self.hass.config.currency)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """More about the value."""
        attributes = self.entity_description.attributes_fn
        return attributes(self.coordinator) if attributes else None


class FritzBoxSensor(FritzBoxEntity, SensorEntity):
    """A value of a device at the box."""

    entity_description: FritzBoxSensorDescription

    @property
    @override
    def native_value(self) -> SensorValue:
        """The value, None while the device does not report one."""
        return self.entity_description.value_fn(self.device)


class FritzBoxLastPress(FritzBoxButtonEntity, SensorEntity):
    """When a key was last pressed."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """The time, None if the key was never pressed."""
        return self.button.last_pressed if self.button else None


class MeterSensor(MeterEntity, SensorEntity):
    """A quantity of a meter."""

    def __init__(
        self, coordinator: MeterCoordinator, *, meter_index: str, quantity: Quantity
    ) -> None:
        """Initialize for a quantity of a meter."""
        super().__init__(coordinator, meter_index=meter_index, description=METER_SENSORS[quantity])
        self._quantity = quantity
        self._written: object = None

    @property
    @override
    def available(self) -> bool:
        """Whether broker and reader are online, and the quantity was received recently."""
        return self.coordinator.is_available(self._meter_index, self._quantity)

    @property
    @override
    def native_value(self) -> float | None:
        """The current value, None before the reader has published one."""
        return self.coordinator.data[self._meter_index].values.get(self._quantity)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state only if the value or the availability of this quantity has changed."""
        current = (self.native_value, self.available)
        if current != self._written:
            self._written = current
            super()._handle_coordinator_update()


class RejectedReadings(CoordinatorEntity[FritzBoxCoordinator | MeterCoordinator], SensorEntity):
    """The number of rejected counter readings of a box or a meter."""

    _attr_has_entity_name = True
    entity_description = REJECTED_READINGS

    def __init__(
        self,
        coordinator: FritzBoxCoordinator | MeterCoordinator,
        *,
        identifier: str,
        store: CounterStore,
        counters: Collection[str],
    ) -> None:
        """Initialize for the device with this identifier, and for the keys of its counters."""
        super().__init__(coordinator)
        self._store = store
        self._counters = counters
        self._attr_unique_id = f"{identifier}_{REJECTED_READINGS.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, identifier)})

    @property
    @override
    def available(self) -> bool:
        """Always available: the count does not come from the source."""
        return True

    @property
    @override
    def native_value(self) -> int:
        """The number of rejected readings since the start of Home Assistant."""
        return sum(self._by_verdict().values())

    @property
    @override
    def extra_state_attributes(self) -> dict[str, int]:
        """The number of rejected readings by verdict."""
        return dict(self._by_verdict())

    def _by_verdict(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for (counter, verdict), count in self._store.rejected.items():
            if counter in self._counters:
                counts[verdict.value] += count
        return counts
