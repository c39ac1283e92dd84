"""Recognizes which columns of a table contain times."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
import re
from typing import Final, NamedTuple

from .csv_format import TimeColumns
from .moments import DayOrder, cut, orders_of, parse_clock, parse_day, parse_unix
from .numbers import is_number
from .table import Row
from .words import UTC_WORDS, content_in, is_begin, is_end, unit_in

FEW: Final = 120
"""Rows that show what a column contains."""
_MOST: Final = 0.8
"""The part of the cells of a column that must be alike."""
_TIME_OF_DAY: Final = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\s*(?:[AaPp][Mm]|Uhr))?")
_HAS_OFFSET: Final = re.compile(r"\d(?:Z|[+-]\d\d:?\d\d)$|\b(?:UTC|GMT|MESZ|CEST)\b")
_MIN_COUNTED: Final = 12
_COUNTED: Final = 0.9
"""The part of the cells of a column that must be one more than the one before, if it numbers rows."""
_MIN_WIDE: Final = 12
"""Columns of times from which on each row contains the values of many times."""
_SECONDS: Final = range(1_000_000_000, 4_000_000_000)
"""Unix times from 2001 on."""


def is_day(text: str) -> bool:
    """Whether a text is a day or a month."""
    return ":" not in text and any(parse_day(text, order) is not None for order in DayOrder)


def is_clock(text: str) -> bool:
    """Whether a text is a time of day."""
    return _TIME_OF_DAY.fullmatch(text.strip()) is not None and parse_clock(text) is not None


def is_moment(text: str) -> bool:
    """Whether a text is a day with a time."""
    day, clock = cut(text.strip())
    return bool(clock) and is_day(day) and parse_clock(clock) is not None


def is_unix(text: str) -> bool:
    """Whether a text is a unix time."""
    unix = parse_unix(text)
    return unix is not None and unix in _SECONDS


def is_data(row: Row) -> bool:
    """Whether a row contains a time and a number."""
    times = [index for index, cell in enumerate(row) if _is_any_time(cell.strip())]
    return bool(times) and any(
        is_number(cell) for index, cell in enumerate(row) if index not in times[:1] and cell.strip()
    )


def _is_any_time(text: str) -> bool:
    return len(text) >= 6 and (is_day(text) or is_moment(text) or is_unix(text))


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of some rows."""

    index: int
    name: str
    cells: Sequence[str]
    """The cells that are not empty."""

    def is_mostly(self, kind: Callable[[str], bool]) -> bool:
        """Whether most cells are of a kind."""
        return bool(self.cells) and sum(map(kind, self.cells)) >= _MOST * len(self.cells)


def is_counted(column: Column) -> bool:
    """Whether a column only numbers the rows, or the intervals of a day."""
    if unit_in(column.name) or content_in(column.name) or len(column.cells) < _MIN_COUNTED:
        return False
    if not all(map(str.isdecimal, column.cells)) or int(column.cells[0]) > 1:
        return False
    steps = [int(after) - int(before) for before, after in pairwise(column.cells)]
    return steps.count(1) >= _COUNTED * len(steps)


def columns_of(rows: Sequence[Row], names: Sequence[str]) -> list[Column]:
    """Return the columns of rows that have the same number of cells."""
    return [
        Column(
            index=index,
            name=names[index] if index < len(names) else "",
            cells=[cell for row in rows[:FEW] if (cell := row[index].strip())],
        )
        for index in range(len(rows[0]) if rows else 0)
    ]


