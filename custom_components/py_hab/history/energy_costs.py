"""Takes costs off the Energy dashboard that nothing calculates any more."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant

_ENERGY: Final = "energy"
"""The domain of the component."""
_COSTS: Final = ("stat_cost", "stat_compensation")
"""Where sources name a statistic of costs, in each format of the preferences."""


async def async_take_off_dashboard(hass: HomeAssistant, cost_statistics: Collection[str]) -> None:
    """Let no source of the Energy dashboard show these costs; prices and other costs stay.

    Otherwise, new energy would be shown as if it were free of charge.
    """
    if _ENERGY not in hass.config.components:
        return
    manager = await async_get_manager(hass)
    if manager.data is None:
        return
    present: Any = manager.data
    changed = without_costs(present, cost_statistics)
    if changed != present:
        await manager.async_update(changed)


def without_costs(part: Any, cost_statistics: Collection[str]) -> Any:
    """Return a part of the preferences without these costs."""
    match part:
        case Mapping():
            return {
                key: None
                if key in _COSTS and value in cost_statistics
                else without_costs(value, cost_statistics)
                for key, value in part.items()
            }
        case list():
            return [without_costs(item, cost_statistics) for item in part]
        case _:
            return part
