"""Refused sessions and missing rights: few logins, one notice, which ends with its cause."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.box.errors import LONGEST_BACK_OFF
from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from simulator.fritzbox import ALL_RIGHTS, DEFAULT_USER, Fault, SimulatedFritzBox
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.dialogue import TEXTS
from tests.support.passing_time import Time
from tests.support.watching import all_unavailable, logged, set_up, state_of, warnings

POLL = timedelta(minutes=1)
AHA = "/webservices/homeautoswitch.lua"
ENERGY = f"{REFRIGERATOR}_energy"
REFUSED = Fault(status=403)


def attempts(box: SimulatedFritzBox) -> list[datetime]:
    """Return when the list was asked for; a second time within a second is the same attempt."""
    times = [request.at for request in box.requests if request.path == AHA]
    return sorted(set(times))


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return our repair issues."""
    return {
        issue_id: issue
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


def withdraw_the_right(box: SimulatedFritzBox) -> None:
    box.set_rights(DEFAULT_USER, {"NAS": 2})
    box.end_sessions()


def give_the_right(box: SimulatedFritzBox) -> None:
    box.set_rights(DEFAULT_USER, ALL_RIGHTS)


# Sessions that are refused


async def test_refused_sessions_are_answered_with_patience(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.fault(REFUSED, path=AHA)
    box.requests.clear()
    await time.passes(hass, timedelta(hours=2))
    assert all_unavailable(hass)
    assert issues(hass) == {}
    # The session is alive all the time: no need for another one.
    assert len(box.logins) <= 2
    times = attempts(box)
    assert len(times) <= 14
    waits = [after - before for before, after in pairwise(times)]
    assert waits[0] >= 1.6 * POLL
    assert waits[1] >= 3.2 * POLL
    assert waits[2] >= 6.4 * POLL
    assert max(waits) <= 1.2 * LONGEST_BACK_OFF + POLL
    assert min(waits[4:]) >= 0.8 * LONGEST_BACK_OFF
    (reported,) = logged(caplog)
    assert f"{box.url} keeps ending our sessions; trying again in " in reported
    box.clear_faults()
    await time.passes(hass, 1.2 * LONGEST_BACK_OFF + POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert logged(caplog)[1:] == ["Fetching FRITZ!Box data recovered"]


async def test_patience_starts_anew_after_an_answer(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    for _ in range(3):
        box.fault(REFUSED, path=AHA)
        await time.passes(hass, POLL)
        assert all_unavailable(hass)
        box.clear_faults()
        await time.passes(hass, 4 * POLL)
        assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


async def test_two_homes_do_not_wait_equally_long(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    """Or two programs that end each other's sessions would meet again each time."""
    await set_up(hass, fritzbox_entry)
    coordinator = fritzbox_entry.runtime_data.coordinator
    box.fault(REFUSED, path=AHA)
    waits = set()
    for _ in range(10):
        await coordinator.async_refresh()
        waits.add(coordinator.last_exception.retry_after)
    assert len(waits) == 10
    assert all(wait <= 1.2 * LONGEST_BACK_OFF.total_seconds() for wait in waits)


# A right that is missing


async def test_withdrawn_right_is_a_notice_that_goes_away_on_its_own(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    assert issues(hass) == {}
    withdraw_the_right(box)
    await time.passes(hass, POLL)
    assert all_unavailable(hass)
    ((issue_id, issue),) = issues(hass).items()
    assert issue_id == f"no_homeauto_right_{fritzbox_entry.entry_id}"
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.is_fixable is False
    assert issue.translation_placeholders == {
        "host": box.url,
        "username": DEFAULT_USER,
    }
    text = TEXTS["issues"][issue.translation_key]["description"]
    assert "{" not in text.format(**issue.translation_placeholders)
    logins = len(box.logins)
    await time.passes(hass, timedelta(hours=1))
    # Rights belong to a login: each look costs one, and leaves no session behind.
    assert len(box.logins) - logins == 4
    assert box.sessions == ()
    assert len(issues(hass)) == 1
    assert len(logged(caplog)) == 1
    give_the_right(box)
    await time.passes(hass, LONGEST_BACK_OFF + POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert issues(hass) == {}
    assert len(warnings(caplog)) == 1
    assert len(box.sessions) == 1


async def test_right_that_is_missing_at_set_up_is_a_notice_too(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    withdraw_the_right(box)
    hass.config_entries.async_update_entry(
        fritzbox_entry, data={**fritzbox_entry.data, CONF_USERNAME: ""}
    )
    assert not await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    assert fritzbox_entry.state is ConfigEntryState.SETUP_RETRY
    (issue,) = issues(hass).values()
    assert issue.translation_placeholders == {"host": box.url, "username": "-"}
    give_the_right(box)
    await time.passes(hass, LONGEST_BACK_OFF + POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert issues(hass) == {}


async def test_notice_goes_with_its_entry(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    withdraw_the_right(box)
    await time.passes(hass, POLL)
    assert len(issues(hass)) == 1
    await hass.config_entries.async_remove(fritzbox_entry.entry_id)
    assert issues(hass) == {}
