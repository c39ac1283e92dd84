"""What a Tasmota reader publishes, and what must not be believed of it."""

import json
from typing import Any

import pytest

from custom_components.py_hab.sml_vocabulary import Role
from custom_components.py_hab.tasmota_sml import (
    MAX_PAYLOAD,
    InvalidTopicError,
    MalformedMessageError,
    Payload,
    ReaderIdentity,
    Reading,
    discovered_meters,
    discovered_sensor_topic,
    parse_identity,
    parse_message,
    reader_topics,
)

# Topics


def test_the_topics_of_a_reader_follow_from_the_one_of_its_messages() -> None:
    topics = reader_topics("tele/tasmota_9282F4/SENSOR")
    assert topics.sensor == "tele/tasmota_9282F4/SENSOR"
    assert topics.availability == "tele/tasmota_9282F4/LWT"
    assert topics.command == "cmnd/tasmota_9282F4/STATUS"
    assert topics.status == {
        5: "stat/tasmota_9282F4/STATUS5",
        10: "stat/tasmota_9282F4/STATUS10",
    }


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
        ("tele/tele/SENSOR", "cmnd/tele/STATUS", "stat/tele/STATUS10"),
        (
            "tele/Zähler im Keller/SENSOR",
            "cmnd/Zähler im Keller/STATUS",
            "stat/Zähler im Keller/STATUS10",
        ),
    ],
    ids=["slash in the topic", "prefix last", "prefix in the middle", "called tele", "umlauts"],
)
def test_the_prefix_may_stand_anywhere(sensor: str, command: str, answer: str) -> None:
    topics = reader_topics(sensor)
    assert topics.command == command
    assert topics.status[10] == answer


@pytest.mark.parametrize(
    ("sensor", "availability"),
    [
        ("telemetry/meter/SENSOR", "telemetry/meter/LWT"),
        ("meter/SENSOR", "meter/LWT"),
        ("SENSOR", "LWT"),
        ("meter/tele", "meter/LWT"),
    ],
)
def test_without_the_prefix_nothing_can_be_asked(sensor: str, availability: str) -> None:
    topics = reader_topics(sensor)
    assert topics.availability == availability
    assert topics.command is None
    assert topics.status == {}


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
        "/tele/meter/SENSOR",
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
    ids=repr,
)
def test_what_no_reader_publishes_on_is_refused(topic: str) -> None:
    with pytest.raises(InvalidTopicError):
        reader_topics(topic)


# Messages


def one(payload: Payload) -> Reading:
    (reading,) = parse_message(payload)
    return reading


def test_a_message_is_read_whole() -> None:
    reading = one(
        '{"Time":"2026-09-28T21:20:25","MT681":{"Total_in":15119.035,"Power_cur":377,'
        '"Power_p1":14,"Total_out":62331.037,"Meter_id":"0a01495352000"}}'
    )
    assert reading == Reading(
        prefix="MT681",
        values={Role.ENERGY_IMPORT: 15119.035, Role.POWER: 377, Role.ENERGY_EXPORT: 62331.037},
        keys={
            Role.ENERGY_IMPORT: "Total_in",
            Role.POWER: "Power_cur",
            Role.ENERGY_EXPORT: "Total_out",
        },
        meter_id="0a01495352000",
        unknown={"Power_p1": "14"},
    )


@pytest.mark.parametrize("kind", [str, str.encode, lambda text: bytearray(text, "utf-8")])
def test_payloads_come_as_text_or_bytes(kind: Any) -> None:
    reading = one(kind('{"Zähler":{"Power":-123.5}}'))
    assert (reading.prefix, reading.values) == ("Zähler", {Role.POWER: -123.5})


def test_the_answer_to_status_10_holds_the_same_one_level_deeper() -> None:
    message = '{"Time":"2026-09-28T21:20:25","MT681":{"E_in":1.5,"Power":-7}}'
    assert parse_message(f'{{"StatusSNS":{message}}}') == parse_message(message)


@pytest.mark.parametrize("inner", ["{}", "[]", "null", "1", '"MT681"', '{"Time":"1970-01-01"}'])
def test_a_status_without_meter_is_empty(inner: str) -> None:
    assert parse_message(f'{{"StatusSNS":{inner},"MT681":{{"Power":1}}}}') == []


def test_an_immediate_message_holds_one_value() -> None:
    reading = one('{"Time":"2022-11-06T13:28:10","SML":{"Power_curr":110}}')
    assert reading.values == {Role.POWER: 110}
    assert reading.meter_id is None


def test_neither_time_nor_a_name_is_needed() -> None:
    assert one('{"":{"E_in":24846.796}}').prefix == ""


def test_two_meters_of_one_reader_are_two_readings() -> None:
    readings = parse_message('{"House":{"E_in":1},"Heat pump":{"E_in":2},"ESP32":{"Power":3}}')
    assert {reading.prefix: reading.values for reading in readings} == {
        "House": {Role.ENERGY_IMPORT: 1},
        "Heat pump": {Role.ENERGY_IMPORT: 2},
    }


