"""Who gets into the simulated FRITZ!Box, and who is thrown out."""

from datetime import timedelta

from aiohttp import ClientSession
import pytest

from simulator.fritzbox import (
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    OLD_FRITZOS,
    OTHER_PASSWORD,
    OTHER_USER,
    Identity,
    SimulatedFritzBox,
)
from simulator.fritzbox_login import NO_SID, md5_response, pbkdf2_response
from simulator.home import Home, ManualClock

from .conftest import Client

LIST = "getdevicelistinfos"


@pytest.mark.parametrize(
    ("challenge", "password", "response"),
    [
        ("1234567z", "äbc", "1234567z-9e224a41eeefa284df7bb0f26c2913e2"),
        ("challenge", "password", "challenge-086fa48e27e8826c94437d10380e11ba"),
        ("44b750c0", "admin123", "44b750c0-29e6478d4afc1c83572353dec0ce949d"),
        ("1234567z", "pass€word", "1234567z-3538dc339985f282539ff88e24b2d649"),
    ],
)
def test_md5_response(challenge: str, password: str, response: str) -> None:
    assert md5_response(challenge, password) == response


@pytest.mark.parametrize(
    ("challenge", "password", "response"),
    [
        (
            "2$10000$5A1711$2000$5A1722",
            "1example!",
            "5A1722$1798a1672bca7c6463d6b245f82b53703b0f50813401b03e4045a5861e689adb",
        ),
        (
            "2$10000$a64b986b521fcbc44d7a9f0adad34b14$1000$b9c232dea345233f5a893b2284931ac8",
            "admin123",
            (
                "b9c232dea345233f5a893b2284931ac8$"
                "2825c7fbd8cdbcbaf93ca2e8d0798c31cf38394469a9ce89365778dc9103ad82"
            ),
        ),
        (
            "2$60000$58e7348c30c8376903802c21f9730310$6000$91a3f9eca12316c9461667af0fe36d2f",
            "password",
            (
                "91a3f9eca12316c9461667af0fe36d2f$"
                "00e538d77b29ee7ea349a8604dc48570024d9084e5082ebe3d3540a441ea6108"
            ),
        ),
    ],
)
def test_pbkdf2_response(challenge: str, password: str, response: str) -> None:
    assert pbkdf2_response(challenge, password) == response


async def test_login_page_reports_users_and_a_challenge_of_the_second_kind(
    stranger: Client,
) -> None:
    info = await stranger.info()
    assert info.findtext("SID") == NO_SID
    assert info.findtext("Challenge", "").startswith("2$1000$")
    assert info.findtext("BlockTime") == "0"
    assert not info.findall("Rights/Name")
    users = [(user.text, user.get("last")) for user in info.findall("Users/User")]
    assert users == [(DEFAULT_USER, "1"), (OTHER_USER, None)]


async def test_who_does_not_ask_for_the_second_kind_gets_the_first(stranger: Client) -> None:
    _, text = await stranger.get("/login_sid.lua")
    challenge = text.partition("<Challenge>")[2].partition("<")[0]
    assert len(challenge) == 8
    info = await stranger.respond(challenge)
    assert info.findtext("SID") != NO_SID


async def test_old_firmware_knows_only_the_first_kind(
    home: Home, clock: ManualClock, session: ClientSession, socket_enabled: None
) -> None:
    box = SimulatedFritzBox(home, clock, identity=Identity(fritzos=OLD_FRITZOS))
    await box.start()
    client = Client(session, box, "")
    assert "$" not in (await client.info()).findtext("Challenge", "")
    await client.log_in()
    assert (await client.devices()).get("fwversion") is None
    assert await client.ask("gettriggerlistinfos") == (400, "")
    await box.stop()


async def test_login_by_query_reports_the_rights(stranger: Client) -> None:
    challenge = (await stranger.info()).findtext("Challenge", "")
    response = pbkdf2_response(challenge, DEFAULT_PASSWORD)
    info = await stranger.info(username=DEFAULT_USER, response=response)
    rights = [name.text for name in info.findall("Rights/Name")]
    assert "HomeAuto" in rights
    assert len(info.findall("Rights/Access")) == len(rights)


async def test_a_challenge_is_good_for_one_response(stranger: Client) -> None:
    challenge = (await stranger.info()).findtext("Challenge", "")
    assert (await stranger.respond(challenge)).findtext("SID") != NO_SID
    assert (await stranger.respond(challenge)).findtext("SID") == NO_SID


