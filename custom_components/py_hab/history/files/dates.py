"""Joins dates whose parts are in cells of their own, such as `2026;March;31`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
import re
from typing import Final

from .columns import is_clock, is_day, is_moment
from .csv_format import DateColumns
from .moments import month_number
from .numbers import is_number
from .table import Row

_MOST: Final = 0.8
"""The part of the rows whose cells must be a year and a month."""
_YEAR: Final = re.compile(r"20\d\d")
_WORDS: Final = {
    "year": ("jahr", "year"),
    "month": ("monat", "month"),
    "day": ("tag", "day"),
    "hour": ("stunde", "std", "hour", "uhrzeit", "time"),
}
"""The names of the columns, in lower case."""


def is_year(text: str) -> bool:
    """Whether a text is a year and nothing else."""
    return _YEAR.fullmatch(text.strip()) is not None


def is_month(text: str) -> bool:
    """Whether a text is the number or the name of a month and nothing else."""
    return month_number(text) is not None


def _is_day(text: str) -> bool:
    return text.isdecimal() and 1 <= int(text) <= 31


def _is_hour(text: str) -> bool:
    return is_clock(text) or (text.isdecimal() and int(text) <= 24)


def find_dates(rows: Sequence[Row]) -> DateColumns | None:
    """Return the columns of the parts of a date by their names, None if there are none."""
    for number, row in enumerate(rows):
        names = [cell.strip().lower() for cell in row]
        found = {
            part: next((index for index, name in enumerate(names) if name in words), None)
            for part, words in _WORDS.items()
        }
        if (year := found["year"]) is None or (month := found["month"]) is None:
            continue
        data = [other for other in rows[number + 1 :] if len(other) == len(row)]
        parts = {"day": _is_day, "hour": _is_hour}
        known = {
            part: index
            for part, is_part in parts.items()
            if (index := found[part]) is not None and _mostly(data, index, is_part)
        }
        has_whole_dates = any(_mostly(data, index, _is_whole) for index in range(len(row)))
        if not has_whole_dates and _mostly(data, year, is_year) and _mostly(data, month, is_month):
            return DateColumns(year, month, known.get("day"), known.get("hour"))
    return None


def wide_dates(header: Row, below: Sequence[Row]) -> tuple[str, ...]:
    """Return the months or years that the cells of a header are, empty for others.

    Returns nothing if the rows below do not begin with the years or months that belong to them.
    """
    for is_part, is_other in ((_is_name_of_month, is_year), (is_year, is_month)):
        times = tuple(text if is_part(text) else "" for text in map(str.strip, header))
        fixed = next((index for index, time in enumerate(times) if time), 0)
        if any(map(is_number, filter(None, map(str.strip, header[:fixed])))):
            continue
        if any(_mostly(below, index, is_other) for index in range(fixed)):
            return times
    return ()


def dates_of_wide(rows: Sequence[Row]) -> DateColumns | None:
    """Return the columns of year and month of rows that end with a month or year, and its value."""
    time = len(rows[0]) - 2 if rows else 0
    for other in range(time):
        if _mostly(rows, time, is_month) and _mostly(rows, other, is_year):
            return DateColumns(other, time)
        if _mostly(rows, time, is_year) and _mostly(rows, other, is_month):
            return DateColumns(time, other)
    return None


def _is_whole(text: str) -> bool:
    return is_day(text) or is_moment(text)


def _is_name_of_month(text: str) -> bool:
    return not text.isdecimal() and is_month(text)


def _mostly(rows: Sequence[Row], index: int, is_part: Callable[[str], bool]) -> bool:
    """Whether most cells of a column are of a kind; rows without a cell, such as notes, are none."""
    cells = [cell for row in rows if index < len(row) and (cell := row[index].strip())]
    return bool(cells) and sum(map(is_part, cells)) >= _MOST * len(cells)


def with_joined(rows: Iterable[Row], columns: DateColumns) -> Iterator[Row]:
    """Yield rows with the date in the cell of the year; the cells of its other parts are empty.

    The names of the columns are joined as well. Rows without year and month stay as they are.
    """
    others = [index for index in columns[1:] if index is not None]
    for row in rows:
        if len(row) > max(columns.year, *others) and (date := _date(row, columns)):
            cells = [*row]
            cells[columns.year] = date
            for index in others:
                cells[index] = ""
            yield cells
        else:
            yield row


def _date(row: Row, columns: DateColumns) -> str | None:
    """Return the date of a row as `2026-03`, `2026-03-31` or `2026-03-31 05:00`."""
    year, month, day, hour = ("" if index is None else row[index].strip() for index in columns)
    number = month_number(month)
    if number is None or not is_year(year):
        return None
    date = f"{year}-{number:02}" + (f"-{int(day):02}" if _is_day(day) else "")
    return f"{date} {int(hour):02}:00" if hour.isdecimal() else f"{date} {hour}".strip()
