"""Lets interpolated readings lead to the reading at which better known hours begin.

The box reports the energy of a month; hours of a file begin in the middle of it. What the rest of the
month holds is known then, and the interpolated readings would miss the first hour of the file.
"""

from collections.abc import Container, Mapping, Sequence

from ...counters.guard import DEFAULT_MAX_POWER
from .change import StatisticRows
from .rows import HOUR, SumRow
from .shape import spread


def leading_readings(
    opening_reading: float,
    hours: Sequence[int],
    readings: Mapping[int, float],
    boundaries: Container[int],
) -> dict[int, float]:
    """Return the readings of the period in which known hours begin, up to their beginning.

    `hours` are consecutive, and the last one ends where the known hours begin with
    `opening_reading`. `readings` (kWh at full hours) are exact at `boundaries` and interpolated
    between these. The result is empty if nothing is interpolated at the beginning, and if the opening
    reading lies outside the period: then it is that of another counter.
    """
    start = hours[-1] + HOUR
    if start in boundaries:
        return {}
    begin = next((hour for hour in reversed(hours) if hour in boundaries), None)
    end = min((hour for hour in readings if hour > start and hour in boundaries), default=None)
    highest = opening_reading if end is None else readings[end]
    if begin is None or not readings[begin] < opening_reading <= highest:
        return {}
    profile = {hour: readings[hour + HOUR] - readings[hour] for hour in range(begin, start, HOUR)}
    counted = spread(
        begin, start, opening_reading - readings[begin], known_energy={}, load_profile=profile
    )
    return {hour: readings[begin] + energy for hour, energy in counted.items()}


def leading_rows(own: list[SumRow], known: Sequence[SumRow], rows: StatisticRows) -> list[SumRow]:
    """Return our own hours, with those that were spread leading to the first one that is known.

    `own` and `known` are ascending; the first sum of `known` is the energy of its hour.
    """
    by_start = {row.start: row for row in own}
    hours: list[int] = []
    hour = known[0].start - HOUR if known else 0
    while hour in by_start and hour in rows.spread:
        hours.append(hour)
        hour -= HOUR
    if not hours:
        return own
    hours.reverse()
    first = by_start[hours[0]]
    before = by_start[hour].sum if hour in by_start else 0.0
    readings = {row.start + HOUR: row.state for row in own}
    readings.setdefault(hours[0], first.state - max(first.sum - before, 0.0))
    energy = known[0].sum if 0 <= known[0].sum <= DEFAULT_MAX_POWER else 0.0
    leading = leading_readings(known[0].state - energy, hours, readings, {*rows.bounds})
    if not leading:
        return own
    begin = by_start[min(leading) - HOUR]
    offset = begin.sum - begin.state
    return [
        SumRow(row.start, leading[row.start + HOUR], leading[row.start + HOUR] + offset)
        if row.start + HOUR in leading
        else row
        for row in own
    ]
