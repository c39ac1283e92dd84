"""What a FRITZ!Box remembers of its devices: series of the past as typed values.

"AHA" in comments is AVM's "AHA-HTTP-Interface", "REST" its "Smart Home REST API".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from .fritzbox_rest import json_list, json_object, parse_json
from .fritzbox_xml import Unreadable, integer, moment, parse_xml


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
class BoxStatistics:
    """What the box remembers of one device."""

    energy: tuple[Series, ...] = ()
    """Wh, in any order of steps."""
    temperature: tuple[Series, ...] = ()
    """°C."""
    humidity: tuple[Series, ...] = ()
    """%."""


_LARGEST: Final = 10**12
"""Wh; what no home uses in all its years."""
_LIMITS: Final = {
    "energy": (0.0, float(_LARGEST)),
    "temperature": (-100.0, 200.0),
    "humidity": (0.0, 100.0),
}
"""What values may be: Wh, °C, %."""
_STEPS: Final = frozenset({900, 21600, 86400, 2678400})
"""Seconds; a quarter of an hour, six hours, a calendar day, a calendar month."""
_MAX_VALUES: Final = 1000
_REST: Final = {"energy": "energies", "temperature": "temperatures", "humidity": "humidities"}
_TOLD: Final = frozenset({"valid", "outdated"})
"""With other states a series is unknown, not connected, or the whole counter (evcc#29529)."""


def parse_basic_statistics(text: str) -> BoxStatistics:
    """Read the answer to AHA `getbasicdevicestats` (AHA 3.3).

    Raises MalformedAnswerError when it is none. A device out of reach has no series.
    """
    root = parse_xml(text, "devicestats")
    found: dict[str, tuple[Series, ...]] = {}
    for kind, unit in (("energy", 1.0), ("temperature", 10.0), ("humidity", 1.0)):
        found[kind] = tuple(
            Series(
                step=step,
                values=tuple(
                    _value(kind, _number(item), unit) for item in (stats.text or "").split(",")
                ),
                at=_moment(stats.get("datatime", "")),
            )
            for stats in root.iterfind(f"{kind}/stats")
            if (step := _whole(stats.get("grid", ""))) in _STEPS
            and (stats.text or "").count(",") < _MAX_VALUES
        )
    return BoxStatistics(**found)


def parse_unit_statistics(text: str) -> BoxStatistics:
    """Read the REST API's answer about one unit, which alone holds statistics.

    Raises MalformedAnswerError when the whole is no JSON object.
    """
    statistics = json_object(parse_json(text).get("statistics"))
    found: dict[str, tuple[Series, ...]] = {}
    for kind, name in _REST.items():
        found[kind] = tuple(
            Series(
                step=step,
                values=tuple(_value(kind, _as_number(item), 1.0) for item in values),
                at=None,
            )
            for series in map(json_object, json_list(statistics.get(name)))
            if isinstance(step := series.get("interval"), int)
            and step in _STEPS
            and series.get("statisticsState") in _TOLD
            and len(values := json_list(series.get("values"))) <= _MAX_VALUES
        )
    return BoxStatistics(**found)


def _value(kind: str, number: float | None, unit: float) -> float | None:
    """Return a value in the unit we reckon in, None for one that cannot be."""
    if number is None:
        return None
    low, high = _LIMITS[kind]
    value = number / unit
    return value if low <= value <= high else None


def _number(text: str) -> float | None:
    whole = _whole(text)
    return None if whole is None else float(whole)


def _whole(text: str) -> int | None:
    """Return a whole number, None for `-`, which is unknown, and for nonsense."""
    try:
        return integer(text.strip(), -_LARGEST, _LARGEST)
    except Unreadable:
        return None


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= _LARGEST else None


def _moment(text: str) -> datetime | None:
    try:
        return moment(text.strip())
    except Unreadable:
        return None
