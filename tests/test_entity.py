"""What the entities of all platforms share: devices, availability, groups."""

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import (
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import CELLAR, GROUP

from .support.entity_table import device_table
from .support.passing_time import Time
from .support.watching import set_up, state_of


async def test_box_has_these_devices(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """What is out of reach is unavailable."""
    await set_up(hass, fritzbox_entry)
    assert device_table(hass, fritzbox_entry.entry_id) == snapshot
    cellar = [
        state_of(hass, f"{CELLAR}_{key}")
        for key in ("temperature", "target_temperature", "battery")
    ]
    assert cellar == [STATE_UNAVAILABLE] * 3


async def test_group_is_there_for_who_enables_it(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{GROUP}_energy") is None
    entity_id = entity_registry.async_get_entity_id("sensor", "py_hab", f"{GROUP}_energy")
    assert entity_id is not None
    entity_registry.async_update_entity(entity_id, disabled_by=None)
    await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, f"{GROUP}_energy") == str(box.counter(GROUP) / 1000)
