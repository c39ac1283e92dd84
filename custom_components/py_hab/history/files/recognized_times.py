"""Recognizes how the times of a table are written, and which time each row has."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from itertools import chain, pairwise
from typing import Final

from .access import FileError, FileReadError
from .clock import RowError
from .columns import Column, find_order, find_times
from .csv_format import Doubt, FileZone, Label, time_parts
from .layout import Layout
from .moments import Moments, parse_day
from .steps import DAY, MONTH
from .table import Row
from .words import STANDARD_WORDS, SUMMER_WORDS, UTC_WORDS, is_begin, is_end

_LAST: Final = 20
"""Rows at the end of the sample that show when the file ends."""


class RecognizedTimes:
    """The times of a table."""

    def __init__(self, table: Layout, columns: Sequence[Column], zone: tzinfo) -> None:
        """Find the columns of times, and the order of days in them. Raises FileReadError."""
        times = find_times(columns)
        if times is None:
            raise FileReadError(FileError.NO_TIMES)
        found = find_order(row[times.begin.day].strip() for row in table.all_rows)
        if found is None:
            raise FileReadError(FileError.NO_TIMES)
        self.order, is_certain = found
        self.doubts: set[Doubt] = set() if is_certain else {Doubt.DAY_ORDER}
        self.begin, self.end = times.begin, times.end
        self.columns = times.columns
        """The numbers of the columns of times."""
        self._table = table
        self._zone = zone
        self._moments = Moments(self.order, zone)

    def in_order(self, rows: Sequence[Row]) -> list[tuple[int, Row]]:
        """Return the rows that have a time, with their unix times, in order of time."""
        timed = ((at, row) for row in rows if (at := self._unix(row)) is not None)
        return sorted(timed, key=lambda item: item[0])

    def shortest_step(self, rows: Sequence[Row]) -> int | None:
        """Return the step of rows that have a day or a month only."""
        day = self.begin.day
        days = [parse_day(row[day], self.order) for row in rows]
        if self.begin.clock is not None or not all(days) or any(":" in row[day] for row in rows):
            return None
        return MONTH if all(each and each.is_month for each in days) else DAY

    def zone(self) -> FileZone:
        """Return the zone that the name of the column of times says."""
        names = [self._table.names[self.begin.day], *chain.from_iterable(self._table.before)]
        says_utc = any(
            UTC_WORDS.search(text) and "+" not in text and "-" not in text[-6:] for text in names
        )
        if says_utc:
            return FileZone.UTC
        is_standard = any(map(STANDARD_WORDS.search, names))
        is_summer = any(map(SUMMER_WORDS.search, names))
        return FileZone.STANDARD if is_standard and not is_summer else FileZone.HOME

    def label(self, times: Sequence[int], step: int | None) -> Label:
        """Return which end of its interval the time of a row is, if it has only one.

        `times` are the unix times of rows, ascending. The names of the columns say it, or else the
        times at which the file begins and ends.
        """
        names = [
            self._table.names[index]
            for index in (self.begin.day, self.begin.clock)
            if index is not None
        ]
        says_begin, says_end = any(map(is_begin, names)), any(map(is_end, names))
        if says_end and not says_begin:
            return Label.END
        if self.end is not None or says_begin or step is None or step >= DAY or not times:
            return Label.BEGIN
        label = self._label_by_days(times, step)
        if label is None:
            self.doubts.add(Doubt.LABEL)
        return label or Label.BEGIN

    def _label_by_days(self, times: Sequence[int], step: int) -> Label | None:
        """Return the label with which the file contains whole days, None if either or none does."""
        first, last = (
            (local.hour * 60 + local.minute) * 60 + local.second
            for local in (datetime.fromtimestamp(at, self._zone) for at in self._ends(times))
        )
        if first not in (0, step) and last not in (0, DAY - step):
            return None
        begins = (first == 0) + (last == DAY - step)
        ends = (first == step) + (last == 0)
        if begins == ends:
            return None
        return Label.BEGIN if begins > ends else Label.END

    def is_end_included(self, rows: Sequence[Row]) -> bool:
        """Whether intervals end with the day that is named, not before it."""
        begin, end = self.begin.day, self.end
        if end is None or end.clock is not None:
            return False
        cells = [(row[begin].strip(), row[end.day].strip()) for row in rows]
        if any(":" in finish for _, finish in cells):
            return False
        follow = sum(one[1] == other[0] for one, other in pairwise(cells))
        same = sum(start == finish for start, finish in cells)
        return bool(same) or 2 * follow < len(cells) - 1 or len(cells) == 1

    def _unix(self, row: Row) -> int | None:
        time = self._moments.parse(*time_parts(row, self.begin))
        return None if isinstance(time, RowError) else time.unix

    def _ends(self, times: Sequence[int]) -> tuple[int, int]:
        """Return the first and the last time of the whole file."""
        rows = self._table.all_rows[-_LAST:]
        last = [at for row in rows if (at := self._unix(row)) is not None]
        return min([times[0], *last]), max([times[-1], *last])
