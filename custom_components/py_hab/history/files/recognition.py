"""Recognizes how a table is written, from some of its rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import chain, pairwise
from typing import Final

from ..planning.rows import HOUR
from .access import FileError, FileReadError
from .clock import RowError
from .columns import (
    Column,
    Times,
    columns_of,
    find_order,
    find_times,
    is_counted,
    is_data,
    is_moment,
    wide_times,
)
from .contents import Judged, judge
from .csv_format import (
    EXPORT_COLUMNS,
    Content,
    CsvFormat,
    Doubt,
    FileZone,
    Label,
    TimeColumns,
    melted,
)
from .moments import DayOrder, Moments, cut, parse_day
from .numbers import DecimalMark, decimal_mark, is_number, number_parser
from .ranges import find_ranges, with_divided
from .series_columns import find_series, series_name
from .steps import DAY, MONTH, usual_step
from .table import DELIMITERS, Row, Sample
from .words import (
    STANDARD_WORDS,
    SUMMER_WORDS,
    UTC_WORDS,
    is_begin,
    is_end,
    is_money,
    is_no_energy,
    is_series,
    unit_among,
    unit_in,
)

_TRIED: Final = 150
"""Rows from which the delimiter is recognized."""
_SHOWN: Final = 2000
"""Rows from which the rest is recognized."""
_PREFERENCE: Final = (Content.READINGS, Content.CONSUMPTION, Content.POWER)
_UNIT_NAMES: Final = ("einheit", "unit", "uom", "me", "messeinheit", "unit_of_measurement")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
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
    score: int


def recognize(sample: Sample, zone: tzinfo, delimiter: str | None = None) -> CsvFormat:
    """Return how the table is written. Raises FileReadError if it cannot be understood."""
    tables = [_table(sample, each) for each in ([delimiter] if delimiter else DELIMITERS)]
    found = [table for table in tables if table is not None]
    if not found:
        raise FileReadError(_why(sample))
    table = max(found, key=lambda each: each.score)
    if table.names[: len(EXPORT_COLUMNS)] == EXPORT_COLUMNS:
        try:
            return _exported(sample, table)
        except KeyError, ValueError:
            # Somebody else's file with the same names.
            pass
    return _Recognition(sample, table, zone).result()


def _why(sample: Sample) -> FileError:
    """Return why no delimiter makes a table with times and values of a file."""
    widest = max((len(row) for each in DELIMITERS for row in sample.rows(each)[:_TRIED]), default=0)
    if widest < 2:
        return FileError.NOT_A_TABLE
    cells = [
        cell
        for each in DELIMITERS
        for row in sample.rows(each)[:_TRIED]
        if len(row) > 1
        for cell in row
    ]
    return FileError.NO_TIMES if not find_order(cells) else FileError.NO_VALUES


def _table(sample: Sample, delimiter: str) -> _Table | None:
    rows = sample.rows(delimiter)
    for index, row in enumerate(rows[:_TRIED]):
        if times := wide_times(row):
            return _wide_table(sample, delimiter, index, times)
    ranges = find_ranges(rows[:_TRIED])
    if ranges:
        rows = list(with_divided(rows, ranges))
    data = [index for index, row in enumerate(rows[:_TRIED]) if len(row) > 1 and is_data(row)]
    if not data:
        return None
    (width, count), *_ = Counter(len(rows[index]) for index in data).most_common()
    skip = next(index for index in data if len(rows[index]) == width)
    before = rows[:skip]
    return _Table(
        delimiter=delimiter,
        skip=skip,
        before=before,
        names=_with_ends(_names(before, width), ranges),
        rows=[row for row in rows[skip : skip + _SHOWN] if len(row) == width],
        more=[
            [row for row in with_divided(part, ranges) if len(row) == width]
            for part in _parts(sample, delimiter)
        ],
        times=(),
        ranges=ranges,
        score=count,
    )


def _parts(sample: Sample, delimiter: str) -> list[list[Row]]:
    _, *parts = sample.all_rows(delimiter)
    return parts


def _wide_table(
    sample: Sample, delimiter: str, index: int, times: tuple[str, ...]
) -> _Table | None:
    rows = sample.rows(delimiter)
    fixed = next(number for number, time in enumerate(times) if time)
    names = (*map(str.strip, rows[index][:fixed]), "", "")
    long = list(melted(rows[index + 1 : index + 1 + _TRIED], times))[:_SHOWN]
    if not any(is_number(row[-1]) for row in long):
        return None
    return _Table(
        delimiter=delimiter,
        skip=index + 1,
        before=rows[:index],
        names=names,
        rows=long,
        more=[],
        times=times,
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
        if any(names) and not all(_is_unit(name) or name.startswith("[") for name in names if name):
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


def _is_unit(text: str) -> bool:
    return len(text) <= 6 and unit_in(text) is not None


def _exported(sample: Sample, table: _Table) -> CsvFormat:
    """Return the format of an export by py_hab."""
    names = {name: index for index, name in enumerate(table.names)}
    is_sum = "sum" in names
    starts, ends = (
        [datetime.fromisoformat(row[column]).timestamp() for row in table.rows[:_TRIED]]
        for column in (0, 1)
    )
    is_hourly = {end - start for start, end in zip(starts, ends, strict=True)} == {HOUR}
    if is_hourly:
        content, value = (Content.SUMS, "sum") if is_sum else (Content.MEANS, "mean")
    elif is_sum:
        content, value = Content.CONSUMPTION, "change"
    else:
        raise FileReadError(FileError.NO_VALUES)
    return CsvFormat(
        dialect=sample.dialect(table.delimiter),
        skip=table.skip,
        columns=table.names,
        begin=TimeColumns(day=names["start"]),
        end=None if is_hourly else TimeColumns(day=names["end"]),
        order=DayOrder.YMD,
        values=(names[value],),
        series=names["statistic_id"],
        units=names["unit"],
        content=content,
        unit=table.rows[0][names["unit"]],
        step=HOUR if is_hourly else usual_step([round(start) for start in starts]),
    )


class _Recognition:
    """Recognizes what the columns of a table mean."""

    def __init__(self, sample: Sample, table: _Table, zone: tzinfo) -> None:
        """Find the columns of times. Raises FileReadError if there are none."""
        self._sample = sample
        self._table = table
        self._zone = zone
        self._columns = columns_of(table.rows, table.names)
        times = find_times(self._columns)
        if times is None:
            raise FileReadError(FileError.NO_TIMES)
        self._times: Times = times
        self._doubts: set[Doubt] = set()
        self._all_rows = [*table.rows, *chain.from_iterable(table.more)]
        self._order = self._find_order()
        self._moments = Moments(self._order, zone)

    def result(self) -> CsvFormat:
        """Return the format. Raises FileReadError if there are no values."""
        table = self._table
        units = self._unit_column()
        candidates = self._candidates(units)
        if not candidates:
            raise FileReadError(FileError.NO_VALUES)
        cells = [row[column.index] for column in candidates for row in self._all_rows]
        decimal, is_certain = decimal_mark(cells, self._usual_mark())
        if not is_certain:
            self._doubts.add(Doubt.DECIMAL)
        begin = self._times.begin
        series = find_series(
            self._columns,
            self._all_rows,
            times=[begin.day] if begin.clock is None else [begin.day, begin.clock],
            values=[column.index for column in candidates],
            used={*self._times.columns, units},
        )
        rows = self._rows_of_one(series.columns)
        timed = sorted(
            ((at, row) for row in rows if (at := self._unix(row)) is not None),
            key=lambda item: item[0],
        )
        judged = {
            column.index: self._judge(column, [row for _, row in timed], decimal, units)
            for column in candidates
        }
        if any(each.is_evident for each in judged.values()):
            judged = _as_others(judged)
        content = min((each.content for each in judged.values()), key=_PREFERENCE.index)
        unit = next(each.unit for each in judged.values() if each.content is content)
        values = tuple(
            index for index, each in judged.items() if each.content is content and each.unit == unit
        )
        self._doubts |= set().union(*(judged[index].doubts for index in values))
        if not series.is_certain and content is not Content.READINGS:
            self._doubts.add(Doubt.SERIES)
        times = [at for at, _ in timed]
        step = usual_step(times) or self._shortest_step(rows)
        return CsvFormat(
            dialect=self._sample.dialect(table.delimiter),
            skip=table.skip,
            columns=table.names,
            times=table.times,
            ranges=table.ranges,
            begin=self._times.begin,
            end=self._times.end,
            is_end_included=self._is_end_included(rows),
            label=self._label(times, step),
            order=self._order,
            zone=self._file_zone(),
            values=values,
            series=next(iter(series.columns), None),
            subseries=series.columns[1:],
            units=units,
            decimal=decimal,
            content=content,
            unit=unit,
            step=step,
            doubts=frozenset(self._doubts),
        )

    # Times

    def _find_order(self) -> DayOrder:
        day = self._times.begin.day
        found = find_order(row[day].strip() for row in self._all_rows)
        if found is None:
            raise FileReadError(FileError.NO_TIMES)
        order, is_certain = found
        if not is_certain:
            self._doubts.add(Doubt.DAY_ORDER)
        return order

    def _unix(self, row: Row) -> int | None:
        time = self._moments.parse(*time_parts(row, self._times.begin))
        return None if isinstance(time, RowError) else time.unix

    def _shortest_step(self, rows: Sequence[Row]) -> int | None:
        """Return the step of rows that have a day or a month only."""
        begin = self._times.begin
        days = [parse_day(row[begin.day], self._order) for row in rows]
        if begin.clock is not None or not all(days) or any(":" in row[begin.day] for row in rows):
            return None
        return MONTH if all(day and day.is_month for day in days) else DAY

    def _file_zone(self) -> FileZone:
        """Return the zone that the name of the column of times says."""
        texts = [self._table.names[self._times.begin.day], *chain.from_iterable(self._table.before)]
        says_utc = any(
            UTC_WORDS.search(text) and "+" not in text and "-" not in text[-6:] for text in texts
        )
        if says_utc:
            return FileZone.UTC
        is_standard = any(map(STANDARD_WORDS.search, texts))
        return (
            FileZone.STANDARD
            if is_standard and not any(map(SUMMER_WORDS.search, texts))
            else FileZone.HOME
        )

    def _label(self, times: Sequence[int], step: int | None) -> Label:
        """Return which end of its interval the time of a row is, if it has only one."""
        names = [
            self._table.names[index]
            for index in (self._times.begin.day, self._times.begin.clock)
            if index is not None
        ]
        if any(map(is_end, names)) and not any(map(is_begin, names)):
            return Label.END
        if (
            self._times.end is not None
            or step is None
            or step >= DAY
            or any(map(is_begin, names))
            or not times
        ):
            return Label.BEGIN
        first, last = (
            (local.hour * 60 + local.minute) * 60 + local.second
            for local in (datetime.fromtimestamp(at, self._zone) for at in self._ends(times))
        )
        if first in (0, step) or last in (0, DAY - step):
            votes = {Label.BEGIN: (first == 0) + (last == DAY - step)}
            votes[Label.END] = (first == step) + (last == 0)
            if votes[Label.BEGIN] != votes[Label.END]:
                return max(Label, key=votes.__getitem__)
        self._doubts.add(Doubt.LABEL)
        return Label.BEGIN

    def _ends(self, times: Sequence[int]) -> tuple[int, int]:
        """Return the first and the last time of the whole file."""
        last = [at for row in self._all_rows[-20:] if (at := self._unix(row)) is not None]
        return min([times[0], *last]), max([times[-1], *last])

    def _is_end_included(self, rows: Sequence[Row]) -> bool:
        """Whether intervals end with the day that is named, not before it."""
        end = self._times.end
        if end is None or end.clock is not None:
            return False
        begin = self._times.begin.day
        cells = [(row[begin].strip(), row[end.day].strip()) for row in rows]
        if any(":" in finish for _, finish in cells):
            return False
        follow = sum(one[1] == other[0] for one, other in pairwise(cells))
        same = sum(start == finish for start, finish in cells)
        return bool(same) or 2 * follow < len(cells) - 1 or len(cells) == 1

    # Values

    def _usual_mark(self) -> DecimalMark | None:
        """Return the decimal mark that goes with the rest of the file, None if either may."""
        if self._table.delimiter == ",":
            return DecimalMark.POINT
        is_german = self._order is DayOrder.DMY and any(
            "." in row[self._times.begin.day] for row in self._table.rows[:1]
        )
        return DecimalMark.COMMA if is_german else None

    def _unit_column(self) -> int | None:
        for column in self._columns:
            if column.name.strip(" []()").lower() in _UNIT_NAMES or (
                column.is_mostly(_is_unit) and "h" in column.cells[0]
            ):
                return column.index
        return None

    def _candidates(self, units: int | None) -> list[Column]:
        """Return the columns that can contain energy or power."""
        used = {*self._times.columns, units}
        if self._table.times:
            return [self._columns[-1]]
        numbers = [
            column
            for column in self._columns
            if column.index not in used
            and not is_money(column.name)
            and not (is_no_energy(column.name) and unit_in(column.name) is None)
            and not is_counted(column)
            and column.is_mostly(is_number)
        ]
        clear = [column for column in numbers if not is_series(column.name) or unit_in(column.name)]
        return clear or numbers

    def _rows_of_one(self, series: Sequence[int]) -> list[Row]:
        """Return the rows of the first series."""
        rows = self._table.rows
        (name, _), *_ = Counter(series_name(row, series) for row in rows).most_common()
        return [row for row in rows if series_name(row, series) == name]

    def _judge(
        self, column: Column, rows: Sequence[Row], decimal: DecimalMark, units: int | None
    ) -> Judged:
        parse = number_parser(decimal)
        values = [value for row in rows if (value := parse(row[column.index])) is not None]
        texts = [row[column.index] for row in rows[:1]]
        if units is not None:
            texts += [row[units] for row in rows[:1]]
        unit = unit_among(texts) or unit_among(
            cell for row in self._table.before for cell in row if not is_money(cell)
        )
        return judge(column.name, values, unit)


def _as_others(judged: Mapping[int, Judged]) -> dict[int, Judged]:
    """Return what columns contain; one that never changes contains what the others do."""
    evident = [each for each in judged.values() if each.is_evident]
    found = dict(judged)
    for index, each in judged.items():
        alike = [other for other in evident if other.unit == each.unit]
        if not each.is_evident and alike:
            found[index] = alike[0]
    return found


def time_parts(row: Row, columns: TimeColumns) -> tuple[str, str]:
    """Return the day and the time of day of a row."""
    if columns.clock is None:
        return cut(row[columns.day].strip())
    return row[columns.day].strip(), row[columns.clock].strip()
