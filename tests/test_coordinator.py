"""The coordinators: what is asked and received, and what happens when something goes wrong."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
import logging

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.box.errors import LONGEST_BACK_OFF
from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.coordinator import KEEP_VALUES_FOR, FritzBoxCoordinator
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_SCAN_INTERVAL, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from simulator.fritzbox import (
    ALL_RIGHTS,
    CUT,
    DEFAULT_USER,
    EMPTY_LIST,
    MALFORMED,
    Fault,
    SimulatedFritzBox,
)
from simulator.fritzbox_devices import BATH, CELLAR, REFRIGERATOR, WORKSHOP

from .support.passing_time import Time
from .support.watching import (
    all_unavailable,
    logged,
    measured_states,
    set_up,
    state_of,
    states,
    warnings,
)

POLL = timedelta(seconds=60)
ENERGY = f"{REFRIGERATOR}_energy"
POWER = f"{REFRIGERATOR}_power"
LIST = "getdevicelistinfos"


@pytest.fixture
def ains() -> Collection[str]:
    """Two plugs and two thermostats, of which one is out of reach."""
    return {REFRIGERATOR, WORKSHOP, BATH, CELLAR}


type Step = Callable[[SimulatedFritzBox], Awaitable[None] | None]


# FRITZ!Box: polls


async def test_each_poll_is_one_request(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    box.requests.clear()
    await time.passes(hass, 10 * POLL)
    assert [request.switchcmd for request in box.requests] == [LIST] * 10
    assert len(box.logins) == 1


async def test_interval_is_the_users_choice(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(fritzbox_entry, options={CONF_SCAN_INTERVAL: 300})
    await set_up(hass, fritzbox_entry)
    box.requests.clear()
    await time.passes(hass, timedelta(minutes=10))
    assert [request.switchcmd for request in box.requests] == [LIST] * 2


async def test_session_that_rested_is_verified_before_it_is_used(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(fritzbox_entry, options={CONF_SCAN_INTERVAL: 3600})
    await set_up(hass, fritzbox_entry)
    box.requests.clear()
    await time.passes(hass, timedelta(hours=1), step=timedelta(hours=1))
    with_sid = [request.path for request in box.requests if request.sid_valid is False]
    assert LIST not in with_sid
    lists = [request for request in box.requests if request.switchcmd == LIST]
    assert [request.sid_valid for request in lists] == [True]


async def test_values_follow_the_home(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    for _ in range(4):
        await time.passes(hass, timedelta(minutes=30), step=timedelta(minutes=5))
        assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


async def test_box_is_registered_before_its_devices(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    await set_up(hass, fritzbox_entry)
    coordinator: FritzBoxCoordinator = fritzbox_entry.runtime_data.coordinator
    device = next(
        device
        for device in dr.async_entries_for_config_entry(device_registry, fritzbox_entry.entry_id)
        if coordinator.source_identifier in device.identifiers
    )
    assert device.manufacturer == "FRITZ!"
    assert device.model == box.identity.name
    assert device.configuration_url == box.url
    assert device.via_device_id is None


async def test_box_that_does_not_describe_itself_is_a_box_all_the_same(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.fault(Fault(status=404), path="/jason_boxinfo.xml")
    await set_up(hass, fritzbox_entry)
    assert fritzbox_entry.runtime_data.coordinator.box.model == "FRITZ!Box"
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


# FRITZ!Box: trouble


def _refuse(fault: Fault) -> Step:
    return lambda box: box.fault(fault, path="/webservices/homeautoswitch.lua")


def _withdraw_the_right(box: SimulatedFritzBox) -> None:
    box.set_rights(DEFAULT_USER, {"NAS": 2})
    box.end_sessions()


def _give_the_right(box: SimulatedFritzBox) -> None:
    box.set_rights(DEFAULT_USER, ALL_RIGHTS)
    box.end_sessions()


def _clear(box: SimulatedFritzBox) -> None:
    box.clear_faults()


@pytest.mark.parametrize(
    ("problem", "cure", "words", "recovery"),
    [
        pytest.param(
            SimulatedFritzBox.stop,
            lambda box: box.start(box.port),
            "No connection to http://127.0.0.1:",
            2 * POLL,
            id="refused",
        ),
        pytest.param(
            _refuse(Fault(status=500)), _clear, "No connection to", 2 * POLL, id="status 500"
        ),
        pytest.param(_refuse(Fault(drop=True)), _clear, "No connection to", 2 * POLL, id="dropped"),
        pytest.param(
            lambda box: box.reboot(timedelta(minutes=7)),
            _clear,
            "No connection to",
            2 * POLL,
            id="reboot",
        ),
        pytest.param(
            lambda box: box.reboot(timedelta(minutes=7), status=503),
            _clear,
            "No connection to",
            2 * POLL,
            id="reboot with answers",
        ),
        pytest.param(
            _withdraw_the_right,
            _give_the_right,
            'lacks the permission "Smart Home"',
            LONGEST_BACK_OFF,
            id="right",
        ),
    ],
)
async def test_trouble_is_reported_once_and_ends_on_its_own(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    problem: Step,
    cure: Step,
    words: str,
    recovery: timedelta,
) -> None:
    await set_up(hass, fritzbox_entry)
    if waiting := problem(box):
        await waiting
    await time.passes(hass, POLL)
    assert all_unavailable(hass)
    await time.passes(hass, 5 * POLL)
    gone = logged(caplog)
    assert len(gone) == 1
    assert gone[0].startswith("Error fetching FRITZ!Box data: ")
    assert words in gone[0]
    if waiting := cure(box):
        await waiting
    await time.passes(hass, recovery)
    assert logged(caplog)[1:] == ["Fetching FRITZ!Box data recovered"]
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert warnings(caplog) == gone
    assert fritzbox_entry.state is ConfigEntryState.LOADED


async def test_empty_list_after_a_reboot_is_waited_out(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    before = set(states(hass))
    box.fault(EMPTY_LIST, switchcmd=LIST)
    await time.passes(hass, 3 * POLL)
    assert all_unavailable(hass)
    box.clear_faults()
    await time.passes(hass, POLL)
    assert set(states(hass)) == before
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert warnings(caplog) == []


async def test_box_with_an_empty_list_at_set_up_fills_later(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.fault(EMPTY_LIST, times=1, switchcmd=LIST)
    await set_up(hass, fritzbox_entry)
    assert measured_states(hass) == {}
    await time.passes(hass, POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


@pytest.mark.parametrize("fault", [CUT, MALFORMED], ids=["cut", "malformed"])
async def test_last_values_stand_in_for_unreadable_answers_while_fresh(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    caplog.set_level(logging.DEBUG)
    await set_up(hass, fritzbox_entry)
    before = measured_states(hass)
    box.fault(fault, switchcmd=LIST)
    await time.passes(hass, KEEP_VALUES_FOR - POLL)
    assert measured_states(hass) == before
    reported = logged(caplog, logging.WARNING)
    assert len(reported) == 1
    assert "FRITZ!Box sent an answer that cannot be read: not XML" in reported[0]
    await time.passes(hass, 3 * POLL)
    assert all_unavailable(hass)
    assert len(logged(caplog, logging.WARNING)) == 2
    # Only who wants to know everything sees names and AINs.
    assert not any(REFRIGERATOR in line for line in logged(caplog))
    found = logged(caplog, logging.DEBUG)
    assert any('<device identifier="…"' in line for line in found)
    assert not any(REFRIGERATOR in line for line in found)
    box.clear_faults()
    await time.passes(hass, POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    box.fault(fault, switchcmd=LIST)
    await time.passes(hass, POLL)
    assert len(logged(caplog, logging.WARNING)) == 3
    box.clear_faults()


async def test_unreadable_answer_does_not_revive_what_was_unavailable(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    box.fault(Fault(status=500), times=1, switchcmd=LIST)
    box.fault(CUT, switchcmd=LIST)
    await time.passes(hass, POLL)
    assert all_unavailable(hass)
    await time.passes(hass, POLL)
    assert all_unavailable(hass)


async def test_changed_password_is_asked_for_after_three_attempts(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.set_password(DEFAULT_USER, "another")
    box.end_sessions()
    await time.passes(hass, 60 * POLL)
    assert all_unavailable(hass)
    assert len(box.logins) == 1 + 3
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]
    (reported,) = logged(caplog)
    assert reported.startswith("Error fetching FRITZ!Box data: ")
    assert "trying again in 60 s" in reported


async def test_wrong_password_at_set_up_is_asked_for(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.set_password(DEFAULT_USER, "another")
    assert not await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    assert fritzbox_entry.state is ConfigEntryState.SETUP_ERROR
    await time.passes(hass, timedelta(hours=1))
    assert len(box.logins) == 1
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]


BLOCKED = Fault(
    edit=lambda text: text.replace("<BlockTime>0</BlockTime>", "<BlockTime>600</BlockTime>")
)


async def test_blocked_logins_are_waited_out(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.end_sessions()
    box.fault(BLOCKED, path="/login_sid.lua")
    await time.passes(hass, POLL)
    assert all_unavailable(hass)
    (reported,) = logged(caplog)
    assert reported.endswith(f"{box.url} refuses all logins for another 10 min")
    box.clear_faults()
    box.requests.clear()
    await time.passes(hass, 9 * POLL)
    assert box.requests == []
    assert len(box.logins) == 1
    await time.passes(hass, 2 * POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert len(box.logins) == 2


async def test_session_that_somebody_else_ended_is_renewed_silently(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.end_sessions()
    await time.passes(hass, POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert len(box.logins) == 2
    assert logged(caplog) == []


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (SimulatedFritzBox.stop, "No connection to "),
        (lambda box: box.fault(Fault(status=500)), "No connection to "),
        (lambda box: box.fault(CUT, switchcmd=LIST), "sends answers that cannot be read"),
        (lambda box: box.fault(BLOCKED), "refuses all logins for another 10 min"),
        (
            lambda box: box.fault(Fault(edit=lambda _: "<html/>"), path="/login_sid.lua"),
            "is not a FRITZ!Box",
        ),
        (_withdraw_the_right, 'lacks the permission "Smart Home"'),
    ],
)
async def test_set_up_that_fails_is_tried_again_and_reports_why(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    problem: Step,
    reason: str,
) -> None:
    if waiting := problem(box):
        await waiting
    assert not await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    assert fritzbox_entry.state is ConfigEntryState.SETUP_RETRY
    assert fritzbox_entry.reason is not None
    assert reason in fritzbox_entry.reason
    box.clear_faults()
    _give_the_right(box)
    await box.stop()
    await box.start(box.port)
    await time.passes(hass, timedelta(minutes=2))
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert len(box.sessions) == 1


# FRITZ!Box: devices come and go


async def test_new_device_appears_without_reload(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.vanish(WORKSHOP)
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{WORKSHOP}_energy") is None
    box.restore(WORKSHOP)
    await time.passes(hass, POLL)
    assert state_of(hass, f"{WORKSHOP}_energy") == str(box.counter(WORKSHOP) / 1000)


async def test_device_that_vanishes_is_unavailable_until_it_is_back(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.vanish(REFRIGERATOR)
    box.disconnect(BATH)
    await time.passes(hass, POLL)
    assert state_of(hass, ENERGY) == STATE_UNAVAILABLE
    assert state_of(hass, f"{BATH}_temperature") == STATE_UNAVAILABLE
    assert state_of(hass, f"{BATH}_window_open", "binary_sensor") == STATE_UNAVAILABLE
    assert state_of(hass, f"{WORKSHOP}_energy") != STATE_UNAVAILABLE
    box.restore(REFRIGERATOR)
    box.restore(BATH)
    await time.passes(hass, POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert state_of(hass, f"{BATH}_temperature") != STATE_UNAVAILABLE
    assert warnings(caplog) == []


async def test_value_that_comes_later_gets_its_entity_then(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.override(REFRIGERATOR, voltage="")
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{REFRIGERATOR}_voltage") is None
    box.restore(REFRIGERATOR)
    await time.passes(hass, POLL)
    assert state_of(hass, f"{REFRIGERATOR}_voltage") not in {None, STATE_UNAVAILABLE}
    assert state_of(hass, f"{CELLAR}_temperature") == STATE_UNAVAILABLE
