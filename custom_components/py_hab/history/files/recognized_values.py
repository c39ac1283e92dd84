"""Recognizes which columns of a table contain energy or power, and how their numbers are written."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from .access import FileError, FileReadError
from .columns import Column, is_counted
from .contents import Judged, judge
from .csv_format import Content, Doubt
from .layout import Layout, is_unit
from .moments import DayOrder
from .numbers import DecimalMark, decimal_mark, is_number, number_parser
from .recognized_times import RecognizedTimes
from .table import Row
from .words import is_money, is_no_energy, is_series, unit_among, unit_in

_PREFERENCE: Final = (Content.READINGS, Content.CONSUMPTION, Content.POWER)
_UNIT_NAMES: Final = ("einheit", "unit", "uom", "me", "messeinheit", "unit_of_measurement")


class Values(NamedTuple):
    """The columns whose values are used: all that contain the same, in the same unit."""

    columns: tuple[int, ...]
    content: Content
    unit: str
    doubts: set[Doubt]


class RecognizedValues:
    """The values of a table."""

    def __init__(self, table: Layout, columns: Sequence[Column], times: RecognizedTimes) -> None:
        """Find the columns that can contain values. Raises FileReadError if there are none."""
        self._table = table
        self.units = _unit_column(columns)
        """The column of units."""
        self._candidates = _candidates(table, columns, used={*times.columns, self.units})
        if not self._candidates:
            raise FileReadError(FileError.NO_VALUES)
        cells = [row[index] for index in self.possible for row in table.all_rows]
        self.decimal, is_certain = decimal_mark(cells, _usual_mark(table, times))
        self.doubts: set[Doubt] = set() if is_certain else {Doubt.DECIMAL}

    @property
    def possible(self) -> list[int]:
        """The columns that can contain values."""
        return [column.index for column in self._candidates]

    def of(self, rows: Sequence[Row]) -> Values:
        """Return the columns to be used, by the rows of one series in order of time."""
        return _chosen({each.index: self._judge(each, rows) for each in self._candidates})

    def _judge(self, column: Column, rows: Sequence[Row]) -> Judged:
        """Return what a column contains, and in which unit."""
        parse = number_parser(self.decimal)
        values = [value for row in rows if (value := parse(row[column.index])) is not None]
        texts = [row[column.index] for row in rows[:1]]
        if self.units is not None:
            texts += [row[self.units] for row in rows[:1]]
        unit = unit_among(texts) or unit_among(
            cell for row in self._table.before for cell in row if not is_money(cell)
        )
        return judge(column.name, values, unit)


def _unit_column(columns: Sequence[Column]) -> int | None:
    for column in columns:
        if column.name.strip(" []()").lower() in _UNIT_NAMES or (
            column.is_mostly(is_unit) and "h" in column.cells[0]
        ):
            return column.index
    return None


def _candidates(
    table: Layout, columns: Sequence[Column], used: set[int | None]
) -> Sequence[Column]:
    """Return the columns that can contain energy or power."""
    if table.times:
        return columns[-1:]
    numbers = [
        column
        for column in columns
        if column.index not in used
        and not is_money(column.name)
        and not (is_no_energy(column.name) and unit_in(column.name) is None)
        and not is_counted(column)
        and column.is_mostly(is_number)
    ]
    clear = [column for column in numbers if not is_series(column.name) or unit_in(column.name)]
    return clear or numbers


def _usual_mark(table: Layout, times: RecognizedTimes) -> DecimalMark | None:
    """Return the decimal mark that goes with the rest of the file, None if either may."""
    if table.delimiter == ",":
        return DecimalMark.POINT
    is_german = times.order is DayOrder.DMY and any(
        "." in row[times.begin.day] for row in table.rows[:1]
    )
    return DecimalMark.COMMA if is_german else None


def _chosen(judged: Mapping[int, Judged]) -> Values:
    """Return the columns to be used: readings if there are any, then consumption, then power."""
    if any(each.is_evident for each in judged.values()):
        judged = _as_others(judged)
    content = min((each.content for each in judged.values()), key=_PREFERENCE.index)
    unit = next(each.unit for each in judged.values() if each.content is content)
    columns = tuple(
        index for index, each in judged.items() if each.content is content and each.unit == unit
    )
    doubts = set(chain.from_iterable(judged[index].doubts for index in columns))
    return Values(columns, content, unit, doubts)


def _as_others(judged: Mapping[int, Judged]) -> dict[int, Judged]:
    """Return what columns contain; one that never changes contains what the others do."""
    evident = [each for each in judged.values() if each.is_evident]
    found = dict(judged)
    for index, each in judged.items():
        alike = [other for other in evident if other.unit == each.unit]
        if not each.is_evident and alike:
            found[index] = alike[0]
    return found
