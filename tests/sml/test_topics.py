"""Where a Tasmota reader publishes and listens, and what it reports of itself."""

import json
from typing import Any

import pytest

from custom_components.py_hab.sml.payload import MAX_PAYLOAD, MalformedMessageError, Payload
from custom_components.py_hab.sml.topics import (
    STATUS_NETWORK,
    STATUS_SENSORS,
    InvalidTopicError,
    ReaderInfo,
    ReaderTopics,
    parse_discovery,
    parse_state,
    parse_status,
    reader_topics,
)

# Topics


def test_the_topics_of_a_reader_follow_from_the_one_of_its_messages() -> None:
    topics = reader_topics("tele/tasmota_9282F4/SENSOR")
    assert topics.sensor == "tele/tasmota_9282F4/SENSOR"
    assert topics.availability == "tele/tasmota_9282F4/LWT"
    assert topics.state == "tele/tasmota_9282F4/STATE"
    assert topics.command == "cmnd/tasmota_9282F4/STATUS"
    assert topics.status(STATUS_NETWORK) == "stat/tasmota_9282F4/STATUS5"
    assert topics.status(STATUS_SENSORS) == "stat/tasmota_9282F4/STATUS10"


@pytest.mark.parametrize(
    ("sensor", "command", "answer"),
    [
        ("tele/AMR/AMR_OVAG/SENSOR", "cmnd/AMR/AMR_OVAG/STATUS", "stat/AMR/AMR_OVAG/STATUS10"),
        (
            "Casa/PB/sdm120/tele/SENSOR",
            "Casa/PB/sdm120/cmnd/STATUS",
            "Casa/PB/sdm120/stat/STATUS10",
        ),
        ("house/tele/meter/SENSOR", "house/cmnd/meter/STATUS", "house/stat/meter/STATUS10"),
        ("/tele/meter/SENSOR", "/cmnd/meter/STATUS", "/stat/meter/STATUS10"),
        ("tele/tele/SENSOR", "cmnd/tele/STATUS", "stat/tele/STATUS10"),
        (
            "tele/Zähler im Keller/SENSOR",
            "cmnd/Zähler im Keller/STATUS",
            "stat/Zähler im Keller/STATUS10",
        ),
    ],
    ids=[
        "slash in the topic",
        "prefix last",
        "prefix in the middle",
        "leading slash",
        "called tele",
        "umlauts",
    ],
)
def test_the_prefix_may_stand_anywhere(sensor: str, command: str, answer: str) -> None:
    topics = reader_topics(sensor)
    assert topics.command == command
    assert topics.status(STATUS_SENSORS) == answer


@pytest.mark.parametrize(
    ("sensor", "availability"),
    [
        ("telemetry/meter/SENSOR", "telemetry/meter/LWT"),
        ("meter/SENSOR", "meter/LWT"),
        ("/meter/SENSOR", "/meter/LWT"),
        ("SENSOR", "LWT"),
        ("meter/tele", "meter/LWT"),
    ],
)
def test_without_the_prefix_nothing_can_be_asked(sensor: str, availability: str) -> None:
    topics = reader_topics(sensor)
    assert topics.availability == availability
    assert topics.command is None
    assert topics.status(STATUS_SENSORS) is None


@pytest.mark.parametrize(
    ("command", "answer", "status"),
    [
        ("c/meter/STATUS", "s/meter", "s/meter/STATUS10"),
        ("c/meter/STATUS", None, None),
        (None, "s/meter", None),
    ],
)
def test_a_reader_may_have_other_words_for_its_prefixes(
    command: str | None, answer: str | None, status: str | None
) -> None:
    topics = reader_topics("t/meter/SENSOR", command=command, answer=answer)
    assert topics.availability == "t/meter/LWT"
    assert topics.status(STATUS_SENSORS) == status


