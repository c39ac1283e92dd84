"""Divides cells that contain begin and end of an interval, such as `00:15 - 00:30`."""

from collections.abc import Iterable, Iterator, Sequence
import re
from typing import Final

from .columns import is_clock, is_day, is_moment
from .moments import cut
from .table import Row

_MOST: Final = 0.8
"""The part of the cells of a column that must contain two times."""
_BETWEEN: Final = (
    re.compile(r"\s+(?:-|bis|to|until)\s+", re.IGNORECASE),
    re.compile(r"\s*[\u2013\u2014]\s*"),
    re.compile(r"(?<=\d)/(?=\d{4}-)"),
    re.compile(r"(?<=^\d:\d\d)-(?=\d{1,2}:\d\d$)|(?<=^\d\d:\d\d)-(?=\d{1,2}:\d\d$)"),
)
"""What stands between two times. Within a time there may be hyphens, too: a hyphen after a time of
day is only one between two of them if there is no day, whose offset could follow."""
_MIDNIGHT: Final = ("00:00", "0:00", "00:00:00")


def divided(cell: str) -> tuple[str, str] | None:
    """Return begin and end of an interval, None if a cell contains something else.

    The end may be a time of day without a day.
    """
    for mark in _BETWEEN:
        begin, *ends = mark.split(cell.strip())
        if len(ends) != 1:
            continue
        end = ends[0]
        if any(is_time(begin) and is_time(end) for is_time in (is_moment, is_day, is_clock)):
            return begin, end
        if is_moment(begin) and is_clock(end):
            return begin, f"{cut(begin).day.strip()} {'24:00' if end in _MIDNIGHT else end}"
    return None


def find_ranges(rows: Sequence[Row]) -> tuple[int, ...]:
    """Return the columns whose cells contain two times."""
    found: list[int] = []
    for index in range(max(map(len, rows), default=0)):
        cells = [row[index] for row in rows if index < len(row) and row[index].strip()]
        two = [divided(cell) is not None for cell in cells]
        if any(two) and sum(two) >= _MOST * len(two[two.index(True) :]):
            found.append(index)
    return tuple(found)


def with_divided(rows: Iterable[Row], columns: Sequence[int]) -> Iterator[Row]:
    """Yield rows with two cells for each one of these columns."""
    for row in rows:
        cells: Row = []
        for index, cell in enumerate(row):
            cells += (divided(cell) or (cell, cell)) if index in columns else (cell,)
        yield cells
