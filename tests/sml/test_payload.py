"""What a Tasmota reader publishes, as blocks of fields."""

import json
import math
from typing import Any

import pytest

from custom_components.py_hab.sml.meter_evidence import Evidence, evidence_of
from custom_components.py_hab.sml.payload import (
    MAX_PAYLOAD,
    Block,
    MalformedMessageError,
    Payload,
    discovered_meters,
    is_finite,
    is_meter,
    load_object,
    may_have_meter,
    meter_blocks,
    number_in,
    parse_message,
)
from custom_components.py_hab.sml.registers import KeyMapping, Quantity


def one(payload: Payload) -> Block:
    (block,) = parse_message(payload)
    return block


def meters(payload: Payload) -> dict[str, dict[str, object]]:
    """Return the fields of each meter in a message, by prefix."""
    return {block.prefix: dict(block.fields) for block in meter_blocks(payload)}


# Messages


def test_a_message_is_read_whole() -> None:
    block = one(
        '{"Time":"2026-09-28T21:20:25","MT681":{"Total_in":15119.035,"Power_cur":377,'
        '"Power_p1":14,"Total_out":62331.037,"Meter_id":"0a01495352000"}}'
    )
    assert block == Block(
        prefix="MT681",
        fields={
            "Total_in": 15119.035,
            "Power_cur": 377,
            "Power_p1": 14,
            "Total_out": 62331.037,
            "Meter_id": "0a01495352000",
        },
    )
    assert block.is_complete


@pytest.mark.parametrize("kind", [str, str.encode, lambda text: bytearray(text, "utf-8")])
def test_payloads_come_as_text_or_bytes(kind: Any) -> None:
    assert one(kind('{"Zähler":{"Power":-123.5}}')) == Block(
        prefix="Zähler", fields={"Power": -123.5}
    )


@pytest.mark.parametrize("answer", ["StatusSNS"])
def test_the_answer_to_status_10_holds_the_same_one_level_deeper(answer: str) -> None:
    message = '{"Time":"2026-09-28T21:20:25","MT681":{"E_in":1.5,"Power":-7}}'
    (answered,) = parse_message(f'{{"{answer}":{message}}}')
    (published,) = parse_message(message)
    assert (answered.prefix, answered.fields) == (published.prefix, published.fields)
    assert parse_message('{"StatusSNS":{"MT681":{"E_in":1.5}}}')[0].is_complete, (
        "it is all there is"
    )


@pytest.mark.parametrize("inner", ["{}", "[]", "null", "1", '"MT681"', '{"Time":"1970-01-01"}'])
def test_a_status_without_meter_is_empty(inner: str) -> None:
    assert parse_message(f'{{"StatusSNS":{inner},"MT681":{{"Power":1}}}}') == []


@pytest.mark.parametrize(
    ("fields", "whole"), [("{}", False), ('{"Power":1}', False), ('{"Power":1,"E_in":2}', True)]
)
def test_an_immediate_message_holds_one_value(fields: str, whole: bool) -> None:
    assert one(f'{{"Time":"2022-11-06T13:28:10","SML":{fields}}}').is_complete is whole


@pytest.mark.parametrize(
    ("others", "prefixes"),
    [
        ('"HDC1080":{"Temperature":21.5}', ["", "HDC1080"]),
        ('"Gas":{"Count":1843.26}', ["", "Gas"]),
        ('"ESP32":{"Temperature":51}', [""]),
        ('"SML":{"E_in":5,"Power":3}', ["SML"]),
    ],
    ids=["another sensor", "another meter", "a known driver", "its own block"],
)
def test_a_meter_without_a_block_may_stand_beside_other_blocks(
    others: str, prefixes: list[str]
) -> None:
    blocks = parse_message(f'{{"Time":"x","E_in":7,"Power":1,{others},"TempUnit":"C"}}')
    assert [block.prefix for block in blocks] == prefixes


def test_neither_time_nor_a_name_is_needed() -> None:
    assert meters('{"":{"E_in":24846.796}}') == {"": {"E_in": 24846.796}}


def test_two_meters_of_one_reader_are_two_blocks_in_their_order() -> None:
    blocks = parse_message('{"House":{"E_in":1},"Heat pump":{"E_in":2},"ESP32":{"Power":3}}')
    assert blocks == [
        Block(prefix="House", fields={"E_in": 1}),
        Block(prefix="Heat pump", fields={"E_in": 2}),
    ]


