"""Whatever a box, a reader or a user sends: it is a value within its limits, or one known error."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
import json
import math
import re
from typing import Any, Final
import xml.etree.ElementTree as ET

from hypothesis import example, given, strategies as st
import pytest

from custom_components.py_hab.fritzbox.address import base_url
from custom_components.py_hab.fritzbox.devices import Device, DeviceList, parse_device_list
from custom_components.py_hab.fritzbox.login import (
    MAX_ITERATIONS,
    challenge_response,
    parse_box_info,
    parse_session_info,
)
from custom_components.py_hab.fritzbox.rest import RestDetails, parse_error_code, parse_overview
from custom_components.py_hab.fritzbox.xml import MalformedAnswerError, parse_xml
from custom_components.py_hab.meter.key_resolver import MAX_UNKNOWN, LearnedKeys
from custom_components.py_hab.sml.key_mapping import CHOICES, assigned_mappings
from custom_components.py_hab.sml.meter_index import MeterIndex
from custom_components.py_hab.sml.payload import (
    MalformedMessageError,
    Payload,
    discovered_meters,
    is_meter,
    may_have_meter,
    parse_message,
)
from custom_components.py_hab.sml.registers import COUNTERS
from custom_components.py_hab.sml.topics import (
    STATUS_SENSORS,
    InvalidTopicError,
    ReaderInfo,
    ReaderTopics,
    parse_discovery,
    parse_state,
    parse_status,
    reader_topics,
)
from simulator.fritzbox_devices import DEVICES
from simulator.fritzbox_pages import Identity, box_info, session_info
from simulator.fritzbox_rest import overview
from simulator.fritzbox_smart_home import SmartHome
from simulator.fritzbox_xml import text_of
from simulator.home import Home
from tests.support.one_meter import Clock, OneMeter

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

NOW: Final = datetime(2026, 3, 20, 18, 7, 33, tzinfo=UTC)

SMART_HOME: Final = SmartHome(Home(installed=NOW - timedelta(days=100)), DEVICES)
LIST: Final = text_of(SMART_HOME.device_list(NOW, fritzos="8.25"))
OVERVIEW: Final = json.dumps(overview(SMART_HOME, NOW))
SESSION: Final = session_info(
    sid="9c977765016899f8",
    challenge="2$60000$aa$6000$bb",
    block_time=0,
    rights={"Dial": 2, "HomeAuto": 1},
    users=["fritz2703", "anna"],
    last_user="anna",
)
BOX_INFO: Final = box_info(Identity())
SENSOR: Final = (
    '{"Time":"2026-09-28T21:20:25","MT681":{"Total_in":15119.035,"Power_cur":377,'
    '"Total_out":62331.037,"Meter_id":"0a01495352000"}}'
)
STATUS_5: Final = '{"StatusNET":{"Mac":"24:62:AB:92:82:F4","IPAddress":"192.168.178.42"}}'
DISCOVERY: Final = (
    '{"ft":"%prefix%/%topic%/","t":"reader","tp":["cmnd","stat","tele"],"mac":"2462AB9282F4",'
    '"hn":"reader","sn":{"Time":"2026-09-28T21:20:25","MT681":{"Total_in":15119.035}}}'
)
SOUND: Final = parse_device_list(LIST)

# What may come in

ANY_CHARACTERS: Final = st.text(st.characters(exclude_categories=()), max_size=60)
"""Halves of characters included."""
NUMBERS: Final = st.one_of(
    st.integers().map(str),
    st.integers(-400, 400).map(str),
    st.floats().map(str),
    st.sampled_from(["", " ", "-", "-9999", "255", "1e9", "0x1", "1_0", "inval", "9" * 400, "²"]),
)
IMPOSSIBLE: Final = st.one_of(
    st.integers(min_value=10**18).map(str),
    st.integers(max_value=-(10**10)).map(str),
    st.floats().map(lambda number: f"{number}e"),
    st.sampled_from(["inval", "nan", "inf", "-inf", "--1", "0x10", "9" * 5000]),
)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """Return a document that was cut, doubled, mixed up or written over in a few places."""
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        end = min(end, start + draw(st.sampled_from([0, 1, 8, 200, 10**6])))
        middle = text[start:end]
        put = draw(
            st.one_of(
                st.just(""),
                st.just(middle * 2),
                st.just(middle[::-1]),
                NUMBERS,
                ANY_CHARACTERS,
                st.sampled_from(["<", ">", "&", '"', "<!--", "<![CDATA[", "\x00", "{", "[", ","]),
            )
        )
        text = text[:start] + put + text[end:]
    return text


@st.composite
def renumbered(draw: st.DrawFn, text: str) -> str:
    """Return a document that keeps its form, but not some of its numbers and texts."""
    places = list(re.finditer(r'(?<=>)[^<>]*(?=</)|(?<==")[^"<>]*(?=")|(?<=":)[^,{}\[\]]+', text))
    chosen = draw(st.lists(st.sampled_from(places), max_size=12, unique_by=re.Match.start))
    for place in sorted(chosen, key=re.Match.start, reverse=True):
        text = text[: place.start()] + draw(NUMBERS) + text[place.end() :]
    return text


def anything_like(document: str) -> st.SearchStrategy[str]:
    """Return what may arrive in place of a document, as the client decodes it."""
    return st.one_of(
        damaged(document),
        renumbered(document),
        ANY_CHARACTERS,
        st.binary(max_size=200).map(lambda body: body.decode(errors="replace")),
        st.sampled_from([LIST, SESSION, BOX_INFO, OVERVIEW, SENSOR]),
    )


def or_none[T](parse: Callable[[str], T], text: str) -> T | None:
    """Return the value, None for the one error that is allowed."""
    try:
        return parse(text)
    except MalformedAnswerError:
        return None


# Device lists


def numbers(device: Device) -> Iterator[tuple[float | None, float, float]]:
    """Yield what is a number, and its limits."""
    yield device.battery, 0, 100
    yield device.temperature, -100, 200
    yield device.humidity, 0, 100
    yield device.unit_type, 0, 10**9
    if meter := device.power_meter:
        yield meter.power, -(10**6), 10**6
        yield meter.energy, 0, 10**12
        yield meter.voltage, -(10**6), 10**6
    if thermostat := device.thermostat:
        yield thermostat.target_temperature, 0, 60
        yield thermostat.comfort_temperature, 0, 60
        yield thermostat.eco_temperature, 0, 60
        yield thermostat.next_temperature, 0, 60
    if device.blind:
        yield device.blind.position, 0, 100


def times(device: Device) -> Iterator[datetime | None]:
    yield device.alert_changed
    yield from (button.last_pressed for button in device.buttons)
    if device.thermostat:
        yield device.thermostat.next_change


def assert_within_limits(answer: DeviceList) -> None:
    for ain, device in answer.devices.items():
        assert device.ain == ain != ""
        assert device.owner_ain in answer.devices
        assert device.name
        for number, low, high in numbers(device):
            assert number is None or low <= number <= high
        for time in times(device):
            assert time is None or time.tzinfo is UTC


def test_the_sound_list_has_all_that_may_break() -> None:
    assert_within_limits(SOUND)
    devices = SOUND.devices.values()
    for what in ("power_meter", "thermostat", "blind", "humidity", "alert", "buttons"):
        assert any(getattr(device, what) not in {None, ()} for device in devices), what


@given(anything_like(LIST))
def test_any_text_is_a_device_list_within_its_limits_or_refused(text: str) -> None:
    if (answer := or_none(parse_device_list, text)) is not None:
        assert_within_limits(answer)


@given(renumbered(LIST))
def test_texts_alone_never_make_a_list_unreadable(text: str) -> None:
    answer = parse_device_list(text)
    assert_within_limits(answer)
    assert len(answer.devices) + len(answer.skipped_entries) == len(SOUND.devices)


@given(st.sampled_from([*SOUND.devices]), st.data())
def test_a_device_with_impossible_numbers_harms_no_other(ain: str, data: st.DataObject) -> None:
    root = parse_xml(LIST, "devicelist")
    (element,) = (entry for entry in root if entry.get("identifier") == ain)
    for leaf in element.iter():
        if not len(leaf) and leaf.tag != "name":
            leaf.text = data.draw(IMPOSSIBLE)
    answer = parse_device_list(text_of(root))
    assert list(answer.devices) == list(SOUND.devices)
    for other in set(SOUND.devices) - {ain}:
        assert answer.devices[other] == SOUND.devices[other]
        assert answer.devices[other].parse_errors == SOUND.devices[other].parse_errors
    broken = answer.devices[ain]
    assert broken.name == SOUND.devices[ain].name
    assert not broken.present
    assert all(number is None for number, _, _ in numbers(broken))
    assert all(time is None for time in times(broken))
    assert broken.blocks == SOUND.devices[ain].blocks


@given(st.permutations(list(parse_xml(LIST, "devicelist"))))
def test_the_order_of_the_list_changes_no_device(elements: list[ET.Element]) -> None:
    root = ET.Element("devicelist")
    root.extend(elements)
    assert parse_device_list(text_of(root)).devices == SOUND.devices


# Dangerous XML

EXPANSION: Final = (
    '<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "&i;",
)
DANGERS: Final[Mapping[str, tuple[str, str]]] = {
    "a billion laughs": EXPANSION,
    "quadratic growth": (f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 5_000),
    "a file": ('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;"),
    "another host": ('<!ENTITY a SYSTEM "http://127.0.0.1:1/">', "&a;"),
    "a parameter": ('<!ENTITY % a SYSTEM "http://127.0.0.1:1/"> %a;', ""),
    "a loop": ('<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;"),
}


@pytest.mark.parametrize("danger", DANGERS)
@pytest.mark.parametrize(
    ("root", "parse"),
    [
        ("devicelist", parse_device_list),
        ("SessionInfo", parse_session_info),
        ("BoxInfo", parse_box_info),
    ],
)
def test_entities_are_refused_before_they_are_read(
    root: str, parse: Callable[[str], object], danger: str
) -> None:
    entities, use = DANGERS[danger]
    for start in ("", '<?xml version="1.0"?>\n', "<!-- -->"):
        with pytest.raises(MalformedAnswerError, match="document type"):
            parse(f"{start}<!DOCTYPE {root} [{entities}]><{root}><SID>{use}</SID></{root}>")


@pytest.mark.parametrize("encoding", ["utf-7", "utf-16", "utf-16-be", "utf-32", "cp037"])
def test_no_encoding_hides_a_document_type(encoding: str) -> None:
    text = '<!DOCTYPE devicelist [<!ENTITY a "b">]><devicelist/>'
    body = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + text.encode(encoding)
    for decoded in (body.decode(errors="replace"), body.decode("latin-1")):
        with pytest.raises(MalformedAnswerError):
            parse_device_list(decoded)


# Login


@given(anything_like(SESSION))
def test_any_text_is_a_login_page_within_its_limits_or_refused(text: str) -> None:
    if (info := or_none(parse_session_info, text)) is not None:
        assert re.fullmatch("[0-9A-Za-z]{16}", info.sid)
        assert timedelta() <= info.block_time < timedelta(seconds=10**9)
        assert all(0 <= access <= 9 for access in info.rights.values())


@given(anything_like(BOX_INFO))
def test_any_text_introduces_a_box_or_is_refused(text: str) -> None:
    if (info := or_none(parse_box_info, text)) is not None:
        assert info.model
        assert re.fullmatch("([0-9A-F]{12})?", info.serial)
        assert info.firmware_version is None or re.fullmatch(
            r"[0-9]+\.[0-9]+", info.firmware_version
        )


ROUNDS: Final = st.one_of(
    st.integers(-5, 50).map(str),
    st.integers(min_value=MAX_ITERATIONS + 1).map(str),
    st.sampled_from(["", " 1", "1_0", "many", "9" * 5000]),
)
SALTS: Final = st.one_of(
    st.binary(max_size=16).map(bytes.hex), st.text(max_size=5), st.sampled_from(["A", "zz", "a b"])
)
CHALLENGES: Final = st.one_of(
    st.builds(
        lambda *parts: "$".join(parts),
        st.sampled_from(["2", "2", "2", "1", "3", ""]),
        ROUNDS,
        SALTS,
        ROUNDS,
        SALTS,
    ),
    st.text(st.sampled_from("0123456789abcdef$-")),
    ANY_CHARACTERS,
)


@given(CHALLENGES, ANY_CHARACTERS)
@example("2$1$aa$1$bb", "\ud800")
@example("1234567z", "\ud800")
def test_a_challenge_has_a_response_or_an_unknown_form(challenge: str, password: str) -> None:
    try:
        response = challenge_response(challenge, password)
    except ValueError:
        return
    assert re.fullmatch(r"[0-9A-Za-z]+-[0-9a-f]{32}|[0-9A-Fa-f\s]*\$[0-9a-f]{64}", response)


PIECES: Final = st.sampled_from(
    [
        *("http://", "https://", "ftp://", "//", "/", ":", "::", "@", "[", "]", "%", "?", "#"),
        *("fritz.box", "192.168.178.1", "fd00::1", "80", "99999", "-1", "1", "0x7f", "ü", "ß"),
        *(".", "..", " ", "\t", "\n", "\x00", "\\", "\ud800", "\N{ZERO WIDTH SPACE}", "%00"),
    ]
)
ADDRESSES: Final = st.one_of(
    ANY_CHARACTERS,
    st.lists(PIECES, max_size=8).map("".join),
    st.lists(PIECES, max_size=8).map(lambda pieces: f"http://{''.join(pieces)}"),
)


@given(ADDRESSES)
@example("http://anna:secret@fritz.box")
@example("1:2:3")
@example("fritz.box:80")
@example("::]@/")
def test_what_a_user_types_is_an_address_or_refused(text: str) -> None:
    try:
        url = base_url(text)
    except ValueError:
        return
    assert url.scheme in {"http", "https"}
    assert url.host
    assert url.host == "".join(url.host.split())
    assert (url.user, url.password) == (None, None)
    assert (url.path, url.query_string, url.fragment) == ("/", "", "")
    assert url.port is not None
    assert 0 <= url.port <= 65535
    assert base_url(str(url)) == url, "the same again"


# REST


def assert_extras_within_limits(rest_details: Mapping[str, RestDetails]) -> None:
    for ain, each in rest_details.items():
        assert ain
        assert each.current is None or abs(each.current) <= 1000


JSON: Final = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("valid")
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.sampled_from(
                    [
                        *("devices", "units", "UID", "ain", "interfaces", "isConnected", "state"),
                        *("multimeterInterface", "current", "voltage", "onOffInterface", "errors"),
                        *("outletState", "smartmeterInterface", "smartmeterState", "code"),
                        *("StatusSNS", "StatusNET", "Mac", "IPAddress", "sn", "ft", "t", "tp"),
                        *("MT681", "Total_in", "Total_out", "Power", "Meter_id", "hn", "mac"),
                    ]
                ),
                st.text(max_size=4),
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
).map(json.dumps)


@given(anything_like(OVERVIEW) | JSON)
@example("[" * 100_000)
@example(
    '{"units":[{"ain":"1","interfaces":{"multimeterInterface":{"state":"valid","current":NaN}}}]}'
)
@example(
    '{"units":[{"ain":"1","interfaces":{"multimeterInterface":{"state":"valid","current":1e999}}}]}'
)
def test_any_text_has_extras_within_their_limits_or_is_refused(text: str) -> None:
    if (overview := or_none(parse_overview, text)) is not None:
        assert_extras_within_limits(overview.details)


@given(st.sampled_from(["current", "voltage", "UID", "outletState", "isUpdateAvailable"]), JSON)
def test_any_value_instead_of_another_is_read_or_passed_over(key: str, value: str) -> None:
    text = re.sub(rf'("{key}": )[^,}}\]]*', lambda found: found[1] + value, OVERVIEW)
    assert_extras_within_limits(parse_overview(text).details)


@given(anything_like('{"errors":[{"message":"no permission","code":3001}]}') | JSON)
def test_any_text_has_an_error_code_or_none(text: str) -> None:
    code = parse_error_code(text)
    assert code is None or type(code) is int


# Readers

STATUS_2: Final = '{"StatusFWR":{"Version":"14.4.1(release-tasmota)"}}'
STATE: Final = '{"Time":"2026-09-28T21:20:25","Uptime":"0T00:05:12","UptimeSec":312}'
FULL_TOPICS: Final = st.sampled_from(["%prefix%/%topic%/", "%topic%/%prefix%/", "%prefix%/%id%/"])
WORDS: Final = st.sampled_from(["cmnd", "stat", "tele", "#", "+", "a/b", "/", " "])
METER_MESSAGES: Final = st.dictionaries(
    st.sampled_from(["MT681", ""]),
    st.dictionaries(
        st.sampled_from(
            [
                *("E_in", "E_inoP", "E_out", "import", "1.8.1", "Zaehlerstand", "kvarh_in"),
                *("Power", "Power_in", "P_in", "P_out", "1.7.0", "15.7.0", "Meter_Number", "foo"),
            ]
        ),
        st.one_of(st.floats(), st.floats(0, 20_000), st.integers(), st.text(max_size=3)),
        max_size=6,
    ),
    max_size=2,
).map(json.dumps)


def payloads(document: str) -> st.SearchStrategy[Payload]:
    """Return what may arrive in place of a reader's message."""
    texts = st.one_of(damaged(document), JSON, ANY_CHARACTERS)
    return st.one_of(
        texts,
        texts.map(lambda text: text.encode(errors="replace")),
        texts.map(lambda text: bytearray(text, "utf-16", "replace")),
        st.binary(max_size=200),
    )


