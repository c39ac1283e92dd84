"""What a FRITZ!Box remembers of its devices: series of the past as typed values.

"AHA" in comments is AVM's "Home Automation HTTP Interface" v1.61, chapter 3.3; "REST" is its
"FRITZ! Smart Home REST API" 0.9.5 (2025-08-07). Both tell the newest value first. What is missing
or nonsense is `None`; a series that cannot be placed in time, or knows nothing, is left out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
import xml.etree.ElementTree as ET

from .rest import json_list, json_object, parse_json
from .xml import Unreadable, integer, moment, parse_xml


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Equal steps of the past, the newest first."""

    step: int
    """Seconds between two values; 86400 stands for a calendar day of the box's zone, and
    2678400 for a calendar month."""
    values: tuple[float | None, ...]
    """Index 0 is the running step; None is unknown."""
    at: datetime | None
    """When the box updated the series last (UTC), None if it does not tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceStats:
    """What the box remembers of one device."""

    energy: tuple[Series, ...] = ()
    """kWh, in any order of steps."""
    temperature: tuple[Series, ...] = ()
    """°C."""
    humidity: tuple[Series, ...] = ()
    """%."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """What may be believed of one kind of series."""

    steps: frozenset[int]
    """Seconds between two values."""
    least: float
    most: float
    aha_parts: int = 1
    """How many of AHA's units make one of ours."""
    rest_parts: int = 1
    """How many of the REST API's units make one of ours."""
    has_zeros: bool = False
    """Whether a 0 at the far end is a value: of what it does not know yet, REST says 0 instead of
    null (its examples FST302_unit and FSE210_device)."""


_ENERGY: Final = _Kind(
    steps=frozenset({900, 21600, 86400, 2678400}),
    least=0,
    most=10**12,
    aha_parts=1000,
    rest_parts=1000,
    has_zeros=True,
)
_TEMPERATURE: Final = _Kind(steps=frozenset({900}), least=-100, most=200, aha_parts=10)
_HUMIDITY: Final = _Kind(steps=frozenset({900}), least=0, most=100)

_MOST: Final = 1000
"""Values of a series; no box remembers half as many."""

_TOLD: Final = "valid"
"""State of a series whose values are to be used (REST, helper_statistics_object). In others there
may be anything: a counter's whole life in the newest value (evcc#29529). Of an outdated series no
values are returned (AVM); if there were, nobody could tell when they were counted."""


def parse_basic_statistics(text: str) -> DeviceStats:
    """Read the answer of `getbasicdevicestats`: 0.1 °C, Wh and %.

    Raises MalformedAnswerError for what is no such XML. Of a device that is out of reach there is
    nothing (AHA).
    """
    root = parse_xml(text, "devicestats")

    def read(tag: str, kind: _Kind) -> tuple[Series, ...]:
        return _first_of_each_step(
            _aha_series(stats, kind) for stats in root.iterfind(f"{tag}/stats")
        )

    return DeviceStats(
        energy=read("energy", _ENERGY),
        temperature=read("temperature", _TEMPERATURE),
        humidity=read("humidity", _HUMIDITY),
    )


def parse_unit_statistics(text: str) -> DeviceStats:
    """Read the answer of `/smarthome/overview/units/{UID}`: °C, Wh and %.

    Raises MalformedAnswerError when the whole is no JSON object. REST does not tell when a series
    was updated, and that the steps of its last day are approximate.
    """
    statistics = json_object(parse_json(text).get("statistics"))

    def read(name: str, kind: _Kind) -> tuple[Series, ...]:
        entries = json_list(statistics.get(name))
        return _first_of_each_step(_rest_series(entry, kind) for entry in entries)

    return DeviceStats(
        energy=read("energies", _ENERGY),
        temperature=read("temperatures", _TEMPERATURE),
        humidity=read("humidities", _HUMIDITY),
    )


def _aha_series(stats: ET.Element, kind: _Kind) -> Series | None:
    texts = (stats.text or "").split(",")
    if stats.get("count", "").strip() not in {"", str(len(texts))}:
        return None
    return _series(
        _read(stats.get("grid", ""), lambda text: integer(text, 1, 10**9)),
        [_number(_read(text, _whole), kind, parts=kind.aha_parts) for text in texts],
        kind,
        at=_read(stats.get("datatime", ""), moment),
    )


def _rest_series(entry: object, kind: _Kind) -> Series | None:
    told = json_object(entry)
    if told.get("statisticsState") != _TOLD:
        return None
    values = [
        _number(value, kind, parts=kind.rest_parts) for value in json_list(told.get("values"))
    ]
    if not kind.has_zeros:
        known = next((at for at in reversed(range(len(values))) if values[at]), -1) + 1
        values[known:] = [None] * (len(values) - known)
    return _series(told.get("interval"), values, kind, at=None)


def _series(
    step: object, values: Sequence[float | None], kind: _Kind, *, at: datetime | None
) -> Series | None:
    """Return a series, None if there is nothing in it to be used."""
    if not isinstance(step, int) or step not in kind.steps or len(values) > _MOST:
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
    """Return a converted text, None if there is none to believe; the box writes - for unknown."""
    try:
        return convert(text.strip())
    except Unreadable:
        return None


def _whole(text: str) -> int:
    return integer(text, -(10**15), 10**15)


def _number(value: object, kind: _Kind, *, parts: int) -> float | None:
    """Return a value in our unit, None if it is no number or cannot be."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared before it is divided: JSON knows numbers that are too large for that.
    if not kind.least * parts <= value <= kind.most * parts:
        return None
    return value / parts
