"""Setting up a FRITZ!Box and changing it later, with a simulated box at the other end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from simulator.broker import free_port
from simulator.fritzbox import (
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    MALFORMED,
    OLD_FRITZOS,
    OTHER_PASSWORD,
    OTHER_USER,
    Fault,
    Identity,
    SimulatedFritzBox,
)
from simulator.home import Home, ManualClock
from tests.support.certificates import own_certificate
from tests.support.dialogue import Dialogue, add, asked_for_login, change, leave

SERIAL = "38:10:d5:5e:7a:1c"
DESCRIPTION = "/jason_boxinfo.xml"
HIDDEN = Fault(status=404)
NEW_PASSWORD = "a new one"


QUICK: dict[str, Any] = {"iterations": (1000, 1000)}


def identity(serial: str = SERIAL) -> Identity:
    return Identity(serial=serial.replace(":", "").upper())


@asynccontextmanager
async def running(box: SimulatedFritzBox) -> AsyncIterator[SimulatedFritzBox]:
    await box.start()
    yield box
    await box.stop()


async def move(box: SimulatedFritzBox) -> None:
    """Give a box another address."""
    await box.stop()
    await box.start()


async def fill_in(
    dialogue: Dialogue,
    host: str,
    username: str = DEFAULT_USER,
    password: str = DEFAULT_PASSWORD,
    *,
    verify_ssl: bool = True,
) -> None:
    """Fill in the form for a box."""
    await dialogue.answer(
        host=host,
        username=username,
        password=password,
        additional_settings={"verify_ssl": verify_ssl},
    )


# Adding


async def test_a_box_is_added(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    dialogue = await add(hass, "fritzbox")
    assert dialogue.suggested == {
        "host": "fritz.box",
        "username": "",
        "additional_settings": {"verify_ssl": True},
    }
    await fill_in(dialogue, box.host)
    entry = dialogue.entry
    assert entry.title == "FRITZ!Box 7690"
    assert entry.unique_id == SERIAL
    assert entry.data == {
        "kind": "fritzbox",
        "host": box.host,
        "username": DEFAULT_USER,
        "password": DEFAULT_PASSWORD,
        "verify_ssl": True,
    }
    assert entry.options == {}
    # The dialogue has left its own session; the one that is open is the entry's.
    assert len(box.logins) == 2
    assert len(box.sessions) == 1
    await leave(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not box.sessions


async def test_the_user_may_stay_empty(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host, username="")
    assert dialogue.entry.data["username"] == ""
    assert {login.user for login in box.logins} == {DEFAULT_USER}
    await leave(hass, dialogue.entry)


@pytest.mark.parametrize("spelling", ["{}", "  {} ", "http://{}", "http://{}/"])
async def test_an_address_may_be_written_like(
    hass: HomeAssistant, box: SimulatedFritzBox, spelling: str
) -> None:
    dialogue = await add(hass, "fritzbox")
    typed = spelling.format(box.host)
    await fill_in(dialogue, typed)
    assert dialogue.entry.data["host"] == typed.strip()
    await leave(hass, dialogue.entry)


@pytest.mark.parametrize("nonsense", ["", "fritz box", "ftp://fritz.box", "http://", "[::1"])
async def test_nonsense_is_no_address(
    hass: HomeAssistant, box: SimulatedFritzBox, nonsense: str
) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, nonsense)
    assert dialogue.step == "fritzbox"
    assert dialogue.errors == {"host": "invalid_host"}
    assert dialogue.suggested["host"] == nonsense
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


# What goes wrong, and goes right after that in the same dialogue


async def test_nobody_answers(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, f"127.0.0.1:{free_port()}")
    assert dialogue.errors == {"base": "cannot_connect"}
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


@pytest.mark.parametrize("fault", [Fault(drop=True), Fault(status=500), Fault(status=401)])
async def test_the_box_does_not_answer_sensibly(
    hass: HomeAssistant, box: SimulatedFritzBox, fault: Fault
) -> None:
    box.fault(fault)
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host)
    assert dialogue.errors == {"base": "cannot_connect"}
    box.clear_faults()
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


def page(text: str, kind: str = "text/html", status: int = 200) -> web.Application:
    """Return a web server that answers everything with one page."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind, status=status)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    return application