def or_refused[T](parse: Callable[[Payload], T], payload: Payload) -> T | None:
    """Return the value, None for the one error that is allowed."""
    try:
        return parse(payload)
    except MalformedMessageError:
        return None


MESSAGES: Final = payloads(SENSOR)
LONG: Final = "9" * 4000


@given(MESSAGES)
@example('{"A":{"Power":NaN}}')
@example('{"A":{"Power":1e999}}')
@example(f'{{"A":{{"Power":{LONG}}}}}')
@example(f'{{"A":{{"Power":9{LONG}}}}}')
@example("[" * 60_000)
def test_any_payload_is_blocks_with_finite_numbers_or_refused(payload: Payload) -> None:
    for block in or_refused(parse_message, payload) or ():
        assert block.fields.keys() >= block.numbers().keys()
        assert all(map(math.isfinite, block.numbers().values()))
        assert is_meter(block) in {True, False}


@given(payloads(DISCOVERY))
@example('{"sn":{"A":{"Power":1,"x":' + "[" * 30_000 + "]" * 30_000 + "}}}")
@example('{"sn":{"A":{"Power":NaN,"Meter_id":"\\ud800"}}}')
@example(f'{{"sn":{{"A":{{"Power":{LONG}}}}}}}')
def test_any_payload_announces_meters_or_is_refused(payload: Payload) -> None:
    for block in or_refused(discovered_meters, payload) or ():
        assert is_meter(block)
    assert or_refused(may_have_meter, payload) in {True, False, None}


