"""Finds the table in a file: its delimiter, the names of its columns, and its first row with data."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from .access import FileError, FileReadError
from .columns import find_order, is_data, is_moment, wide_times
from .csv_format import DateColumns, melted
from .dates import dates_of_wide, find_dates, wide_dates, with_joined
from .numbers import is_number
from .ranges import find_ranges, with_divided
from .table import DELIMITERS, Row, Sample
from .words import unit_in

TRIED: Final = 150
"""Rows from which the delimiter is recognized."""
_SHOWN: Final = 2000
"""Rows from which the rest is recognized."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The rows of a sample with one delimiter."""

    delimiter: str
    skip: int
    before: list[Row]
    """The rows before the first one with data."""
    names: tuple[str, ...]
    rows: list[Row]
    """The first rows with data."""
    more: list[list[Row]]
    """Rows of further parts of the file."""
    times: tuple[str, ...]
    ranges: tuple[int, ...] = ()
    dates: DateColumns | None = None
    score: int

    @property
    def all_rows(self) -> list[Row]:
        """All rows with data, of all parts of the file."""
        return [*self.rows, *chain.from_iterable(self.more)]


def find_layout(sample: Sample, delimiter: str | None = None) -> Layout:
    """Return the layout with a delimiter, or the best one. Raises FileReadError if there is none."""
    layouts = [_layout(sample, each) for each in ([delimiter] if delimiter else DELIMITERS)]
    found = [layout for layout in layouts if layout is not None]
    if not found:
        raise FileReadError(_why(sample))
    return max(found, key=lambda each: each.score)


def _why(sample: Sample) -> FileError:
    """Return why no delimiter makes a table with times and values of a file."""
    widest = max((len(row) for each in DELIMITERS for row in sample.rows(each)[:TRIED]), default=0)
    if widest < 2:
        return FileError.NOT_A_TABLE
    cells = [
        cell
        for each in DELIMITERS
        for row in sample.rows(each)[:TRIED]
        if len(row) > 1
        for cell in row
    ]
    return FileError.NO_TIMES if not find_order(cells) else FileError.NO_VALUES


def _layout(sample: Sample, delimiter: str) -> Layout | None:
    rows = sample.rows(delimiter)
    dates = find_dates(rows[:TRIED])
    for index, row in enumerate(rows[:TRIED]):
        if dates is None and (times := wide_times(row) or wide_dates(row, rows[index + 1 : TRIED])):
            return _wide_table(sample, delimiter, index, times)
    ranges = () if dates else find_ranges(rows[:TRIED])
    rows = _reshaped(rows, ranges, dates)
    data = [index for index, row in enumerate(rows[:TRIED]) if len(row) > 1 and is_data(row)]
    if not data:
        return None
    (width, count), *_ = Counter(len(rows[index]) for index in data).most_common()
    skip = next(index for index in data if len(rows[index]) == width)
    before = rows[:skip]
    return Layout(
        delimiter=delimiter,
        skip=skip,
        before=before,
        names=_with_ends(_names(before, width), ranges),
        rows=[row for row in rows[skip : skip + _SHOWN] if len(row) == width],
        more=[
            [row for row in _reshaped(part, ranges, dates) if len(row) == width]
            for part in _parts(sample, delimiter)
        ],
        times=(),
        ranges=ranges,
        dates=dates,
        score=count,
    )


def _reshaped(rows: list[Row], ranges: Sequence[int], dates: DateColumns | None) -> list[Row]:
    """Return rows with two cells for each one with two times, or one cell for each date."""
    if ranges:
        return list(with_divided(rows, ranges))
    return list(with_joined(rows, dates)) if dates else rows


def _parts(sample: Sample, delimiter: str) -> list[list[Row]]:
    _, *parts = sample.all_rows(delimiter)
    return parts


def _wide_table(
    sample: Sample, delimiter: str, index: int, times: tuple[str, ...]
) -> Layout | None:
    rows = sample.rows(delimiter)
    fixed = next(number for number, time in enumerate(times) if time)
    names = (*map(str.strip, rows[index][:fixed]), "", "")
    long = list(melted(rows[index + 1 : index + 1 + TRIED], times))[:_SHOWN]
    if not any(is_number(row[-1]) for row in long):
        return None
    dates = dates_of_wide(long)
    return Layout(
        delimiter=delimiter,
        skip=index + 1,
        before=rows[:index],
        names=names,
        rows=_reshaped(long, (), dates),
        more=[],
        times=times,
        dates=dates,
        score=len(long),
    )


def _names(before: Sequence[Row], width: int) -> tuple[str, ...]:
    """Return the names of columns: the last row before the data, with a row of units below it."""
    names = [""] * width
    lines = [row for row in before if sum(map(bool, map(str.strip, row))) > 1]
    for row in reversed(lines[-2:]):
        cells = [cell.strip() for cell in row[:width]]
        if any(map(is_number, cells)) or any(map(is_moment, cells)):
            break
        if any(names) and not all(is_unit(name) or name.startswith("[") for name in names if name):
            break
        for index, cell in enumerate(cells):
            names[index] = " ".join(filter(None, (cell, names[index])))
    return tuple(names)


def _with_ends(names: tuple[str, ...], ranges: Sequence[int]) -> tuple[str, ...]:
    """Return names with those of columns that were divided into begin and end."""
    changed = dict(enumerate(names))
    for number, index in enumerate(ranges):
        changed |= {index + number: "Begin", index + number + 1: "End"}
    return tuple(changed[index] for index in range(len(names)))


def is_unit(text: str) -> bool:
    """Whether a cell is a unit and nothing else."""
    return len(text) <= 6 and unit_in(text) is not None
