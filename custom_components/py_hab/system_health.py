"""System health: how many boxes and meters are available."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .meter.coordinator import MeterCoordinator


@callback
def async_register(_hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register the information for the system health page."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[PyHabConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    sources = [entry.runtime_data.coordinator for entry in entries]
    boxes = [source for source in sources if isinstance(source, FritzBoxCoordinator)]
    meters = [source for source in sources if isinstance(source, MeterCoordinator)]
    return {
        "fritzboxes": f"{sum(box.last_update_success for box in boxes)} / {len(boxes)}",
        "devices": sum(len(box.data.devices) for box in boxes),
        "meters": f"{sum(meter.available for meter in meters)} / {len(meters)}",
        "rejected": sum(entry.runtime_data.counters.rejected.total() for entry in entries),
    }
