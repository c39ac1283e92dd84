"""What the rows of a table mean: its times and values, how they are written, and their series."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from ..planning.imported import Imported
from .box_view import BoxView
from .hours import Rejected
from .moments import DayOrder, cut
from .numbers import DecimalMark
from .table import Dialect, Row

type Progress = Callable[[float], None]
"""Is called with the part of the work that is done."""
type Cancelled = Callable[[], bool]


class Content(StrEnum):
    """What the values of a table are."""

    READINGS = "readings"
    """Readings of a counter, which only rise."""
    CONSUMPTION = "consumption"
    """The energy of each interval."""
    POWER = "power"
    """The mean power of each interval."""
    SUMS = "sums"
    """An export of hourly sums by py_hab."""
    MEANS = "means"
    """An export of hourly means by py_hab."""


UNITS: Final[Mapping[str, float]] = {
    "Wh": 0.001,
    "kWh": 1.0,
    "MWh": 1000.0,
    "W": 0.001,
    "kW": 1.0,
    "MW": 1000.0,
}
"""Factors to kWh, or kW."""
UNITS_OF: Final = {
    Content.READINGS: ("kWh", "Wh", "MWh"),
    Content.CONSUMPTION: ("kWh", "Wh", "MWh"),
    Content.POWER: ("kW", "W", "MW"),
}


class Label(StrEnum):
    """Which end of its interval the time of a row is."""

    BEGIN = "begin"
    END = "end"


class FileZone(StrEnum):
    """The zone of times without an offset."""

    HOME = "home"
    """The time zone of the home, with daylight saving time."""
    STANDARD = "standard"
    """The same without daylight saving time."""
    UTC = "utc"


class Doubt(StrEnum):
    """What the file does not make certain, so that the user has to look at it."""

    DECIMAL = "decimal"
    DAY_ORDER = "day_order"
    CONTENT = "content"
    UNIT = "unit"
    LABEL = "label"
    SERIES = "series"


_CHOICES: Final = {
    Doubt.DECIMAL: "decimal",
    Doubt.DAY_ORDER: "order",
    Doubt.CONTENT: "content",
    Doubt.UNIT: "unit",
    Doubt.LABEL: "label",
    Doubt.SERIES: "series",
}
"""The attribute of a format that each doubt is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeColumns:
    """The columns of a time."""

    day: int
    """The column of the day, or of day and time."""
    clock: int | None = None
    """The column of the time of day, if it is a column of its own."""


class DateColumns(NamedTuple):
    """The columns of the parts of a date, which is put into that of the year."""

    year: int
    month: int
    day: int | None = None
    hour: int | None = None


def time_parts(row: Row, columns: TimeColumns) -> tuple[str, str]:
    """Return the day and the time of day of a row."""
    if columns.clock is None:
        return cut(row[columns.day].strip())
    return row[columns.day].strip(), row[columns.clock].strip()


EXPORT_COLUMNS: Final = ("start", "end", "statistic_id", "unit")
"""The first columns of an export."""
SUM_COLUMNS: Final = ("state", "sum", "change")
MEAN_COLUMNS: Final = ("mean", "min", "max")
ORIGIN_COLUMN: Final = "origin"
"""The last column of an export."""


def melted(rows: Iterable[Row], times: Sequence[str]) -> Iterator[Row]:
    """Yield a row for each time, of rows that have a value for each of many times."""
    fixed = next((index for index, time in enumerate(times) if time), 0)
    for row in rows:
        head = row[:fixed]
        for time, value in zip(times[fixed:], row[fixed:], strict=False):
            if time and value:
                yield [*head, time, value]


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvFormat:
    """How a table is read."""

    dialect: Dialect
    skip: int
    """The number of rows before the first one with data."""
    columns: tuple[str, ...]
    """The names of the columns."""
    times: tuple[str, ...] = ()
    """If each row has a value for each of many times: the time of each cell, empty for other cells.
    Then, the last two of `columns` are a time and its value."""
    ranges: tuple[int, ...] = ()
    """The columns of the file whose cells contain begin and end of an interval. In `columns`, each of
    them is two columns."""
    dates: DateColumns | None = None
    """If the parts of a date are in columns of their own: these columns."""
    view: BoxView | None = None
    """If the FRITZ!Box has written the table: how its rows are dated."""
    begin: TimeColumns
    """The time of a row, or the begin of its interval."""
    end: TimeColumns | None = None
    """The end of its interval."""
    is_end_included: bool = False
    """Whether the end is the last day of the interval, not the day after it."""
    label: Label = Label.BEGIN
    """If there is no column with the end: which end of the interval the time is."""
    order: DayOrder
    zone: FileZone = FileZone.HOME
    values: tuple[int, ...]
    """The columns with values; each of them is a series."""
    series: int | None = None
    """The column that names the series to which the value of a row belongs."""
    subseries: tuple[int, ...] = ()
    """Further columns that tell apart series of the same name, such as the registers of a meter."""
    units: int | None = None
    """The column with the unit of each row."""
    decimal: DecimalMark = DecimalMark.POINT
    content: Content
    unit: str
    step: int | None = None
    """Seconds between two rows, as most of them have it; None if they are irregular."""
    doubts: frozenset[Doubt] = field(default_factory=frozenset)

    @property
    def series_columns(self) -> tuple[int, ...]:
        """All columns that tell series apart."""
        return () if self.series is None else (self.series, *self.subseries)

    @property
    def open_doubts(self) -> frozenset[Doubt]:
        """The doubts for the user to decide: which end a time is matters to intervals with one time only."""
        has_no_label = self.content is Content.READINGS or self.end is not None
        return self.doubts - ({Doubt.LABEL} if has_no_label else set())

    def with_choices(self, choices: Mapping[str, Any]) -> CsvFormat:
        """Return the format with choices of the user, by the name of the attribute.

        What is chosen is not doubtful any more. A unit that does not fit the content is replaced by
        the one of the same size.
        """
        changed = replace(
            self,
            **choices,
            doubts=frozenset(doubt for doubt in self.doubts if _CHOICES.get(doubt) not in choices),
        )
        units = UNITS_OF.get(changed.content, (changed.unit,))
        if changed.unit in units:
            return changed
        alike = [unit for unit in units if UNITS[unit] == UNITS.get(changed.unit)]
        return replace(changed, unit=(alike or units)[0])

    def name_of(self, column: int) -> str:
        """Return the name of a column, or its number."""
        name = self.columns[column] if column < len(self.columns) else ""
        return name or str(column + 1)


class CsvKey(NamedTuple):
    """Identifies a series in a table."""

    series: str
    """What the column that names the series contains; empty without such a column."""
    column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvSeries:
    """One series of a table."""

    key: CsvKey
    name: str
    column: str
    """The name of the column of its values."""
    unit: str
    content: Content
    rows: int
    first: datetime | None
    last: datetime | None
    days: Mapping[int, int] = field(default_factory=dict)
    """The number of values by day."""

    @property
    def device(self) -> str:
        """What tells series of the same name apart."""
        return f"{self.key.series} {self.key.column + 1}".strip()

    @property
    def identity(self) -> dict[str, str]:
        """What names the series in the response of the action."""
        return {"series": self.key.series, "column": self.column}


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvHours:
    """What is imported of one series."""

    series: CsvSeries
    imported: Imported
    readings: int
    rejected: Rejected