def test_what_a_reader_has_announced_goes_before_what_follows_from_its_topic() -> None:
    topics = reader_topics("tele/x/SENSOR", command="c/x/STATUS", answer="s/x")
    assert topics == ReaderTopics("tele/x/SENSOR", "c/x/STATUS", "s/x")


def test_blanks_around_a_typed_topic_are_dropped() -> None:
    assert reader_topics("  tele/meter/SENSOR\n") == reader_topics("tele/meter/SENSOR")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        " ",
        "/",
        "tele/+/SENSOR",
        "tele/#",
        "#",
        "tele/met+er/SENSOR",
        "//tele/meter/SENSOR",
        "tele//SENSOR",
        "tele/meter/SENSOR/",
        "tele/me\x00ter/SENSOR",
        "tele/me\nter/SENSOR",
        "tele/me\x7fter/SENSOR",
        "tele/me\x85ter/SENSOR",
        "tele/\ud800/SENSOR",
        f"tele/{'x' * 65536}/SENSOR",
        f"tele/{'ü' * 32768}/SENSOR",
    ],
    ids=lambda topic: repr(topic[:30]),
)
def test_what_no_reader_publishes_on_is_refused(topic: str) -> None:
    with pytest.raises(InvalidTopicError):
        reader_topics(topic)
    with pytest.raises(InvalidTopicError):
        reader_topics(topic, command="cmnd/meter/STATUS", answer="stat/meter")


# Who the reader is


def network(**fields: Any) -> ReaderInfo:
    return parse_status(json.dumps({"StatusNET": fields}))


def firmware(**fields: Any) -> ReaderInfo:
    return parse_status(json.dumps({"StatusFWR": fields}))


def test_a_reader_reports_its_mac_and_address() -> None:
    assert network(Mac="24:62:ab:92:82:f4", IPAddress="192.168.178.42") == ReaderInfo(
        mac="2462AB9282F4", address="192.168.178.42"
    )


@pytest.mark.parametrize(
    ("version", "reported"),
    [
        ("14.4.1(release-tasmota)", "14.4.1(release-tasmota)"),
        (" 9.1.0 ", "9.1.0"),
        ("x" * 99, "x" * 80),
        ("", None),
        (None, None),
        (9.1, None),
    ],
)
def test_a_reader_reports_its_version(version: object, reported: str | None) -> None:
    assert firmware(Version=version).version == reported


@pytest.mark.parametrize(
    "mac",
    [
        "",
        "24:62:AB:92:82",
        "24:62:AB:92:82:F4:00",
        "00:00:00:00:00:00",
        "000000000000",
        None,
        0,
        [],
        "unknown",
    ],
    ids=repr,
)
def test_what_is_no_mac_is_not_used_as_one(mac: object) -> None:
    assert network(Mac=mac).mac is None


@pytest.mark.parametrize(
    "address",
    ["", "0.0.0.0", ".......", "999.1.1.1", "fe80::1", "reader.local", None, "1.2.3", "1" * 16],
    ids=repr,
)
def test_what_is_no_address_is_not_shown(address: object) -> None:
    assert network(IPAddress=address).address is None


@pytest.mark.parametrize(
    "payload", ["{}", '{"StatusNET":null,"StatusFWR":1}', '{"StatusNET":[1],"StatusFWR":""}']
)
def test_an_answer_without_network_reports_nothing(payload: str) -> None:
    assert parse_status(payload) == ReaderInfo()


# Uptime


@pytest.mark.parametrize(
    ("payload", "uptime"),
    [
        ('{"Uptime":"0T00:05:12","UptimeSec":312}', 312.0),
        ('{"UptimeSec":0}', 0.0),
        (b'{"UptimeSec":4294967295}', 4294967295.0),
        ('{"UptimeSec":4294967296}', None),
        ('{"UptimeSec":"312"}', None),
        ('{"UptimeSec":null}', None),
        ('{"UptimeSec":3.5}', None),
        ("{}", None),
        ("Online", None),
        ("[]", None),
        (b"\xff", None),
    ],
)
def test_the_state_reports_since_when_a_reader_runs(payload: Payload, uptime: float | None) -> None:
    found = parse_state(payload).uptime
    assert (None if found is None else found.total_seconds()) == uptime


