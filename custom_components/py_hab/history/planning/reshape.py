"""Plans how to spread energy again that was spread before, after more hours have become known."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence, Set as AbstractSet
from datetime import datetime, tzinfo
from itertools import pairwise

from .change import StatisticRows
from .difference import ranges_of
from .load_shape import LoadShape
from .rows import HOUR, ROUNDING_ERROR, Row, SumRow


def plan_reshape(rows: StatisticRows, shape: LoadShape, zone: tzinfo) -> list[SumRow]:
    """Return the hours that were spread and now get another energy, in the shape of known hours.

    The totals between the bounds that were noted stay. Without any, because an earlier version has
    spread the hours, the totals of days stay.
    """
    by_start = {row.start: row for row in rows.hourly}
    planned: list[SumRow] = []
    for first, last in ranges_of(rows.spread & by_start.keys()):
        for start, end in pairwise(_edges(first, last + HOUR, rows.bounds, zone)):
            before = _before(by_start, start, rows.own)
            after = by_start[end - HOUR]
            if before is None or not 0 <= after.sum - before.sum <= after.state - before.state + 1:
                continue
            counted = shape.split(start, end, after.sum - before.sum)
            planned += [
                SumRow(hour - HOUR, before.state + kwh, before.sum + kwh)
                for hour, kwh in counted.items()
                if hour < end and abs(before.sum + kwh - by_start[hour - HOUR].sum) > ROUNDING_ERROR
            ]
    return planned


def _edges(start: int, end: int, bounds: Sequence[int], zone: tzinfo) -> list[int]:
    """Return the times between which the energy of spread hours is known."""
    inside = bounds[bisect_right(bounds, start) : bisect_left(bounds, end)]
    is_noted = bool(inside) or any(
        index < len(bounds) and bounds[index] == edge
        for edge in (start, end)
        for index in (bisect_left(bounds, edge),)
    )
    return [start, *(inside if is_noted else _midnights(start, end, zone)), end]


def _midnights(start: int, end: int, zone: tzinfo) -> Iterator[int]:
    """Yield the first full hours of the local days that begin within a time."""
    for hour in range(start + HOUR, end, HOUR):
        if datetime.fromtimestamp(hour, zone).hour == 0 and (
            datetime.fromtimestamp(hour - HOUR, zone).hour != 0
        ):
            yield hour


def _before(by_start: dict[int, Row], start: int, own: AbstractSet[int]) -> Row | None:
    """Return the row before an hour, None if it does not exist.

    Before all rows, our sums start at 0.
    """
    if (found := by_start.get(start - HOUR)) is not None:
        return found
    first = min(by_start)
    if start != first or first not in own:
        return None
    row = by_start[first]
    return Row(start - HOUR, HOUR, row.state - row.sum, 0.0)
