"""What the ledger remembers, and what it makes of a file that somebody has broken."""

from datetime import timedelta
import json
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.py_hab.history.ledger import (
    MAX_EVENTS,
    SAVE_DELAY,
    Account,
    Hours,
    Ledger,
    Work,
)
from custom_components.py_hab.history.rows import HOUR
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

KEY: Final = "py_hab.history"


def full_account() -> Account:
    account = Account(
        entry_id="entry",
        replaced={HOUR: {"state": 1.0, "sum": None}},
        shifts=[(HOUR, 2.5), (2 * HOUR + 300, -1.0)],
        join=4 * HOUR,
        begun=[HOUR, 1.0, HOUR, 300, 0.5, [(2 * HOUR, 1.0)]],
        witness=5 * HOUR,
        undone=True,
    )
    account.inserted.add([6 * HOUR, 7 * HOUR, 9 * HOUR])
    account.writing.add([11 * HOUR])
    account.tell(Work.IMPORT, rows=3)
    return account


def stored(**accounts: Any) -> dict[str, Any]:
    return {"version": 1, "key": KEY, "data": {"accounts": accounts}}


async def loaded(hass: HomeAssistant) -> Ledger:
    ledger = Ledger(hass)
    await ledger.async_load()
    return ledger


def test_hours_are_kept_as_runs() -> None:
    hours = Hours()
    hours.add([2 * HOUR, 0, HOUR, 5 * HOUR])
    assert hours.runs == [[0, 2 * HOUR], [5 * HOUR, 5 * HOUR]]
    assert len(hours) == 4
    assert HOUR in hours
    assert 3 * HOUR not in hours
    assert "noon" not in hours
    hours.discard([HOUR, 7 * HOUR])
    assert hours.all() == {0, 2 * HOUR, 5 * HOUR}
    assert hours.runs == [[0, 0], [2 * HOUR, 2 * HOUR], [5 * HOUR, 5 * HOUR]]


def test_a_shift_reaches_the_hour_that_it_begins_in() -> None:
    account = full_account()
    assert [account.shift_at(hour * HOUR) for hour in range(4)] == [0.0, 2.5, 1.5, 1.5]


def test_a_shift_and_its_opposite_leave_nothing() -> None:
    account = Account()
    account.note_shift(HOUR, 1.5)
    account.note_shift(HOUR, 0.0)
    account.note_shift(2 * HOUR, -1.5)
    assert account.shifts == [(HOUR, 1.5), (2 * HOUR, -1.5)]
    account.note_shift(HOUR, -1.5)
    account.note_shift(2 * HOUR, 1.5)
    assert account.is_clean


def test_only_the_last_events_are_told() -> None:
    account = Account()
    for number in range(MAX_EVENTS + 1):
        account.tell(Work.OUTAGE, number=number)
    assert [event["number"] for event in account.events] == list(range(1, MAX_EVENTS + 1))


def test_a_cleared_account_is_clean() -> None:
    account = full_account()
    was_clean = account.is_clean
    account.clear()
    assert (was_clean, account.is_clean, account.undone) == (False, True, True)


