"""How a client logs in, keeps its session and ends it."""

import asyncio
from datetime import timedelta
import re
from types import SimpleNamespace

import aiohttp
import pytest

from custom_components.py_hab.fritzbox import login_session
from custom_components.py_hab.fritzbox.errors import (
    FritzBoxConnectionError,
    FritzBoxError,
    InvalidAnswerError,
    LoginBlockedError,
    LoginPostponedError,
    LoginRejectedError,
    NotAFritzBoxError,
    NotPermittedError,
    SessionRefusedError,
)
from custom_components.py_hab.fritzbox_api import FritzBoxClient
from simulator.fritzbox import (
    CUT,
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    MALFORMED,
    OLD_FRITZOS,
    OTHER_PASSWORD,
    OTHER_USER,
    Fault,
    Gate,
    Identity,
    SimulatedFritzBox,
    User,
)
from simulator.home import Home, ManualClock
from tests.support.box_clients import (
    DROPPED,
    LIST,
    LOGIN_PAGE,
    TOO_LARGE,
    attempts,
    client_for,
    news,
)

BOX_INFO = "/jason_boxinfo.xml"
LOG_OUT = "verify"
"""Both are a GET of the login page with a SID; that the box has no session left distinguishes them."""


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch, clock: ManualClock) -> None:
    """Let the client's pauses be those of the simulated home."""
    time = SimpleNamespace(monotonic=lambda: clock.now().timestamp())
    monkeypatch.setattr(login_session, "time", time)


# The session


