"""Home Assistant may die at any moment: what it has shown, it still knows afterwards."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.meter.replacements import Answer
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.mocked_reader import UNIQUE_ID, MockedReader
from tests.support.passing_time import Time
from tests.support.watching import meter_state, set_up, state_of

MINUTE = timedelta(minutes=1)


def watched(
    hass: HomeAssistant, storage: dict[str, Any], entry: MockConfigEntry, unique_id: str, key: str
) -> list[tuple[float, float]]:
    """Record each state of a counter, and what the disk holds of it at that moment."""
    found: list[tuple[float, float]] = []
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, unique_id)
    assert entity_id is not None

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and state.state not in {"unknown", "unavailable"}:
            counters = storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["counters"]
            found.append((float(state.state), counters[key][0]))

    async_track_state_change_event(hass, entity_id, changed)
    return found


def is_known(found: list[tuple[float, float]], is_new: Callable[[float], bool]) -> bool:
    """Whether the disk held the new counter with each of its states."""
    new = [(shown, stored) for shown, stored in found if is_new(shown)]
    return bool(new) and all(is_new(stored) for _, stored in new)


async def test_a_cleared_plug_is_on_disk_before_it_is_shown(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    await time.passes(hass, timedelta(minutes=20))
    found = watched(hass, hass_storage, fritzbox_entry, f"{REFRIGERATOR}_energy", REFRIGERATOR)
    before = float(state_of(hass, f"{REFRIGERATOR}_energy") or "nan")
    box.reset_statistics(REFRIGERATOR)
    await time.passes(hass, timedelta(hours=1))
    assert 0 < float(state_of(hass, f"{REFRIGERATOR}_energy") or "nan") < before / 2
    assert is_known(found, lambda kwh: kwh < before / 2)


async def test_a_replaced_meter_is_on_disk_before_it_is_shown(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.005)
    found = watched(hass, hass_storage, entry, f"{UNIQUE_ID}_energy_import", "energy_import")
    await mocked_reader.reads(E_in=1.5)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.005)
    assert 1.5 < float(meter_state(hass, entry, "energy_import") or "nan") < 2
    assert is_known(found, lambda kwh: kwh < 10)


async def test_a_crash_after_a_reset_does_not_bring_the_old_reading_back(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    mocked_reader: MockedReader,
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.005)
    await mocked_reader.reads(E_in=1.5)
    while float(meter_state(hass, entry, "energy_import") or "nan") > 10:
        await mocked_reader.lives(MINUTE, E_in=0.005)
    disk = deepcopy(hass_storage[f"{DOMAIN}.{entry.entry_id}"])
    await hass.config_entries.async_unload(entry.entry_id)
    # The last save of a crash is the one before it.
    hass_storage[f"{DOMAIN}.{entry.entry_id}"] = disk
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=3), E_in=0.005)
    assert 1.5 < float(meter_state(hass, entry, "energy_import") or "nan") < 2


async def swapped(mocked_reader: MockedReader) -> MockConfigEntry:
    """Return an entry whose meter was replaced."""
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.005)
    await mocked_reader.reads(E_in=1.5)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.005)
    return entry


def question(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"meter_replaced_{entry.entry_id}")


async def test_an_unanswered_question_is_asked_again_after_a_restart(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = await swapped(mocked_reader)
    asked = question(hass, entry)
    assert asked is not None
    # The registry of issues was not saved before the crash.
    ir.async_delete_issue(hass, DOMAIN, asked.issue_id)
    await mocked_reader.reload(entry)
    again = question(hass, entry)
    assert again is not None
    assert again.translation_placeholders == asked.translation_placeholders


async def test_an_answer_is_on_disk_at_once(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = await swapped(mocked_reader)
    asked = question(hass, entry)
    assert asked is not None
    await entry.runtime_data.coordinator.reports.async_answer("", Answer.NEW_METER, {})
    disk = deepcopy(hass_storage[f"{DOMAIN}.{entry.entry_id}"])
    [record] = disk["data"]["notes"]["replacements"]
    assert record["answer"] == "new_meter"
    # Home Assistant dies before it has saved that the question is gone: nobody is asked again.
    await mocked_reader.reload(entry)
    assert question(hass, entry) is None
