"""Binary sensors, as a user sees them."""

from datetime import timedelta
import re

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.py_hab.fritzbox.devices import UnitType
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from simulator.fritzbox import Fault, SimulatedFritzBox
from simulator.fritzbox_devices import BATH, BLIND, CELLAR, SMOKE, WINDOW

from .support.entity_table import table
from .support.passing_time import Time
from .support.watching import set_up, state_of

POLL = timedelta(minutes=1)


async def test_box_has_these_binary_sensors(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """A blind has no alert, and what is out of reach is unavailable."""
    await set_up(hass, fritzbox_entry)
    assert table(hass, fritzbox_entry.entry_id, "binary_sensor") == snapshot
    assert state_of(hass, f"{BLIND}_alert", "binary_sensor") is None
    for key in ("window_open", "boost"):
        assert state_of(hass, f"{CELLAR}_{key}", "binary_sensor") == STATE_UNAVAILABLE


async def test_binary_sensors_speak_german(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    hass.config.language = "de"
    await set_up(hass, fritzbox_entry)
    assert table(hass, fritzbox_entry.entry_id, "binary_sensor") == snapshot


@pytest.mark.parametrize("ains", [{SMOKE, SMOKE.removesuffix("-1"), BATH}])
async def test_state_is_what_the_box_says(
    time: Time,
    hass: HomeAssistant,
    entity_registry_enabled_by_default: None,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    for text, state in ((1, STATE_ON), (0, STATE_OFF), ("", STATE_UNKNOWN), (7, STATE_UNKNOWN)):
        box.override(SMOKE, state=text)
        box.override(BATH, windowopenactiv=text, batterylow=text)
        await time.passes(hass, POLL)
        assert state_of(hass, f"{SMOKE}_alert", "binary_sensor") == state
        assert state_of(hass, f"{BATH}_window_open", "binary_sensor") == state
        assert state_of(hass, f"{BATH}_battery_low", "binary_sensor") == state


@pytest.mark.parametrize("ains", [{WINDOW, WINDOW.removesuffix("-1")}])
async def test_detector_shows_what_it_detects(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    for unit_type, device_class in (
        (UnitType.DETECTOR, "opening"),
        (UnitType.DOOR, "door"),
        (UnitType.WINDOW, "window"),
        (UnitType.MOTION, "motion"),
        (UnitType.SMOKE, "smoke"),
        (UnitType.FLOOD, "moisture"),
        (UnitType.GLASS_BREAK, "safety"),
        (UnitType.VIBRATION, "vibration"),
    ):
        box.override(WINDOW, unittype=unit_type, state=1)
        await set_up(hass, fritzbox_entry)
        (line,) = (
            line
            for line in table(hass, fritzbox_entry.entry_id, "binary_sensor")
            if line.startswith(f"{WINDOW}_alert | ")
        )
        assert line.endswith(f" | {device_class} | on")
        assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)


@pytest.mark.parametrize("ains", [{BATH}])
async def test_thermostat_that_loses_its_regulation_is_unknown(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    box.fault(Fault(edit=lambda text: re.sub("(?s)<hkr>.*?</hkr>", "", text)))
    await time.passes(hass, POLL)
    assert state_of(hass, f"{BATH}_window_open", "binary_sensor") == STATE_UNKNOWN
    box.clear_faults()
