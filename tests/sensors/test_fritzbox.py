"""The sensors of the devices at a FRITZ!Box."""

from datetime import timedelta
from functools import partial
import re

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import (
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from simulator.fritzbox import Fault, SimulatedFritzBox
from simulator.fritzbox_devices import BATH, LIVING_ROOM, REFRIGERATOR, SWITCH
from simulator.home import Home, ManualClock
from tests.support.entity_table import table
from tests.support.passing_time import Time
from tests.support.watching import set_up, state_of


async def test_box_has_these_sensors(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    await set_up(hass, fritzbox_entry)
    assert table(hass, fritzbox_entry.entry_id, "sensor") == snapshot


async def test_box_sensors_speak_german(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    hass.config.language = "de"
    await set_up(hass, fritzbox_entry)
    assert table(hass, fritzbox_entry.entry_id, "sensor") == snapshot


async def test_values_are_those_of_the_home(
    time: Time,
    hass: HomeAssistant,
    home: Home,
    clock: ManualClock,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    now = clock.now()
    assert state_of(hass, f"{REFRIGERATOR}_energy") == str(box.counter(REFRIGERATOR) / 1000)
    assert state_of(hass, f"{REFRIGERATOR}_voltage") == str(home.voltage(now))
    assert state_of(hass, f"{LIVING_ROOM}_target_temperature") == str(home.target("living", now))
    assert state_of(hass, f"{SWITCH}_humidity") == str(home.humidity("bedroom", now))


@pytest.mark.parametrize("ains", [{REFRIGERATOR, BATH, SWITCH}])
async def test_value_that_the_box_does_not_know_is_unknown(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    unknown: tuple[tuple[str, str, str | int, str], ...] = (
        (REFRIGERATOR, "energy", "", "energy"),
        (REFRIGERATOR, "power", "inval", "power"),
        (BATH, "celsius", "", "temperature"),
        (BATH, "tsoll", 253, "target_temperature"),
        (BATH, "tsoll", 254, "target_temperature"),
        (SWITCH, "rel_humidity", -9999, "humidity"),
    )
    for ain, element, text, key in unknown:
        assert state_of(hass, f"{ain}_{key}") not in {STATE_UNKNOWN, None}
        box.override(ain, **{element: text})
        await time.passes(hass, timedelta(minutes=1))
        assert state_of(hass, f"{ain}_{key}") == STATE_UNKNOWN, (key, text)
        box.restore(ain)
        await time.passes(hass, timedelta(minutes=1))


@pytest.mark.parametrize("ains", [{REFRIGERATOR, BATH}])
async def test_device_that_loses_a_block_has_unknown_values(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    """A firmware update, or a device with the AIN of another one."""
    await set_up(hass, fritzbox_entry)
    for tag, ain, keys in (
        ("powermeter", REFRIGERATOR, ("energy", "power", "voltage")),
        ("hkr", BATH, ("target_temperature",)),
    ):
        box.fault(Fault(edit=partial(re.sub, f"{tag}>", "nothing>")))
        await time.passes(hass, timedelta(minutes=1))
        assert {state_of(hass, f"{ain}_{key}") for key in keys} == {STATE_UNKNOWN}
        box.clear_faults()