@pytest.mark.parametrize("uptime", ["-1", "-1" + "0" * 400, "1" + "0" * 400], ids=len)
def test_what_is_no_uptime_reports_nothing(uptime: str) -> None:
    assert parse_state(f'{{"UptimeSec":{uptime}}}').uptime is None


@pytest.mark.parametrize(
    ("state", "signal"),
    [
        ({"Wifi": {"Signal": -57, "RSSI": 86}}, -57),
        ({"Wifi": {"Signal": 0}}, 0),
        ({"Wifi": {"Signal": 5}}, None),
        ({"Wifi": {"Signal": -500}}, None),
        ({"Wifi": {"Signal": "-57"}}, None),
        ({"Wifi": {"Signal": True}}, None),
        ({"Wifi": {}}, None),
        ({"Wifi": "off"}, None),
        ({}, None),
    ],
)
def test_signal_strength_of_the_wifi(state: dict[str, object], signal: int | None) -> None:
    assert parse_state(json.dumps(state)).signal_strength == signal


# Discovery


def config(**fields: Any) -> str:
    return json.dumps(
        {
            "ip": "192.168.178.42",
            "dn": "Zähler",
            "hn": "tasmota-9282F4-0756",
            "mac": "2462AB9282F4",
            "ofln": "Offline",
            "onln": "Online",
            "sw": "14.4.1",
            "t": "tasmota_9282F4",
            "ft": "%prefix%/%topic%/",
            "tp": ["cmnd", "stat", "tele"],
            "ver": 1,
            **fields,
        }
    )


def discovered(**fields: Any) -> ReaderTopics | None:
    return parse_discovery(config(**fields)).topics


def test_an_announcement_identifies_a_reader() -> None:
    assert parse_discovery(config()) == ReaderInfo(
        mac="2462AB9282F4",
        address="192.168.178.42",
        version="14.4.1",
        name="Zähler",
        topics=reader_topics("tele/tasmota_9282F4/SENSOR"),
        offline="Offline",
    )


@pytest.mark.parametrize(
    ("fields", "name", "offline"),
    [
        ({}, "Zähler", "Offline"),
        ({"dn": ""}, "tasmota-9282F4-0756", "Offline"),
        ({"dn": None}, "tasmota-9282F4-0756", "Offline"),
        ({"dn": " ", "hn": ""}, "", "Offline"),
        ({"dn": "x" * 99}, "x" * 80, "Offline"),
        ({"ofln": "Weg"}, "Zähler", "Weg"),
        ({"ofln": ""}, "Zähler", "Offline"),
        ({"ofln": 0}, "Zähler", "Offline"),
    ],
    ids=repr,
)
def test_names_and_words_may_be_changed_or_missing(
    fields: dict[str, Any], name: str, offline: str
) -> None:
    info = parse_discovery(config(**fields))
    assert (info.name, info.offline) == (name, offline)


