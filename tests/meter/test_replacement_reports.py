"""A replaced counter is logged, stored, and asked about."""

import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.store import CounterStore
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.meter.counter_stage import Replacement
from custom_components.py_hab.meter.devices import MeterDevices
from custom_components.py_hab.meter.issues import MeterIssues
from custom_components.py_hab.meter.meter_set import MeterSet
from custom_components.py_hab.meter.replacement_reports import ReplacementReports
from custom_components.py_hab.meter.replacements import Answer
from custom_components.py_hab.sml.registers import Quantity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from tests.support.watching import logged


@pytest.fixture
def entry(hass: HomeAssistant, hass_storage: dict[str, Any]) -> MockConfigEntry:
    """An entry that nobody sets up."""
    entry = MockConfigEntry(domain=DOMAIN, title="Keller")
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def reports(hass: HomeAssistant, entry: MockConfigEntry) -> ReplacementReports:
    """Reports about the meters of the entry."""
    counters = CounterStore(hass, entry.entry_id)
    meters = MeterSet(entry, counters, MeterDevices(hass, entry))
    return ReplacementReports(meters, MeterIssues(hass, entry.entry_id), counters)


def replaced(
    now: float, *, verdict: Verdict = Verdict.REPLACED, before: float = 15119.0
) -> Replacement:
    return Replacement(quantity=Quantity.ENERGY_IMPORT, verdict=verdict, before=before, now=now)


def asked(hass: HomeAssistant, entry: MockConfigEntry) -> str | None:
    """Return the reading that the user is asked about."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"meter_replaced_{entry.entry_id}")
    return None if issue is None else (issue.translation_placeholders or {})["now"]


async def test_the_first_of_several_replacements_is_asked_about(
    hass: HomeAssistant, entry: MockConfigEntry, reports: ReplacementReports
) -> None:
    now = dt_util.utcnow()
    reports.async_report("", replaced(1.5), now)
    reports.async_report("", replaced(0.25, before=1.5), now)
    assert asked(hass, entry) == "1.5"
    await reports.async_answer("", Answer.NEW_METER, {})
    reports.async_ask("")
    assert asked(hass, entry) is None


async def test_only_who_wants_to_know_everything_sees_readings_in_the_log(
    reports: ReplacementReports, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reports.async_report("", replaced(1.5), dt_util.utcnow())
    told, everything = logged(caplog), logged(caplog, logging.DEBUG)
    assert told == ["Keller: energy_import continues from another reading (replaced)"]
    assert "Keller: 1.5 kWh after 15119.0 kWh" in everything


async def test_nobody_is_asked_about_a_rollover(
    hass: HomeAssistant, entry: MockConfigEntry, reports: ReplacementReports
) -> None:
    reports.async_report("", replaced(0.5, verdict=Verdict.ROLLED_OVER), dt_util.utcnow())
    assert asked(hass, entry) is None


async def test_an_answer_is_stored_at_once(
    entry: MockConfigEntry, hass_storage: dict[str, Any], reports: ReplacementReports
) -> None:
    reports.async_report("", replaced(1.5), dt_util.utcnow())
    await reports.async_answer("", Answer.SAME_METER, {})
    notes = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["notes"]
    assert [record["answer"] for record in notes["replacements"]] == ["same_meter"]
