"""What the user is told of a meter in trouble, and that it goes away by itself."""

from dataclasses import replace
from datetime import timedelta
import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.guard import Verdict
from custom_components.py_hab.meter.issues import (
    MAX_REPLACEMENTS,
    PROBLEMS,
    Answer,
    MeterIssues,
    issue_id,
)
from custom_components.py_hab.meter.meter import Replacement
from custom_components.py_hab.sml.registers import Quantity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.support.dialogue import TEXTS
from tests.support.mocked_reader import NUMBER, MockedReader
from tests.support.passing_time import Time
from tests.support.watching import all_unavailable, meter_state

MINUTE = timedelta(minutes=1)
HALF_AN_HOUR = timedelta(minutes=30)
QUARTER = timedelta(minutes=16)


def issues(hass: HomeAssistant) -> dict[str, str]:
    """Return the name of the meter by the id of each issue of ours that is raised now."""
    found = {}
    for (domain, issue), entry in ir.async_get(hass).issues.items():
        if domain == DOMAIN and entry.active:
            assert entry.translation_key in TEXTS["issues"]
            assert entry.severity is ir.IssueSeverity.WARNING
            placeholders = entry.translation_placeholders or {}
            found[issue] = placeholders["name"]
    return found


async def test_meter_that_is_well_raises_nothing(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    await mocked_reader.lives(timedelta(hours=1), E_in=0.01)
    assert issues(hass) == {}


async def test_frozen_reader_is_told_until_a_value_changes(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=14))
    assert issues(hass) == {}
    await mocked_reader.lives(4 * MINUTE)
    assert issues(hass) == {f"reader_frozen_{entry.entry_id}": "MT681"}
    # A reading that is repeated for ever is worse than none.
    assert all_unavailable(hass)
    await mocked_reader.lives(2 * MINUTE, E_in=0.01)
    assert issues(hass) == {}
    assert not all_unavailable(hass)


