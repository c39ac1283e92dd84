"""Registers a box, keeps its registered devices up to date, and removes stale ones."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..entry import AnyConfigEntry
from ..fritzbox.devices import DeviceList
from ..fritzbox.login import BoxInfo
from ..fritzbox.stale_devices import StaleDevices


class BoxDevices:
    """The devices of one box in the device registry. All but the box are registered by their entities."""

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry) -> None:
        """Initialize for the box of an entry."""
        self._hass = hass
        self._entry = entry
        self._stale_devices = StaleDevices()

    @property
    def box_identifier(self) -> tuple[str, str]:
        """Identifier of the box in the device registry."""
        return (DOMAIN, self._entry.unique_id or self._entry.entry_id)

    @callback
    def async_register_box(self, box: BoxInfo, *, url: str) -> None:
        """Register the box, to which the registered devices refer."""
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={self.box_identifier},
            manufacturer="FRITZ!",
            model=box.model,
            name=box.model,
            sw_version=box.firmware_version,
            serial_number=box.serial or None,
            configuration_url=url,
        )

    @callback
    def async_update(self, answer: DeviceList) -> None:
        """Update names and firmware versions from an answer, and remove stale devices."""
        registry = dr.async_get(self._hass)
        registered = {
            identifier: device
            for device in dr.async_entries_for_config_entry(registry, self._entry.entry_id)
            for domain, identifier in device.identifiers
            if domain == DOMAIN
        }
        box = registered.pop(self.box_identifier[1])
        if answer.firmware_version and answer.firmware_version != box.sw_version:
            registry.async_update_device(box.id, sw_version=answer.firmware_version)
        for ain in registered.keys() & answer.devices.keys():
            device = answer.devices[ain]
            # Does nothing if nothing has changed. A name that the user has chosen takes precedence.
            registry.async_update_device(
                registered[ain].id, name=device.name, sw_version=device.firmware_version
            )
        owners = {device.owner_ain for device in answer.devices.values()}
        for ain in self._stale_devices.update(registered.keys(), owners, dt_util.utcnow()):
            registry.async_remove_device(registered[ain].id)
