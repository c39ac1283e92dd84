"""What counters have shown is remembered, so that a zero after a restart is not believed."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counter import Verdict
from custom_components.py_hab.counter_memory import SAVE_DELAY, CounterMemory
from homeassistant.core import HomeAssistant
from simulator.faults import Fault
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR, WORKSHOP
from simulator.reader import SimulatedReader

from .conftest import settled
from .passing_time import Time
from .watching import meter_values, quiet, set_up, state_of, warnings

ENERGY = f"{WORKSHOP}_energy"


def key(entry: MockConfigEntry) -> str:
    """Return the name of the file of an entry."""
    return f"{DOMAIN}.{entry.entry_id}"


def stored(hass_storage: dict[str, Any], entry: MockConfigEntry) -> Any:
    """Return what is in the file of an entry, None if there is no file."""
    return hass_storage.get(key(entry), {}).get("data")


def remember(hass_storage: dict[str, Any], entry: MockConfigEntry, data: object) -> None:
    """Put something into the file of an entry."""
    hass_storage[key(entry)] = {"version": 1, "minor_version": 1, "key": key(entry), "data": data}


async def test_zero_after_a_restart_is_not_believed(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    remember(hass_storage, fritzbox_entry, {WORKSHOP: 400.0})
    box.override(WORKSHOP, energy=0)
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, ENERGY) == "400.0"
    assert fritzbox_entry.runtime_data.counters.rejected == {(WORKSHOP, Verdict.ZERO): 1}
    box.restore(WORKSHOP)
    await time.passes(hass, timedelta(minutes=1))
    assert state_of(hass, ENERGY) == str(box.counter(WORKSHOP) / 1000)


async def test_zero_of_a_reader_that_boots_while_home_assistant_does_is_not_believed(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    shown = meter_values(meter_entry)["energy_import"]
    assert await hass.config_entries.async_unload(meter_entry.entry_id)
    await quiet(hass)
    assert stored(hass_storage, meter_entry)["energy_import"] == shown
    reader.fault(Fault.ZERO_AFTER_BOOT, messages=1)
    await set_up(hass, meter_entry)
    assert meter_values(meter_entry)["energy_import"] == shown
    reader.publish_sensor()
    await settled(hass, lambda: meter_values(meter_entry)["power"] > 0, "a reading")
    assert meter_values(meter_entry)["energy_import"] == shown


async def test_memory_is_written_a_while_after_a_reading_and_not_more_often(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    await time.passes(hass, SAVE_DELAY - timedelta(minutes=1))
    assert stored(hass_storage, fritzbox_entry) is None
    await time.passes(hass, timedelta(minutes=2))
    first = stored(hass_storage, fritzbox_entry)[IMPORT]
    await time.passes(hass, SAVE_DELAY - timedelta(minutes=3))
    assert stored(hass_storage, fritzbox_entry)[IMPORT] == first
    await time.passes(hass, timedelta(minutes=6))
    assert stored(hass_storage, fritzbox_entry)[IMPORT] > first


async def test_memory_is_written_at_unload(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    assert stored(hass_storage, fritzbox_entry)[WORKSHOP] == box.counter(WORKSHOP) / 1000


@pytest.mark.parametrize(
    "content",
    [
        {WORKSHOP: "a lot", REFRIGERATOR: None},
        {WORKSHOP: float("nan")},
        {WORKSHOP: True},
        {WORKSHOP: -5.0},
        None,
    ],
)
async def test_senseless_memory_is_forgotten(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    content: object,
) -> None:
    remember(hass_storage, fritzbox_entry, content)
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, ENERGY) == str(box.counter(WORKSHOP) / 1000)
    assert warnings(caplog) == []


async def test_reading_before_any_other_is_none_if_it_cannot_be_believed(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    memory = CounterMemory(hass, entry)
    await memory.async_load()
    assert memory.believed("meter", -1.0) is None
    assert memory.believed("meter", float("inf")) is None
    assert memory.believed("meter", 5.0) == 5.0
    assert memory.believed("meter", 0.0) == 5.0
    assert [memory.believed("another", 0.0) for _ in range(3)] == [None, None, 0.0]
    await memory.async_save()
    assert stored(hass_storage, entry) == {"meter": 5.0, "another": 0.0}
    await memory.async_remove()
    assert stored(hass_storage, entry) is None
