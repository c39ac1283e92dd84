"""FRITZ!Box smart home and Tasmota SML meters in Home Assistant, with a history that is true."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from .const import CONF_KIND, EntryKind
from .coordinator import FritzBoxCoordinator, MeterCoordinator, PyHabConfigEntry
from .counter_memory import CounterMemory

PLATFORMS = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: PyHabConfigEntry) -> bool:
    """Set up a FRITZ!Box or a meter."""
    match EntryKind(entry.data[CONF_KIND]):
        case EntryKind.FRITZBOX:
            entry.runtime_data = FritzBoxCoordinator(hass, entry)
        case EntryKind.METER:
            entry.runtime_data = MeterCoordinator(hass, entry)
    await entry.runtime_data.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: PyHabConfigEntry) -> bool:
    """Unload an entry."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: PyHabConfigEntry) -> None:
    """Forget what was remembered for a removed entry."""
    await CounterMemory(hass, entry).async_remove()