async def test_silent_meter_is_told_while_its_head_speaks(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    mocked_reader.answers = False
    for _ in range(18):
        await time.passes(hass, MINUTE)
        await mocked_reader.says("STATE", {"UptimeSec": 5000})
    assert issues(hass) == {f"meter_silent_{entry.entry_id}": "MT681"}
    await mocked_reader.lives(2 * MINUTE, E_in=0.01, Power=1)
    assert issues(hass) == {}


async def test_meter_that_was_never_heard_of_is_silent_too(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    mocked_reader.answers = False
    await mocked_reader.reload(entry)
    for _ in range(18):
        await time.passes(hass, MINUTE)
        await mocked_reader.says("SENSOR", {"Time": "2026-03-20T19:07:33"})
    assert issues(hass) == {f"meter_silent_{entry.entry_id}": "MT681"}


@pytest.mark.parametrize("gone", ["head", "offline", "broker"])
async def test_silence_of_a_head_that_is_away_is_no_trouble_of_the_meter(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, gone: str
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    mocked_reader.answers = False
    if gone == "offline":
        await mocked_reader.says("LWT", "Offline")
    if gone == "broker":
        await mocked_reader.broker_goes()
    await time.passes(hass, QUARTER)
    assert all_unavailable(hass)
    assert issues(hass) == {}


@pytest.mark.parametrize(
    ("number", "problem"), [("", "pin_locked"), (0, "pin_locked"), (NUMBER, "inf_off")]
)
async def test_meter_in_whole_kilowatt_hours_is_told_until_it_tells_more(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, number: object, problem: str
) -> None:
    entry = mocked_reader.entry()
    mocked_reader.blocks = {"MT681": {"E_in": 15119, "E_out": 2381, "Power": 0, "Meter_id": number}}
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(4 * HALF_AN_HOUR, step=HALF_AN_HOUR, E_in=1)
    await time.passes(hass, MINUTE)
    assert issues(hass) == {f"{problem}_{entry.entry_id}": "MT681"}
    assert entry.runtime_data.counters.last("energy_import") == 15123
    await mocked_reader.reads(Power=300, E_in=15123.2)
    await time.passes(hass, MINUTE)
    assert issues(hass) == {}


async def test_pin_that_was_entered_for_the_number_alone_is_another_trouble(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    mocked_reader.blocks = {"MT681": {"E_in": 15119, "E_out": 2381, "Power": 0, "Meter_id": ""}}
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(4 * HALF_AN_HOUR, step=HALF_AN_HOUR, E_in=1)
    for _ in range(2):
        await time.passes(hass, MINUTE)
        await mocked_reader.reads(Meter_id=NUMBER)
    await time.passes(hass, MINUTE)
    assert list(issues(hass)) == [f"inf_off_{entry.entry_id}"]


async def test_each_meter_of_a_head_has_its_own_trouble(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks["WP"] = {"Total_in": 42.512, "Power_curr": 300}
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=18), E_in=0.01)
    assert issues(hass) == {f"reader_frozen_{entry.entry_id}_2": "WP"}
    assert meter_state(hass, entry, "power") == "200.0"
    assert all_unavailable(hass) is False


@pytest.mark.parametrize("end", ["unload", "remove"])
async def test_nothing_is_told_of_a_meter_that_nobody_watches(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, end: str
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=18))
    assert len(issues(hass)) == 1
    if end == "unload":
        assert await hass.config_entries.async_unload(entry.entry_id)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == {}


# By itself


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """An entry that nobody sets up."""
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    return entry


def test_every_trouble_has_its_words() -> None:
    assert {str(problem) for problem in PROBLEMS} < TEXTS["issues"].keys()
    for problem in PROBLEMS:
        assert "{name}" in TEXTS["issues"][problem]["title"]


async def test_trouble_that_lasts_is_told_once(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    notices = MeterIssues(hass, entry)
    notices.async_update("", "Meter", {"reader_frozen"})
    issue = issue_id("reader_frozen", entry, "")
    ir.async_ignore_issue(hass, DOMAIN, issue, True)
    notices.async_update("", "Meter", {"reader_frozen"})
    registered = ir.async_get(hass).async_get_issue(DOMAIN, issue)
    assert registered is not None
    assert registered.dismissed_version is not None


def replacement(now: float, verdict: Verdict = Verdict.REPLACED) -> Replacement:
    return Replacement(quantity=Quantity.ENERGY_IMPORT, verdict=verdict, before=100.0, now=now)


async def test_only_so_many_replacements_are_kept(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    notices = MeterIssues(hass, entry)
    for now in range(MAX_REPLACEMENTS + 5):
        notices.async_report_replacement("", "Meter", replacement(now), None)
    assert [item["now"] for item in notices.replacements] == [*range(5, MAX_REPLACEMENTS + 5)]


async def test_answer_is_for_all_open_questions_of_a_meter(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    notices = MeterIssues(hass, entry)
    notices.async_report_replacement("", "Meter", replacement(1), None)
    notices.async_report_replacement("", "Meter", replacement(2, Verdict.ROLLED_OVER), None)
    notices.async_report_replacement("2", "Other", replacement(3), None)
    notices.answer("", Answer.NEW_METER)
    notices.async_report_replacement("", "Meter", replacement(4), None)
    assert [item["answer"] for item in notices.replacements] == ["new_meter", None, None, None]
    assert [item["now"] for item in notices.unanswered("")] == [4]
    assert [item["now"] for item in notices.unanswered("2")] == [3]
    # The question names the first reading that nothing was said of.
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id("meter_replaced", entry, ""))
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Meter", "before": "100", "now": "4"}


@pytest.mark.parametrize("notes", [None, {}, 5, ["x"], [{"place": ""}], [[]]])
async def test_spoilt_notes_are_left_out(
    hass: HomeAssistant, entry: MockConfigEntry, notes: object
) -> None:
    notices = MeterIssues(hass, entry)
    notices.recall(notes)
    assert notices.replacements == []


async def test_notes_are_found_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    notices = MeterIssues(hass, entry)
    notices.async_report_replacement("", "Meter", replacement(1), None)
    again = MeterIssues(hass, entry)
    again.recall([*notices.replacements, {"place": ""}])
    assert again.replacements == notices.replacements


def gap(end: float) -> Gap:
    return Gap(
        key="energy_import",
        start=end - 3600,
        before=100.0,
        end=end,
        after=1.0,
        verdict=Verdict.REPLACED,
        counted=0.1,
    )


async def test_what_both_meters_have_counted_mends_the_gap_that_was_asked_about(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    notices = MeterIssues(hass, entry)
    first, second = gap(10_000.0), gap(20_000.0)
    notices.async_report_replacement("", "Meter", replacement(1), first)
    notices.async_report_replacement("", "Meter", replacement(2), second)
    again = MeterIssues(hass, entry)
    again.recall(json.loads(json.dumps(notices.replacements)))
    assert again.answer("", Answer.NEW_METER, {"energy_import": 7.5}) == [
        replace(first, counted=7.5)
    ]
    assert again.unanswered("") == []


@pytest.mark.parametrize("counted", [None, {}, {"energy_export": 7.5}])
async def test_without_readings_nothing_is_mended(
    hass: HomeAssistant, entry: MockConfigEntry, counted: dict[str, float] | None
) -> None:
    notices = MeterIssues(hass, entry)
    notices.async_report_replacement("", "Meter", replacement(1), gap(10_000.0))
    assert notices.answer("", Answer.NEW_METER, counted) == []


@pytest.mark.parametrize("note", [None, "x", {}, {"key": "energy_import"}])
async def test_readings_about_a_gap_that_nobody_knows_mend_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, note: object
) -> None:
    notices = MeterIssues(hass, entry)
    notices.async_report_replacement("", "Meter", replacement(1), None)
    notices.replacements[0]["gap"] = note
    assert notices.answer("", Answer.NEW_METER, {"energy_import": 7.5}) == []