def assert_reader_within_limits(mocked_reader: ReaderInfo) -> None:
    assert mocked_reader.mac is None or re.fullmatch("(?!0{12})[0-9A-F]{12}", mocked_reader.mac)
    assert mocked_reader.address is None or not IPv4Address(mocked_reader.address).is_unspecified
    assert mocked_reader.version is None or 0 < len(mocked_reader.version) <= 80
    assert len(mocked_reader.name) <= 80
    assert 0 < len(mocked_reader.offline) <= 80
    if mocked_reader.topics is not None:
        assert mocked_reader.topics.sensor.endswith("/SENSOR")
        assert_topics_are_sound(mocked_reader.topics)


@given(payloads(STATUS_2) | payloads(STATUS_5))
def test_any_payload_is_an_identity_or_refused(payload: Payload) -> None:
    if mocked_reader := or_refused(parse_status, payload):
        assert_reader_within_limits(mocked_reader)


@given(payloads(DISCOVERY))
def test_any_payload_announces_a_reader_or_is_refused(payload: Payload) -> None:
    if mocked_reader := or_refused(parse_discovery, payload):
        assert_reader_within_limits(mocked_reader)


@given(
    st.fixed_dictionaries(
        {
            "ft": ANY_CHARACTERS | FULL_TOPICS,
            "t": ANY_CHARACTERS | WORDS,
            "tp": st.lists(ANY_CHARACTERS | WORDS),
        },
        optional={"hn": ANY_CHARACTERS, "mac": ANY_CHARACTERS, "dn": ANY_CHARACTERS},
    ).map(json.dumps)
)
def test_any_words_make_topics_or_none(payload: str) -> None:
    assert_reader_within_limits(parse_discovery(payload))


