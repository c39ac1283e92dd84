"""Rows of a statistic as the database has them, and the operations that change them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import nan
from typing import Final

from .difference import Values, has_stamp, hours_of, stamped
from .rows import HOUR, ROUNDING_ERROR, SHORT_TERM, MeanRow, Row, SumRow

COLUMNS: Final = (
    "created_ts",
    "state",
    "sum",
    "mean",
    "mean_weight",
    "min",
    "max",
    "last_reset_ts",
)
"""The columns of a row that hold values."""


class Table(StrEnum):
    """The two tables of the recorder."""

    HOURLY = "hourly"
    SHORT_TERM = "short_term"


LENGTH: Final = {Table.HOURLY: HOUR, Table.SHORT_TERM: SHORT_TERM}
"""Seconds of a row."""


@dataclass(frozen=True, slots=True)
class PutHours:
    """Replace or insert hourly rows."""

    rows: Mapping[int, Values]


@dataclass(frozen=True, slots=True)
class DeleteHours:
    """Delete hourly rows, given as ranges."""

    ranges: list[tuple[int, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShiftSums:
    """Add to the sums of rows from `start` up to `end`, in the unit of the database."""

    table: Table
    start: int
    end: int | None = None
    amount: float


@dataclass(frozen=True, slots=True)
class Assign:
    """Set one column of single rows."""

    table: Table
    column: str
    values: Mapping[int, float | None]


@dataclass(frozen=True, slots=True)
class InsertShortTerm:
    """Insert a short-term row; none may exist at or after its start."""

    start: int
    values: Values


@dataclass(frozen=True, slots=True)
class DeleteStatistic:
    """Delete the statistic and all of its rows."""


type Operation = DeleteStatistic | PutHours | DeleteHours | ShiftSums | Assign | InsertShortTerm


@dataclass(frozen=True, kw_only=True, slots=True)
class Units:
    """How the database stores the values of a statistic."""

    stored: str | None
    to_stored: Callable[[float], float]
    """From the unit in which we calculate."""
    from_stored: Callable[[float], float]

    def is_same(self, one: float | None, other: float) -> bool:
        """Whether two stored sums differ by no more than a rounding error."""
        tolerance = max(abs(self.to_stored(ROUNDING_ERROR)), abs(other) * 1e-12)
        return one is not None and abs(one - other) <= tolerance

    def value(self, values: Values) -> float | None:
        """Return the state or mean of a stored row, in the unit in which we calculate."""
        value = values["mean"] if values["state"] is None else values["state"]
        return None if value is None else self.from_stored(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRows:
    """The rows of a statistic as the database has them, by start, ascending."""

    hourly: dict[int, Values] = field(default_factory=dict)
    short_term: dict[int, Values] = field(default_factory=dict)

    def of(self, table: Table) -> dict[int, Values]:
        """Return the rows of a table."""
        return self.hourly if table is Table.HOURLY else self.short_term

    def sums(self, table: Table, units: Units) -> list[Row]:
        """Return the rows that have a sum, ascending."""
        return [
            Row(
                start,
                LENGTH[table],
                nan if (state := values["state"]) is None else units.from_stored(state),
                units.from_stored(total),
            )
            for start, values in sorted(self.of(table).items())
            if (total := values["sum"]) is not None
        ]

    def with_sum(self, table: Table, start: int) -> list[int]:
        """Return the starts of the rows from `start` on that have a sum."""
        return [
            each
            for each, values in self.of(table).items()
            if each >= start and values["sum"] is not None
        ]

    def apply(self, operation: Operation) -> bool:
        """Do an operation on these rows; return whether there is anything to do."""
        match operation:
            case DeleteStatistic():
                self.hourly.clear()
                return True
            case PutHours(rows):
                self.hourly.update(rows)
                return bool(rows)
            case DeleteHours(ranges):
                for start in hours_of(ranges):
                    self.hourly.pop(start, None)
                return bool(ranges)
            case ShiftSums(table=table, start=first, end=end, amount=amount):
                rows = self.of(table)
                for start, values in rows.items():
                    is_meant = start >= first and (end is None or start < end)
                    if is_meant and (total := values["sum"]) is not None:
                        rows[start] = values | {"sum": total + amount}
                return bool(amount)
            case Assign(table, column, assigned):
                rows = self.of(table)
                rows.update({start: rows[start] | {column: assigned[start]} for start in assigned})
                return bool(assigned)
            case InsertShortTerm(start, values):
                self.short_term[start] = values
                return True


def values_of(row: SumRow | MeanRow, units: Units, stamp: int) -> Values:
    """Return a row of ours as it is stored."""
    write = units.to_stored
    values: Values = dict.fromkeys(COLUMNS)
    if isinstance(row, SumRow):
        values |= {"state": write(row.state), "sum": write(row.sum)}
        value = row.state
    else:
        values |= {"mean": write(row.mean), "min": write(row.min), "max": write(row.max)}
        value = row.mean
    return values | {"created_ts": stamped(stamp, row.start, value)}


def with_stamp(
    starts: Iterable[int], rows: Mapping[int, Values], units: Units, stamp: int
) -> dict[int, Values]:
    """Return existing rows that an earlier version has written, with the stamp of a change."""
    return {
        start: rows[start] | {"created_ts": stamped(stamp, start, value)}
        for start in starts
        if start in rows
        and not has_stamp({start: rows[start]}, stamp)
        and (value := units.value(rows[start])) is not None
    }