def wide_times(row: Row) -> tuple[str, ...]:
    """Return the times that the cells of a header are, empty for others; nothing if few are."""
    if len(row) < _MIN_WIDE:
        return ()
    times = [
        text if is_clock(text) or is_moment(text) or (is_day(text) and len(text) > 6) else ""
        for text in map(str.strip, row)
    ]
    if sum(map(bool, times)) < max(_MIN_WIDE, len(row) // 2):
        return ()
    filled = [index for index, time in enumerate(times) if time]
    if times[filled[-1]] in ("00:00", "0:00", "00:00:00") and times[filled[0]] != times[filled[-1]]:
        # The end of the last interval of the day.
        times[filled[-1]] = "24:00"
    return tuple(times)


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """The columns of times."""

    begin: TimeColumns
    end: TimeColumns | None = None

    @property
    def columns(self) -> set[int]:
        """The numbers of these columns."""
        found = {self.begin.day, self.begin.clock}
        if self.end is not None:
            found |= {self.end.day, self.end.clock}
        return {index for index in found if index is not None}


def find_times(columns: Sequence[Column]) -> Times | None:
    """Return the columns of times, None if there are none."""
    if moments := _mostly(columns, is_moment):
        return _of_moments(moments)
    days, clocks = _mostly(columns, is_day), _mostly(columns, is_clock)
    if not clocks and len(days) == 1:
        clocks = [column for column in columns if _is_plain_clock_of(column, days[0])]
    if days and clocks:
        return _of_days_and_clocks(days, clocks)
    times = days or _mostly(columns, is_unix)
    return _of_moments(times) if times else None


def _mostly(columns: Iterable[Column], is_one: Callable[[str], bool]) -> list[Column]:
    """Return the columns most of whose cells pass a test."""
    return [column for column in columns if column.is_mostly(is_one)]


def _is_plain_clock_of(column: Column, day: Column) -> bool:
    """Whether a column contains times such as 0015 or 001500, beside that of their days."""
    if column.index != day.index + 1 or len(set(column.cells)) < 2:
        return False
    lengths = set(map(len, column.cells))
    return lengths in ({4}, {6}) and column.is_mostly(
        lambda text: text.isdecimal() and parse_clock(text) is not None
    )


def _of_moments(columns: Sequence[Column]) -> Times:
    """Return begin and end of intervals, or the time that leaves least doubt."""
    begins = [column for column in columns if is_begin(column.name) and not is_end(column.name)]
    ends = [column for column in columns if is_end(column.name)]
    if begins and ends:
        return Times(begin=TimeColumns(day=begins[0].index), end=TimeColumns(day=ends[0].index))
    if len(columns) > 1 and not begins and not ends and _is_later(columns[0], columns[1]):
        return Times(begin=TimeColumns(day=columns[0].index), end=TimeColumns(day=columns[1].index))
    clear = [
        column
        for column in columns
        if UTC_WORDS.search(column.name) or all(map(_HAS_OFFSET.search, column.cells))
    ]
    return Times(begin=TimeColumns(day=(clear or begins or columns)[0].index))


def _is_later(column: Column, other: Column) -> bool:
    """Whether the times of a column begin where those of the one before it end, in most rows."""
    if len(column.cells) != len(other.cells) or len(column.cells) < 3:
        return False
    follow = sum(end == begin for end, begin in zip(other.cells, column.cells[1:], strict=False))
    return follow >= _MOST * (len(column.cells) - 1) and column.cells[0] != other.cells[0]


def _of_days_and_clocks(days: Sequence[Column], clocks: Sequence[Column]) -> Times:
    begin = TimeColumns(day=days[0].index, clock=clocks[0].index)
    if len(clocks) < 2:
        return Times(begin=begin)
    day = days[1] if len(days) > 1 else days[0]
    return Times(begin=begin, end=TimeColumns(day=day.index, clock=clocks[1].index))


class FoundOrder(NamedTuple):
    """The order that days seem to have."""

    order: DayOrder
    is_certain: bool


def find_order(texts: Iterable[str]) -> FoundOrder | None:
    """Return the order of days, None if they have none."""
    texts = [text for text in texts if text]
    # Rows of one day need to be looked at once.
    by_day: dict[str, str] = {}
    possible: list[set[DayOrder]] = []
    for text in texts:
        day = cut(text).day
        if day not in by_day and (orders := orders_of([text])):
            by_day[day] = text
            possible.append(orders)
    if not possible:
        return None
    common = set.intersection(*possible)
    counts = Counter(order for orders in possible for order in orders)
    if not common:
        # A few rows are something else, such as a total.
        (order, count), *_ = counts.most_common()
        return FoundOrder(order, count >= _MOST * len(possible))
    return _most_likely(common, list(by_day.values()))


def _most_likely(common: AbstractSet[DayOrder], texts: Sequence[str]) -> FoundOrder:
    """Return the order of days that all have several orders in common."""
    for order in (DayOrder.YMD, DayOrder.UNIX):
        if order in common:
            return FoundOrder(order, True)
    if len(common) == 1:
        return FoundOrder(next(iter(common)), True)
    if "." in cut(texts[0]).day:
        return FoundOrder(DayOrder.DMY, True)
    if re.search(r"[AaPp]\.?[Mm]", texts[0]):
        return FoundOrder(DayOrder.MDY, True)
    spans = {order: _span(texts, order) for order in common}
    least, most = min(spans, key=spans.__getitem__), max(spans, key=spans.__getitem__)
    # Rows follow each other: the wrong order makes leaps of months.
    is_certain = spans[least] * 4 < spans[most] and spans[least] > 0
    return FoundOrder(least if is_certain else DayOrder.DMY, is_certain)


def _span(texts: Sequence[str], order: DayOrder) -> int:
    """Return the days that lie between consecutive rows, in total."""
    days = [found.date for text in texts if (found := parse_day(cut(text).day, order))]
    return sum(abs((after - before).days) for before, after in pairwise(days))
