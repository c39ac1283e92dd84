"""Reads the old server's database file: series of it, as hourly rows.

The rows of all series stand interleaved, in the order in which they were written. An index leads
to each row by a detour over the disk, sorting needs as much room again: one scan collects the
readings of many series, 12 bytes each, and sorts what is not in order anyway.
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
from .clock import RowError, WallClock, come_later, in_order
from .file import LegacySeries, SeriesKind, open_file
from .hours import SAMPLE, Rejected, divisor_of, mean_rows, sum_rows

CHUNK: Final = 1000
"""Rows fetched at once, between two looks at whether to go on."""
AT_ONCE: Final = 1_500_000
"""Rows collected at once; for more the file is scanned several times."""
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
    """Rows of the file."""
    rejected: Rejected
    """How many of them were not used, and why."""
    stored_in: tuple[str, ...] = ()
    """The units in which a counter was really stored, one after the other."""


@dataclass(slots=True)
class _Column:
    """The readings of a series, in the order in which they were written."""

    times: array[int] = field(default_factory=lambda: array("I"))
    """Unix seconds; in an hour that exists twice as if it were the first."""
    amounts: array[float] = field(default_factory=lambda: array("d"))
    twice: dict[bytes, list[int]] = field(default_factory=dict)
    """Indices of the readings of hours that exist twice, by day."""
    shift: int = 0
    """Seconds between such an hour and the same hour."""
    rejected: Rejected = field(default_factory=Counter)

    def add_slowly(self, clock: WallClock, text: bytes, amount: object) -> None:
        """Take a reading whose day is not known yet, or special, or that has a flaw."""
        moment = clock.moment(text)
        if isinstance(moment, RowError):
            self.rejected[moment] += 1
        elif not isinstance(amount, int | float):
            self.rejected[RowError.NOT_A_NUMBER] += 1
        else:
            at, shift = moment
            if shift:
                self.shift = shift
                self.twice.setdefault(text[:10], []).append(len(self.times))
            self.times.append(at)
            self.amounts.append(amount)

    def settle(self, *, rising: bool) -> None:
        """Bring the readings into order of time."""
        for indices in self.twice.values():
            before, after = max(indices[0] - 1, 0), min(indices[-1] + 1, len(self.times) - 1)
            around = [before, *indices, after]
            times = [self.times[index] for index in around]
            amounts = [self.amounts[index] for index in around]
            times[-1] -= self.shift
            later = come_later(times, amounts, rising=rising)
            for index, is_later in zip(indices, later, strict=True):
                self.times[index] += self.shift * is_later
        self.times, self.amounts = in_order(self.times, self.amounts)


def read_hours(
    path: Path,
    zone: tzinfo,
    wanted: Collection[LegacySeries],
    *,
    progress: Callable[[int], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[HourlySeries]:
    """Hand out the hours of series that `inspect` has found, one series after the other.

    `progress` is told how many rows have been read. Once `cancelled` says so nothing follows; what
    has been handed out is whole. Raises ServerFileError.
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
                done += _take(chunk, columns, clock)
                progress(done)
            for series in batch:
                if cancelled():
                    return
                yield _hours(series, columns.pop(_key(series)))


def _batches(wanted: Collection[LegacySeries]) -> Iterator[list[LegacySeries]]:
    """Divide series, all of a device together, so that few enough rows are held at once."""
    batch: list[LegacySeries] = []
    by_device = groupby(sorted(wanted, key=_key), key=lambda series: series.device)
    for series in (list(group) for _, group in by_device):
        if batch and sum(one.rows for one in chain(batch, series)) > AT_ONCE:
            yield batch
            batch = []
        batch = batch + series
    if batch:
        yield batch


def _key(series: LegacySeries) -> tuple[bytes, bytes]:
    return series.device.encode(), series.sub_entity.encode()


def _take(
    chunk: list[tuple[bytes, bytes, bytes, float]],
    columns: Mapping[tuple[bytes, bytes], _Column],
    clock: WallClock,
) -> int:
    """Add rows to their columns; return how many there were."""
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
    """Return the hours of a series."""
    count = len(column.times) + column.rejected.total()
    column.settle(rising=series.kind is SeriesKind.COUNTER)
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
        # Readings that others have confirmed do not count.
        rejected=+column.rejected,
        stored_in=tuple(units),
    )
