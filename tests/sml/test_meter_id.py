"""Which meter a published id means."""

import re
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.sml.meter_id import (
    MANUFACTURERS,
    MAX_LENGTH,
    MeterId,
    is_electric,
    manufacturer_of,
    parse_meter_id,
)

ISKRA = MeterId("1ISK0090783944", "Iskraemeco")


@pytest.mark.parametrize(
    ("published", "number", "manufacturer"),
    [
        ("0a0149534b00056940c8", "1ISK0090783944", "Iskraemeco"),
        ("0901454d4800009c86bf", "1EMH0010258111", "EMH metering"),
        ("0a014954520003504c4c", "1ITR0055594060", "Itron"),
        ("0a01484c5902000d762c", "1HLY0200882220", "Holley"),
        ("09014553591103935e10", "1ESY1159989520", "EasyMeter"),
        ("0a0149534bab00000001", "1ISKAB00000001", "Iskraemeco"),
        ("0a0149534b0005f5e0ff", "1ISK0099999999", "Iskraemeco"),
        ("0a0158585800056940c8", "1XXX0090783944", "XXX"),
        ("1EBZ0101434306", "1EBZ0101434306", "eBZ"),
        ("1ABB0012345678", "1ABB0012345678", "ABB"),
    ],
    ids=[
        "MT681",
        "EMH",
        "Itron",
        "Holley",
        "letters without a letter in their hex",
        "block in hex",
        "largest number",
        "unknown letters",
        "ASCII",
        "ASCII that is hex too",
    ],
)
def test_a_number_is_reported_as_it_is_printed_on_the_meter(
    published: str, number: str, manufacturer: str
) -> None:
    assert parse_meter_id(published) == MeterId(number, manufacturer)


@pytest.mark.parametrize(
    "published",
    [
        "0a0149534b00056940c8",
        "090149534b00056940c8",
        "0A0149534B00056940C8",
        " 0a0149534b00056940c8 ",
        "0A 01 49 53 4B 00 05 69 40 C8",
        "0a-01-49-53-4b-00-05-69-40-c8",
        "0a:01:49:53:4b:00:05:69:40:c8",
        "0a01_49534b_00_056940c8",
        "1ISK0090783944",
        "1isk0090783944",
        "1 ISK 00 90783944",
        "1 ISK 00 9078 3944",
        "1-ISK-00-90783944",
        "3149534b30303930373833393434",
    ],
)
def test_the_same_meter_in_any_spelling(published: str) -> None:
    assert parse_meter_id(published) == ISKRA


@pytest.mark.parametrize(
    ("published", "number", "manufacturer"),
    [
        ("0649534b010263a1b2c3", "0649534b010263a1b2c3", "Iskraemeco"),
        ("06 49 53 4B 01 02 63 A1 B2 C3", "0649534b010263a1b2c3", "Iskraemeco"),
        ("06454d4801027112345f", "06454d4801027112345f", "EMH metering"),
        ("0a01495352000", "0a01495352000", "ISR"),
        ("0A0149534B0", "0a0149534b0", "Iskraemeco"),
        ("0a0149534b0005f5e100", "0a0149534b0005f5e100", "Iskraemeco"),
        ("0a0749534b00056940c8", "0a0749534b00056940c8", "Iskraemeco"),
        ("0a01000000000569407f", "0a01000000000569407f", None),
        ("0a01ff534b00056940c8", "0a01ff534b00056940c8", None),
        ("3149534b303039303738333", "3149534b303039303738333", "Iskraemeco"),
        ("090", "090", None),
        ("1a2b3c4d5e6f7", "1a2b3c4d5e6f7", None),
        ("150994945-3735928559", "150994945-3735928559", None),
        ("12-3456", "12-3456", None),
        ("123-456", "123-456", None),
        ("83114321", "83114321", None),
        ("0083114321", "0083114321", None),
        (83114321, "83114321", None),
        ("123456", "123456", None),
        ("656667", "656667", None),
        (455359, "455359", None),
        ("LGZ/4 123", "LGZ/4123", None),
        ("lgz/4123", "LGZ/4123", None),
        ("1" * MAX_LENGTH, "1" * MAX_LENGTH, None),
    ],
    ids=[
        "older form",
        "older form with blanks",
        "older form, EMH",
        "cut",
        "cut after the letters",
        "too large for eight digits",
        "gas",
        "no letters",
        "no ASCII",
        "cut ASCII",
        "cut to three",
        "hex of an odd length",
        "two numbers",
        "two short numbers",
        "two other numbers",
        "digits",
        "digits with zeros in front",
        "a number",
        "six digits that are no letters",
        "six digits that are no known maker",
        "a number that would be a maker in hex",
        "other ASCII",
        "other ASCII in lower case",
        "as long as it may be",
    ],
)
def test_what_is_not_printed_on_a_meter_is_reported_as_published(
    published: object, number: str, manufacturer: str | None
) -> None:
    assert parse_meter_id(published) == MeterId(number, manufacturer)


