"""Reads the XML of a FRITZ!Box value by value; refuses documents that could define entities."""

from collections.abc import Callable
from datetime import UTC, datetime
import re
from typing import Final, NamedTuple
import xml.etree.ElementTree as ET

from ..util.texts import clean_text


class MalformedAnswerError(Exception):
    """An answer of the box does not have the documented form."""


class Unreadable(Exception):
    """The text of an element is not a valid value; the message is the reason."""


_INTEGER: Final = re.compile(r"-?[0-9]{1,18}").fullmatch


def integer(text: str, low: int, high: int) -> int:
    """Return a decimal integer between two limits, both included. Raises Unreadable."""
    if not _INTEGER(text):
        raise Unreadable("not a number")
    number = int(text)
    if not low <= number <= high:
        raise Unreadable("out of range")
    return number


def flag(text: str) -> bool:
    """Return a bool from 1 or 0."""
    return bool(integer(text, 0, 1))


def percent(text: str) -> int:
    """Return a percentage from 0 to 100."""
    return integer(text, 0, 100)


def tenths(text: str) -> float:
    """Return °C from tenths of a degree."""
    return integer(text, -1000, 2000) / 10


def milli(text: str) -> float:
    """Return W or V from mW or mV. A house connection supplies less than a megawatt."""
    return integer(text, -(10**9), 10**9) / 1000


def kilowatt_hours(text: str) -> float:
    """Return kWh from Wh."""
    return integer(text, 0, 10**15) / 1000


def _number(text: str) -> int:
    return integer(text, 0, 10**9)


def from_unix(text: str) -> datetime:
    """Return a time (UTC) from a unix timestamp in seconds; 0 means unknown."""
    seconds = integer(text, -1, 10**11)
    if seconds <= 0:
        raise Unreadable("unknown")
    return datetime.fromtimestamp(seconds, UTC)


_DEPTH: Final = 3
"""Levels below a device; the deepest value is <hkr><nextchange><endperiod>."""


class ParseError(NamedTuple):
    """An element of a device that could not be read."""

    path: str
    reason: str


class Node:
    """The element of a device, read value by value. Collects what cannot be read."""

    def __init__(self, element: ET.Element) -> None:
        """Wrap an element; its values are addressed by their path below it."""
        self.element = element
        self.parse_errors: list[ParseError] = []
        # One pass over the element: a search for each value takes several times as long.
        self._texts: dict[str, str] = {}
        self._collect(element, "", _DEPTH)

    def _collect(self, parent: ET.Element, prefix: str, depth: int) -> None:
        """Store the text of each descendant by its path; the first of several with the same path."""
        texts = self._texts
        for child in parent:
            path = prefix + child.tag
            if path not in texts:
                texts[path] = (child.text or "").strip()
            if len(child) and depth > 1:
                self._collect(child, f"{path}/", depth - 1)

    def __contains__(self, path: str) -> bool:
        """Whether the box has sent this descendant, empty or not."""
        return path in self._texts

    def text(self, path: str) -> str:
        """Return the text of a descendant, empty if it is missing."""
        return self._texts.get(path, "")

    def value[T](self, path: str, convert: Callable[[str], T]) -> T | None:
        """Return the converted text of a descendant, None if it is missing, empty or invalid."""
        text = self._texts.get(path)
        if text is None:
            return None
        if not text:
            self.parse_errors.append(ParseError(clean_text(path), "empty"))
            return None
        try:
            return convert(text)
        except Unreadable as reason:
            self.parse_errors.append(ParseError(clean_text(path), str(reason)))
            return None

    def attribute(self, name: str) -> str:
        """Return an attribute as a clean text, empty if it is missing."""
        return clean_text(self.element.get(name, ""))

    def number(self, path: str) -> int | None:
        """Return the whole number of a descendant, None if it is missing, empty or invalid."""
        return self.value(path, _number)


def parse_xml(text: str, root: str) -> ET.Element:
    """Return the root element of an answer. Raises MalformedAnswerError if it has another name."""
    if "<!DOCTYPE" in text:
        # Only a document type can define entities. The box never sends one.
        raise MalformedAnswerError("answer with a document type refused")
    try:
        element = ET.fromstring(text)
    except (ET.ParseError, ValueError) as err:
        raise MalformedAnswerError(f"not XML: {clean_text(str(err))}") from err
    if element.tag.rpartition("}")[2] != root:
        raise MalformedAnswerError(f"<{root}> expected, got <{clean_text(element.tag[:40])}>")
    return element
