"""Plans the history of a power before it was measured: the mean power of hours whose energy is known."""

from collections.abc import Mapping
from itertools import pairwise
from math import inf
from typing import Final, NamedTuple

from ...counters.guard import DEFAULT_MAX_POWER
from .change import ChangeReason, StatisticRows, WriteRows
from .damage import measured_rows
from .origin import Origin
from .rows import HOUR, ROUNDING_ERROR, MeanRow, Row

_WATTS: Final = 1000
"""Per kW."""
_BY_CERTAINTY: Final = (Origin.SPREAD, Origin.IMPORTED, Origin.REPORTED, Origin.MEASURED)


class MeanOfHour(NamedTuple):
    """The mean of a power in an hour."""

    value: float
    """kW; it is also the energy in kWh."""
    origin: Origin
    """That of the energy."""


def energy_by_hour(rows: StatisticRows, origins: Mapping[int, Origin]) -> dict[int, MeanOfHour]:
    """Return the energy of each hour that the rows of a counter contain, by the start of the hour."""
    hourly = list(measured_rows(rows.hourly, rows.late))
    if hourly and (first := hourly[0]).start in rows.own:
        # Our own sums start at 0.
        hourly.insert(0, Row(first.start - HOUR, HOUR, first.state - first.sum, 0.0))
    return {
        row.start: MeanOfHour(row.sum - before.sum, origins.get(row.start, Origin.MEASURED))
        for before, row in pairwise(hourly)
        if row.start == before.end and 0 <= row.sum - before.sum <= DEFAULT_MAX_POWER
    }


def difference(
    drawn: Mapping[int, MeanOfHour], fed_in: Mapping[int, MeanOfHour]
) -> dict[int, MeanOfHour]:
    """Return the mean power of the hours whose energy is known in both directions.

    It is negative while feeding in. Its origin is the less certain one of the two.
    """
    return {
        hour: MeanOfHour(
            drawn[hour].value - fed_in[hour].value,
            min(drawn[hour].origin, fed_in[hour].origin, key=_BY_CERTAINTY.index),
        )
        for hour in drawn.keys() & fed_in.keys()
    }


def plan_power(known: Mapping[int, MeanOfHour], rows: StatisticRows) -> WriteRows:
    """Return the hours of a power (W) to be written: those before Home Assistant's own ones.

    The least and the greatest power of an hour are not known; both are its mean.
    """
    end = min(min(rows.hours - rows.own, default=inf), rows.until)
    wanted = {
        hour: mean
        for hour, mean in sorted(known.items())
        if hour + HOUR <= end
        and abs(rows.means.get(hour, inf) - mean.value * _WATTS) > ROUNDING_ERROR
    }
    return WriteRows(
        [MeanRow(hour, *3 * [mean.value * _WATTS]) for hour, mean in wanted.items()],
        ChangeReason.BACKFILL,
        origins={hour: mean.origin for hour, mean in wanted.items()},
    )
