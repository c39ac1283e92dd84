"""Nobody gets a login of the FRITZ!Box by standing in its place, and one refusal is no proof."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_socket import socket_allow_hosts

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.fritzbox.errors import NotPermittedError
from custom_components.py_hab.fritzbox_api import FritzBoxClient
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_SSDP, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.service_info.ssdp import ATTR_UPNP_UDN, SsdpServiceInfo
from simulator.fritzbox import (
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    OLD_FRITZOS,
    OTHER_PASSWORD,
    OTHER_USER,
    Fault,
    Identity,
    SimulatedFritzBox,
)
from simulator.fritzbox_devices import REFRIGERATOR
from simulator.fritzbox_login import ALL_RIGHTS
from simulator.home import Home, ManualClock
from tests.support.dialogue import change
from tests.support.passing_time import Time
from tests.support.watching import set_up, state_of, warnings

LOGIN: Final = "/login_sid.lua"
ENERGY: Final = f"{REFRIGERATOR}_energy"
POLL: Final = timedelta(minutes=1)
STRANGER: Final = "3810D5000001"


def dialogs(hass: HomeAssistant) -> list[str]:
    """Return the sources of the dialogs that wait for the user."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow["context"]["source"] for flow in flows]


async def announce(hass: HomeAssistant, location: str) -> str | None:
    """Announce the box of the entry at another address; return why nothing is offered."""
    serial = Identity().serial
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_SSDP},
        data=SsdpServiceInfo(
            ssdp_usn="",
            ssdp_st="urn:schemas-upnp-org:device:fritzbox:1",
            ssdp_location=location,
            upnp={ATTR_UPNP_UDN: f"uuid:75802409-bccb-40e7-8e6c-{serial}"},
        ),
    )
    await hass.async_block_till_done()
    return result.get("reason")


async def replaced_by(box: SimulatedFritzBox, other: SimulatedFritzBox) -> None:
    """Let another box answer at the address of a box."""
    await box.stop()
    await other.start(box.port)


