"""What goes wrong with what a user has entered, and goes right after that in the same dialogue."""

import asyncio
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from simulator.broker import free_port
from simulator.fritzbox import (
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
from tests.support.box_dialogue import QUICK, fill_in, identity, running
from tests.support.certificates import own_certificate
from tests.support.dialogue import add, change, leave


async def test_nobody_answers(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    dialogue = await add(hass, "fritzbox")
    await fill_in(dialogue, f"127.0.0.1:{free_port()}")
    assert dialogue.errors == {"base": "cannot_connect"}
    await fill_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


async def test_the_box_does_not_answer_sensibly(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    dialogue = await add(hass, "fritzbox")
    for fault in (Fault(drop=True), Fault(status=500), Fault(status=401)):
        box.fault(fault)
        await fill_in(dialogue, box.host)
        assert dialogue.errors == {"base": "cannot_connect"}, fault
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


async def test_another_web_server_is_no_fritzbox(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    dialogue = await add(hass, "fritzbox")
    servers = {
        "html": page("<html><body>My printer</body></html>"),
        "json": page('{"name": "printer"}', "application/json"),
        "xml": page("<SessionInfo><SID>none</SID></SessionInfo>", "text/xml"),
        "404": page("not here", status=404),
        "302": page("elsewhere", status=302),
    }
    for kind, server in servers.items():
        async with TestServer(server, host="127.0.0.1") as printer:
            await fill_in(dialogue, f"127.0.0.1:{printer.port}")
        assert dialogue.errors == {"base": "not_a_fritzbox"}, kind
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
