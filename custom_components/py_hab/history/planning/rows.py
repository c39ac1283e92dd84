"""Rows of statistics, as the planning functions exchange them.

All times in `planning` and `statistics` are unix timestamps in whole seconds, as in the recorder's
own tables; only the start and end of a gap may have fractions of a second.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

HOUR: Final = 3600
"""Seconds of a row of long-term statistics."""
SHORT_TERM: Final = 300
"""Seconds of a row of short-term statistics."""
ROUNDING_ERROR: Final = 1e-6
"""kWh, °C or %; equal values differ by less than this after calculations with floats."""


@dataclass(frozen=True, slots=True)
class SumRow:
    """One hour of a counter, in kWh."""

    start: int
    """The full hour at which it starts."""
    state: float
    """The reading of the counter at the end of the hour."""
    sum: float
    """The energy counted from the start of the first row to the end of the hour."""


@dataclass(frozen=True, slots=True)
class MeanRow:
    """One hour of a measurement, in the unit of its entity."""

    start: int
    """The full hour at which it starts."""
    mean: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sum as it is stored in the recorder, in kWh."""

    start: int
    length: int
    """Seconds: HOUR or SHORT_TERM."""
    state: float
    """NaN if the row has none; rows that the user has imported may have sums only."""
    sum: float

    @property
    def end(self) -> int:
        """The time at which the period of the row ends."""
        return self.start + self.length


class HourlySum(NamedTuple):
    """An hourly row of any energy statistic, no matter who wrote it."""

    start: int
    state: float | None
    """In the unit of the integration that wrote it: kWh, Wh or MWh."""
    sum: float
    """kWh."""


def full_hour(time: float) -> int:
    """Return the full hour at or before a time."""
    return int(time // HOUR) * HOUR
