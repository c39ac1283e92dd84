"""Exports of statistics: how they are written, and how they are read again."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
import math
from pathlib import Path
from typing import Final

from ..planning.imported import Imported, ImportedMeans, ImportedSums
from ..planning.origin import Origin
from ..planning.rows import HOUR, MeanRow, SumRow
from .clock import RowError
from .csv_format import (
    MEAN_COLUMNS,
    ORIGIN_COLUMN,
    SUM_COLUMNS,
    UNITS,
    Cancelled,
    Content,
    CsvFormat,
    CsvHours,
    CsvSeries,
    Progress,
)
from .csv_scan import rows_with_data
from .hours import Rejected
from .table import Row, open_table

EXPORTED: Final = frozenset({Content.SUMS, Content.MEANS})
"""What an export contains."""


def read_exported(
    path: Path,
    csv_format: CsvFormat,
    wanted: Collection[CsvSeries],
    progress: Progress,
    cancelled: Cancelled,
) -> Iterator[CsvHours]:
    """Yield the hours of exported statistics. Raises FileReadError if the file cannot be read."""
    names = {name: index for index, name in enumerate(csv_format.columns)}
    found: dict[str, _Exported] = {
        series.key.series: _Exported(csv_format, names) for series in wanted
    }
    with open_table(path, csv_format.dialect, progress=progress, cancelled=cancelled) as rows:
        for row in rows_with_data(rows, csv_format):
            statistic = found.get(row[names["statistic_id"]]) if len(row) == len(names) else None
            if statistic is not None:
                statistic.add(row)
    for series in wanted:
        if cancelled():
            return
        statistic = found[series.key.series]
        yield CsvHours(
            series=series,
            imported=statistic.imported(),
            readings=statistic.count,
            rejected=statistic.rejected,
        )


class _Exported:
    """The hours of one exported statistic."""

    def __init__(self, csv_format: CsvFormat, names: dict[str, int]) -> None:
        self._content = content = csv_format.content
        factor = UNITS.get(csv_format.unit, 1.0) if content is Content.SUMS else 1.0
        # Dividing by 1000 is exact for more numbers than multiplying by a thousandth.
        self._divisor = 1 / factor
        columns = SUM_COLUMNS[:2] if content is Content.SUMS else MEAN_COLUMNS
        self._columns = [names.get(column) for column in columns]
        self._start, self._origin = names["start"], names.get(ORIGIN_COLUMN)
        self._rows: dict[int, list[float | None]] = {}
        self._spread: set[int] = set()
        self.rejected: Rejected = Counter()
        self.count = 0

    def add(self, row: Row) -> None:
        """Add a row, or count why it is not used."""
        self.count += 1
        try:
            start = int(datetime.fromisoformat(row[self._start]).timestamp())
        except ValueError:
            self.rejected[RowError.BAD_TIME] += 1
            return
        values = [_number(row[each]) if each is not None else None for each in self._columns]
        needed = values[1] if self._content is Content.SUMS else values[0]
        if start % HOUR or needed is None:
            self.rejected[RowError.BAD_TIME if start % HOUR else RowError.NOT_A_NUMBER] += 1
            return
        if start in self._rows:
            self.rejected[RowError.REPEATED] += 1
            return
        self._rows[start] = values
        if self._origin is not None and row[self._origin] == Origin.SPREAD:
            self._spread.add(start)

    def imported(self) -> Imported:
        """Return the hours."""
        origins = dict.fromkeys(self._spread, Origin.SPREAD)
        ordered = sorted(self._rows.items())
        if self._content is Content.MEANS:
            means = [
                MeanRow(start, mean, mean if low is None else low, mean if high is None else high)
                for start, (mean, low, high) in ordered
                if mean is not None
            ]
            return ImportedMeans(rows=means, origins=origins)
        sums = [
            # Statistics of others may have sums only.
            SumRow(
                start, (total if state is None else state) / self._divisor, total / self._divisor
            )
            for start, (state, total) in ordered
            if total is not None
        ]
        return ImportedSums(rows=sums, origins=origins)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
