"""The devices and unique ids of the meters of a reader."""

import re

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..const import DOMAIN
from ..entry import AnyConfigEntry
from ..sml.meter_id import MeterIdentity
from ..sml.registers import Quantity
from ..sml.topics import ReaderInfo
from ..util.texts import clean_text


class MeterDevices:
    """Registers the reader of an entry and each of its meters as a device."""

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry) -> None:
        """Initialize for the meters of an entry."""
        self._hass = hass
        self._entry = entry

    @property
    def reader_identifier(self) -> tuple[str, str]:
        """Identifier of the reader in the device registry."""
        return (DOMAIN, f"{self.identifier('')}_reader")

    def identifier(self, meter_index: str) -> str:
        """Return the identifier of a meter in the device registry."""
        first = self._entry.unique_id or self._entry.entry_id
        return f"{first}_{meter_index}" if meter_index else first

    def unique_id(self, meter_index: str, key: str) -> str:
        """Return the unique id of an entity of a meter."""
        return f"{self.identifier(meter_index)}_{key}"

    def name_of(self, meter_index: str, prefix: str) -> str:
        """Return the name of a meter: the title of the entry for the first one, otherwise its prefix."""
        title = clean_text(self._entry.title)
        return (clean_text(prefix) or f"{title} {meter_index}") if meter_index else title

    @callback
    def async_update(
        self, meter_index: str, prefix: str, identity: MeterIdentity, reader: ReaderInfo
    ) -> None:
        """Register or update the device of a meter."""
        number, name = identity.number, self.name_of(meter_index, prefix)
        # Most scripts name the model of the meter here. "WP" for a meter called WP adds nothing.
        model = clean_text(prefix)
        if model == name and not re.search(r"\d", model):
            model = ""
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(DOMAIN, self.identifier(meter_index))},
            name=name,
            manufacturer=identity.manufacturer_name,
            model=model or None,
            serial_number=number.number if number else None,
            via_device_id=self.async_update_reader(reader).id,
            # Versions of py_hab before 0.2 showed those of the reader here.
            sw_version=None,
            configuration_url=None,
        )

    @callback
    def async_update_reader(self, reader: ReaderInfo) -> dr.DeviceEntry:
        """Register or update the device of the reader; other integrations may know it, too."""
        mac = self._entry.unique_id
        return dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={self.reader_identifier},
            connections={(dr.CONNECTION_NETWORK_MAC, mac)} if mac else set(),
            manufacturer="Tasmota",
            translation_key="reader",
            translation_placeholders={"meter": clean_text(self._entry.title)},
            sw_version=reader.version,
            configuration_url=f"http://{reader.address}" if reader.address else None,
        )

    @callback
    def async_remove_sensor(self, meter_index: str, quantity: Quantity) -> None:
        """Remove the sensor of a quantity whose key the user has assigned to another one."""
        registry = er.async_get(self._hass)
        unique_id = self.unique_id(meter_index, quantity)
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
        if entity_id is not None:
            registry.async_remove(entity_id)
