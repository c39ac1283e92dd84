"""Rows of hourly statistics, as everything in this folder hands them on."""

from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600
"""Seconds of a row of long-term statistics."""
SHORT_TERM: Final = 300
"""Seconds of a row of short-term statistics."""
SAME: Final = 1e-6
"""kWh, °C or %; sums are floats."""


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


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sum as it stands in the recorder; times in seconds, energy in kWh."""

    start: int
    length: int
    state: float
    """NaN where nobody has written any: an import of the user's own may have sums only."""
    sum: float

    @property
    def end(self) -> int:
        """When the row's period ends."""
        return self.start + self.length


def full_hour(moment: float) -> int:
    """Return the unix time of the full hour that a moment lies in, or is."""
    return int(moment // HOUR) * HOUR
