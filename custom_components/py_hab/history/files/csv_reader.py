"""Reads the series of a table in constant memory, and converts them to what is imported.

A table may contain its rows in any order. Therefore one scan counts the rows of each day, and further
ones collect as many days as fit into memory, with 12 to 16 bytes for each value.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import Final

from ..planning.imported import Imported
from .access import FileError, FileReadError
from .clock import RowError
from .csv_format import UNITS, Cancelled, Content, CsvFormat, CsvHours, CsvKey, CsvSeries, Progress
from .csv_scan import ALWAYS, Range, Scan, rows_with_data
from .energy import imported_energy, imported_readings
from .exported import EXPORTED, read_exported
from .hours import Rejected
from .readings import Readings
from .steps import DAY, Interval, intervals
from .table import open_table

VALUES_PER_SCAN: Final = 1_500_000
"""Values held in memory at once."""
MAX_SERIES: Final = 200
_CHUNK: Final = 20_000
"""Rows that are counted at once."""
_HALF_DAY: Final = DAY // 2
"""Days are divided at noon (UTC): no clock is changed then."""


def survey(
    path: Path,
    csv_format: CsvFormat,
    zone: tzinfo,
    *,
    progress: Progress = lambda _: None,
    cancelled: Cancelled = lambda: False,
) -> list[CsvSeries]:
    """Return the series of a table. Raises FileReadError if it cannot be read."""
    found = _Survey(csv_format, path.stem)
    with open_table(path, csv_format.dialect, progress=progress, cancelled=cancelled) as rows:
        scan = Scan(csv_format, zone)
        data = rows_with_data(rows, csv_format)
        while chunk := list(islice(data, _CHUNK)):
            scan.collect(chunk, found.columns)
            found.count()
    return found.series()


class _Columns(defaultdict[str, dict[int, Readings]]):
    """The columns of each series that the rows name."""

    def __init__(self, csv_format: CsvFormat) -> None:
        self._values = csv_format.values
        super().__init__(self._new)

    def _new(self) -> dict[int, Readings]:
        if len(self) >= MAX_SERIES:
            raise FileReadError(FileError.TOO_MANY_SERIES)
        return {index: Readings() for index in self._values}


class _Survey:
    """Counts the values of each series by day."""

    def __init__(self, csv_format: CsvFormat, file_name: str) -> None:
        self._format = csv_format
        self._file_name = file_name
        self.columns = _Columns(csv_format)
        self._days: defaultdict[CsvKey, Counter[int]] = defaultdict(Counter)
        self._bounds: dict[CsvKey, tuple[int, int]] = {}

    def count(self) -> None:
        """Count what was collected, and forget it."""
        for name, columns in self.columns.items():
            for index, column in columns.items():
                if not column.times:
                    continue
                key = CsvKey(name, index)
                self._days[key].update((at + _HALF_DAY) // DAY for at in column.times)
                first, last = self._bounds.get(key, (column.times[0],) * 2)
                self._bounds[key] = min(first, *column.times), max(last, *column.times)
                columns[index] = Readings()

    def series(self) -> list[CsvSeries]:
        """Return the series that have values."""
        form = self._format
        return [
            CsvSeries(
                key=key,
                name=self._name(key),
                column=form.name_of(key.column),
                unit=form.unit,
                content=form.content,
                rows=days.total(),
                first=datetime.fromtimestamp(self._bounds[key][0], UTC),
                last=datetime.fromtimestamp(self._bounds[key][1], UTC),
                days=days,
            )
            for key, days in self._days.items()
        ]

    def _name(self, key: CsvKey) -> str:
        """Return the name of a series: its own, that of its column, or that of the file."""
        if key.series and len(self._format.values) == 1:
            return key.series
        column = self._format.columns[key.column]
        return f"{key.series} {column}".strip() or self._file_name


def read_series(
    path: Path,
    csv_format: CsvFormat,
    zone: tzinfo,
    wanted: Collection[CsvSeries],
    *,
    progress: Progress = lambda _: None,
    cancelled: Cancelled = lambda: False,
) -> Generator[CsvHours]:
    """Yield what is imported of series that `survey` has found, one after the other.

    Nothing more is yielded once `cancelled` returns True; each yielded series is complete. Raises
    FileReadError if the file cannot be read.
    """
    if csv_format.content in EXPORTED:
        yield from read_exported(path, csv_format, wanted, progress, cancelled)
        return
    reader = _Reader(path, csv_format, zone, progress, cancelled)
    batches = list(_batches(wanted))
    for number, batch in enumerate(batches):
        reader.report(number, len(batches))
        if len(batch) == 1 and batch[0].rows > VALUES_PER_SCAN:
            found = {batch[0].key: reader.by_days(batch[0])}
        else:
            columns = reader.columns(batch, ALWAYS)
            found = {key: iter([column]) for key, column in columns.items()}
        for series in batch:
            hours = reader.hours(series, found.pop(series.key))
            if cancelled():
                return
            yield hours


def _batches(wanted: Collection[CsvSeries]) -> Iterator[list[CsvSeries]]:
    """Divide series into batches whose values fit into memory, if that is possible."""
    batch: list[CsvSeries] = []
    for series in wanted:
        if batch and sum(one.rows for one in batch) + series.rows > VALUES_PER_SCAN:
            yield batch
            batch = []
        batch.append(series)
    if batch:
        yield batch


class _Collected:
    """Counts the values that were collected while they are converted."""

    def __init__(self) -> None:
        self.rejected: Rejected = Counter()
        self.count = 0

    def readings(self, columns: Iterable[Readings]) -> Iterator[tuple[int, float]]:
        """Yield times and amounts."""
        for column in self._counted(columns):
            yield from zip(column.times, column.amounts, strict=True)

    def distinct(self, columns: Iterable[Readings]) -> Iterator[tuple[int, float]]:
        """Yield times and amounts, of equal times the first one."""
        before = -1
        for reading in self.readings(columns):
            if reading[0] == before:
                self.rejected[RowError.REPEATED] += 1
                continue
            before = reading[0]
            yield reading

    def intervals(self, columns: Iterable[Readings]) -> Iterator[Interval]:
        """Yield intervals whose length the file says."""
        for column in self._counted(columns):
            for start, length, amount in zip(
                column.times, column.lengths, column.amounts, strict=True
            ):
                yield Interval(start, start + length, amount)

    def _counted(self, columns: Iterable[Readings]) -> Iterator[Readings]:
        for column in columns:
            self.count += len(column.times) + column.rejected.total()
            self.rejected.update(column.rejected)
            yield column


@dataclass(slots=True)
class _Reader:
    """Reads values of series, and converts them."""

    path: Path
    format: CsvFormat
    zone: tzinfo
    progress: Progress
    cancelled: Cancelled
    _before: float = 0.0
    _share: float = 1.0

    def report(self, done: int, of: int) -> None:
        """Note which part of the work the next scan is."""
        self._before, self._share = done / of, 1 / of

    def columns(self, batch: Collection[CsvSeries], within: Range) -> dict[CsvKey, Readings]:
        """Return the values of series in a time, in its order."""
        columns: defaultdict[str, dict[int, Readings]] = defaultdict(dict)
        for series in batch:
            columns[series.key.series][series.key.column] = Readings()
        with open_table(
            self.path,
            self.format.dialect,
            progress=lambda part: self.progress(self._before + self._share * part),
            cancelled=self.cancelled,
        ) as rows:
            scan = Scan(self.format, self.zone, within)
            scan.collect(rows_with_data(rows, self.format), dict(columns))
        found = {
            CsvKey(name, index): column
            for name, by_index in columns.items()
            for index, column in by_index.items()
        }
        for column in found.values():
            column.sort(rising=self.format.content is Content.READINGS)
        return found

    def by_days(self, series: CsvSeries) -> Iterator[Readings]:
        """Yield the values of a large series, as many days at once as fit into memory."""
        days = sorted(series.days)
        parts: list[list[int]] = [[]]
        count = 0
        for day in days:
            if count and count + series.days[day] > VALUES_PER_SCAN:
                parts.append([])
                count = 0
            parts[-1].append(day)
            count += series.days[day]
        for number, part in enumerate(parts):
            self.report(number, len(parts))
            within = Range(max(part[0] * DAY - _HALF_DAY, 0), (part[-1] + 1) * DAY - _HALF_DAY)
            column = self.columns([series], within)[series.key]
            if number:
                # Rows without a time are found by each scan.
                for reason in (RowError.BAD_TIME, RowError.NONEXISTENT_HOUR):
                    column.rejected.pop(reason, None)
            yield column

    def hours(self, series: CsvSeries, columns: Iterator[Readings]) -> CsvHours:
        """Return what is imported of a series."""
        form, collected = self.format, _Collected()
        factor = UNITS.get(form.unit, 1.0)
        if form.content is Content.READINGS:
            values = ((at, amount * factor) for at, amount in collected.readings(columns))
            imported: Imported = imported_readings(values, collected.rejected)
        else:
            imported = imported_energy(
                self._intervals(collected, columns),
                factor,
                collected.rejected,
                is_power=form.content is Content.POWER,
                now=int(datetime.now(UTC).timestamp()),
            )
        # Unary plus drops reasons whose readings have all been confirmed later.
        left = +collected.rejected
        return CsvHours(series=series, imported=imported, readings=collected.count, rejected=left)

    def _intervals(self, collected: _Collected, columns: Iterator[Readings]) -> Iterator[Interval]:
        if self.format.end is not None:
            return collected.intervals(columns)
        return intervals(
            collected.distinct(columns), self.format.label, self.format.step, self.zone
        )
