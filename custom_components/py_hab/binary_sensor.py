"""Binary sensors: contacts and detectors, open-window detection, low batteries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .entity import (
    FritzBoxEntity,
    FritzBoxEntityDescription,
    async_add_as_they_appear,
    fritzbox_keys,
)
from .fritzbox_model import Device, UnitType

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class FritzBoxBinarySensorDescription(FritzBoxEntityDescription, BinarySensorEntityDescription):
    """A binary sensor of a device at the box."""

    value_fn: Callable[[Device], bool | None]


_ALERTS: dict[UnitType, BinarySensorDeviceClass] = {
    UnitType.DETECTOR: BinarySensorDeviceClass.OPENING,
    UnitType.DOOR: BinarySensorDeviceClass.DOOR,
    UnitType.WINDOW: BinarySensorDeviceClass.WINDOW,
    UnitType.MOTION: BinarySensorDeviceClass.MOTION,
    UnitType.SMOKE: BinarySensorDeviceClass.SMOKE,
    UnitType.FLOOD: BinarySensorDeviceClass.MOISTURE,
    UnitType.GLASS_BREAK: BinarySensorDeviceClass.SAFETY,
    UnitType.VIBRATION: BinarySensorDeviceClass.VIBRATION,
}


def _alert(
    unit_type: UnitType, device_class: BinarySensorDeviceClass
) -> FritzBoxBinarySensorDescription:
    return FritzBoxBinarySensorDescription(
        key="alert",
        device_class=device_class,
        exists_fn=lambda device: "alert" in device.blocks and device.unit_type == unit_type,
        value_fn=lambda device: device.alert,
    )


FRITZBOX_BINARY_SENSORS: tuple[FritzBoxBinarySensorDescription, ...] = (
    *(_alert(unit_type, device_class) for unit_type, device_class in _ALERTS.items()),
    FritzBoxBinarySensorDescription(
        key="window_open",
        translation_key="window_open",
        device_class=BinarySensorDeviceClass.WINDOW,
        exists_fn=lambda device: device.thermostat is not None,
        value_fn=lambda device: device.thermostat.window_open if device.thermostat else None,
    ),
    FritzBoxBinarySensorDescription(
        key="battery_low",
        device_class=BinarySensorDeviceClass.BATTERY,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: device.battery_low is not None,
        value_fn=lambda device: device.battery_low,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: PyHabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of a box; a meter has none."""
    coordinator = entry.runtime_data
    if isinstance(coordinator, FritzBoxCoordinator):
        async_add_as_they_appear(
            coordinator,
            async_add_entities,
            keys=lambda: fritzbox_keys(coordinator, FRITZBOX_BINARY_SENSORS),
            create=lambda key: FritzBoxBinarySensor(coordinator, ain=key[0], description=key[1]),
        )


class FritzBoxBinarySensor(FritzBoxEntity, BinarySensorEntity):
    """Something at the box that is or is not so."""

    entity_description: FritzBoxBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is so, None while the device does not tell."""
        return self.entity_description.value_fn(self.device)