@pytest.mark.parametrize(
    "published",
    [
        "",
        " ",
        0,
        "0",
        "00000000000000000000",
        "00 00 00",
        "0-0",
        None,
        True,
        False,
        -5,
        4711.0,
        float("nan"),
        [],
        ["0a0149534b00056940c8"],
        {},
        {"id": 1},
        b"0a0149534b00056940c8",
        "1" * (MAX_LENGTH + 1),
        10**MAX_LENGTH,
        "0a0149534b\x00056940c8",
        "1ISK0090783944\n",
        "\x7f12345678",
        "1ISK009078394\u0664",
        "null",
        "none",
        "---",
        "5a5041",
        "49534b",
        "49 53 4B",
        "455359",
        "ZPA",
        "eBZ",
    ],
)
def test_what_is_no_meter(published: object) -> None:
    assert parse_meter_id(published) is None


def test_a_number_that_cannot_be_printed_is_no_meter() -> None:
    """Python itself refuses to, from 4300 digits on."""
    assert parse_meter_id(10**5000) is None
    assert manufacturer_of(10**5000) is None


@pytest.mark.parametrize(
    ("published", "manufacturer"),
    [
        ("5a5041", "ZPA"),
        ("5A5041", "ZPA"),
        ("49534b", "Iskraemeco"),
        ("49 53 4b", "Iskraemeco"),
        ("455359", "EasyMeter"),
        ("65425a", "eBZ"),
        ("484c59", "Holley"),
        ("ZPA", "ZPA"),
        ("eBZ", "eBZ"),
        ("58585a", "XXZ"),
        ("XYZ", "XYZ"),
        ("585858", None),
        (455359, None),
        (0, None),
        ("", None),
        ("0", None),
        (None, None),
        (True, None),
        ([], None),
        ("49534", None),
        ("49534b4b", None),
        ("5a50ff", None),
        ("5a5030", None),
        ("0a0149534b00056940c8", None),
        ("1ISK0090783944", None),
    ],
)
def test_a_manufacturer_alone(published: object, manufacturer: str | None) -> None:
    assert manufacturer_of(published) == manufacturer


def test_the_table_of_manufacturers_holds_codes_and_names() -> None:
    assert all(re.fullmatch(r"[A-Z]{3}", code) for code in MANUFACTURERS)
    assert all(name.strip() == name and name for name in MANUFACTURERS.values())


def published_texts() -> st.SearchStrategy[Any]:
    """Anything that a reader may publish, and much that it may not."""
    return st.one_of(
        st.text(max_size=50),
        st.text("0123456789abcdefABCDEF -:._", max_size=50),
        st.binary(max_size=12).map(bytes.hex),
        st.binary(min_size=8, max_size=8).map(lambda octets: f"0a01{octets.hex()}"),
        st.integers(),
        st.floats(),
        st.none() | st.booleans(),
        st.lists(st.text()),
        st.dictionaries(st.text(), st.text()),
    )


@given(published_texts())
def test_whatever_is_published_gives_an_id_or_none(published: object) -> None:
    meter = parse_meter_id(published)
    manufacturer = manufacturer_of(published)
    assert manufacturer is None or meter is None, "it is one or the other"
    if meter is not None:
        assert re.fullmatch(r"[!-~]{1,40}", meter.number)
        assert meter.manufacturer != ""


@given(published_texts())
def test_a_number_is_its_own_number(published: object) -> None:
    """What was reported once can be published again by another reader."""
    meter = parse_meter_id(published)
    if meter is not None:
        again = parse_meter_id(meter.number)
        assert again is not None
        assert again.number == meter.number


@given(
    st.sampled_from([*MANUFACTURERS, "QQQ"]),
    st.integers(0, 255),
    st.integers(0, 99_999_999),
    st.sampled_from(["09", "0a"]),
)
def test_every_number_is_printed_as_the_standard_says(
    code: str, block: int, serial: int, kind: str
) -> None:
    octets = f"{kind}01{code.encode().hex()}{block:02x}{serial:08x}"
    printed = f"1{code}{block:02X}{serial:08}"
    assert parse_meter_id(octets) == MeterId(printed, MANUFACTURERS.get(code, code))
    assert parse_meter_id(printed) == parse_meter_id(octets)


@pytest.mark.parametrize(
    ("published", "electric"),
    [("0a0149534b00056b3c52", True), ("1ISK0005127852", True), ("0a0649534b00056b3c52", False)],
)
def test_a_number_says_whether_its_meter_is_one_of_electricity(
    published: str, electric: bool
) -> None:
    found = parse_meter_id(published)
    assert found is not None
    assert is_electric(found.number) is electric
