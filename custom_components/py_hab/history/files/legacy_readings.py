"""Reads series from a legacy file, and converts them to hourly rows.

The rows of all series are interleaved in the order in which they were written. Reading by an index
would access the disk for each row, and sorting in SQLite would need as much space again. Therefore
one scan collects the readings of many series, with 12 bytes each, and sorts only those that are not
in order.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from itertools import chain, groupby, islice
import json
from pathlib import Path
from typing import Final

from ..planning.imported import Imported, ImportedMeans, ImportedReadings
from ..planning.rows import MeanRow, SumRow
from .clock import RowError, WallClock
from .hours import SAMPLE, Rejected, divisor_of, mean_rows, sum_rows
from .legacy_file import LegacySeries, SeriesKind, open_file
from .readings import Readings

CHUNK: Final = 1000
"""Rows fetched at once; a cancellation takes effect between chunks."""
ROWS_PER_SCAN: Final = 1_500_000
"""Rows held in memory at once; if there are more, the file is scanned several times."""
_READ: Final = """
    SELECT ifnull(device, ''), sub_entity, time, amount FROM measurement_data NOT INDEXED
    WHERE ifnull(device, '') IN (SELECT value FROM json_each(?)) ORDER BY rowid
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class HourlySeries:
    """The hours of one series."""

    series: LegacySeries
    rows: list[SumRow] | list[MeanRow]
    readings: int
    """The number of rows in the file."""
    rejected: Rejected
    """How many of them were not used, by reason."""
    stored_in: tuple[str, ...] = ()
    """The units in which the readings of a counter are stored, in order of time."""

    @property
    def imported(self) -> Imported:
        """What is to be written."""
        if self.series.kind is SeriesKind.COUNTER:
            return ImportedReadings(rows=[row for row in self.rows if isinstance(row, SumRow)])
        return ImportedMeans(rows=[row for row in self.rows if isinstance(row, MeanRow)])


@dataclass(slots=True)
class _Column(Readings):
    """The readings of a series, in the order in which they are stored."""

    def add_slowly(self, clock: WallClock, text: bytes, amount: object) -> None:
        """Add a reading whose day is not cached or has a clock change, or that is not valid."""
        time = clock.parse(text)
        if isinstance(time, RowError):
            self.rejected[time] += 1
        elif not isinstance(amount, int | float):
            self.rejected[RowError.NOT_A_NUMBER] += 1
        else:
            self.add(time, text[:10], amount)


def read_hours(
    path: Path,
    zone: tzinfo,
    wanted: Collection[LegacySeries],
    *,
    progress: Callable[[int], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[HourlySeries]:
    """Yield the hours of series that `inspect_file` has found, one series after the other.

    `progress` is called with the number of rows read so far. Nothing more is yielded once
    `cancelled` returns True; each yielded series is complete. Raises FileReadError if the file
    cannot be read.
    """
    clock = WallClock(zone)
    done = 0
    with open_file(path) as connection:
        for batch in _batches(wanted):
            columns = {_key(series): _Column() for series in batch}
            devices = json.dumps(sorted({series.device for series in batch}))
            rows = connection.execute(_READ, (devices,))
            while chunk := rows.fetchmany(CHUNK):
                if cancelled():
                    return
                done += _collect(chunk, columns, clock)
                progress(done)
            for series in batch:
                if cancelled():
                    return
                yield _hours(series, columns.pop(_key(series)))


def _batches(wanted: Collection[LegacySeries]) -> Iterator[list[LegacySeries]]:
    """Divide series into batches of at most ROWS_PER_SCAN rows, but never those of one device."""
    batch: list[LegacySeries] = []
    by_device = groupby(sorted(wanted, key=_key), key=lambda series: series.device)
    for series in (list(group) for _, group in by_device):
        if batch and sum(one.rows for one in chain(batch, series)) > ROWS_PER_SCAN:
            yield batch
            batch = []
        batch = batch + series
    if batch:
        yield batch


def _key(series: LegacySeries) -> tuple[bytes, bytes]:
    return series.device.encode(), series.sub_entity.encode()


def _collect(
    chunk: list[tuple[bytes, bytes, bytes, float]],
    columns: Mapping[tuple[bytes, bytes], _Column],
    clock: WallClock,
) -> int:
    """Add rows to their columns; return the number of rows that belong to one."""
    days, seconds = clock.days, clock.seconds
    others = 0
    for device, sub_entity, text, amount in chunk:
        column = columns.get((device, sub_entity))
        if column is None:
            others += 1
            continue
        try:
            at = days[text[:10]] + seconds[text[10:]]
            column.amounts.append(amount)
        except KeyError, TypeError:
            column.add_slowly(clock, text, amount)
        else:
            column.times.append(at)
    return len(chunk) - others


def _hours(series: LegacySeries, column: _Column) -> HourlySeries:
    """Return the hours of a series from its readings."""
    count = len(column.times) + column.rejected.total()
    column.sort(rising=series.kind is SeriesKind.COUNTER)
    readings = zip(column.times, column.amounts, strict=True)
    rows: list[SumRow] | list[MeanRow] = []
    units: list[str] = []
    match series.kind:
        case SeriesKind.COUNTER:
            sample = list(islice(zip(column.times, column.amounts, strict=True), SAMPLE))
            divisor = divisor_of(series.sub_entity, series.unit, sample)
            rows, units = sum_rows(readings, divisor, column.rejected)
        case SeriesKind.MEASUREMENT:
            rows = mean_rows(readings, series.unit, column.rejected)
    return HourlySeries(
        series=series,
        rows=rows,
        readings=count,
        # Unary plus drops reasons whose readings have all been confirmed later.
        rejected=+column.rejected,
        stored_in=tuple(units),
    )
