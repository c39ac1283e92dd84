"""FRITZ!Box smart home devices and Tasmota SML meters, with a complete history."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .api.actions import async_register_data_actions
from .api.dashboard import (
    async_register_dashboard,
    async_remove_dashboard,
    async_serve_dashboard,
)
from .api.hours import async_register_hours
from .api.views import async_register_views
from .box.session import async_end
from .const import CONF_MAX_POWER, DOMAIN, EntryKind
from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .costs.account import stored_prices
from .counters.guard import DEFAULT_MAX_POWER
from .counters.store import CounterStore
from .entry import EntryData, checked_kind
from .history.cost_statistic import cost_statistic_id
from .history.costs import CostScheduler
from .history.energy_costs import async_take_off_dashboard
from .history.entry_figures import EntryFigures
from .history.scheduler import HistoryScheduler
from .history.statistics.editor import async_setup_editor
from .meter.coordinator import MeterCoordinator
from .meter.discovery import async_start_reader_discovery
from .meter.issues import async_delete_issues
from .services import async_register_actions

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.EVENT, Platform.SENSOR]


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Set up the statistics editor and reader discovery; register actions and JSON endpoints."""
    await async_setup_editor(hass)
    async_start_reader_discovery(hass)
    async_register_actions(hass)
    async_register_data_actions(hass)
    async_register_views(hass)
    async_register_hours(hass)
    await async_serve_dashboard(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: PyHabConfigEntry) -> bool:
    """Set up a FRITZ!Box or a meter."""
    kind = checked_kind(entry)
    max_power = entry.options.get(CONF_MAX_POWER, DEFAULT_MAX_POWER)
    counters = CounterStore(hass, entry.entry_id, max_power=max_power)
    coordinator: FritzBoxCoordinator | MeterCoordinator
    match kind:
        case EntryKind.FRITZBOX:
            coordinator = FritzBoxCoordinator(hass, entry, counters)
        case EntryKind.METER:
            coordinator = MeterCoordinator(hass, entry, counters)
    await coordinator.async_config_entry_first_refresh()
    # Before the platforms: Home Assistant does not unload those of an entry whose set-up fails.
    await async_register_dashboard(hass)
    history = HistoryScheduler(hass, entry, coordinator, counters)
    figures = EntryFigures(entry)
    entry.runtime_data = EntryData(
        coordinator=coordinator, counters=counters, history=history, costs=figures
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    history.async_start()
    CostScheduler(hass, entry, coordinator, figures).async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: PyHabConfigEntry) -> bool:
    """Unload an entry."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: PyHabConfigEntry) -> None:
    """Delete the stored data, the session and the issues of a removed entry.

    The Energy dashboard shows its costs no more, unless another entry has taken the counter over.
    """
    await CounterStore(hass, entry.entry_id).async_remove()
    await async_end(hass, entry.entry_id)
    async_delete_issues(hass, entry.entry_id)
    others = [
        other
        for other in hass.config_entries.async_entries(DOMAIN)
        if other.entry_id != entry.entry_id
    ]
    kept = {unique_id for other in others for unique_id in stored_prices(other.options)}
    gone = stored_prices(entry.options).keys() - kept
    await async_take_off_dashboard(hass, {cost_statistic_id(unique_id) for unique_id in gone})
    if not others:
        await async_remove_dashboard(hass)


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: PyHabConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Return whether the user may remove a device: its source must no longer report it."""
    if entry.state is not ConfigEntryState.LOADED:
        return True
    match entry.runtime_data.coordinator:
        case FritzBoxCoordinator() as fritzbox:
            owners = {item.owner_ain for item in fritzbox.data.devices.values()}
            shown = {fritzbox.source_identifier, *((DOMAIN, ain) for ain in owners)}
            return not device.identifiers & shown
        case MeterCoordinator() as meter:
            return meter.async_forget({identifier for _, identifier in device.identifiers})
