"""Finds times and values in the rows of a table."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from typing import Final, NamedTuple

from .clock import RowError, WallTime
from .csv_format import UNITS, UNITS_OF, CsvFormat, FileZone, Label, TimeColumns, melted, time_parts
from .dates import with_joined
from .moments import Moments, standard_time
from .numbers import number_parser
from .ranges import with_divided
from .readings import Readings
from .series_columns import series_name
from .steps import DAY, moved
from .table import Row


class Range(NamedTuple):
    """A period whose values are collected (unix times); the end is exclusive."""

    start: int
    end: int


ALWAYS: Final = Range(0, 1 << 32)


class Scan:
    """Collects the values of rows."""

    def __init__(self, csv_format: CsvFormat, zone: tzinfo, within: Range = ALWAYS) -> None:
        """Create a scan of the values of a period; `zone` is that of the home."""
        self._format = csv_format
        self._moments = Moments(csv_format.order, file_zone(csv_format, zone))
        self._within = within
        # A unit in a cell precedes that of the table.
        units = UNITS_OF.get(csv_format.content, ())
        size = UNITS.get(csv_format.unit, 1.0)
        self._parse = number_parser(
            csv_format.decimal, {unit.lower(): UNITS[unit] / size for unit in units}
        )
        self._zone = zone
        self._is_end = csv_format.end is None and csv_format.label is Label.END

    def collect(self, rows: Iterable[Row], columns: Mapping[str, Mapping[int, Readings]]) -> None:
        """Add the values of rows to the columns of their series; other series are left out."""
        name_of, known_time = _name_of(self._format), self._known_times()
        start, end = self._within
        for row in rows:
            if not row:
                continue
            try:
                targets = columns[name_of(row)]
            except KeyError, IndexError:
                continue
            repeats: WallTime | None = None
            try:
                at = known_time(row)
            except KeyError, IndexError:
                time = self._begin(row, targets)
                if time is None:
                    continue
                at, repeats = time.unix, time if time.repeats_after else None
            if start <= at < end:
                self._add(row, targets, at, repeats)

    def _known_times(self) -> Callable[[Row], int]:
        """Return a function for the time of a row whose parts have been parsed before.

        It raises KeyError for other parts, and IndexError for a row that is too short. Tables may have
        millions of rows, nearly all of them with known parts.
        """
        days, seconds = self._moments.days, self._moments.seconds
        day, clock = self._format.begin.day, self._format.begin.clock

        def of_one_cell(row: Row) -> int:
            text = row[day]
            colon = text.find(":") - 2
            return days[text[:colon]] + seconds[text[colon:]] if colon > 0 else days[text]

        if clock is None:
            return of_one_cell
        return lambda row: days[row[day]] + seconds[row[clock]]

    def _add(
        self, row: Row, targets: Mapping[int, Readings], at: int, repeats: WallTime | None
    ) -> None:
        """Add the values of a row with a time, or count them as rejected.

        `repeats` is the time again if its hour occurs twice.
        """
        form = self._format
        ratio = 1.0 if form.units is None else self._ratio(row, form.units)
        length = None if form.end is None else self._length(row, form.end, at, repeats)
        for index, column in targets.items():
            amount = self._parse(row[index]) if index < len(row) else None
            if amount is None or ratio is None or isinstance(length, RowError):
                column.rejected[_why(row, index, ratio, length)] += 1
                continue
            if length is not None:
                column.lengths.append(length)
            if repeats is not None:
                column.add(repeats, at // DAY, amount * ratio)
            else:
                column.times.append(at)
                column.amounts.append(amount * ratio)

    def _begin(self, row: Row, targets: Mapping[int, Readings]) -> WallTime | None:
        """Return the time of a row, which no earlier row had; None if it is rejected or empty."""
        time = self._time(row, self._format.begin, is_end=self._is_end)
        if not isinstance(time, RowError):
            return time
        if any(cell.strip() for cell in row):
            for column in targets.values():
                column.rejected[time] += 1
        return None

    def _time(self, row: Row, columns: TimeColumns, *, is_end: bool = False) -> WallTime | RowError:
        try:
            parts = time_parts(row, columns)
        except IndexError:
            return RowError.BAD_TIME
        return self._moments.parse(*parts, is_end=is_end)

    def _ratio(self, row: Row, units: int) -> float | None:
        """Return the factor from the unit of a row to that of the table, None if there is none."""
        unit = row[units].strip() if units < len(row) else ""
        if unit in ("", self._format.unit):
            return 1.0
        if unit not in UNITS_OF.get(self._format.content, ()):
            return None
        return UNITS[unit] / UNITS[self._format.unit]

    def _length(
        self, row: Row, columns: TimeColumns, at: int, repeats: WallTime | None
    ) -> int | RowError:
        """Return the seconds of the interval of a row."""
        form = self._format
        time = self._time(row, columns, is_end=True)
        if isinstance(time, RowError):
            return time
        end = moved(time.unix, DAY, self._zone) if form.is_end_included else time.unix
        length, step = end - at, form.step
        if repeats is not None and length <= 2 * repeats.repeats_after:
            # Begin and end may be in different passes of the hour.
            length = (length - 1) % repeats.repeats_after + 1
        elif length <= 0 and step is not None and time.repeats_after:
            length = step
        elif length <= 0 and columns.clock is not None and columns.day == form.begin.day:
            # There is one day for both, and the interval ends at midnight.
            length = moved(end, DAY, self._zone) - at
        if step is not None and step < DAY and 0 < step - length <= 60:
            # The last second or minute of the interval, not its end.
            length = step
        return length if length > 0 else RowError.BAD_TIME


def _name_of(csv_format: CsvFormat) -> Callable[[Row], str]:
    """Return a function for the name of the series of a row; it raises IndexError for a short row."""
    series, names = csv_format.series, csv_format.series_columns
    if series is None:
        return lambda _: ""
    if csv_format.subseries:
        return lambda row: series_name(row, names)
    # Tables with one column of names may have millions of rows.
    return lambda row: row[series].strip()


def file_zone(csv_format: CsvFormat, zone: tzinfo) -> tzinfo:
    """Return the zone of times without an offset; `zone` is that of the home."""
    match csv_format.zone:
        case FileZone.HOME:
            return zone
        case FileZone.STANDARD:
            return standard_time(zone)
        case FileZone.UTC:
            return UTC


def _why(row: Row, index: int, ratio: float | None, length: int | RowError | None) -> RowError:
    """Return why a value is not used."""
    if index >= len(row) or not row[index].strip():
        return RowError.EMPTY
    if isinstance(length, RowError):
        return length
    return RowError.OTHER_UNIT if ratio is None else RowError.NOT_A_NUMBER


def rows_with_data(rows: Iterator[Row], csv_format: CsvFormat) -> Iterator[Row]:
    """Return the rows after the header, one for each time."""
    for _ in range(csv_format.skip):
        next(rows, None)
    if csv_format.view is not None:
        return csv_format.view.dated(rows)
    if csv_format.times:
        rows = melted(rows, csv_format.times)
    if csv_format.ranges:
        rows = with_divided(rows, csv_format.ranges)
    return with_joined(rows, csv_format.dates) if csv_format.dates else rows