@pytest.mark.parametrize("prefix", ["Power", "Meter", "", "eHZ", "Strom", "ENERGYMETER", "SML1"])
def test_a_meter_may_have_any_other_name(prefix: str) -> None:
    assert meters(f'{{"{prefix}":{{"Power_curr":-6}}}}') == {prefix: {"Power_curr": -6}}


@pytest.mark.parametrize(
    "prefix",
    [
        *("ENERGY", "energy", "ANALOG", "ESP32", "COUNTER", "ADS1115", "DS18B20", "DS18B20-1"),
        *("BME280", "BME280-77", "SHT3X_45", "INA219", "SI7021", "SWITCH", "TIMERS", "WIFI"),
    ],
)
def test_other_drivers_are_no_meters(prefix: str) -> None:
    assert parse_message(f'{{"{prefix}":{{"Power":1203,"ImportActive":2142}}}}') == []


def test_the_old_server_is_no_meter() -> None:
    assert parse_message('{"HKR":{"sub_entity":"Power","amount":21.5,"Power":1}}') == []
    assert parse_message('{"HKR":{"amount":21.5,"Power":1}}') != []


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
        '{"MT681":{"Volt_p1":230.1,"Power_p1":7,"x":0}}',
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
        "only what other sensors publish as well",
    ],
)
def test_messages_without_energy_or_power_hold_no_meter(message: str) -> None:
    assert meters(message) == {}


def test_the_user_may_say_what_makes_a_meter() -> None:
    block = Block(prefix="x", fields={"Nettobezug": 1})
    assert not is_meter(block)
    for quantity, evidence in (
        (Quantity.ENERGY_IMPORT, Evidence.POSSIBLE),
        (Quantity.POWER, Evidence.POSSIBLE),
        (Quantity.VOLTAGE_L1, Evidence.NONE),
    ):
        assigned = {"Nettobezug": KeyMapping(quantity)}
        assert evidence_of("x", block.fields, assigned.get) is evidence


def test_keys_make_a_meter_beside_each_other() -> None:
    block = {"READER_IN": 15119.035, "READER_OUT": 2381.47, "READER_POWER": 377}
    assert meters(json.dumps({"SM": block})) == {"SM": block}
    assert meters(json.dumps({"SM": {"READER_IN": 15119.035}})) == {}


def test_a_meter_that_has_no_values_yet_is_a_meter() -> None:
    assert meters('{"MT681":{"E_in":null}}') == {"MT681": {"E_in": None}}


def test_of_a_key_that_is_there_twice_the_last_counts() -> None:
    assert one('{"SML":{"Power_curr":1,"Power_curr":2}}').fields == {"Power_curr": 2}


# Values


def test_numbers_are_what_can_be_reckoned_with() -> None:
    values = (
        '"int":377,"float":-1.5,"zero":0,"large":99999999,"1e308":1e308,"null":null,"true":true,"text":"377",'
        '"list":[1],"object":{"a":1},"nan":NaN,"inf":Infinity,"minus":-Infinity,"1e999":1e999,'
        f'"endless":1{"0" * 400}'
    )
    assert one(f'{{"MT681":{{{values}}}}}').numbers() == {
        "int": 377.0,
        "float": -1.5,
        "zero": 0.0,
        "large": 99_999_999.0,
        "text": 377.0,
    }


@pytest.mark.parametrize(
    ("value", "finite"),
    [
        (0, True),
        (-1.5, True),
        (10**308, True),
        (10**309, False),
        (-(10**400), False),
        (float("nan"), False),
        (float("inf"), False),
    ],
    ids=lambda value: str(value)[:8],
)
def test_numbers_without_end_are_not_finite(value: float, finite: bool) -> None:
    assert is_finite(value) is finite


# What is no message


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
    "parse", [load_object, parse_message, meters, discovered_meters, may_have_meter]
)
def test_what_is_no_object_is_refused(parse: Any, payload: Payload) -> None:
    with pytest.raises(MalformedMessageError):
        parse(payload)