def test_a_meter_may_be_called_power() -> None:
    reading = one('{"Power":{"Power_curr":-6,"Total_in":3670.2}}')
    assert reading.values == {Role.POWER: -6, Role.ENERGY_IMPORT: 3670.2}


@pytest.mark.parametrize("prefix", ["ENERGY", "energy", "ANALOG", "ESP32", "HKR", "COUNTER"])
def test_other_drivers_are_no_meters(prefix: str) -> None:
    assert parse_message(f'{{"{prefix}":{{"Power":1203,"ImportActive":2142}}}}') == []


@pytest.mark.parametrize(
    "message",
    [
        "{}",
        '{"Time":"2026-09-28T21:20:25"}',
        '{"Uptime":"5T22:20:20","Wifi":{"RSSI":86}}',
        '{"Gas":{"Count":1.84},"HTU21":{"Temperature":25.2},"TempUnit":"C"}',
        '{"Switch1":"ON","Power":377,"E_in":1.5}',
        '{"MT681":[1,2],"SML":null,"eHZ":"E_in"}',
        '{"MT681":{}}',
        '{"MT681":{"Meter_id":"0a01"}}',
        '{"MT681":{"Volt_p1":230.1,"":0}}',
    ],
    ids=[
        "nothing",
        "time",
        "STATE",
        "other sensors",
        "values at the root",
        "no objects",
        "empty meter",
        "only a number plate",
        "only unknown keys",
    ],
)
def test_messages_without_a_register_are_empty(message: str) -> None:
    assert parse_message(message) == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("null", "not a number"),
        ("true", "not a number"),
        ("false", "not a number"),
        ('"377"', "not a number"),
        ('""', "not a number"),
        ("[377]", "not a number"),
        ('{"a":377}', "not a number"),
        ("NaN", "not finite"),
        ("Infinity", "not finite"),
        ("-Infinity", "not finite"),
        ("1e999", "not finite"),
        ("1" + "0" * 400, "not finite"),
    ],
    ids=lambda text: text[:12],
)
def test_values_that_are_no_numbers_are_left_out(value: str, reason: str) -> None:
    reading = one(f'{{"MT681":{{"E_in":1.5,"Power":{value}}}}}')
    assert reading.values == {Role.ENERGY_IMPORT: 1.5}
    assert reading.keys == {Role.ENERGY_IMPORT: "E_in"}
    assert reading.unread == (("Power", reason),)


def test_a_meter_that_has_no_values_yet_is_a_meter() -> None:
    reading = one('{"MT681":{"E_in":null,"Power":null}}')
    assert reading.values == {}
    assert reading.unread == (("E_in", "not a number"), ("Power", "not a number"))


@pytest.mark.parametrize("value", ["0", "-0.0", "1e308", "-377", "12345678901234567890"])
def test_numbers_however_large_are_numbers(value: str) -> None:
    assert one(f'{{"MT681":{{"Power":{value}}}}}').values == {Role.POWER: float(value)}


def test_of_a_key_that_is_there_twice_the_last_counts() -> None:
    reading = one('{"SML":{"Power_curr":1,"Power_curr":2}}')
    assert reading.values == {Role.POWER: 2}


def test_of_two_keys_for_one_register_the_last_counts() -> None:
    reading = one('{"SML":{"Total_in":1,"1_8_0":2}}')
    assert reading.values == {Role.ENERGY_IMPORT: 2}
    assert reading.keys == {Role.ENERGY_IMPORT: "1_8_0"}


@pytest.mark.parametrize(
    ("text", "meter_id"),
    [
        ('"0a0149534b0005694000"', "0a0149534b0005694000"),
        ('" 1EBZ0101434306 "', "1EBZ0101434306"),
        ("90783944", "90783944"),
        ("0", None),
        ('""', None),
        ('"  "', None),
        ("null", None),
    ],
)
def test_the_number_of_the_meter_may_come_late(text: str, meter_id: str | None) -> None:
    assert one(f'{{"MT681":{{"Meter_id":{text},"Power":1}}}}').meter_id == meter_id


@pytest.mark.parametrize("empty", ['""', "0", '" "'])
def test_an_empty_number_does_not_replace_another(empty: str) -> None:
    reading = one(f'{{"MT681":{{"0_0_9":"1ISK0090783944","server_id":{empty},"Power":1}}}}')
    assert reading.meter_id == "1ISK0090783944"


def test_unknown_values_are_kept_short_and_do_no_harm() -> None:
    depth = 20_000
    reading = one(f'{{"MT681":{{"Power":1,"x":{"[" * depth}{"]" * depth},"y":"{"z" * 999}"}}}}')
    assert reading.unknown == {"x": "[" * 80, "y": "z" * 80}


