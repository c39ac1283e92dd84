"""The box's XML: what is refused as a whole, and what one text can mean."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from custom_components.py_hab.fritzbox.xml import (
    MalformedAnswerError,
    Node,
    Unreadable,
    flag,
    from_unix,
    integer,
    kilowatt_hours,
    milli,
    parse_xml,
    percent,
    tenths,
)

# Documents

BOMB = (
    '<!DOCTYPE devicelist [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<devicelist>&b;</devicelist>"
)
OUTSIDE = '<!DOCTYPE devicelist SYSTEM "file:///etc/passwd"><devicelist/>'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        ("<!DOCTYPE html><html></html>", "document type"),
        ("<devicelist>&b;</devicelist>", "not XML"),
        ("", "not XML"),
        ("inval\n", "not XML"),
        ("<devicelist><device></devicelist>", "not XML"),
        ('<devicelist><device identifier="1"><name>', "not XML"),
        ('<devicelist><device id="1" id="2"/></devicelist>', "not XML"),
        ("<devicelist/><devicelist/>", "not XML"),
        ("<devicelist>\x00</devicelist>", "not XML"),
        ("<devicelist>\ud800</devicelist>", "not XML"),
        ("<html><body>FRITZ!Box</body></html>", "<devicelist> expected, got <html>"),
        ("<devicestats/>", "<devicelist> expected, got <devicestats>"),
        (f"<{'x' * 5000}/>", f"got <{'x' * 40}>"),
    ],
    ids=[
        "entity bomb",
        "outside entity",
        "web page",
        "undefined entity",
        "empty",
        "inval",
        "wrong tag",
        "cut off",
        "attribute twice",
        "two roots",
        "null",
        "half a character",
        "html",
        "another answer",
        "long root",
    ],
)
def test_what_is_no_answer_is_refused(text: str, reason: str) -> None:
    with pytest.raises(MalformedAnswerError, match=reason):
        parse_xml(text, "devicelist")


def test_a_document_type_is_refused_wherever_it_stands() -> None:
    before = '<?xml version="1.0"?>\n<!-- a comment -->\n'
    with pytest.raises(MalformedAnswerError, match="document type"):
        parse_xml(f"{before}<!DOCTYPE devicelist><devicelist/>", "devicelist")


def test_the_root_may_stand_in_a_namespace() -> None:
    text = '<j:BoxInfo xmlns:j="http://jason.avm.de/updatecheck/"/>'
    assert parse_xml(text, "BoxInfo").tag.endswith("}BoxInfo")


def test_the_five_entities_of_xml_are_read() -> None:
    text = "<a>&amp;&lt;&gt;&quot;&apos;&#228;</a>"
    assert parse_xml(text, "a").text == "&<>\"'ä"


# Texts

type Reader = Callable[[str], object]


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (flag, "0", False),
        (flag, "1", True),
        (percent, "0", 0),
        (percent, "100", 100),
        (tenths, "-1000", -100.0),
        (tenths, "215", 21.5),
        (tenths, "2000", 200.0),
        (milli, "-1000000000", -1_000_000.0),
        (milli, "-4572800", -4572.8),
        (milli, "1000000000", 1_000_000.0),
        (kilowatt_hours, "0", 0.0),
        (kilowatt_hours, "15119035", 15119.035),
        (kilowatt_hours, "1000000000000000", 1e12),
        (from_unix, "1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (from_unix, "1774029600", datetime(2026, 3, 20, 18, tzinfo=UTC)),
        (from_unix, "100000000000", datetime(5138, 11, 16, 9, 46, 40, tzinfo=UTC)),
    ],
)
def test_a_text_is_a_value(read: Reader, text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (flag, "2", "out of range"),
        (flag, "-1", "out of range"),
        (flag, "yes", "not a number"),
        (percent, "101", "out of range"),
        (percent, "-1", "out of range"),
        (tenths, "-1001", "out of range"),
        (tenths, "2001", "out of range"),
        (milli, "-1000000001", "out of range"),
        (milli, "1000000001", "out of range"),
        (kilowatt_hours, "-1", "out of range"),
        (kilowatt_hours, "1000000000000001", "out of range"),
        (from_unix, "0", "unknown"),
        (from_unix, "-1", "unknown"),
        (from_unix, "-2", "out of range"),
        (from_unix, "100000000001", "out of range"),
        (from_unix, "1774029600.5", "not a number"),
    ],
)
def test_a_text_is_no_value(read: Reader, text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(text)


@pytest.mark.parametrize(("text", "number"), [("-5", -5), ("0", 0), ("-0", 0), ("007", 7)])
def test_integers_are_decimal(text: str, number: int) -> None:
    assert integer(text, -5, 7) == number


# Elements


def node(text: str) -> Node:
    return Node(parse_xml(text, "device"))


def test_a_node_lists_what_it_could_not_read() -> None:
    device = node("<device><a>5</a><b>x</b><c> </c><d><e>7</e></d></device>")
    assert device.value("a", percent) == 5
    assert device.value("b", percent) is None
    assert device.value("c", percent) is None
    assert device.value("d/e", percent) == 7
    assert device.value("f", percent) is None
    assert device.parse_errors == [("b", "not a number"), ("c", "empty")]


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), (" 281\n", 281), ("1000000000", 10**9), ("1000000001", None), ("-1", None)],
)
def test_numbers_are_whole_and_not_negative(text: str, number: int | None) -> None:
    assert node(f"<device><id>{text}</id></device>").number("id") == number


def test_of_elements_with_the_same_name_the_first_counts() -> None:
    assert node("<device><id>1</id><id>2</id></device>").number("id") == 1


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("identifier=' 08761 \t 0000434&#10;'", "08761 0000434"),
        ("identifier=''", ""),
        ("identifier='  '", ""),
        ("name='x'", ""),
    ],
)
def test_the_blanks_of_attributes_are_folded(attribute: str, text: str) -> None:
    assert node(f"<device {attribute}/>").attribute("identifier") == text
