"""The issues of a meter, which disappear with their cause."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.meter.issues import (
    PROBLEMS,
    MeterIssues,
    issue_id,
)
from custom_components.py_hab.meter.replacements import ReplacementRecord
from custom_components.py_hab.sml.registers import Quantity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.support.dialogue import TEXTS
from tests.support.mocked_reader import NUMBER, MockedReader
from tests.support.passing_time import Time
from tests.support.watching import all_unavailable, issues_of_meters as issues, meter_state

MINUTE = timedelta(minutes=1)
HALF_AN_HOUR = timedelta(minutes=30)
QUARTER = timedelta(minutes=16)


async def test_meter_that_is_well_raises_nothing(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    await mocked_reader.lives(timedelta(hours=1), E_in=0.01)
    assert issues(hass) == {}


async def test_frozen_reader_is_reported_until_a_value_changes(
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


@pytest.mark.parametrize(
    ("number", "problem"), [("", "pin_locked"), (0, "pin_locked"), (NUMBER, "inf_off")]
)
async def test_meter_in_whole_kilowatt_hours_is_reported_until_it_reports_more(
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


async def test_each_meter_of_a_reader_has_its_own_trouble(
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
async def test_nothing_is_reported_of_a_meter_that_nobody_watches(
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


# Without the user


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


async def test_trouble_that_lasts_is_reported_once(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    issues = MeterIssues(hass, entry.entry_id)
    issues.async_update("", "Meter", {"reader_frozen"})
    issue = issue_id("reader_frozen", entry.entry_id, "")
    ir.async_ignore_issue(hass, DOMAIN, issue, True)
    issues.async_update("", "Meter", {"reader_frozen"})
    registered = ir.async_get(hass).async_get_issue(DOMAIN, issue)
    assert registered is not None
    assert registered.dismissed_version is not None


async def test_the_question_names_both_readings_as_the_language_writes_them(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config.language = "de"
    record = ReplacementRecord(
        meter_index="",
        quantity=Quantity.ENERGY_IMPORT,
        verdict=Verdict.REPLACED,
        before=15119.035,
        now=4,
        at=dt_util.utcnow(),
    )
    MeterIssues(hass, entry.entry_id).async_ask_about_replacement("", "Meter", record)
    issue = ir.async_get(hass).async_get_issue(
        DOMAIN, issue_id("meter_replaced", entry.entry_id, "")
    )
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Meter", "before": "15.119,035", "now": "4"}
