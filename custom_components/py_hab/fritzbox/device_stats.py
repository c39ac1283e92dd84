"""Parser for device statistics: the past values of a device that a FRITZ!Box stores.

"AHA" in comments is AVM's "Home Automation HTTP Interface" v1.61, chapter 3.3; "REST" is its
"FRITZ! Smart Home REST API" 0.9.5 (2025-08-07). Both list the newest value first. A missing or
invalid value becomes `None`. A series with an unknown step or without any value is dropped.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
import xml.etree.ElementTree as ET

from .rest import json_list, json_object, parse_json
from .xml import Unreadable, from_unix, integer, parse_xml


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Past values at equal steps, newest first."""

    step: int
    """Seconds between two values. 86400 stands for a calendar day in the box's time zone,
    2678400 for a calendar month."""
    values: tuple[float | None, ...]
    """Index 0 is the current, incomplete step; None is an unknown value."""
    at: datetime | None
    """When the box last updated the series (UTC), None if it does not report that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceStats:
    """The device statistics of one device."""

    energy: tuple[Series, ...] = ()
    """kWh; one series for each step, in any order."""
    temperature: tuple[Series, ...] = ()
    """°C."""
    humidity: tuple[Series, ...] = ()
    """%."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _SeriesKind:
    """Limits and units of one kind of series."""

    steps: frozenset[int]
    """Valid steps in seconds."""
    low: float
    """The lowest valid value, in our unit."""
    high: float
    """The highest valid value, in our unit."""
    aha_parts: int = 1
    """AHA units per unit of ours."""
    rest_parts: int = 1
    """REST units per unit of ours."""
    has_zeros: bool = False
    """Whether zeros at the old end of a series are values. REST fills times before the first value
    with 0 instead of null (its examples FST302_unit and FSE210_device)."""


_ENERGY: Final = _SeriesKind(
    steps=frozenset({900, 21600, 86400, 2678400}),
    low=0,
    high=10**12,
    aha_parts=1000,
    rest_parts=1000,
    has_zeros=True,
)
_TEMPERATURE: Final = _SeriesKind(steps=frozenset({900}), low=-100, high=200, aha_parts=10)
_HUMIDITY: Final = _SeriesKind(steps=frozenset({900}), low=0, high=100)

_MAX_VALUES: Final = 1000
"""Values in a series; boxes store fewer than half as many."""

_VALID: Final = "valid"
"""State of a usable series (REST, helper_statistics_object). In any other state the values may be
wrong: the newest one may contain the total of the counter (evcc#29529). The values of an outdated
series, which AVM says are not returned, could not be assigned to a time."""


def parse_basic_statistics(text: str) -> DeviceStats:
    """Parse the answer to `getbasicdevicestats`: 0.1 °C, Wh and %.

    The answer is empty for a device out of reach (AHA). Raises MalformedAnswerError for any other
    XML.
    """
    root = parse_xml(text, "devicestats")

    def read(tag: str, kind: _SeriesKind) -> tuple[Series, ...]:
        return _first_of_each_step(
            _aha_series(stats, kind) for stats in root.iterfind(f"{tag}/stats")
        )

    return DeviceStats(
        energy=read("energy", _ENERGY),
        temperature=read("temperature", _TEMPERATURE),
        humidity=read("humidity", _HUMIDITY),
    )


def parse_unit_statistics(text: str) -> DeviceStats:
    """Parse the answer to `/smarthome/overview/units/{UID}`: °C, Wh and %.

    REST does not report when a series was updated, and its documentation calls the times of the
    steps within the last day approximate. Raises MalformedAnswerError if the answer is not a JSON
    object.
    """
    statistics = json_object(parse_json(text).get("statistics"))

    def read(name: str, kind: _SeriesKind) -> tuple[Series, ...]:
        entries = json_list(statistics.get(name))
        return _first_of_each_step(_rest_series(entry, kind) for entry in entries)

    return DeviceStats(
        energy=read("energies", _ENERGY),
        temperature=read("temperatures", _TEMPERATURE),
        humidity=read("humidities", _HUMIDITY),
    )


def _aha_series(stats: ET.Element, kind: _SeriesKind) -> Series | None:
    texts = (stats.text or "").split(",")
    if stats.get("count", "").strip() not in {"", str(len(texts))}:
        return None
    return _series(
        _read(stats.get("grid", ""), lambda text: integer(text, 1, 10**9)),
        [_number(_read(text, _whole), kind, parts=kind.aha_parts) for text in texts],
        kind,
        at=_read(stats.get("datatime", ""), from_unix),
    )


def _rest_series(entry: object, kind: _SeriesKind) -> Series | None:
    fields = json_object(entry)
    if fields.get("statisticsState") != _VALID:
        return None
    values = [
        _number(value, kind, parts=kind.rest_parts) for value in json_list(fields.get("values"))
    ]
    if not kind.has_zeros:
        known = next((at for at in reversed(range(len(values))) if values[at]), -1) + 1
        values[known:] = [None] * (len(values) - known)
    return _series(fields.get("interval"), values, kind, at=None)


def _series(
    step: object, values: Sequence[float | None], kind: _SeriesKind, *, at: datetime | None
) -> Series | None:
    """Return a series, None if its step is invalid or it has no value."""
    if not isinstance(step, int) or step not in kind.steps or len(values) > _MAX_VALUES:
        return None
    if all(value is None for value in values):
        return None
    return Series(step=step, values=tuple(values), at=at)


def _first_of_each_step(series: Iterable[Series | None]) -> tuple[Series, ...]:
    found: dict[int, Series] = {}
    for one in series:
        if one is not None:
            found.setdefault(one.step, one)
    return tuple(found.values())


def _read[T](text: str, convert: Callable[[str], T]) -> T | None:
    """Return a converted text, None if it is invalid; the box writes "-" for unknown."""
    try:
        return convert(text.strip())
    except Unreadable:
        return None


def _whole(text: str) -> int:
    return integer(text, -(10**15), 10**15)


def _number(value: object, kind: _SeriesKind, *, parts: int) -> float | None:
    """Return a value in our unit, None if it is not a number or out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # JSON allows integers that are too large to be divided.
    if not kind.low * parts <= value <= kind.high * parts:
        return None
    return value / parts
