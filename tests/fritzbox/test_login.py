"""What a FRITZ!Box says of itself and of a login, and how its challenge is answered."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.py_hab.fritzbox.login import (
    MAX_ITERATIONS,
    ZERO_SID,
    BoxInfo,
    LoginRecord,
    SessionInfo,
    WeakChallengeError,
    challenge_response,
    parse_box_info,
    parse_session_info,
    parse_udn,
    serial_of,
)
from custom_components.py_hab.fritzbox.xml import MalformedAnswerError

# Login page

BOMB = '<!DOCTYPE SessionInfo [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><SessionInfo>&b;</SessionInfo>'

SESSION = """<?xml version="1.0" encoding="utf-8"?>
<SessionInfo><SID>{sid}</SID><Challenge>{challenge}</Challenge><BlockTime>{block_time}</BlockTime>
<Rights>{rights}</Rights><Users>{users}</Users></SessionInfo>"""


def session(
    *,
    sid: str = "9c977765016899f8",
    challenge: str = "2$60000$aa$6000$bb",
    block_time: str = "0",
    rights: str = "",
    users: str = "",
) -> SessionInfo:
    return parse_session_info(
        SESSION.format(
            sid=sid, challenge=challenge, block_time=block_time, rights=rights, users=users
        )
    )


def test_the_login_page_is_read_whole() -> None:
    info = session(
        rights="<Name>Dial</Name><Access>2</Access><Name>HomeAuto</Name><Access>1</Access>",
        users='<User>fritz2703</User><User last="1">anna</User>',
    )
    assert info == SessionInfo(
        sid="9c977765016899f8",
        challenge="2$60000$aa$6000$bb",
        block_time=timedelta(),
        rights={"Dial": 2, "HomeAuto": 1},
        default_user="anna",
    )
    assert info.logged_in
    assert info.may_read_devices


def test_zeros_mean_not_logged_in() -> None:
    assert not session(sid=ZERO_SID).logged_in


def test_blanks_around_the_texts_of_the_login_page_do_no_harm() -> None:
    info = session(sid="\n9c977765016899f8 ", challenge=" 1234567z\n", block_time=" 8 ")
    assert (info.sid, info.challenge) == ("9c977765016899f8", "1234567z")
    assert info.block_time == timedelta(seconds=8)


def test_a_login_page_of_old_firmware_has_less() -> None:
    info = parse_session_info(f"<SessionInfo><SID>{ZERO_SID}</SID></SessionInfo>")
    assert info == SessionInfo(
        sid=ZERO_SID, challenge="", block_time=timedelta(), rights={}, default_user=""
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("256", 256),
        ("", 0),
        ("-1", 0),
        ("soon", 0),
        ("\N{ARABIC-INDIC DIGIT THREE}", 0),
        ("9" * 10, 0),
    ],
)
def test_block_times_are_whole_seconds(text: str, seconds: int) -> None:
    assert session(block_time=text).block_time == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("rights", "may"),
    [
        ("<Name>HomeAuto</Name><Access>2</Access>", True),
        ("<Name>HomeAuto</Name><Access>1</Access>", True),
        ("<Name>HomeAuto</Name><Access>0</Access>", False),
        ("<Name>HomeAuto</Name><Access></Access>", False),
        ("<Name>HomeAuto</Name><Access>all</Access>", False),
        ("<Name>HomeAuto</Name>", False),
        ("<Name/><Access>2</Access>", False),
        ("<Name>NAS</Name><Access>2</Access>", False),
        ("", False),
    ],
)
def test_reading_devices_takes_the_smart_home_right(rights: str, may: bool) -> None:
    assert session(rights=rights).may_read_devices is may


@pytest.mark.parametrize(
    ("users", "user"),
    [
        ('<User>a</User><User last="1">b</User>', "b"),
        ('<User last="0">a</User>', ""),
        ('<User last="1"/>', ""),
        ("<User>a</User>", ""),
        ("", ""),
    ],
)
def test_the_box_may_preselect_a_user(users: str, user: str) -> None:
    assert session(users=users).default_user == user


@pytest.mark.parametrize("sid", ["", "0", "x" * 17, "00000000-0000000", "sid&amp;logout=1xx"])
def test_a_login_page_without_a_sid_is_none(sid: str) -> None:
    with pytest.raises(MalformedAnswerError, match="no SID"):
        session(sid=sid)


def test_a_login_page_without_the_element_is_none() -> None:
    with pytest.raises(MalformedAnswerError, match="no SID"):
        parse_session_info("<SessionInfo/>")


@pytest.mark.parametrize("text", ["", "<html/>", BOMB], ids=["empty", "html", "bomb"])
def test_what_is_no_login_page_is_refused(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_session_info(text)


# Box info


def box_info(**fields: str) -> BoxInfo:
    children = "".join(f"<j:{name}>{text}</j:{name}>" for name, text in fields.items())
    return parse_box_info(
        f'<?xml version="1.0"?><j:BoxInfo xmlns:j="http://jason.avm.de/updatecheck/">'
        f"{children}</j:BoxInfo>"
    )


def test_the_box_introduces_itself() -> None:
    info = box_info(Name="FRITZ!Box 7690", HW="285", Version="285.08.25", Serial="3810d55e7a1c")
    assert info == BoxInfo(model="FRITZ!Box 7690", firmware_version="8.25", serial="3810D55E7A1C")


def test_a_silent_box_is_a_box() -> None:
    nobody = BoxInfo(model="FRITZ!Box", firmware_version=None, serial="")
    assert box_info() == nobody
    assert box_info(Name="", Version="", Serial="") == nobody
    assert parse_box_info("<BoxInfo/>") == nobody


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("285.08.25", "8.25"),
        (" 113.07.12\n", "7.12"),
        ("84.06.93", "6.93"),
        ("1.00.00", "0.00"),
        ("285.10.05", "10.05"),
        ("08.25", None),
        ("285.08.25-118456", None),
        ("unknown", None),
    ],
)
def test_the_version_is_written_as_people_write_it(text: str, version: str | None) -> None:
    assert box_info(Version=text).firmware_version == version


@pytest.mark.parametrize("serial", ["", "0000", "3810D55E7A1C00", "3810D55E7A1G", "xxxxxxxxxxxx"])
def test_only_a_mac_address_is_a_serial_number(serial: str) -> None:
    assert box_info(Serial=serial).serial == ""


@pytest.mark.parametrize("text", ["", "<html/>", BOMB], ids=["empty", "html", "bomb"])
def test_what_is_no_box_info_is_refused(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_box_info(text)


# Challenges


@pytest.mark.parametrize(
    ("challenge", "password", "response"),
    [
        ("1234567z", "äbc", "1234567z-9e224a41eeefa284df7bb0f26c2913e2"),
        ("challenge", "password", "challenge-086fa48e27e8826c94437d10380e11ba"),
        ("44b750c0", "admin123", "44b750c0-29e6478d4afc1c83572353dec0ce949d"),
        ("1234567z", "pass€word", "1234567z-3538dc339985f282539ff88e24b2d649"),
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
    ids=[
        "MD5 of AVM",
        "MD5",
        "MD5 hex",
        "MD5 euro",
        "PBKDF2 of AVM",
        "PBKDF2",
        "PBKDF2 of a real box",
    ],
)
def test_response_to_a_challenge(challenge: str, password: str, response: str) -> None:
    assert challenge_response(challenge, password) == response


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "-",
        "44b750c0-1",
        "2$",
        "2$10$aa$10",
        "2$10$aa$10$bb$cc",
        "3$10$aa$10$bb",
        "22$10$aa$10$bb",
        "argon2$10$aa",
        "2$many$aa$10$bb",
        "2$10$xyz$10$bb",
        "2$10$aa$10$b",
        "2$0$aa$10$bb",
        "2$-1$aa$10$bb",
        f"2${MAX_ITERATIONS + 1}$aa$10$bb",
        f"2$1$aa${MAX_ITERATIONS + 1}$bb",
        "2$" + "9" * 5000 + "$aa$10$bb",
    ],
    ids=lambda challenge: challenge[:20],
)
def test_challenges_of_unknown_form_are_not_answered(challenge: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        challenge_response(challenge, "password")


@pytest.mark.parametrize("challenge", ["2$1$00$1$00", "2$999$00$60000$00"])
def test_challenge_with_few_iterations_on_the_password_is_not_answered(challenge: str) -> None:
    with pytest.raises(WeakChallengeError):
        challenge_response(challenge, "password")


def test_second_number_of_iterations_only_binds_the_response() -> None:
    assert challenge_response("2$1000$00$1$0a", "password").startswith("0a$")


# What is known from earlier logins

NOW = datetime(2026, 3, 20, 18, tzinfo=UTC)


def test_password_that_has_worked_is_given_up_after_three_refusals_within_an_hour() -> None:
    record = LoginRecord()
    record.accepted(pbkdf2=True)
    pauses = []
    now = NOW
    for _ in range(3):
        record.refused(now, timedelta())
        pauses.append(record.pause(now))
        now += pauses[-1]
    assert pauses == [timedelta(minutes=1), timedelta(minutes=5), timedelta()]
    assert not record.has_worked
    assert record.offers_pbkdf2


def test_pause_is_at_least_the_time_for_which_the_box_blocks_logins() -> None:
    record = LoginRecord(has_worked=True)
    record.refused(NOW, timedelta(minutes=4))
    assert record.pause(NOW) == timedelta(minutes=4)
    assert record.pause(NOW + timedelta(minutes=3)) == timedelta(minutes=1)
    assert record.pause(NOW + timedelta(minutes=5)) == timedelta()


@pytest.mark.parametrize("ago", [timedelta(hours=1), timedelta(hours=-1)])
def test_old_refusals_and_those_of_a_clock_that_was_ahead_do_not_count(ago: timedelta) -> None:
    record = LoginRecord(has_worked=True)
    for _ in range(2):
        record.refused(NOW - ago, timedelta())
    assert record.pause(NOW) == timedelta()
    record.refused(NOW, timedelta())
    assert record.has_worked
    assert record.pause(NOW) == timedelta(minutes=1)


def test_accepted_login_ends_the_pauses() -> None:
    record = LoginRecord(has_worked=True)
    record.refused(NOW, timedelta(minutes=4))
    record.accepted(pbkdf2=False)
    assert record == LoginRecord(has_worked=True)


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("uuid:75802409-bccb-40e7-8e6c-3810d55e7a1c", "3810D55E7A1C"),
        ("38:10:d5:5e:7a:1c", "3810D55E7A1C"),
        ("", ""),
        ("uuid:no-serial", ""),
    ],
)
def test_serial_number_is_the_end_of_a_name(text: str, serial: str) -> None:
    assert serial_of(text) == serial
    assert parse_udn(f"<root><device><UDN>{text}</UDN></device></root>") == serial


def test_description_without_a_name_has_no_serial_number() -> None:
    assert parse_udn("<root/>") == ""
