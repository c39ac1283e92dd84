"""What a FRITZ!Box remembers of its devices: series of the past as typed values."""

from dataclasses import dataclass
from datetime import datetime


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