async def test_everything_is_found_again(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    ledger = await loaded(hass)
    assert not ledger.accounts
    ledger.accounts["sensor.full"] = full_account()
    ledger.runs["entry"] = {"at": "2026-10-01T00:00:00+00:00", "result": []}
    ledger.account("sensor.looked_at")
    await ledger.async_save()
    # As the file has it.
    hass_storage[KEY]["data"]["accounts"]["sensor.full"]["begun"][5] = [[2 * HOUR, 1.0]]
    again = await loaded(hass)
    assert again.accounts == {"sensor.full": ledger.accounts["sensor.full"]}
    assert again.runs == ledger.runs
    assert list(again.of_entry("entry")) == ["sensor.full"]
    assert again.of_entry("another") == {}


async def test_what_can_wait_is_saved_before_long(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await loaded(hass)
    ledger.account("sensor.a").undone = True
    ledger.save_soon()
    assert KEY not in hass_storage
    async_fire_time_changed(hass, dt_util.utcnow() + SAVE_DELAY + timedelta(seconds=1))
    await hass.async_block_till_done()
    assert list(hass_storage[KEY]["data"]["accounts"]) == ["sensor.a"]


async def test_an_account_moves_only_where_nothing_is_changed(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await loaded(hass)
    ledger.accounts["sensor.a"] = account = full_account()
    ledger.account("sensor.b")
    assert ledger.rename("sensor.a", "sensor.b")
    assert ledger.accounts == {"sensor.b": account}
    assert not ledger.rename("sensor.a", "sensor.c")
    ledger.accounts["sensor.c"] = full_account()
    assert not ledger.rename("sensor.b", "sensor.c")


NONSENSE: Final[dict[str, Any]] = {
    "entry_id": [7, ["entry"]],
    "inserted": [None, "hours", {}, [[0]], [[HOUR, 0]], [[0, 5]], [["0", "3600"]], [[0.5, 7200.5]]],
    "replaced": [None, {}, [[HOUR]], [["now", {}]], [[HOUR, []]], [[HOUR, {"sum": "much"}]], [5]],
    "shifts": [None, "all", [[HOUR]], [["now", 1.0]], [[HOUR, None]], [5]],
    "join": ["now", 1.5, []],
    "begun": ["now", [], [HOUR, 1.0, HOUR, 300, 0.5, None], [HOUR, "x", HOUR, 300, 0.5, []]],
    "writing": [7, [7]],
    "witness": ["nobody"],
    "events": [None, 5],
    "undone": [None, "yes"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in NONSENSE.items() for value in values]
)
async def test_an_account_of_nonsense_is_set_aside(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: Any,
) -> None:
    sound = full_account()
    sound.begun = None
    kept = json.loads(json.dumps(sound.as_json()))
    broken = kept | {name: value}
    hass_storage[KEY] = stored(**{"sensor.broken": broken, "sensor.sound": kept})
    ledger = await loaded(hass)
    assert ledger.accounts == {"sensor.sound": sound}
    assert caplog.messages.count("What was changed of sensor.broken cannot be read any more") == 1
    # It stays in the file, and is not told of again.
    caplog.clear()
    await ledger.async_save()
    again = await loaded(hass)
    await again.async_save()
    assert again.accounts == {"sensor.sound": sound}
    assert hass_storage[KEY]["data"]["set_aside"] == {"sensor.broken": broken}
    assert "cannot be read" not in caplog.text


@pytest.mark.parametrize("account", [None, 5, "account", [], {}])
async def test_what_is_no_account_is_set_aside(
    hass: HomeAssistant, hass_storage: dict[str, Any], account: Any
) -> None:
    hass_storage[KEY] = stored(**{"sensor.broken": account})
    assert (await loaded(hass)).accounts == {}


@pytest.mark.parametrize(
    "data",
    [
        [],
        "ledger",
        {"accounts": []},
        {"runs": 5},
        {"set_aside": 5},
        {"runs": {"entry": None}},
        {"runs": {"entry": []}},
        {"runs": {"entry": {}}},
        {"runs": {"entry": {"at": 5, "result": []}}},
        {"runs": {"entry": {"at": "yesterday", "result": []}}},
        {"runs": {"entry": {"at": "2026-03-20T12:00:00", "result": []}}},
        {"runs": {"entry": {"at": "2026-03-20T12:00:00+00:00"}}},
        {"runs": {"entry": {"at": "2026-03-20T12:00:00+00:00", "result": [{"rows": "7"}]}}},
    ],
)
async def test_a_file_of_nonsense_is_an_empty_one(
    hass: HomeAssistant, hass_storage: dict[str, Any], data: Any
) -> None:
    hass_storage[KEY] = {"version": 1, "key": KEY, "data": data}
    ledger = await loaded(hass)
    assert (ledger.accounts, ledger.runs) == ({}, {})
    await ledger.async_save()


async def test_events_of_nonsense_are_left_out(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    account = full_account().as_json() | {"begun": None, "events": [5, {"work": "import"}]}
    hass_storage[KEY] = stored(**{"sensor.a": account})
    assert (await loaded(hass)).account("sensor.a").events == [{"work": "import"}]
