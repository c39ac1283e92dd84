"""Base classes of all entities, and helpers that find and add them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
import re
from typing import Final, NamedTuple, override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback, EntityPlatform
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.helpers.typing import UndefinedType
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import FritzBoxCoordinator
from .fritzbox.devices import Button, Device
from .meter.coordinator import MeterCoordinator


@dataclass(frozen=True, kw_only=True)
class FritzBoxEntityDescription(EntityDescription):
    """Describes an entity of a device at the box."""

    exists_fn: Callable[[Device], bool]
    """Whether a device has this value."""
    legacy_name: str | None = None
    """The `sub_entity` of the legacy server, which the JSON endpoints still use."""


class FritzBoxEntity(CoordinatorEntity[FritzBoxCoordinator]):
    """A value of one entry of the device list."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: FritzBoxCoordinator,
        *,
        ain: str,
        description: EntityDescription,
        name_suffix: str = "",
    ) -> None:
        """Initialize for a device. An entity of a unit belongs to the physical device.

        `name_suffix` distinguishes it from the same value of another unit.
        """
        super().__init__(coordinator)
        self.entity_description = description
        self._name_suffix = name_suffix
        self._ain = ain
        self._attr_unique_id = f"{ain}_{description.key}"
        devices = coordinator.data.devices
        owner_ain = devices[ain].owner_ain
        owner = devices[owner_ain]
        # A group repeats the values of its members.
        if owner.is_group:
            self._attr_entity_registry_enabled_default = False
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, owner_ain)},
            name=owner.name,
            manufacturer=_manufacturer(owner.manufacturer),
            model=(
                _kind_of_device(coordinator.hass, "group")
                if owner.is_group
                else owner.product_name or None
            ),
            sw_version=owner.firmware_version,
            serial_number=None if owner.is_group else owner_ain,
            via_device_id=dr.async_get_device_id_by_identifier(
                coordinator.hass,
                coordinator.source_identifier,
                config_entry_id=coordinator.config_entry.entry_id,
            ),
        )

    @property
    @override
    def name(self) -> str | UndefinedType | None:
        """The name of the value, with what distinguishes its unit from others of the device."""
        name = super().name
        return f"{name} {self._name_suffix}" if self._name_suffix and name else name

    @property
    def device(self) -> Device:
        """The device with its current values. Raises KeyError if the box no longer lists it."""
        return self.coordinator.data.devices[self._ain]

    @property
    @override
    def available(self) -> bool:
        """Whether the box answers and reaches the device."""
        device = self.coordinator.data.devices.get(self._ain)
        return super().available and device is not None and device.present


class FritzBoxButtonEntity(FritzBoxEntity):
    """A value or event of one key of a switch."""

    def __init__(
        self,
        coordinator: FritzBoxCoordinator,
        *,
        ain: str,
        identifier: str,
        description: EntityDescription,
    ) -> None:
        """Initialize for a key. The name of the key comes from the box."""
        super().__init__(coordinator, ain=ain, description=description)
        self._identifier = identifier
        self._attr_unique_id = f"{identifier}_{description.key}"
        names = {
            button.identifier: button.name or device.name
            for device in coordinator.data.devices.values()
            if device.owner_ain == self.device.owner_ain
            for button in device.buttons
        }
        self._attr_translation_placeholders = {
            "button": _numbered(names, identifier) or self.device.name
        }

    @property
    def button(self) -> Button | None:
        """The key with its current values, None if the box no longer lists it."""
        buttons = self.device.buttons
        return next((item for item in buttons if item.identifier == self._identifier), None)


_MANUFACTURERS: Final = {
    "AVM": "FRITZ!",
    "0x2c3c": "FRITZ!",
    "0x37c4": "Rademacher",
    "0x100b": "Signify",
    "0x1015": "Develco",
    "0x1021": "Legrand",
    "0x105e": "Schneider Electric",
    "0x110c": "OSRAM",
    "0x115f": "Aqara",
    "0x1166": "Innr",
    "0x117c": "IKEA",
    "0x1189": "LEDVANCE",
    "0x1209": "Bosch",
    "0x1246": "Danfoss",
}
"""Names by manufacturer code, as in the device list: ETSI codes of HAN-FUN devices, and codes of the
Connectivity Standards Alliance of Zigbee devices. AVM has renamed itself to FRITZ!."""
_MANUFACTURER_CODE: Final = re.compile(r"0[xX][0-9a-fA-F]{4}")


def _manufacturer(reported: str) -> str | None:
    """Return the name of a manufacturer, None for an unknown code."""
    if _MANUFACTURER_CODE.fullmatch(reported):
        return _MANUFACTURERS.get(reported.lower())
    return _MANUFACTURERS.get(reported, reported) or None


def _kind_of_device(hass: HomeAssistant, key: str) -> str | None:
    """Return what a kind of device is called in the language of the home."""
    texts = async_get_cached_translations(hass, hass.config.language, "device", DOMAIN)
    return texts.get(f"component.{DOMAIN}.device.{key}.name")


