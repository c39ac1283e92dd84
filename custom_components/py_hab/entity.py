"""What all entities share: the device they belong to, and when they are available."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import FritzBoxCoordinator
from .fritzbox.devices import Button, Device
from .meter.coordinator import MeterCoordinator


@dataclass(frozen=True, kw_only=True)
class FritzBoxEntityDescription(EntityDescription):
    """An entity of a device at the box."""

    exists_fn: Callable[[Device], bool]
    """Whether a device has this value at all."""
    legacy_name: str | None = None
    """The `sub_entity` of the py_hab server, which the JSON endpoints still use."""


class FritzBoxEntity(CoordinatorEntity[FritzBoxCoordinator]):
    """One value of one entry of the box's device list."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: FritzBoxCoordinator, *, ain: str, description: EntityDescription
    ) -> None:
        """Bind the entity to its device; a unit belongs to the device it is a part of."""
        super().__init__(coordinator)
        self.entity_description = description
        self._ain = ain
        self._attr_unique_id = f"{ain}_{description.key}"
        devices = coordinator.data.devices
        owner_ain = devices[ain].owner_ain
        owner = devices[owner_ain]
        # A group counts its members once more.
        if owner.is_group:
            self._attr_entity_registry_enabled_default = False
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, owner_ain)},
            name=owner.name,
            manufacturer=_MANUFACTURERS.get(owner.manufacturer, owner.manufacturer) or None,
            model=owner.product_name or None,
            sw_version=owner.firmware_version,
            serial_number=None if owner.is_group else owner_ain,
            via_device_id=dr.async_get_device_id_by_identifier(
                coordinator.hass,
                coordinator.box_identifier,
                config_entry_id=coordinator.config_entry.entry_id,
            ),
        )

    @property
    def device(self) -> Device:
        """The device's present values. Only valid while the entity is available."""
        return self.coordinator.data.devices[self._ain]

    @property
    @override
    def available(self) -> bool:
        """Whether box and device answer."""
        device = self.coordinator.data.devices.get(self._ain)
        return super().available and device is not None and device.present


class FritzBoxButtonEntity(FritzBoxEntity):
    """Something about one key of a switch."""

    def __init__(
        self,
        coordinator: FritzBoxCoordinator,
        *,
        ain: str,
        identifier: str,
        description: EntityDescription,
    ) -> None:
        """Bind the entity to a key; its name comes from the box."""
        super().__init__(coordinator, ain=ain, description=description)
        self._identifier = identifier
        self._attr_unique_id = f"{identifier}_{description.key}"
        button = self.button
        self._attr_translation_placeholders = {
            "button": (button and button.name) or self.device.name
        }

    @property
    def button(self) -> Button | None:
        """The key's present values."""
        buttons = self.device.buttons
        return next((item for item in buttons if item.identifier == self._identifier), None)


_MANUFACTURERS = {"AVM": "FRITZ!", "0x2c3c": "FRITZ!", "0x37c4": "Rademacher"}
"""The device list names makers by ETSI codes; AVM has renamed itself to FRITZ!."""


class MeterEntity(CoordinatorEntity[MeterCoordinator]):
    """A value or event of one meter."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: MeterCoordinator, *, meter_index: str, description: EntityDescription
    ) -> None:
        """Bind the entity to the device that the coordinator has registered for the meter."""
        super().__init__(coordinator)
        self.entity_description = description
        self._meter_index = meter_index
        self._attr_unique_id = coordinator.devices.unique_id(meter_index, description.key)
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, coordinator.devices.identifier(meter_index))}
        )


@callback
def async_add_as_they_appear[KeyT: Hashable, ItemT](
    coordinator: FritzBoxCoordinator | MeterCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    *,
    found: Callable[[], Iterable[tuple[KeyT, ItemT]]],
    create: Callable[[ItemT], Entity],
) -> None:
    """Add an entity for everything found now, and for what the source shows later.

    `found` yields a key, which must tell an entity from all others, and what `create` makes
    the entity of.
    """
    known: set[KeyT] = set()

    @callback
    def add_new() -> None:
        new = {key: item for key, item in found() if key not in known}
        known.update(new)
        if new:
            async_add_entities(create(item) for item in new.values())

    add_new()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add_new))


def fritzbox_values[DescriptionT: FritzBoxEntityDescription](
    coordinator: FritzBoxCoordinator, descriptions: Sequence[DescriptionT]
) -> Iterator[tuple[str, tuple[str, DescriptionT]]]:
    """Yield AIN and description, with a key, of every value that the box's devices have now."""
    for ain, device in coordinator.data.devices.items():
        for description in descriptions:
            if description.exists_fn(device):
                yield f"{ain}_{description.key}", (ain, description)


def fritzbox_buttons(coordinator: FritzBoxCoordinator) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield AIN of the device and identifier of the key, with a key, for every button now."""
    for ain, device in coordinator.data.devices.items():
        for button in device.buttons:
            yield button.identifier, (ain, button.identifier)


def entity_of(hass: HomeAssistant, platform: Platform, unique_id: str) -> er.RegistryEntry | None:
    """Return one of our entities, None if it does not exist or is disabled."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(platform, DOMAIN, unique_id)
    entity = registry.async_get(entity_id) if entity_id else None
    return None if entity is None or entity.disabled else entity
