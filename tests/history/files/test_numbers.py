"""Numbers are read as people and programs write them."""

from collections.abc import Sequence

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.files.numbers import (
    DecimalMark,
    decimal_mark,
    is_number,
    number_parser,
    parse_number,
)

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

POINT, COMMA = DecimalMark.POINT, DecimalMark.COMMA


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("12", 12.0, 12.0),
        ("1.234,5", None, 1234.5),
        ("1,234.5", 1234.5, None),
        ("0,123", None, 0.123),
        ("0.123", 0.123, None),
        ("1.234", 1.234, 1234.0),
        ("1 234,5", None, 1234.5),
        ("1\u202f234\u202f567,5", None, 1234567.5),
        ("1'234'567.5", 1234567.5, None),
        ("12.345.678", None, 12345678.0),
        ("12.34.567", None, None),
        ("1.234 567", None, None),
        ("-0.5", -0.5, None),
        ("+3", 3.0, 3.0),
        (" 7 ", 7.0, 7.0),
        (".5", 0.5, None),
        ("5,", None, 5.0),
        ("1,2E+02", None, 120.0),
        ("1e400", None, None),
        ("0,5 kWh", None, 0.5),
        ("1.5 €", 1.5, None),
        ("nan", None, None),
        ("inf", None, None),
        ("1_0", None, None),
        ("", None, None),
        ("-", None, None),
        ("Ausfall", None, None),
    ],
)
def test_a_number_is_read(text: str, point: float | None, comma: float | None) -> None:
    for mark, number in ((POINT, point), (COMMA, comma)):
        assert number_parser(mark)(text) == number
        assert parse_number(text, mark) == number
    assert is_number(text) is (point is not None or comma is not None)


@given(st.floats(-1e9, 1e9), st.integers(0, 6), st.booleans(), st.sampled_from(DecimalMark))
def test_any_number_is_found_again(
    number: float, digits: int, has_thousands: bool, mark: DecimalMark
) -> None:
    text = format(number, f"{',' if has_thousands else ''}.{digits}f")
    rounded = float(format(number, f".{digits}f"))
    if mark is COMMA:
        text = text.translate(str.maketrans(",.", ".,"))
    assert number_parser(mark)(text) == rounded


@pytest.mark.parametrize(
    ("texts", "mark", "is_certain"),
    [
        (["1.5", "2.25"], POINT, True),
        (["1,5", "2,25"], COMMA, True),
        (["1.234", "2.345"], POINT, False),
        (["1,234", "2,345"], COMMA, False),
        (["1.234", "0.345"], POINT, True),
        (["1.234", "15119.035"], POINT, True),
        (["1.234", "5119"], POINT, True),
        (["1.234", "1.234.567"], COMMA, True),
        (["1.234,5", "2"], COMMA, True),
        (["12", "13"], COMMA, True),
        ([], COMMA, True),
        (["1,5"] * 5 + ["1.5"] * 5, POINT, False),
        (["x", "1,5"], COMMA, True),
    ],
    ids=str,
)
def test_the_decimal_mark_is_found_or_doubted(
    texts: Sequence[str], mark: DecimalMark, is_certain: bool
) -> None:
    assert decimal_mark(texts, COMMA) == (mark, is_certain)
