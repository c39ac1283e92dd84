"""What counters have shown is stored, so that a zero after a restart is not accepted."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.counter_file import SAVE_DELAY
from custom_components.py_hab.counters.store import CounterStore
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.util.records import encode
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from simulator.faults import Fault
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR, WORKSHOP
from simulator.reader import SimulatedReader
from tests.conftest import START, settled
from tests.support.gaps import HOUR, LAST, outage
from tests.support.passing_time import Time
from tests.support.watching import meter_values, quiet, set_up, state_of, warnings

ENERGY = f"{WORKSHOP}_energy"


@pytest.fixture
def ains() -> Collection[str]:
    """Two plugs and a meter."""
    return {REFRIGERATOR, WORKSHOP, IMPORT.removesuffix("-1"), IMPORT}


def now() -> datetime:
    """Return the time of the test."""
    return dt_util.utcnow()


def at(moment: float) -> datetime:
    """Return a unix time as a time."""
    return dt_util.utc_from_timestamp(moment)


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


def store(
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
    """Return the content of a file with counters accepted at some time."""
    return {"counters": {name: [reading, at] for name, reading in kwh.items()}, "notes": {}}


async def test_zero_after_a_restart_is_not_accepted(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    before = box.counter(WORKSHOP) / 1000
    store(hass_storage, fritzbox_entry, counters({WORKSHOP: before}))
    box.override(WORKSHOP, energy=0)
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, ENERGY) == str(before)
    assert fritzbox_entry.runtime_data.counters.rejected == {(WORKSHOP, Verdict.ZERO): 1}
    box.restore(WORKSHOP)
    await time.passes(hass, timedelta(minutes=1))
    assert state_of(hass, ENERGY) == str(box.counter(WORKSHOP) / 1000)


async def test_zero_of_a_reader_that_boots_while_home_assistant_does_is_not_accepted(
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
    counter_store = meter_entry.runtime_data.counters
    await settled(hass, lambda: counter_store.rejected["energy_import", Verdict.ZERO], "the zeros")
    await quiet(hass)
    assert meter_values(meter_entry) == {}
    assert counter_store.last("energy_import") == shown
    reader.publish_sensor()
    await settled(hass, lambda: meter_values(meter_entry), "a reading")
    assert meter_values(meter_entry)["energy_import"] == shown


async def test_counters_are_written_a_while_after_a_reading_and_not_more_often(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    await time.passes(hass, SAVE_DELAY - timedelta(minutes=1))
    assert stored_counters(hass_storage, fritzbox_entry) == {}
    await time.passes(hass, timedelta(minutes=2))
    first = stored_counters(hass_storage, fritzbox_entry)[IMPORT]
    await time.passes(hass, SAVE_DELAY - timedelta(minutes=3))
    assert stored_counters(hass_storage, fritzbox_entry)[IMPORT] == first
    await time.passes(hass, timedelta(minutes=6))
    assert stored_counters(hass_storage, fritzbox_entry)[IMPORT] > first


async def test_counters_are_written_at_unload(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    assert stored_counters(hass_storage, fritzbox_entry)[WORKSHOP] == box.counter(WORKSHOP) / 1000


INVALID: Final[tuple[object, ...]] = (
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
)


async def test_invalid_stored_data_is_dropped(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for content in INVALID:
        store(hass_storage, fritzbox_entry, content)
        await set_up(hass, fritzbox_entry)
        assert state_of(hass, ENERGY) == str(box.counter(WORKSHOP) / 1000), content
        assert warnings(caplog) == [], content
        assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)


# The store alone


async def recalled(
    hass: HomeAssistant, hass_storage: dict[str, Any], data: object, *, minor: int = 2
) -> CounterStore:
    """Return a store that has read its file."""
    entry = MockConfigEntry(domain=DOMAIN)
    store(hass_storage, entry, data, minor=minor)
    counter_store = CounterStore(hass, entry.entry_id)
    await counter_store.async_load()
    return counter_store


async def test_reading_before_any_other_is_none_if_it_cannot_be_accepted(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    counter_store = CounterStore(hass, entry.entry_id)
    await counter_store.async_load()
    assert counter_store.last("meter") is None
    assert counter_store.judge("meter", -1.0, now()).accepted is None
    assert counter_store.judge("meter", float("inf"), now()).accepted is None
    assert counter_store.judge("meter", 5.0, now()).accepted == 5.0
    assert counter_store.judge("meter", 0.0, now()).accepted == 5.0
    assert counter_store.judge("another", 0.0, now()).accepted is None
    counter_store.notes = {"x": 1}
    await counter_store.async_save()
    assert stored(hass_storage, entry) == {
        "counters": {"meter": [5.0, pytest.approx(START.timestamp(), abs=300)]},
        "notes": {"x": 1},
        "gaps": [],
    }
    await counter_store.async_remove()
    assert stored(hass_storage, entry) is None


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        (START.timestamp() - 60, Verdict.ACCEPTED),
        (START.timestamp() - 86_400, Verdict.QUARANTINED),
        (START.timestamp() + 86_400, Verdict.QUARANTINED),
        (None, Verdict.QUARANTINED),
        ("yesterday", Verdict.QUARANTINED),
    ],
    ids=["a minute ago", "yesterday", "tomorrow", "unknown", "senseless"],
)
async def test_how_long_ago_a_counter_was_read_is_stored(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], at: object, verdict: Verdict
) -> None:
    counter_store = await recalled(hass, hass_storage, counters({"meter": 100}, at))
    assert counter_store.last("meter") == 100.0
    assert counter_store.judge("meter", 100.5, now()).verdict is verdict
    await counter_store.async_save()


async def test_the_file_of_an_earlier_version_is_read(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    data = {"meter": 100.0, "other": 7, "text": "a lot", "none": None, "less": -1.0}
    counter_store = await recalled(hass, hass_storage, data, minor=1)
    assert counter_store.last("meter") == 100.0
    assert counter_store.last("other") == 7.0
    assert [counter_store.last(name) for name in ("text", "none", "less")] == [None] * 3
    assert counter_store.notes == {}
    assert counter_store.judge("meter", 0.0, now()).verdict is Verdict.ZERO
    assert counter_store.judge("meter", 150.0, now()).verdict is Verdict.QUARANTINED


@pytest.mark.parametrize("data", [None, [], "counters", 1], ids=repr)
async def test_a_senseless_file_of_an_earlier_version_is_forgotten(
    hass: HomeAssistant, hass_storage: dict[str, Any], data: object
) -> None:
    counter_store = await recalled(hass, hass_storage, data, minor=1)
    assert counter_store.last("meter") is None
    assert counter_store.notes == {}


@pytest.mark.parametrize(
    ("kept", "notes"), [({"a": [1]}, {"a": [1]}), ([], {}), (None, {}), ("x", {})]
)
async def test_notes_are_found_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], kept: object, notes: dict[str, Any]
) -> None:
    counter_store = await recalled(
        hass, hass_storage, {"counters": {"meter": [5, 5]}, "notes": kept}
    )
    assert counter_store.notes == notes
    assert counter_store.last("meter") == 5.0


async def test_a_word_of_truth_is_no_reading(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    counter_store = await recalled(
        hass, hass_storage, {"counters": {"meter": [True, True]}, "notes": {}}
    )
    assert counter_store.last("meter") is None


# Times without readings


async def test_gaps_are_found_again_until_they_are_settled(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    counter_store = CounterStore(hass, entry.entry_id)
    first, second = outage(), outage(key="other", counted=7.5, verdict=Verdict.REPLACED)
    counter_store.add_gap(first)
    counter_store.add_gap(second)
    await counter_store.async_save()
    again = CounterStore(hass, entry.entry_id)
    await again.async_load()
    assert again.gaps == [first, second]
    again.settle(first)
    again.settle(first)
    assert again.gaps == [second]
    await again.async_save()
    assert stored(hass_storage, entry)["gaps"] == [encode(second)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": None},
        {"start": "soon"},
        {"start": LAST + 4 * HOUR},
        {"start": -1.0},
        {"before": float("nan")},
        {"after": [1]},
        {"counted": float("inf")},
        {"counted": "much"},
        {"verdict": "guessed"},
    ],
    ids=repr,
)
async def test_a_gap_without_sense_is_left_out(
    hass: HomeAssistant, hass_storage: dict[str, Any], wrong: dict[str, Any]
) -> None:
    notes = [encode(outage()) | wrong, encode(outage(key="other")), "gap", None, {}]
    content = {"counters": {"meter": [5, 5]}, "notes": {}, "gaps": notes}
    counter_store = await recalled(hass, hass_storage, content)
    assert counter_store.gaps == [outage(key="other")]
    assert counter_store.last("meter") == 5.0


@pytest.mark.parametrize("gaps", [None, {}, "x", 5], ids=repr)
async def test_a_file_whose_gaps_are_no_list_has_none(
    hass: HomeAssistant, hass_storage: dict[str, Any], gaps: object
) -> None:
    counter_store = await recalled(hass, hass_storage, {"counters": {}, "notes": {}, "gaps": gaps})
    assert counter_store.gaps == []


@pytest.mark.parametrize(
    ("stored", "reading", "shown"), [(0.05, 0.07, None), (100.0, 100.02, 100.0), (0.0, 0.0, 0.0)]
)
async def test_a_reading_of_before_a_crash_is_not_shown_if_it_would_look_like_a_reset(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    stored: float,
    reading: float,
    shown: float | None,
) -> None:
    """The last state before the crash was higher than what was stored some minutes earlier."""
    key = f"{DOMAIN}.entry"
    hass_storage[key] = {
        "version": 1,
        "minor_version": 2,
        "key": key,
        "data": {"counters": {"plug": [stored, LAST]}, "notes": {}},
    }
    counter_store = CounterStore(hass, "entry")
    await counter_store.async_load()
    counter_store.quarantine("plug")
    assert counter_store.judge("plug", reading, at(LAST + 60)).accepted == shown
    assert counter_store.judge("plug", reading, at(LAST + 120)).accepted == reading
    # Later it stays what it was until the next reading is confirmed.
    counter_store.quarantine("plug")
    assert counter_store.judge("plug", reading + 1, at(LAST + 720)).accepted == reading
    await counter_store.async_save()
