"""Binary sensors of a FRITZ!Box, its devices, and of readers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, override

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
    SourceEntity,
    async_add_as_they_appear,
    fritzbox_values,
)
from .fritzbox.devices import Device, MeterKind, RadiatorError, Thermostat, UnitType
from .fritzbox.rest import RelayFault, RestDetails
from .meter.coordinator import MeterCoordinator
from .sensors.source import (
    BOX_BINARY_SENSORS,
    READER_BINARY_SENSORS,
    ROUTINE,
    SourceBinarySensorDescription,
)

PARALLEL_UPDATES = 0
SCAN_INTERVAL = timedelta(minutes=1)
"""How often the states of a box or a reader itself are written. It asks nobody."""


@dataclass(frozen=True, kw_only=True)
class FritzBoxBinarySensorDescription(FritzBoxEntityDescription, BinarySensorEntityDescription):
    """Describes a binary sensor of a device at the box."""

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
"""How the alert of a known kind of detector is shown; any other kind is shown without a class."""


def _alert(
    unit_type: UnitType | None, device_class: BinarySensorDeviceClass | None
) -> FritzBoxBinarySensorDescription:
    def kind_of(device: Device) -> int | None:
        return device.unit_type if device.unit_type in _ALERTS else None

    return FritzBoxBinarySensorDescription(
        key="alert",
        translation_key=None if device_class else "alert",
        device_class=device_class,
        # Blinds use the same block as a bit mask of faults.
        exists_fn=lambda device: (
            "alert" in device.blocks and device.blind is None and kind_of(device) == unit_type
        ),
        value_fn=lambda device: device.alert,
        legacy_name="State",
    )


def _of_thermostat(
    key: str, value: Callable[[Thermostat], bool | None], **more: Any
) -> FritzBoxBinarySensorDescription:
    return FritzBoxBinarySensorDescription(
        key=key,
        translation_key=key,
        exists_fn=lambda device: (
            device.thermostat is not None
            and (not device.present or value(device.thermostat) is not None)
        ),
        value_fn=lambda device: value(device.thermostat) if device.thermostat else None,
        **more,
    )


def _of_rest(
    key: str, value: Callable[[RestDetails], bool | None], **more: Any
) -> FritzBoxBinarySensorDescription:
    return FritzBoxBinarySensorDescription(
        key=key,
        translation_key=key,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: (
            device.rest_details is not None and value(device.rest_details) is not None
        ),
        value_fn=lambda device: value(device.rest_details) if device.rest_details else None,
        **more,
    )


def _battery_low(
    applies: Callable[[Device], bool], *, enabled: bool
) -> FritzBoxBinarySensorDescription:
    return FritzBoxBinarySensorDescription(
        key="battery_low",
        translation_key="battery_low",
        device_class=BinarySensorDeviceClass.BATTERY,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=enabled,
        exists_fn=lambda device: device.battery_low is not None and applies(device),
        value_fn=lambda device: device.battery_low,
    )


_RADIATOR_PROBLEMS = {
    RadiatorError.NOT_ADAPTED,
    RadiatorError.SHORT_STROKE,
    RadiatorError.VALVE_STUCK,
}

FRITZBOX_BINARY_SENSORS: tuple[FritzBoxBinarySensorDescription, ...] = (
    *(_alert(unit_type, device_class) for unit_type, device_class in _ALERTS.items()),
    _alert(None, None),
    _of_thermostat(
        "window_open",
        # No device class: it is inferred from a fall of the temperature, and is no window contact.
        lambda thermostat: thermostat.window_open,
    ),
    _of_thermostat("boost", lambda thermostat: thermostat.boost),
    _of_thermostat("summer", lambda thermostat: thermostat.summer),
    _of_thermostat("holiday", lambda thermostat: thermostat.holiday),
    _of_thermostat(
        "adaptive_heating",
        lambda thermostat: thermostat.adaptive_heating,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    ),
    _of_thermostat(
        "radiator_problem",
        lambda thermostat: (
            None if thermostat.error is None else thermostat.error in _RADIATOR_PROBLEMS
        ),
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    FritzBoxBinarySensorDescription(
        key="switched_on",
        translation_key="switched_on",
        exists_fn=lambda device: device.switched_on is not None,
        value_fn=lambda device: device.switched_on,
    ),
    FritzBoxBinarySensorDescription(
        key="locked",
        translation_key="locked",
        # Home Assistant shows `on` as unlocked for this class.
        device_class=BinarySensorDeviceClass.LOCK,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists_fn=lambda device: device.locked is not None,
        value_fn=lambda device: None if device.locked is None else not device.locked,
    ),
    FritzBoxBinarySensorDescription(
        key="buttons_locked",
        translation_key="buttons_locked",
        device_class=BinarySensorDeviceClass.LOCK,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists_fn=lambda device: device.buttons_locked is not None,
        value_fn=lambda device: (
            None if device.buttons_locked is None else not device.buttons_locked
        ),
    ),
    FritzBoxBinarySensorDescription(
        key="obstacle",
        translation_key="obstacle",
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists_fn=lambda device: device.blind is not None,
        value_fn=lambda device: device.blind.obstacle if device.blind else None,
    ),
    FritzBoxBinarySensorDescription(
        key="overheated",
        translation_key="overheated",
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists_fn=lambda device: device.blind is not None,
        value_fn=lambda device: device.blind.overheated if device.blind else None,
    ),
    FritzBoxBinarySensorDescription(
        key="reduced_resolution",
        translation_key="reduced_resolution",
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda device: (
            device.power_meter is not None and device.power_meter.kind is MeterKind.SUPPLY
        ),
        value_fn=lambda device: (
            device.power_meter.reduced_resolution if device.power_meter else None
        ),
    ),
    _of_rest(
        "relay_fault",
        lambda rest_details: (
            None
            if rest_details.relay_fault is None
            else rest_details.relay_fault is not RelayFault.NONE
        ),
        device_class=BinarySensorDeviceClass.PROBLEM,
    ),
    _of_rest(
        "firmware_update",
        lambda rest_details: rest_details.firmware_update,
        device_class=BinarySensorDeviceClass.UPDATE,
    ),
    _of_rest(
        "battery_powered",
        lambda rest_details: rest_details.battery_powered,
        entity_registry_enabled_default=False,
    ),
    # Beside a percentage, Home Assistant would count each weak battery twice.
    _battery_low(lambda device: device.battery is None, enabled=True),
    _battery_low(lambda device: device.battery is not None, enabled=False),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: PyHabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of a box, its devices and routines, or of a reader."""
    match entry.runtime_data.coordinator:
        case FritzBoxCoordinator() as fritzbox:
            async_add_entities(SourceBinarySensor(fritzbox, item) for item in BOX_BINARY_SENSORS)
            async_add_as_they_appear(
                fritzbox,
                async_add_entities,
                find=lambda: fritzbox_values(fritzbox, FRITZBOX_BINARY_SENSORS),
                create=lambda value: FritzBoxBinarySensor(
                    fritzbox,
                    ain=value.ain,
                    description=value.description,
                    name_suffix=value.name_suffix,
                ),
            )
            async_add_as_they_appear(
                fritzbox,
                async_add_entities,
                find=lambda: {ain: ain for ain in fritzbox.rest.overview.routines},
                create=lambda ain: RoutineEnabled(fritzbox, ain),
            )
        case MeterCoordinator() as meter:
            async_add_entities(SourceBinarySensor(meter, item) for item in READER_BINARY_SENSORS)