@pytest.mark.parametrize(
    "server",
    [
        page("<html><body>My printer</body></html>"),
        page('{"name": "printer"}', "application/json"),
        page("<SessionInfo><SID>none</SID></SessionInfo>", "text/xml"),
        page("not here", status=404),
        page("elsewhere", status=302),
    ],
    ids=["html", "json", "xml", "404", "302"],
)
async def test_another_web_server_is_no_fritzbox(
    hass: HomeAssistant, box: SimulatedFritzBox, server: web.Application
) -> None:
    dialogue = await add(hass, "fritzbox")
    async with TestServer(server, host="127.0.0.1") as printer:
        await fill_in(dialogue, f"127.0.0.1:{printer.port}")
    assert dialogue.errors == {"base": "not_a_fritzbox"}
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


async def test_what_speaks_no_http_is_no_fritzbox(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_10.2\r\n")
        writer.close()
        await writer.wait_closed()

    dialogue = await add(hass, "fritzbox")
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        await fill_in(dialogue, f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert dialogue.errors == {"base": "not_a_fritzbox"}
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


async def test_a_certificate_of_its_own_is_only_trusted_when_configured(
    hass: HomeAssistant, home: Home, clock: ManualClock, tmp_path: Path, socket_enabled: None
) -> None:
    # In debug mode the loop reports a client that breaks off the handshake as an error.
    hass.loop.set_debug(False)
    tls = await hass.async_add_executor_job(own_certificate, tmp_path)
    async with running(
        SimulatedFritzBox(home, clock, identity=identity(), tls=tls, **QUICK)
    ) as secure_box:
        dialogue = await add(hass, "fritzbox")
        await fill_in(dialogue, secure_box.url)
        assert dialogue.errors == {"base": "invalid_certificate"}
        assert not secure_box.requests
        await fill_in(dialogue, secure_box.url, verify_ssl=False)
        assert dialogue.entry.data["verify_ssl"] is False
        assert dialogue.entry.data["host"].startswith("https://")
        await leave(hass, dialogue.entry)


async def test_a_wrong_password_is_tried_once(
    hass: HomeAssistant, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host, password="wrong")
    assert dialogue.errors == {"base": "invalid_auth"}
    assert [login.success for login in box.logins] == [False]
    # What was typed stays in the form.
    assert dialogue.suggested["host"] == box.host
    assert dialogue.suggested["username"] == DEFAULT_USER
    clock.advance(timedelta(minutes=1))
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


async def test_nothing_is_tried_while_the_box_blocks_logins(
    hass: HomeAssistant, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host, password="wrong")
    await fill_in(dialogue, box.host)
    assert dialogue.errors == {"base": "login_blocked"}
    assert dialogue.placeholders["time"] == "2 s"
    assert len(box.logins) == 1
    clock.advance(timedelta(seconds=2))
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


async def test_a_user_without_the_smart_home_right_gets_an_error(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host, OTHER_USER, OTHER_PASSWORD)
    assert dialogue.errors == {"base": "no_homeauto_right"}
    assert not box.sessions
    box.set_rights(OTHER_USER, {"HomeAuto": 1})
    await fill_in(dialogue, box.host, OTHER_USER, OTHER_PASSWORD)
    await leave(hass, dialogue.entry)


async def test_an_unreadable_device_list_is_reported(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    box.fault(MALFORMED, times=1, switchcmd="getdevicelistinfos")
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host)
    assert dialogue.errors == {"base": "invalid_answer"}
    assert not box.sessions
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


# The same box again


async def test_the_same_box_is_recognised_before_a_login(
    hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    dialogue = await add(hass, "fritzbox")
    await move(box)
    await fill_in(dialogue, box.host, password="wrong")
    assert dialogue.end == "already_configured"
    assert not box.logins


@pytest.mark.parametrize("fault", [HIDDEN, MALFORMED])
async def test_a_box_that_keeps_its_description_to_itself_is_identified_by_its_address(
    hass: HomeAssistant, box: SimulatedFritzBox, fault: Fault
) -> None:
    box.fault(fault, path=DESCRIPTION)
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host)
    entry = dialogue.entry
    assert entry.title == "FRITZ!Box"
    assert entry.unique_id is None
    logins = len(box.logins)
    again = await add(hass, "fritzbox")
    await fill_in(again, box.host, password="wrong")
    assert again.end == "already_configured"
    assert len(box.logins) == logins
    await leave(hass, entry)


async def test_a_box_without_description_is_not_taken_for_one_tried_before(
    hass: HomeAssistant, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host, password="wrong")
    box.fault(HIDDEN, path=DESCRIPTION)
    clock.advance(timedelta(minutes=1))
    await fill_in(dialogue, box.host)
    assert dialogue.entry.unique_id is None
    await leave(hass, dialogue.entry)


async def test_a_dialogue_left_open_elsewhere_does_not_matter(
    hass: HomeAssistant, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    forgotten = await add(hass, "fritzbox")
    await fill_in(forgotten, box.host, password="wrong")
    clock.advance(timedelta(minutes=1))
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)
    assert not hass.config_entries.flow.async_progress()


# New credentials


@contextmanager
def unchanged(entry: ConfigEntry[Any], *except_for: str) -> Iterator[None]:
    """Make sure that an entry's data stays what it is."""
    before = {key: value for key, value in entry.data.items() if key not in except_for}
    yield
    assert {key: value for key, value in entry.data.items() if key not in except_for} == before


@pytest.fixture
async def refused_entry(
    hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry, clock: ManualClock
) -> MockConfigEntry:
    """An entry whose password was changed at the box: refused three times within an hour."""
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    box.set_password(DEFAULT_USER, NEW_PASSWORD)
    box.end_sessions()
    coordinator = fritzbox_entry.runtime_data.coordinator
    now = datetime.now(UTC)
    coordinator.client.record.refused_at = [now - timedelta(minutes=9), now - timedelta(minutes=6)]
    await coordinator.async_refresh()
    await hass.async_block_till_done()
    clock.advance(timedelta(minutes=5))
    return fritzbox_entry


async def test_a_new_password_is_asked_for_and_works(
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    clock: ManualClock,
    refused_entry: MockConfigEntry,
) -> None:
    failed = len(box.logins)
    dialogue = await asked_for_login(hass, refused_entry)
    assert dialogue.step == "reauth_confirm"
    assert dialogue.placeholders["host"] == box.url
    assert dialogue.suggested == {"username": DEFAULT_USER}
    with unchanged(refused_entry):
        await dialogue.answer(username=DEFAULT_USER, password="still wrong")
        assert dialogue.errors == {"base": "invalid_auth"}
        assert len(box.logins) == failed + 1
        await dialogue.answer(username=DEFAULT_USER, password=NEW_PASSWORD)
        assert dialogue.errors == {"base": "login_blocked"}
    clock.advance(timedelta(minutes=5))
    with unchanged(refused_entry, "password"):
        await dialogue.answer(username=DEFAULT_USER, password=NEW_PASSWORD)
    assert dialogue.end == "reauth_successful"
    assert refused_entry.data["password"] == NEW_PASSWORD
    await leave(hass, refused_entry)
    await hass.config_entries.async_remove(refused_entry.entry_id)
    assert not box.sessions


async def test_another_box_at_the_old_address_does_not_get_the_password(
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    home: Home,
    clock: ManualClock,
    refused_entry: MockConfigEntry,
) -> None:
    await box.stop()
    other_box = SimulatedFritzBox(home, clock, identity=identity("a4:cf:12:00:00:02"), **QUICK)
    await other_box.start(box.port)
    dialogue = await asked_for_login(hass, refused_entry)
    with unchanged(refused_entry):
        await dialogue.answer(username=DEFAULT_USER, password=DEFAULT_PASSWORD)
    assert dialogue.end == "another_device"
    assert not other_box.logins
    await other_box.stop()


# Changing


async def test_a_box_gets_a_new_address_and_new_credentials(
    hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    dialogue = await change(hass, fritzbox_entry)
    assert dialogue.step == "fritzbox"
    assert dialogue.suggested == {
        "host": box.url,
        "username": DEFAULT_USER,
        "password": DEFAULT_PASSWORD,
        "additional_settings": {"verify_ssl": True},
    }
    await move(box)
    box.set_rights(OTHER_USER, {"HomeAuto": 1})
    await fill_in(
        dialogue, f"127.0.0.1:{free_port()}", OTHER_USER, OTHER_PASSWORD, verify_ssl=False
    )
    assert dialogue.errors == {"base": "cannot_connect"}
    assert dialogue.suggested["additional_settings"] == {"verify_ssl": False}
    with unchanged(fritzbox_entry, "host", "username", "password", "verify_ssl"):
        await fill_in(dialogue, box.host, OTHER_USER, OTHER_PASSWORD, verify_ssl=False)
    assert dialogue.end == "reconfigure_successful"
    assert fritzbox_entry.data["host"] == box.host
    assert fritzbox_entry.data["username"] == OTHER_USER
    assert fritzbox_entry.data["password"] == OTHER_PASSWORD
    assert fritzbox_entry.data["verify_ssl"] is False
    await leave(hass, fritzbox_entry)
    await hass.config_entries.async_remove(fritzbox_entry.entry_id)
    # The session at the old address could not be ended any more.
    assert {session.user for session in box.sessions} == {DEFAULT_USER}


@pytest.fixture
async def successor(
    home: Home, clock: ManualClock, socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    """Another box, which has the same users."""
    new = identity("a4:cf:12:00:00:02")
    async with running(SimulatedFritzBox(home, clock, identity=new, **QUICK)) as box:
        yield box


async def test_another_box_gets_no_login_before_the_user_has_confirmed_it(
    hass: HomeAssistant, successor: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    dialogue = await change(hass, fritzbox_entry)
    with unchanged(fritzbox_entry):
        await fill_in(dialogue, successor.host)
        assert dialogue.step == "successor"
        assert dialogue.placeholders["serial"] == "A4CF12000002"
        assert dialogue.placeholders["old_serial"] == SERIAL.replace(":", "").upper()
        await dialogue.leave()
    assert not successor.logins


async def test_successor_that_refuses_the_login_can_be_tried_again(
    hass: HomeAssistant,
    successor: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    clock: ManualClock,
) -> None:
    dialogue = await change(hass, fritzbox_entry)
    with unchanged(fritzbox_entry):
        await fill_in(dialogue, successor.host, password="wrong")
        await dialogue.answer()
    assert dialogue.step == "fritzbox"
    assert dialogue.errors == {"base": "invalid_auth"}
    assert dialogue.suggested["host"] == successor.host
    clock.advance(timedelta(minutes=1))
    await fill_in(dialogue, successor.host)
    await dialogue.answer()
    assert dialogue.end == "reconfigure_successful"
    assert fritzbox_entry.unique_id == "a4:cf:12:00:00:02"
    assert fritzbox_entry.data["host"] == successor.host
    await leave(hass, fritzbox_entry)


async def test_box_of_another_entry_is_no_successor(
    hass: HomeAssistant, successor: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="a4:cf:12:00:00:02").add_to_hass(hass)
    dialogue = await change(hass, fritzbox_entry)
    await fill_in(dialogue, successor.host)
    assert dialogue.end == "already_configured"
    assert not successor.logins


async def test_old_login_of_a_known_box_is_refused_also_while_its_entry_is_not_loaded(
    hass: HomeAssistant,
    home: Home,
    clock: ManualClock,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await leave(hass, fritzbox_entry)
    await box.stop()
    old = SimulatedFritzBox(home, clock, identity=Identity(fritzos=OLD_FRITZOS))
    async with running(old):
        dialogue = await change(hass, fritzbox_entry)
        await fill_in(dialogue, old.host)
        assert dialogue.errors == {"base": "unsafe_challenge"}
        assert not old.logins


async def test_a_box_whose_description_appears_later_can_be_changed(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    box.fault(HIDDEN, path=DESCRIPTION)
    added = await add(hass, "fritzbox")
    await fill_in(added, box.host)
    box.clear_faults()
    await move(box)
    dialogue = await change(hass, added.entry)
    await fill_in(dialogue, box.host)
    assert dialogue.end == "reconfigure_successful"
    assert added.entry.unique_id is None
    await leave(hass, added.entry)


async def test_a_box_whose_description_disappears_can_be_changed(
    hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.fault(HIDDEN, path=DESCRIPTION)
    await move(box)
    dialogue = await change(hass, fritzbox_entry)
    await fill_in(dialogue, box.host)
    assert dialogue.end == "reconfigure_successful"
    assert fritzbox_entry.unique_id == SERIAL
    await leave(hass, fritzbox_entry)
