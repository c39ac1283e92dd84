"""What counters have shown is remembered, so that a zero after a restart is not believed."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counter import Verdict
from custom_components.py_hab.counter_memory import SAVE_DELAY, CounterMemory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from simulator.faults import Fault
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR, WORKSHOP
from simulator.reader import SimulatedReader

from .conftest import START, settled
from .passing_time import Time
from .watching import meter_values, quiet, set_up, state_of, warnings

ENERGY = f"{WORKSHOP}_energy"


def now() -> float:
    """Return the time of the test."""
    return dt_util.utcnow().timestamp()


def key(entry: MockConfigEntry) -> str:
    """Return the name of the file of an entry."""
    return f"{DOMAIN}.{entry.entry_id}"


def stored(hass_storage: dict[str, Any], entry: MockConfigEntry) -> Any:
    """Return what is in the file of an entry, None if there is no file."""
    return hass_storage.get(key(entry), {}).get("data")


def stored_counters(hass_storage: dict[str, Any], entry: MockConfigEntry) -> dict[str, float]:
    """Return the counters in the file of an entry, without their times."""
    counters = stored(hass_storage, entry)["counters"]
    return {name: kwh for name, (kwh, _) in counters.items()}


def remember(
    hass_storage: dict[str, Any], entry: MockConfigEntry, data: object, *, minor: int = 2
) -> None:
    """Put something into the file of an entry."""
    hass_storage[key(entry)] = {
        "version": 1,
        "minor_version": minor,
        "key": key(entry),
        "data": data,
    }


def counters(kwh: dict[str, Any], at: object = START.timestamp()) -> dict[str, Any]:
    """Return the content of a file with counters believed at some time."""
    return {"counters": {name: [reading, at] for name, reading in kwh.items()}, "notes": {}}


async def test_zero_after_a_restart_is_not_believed(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    before = box.counter(WORKSHOP) / 1000
    remember(hass_storage, fritzbox_entry, counters({WORKSHOP: before}))
    box.override(WORKSHOP, energy=0)
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, ENERGY) == str(before)
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
    assert stored_counters(hass_storage, meter_entry)["energy_import"] == shown
    reader.fault(Fault.ZERO_AFTER_BOOT, messages=1)
    assert await hass.config_entries.async_setup(meter_entry.entry_id)
    memory = meter_entry.runtime_data.counters
    await settled(hass, lambda: memory.rejected["energy_import", Verdict.ZERO], "the zeros")
    await quiet(hass)
    assert meter_values(meter_entry) == {}
    assert memory.last("energy_import") == shown
    reader.publish_sensor()
    await settled(hass, lambda: meter_values(meter_entry), "a reading")
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
    first = stored_counters(hass_storage, fritzbox_entry)[IMPORT]
    await time.passes(hass, SAVE_DELAY - timedelta(minutes=3))
    assert stored_counters(hass_storage, fritzbox_entry)[IMPORT] == first
    await time.passes(hass, timedelta(minutes=6))
    assert stored_counters(hass_storage, fritzbox_entry)[IMPORT] > first


async def test_memory_is_written_at_unload(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    assert stored_counters(hass_storage, fritzbox_entry)[WORKSHOP] == box.counter(WORKSHOP) / 1000


@pytest.mark.parametrize(
    "content",
    [
        counters({WORKSHOP: "a lot", REFRIGERATOR: None}),
        counters({WORKSHOP: float("nan")}),
        counters({WORKSHOP: float("inf")}),
        counters({WORKSHOP: -5.0}),
        {"counters": {WORKSHOP: 500_000.0}},
        {"counters": {WORKSHOP: [500_000.0]}},
        {"counters": {WORKSHOP: {"last": 500_000.0}}},
        {"counters": [WORKSHOP]},
        {"notes": {}},
        {},
        [],
        None,
    ],
    ids=repr,
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


# The memory alone


async def recalled(
    hass: HomeAssistant, hass_storage: dict[str, Any], data: object, *, minor: int = 2
) -> CounterMemory:
    """Return a memory that has read its file."""
    entry = MockConfigEntry(domain=DOMAIN)
    remember(hass_storage, entry, data, minor=minor)
    memory = CounterMemory(hass, entry)
    await memory.async_load()
    return memory


async def test_reading_before_any_other_is_none_if_it_cannot_be_believed(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    memory = CounterMemory(hass, entry)
    await memory.async_load()
    assert memory.last("meter") is None
    assert memory.believed("meter", -1.0) is None
    assert memory.believed("meter", float("inf")) is None
    assert memory.believed("meter", 5.0) == 5.0
    assert memory.believed("meter", 0.0) == 5.0
    assert memory.believed("another", 0.0) is None
    memory.notes = {"x": 1}
    await memory.async_save()
    assert stored(hass_storage, entry) == {
        "counters": {"meter": [5.0, pytest.approx(START.timestamp(), abs=300)]},
        "notes": {"x": 1},
    }
    await memory.async_remove()
    assert stored(hass_storage, entry) is None


async def test_what_is_not_believed_is_counted(hass: HomeAssistant) -> None:
    memory = CounterMemory(hass, MockConfigEntry(domain=DOMAIN))
    for reading in (100.0, 0.0, 0.0, -1.0, 100.1):
        memory.judge("meter", reading, now())
    memory.reject("other", Verdict.NOT_FINITE)
    assert memory.rejected == {
        ("meter", Verdict.ZERO): 2,
        ("meter", Verdict.NEGATIVE): 1,
        ("other", Verdict.NOT_FINITE): 1,
    }
    await memory.async_save()


@pytest.mark.parametrize(
    ("max_power", "verdict"), [(43.5, Verdict.JUMP), (1000.0, Verdict.BELIEVED)]
)
async def test_the_fuses_of_the_house_decide(
    hass: HomeAssistant, max_power: float, verdict: Verdict
) -> None:
    memory = CounterMemory(hass, MockConfigEntry(domain=DOMAIN), max_power=max_power)
    memory.judge("meter", 100.001, now())
    assert memory.judge("meter", 105.0, now()) is verdict
    await memory.async_save()


async def test_a_counter_under_quarantine_needs_another_telegram(
    time: Time, hass: HomeAssistant
) -> None:
    memory = CounterMemory(hass, MockConfigEntry(domain=DOMAIN))
    memory.quarantine("one", "two")
    assert memory.judge("one", 100.0, now()) is Verdict.QUARANTINED
    assert memory.judge("two", 100.0, now()) is Verdict.QUARANTINED
    assert memory.judge("three", 100.0, now()) is Verdict.BELIEVED
    assert memory.last("one") is None
    await time.passes(hass, timedelta(seconds=10))
    assert memory.judge("one", 100.0, now()) is Verdict.BELIEVED
    await memory.async_save()


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        (START.timestamp() - 60, Verdict.BELIEVED),
        (START.timestamp() - 86_400, Verdict.QUARANTINED),
        (START.timestamp() + 86_400, Verdict.QUARANTINED),
        (None, Verdict.QUARANTINED),
        ("yesterday", Verdict.QUARANTINED),
    ],
    ids=["a minute ago", "yesterday", "tomorrow", "unknown", "senseless"],
)
async def test_how_long_ago_a_counter_was_read_is_remembered(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], at: object, verdict: Verdict
) -> None:
    memory = await recalled(hass, hass_storage, counters({"meter": 100}, at))
    assert memory.last("meter") == 100.0
    assert memory.judge("meter", 100.5, now()) is verdict
    await memory.async_save()


async def test_the_file_of_an_earlier_version_is_read(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    data = {"meter": 100.0, "other": 7, "text": "a lot", "none": None, "less": -1.0}
    memory = await recalled(hass, hass_storage, data, minor=1)
    assert memory.last("meter") == 100.0
    assert memory.last("other") == 7.0
    assert [memory.last(name) for name in ("text", "none", "less")] == [None] * 3
    assert memory.notes == {}
    assert memory.judge("meter", 0.0, now()) is Verdict.ZERO
    assert memory.judge("meter", 150.0, now()) is Verdict.QUARANTINED


@pytest.mark.parametrize("data", [None, [], "counters", 1], ids=repr)
async def test_a_senseless_file_of_an_earlier_version_is_forgotten(
    hass: HomeAssistant, hass_storage: dict[str, Any], data: object
) -> None:
    memory = await recalled(hass, hass_storage, data, minor=1)
    assert memory.last("meter") is None
    assert memory.notes == {}


@pytest.mark.parametrize(
    ("kept", "notes"), [({"a": [1]}, {"a": [1]}), ([], {}), (None, {}), ("x", {})]
)
async def test_notes_are_found_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], kept: object, notes: dict[str, Any]
) -> None:
    memory = await recalled(hass, hass_storage, {"counters": {"meter": [5, 5]}, "notes": kept})
    assert memory.notes == notes
    assert memory.last("meter") == 5.0


async def test_a_word_of_truth_is_no_reading(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    memory = await recalled(hass, hass_storage, {"counters": {"meter": [True, True]}, "notes": {}})
    assert memory.last("meter") is None
