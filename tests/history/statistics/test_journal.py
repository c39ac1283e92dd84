"""What the journal keeps, and what it makes of a file that somebody has broken."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.entry import MaintenanceResult
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.difference import Difference
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.statistics.journal import (
    MAX_EVENTS,
    SAVE_DELAY,
    ChangeJournal,
    StatisticChanges,
)
from custom_components.py_hab.util.records import decode
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

KEY: Final = "py_hab.history"


def full_account() -> StatisticChanges:
    changes = StatisticChanges(
        entry_id="entry",
        done=Difference(
            stamp=1_790_000_000,
            unit="kWh",
            inserted=[(6 * HOUR, 7 * HOUR), (9 * HOUR, 9 * HOUR)],
            replaced={HOUR: {"state": 1.0, "sum": None}},
            sum_adjustments=[(HOUR, 2.5), (2 * HOUR + 300, -1.0)],
            hourly_sums={HOUR: 0.1},
            short_term_sums={2 * HOUR + 300: 0.2},
            marks={2 * HOUR: 12.5, 3 * HOUR: None},
            seed=10 * HOUR,
        ),
        planned=Difference(stamp=1_790_000_001, unit="kWh"),
        undone=True,
    )
    changes.log(ChangeReason.IMPORT, rows=3)
    return changes


def previous_account() -> dict[str, Any]:
    """What version 0.1.0 has stored."""
    return {
        "entry_id": "entry",
        "inserted": [[6 * HOUR, 7 * HOUR], [9 * HOUR, 9 * HOUR]],
        "replaced": [[HOUR, {"state": 1.0, "sum": None, "last_reset": 0.5}]],
        "shifts": [[HOUR, 2.5], [2 * HOUR + 300, -1.0]],
        "join": 4 * HOUR,
        "begun": [HOUR, 1.0, HOUR, 300, 0.5, [[2 * HOUR, 1.0]]],
        "writing": [[11 * HOUR, 11 * HOUR]],
        "witness": 5 * HOUR,
        "events": [{"work": "import"}],
        "undone": True,
    }


def stored(**by_statistic: Any) -> dict[str, Any]:
    return {"version": 1, "key": KEY, "data": {"accounts": by_statistic}}


@pytest.fixture(autouse=True)
def entry(hass: HomeAssistant) -> None:
    """The entry whose statistics were changed."""
    MockConfigEntry(domain=DOMAIN, entry_id="entry").add_to_hass(hass)


async def loaded(hass: HomeAssistant) -> ChangeJournal:
    journal = ChangeJournal(hass)
    await journal.async_load()
    return journal


def test_only_the_last_events_are_kept() -> None:
    changes = StatisticChanges()
    for number in range(MAX_EVENTS + 1):
        changes.log(ChangeReason.OUTAGE, number=number)
    assert [event["number"] for event in changes.events] == list(range(1, MAX_EVENTS + 1))


async def test_everything_is_found_again(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    journal = await loaded(hass)
    assert not journal.by_statistic
    journal.by_statistic["sensor.full"] = full_account()
    run = MaintenanceResult(at=datetime(2026, 10, 1, tzinfo=UTC), result=[])
    journal.runs |= {"entry": run, "removed": run}
    journal.changes_of("sensor.looked_at")
    await journal.async_save()
    as_file(hass_storage)
    again = await loaded(hass)
    assert again.by_statistic == {"sensor.full": journal.by_statistic["sensor.full"]}
    assert again.runs == {"entry": run}
    assert list(again.of_entry("entry")) == ["sensor.full"]
    assert again.of_entry("another") == {}


def as_file(hass_storage: dict[str, Any]) -> None:
    """Let the storage be what a file would give back."""
    hass_storage[KEY] = json.loads(json.dumps(hass_storage[KEY]))


async def test_changes_of_an_earlier_version_stay_as_they_are_until_the_next_one(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    hass_storage[KEY] = stored(**{"sensor.old": previous_account()})
    journal = await loaded(hass)
    changes = journal.by_statistic["sensor.old"]
    assert changes.done.sum_adjustments == [(HOUR, 2.5), (2 * HOUR + 300, -1.0)]
    assert changes.done.replaced == {HOUR: {"state": 1.0, "sum": None, "last_reset_ts": 0.5}}
    assert not changes.is_clean
    await journal.async_save()
    as_file(hass_storage)
    assert hass_storage[KEY]["data"]["accounts"]["sensor.old"] == previous_account()
    changes.planned = Difference(stamp=1_790_000_000)
    await journal.async_save()
    as_file(hass_storage)
    assert (await loaded(hass)).by_statistic == {"sensor.old": changes}


async def test_what_can_wait_is_saved_before_long(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    journal = await loaded(hass)
    journal.changes_of("sensor.a").undone = True
    journal.save_soon()
    assert KEY not in hass_storage
    async_fire_time_changed(hass, dt_util.utcnow() + SAVE_DELAY + timedelta(seconds=1))
    await hass.async_block_till_done()
    assert list(hass_storage[KEY]["data"]["accounts"]) == ["sensor.a"]


async def test_an_account_moves_only_where_nothing_is_changed(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    journal = await loaded(hass)
    journal.by_statistic["sensor.a"] = changes = full_account()
    journal.changes_of("sensor.b")
    journal.runs["entry"] = run = decode(
        MaintenanceResult,
        {
            "at": "2026-03-19T23:30:00+00:00",
            "result": [{"entity_id": f"sensor.{name}", "rows": 5} for name in "xa"],
        },
    )
    assert journal.rename("sensor.a", "sensor.b")
    assert journal.by_statistic == {"sensor.b": changes}
    # The table of the last run names no entity that is gone.
    assert [report.entity_id for report in run.result] == ["sensor.x", "sensor.b"]
    assert not journal.rename("sensor.a", "sensor.c")
    journal.by_statistic["sensor.c"] = full_account()
    assert not journal.rename("sensor.b", "sensor.c")


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
    "done": [None, 5, [], {"stamp": "now"}, {"inserted": 5}, {"replaced": {"HOUR": {}}}],
    "planned": [5, [], {"sum_adjustments": [["now", 1.0]]}],
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
    is_new = name in ("done", "planned")
    kept = json.loads(json.dumps(full_account().as_json())) if is_new else previous_account()
    sound = StatisticChanges.from_json(kept)
    broken = kept | {name: value}
    hass_storage[KEY] = stored(**{"sensor.broken": broken, "sensor.sound": kept})
    journal = await loaded(hass)
    assert journal.by_statistic == {"sensor.sound": sound}
    assert caplog.messages.count("What was changed of sensor.broken cannot be read any more") == 1
    # It stays in the file, and is not reported again.
    caplog.clear()
    await journal.async_save()
    again = await loaded(hass)
    await again.async_save()
    assert again.by_statistic == {"sensor.sound": sound}
    assert hass_storage[KEY]["data"]["set_aside"] == {"sensor.broken": broken}
    assert "cannot be read" not in caplog.text


@pytest.mark.parametrize("changes", [None, 5, "account", [], {}])
async def test_what_is_no_account_is_set_aside(
    hass: HomeAssistant, hass_storage: dict[str, Any], changes: Any
) -> None:
    hass_storage[KEY] = stored(**{"sensor.broken": changes})
    assert (await loaded(hass)).by_statistic == {}


@pytest.mark.parametrize(
    "data",
    [
        [],
        "journal",
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
    journal = await loaded(hass)
    assert (journal.by_statistic, journal.runs) == ({}, {})
    await journal.async_save()


async def test_events_of_nonsense_are_left_out(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    changes = full_account().as_json() | {"events": [5, {"work": "import"}]}
    hass_storage[KEY] = stored(**{"sensor.a": changes})
    assert (await loaded(hass)).changes_of("sensor.a").events == [{"work": "import"}]
