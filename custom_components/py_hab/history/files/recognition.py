"""Recognizes how a table is written, from some of its rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import chain, pairwise
from typing import Final, NamedTuple

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
)
from .layout import TRIED, Layout, find_layout, is_unit
from .moments import DayOrder, Moments, cut, parse_day
from .numbers import DecimalMark, decimal_mark, is_number, number_parser
from .series_columns import find_series, series_name
from .steps import DAY, MONTH, usual_step
from .table import Row, Sample
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

_PREFERENCE: Final = (Content.READINGS, Content.CONSUMPTION, Content.POWER)
_UNIT_NAMES: Final = ("einheit", "unit", "uom", "me", "messeinheit", "unit_of_measurement")


def recognize(sample: Sample, zone: tzinfo, delimiter: str | None = None) -> CsvFormat:
    """Return how the table is written. Raises FileReadError if it cannot be understood."""
    table = find_layout(sample, delimiter)
    if table.names[: len(EXPORT_COLUMNS)] == EXPORT_COLUMNS:
        try:
            return _exported(sample, table)
        except KeyError, ValueError:
            # Somebody else's file with the same names.
            pass
    return _Recognition(sample, table, zone).result()


def _exported(sample: Sample, table: Layout) -> CsvFormat:
    """Return the format of an export by py_hab."""
    names = {name: index for index, name in enumerate(table.names)}
    is_sum = "sum" in names
    starts, ends = (
        [datetime.fromisoformat(row[column]).timestamp() for row in table.rows[:TRIED]]
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

    def __init__(self, sample: Sample, table: Layout, zone: tzinfo) -> None:
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
        timed = self._in_order_of_time(rows)
        values = _values(
            {
                column.index: self._judge(column, [row for _, row in timed], decimal, units)
                for column in candidates
            }
        )
        self._doubts |= values.doubts
        if not series.is_certain and values.content is not Content.READINGS:
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
            values=values.columns,
            series=next(iter(series.columns), None),
            subseries=series.columns[1:],
            units=units,
            decimal=decimal,
            content=values.content,
            unit=values.unit,
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

    def _in_order_of_time(self, rows: Sequence[Row]) -> list[tuple[int, Row]]:
        """Return the rows that have a time, with their unix times."""
        timed = ((at, row) for row in rows if (at := self._unix(row)) is not None)
        return sorted(timed, key=lambda item: item[0])

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
                column.is_mostly(is_unit) and "h" in column.cells[0]
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


class _Values(NamedTuple):
    """The columns whose values are used: all that contain the same, in the same unit."""

    columns: tuple[int, ...]
    content: Content
    unit: str
    doubts: set[Doubt]


def _values(judged: Mapping[int, Judged]) -> _Values:
    """Return the columns to be used: readings if there are any, then consumption, then power."""
    if any(each.is_evident for each in judged.values()):
        judged = _as_others(judged)
    content = min((each.content for each in judged.values()), key=_PREFERENCE.index)
    unit = next(each.unit for each in judged.values() if each.content is content)
    columns = tuple(
        index for index, each in judged.items() if each.content is content and each.unit == unit
    )
    return _Values(columns, content, unit, set().union(*(judged[each].doubts for each in columns)))


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
