"""Numbers as people and programs write them: decimal mark, groups of thousands, units."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
import math
import re
from typing import Final, NamedTuple


class DecimalMark(StrEnum):
    """What separates the whole from the fraction of a number."""

    POINT = "point"
    COMMA = "comma"


_OTHER: Final = {DecimalMark.POINT: ",", DecimalMark.COMMA: "."}
_SIGN: Final = {DecimalMark.POINT: ".", DecimalMark.COMMA: ","}
_BLANKS: Final = " '\u2019\u00a0\u2009\u202f"
"""What separates groups of thousands, besides the other mark."""
_UNIT: Final = r"\s*(?P<unit>[^\W\d_°%€/*]{0,6})[°%€*]?"
"""A unit may follow a number."""
_NUMBERS: Final = {
    mark: re.compile(
        rf"([+-]?)\s?([1-9]\d{{0,2}}(?:(?P<group>[{re.escape(_OTHER[mark] + _BLANKS)}])\d{{3}}"
        rf"(?:(?P=group)\d{{3}})*)|\d*)(?:{re.escape(_SIGN[mark])}(\d*))?([eE][+-]?\d{{1,3}})?{_UNIT}"
    )
    for mark in DecimalMark
}
_PLAIN: Final = re.compile(r"[+-]?\s?(\d*)([.,])(\d*)(?:[eE][+-]?\d+)?" + _UNIT)
"""A number with one mark."""


def parse_number(
    text: str, mark: DecimalMark, factors: Mapping[str, float] | None = None
) -> float | None:
    """Return a number, None if the text is none.

    `factors` convert numbers that are followed by another unit, by its name in lower case.
    """
    found = _NUMBERS[mark].fullmatch(text.strip())
    if found is None:
        return None
    sign, whole, _, fraction, exponent, unit = found.groups()
    digits = "".join(filter(str.isdecimal, whole))
    if not digits and not fraction:
        return None
    number = float(f"{sign}{digits or 0}.{fraction or 0}{exponent or ''}")
    number *= (factors or {}).get(unit.lower(), 1.0)
    return number if math.isfinite(number) else None


def number_parser(
    mark: DecimalMark, factors: Mapping[str, float] | None = None
) -> Callable[[str], float | None]:
    """Return a function that parses numbers fast if they are written plainly; see `parse_number`."""
    sign, other = _SIGN[mark], _OTHER[mark]

    def parse(text: str) -> float | None:
        if other not in text:
            try:
                number = float(text.replace(sign, "."))
            except ValueError:
                return parse_number(text, mark, factors)
            # Python also parses 20_26 as a number, and names of what is none.
            return number if math.isfinite(number) and "_" not in text else None
        return parse_number(text, mark, factors)

    return parse


def is_number(text: str) -> bool:
    """Whether a text can be a number, with either mark."""
    return any(parse_number(text, mark) is not None for mark in DecimalMark)


class FoundMark(NamedTuple):
    """The decimal mark that numbers seem to have."""

    mark: DecimalMark
    is_certain: bool


def decimal_mark(texts: Iterable[str], usual: DecimalMark | None) -> FoundMark:
    """Return the decimal mark of numbers.

    In `1.234`, the point may separate thousands; it does not in `0.234`, `12.5` or `15119.035`, nor
    beside a number above a thousand without any mark. `usual` is the mark of whole numbers.
    """
    clear, doubtful = (dict.fromkeys(DecimalMark, 0) for _ in range(2))
    is_large_plain = False
    for text in filter(None, map(str.strip, texts)):
        found = _mark_of(text)
        if found is None:
            number = parse_number(text, DecimalMark.POINT)
            is_large_plain = is_large_plain or (number is not None and abs(number) >= 1000)
        else:
            (clear if found.is_certain else doubtful)[found.mark] += 1
    if any(clear.values()):
        best = max(DecimalMark, key=clear.__getitem__)
        others = sum(clear.values()) - clear[best]
        return FoundMark(best, clear[best] >= 20 * others)
    if any(doubtful.values()):
        return FoundMark(max(DecimalMark, key=doubtful.__getitem__), is_large_plain)
    # Whole numbers only.
    return FoundMark(usual or DecimalMark.POINT, True)


def _mark_of(text: str) -> FoundMark | None:
    """Return the decimal mark of one number, None if it has no mark."""
    valid = [mark for mark in DecimalMark if parse_number(text, mark) is not None]
    if len(valid) == 1:
        return FoundMark(valid[0], True)
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    whole, sign, fraction, _ = found.groups()
    may_be_thousands = len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    mark = DecimalMark.POINT if sign == "." else DecimalMark.COMMA
    return FoundMark(mark, not may_be_thousands)
