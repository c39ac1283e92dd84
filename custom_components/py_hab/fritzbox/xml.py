"""The box's XML: refused where it is dangerous, read value by value where it is not."""

from collections.abc import Callable
from datetime import UTC, datetime
import re
from typing import Final
import xml.etree.ElementTree as ET


class MalformedAnswerError(Exception):
    """The box's answer is not what its documentation promises."""


def folded(text: str) -> str:
    """Return a text with its white space folded."""
    return " ".join(text.split())


class Unreadable(Exception):
    """An element's text is not a value; the message is the reason."""


_INTEGER: Final = re.compile(r"-?[0-9]{1,18}").fullmatch


def integer(text: str, low: int, high: int) -> int:
    """Return a decimal integer between two limits."""
    if not _INTEGER(text):
        raise Unreadable("not a number")
    number = int(text)
    if not low <= number <= high:
        raise Unreadable("out of range")
    return number


def flag(text: str) -> bool:
    """Return a yes or no from 1 or 0."""
    return bool(integer(text, 0, 1))


def percent(text: str) -> int:
    """Return a share in %."""
    return integer(text, 0, 100)


def tenths(text: str) -> float:
    """Return °C from tenths of a degree."""
    return integer(text, -1000, 2000) / 10


def milli(text: str) -> float:
    """Return W or V from mW or mV. No connection of a home exceeds a megawatt."""
    return integer(text, -(10**9), 10**9) / 1000


def kilowatt_hours(text: str) -> float:
    """Return kWh from Wh."""
    return integer(text, 0, 10**15) / 1000


def _number(text: str) -> int:
    return integer(text, 0, 10**9)


def moment(text: str) -> datetime:
    """Return a time from unix seconds; 0 means unknown."""
    seconds = integer(text, -1, 10**11)
    if seconds <= 0:
        raise Unreadable("unknown")
    return datetime.fromtimestamp(seconds, UTC)


_DEPTH: Final = 3
"""The deepest value is <hkr><nextchange><endperiod>."""


class Node:
    """A device's element, read value by value; remembers what could not be read."""

    def __init__(self, element: ET.Element) -> None:
        """Read this element; `unread` collects (path, reason)."""
        self.element = element
        self.parse_errors: list[tuple[str, str]] = []
        # Collected at once: a search from the top for each value takes several times as long.
        self._texts: dict[str, str] = {}
        self._collect(element, "", _DEPTH)

    def _collect(self, parent: ET.Element, prefix: str, depth: int) -> None:
        """Keep the text of each descendant by its path; of several with one path, the first's."""
        texts = self._texts
        for child in parent:
            path = prefix + child.tag
            if path not in texts:
                texts[path] = (child.text or "").strip()
            if len(child) and depth > 1:
                self._collect(child, f"{path}/", depth - 1)

    def __contains__(self, path: str) -> bool:
        """Whether the box sent this descendant, be it empty."""
        return path in self._texts

    def text(self, path: str) -> str:
        """Return the text of a descendant, empty if there is none."""
        return self._texts.get(path, "")

    def value[T](self, path: str, convert: Callable[[str], T]) -> T | None:
        """Return the converted text of a child, None if there is none to believe."""
        text = self._texts.get(path)
        if text is None:
            return None
        if not text:
            self.parse_errors.append((path, "empty"))
            return None
        try:
            return convert(text)
        except Unreadable as reason:
            self.parse_errors.append((path, str(reason)))
            return None

    def attribute(self, name: str) -> str:
        """Return an attribute with its white space folded, empty if there is none."""
        return folded(self.element.get(name, ""))

    def number(self, path: str) -> int | None:
        """Return a child's whole number."""
        return self.value(path, _number)


def parse_xml(text: str, root: str) -> ET.Element:
    """Return the root element of an answer, which must have the given name."""
    if "<!DOCTYPE" in text:
        # Only a document type can define entities; the box never sends one.
        raise MalformedAnswerError("answer with a document type refused")
    try:
        element = ET.fromstring(text)
    except (ET.ParseError, ValueError) as err:
        raise MalformedAnswerError(f"not XML: {err}") from err
    if element.tag.rpartition("}")[2] != root:
        raise MalformedAnswerError(f"<{root}> expected, got <{element.tag[:40]}>")
    return element
