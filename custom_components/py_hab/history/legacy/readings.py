"""Reads series from a legacy file, and converts them to hourly rows.

The rows of all series are interleaved in the order in which they were written. Reading by an index
would access the disk for each row, and sorting in SQLite would need as much space again. Therefore
one scan collects the readings of many series, with 12 bytes each, and sorts only those that are not
in order.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import chain, groupby, islice
import json
from pathlib import Path
from typing import Final

from ..planning.rows import MeanRow, SumRow
from .clock import RowError, WallClock, in_order, in_second_pass
from .file import LegacySeries, SeriesKind, open_file
from .hours import SAMPLE, Rejected, divisor_of, mean_rows, sum_rows

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


@dataclass(slots=True)
class _Column:
    """The readings of a series, in the order in which they are stored."""

    times: array[int] = field(default_factory=lambda: array("I"))
    """Unix seconds; in an ambiguous hour those of the first pass."""
    amounts: array[float] = field(default_factory=lambda: array("d"))
    ambiguous: dict[bytes, list[int]] = field(default_factory=dict)
    """Indices of the readings in ambiguous hours, by day."""
    repeats_after: int = 0
    """Seconds between the two passes of an ambiguous hour."""
    rejected: Rejected = field(default_factory=Counter)

    def add_slowly(self, clock: WallClock, text: bytes, amount: object) -> None:
        """Add a reading whose day is not cached or has a clock change, or that is not valid."""
        time = clock.parse(text)
        if isinstance(time, RowError):
            self.rejected[time] += 1
        elif not isinstance(amount, int | float):
            self.rejected[RowError.NOT_A_NUMBER] += 1
        else:
            if time.repeats_after:
                self.repeats_after = time.repeats_after
                self.ambiguous.setdefault(text[:10], []).append(len(self.times))
            self.times.append(time.unix)
            self.amounts.append(amount)

    def sort(self, *, rising: bool) -> None:
        """Sort the readings by time, after resolving ambiguous hours; `rising` for a counter."""
        for indices in self.ambiguous.values():
            before, after = max(indices[0] - 1, 0), min(indices[-1] + 1, len(self.times) - 1)
            around = [before, *indices, after]
            times = [self.times[index] for index in around]
            amounts = [self.amounts[index] for index in around]
            times[-1] -= self.repeats_after
            later = in_second_pass(times, amounts, rising=rising)
            for index, is_later in zip(indices, later, strict=True):
                self.times[index] += self.repeats_after * is_later
        self.times, self.amounts = in_order(self.times, self.amounts)


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
    `cancelled` returns True; each yielded series is complete. Raises LegacyFileError if the file
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
