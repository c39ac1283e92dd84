"""0 W of a meter that has shown a power is 0 W, and no missing PIN."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import IMPORT
from tests.support.passing_time import Time
from tests.support.watching import set_up

POLL = timedelta(minutes=1)


def shown(hass: HomeAssistant, platform: str, key: str) -> str:
    """Return the state of an entity of the meter."""
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{IMPORT}_{key}")
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


async def test_exactly_0_w_at_a_full_kwh_is_no_missing_pin_until_it_lasts(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.override(IMPORT, power=1_500_000, energy=16_998_900, voltage=0)
    await set_up(hass, fritzbox_entry)
    assert float(shown(hass, "sensor", "power")) == 1500

    # A full kWh, and exactly nothing is drawn.
    box.override(IMPORT, power=0, energy=16_999_000, voltage=0)
    await time.passes(hass, 3 * POLL)
    assert float(shown(hass, "sensor", "power")) == 0
    assert float(shown(hass, "sensor", "energy_import")) == pytest.approx(16_999)
    assert shown(hass, "binary_sensor", "reduced_resolution") == "off"

    await time.passes(hass, timedelta(minutes=70), step=timedelta(minutes=5))
    assert shown(hass, "sensor", "power") == "unknown"
    assert shown(hass, "binary_sensor", "reduced_resolution") == "on"

    box.override(IMPORT, power=300_000, energy=16_999_100, voltage=0)
    await time.passes(hass, 3 * POLL)
    assert float(shown(hass, "sensor", "power")) == 300
    assert shown(hass, "binary_sensor", "reduced_resolution") == "off"


@pytest.mark.parametrize(("before", "state"), [(16_998_900, "off"), (16_999_000, "on")])
async def test_a_restart_at_a_full_kwh_changes_nothing(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    before: int,
    state: str,
) -> None:
    """The first meter has shown a fraction of a kWh, the other one whole kWh only."""
    box.override(IMPORT, power=0, energy=before, voltage=0)
    await set_up(hass, fritzbox_entry)
    box.override(IMPORT, power=0, energy=16_999_000, voltage=0)
    await time.passes(hass, 3 * POLL)
    assert shown(hass, "binary_sensor", "reduced_resolution") == state
    await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    await time.passes(hass, 3 * POLL)
    assert shown(hass, "binary_sensor", "reduced_resolution") == state
    assert shown(hass, "sensor", "power") == ("0.0" if state == "off" else "unknown")