class MeterEntity(CoordinatorEntity[MeterCoordinator]):
    """A value or event of one meter."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: MeterCoordinator, *, meter_index: str, description: EntityDescription
    ) -> None:
        """Initialize for a meter, whose device the coordinator has registered."""
        super().__init__(coordinator)
        self.entity_description = description
        self._meter_index = meter_index
        self._attr_unique_id = coordinator.devices.unique_id(meter_index, description.key)
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, coordinator.devices.identifier(meter_index))}
        )


@dataclass(frozen=True, kw_only=True)
class SourceEntityDescription[CoordinatorT](EntityDescription):
    """Describes an entity of a box or a reader itself."""

    exists_fn: Callable[[CoordinatorT], bool] = lambda _: True
    """Whether the box or the reader has this value."""


class SourceEntity[CoordinatorT: FritzBoxCoordinator | MeterCoordinator](
    CoordinatorEntity[CoordinatorT]
):
    """A value of a box or a reader itself. It is also there while the source is offline."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CoordinatorT, description: EntityDescription) -> None:
        """Initialize for the device of the source, which the coordinator has registered."""
        super().__init__(coordinator)
        self.entity_description = description
        identifier = coordinator.source_identifier
        self._attr_unique_id = f"{identifier[1]}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={identifier})

    @property
    @override
    def should_poll(self) -> bool:
        """Whether Home Assistant reads the value regularly.

        The time of the last answer changes without an update of the coordinator.
        """
        return True

    @override
    async def async_update(self) -> None:
        """Do nothing: only the coordinator asks the source."""

    @property
    @override
    def available(self) -> bool:
        """Always available."""
        return True


@callback
def async_add_as_they_appear[KeyT: Hashable, ItemT](
    coordinator: FritzBoxCoordinator | MeterCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    *,
    find: Callable[[], Mapping[KeyT, ItemT]],
    create: Callable[[ItemT], Entity],
) -> None:
    """Add an entity for each item found now, and for new items after each update.

    `find` returns the items by a unique key, `create` returns the entity of an item. An entity that
    Home Assistant refuses or removes is added again while its item is found.
    """
    entities: dict[KeyT, Entity] = {}
    known: set[KeyT] = set()
    disabled: set[KeyT] = set()
    """Not added again in vain: to enable an entity, Home Assistant reloads its entry."""

    @callback
    def removed(key: KeyT) -> None:
        known.discard(key)
        entry = entities[key].registry_entry
        if entry is not None and entry.disabled:
            disabled.add(key)

    def is_missing(key: KeyT) -> bool:
        """Whether an entity is to be created. A new entity id removes and adds it again."""
        if key in known or key in disabled:
            return False
        if key not in entities or not _is_added(entities[key]):
            return True
        keep(key)
        return False

    def keep(key: KeyT) -> None:
        known.add(key)
        entities[key].async_on_remove(partial(removed, key))

    @callback
    def add_new() -> None:
        found = find()
        disabled.intersection_update(found)
        new = {key: create(item) for key, item in found.items() if is_missing(key)}
        entities.update(new)
        for key in new:
            keep(key)
        if new:
            async_add_entities(new.values())

    add_new()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add_new))


def _is_added(entity: Entity) -> bool:
    platform: EntityPlatform | None = entity.platform
    return platform is not None and platform.entities.get(entity.entity_id) is entity


def _numbered(names: Mapping[str, str], key: str) -> str:
    """Return the name of a key, with a number if others have the same name."""
    name = names.get(key, "")
    same = sorted(other for other, its_name in names.items() if its_name == name)
    return f"{name} {same.index(key) + 1}".strip() if len(same) > 1 and key in same else name


def unit_name(devices: Mapping[str, Device], ain: str, exists_fn: Callable[[Device], bool]) -> str:
    """Return what distinguishes a unit from others of its device that have the same value.

    Empty for a physical device itself, and for a unit that is the only one with this value. It is
    the unit's own name without that of the device, or a number if the units share their name.
    """
    owner_ain = devices[ain].owner_ain
    names = {
        item.ain: item.name.removeprefix(devices[owner_ain].name).strip(" -:,")
        for item in devices.values()
        if item.owner_ain == owner_ain and exists_fn(item)
    }
    if ain == owner_ain or len(names) < 2:
        return ""
    names.pop(owner_ain, None)
    return _numbered(names, ain) or "2"


class FritzBoxValue[DescriptionT: FritzBoxEntityDescription](NamedTuple):
    """A value that a device at the box has."""

    ain: str
    description: DescriptionT
    name_suffix: str
    """What distinguishes it from the same value of another unit of the device."""


class FritzBoxButton(NamedTuple):
    """A key of a switch."""

    ain: str
    """The AIN of the switch."""
    identifier: str
    """The AIN of the key."""


def fritzbox_values[DescriptionT: FritzBoxEntityDescription](
    coordinator: FritzBoxCoordinator, descriptions: Sequence[DescriptionT]
) -> dict[str, FritzBoxValue[DescriptionT]]:
    """Return the values that the devices of a box have now, by the unique id of their entity."""
    devices = coordinator.owned_devices
    return {
        f"{ain}_{description.key}": FritzBoxValue(
            ain, description, unit_name(devices, ain, description.exists_fn)
        )
        for ain, device in devices.items()
        for description in descriptions
        if description.exists_fn(device)
    }


def fritzbox_buttons(coordinator: FritzBoxCoordinator) -> dict[str, FritzBoxButton]:
    """Return the keys of the switches at a box, by the AIN of the key."""
    return {
        button.identifier: FritzBoxButton(ain, button.identifier)
        for ain, device in coordinator.owned_devices.items()
        for button in device.buttons
    }


def entity_of(hass: HomeAssistant, platform: Platform, unique_id: str) -> er.RegistryEntry | None:
    """Return an entity of this integration, None if it does not exist or is disabled."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(platform, DOMAIN, unique_id)
    entity = registry.async_get(entity_id) if entity_id else None
    return None if entity is None or entity.disabled else entity