async def test_one_login_serves_many_polls(
    client: FritzBoxClient, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    for _ in range(50):
        devices = await client.device_list()
        clock.advance(timedelta(seconds=60))
    assert devices.firmware_version == box.identity.version
    assert len(devices.devices) > 5
    assert news(box) == ["get challenge", "log in", *["list"] * 50]


async def test_clients_that_hurry_share_the_login(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    first, *others = await asyncio.gather(*(client.device_list() for _ in range(5)))
    assert others == [first] * 4
    assert news(box) == ["get challenge", "log in", *["list"] * 5]


async def test_one_request_waits_for_the_other(
    client: FritzBoxClient, box: SimulatedFritzBox, session: aiohttp.ClientSession
) -> None:
    gate = Gate()
    box.fault(Fault(gate=gate), times=1, switchcmd=LIST)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.device_list())
        await gate.reached()
        tasks.create_task(client.box_info())
        async with session.get(box.url):
            pass
        assert BOX_INFO not in [request.path for request in box.requests]
        gate.open()
    assert news(box) == ["get challenge", "log in", "list", "/", BOX_INFO]


async def test_a_cancelled_request_does_not_hinder_the_next(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    gate = Gate()
    box.fault(Fault(gate=gate), times=1, switchcmd=LIST)
    poll = asyncio.create_task(client.device_list())
    await gate.reached()
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
    gate.open()
    assert (await client.device_list()).devices


async def test_a_session_is_verified_after_a_pause(
    client: FritzBoxClient, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    await client.device_list()
    news(box)
    clock.advance(timedelta(minutes=16))
    await client.device_list()
    assert news(box) == ["verify", "list"]
    clock.advance(timedelta(minutes=14))
    await client.device_list()
    assert news(box) == ["list"]


async def test_a_session_that_rested_too_long_is_replaced(
    client: FritzBoxClient, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    await client.device_list()
    news(box)
    clock.advance(timedelta(hours=3))
    await client.device_list()
    assert news(box) == ["verify", "log in", "list"]


ERRORS = [
    (DROPPED, FritzBoxConnectionError),
    (Fault(status=500), FritzBoxConnectionError),
    (Fault(status=400), FritzBoxConnectionError),
    (Fault(status=404), FritzBoxConnectionError),
    (Fault(status=302), FritzBoxConnectionError),
    (TOO_LARGE, InvalidAnswerError),
    (CUT, InvalidAnswerError),
    (MALFORMED, InvalidAnswerError),
    (Fault(edit=lambda _: "inval\n"), InvalidAnswerError),
    (Fault(edit=lambda _: "<!DOCTYPE html><html>FRITZ!Box</html>"), InvalidAnswerError),
]
ERROR_NAMES = [
    "dropped",
    "500",
    "400",
    "404",
    "redirect",
    "too large",
    "cut",
    "malformed",
    "inval",
    "html",
]


@pytest.mark.parametrize(("fault", "error"), ERRORS, ids=ERROR_NAMES)
async def test_a_session_is_verified_after_an_error(
    client: FritzBoxClient, box: SimulatedFritzBox, fault: Fault, error: type[FritzBoxError]
) -> None:
    await client.device_list()
    news(box)
    box.fault(fault, times=attempts(fault), switchcmd=LIST)
    with pytest.raises(error):
        await client.device_list()
    await client.device_list()
    await client.device_list()
    assert news(box) == ["list"] * attempts(fault) + ["verify", "list", "list"]


@pytest.mark.parametrize(("fault", "error"), ERRORS, ids=ERROR_NAMES)
async def test_no_dead_sid_is_sent_after_an_error(
    client: FritzBoxClient, box: SimulatedFritzBox, fault: Fault, error: type[FritzBoxError]
) -> None:
    """The error is often the first sign of a restart, which ends all sessions."""
    await client.device_list()
    news(box)
    box.fault(fault, times=attempts(fault), switchcmd=LIST)
    with pytest.raises(error):
        await client.device_list()
    box.end_sessions()
    await client.device_list()
    assert news(box) == ["list"] * attempts(fault) + ["verify", "log in", "list"]


@pytest.mark.parametrize(
    ("status", "times"), [(None, 2), (502, 1)], ids=["drops", "answers with an error"]
)
async def test_a_box_that_restarts_is_not_asked_for_its_list(
    client: FritzBoxClient,
    box: SimulatedFritzBox,
    clock: ManualClock,
    status: int | None,
    times: int,
) -> None:
    await client.device_list()
    news(box)
    box.reboot(timedelta(minutes=3), status=status)
    for _ in range(3):
        with pytest.raises(FritzBoxConnectionError):
            await client.device_list()
        clock.advance(timedelta(minutes=1))
    assert news(box) == ["list with a dead SID"] * times + ["verify"] * times * 2
    await client.device_list()
    assert news(box) == ["verify", "log in", "list"]


async def test_a_session_that_others_have_ended_is_replaced_silently_and_once(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    await client.device_list()
    news(box)
    box.end_sessions()
    assert (await client.device_list()).devices
    assert news(box) == ["list with a dead SID", "verify", "log in", "list"]
    # Who has ended it may do so again: the SID is looked at before each use for a while.
    await client.device_list()
    assert news(box) == ["verify", "list"]


async def test_a_refusal_in_a_live_session_makes_no_login(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    await client.device_list()
    news(box)
    box.fault(Fault(status=403), switchcmd=LIST)
    for _ in range(3):
        with pytest.raises(SessionRefusedError, match="status 403"):
            await client.device_list()
    assert news(box) == ["list", "verify", "list", *["verify", "list", "verify", "list"] * 2]
    assert len(box.logins) == 1
    box.clear_faults()
    assert (await client.device_list()).devices


async def test_an_interrupted_login_is_begun_anew(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    box.fault(Fault(), times=1, path=LOGIN_PAGE)
    box.fault(DROPPED, times=1, path=LOGIN_PAGE)
    with pytest.raises(FritzBoxConnectionError):
        await client.device_list()
    assert (await client.device_list()).devices
    assert news(box) == ["get challenge", "log in", "get challenge", "log in", "list"]


async def test_an_interrupted_verification_is_repeated(
    client: FritzBoxClient, box: SimulatedFritzBox, clock: ManualClock
) -> None:
    await client.device_list()
    news(box)
    clock.advance(timedelta(minutes=16))
    box.fault(Fault(status=500), times=1, path=LOGIN_PAGE)
    with pytest.raises(FritzBoxConnectionError):
        await client.device_list()
    await client.device_list()
    assert news(box) == ["verify", "verify", "list"]


# Who may not


@pytest.mark.parametrize(
    ("username", "password"),
    [(DEFAULT_USER, "wrong"), (DEFAULT_USER, ""), ("nobody", DEFAULT_PASSWORD)],
)
async def test_wrong_credentials_are_tried_once(
    session: aiohttp.ClientSession, box: SimulatedFritzBox, username: str, password: str
) -> None:
    client = client_for(session, box, username, password)
    with pytest.raises(LoginRejectedError):
        await client.device_list()
    assert news(box) == ["get challenge", "log in"]
    assert len(box.logins) == 1


async def test_nothing_is_tried_while_logins_are_blocked(
    session: aiohttp.ClientSession,
    box: SimulatedFritzBox,
    client: FritzBoxClient,
    clock: ManualClock,
) -> None:
    with pytest.raises(LoginRejectedError):
        await client_for(session, box, password="wrong").device_list()
    news(box)
    for _ in range(2):
        with pytest.raises(LoginBlockedError, match="blocked for 2 s") as blocked:
            await client.device_list()
        assert blocked.value.retry_after == timedelta(seconds=2)
    assert news(box) == ["get challenge"] * 2
    assert len(box.logins) == 1

    clock.advance(blocked.value.retry_after)
    assert (await client.device_list()).devices


async def test_a_changed_password_is_noticed_at_the_next_login(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    await client.device_list()
    box.set_password(DEFAULT_USER, "new")
    await client.device_list()
    box.end_sessions()
    # Two polls, or a poll and another clock: the box receives the wrong password once.
    for _ in range(2):
        with pytest.raises(LoginPostponedError):
            await client.device_list()
    assert [login.success for login in box.logins] == [True, False]


async def test_a_user_without_the_right_gets_an_error_and_keeps_no_session(
    session: aiohttp.ClientSession, box: SimulatedFritzBox
) -> None:
    """Rights belong to a login: only a new one can have them."""
    client = client_for(session, box, OTHER_USER, OTHER_PASSWORD)
    for _ in range(2):
        with pytest.raises(NotPermittedError):
            await client.device_list()
        assert news(box) == ["get challenge", "log in", LOG_OUT]
        assert not box.sessions
        assert not client.has_session

    box.set_rights(OTHER_USER, {"HomeAuto": 1})
    assert (await client.device_list()).devices
    assert news(box) == ["get challenge", "log in", "list"]


async def test_a_right_that_was_withdrawn_is_noticed_and_the_session_ended(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    await client.device_list()
    news(box)
    box.set_rights(DEFAULT_USER, {"NAS": 2})
    box.end_sessions()
    with pytest.raises(NotPermittedError):
        await client.device_list()
    assert news(box) == ["list with a dead SID", "verify", "log in", LOG_OUT]
    assert not box.sessions

    box.set_rights(DEFAULT_USER, {"HomeAuto": 2})
    assert (await client.device_list()).devices
    assert news(box) == ["get challenge", "log in", "list"]


@pytest.mark.parametrize(
    "fault", [DROPPED, Fault(status=500)], ids=["dropped", "answered with an error"]
)
async def test_a_failed_logout_does_not_hide_the_missing_right(
    session: aiohttp.ClientSession, box: SimulatedFritzBox, fault: Fault
) -> None:
    client = client_for(session, box, OTHER_USER, OTHER_PASSWORD)
    for _ in ("get challenge", "log in"):
        box.fault(Fault(), times=1, path=LOGIN_PAGE)
    box.fault(fault, times=attempts(fault), path=LOGIN_PAGE)
    with pytest.raises(NotPermittedError):
        await client.device_list()
    assert not client.has_session


async def test_without_a_name_the_preselected_user_logs_in(
    session: aiohttp.ClientSession, box: SimulatedFritzBox
) -> None:
    assert (await client_for(session, box, username="").device_list()).devices
    assert [login.user for login in box.logins] == [DEFAULT_USER]


@pytest.mark.parametrize("password", [DEFAULT_PASSWORD, "pass€wörd", "🏠"])
@pytest.mark.parametrize(
    ("fritzos", "user"),
    [((8, 25), DEFAULT_USER), (OLD_FRITZOS, DEFAULT_USER), (OLD_FRITZOS, "")],
    ids=["new", "old", "old without users"],
)
async def test_both_kinds_of_login_work(
    session: aiohttp.ClientSession,
    home: Home,
    clock: ManualClock,
    fritzos: tuple[int, int],
    user: str,
    password: str,
) -> None:
    box = SimulatedFritzBox(
        home,
        clock,
        users={user: User(password)},
        identity=Identity(fritzos=fritzos),
        iterations=(1000, 1000),
    )
    await box.start()
    assert (await client_for(session, box, user, password).device_list()).devices
    await box.stop()


# Logout


async def test_logout_ends_the_session(client: FritzBoxClient, box: SimulatedFritzBox) -> None:
    await client.device_list()
    news(box)
    await client.logout()
    assert not box.sessions
    await client.logout()
    assert news(box) == [LOG_OUT], "there is nothing left to end"
    await client.device_list()
    assert news(box) == ["get challenge", "log in", "list"]


async def test_without_login_there_is_nothing_to_end(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    assert not client.has_session
    await client.logout()
    assert news(box) == []


async def test_there_is_a_session_from_login_to_logout(
    client: FritzBoxClient, box: SimulatedFritzBox
) -> None:
    seen = []
    for step in (client.box_info, client.device_list, client.device_list, client.logout):
        await step()
        seen.append(client.has_session)
    assert seen == [False, True, True, False]


async def test_a_refused_login_opens_no_session(
    session: aiohttp.ClientSession, box: SimulatedFritzBox
) -> None:
    client = client_for(session, box, password="wrong")
    with pytest.raises(LoginRejectedError):
        await client.device_list()
    assert not client.has_session


@pytest.mark.parametrize(
    "fault",
    [DROPPED, Fault(status=500), Fault(status=404), TOO_LARGE],
    ids=["dropped", "500", "404", "too large"],
)
async def test_a_failed_logout_is_nobodys_trouble(
    client: FritzBoxClient, box: SimulatedFritzBox, fault: Fault
) -> None:
    await client.device_list()
    box.fault(fault, times=attempts(fault), path=LOGIN_PAGE)
    await client.logout()
    news(box)
    await client.logout()
    assert news(box) == []


# What is no login page


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=404), NotAFritzBoxError),
        (Fault(status=302), NotAFritzBoxError),
        (Fault(status=500), FritzBoxConnectionError),
        (DROPPED, FritzBoxConnectionError),
        (Fault(edit=lambda _: "<html><body>Router</body></html>"), NotAFritzBoxError),
        (Fault(edit=lambda _: "Welcome"), NotAFritzBoxError),
        (CUT, NotAFritzBoxError),
        (Fault(edit=lambda text: re.sub("<SID>.*?<", "<SID><", text)), NotAFritzBoxError),
        (Fault(edit=lambda text: text.replace(">2$", ">3$")), NotAFritzBoxError),
        (
            Fault(edit=lambda text: re.sub("<Challenge>.*?<", "<Challenge><", text)),
            NotAFritzBoxError,
        ),
        (Fault(edit=lambda text: text.replace("2$1000$", "2$999999999$")), NotAFritzBoxError),
        (TOO_LARGE, InvalidAnswerError),
    ],
    ids=[
        "404",
        "redirect",
        "500",
        "dropped",
        "html",
        "text",
        "cut",
        "no SID",
        "third kind of challenge",
        "no challenge",
        "endless challenge",
        "too large",
    ],
)
async def test_what_is_no_login_page_gets_no_response(
    client: FritzBoxClient, box: SimulatedFritzBox, fault: Fault, error: type[FritzBoxError]
) -> None:
    box.fault(fault, times=attempts(fault), path=LOGIN_PAGE)
    with pytest.raises(FritzBoxError) as caught:
        await client.device_list()
    assert type(caught.value) is error
    assert news(box) == ["get challenge"] * attempts(fault)
    assert (await client.device_list()).devices