@pytest.mark.parametrize(
    "payload",
    [
        "",
        " ",
        "Online",
        "{",
        '{"MT681":{"E_in":1.5}',
        "{'MT681':1}",
        '{"MT681":{"E_in":01}}',
        "[]",
        "null",
        "1",
        '"text"',
        b"\xff\xfe\xfd",
        b'{"M\xfc":{"Power":1}}',
        '{"MT681":{"E_in":' + "1" * 5000 + "}}",
        "[" * MAX_PAYLOAD,
        '{"a":' * 10_000,
        '{"x":"' + "y" * MAX_PAYLOAD + '"}',
        b" " * (MAX_PAYLOAD + 1),
    ],
    ids=[
        "empty",
        "blank",
        "LWT",
        "cut off",
        "brace missing",
        "single quotes",
        "leading zero",
        "list",
        "null",
        "number",
        "text",
        "bytes",
        "latin-1",
        "endless integer",
        "deep",
        "deep objects",
        "large text",
        "large bytes",
    ],
)
@pytest.mark.parametrize(
    "parse", [parse_message, parse_identity, discovered_sensor_topic, discovered_meters]
)
def test_what_is_no_object_is_refused(parse: Any, payload: Payload) -> None:
    with pytest.raises(MalformedMessageError):
        parse(payload)


# Who the reader is


def identity(**fields: Any) -> ReaderIdentity:
    return parse_identity(json.dumps({"StatusNET": fields}))


def test_a_reader_tells_its_mac_and_address() -> None:
    assert identity(Mac="24:62:ab:92:82:f4", IPAddress="192.168.178.42") == ReaderIdentity(
        mac="2462AB9282F4", address="192.168.178.42"
    )


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
    assert identity(Mac=mac).mac is None


@pytest.mark.parametrize(
    "address",
    ["", "0.0.0.0", ".......", "999.1.1.1", "fe80::1", "reader.local", None, "1.2.3", "1" * 16],
    ids=repr,
)
def test_what_is_no_address_is_not_shown(address: object) -> None:
    assert identity(IPAddress=address).address is None


@pytest.mark.parametrize("payload", ["{}", '{"StatusNET":null}', '{"StatusNET":[1]}'])
def test_an_answer_without_network_tells_nothing(payload: str) -> None:
    assert parse_identity(payload) == ReaderIdentity(mac=None, address=None)


# Discovery


def config(**fields: Any) -> str:
    return json.dumps(
        {
            "ft": "%prefix%/%topic%/",
            "t": "tasmota_9282F4",
            "tp": ["cmnd", "stat", "tele"],
            "mac": "2462AB9282F4",
            "hn": "tasmota-9282F4-0756",
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("fields", "topic"),
    [
        ({}, "tele/tasmota_9282F4/SENSOR"),
        ({"t": "AMR/AMR_OVAG"}, "tele/AMR/AMR_OVAG/SENSOR"),
        ({"ft": "Casa/%topic%/%prefix%/"}, "Casa/tasmota_9282F4/tele/SENSOR"),
        ({"ft": "%topic%/%prefix%"}, "tasmota_9282F4/tele/SENSOR"),
        ({"ft": "%prefix%/%hostname%/"}, "tele/tasmota-9282F4-0756/SENSOR"),
        ({"ft": "%prefix%/meter-%id%/"}, "tele/meter-9282F4/SENSOR"),
        ({"tp": ["c", "s", "telemetry"]}, "telemetry/tasmota_9282F4/SENSOR"),
        ({"tp": []}, "tele/tasmota_9282F4/SENSOR"),
        ({"tp": ["cmnd", "stat"]}, "tele/tasmota_9282F4/SENSOR"),
        ({"ft": "meter/"}, "meter/SENSOR"),
    ],
    ids=[
        "default",
        "slash in the topic",
        "prefix behind",
        "no slash at the end",
        "host name",
        "id",
        "own prefix",
        "no prefixes",
        "few prefixes",
        "no tokens",
    ],
)
def test_the_full_topic_is_filled_in(fields: dict[str, Any], topic: str) -> None:
    assert discovered_sensor_topic(config(**fields)) == topic


@pytest.mark.parametrize(
    "fields",
    [{"ft": None}, {"ft": 1}, {"t": None}, {"t": []}, {"tp": None}, {"tp": {"2": "tele"}}],
    ids=repr,
)
def test_an_announcement_without_topic_is_none(fields: dict[str, Any]) -> None:
    assert discovered_sensor_topic(config(**fields)) is None


def test_an_empty_announcement_is_none() -> None:
    assert discovered_sensor_topic("{}") is None
    assert discovered_meters("{}") == []


def test_meters_are_announced_with_their_readings() -> None:
    (reading,) = discovered_meters(
        '{"sn":{"Time":"2024-08-01T22:14:45","eHZ":{"E_in":16585.289,"Power":326}},"ver":1}'
    )
    assert reading.prefix == "eHZ"
    assert reading.values == {Role.ENERGY_IMPORT: 16585.289, Role.POWER: 326}


@pytest.mark.parametrize("sensors", ["{}", "null", "[]", '{"Time":"2022-12-06T18:51:26"}'])
def test_an_announcement_may_come_before_the_meter_has_spoken(sensors: str) -> None:
    assert discovered_meters(f'{{"sn":{sensors},"ver":1}}') == []