@pytest.fixture
async def stranger(
    home: Home, clock: ManualClock, socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    """Another box with the same users, not started yet."""
    box = SimulatedFritzBox(
        home, clock, iterations=(1000, 1000), identity=Identity(serial=STRANGER)
    )
    yield box
    await box.stop()


async def test_announcement_alone_changes_no_address(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    for host in ("169.254.1.1", "[fe80::1]", "127.0.0.1", "[::1]"):
        await announce(hass, f"http://{host}:49000/MediaServerDevDesc.xml")
        assert fritzbox_entry.data[CONF_HOST] == box.url, host
        await time.passes(hass, 2 * POLL)
        assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
        assert dialogs(hass) == []


async def test_box_that_has_moved_is_followed_after_it_has_reported_its_serial_number(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    socket_allow_hosts(["127.0.0.1", "127.0.0.2"])
    old = f"http://127.0.0.2:{box.port}"
    hass.config_entries.async_update_entry(
        fritzbox_entry, data={**fritzbox_entry.data, CONF_HOST: old}
    )
    assert not await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    assert await announce(hass, "http://127.0.0.1:49000/x.xml") == "already_configured"
    assert fritzbox_entry.data[CONF_HOST] == box.url
    assert fritzbox_entry.state is ConfigEntryState.LOADED


async def test_stranger_at_the_known_address_gets_no_login_and_shows_no_values(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    stranger: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    await replaced_by(box, stranger)
    await time.passes(hass, 5 * POLL)
    assert all_unavailable_devices(hass)
    # Nor after a restart.
    await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    assert "is not the FRITZ!Box that was set up" in (fritzbox_entry.reason or "")
    assert not stranger.logins
    assert dialogs(hass) == []
    await stranger.stop()
    await box.start(box.port)
    await time.passes(hass, 5 * POLL)
    assert fritzbox_entry.state is ConfigEntryState.LOADED
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


def all_unavailable_devices(hass: HomeAssistant) -> bool:
    """Return whether the values of the devices are unavailable."""
    return state_of(hass, ENERGY) == "unavailable"


@pytest.mark.parametrize("challenge", ["2$1$00$1$00", "2$999$00$6000$00"])
async def test_challenge_that_gives_the_password_away_is_not_answered(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    challenge: str,
) -> None:
    await set_up(hass, fritzbox_entry)
    logins = len(box.logins)
    box.end_sessions()
    start, end = "<Challenge>", "</Challenge>"

    def weak(text: str) -> str:
        before, _, rest = text.partition(start)
        return f"{before}{start}{challenge}{end}{rest.partition(end)[2]}"

    box.fault(Fault(edit=weak), path=LOGIN)
    await time.passes(hass, 5 * POLL)
    assert len(box.logins) == logins
    assert not [request for request in box.requests[-5:] if request.method == "POST"]
    assert all_unavailable_devices(hass)
    assert dialogs(hass) == []
    box.clear_faults()
    await time.passes(hass, 5 * POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


async def test_box_that_has_offered_pbkdf2_gets_no_md5_login_after_a_restart(
    time: Time,
    hass: HomeAssistant,
    home: Home,
    clock: ManualClock,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    await time.passes(hass, 2 * POLL)
    old = SimulatedFritzBox(home, clock, identity=Identity(fritzos=OLD_FRITZOS))
    await replaced_by(box, old)
    await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    assert fritzbox_entry.state is ConfigEntryState.SETUP_RETRY
    assert "requests a login that could reveal the password" in (fritzbox_entry.reason or "")
    assert not old.logins
    await old.stop()


async def test_old_box_that_never_offered_pbkdf2_still_works(
    time: Time,
    hass: HomeAssistant,
    home: Home,
    clock: ManualClock,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    old = SimulatedFritzBox(home, clock, identity=Identity(fritzos=OLD_FRITZOS))
    await replaced_by(box, old)
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, ENERGY) == str(old.counter(REFRIGERATOR) / 1000)
    await old.stop()


# One observation is no proof


async def test_password_that_is_refused_once_is_tried_again(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.set_password(DEFAULT_USER, "not yet")
    box.end_sessions()
    await time.passes(hass, POLL)
    assert all_unavailable_devices(hass)
    box.set_password(DEFAULT_USER, DEFAULT_PASSWORD)
    await time.passes(hass, 2 * POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert [login.success for login in box.logins] == [True, False, True]
    assert dialogs(hass) == []
    assert len(warnings(caplog)) == 1


async def test_user_is_asked_after_three_refusals_within_an_hour_also_over_a_restart(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    box.set_password(DEFAULT_USER, "another")
    box.end_sessions()
    await time.passes(hass, POLL)
    assert len(box.logins) == 1 + 1
    await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    assert fritzbox_entry.state is ConfigEntryState.SETUP_RETRY
    assert "trying again in 60 s" in (fritzbox_entry.reason or "")
    assert dialogs(hass) == []
    await time.passes(hass, timedelta(hours=2))
    assert len(box.logins) == 1 + 3
    assert dialogs(hass) == [SOURCE_REAUTH]
    pauses = [
        after.at - before.at for before, after in zip(box.logins[1:], box.logins[2:], strict=False)
    ]
    assert pauses[0] >= timedelta(minutes=1)
    assert pauses[1] >= timedelta(minutes=5)


async def test_password_that_never_worked_is_tried_once(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.set_password(DEFAULT_USER, "another")
    await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await time.passes(hass, timedelta(hours=2))
    assert len(box.logins) == 1
    assert dialogs(hass) == [SOURCE_REAUTH]


async def test_without_a_user_name_the_same_user_logs_in_whoever_has_logged_in_since(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        fritzbox_entry, data={**fritzbox_entry.data, CONF_USERNAME: ""}
    )
    await set_up(hass, fritzbox_entry)
    # Somebody else logs in, whom the box preselects from now on.
    other = FritzBoxClient(
        async_get_clientsession(hass), host=box.url, username=OTHER_USER, password=OTHER_PASSWORD
    )
    with pytest.raises(NotPermittedError):
        await other.device_list()
    box.end_sessions()
    await time.passes(hass, POLL)
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    await time.passes(hass, 2 * POLL)
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    assert [(login.user, login.success) for login in box.logins] == [
        (DEFAULT_USER, True),
        (OTHER_USER, True),
        (DEFAULT_USER, True),
        (DEFAULT_USER, True),
    ]


async def test_new_password_of_another_preselected_user_is_used_for_that_user(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        fritzbox_entry, data={**fritzbox_entry.data, CONF_USERNAME: ""}
    )
    await set_up(hass, fritzbox_entry)
    box.set_rights(OTHER_USER, ALL_RIGHTS)
    other = FritzBoxClient(
        async_get_clientsession(hass), host=box.url, username=OTHER_USER, password=OTHER_PASSWORD
    )
    await other.device_list()
    dialogue = await change(hass, fritzbox_entry)
    await dialogue.answer(
        host=box.url,
        username="",
        password=OTHER_PASSWORD,
        additional_settings={"verify_ssl": True},
    )
    await time.passes(hass, 2 * POLL)
    assert all(login.success for login in box.logins)
    assert box.logins[-1].user == OTHER_USER
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