@pytest.mark.parametrize(
    ("fields", "sensor", "command", "status"),
    [
        (
            {},
            "tele/tasmota_9282F4/SENSOR",
            "cmnd/tasmota_9282F4/STATUS",
            "stat/tasmota_9282F4/STATUS10",
        ),
        (
            {"t": "AMR/AMR_OVAG"},
            "tele/AMR/AMR_OVAG/SENSOR",
            "cmnd/AMR/AMR_OVAG/STATUS",
            "stat/AMR/AMR_OVAG/STATUS10",
        ),
        (
            {"ft": "Casa/%topic%/%prefix%/", "t": "sdm120"},
            "Casa/sdm120/tele/SENSOR",
            "Casa/sdm120/cmnd/STATUS",
            "Casa/sdm120/stat/STATUS10",
        ),
        ({"ft": "%topic%/%prefix%", "t": "m"}, "m/tele/SENSOR", "m/cmnd/STATUS", "m/stat/STATUS10"),
        (
            {"ft": "/%prefix%/%topic%//", "t": "m"},
            "/tele/m/SENSOR",
            "/cmnd/m/STATUS",
            "/stat/m/STATUS10",
        ),
        (
            {"ft": "%prefix%/%hostname%/", "hn": "host"},
            "tele/host/SENSOR",
            "cmnd/host/STATUS",
            "stat/host/STATUS10",
        ),
        (
            {"ft": "%prefix%/meter-%id%/"},
            "tele/meter-9282F4/SENSOR",
            "cmnd/meter-9282F4/STATUS",
            "stat/meter-9282F4/STATUS10",
        ),
        (
            {"tp": ["c", "s", "telemetry"], "t": "m"},
            "telemetry/m/SENSOR",
            "c/m/STATUS",
            "s/m/STATUS10",
        ),
        (
            {"tp": ["tele", "stat", "cmnd"], "t": "m"},
            "cmnd/m/SENSOR",
            "tele/m/STATUS",
            "stat/m/STATUS10",
        ),
        ({"tp": [], "t": "m"}, "tele/m/SENSOR", "cmnd/m/STATUS", "stat/m/STATUS10"),
        ({"tp": ["c", "s"], "t": "m"}, "tele/m/SENSOR", "cmnd/m/STATUS", "stat/m/STATUS10"),
        ({"tp": ["c", "", "t"], "t": "m"}, "tele/m/SENSOR", "cmnd/m/STATUS", "stat/m/STATUS10"),
        ({"tp": [1, 2, 3], "t": "m"}, "tele/m/SENSOR", "cmnd/m/STATUS", "stat/m/STATUS10"),
        ({"ft": "meter/"}, "meter/SENSOR", None, None),
        ({"ft": "%topic%/", "t": "meter"}, "meter/SENSOR", None, None),
    ],
    ids=[
        "default",
        "slash in the topic",
        "prefix behind",
        "no slash at the end",
        "leading slash",
        "host name",
        "id",
        "other words",
        "mixed up words",
        "no words",
        "few words",
        "an empty word",
        "no texts",
        "no tokens",
        "no prefix",
    ],
)
def test_the_full_topic_is_filled_in(
    fields: dict[str, Any], sensor: str, command: str | None, status: str | None
) -> None:
    topics = discovered(**fields)
    assert topics is not None
    assert (topics.sensor, topics.command) == (sensor, command)
    assert topics.status(STATUS_SENSORS) == status


@pytest.mark.parametrize(
    "fields",
    [
        {"ft": None},
        {"ft": 1},
        {"t": None},
        {"t": []},
        {"tp": None},
        {"tp": {"2": "tele"}},
        {"t": "#"},
        {"t": "me+er"},
        {"ft": "%prefix%//%topic%/"},
        {"tp": ["cmnd", "stat", "te+e"]},
    ],
    ids=repr,
)
def test_an_announcement_without_a_sound_topic_has_none(fields: dict[str, Any]) -> None:
    assert discovered(**fields) is None


@pytest.mark.parametrize("words", [["#", "stat", "tele"], ["cmnd", "+", "tele"]], ids=repr)
def test_nothing_is_sent_to_a_wildcard(words: list[str]) -> None:
    """An announcement is retained, and whoever is on the broker may have sent it."""
    topics = discovered(tp=words)
    assert topics is None or topics.status(STATUS_SENSORS) is None


def test_an_empty_announcement_reports_nothing() -> None:
    assert parse_discovery("{}") == ReaderInfo()


@pytest.mark.parametrize("payload", ["", "Online", "[]", "null", b"\xff", b" " * (MAX_PAYLOAD + 1)])
@pytest.mark.parametrize("parse", [parse_status, parse_discovery])
def test_what_is_no_object_is_refused(parse: Any, payload: Payload) -> None:
    with pytest.raises(MalformedMessageError):
        parse(payload)
