"""FRITZ!Box smart home and Tasmota SML meters in Home Assistant, with a history that is true."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .api.views import async_register_views
from .const import CONF_KIND, DOMAIN, EntryKind
from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .counters.store import CounterStore
from .fritzbox_session import async_end
from .history.scheduler import async_schedule_history
from .history.statistics.editor import async_setup_editor
from .meter.coordinator import MeterCoordinator
from .meter.issues import async_forget
from .services import async_register_actions

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR]


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Open the door to the statistics, register actions and JSON endpoints."""
    await async_setup_editor(hass)
    async_register_actions(hass)
    async_register_views(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: PyHabConfigEntry) -> bool:
    """Set up a FRITZ!Box or a meter."""
    match EntryKind(entry.data[CONF_KIND]):
        case EntryKind.FRITZBOX:
            entry.runtime_data = FritzBoxCoordinator(hass, entry)
        case EntryKind.METER:
            entry.runtime_data = MeterCoordinator(hass, entry)
    await entry.runtime_data.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_schedule_history(hass, entry)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: PyHabConfigEntry) -> bool:
    """Unload an entry."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: PyHabConfigEntry) -> None:
    """Forget what was remembered for a removed entry."""
    await CounterStore(hass, entry).async_remove()
    await async_end(hass, entry.entry_id)
    async_forget(hass, entry)


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: PyHabConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let the user remove a device that its source does not show any more."""
    if entry.state is not ConfigEntryState.LOADED:
        return True
    match entry.runtime_data:
        case FritzBoxCoordinator() as fritzbox:
            owners = {item.owner_ain for item in fritzbox.data.devices.values()}
            shown = {fritzbox.box_identifier, *((DOMAIN, ain) for ain in owners)}
            return not device.identifiers & shown
        case MeterCoordinator() as meter:
            return meter.async_forget({identifier for _, identifier in device.identifiers})