@given(payloads(STATE))
@example(f'{{"UptimeSec":-{LONG}}}')
@example(f'{{"UptimeSec":{LONG}}}')
@example('{"UptimeSec":-1}')
def test_any_payload_reports_an_uptime_or_none(payload: Payload) -> None:
    uptime = parse_state(payload).uptime
    assert uptime is None or timedelta() <= uptime < timedelta(seconds=2**32)


def assert_topics_are_sound(topics: ReaderTopics) -> None:
    status = topics.status(STATUS_SENSORS)
    for topic in (topics.sensor, topics.availability, topics.state, topics.command, status):
        if topic is not None:
            assert all(topic.split("/")[1:])
            assert not re.search(r"[#+\x00]", topic)
            assert topic.encode()


LEVELS: Final[st.SearchStrategy[Any]] = st.one_of(
    st.sampled_from(["tele", "reader", "SENSOR", "LWT", "", "+", "#", " ", "ü"]), ANY_CHARACTERS
)


@given(st.lists(LEVELS, max_size=6).map("/".join))
def test_any_text_is_a_topic_or_refused(text: str) -> None:
    try:
        topics = reader_topics(text)
    except InvalidTopicError:
        return
    assert topics.sensor == text.strip()
    assert_topics_are_sound(topics)


@given(
    messages=st.lists(MESSAGES | JSON | METER_MESSAGES, min_size=1, max_size=6),
    quarantined=st.booleans(),
)
@example(messages=[f'{{"A":{{"Power":{LONG},"E_in":{LONG},"foo":{LONG}}}}}'], quarantined=False)
def test_any_messages_are_taken_and_never_spoil_a_counter(
    messages: list[Payload], quarantined: bool
) -> None:
    clock = Clock()
    one = OneMeter(clock, quarantined=quarantined, energy_import=15119.0)
    for message in messages:
        for block in or_refused(parse_message, message) or ():
            one.receive_fields(30, block.fields)
    for quantity in COUNTERS:
        for kwh in (one.counter(quantity), one.meter.values.get(quantity)):
            assert kwh is None or 0 <= kwh < math.inf
    assert len(one.meter.resolver.unknown) <= MAX_UNKNOWN
    stored = one.meter.learned.as_stored()
    assert json.loads(json.dumps(stored)) == stored


@given(JSON)
def test_any_notes_are_recalled_as_far_as_they_make_sense(text: str) -> None:
    notes = json.loads(text)
    meters = MeterIndex("MT681")
    meters.restore(notes)
    assert all(isinstance(prefix, str) for prefix in meters.prefixes.values())
    clock = Clock()
    OneMeter(clock).meter.restore(LearnedKeys.from_stored(notes))
    assert set(assigned_mappings(notes).values()) <= set(CHOICES.values())