async def test_a_challenge_is_not_good_for_ever(stranger: Client, clock: ManualClock) -> None:
    challenge = (await stranger.info()).findtext("Challenge", "")
    clock.advance(timedelta(minutes=11))
    assert (await stranger.respond(challenge)).findtext("SID") == NO_SID


async def test_block_time_grows_and_holds_for_the_right_password(
    box: SimulatedFritzBox, stranger: Client, clock: ManualClock
) -> None:
    times = []
    for _ in range(3):
        info = await stranger.log_in(password="wrong")
        assert info.findtext("SID") == NO_SID
        times.append(int(info.findtext("BlockTime", "")))
        clock.advance(timedelta(seconds=times[-1]))
    assert times == [2, 4, 8]

    await stranger.log_in(password="wrong")
    blocked = await stranger.log_in()
    assert blocked.findtext("SID") == NO_SID
    assert blocked.findtext("BlockTime") == "16"

    clock.advance(timedelta(seconds=16))
    assert (await stranger.log_in()).findtext("SID") != NO_SID
    assert [(login.success, login.blocked) for login in box.logins] == [
        (False, False),
        (False, False),
        (False, False),
        (False, False),
        (False, True),
        (True, False),
    ]
    assert (await stranger.log_in(password="wrong")).findtext("BlockTime") == "2"


async def test_sid_can_be_verified(client: Client, stranger: Client) -> None:
    assert (await client.info(sid=client.sid)).findtext("SID") == client.sid
    assert (await stranger.info(sid=client.sid)).findtext("SID") == NO_SID
    assert (await client.info(sid="0123456789abcdef")).findtext("SID") == NO_SID
    assert (await client.ask(LIST))[0] == 200, "verifying a dead SID is no harm"


@pytest.mark.parametrize("command", ["logout", "security:command/logout"])
async def test_logout(client: Client, command: str) -> None:
    await client.info(**{command: "1"}, sid=client.sid)
    assert (await client.ask(LIST))[0] == 403


async def test_session_expires_after_twenty_idle_minutes(
    client: Client, clock: ManualClock
) -> None:
    for _ in range(3):
        clock.advance(timedelta(minutes=19))
        assert (await client.ask(LIST))[0] == 200
    clock.advance(timedelta(minutes=20))
    assert (await client.info(sid=client.sid)).findtext("SID") == NO_SID
    assert (await client.ask(LIST))[0] == 403


@pytest.mark.parametrize("sid", ["0123456789abcdef", NO_SID, ""])
async def test_dead_sid_ends_all_sessions_of_that_address(
    box: SimulatedFritzBox, session: ClientSession, client: Client, stranger: Client, sid: str
) -> None:
    neighbour = Client(session, box, "192.0.2.10")
    await neighbour.log_in()
    await stranger.log_in()

    assert await neighbour.ask(LIST, sid=sid) == (403, "")

    assert (await client.ask(LIST))[0] == 403
    assert (await stranger.ask(LIST))[0] == 200
    assert [request.sid_valid for request in box.requests if request.switchcmd] == [
        False,
        False,
        True,
    ]


async def test_missing_sid_ends_them_too(client: Client) -> None:
    status, _ = await client.get("/webservices/homeautoswitch.lua", switchcmd=LIST)
    assert status == 403
    assert (await client.ask(LIST))[0] == 403


async def test_session_is_of_no_use_from_elsewhere(client: Client, stranger: Client) -> None:
    assert (await stranger.ask(LIST, sid=client.sid))[0] == 403
    assert (await client.ask(LIST))[0] == 200


async def test_user_without_smart_home_right(stranger: Client) -> None:
    info = await stranger.log_in(OTHER_USER, OTHER_PASSWORD)
    assert info.findtext("SID") != NO_SID
    assert "HomeAuto" not in [name.text for name in info.findall("Rights/Name")]
    assert (await stranger.ask(LIST))[0] == 403
    assert (await stranger.info(sid=stranger.sid)).findtext("SID") == stranger.sid


async def test_rights_and_passwords_change(box: SimulatedFritzBox, stranger: Client) -> None:
    box.set_rights(DEFAULT_USER, {"HomeAuto": 1})
    box.set_password(DEFAULT_USER, "new")
    await stranger.log_in(password="new")
    assert (await stranger.ask(LIST))[0] == 200
    assert (await stranger.ask("getsubscriptionstate"))[0] == 403, "needs the App right"


async def test_sessions_ended_by_others(box: SimulatedFritzBox, client: Client) -> None:
    box.end_sessions("192.0.2.10")
    assert not box.sessions
    assert (await client.ask(LIST))[0] == 403