class SourceBinarySensor[CoordinatorT: FritzBoxCoordinator | MeterCoordinator](
    SourceEntity[CoordinatorT], BinarySensorEntity
):
    """A state of a box or a reader itself."""

    entity_description: SourceBinarySensorDescription[CoordinatorT]

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the state is on, None while it is unknown."""
        return self.entity_description.value_fn(self.coordinator)


class RoutineEnabled(SourceEntity[FritzBoxCoordinator], BinarySensorEntity):
    """Whether a routine of the box is enabled."""

    def __init__(self, coordinator: FritzBoxCoordinator, ain: str) -> None:
        """Initialize for a routine. Its name comes from the box."""
        super().__init__(coordinator, ROUTINE)
        self._ain = ain
        # All boxes of a mesh may list the same routine.
        self._attr_unique_id = f"{coordinator.source_identifier[1]}_{ain}_{ROUTINE.key}"
        self._attr_translation_placeholders = {
            "routine": coordinator.rest.overview.routines[ain].name
        }

    @property
    @override
    def available(self) -> bool:
        """Whether the box still has the routine."""
        return self._ain in self.coordinator.rest.overview.routines

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the routine is enabled."""
        return self.coordinator.rest.overview.routines[self._ain].enabled


class FritzBoxBinarySensor(FritzBoxEntity, BinarySensorEntity):
    """A state of a device at the box that is on or off."""

    entity_description: FritzBoxBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the state is on, None while the device does not report it."""
        return self.entity_description.value_fn(self.device)
