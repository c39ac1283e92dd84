"""Rows of hourly statistics, as everything in this folder hands them on."""

from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600
"""Seconds of a row of long-term statistics."""


@dataclass(frozen=True, slots=True)
class SumRow:
    """An hour of a counter, in kWh."""

    start: int
    """Unix time of the full hour."""
    state: float
    """What the counter shows at the end of the hour."""
    sum: float
    """What has been counted until then since the first row's beginning."""


@dataclass(frozen=True, slots=True)
class MeanRow:
    """An hour of a measurement, in the unit of its entity."""

    start: int
    """Unix time of the full hour."""
    mean: float
    min: float
    max: float


def full_hour(moment: float) -> int:
    """Return the unix time of the full hour that a moment lies in, or is."""
    return int(moment // HOUR) * HOUR