@pytest.mark.parametrize("depth", [100, 30_000])
def test_deep_values_do_no_harm(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    block = one(f'{{"MT681":{{"Power":1,"x":{nested}}}}}')
    assert block.numbers() == {"Power": 1.0}
    assert is_meter(block)


# Discovery


def test_meters_are_announced_with_their_readings() -> None:
    announcement = (
        '{"sn":{"Time":"2024-08-01T22:14:45","eHZ":{"E_in":16585.289,"Power":326},'
        '"ENERGY":{"Power":1},"Zähler 2":{"1.8.0":7}},"ver":1}'
    )
    assert discovered_meters(announcement) == [
        Block(prefix="eHZ", fields={"E_in": 16585.289, "Power": 326}),
        Block(prefix="Zähler 2", fields={"1.8.0": 7}),
    ]
    assert may_have_meter(announcement)


@pytest.mark.parametrize(
    ("sensors", "possible"),
    [
        ("{}", True),
        ('{"Time":"2022-12-06T18:51:26"}', True),
        ("null", False),
        ("[]", False),
        ('{"Time":"2022-12-06T18:51:26","DS18B20":{"Temperature":21}}', False),
        ('{"Time":"2022-12-06T18:51:26","Switch1":"ON"}', False),
        ('{"x":{"Temperature":21}}', False),
    ],
)
def test_an_announcement_may_come_before_the_meter_has_spoken(sensors: str, possible: bool) -> None:
    announcement = f'{{"sn":{sensors},"ver":1}}'
    assert discovered_meters(announcement) == []
    assert may_have_meter(announcement) is possible


def test_an_empty_announcement_is_no_meter() -> None:
    assert discovered_meters("{}") == []
    assert not may_have_meter("{}")


# Messages without a block


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ('{"Time":"2026","Total_in":310.2,"Power":"377"}', {"Total_in": 310.2, "Power": "377"}),
        ('{"StatusSNS":{"Time":"2026","1_8_0":310.2}}', {"1_8_0": 310.2}),
        (
            '{"Total_in":310.2,"Power":377,"ESP32":{"Temperature":40}}',
            {"Total_in": 310.2, "Power": 377},
        ),
        ('{"Power":377,"TempUnit":"C","list":[1]}', {"Power": 377}),
        ('{"E_in":5,"note":"ok"}', {"E_in": 5, "note": "ok"}),
    ],
    ids=["SENSOR", "answer to STATUS 10", "other driver", "immediate", "text"],
)
def test_a_message_without_a_block_is_one(message: str, fields: dict[str, object]) -> None:
    assert meters(message) == {"": fields}


@pytest.mark.parametrize(
    "message",
    [
        '{"Time":"2026","POWER":"ON","E_in":5}',
        '{"Switch1":"OFF","E_in":5}',
        '{"entity":"HKR","sub_entity":"Power","amount":21.5,"Power":1}',
        '{"E_in":"none","Power":null}',
        '{"sn":{"Time":"2026"},"ver":1}',
    ],
    ids=["relay", "switch", "the old server", "no number", "announcement"],
)
def test_a_message_of_something_else_is_no_block(message: str) -> None:
    assert meters(message) == {}


def test_fields_beside_a_block_belong_to_none() -> None:
    assert meters('{"Power":7,"Verbrauch Tag":"2.98","SML":{"E_in":5}}') == {"SML": {"E_in": 5}}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("377", 377.0), ("-1.5", -1.5), ("+7", 7.0), (" 15119.035 ", 15119.035)),
        *(("15119,035", 15119.035), ("0,5", 0.5)),
    ],
)
def test_numbers_may_be_in_quotes(text: str, number: float) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    "text",
    ["", " ", "377 W", "1,234.5", "1.234,5", "1e5", "nan", "inf", "0x10", "1_000", "1" * 16, "--1"],
)
def test_other_texts_are_no_numbers(text: str) -> None:
    assert math.isnan(number_in(text))


def test_names_and_keys_are_cleaned_and_the_first_of_two_that_look_alike_counts() -> None:
    payload = json.dumps(
        {
            "SML\nforged\u202e": {
                "Power": 1,
                "Power\u200b": 2,
                "![x](http://evil.example)": 3,
                "\ud800": 4,
            }
        }
    )
    [block] = parse_message(payload)
    assert block.prefix == "SML forged"
    assert block.fields == {"Power": 1, "![x](http://evil.example)": 3, "": 4}
    [long] = parse_message(json.dumps({"x" * 5000: {"y" * 5000: 1, "Power": 1}}))
    assert {len(long.prefix), *map(len, long.fields)} == {80, 5}
