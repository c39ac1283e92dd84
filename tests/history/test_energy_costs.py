"""Taking costs off the Energy dashboard."""

from typing import Any, Final

from custom_components.py_hab.history.energy_costs import (
    async_take_off_dashboard,
    without_costs,
)
from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant

OURS: Final = "py_hab:cost_1_energy_import"


def test_only_these_costs_go_in_each_format_of_the_preferences() -> None:
    def source(cost: str | None) -> dict[str, Any]:
        return {
            "energy_sources": [
                {"type": "grid", "flow_from": [{"stat_energy_from": OURS, "stat_cost": cost}]},
                {"type": "grid", "stat_energy_to": "sensor.out", "stat_compensation": cost},
                {"type": "gas", "stat_cost": "other:gas", "number_energy_price": 0.1},
            ]
        }

    assert without_costs(source(OURS), {OURS}) == source(None)
    assert without_costs(source(OURS), {"py_hab:cost_2"}) == source(OURS)


async def test_a_home_without_the_dashboard_has_nothing_to_take_off(hass: HomeAssistant) -> None:
    await async_take_off_dashboard(hass, {OURS})
    hass.config.components.add("energy")
    await async_take_off_dashboard(hass, {OURS})
    assert (await async_get_manager(hass)).data is None
