"""Recognizes which columns of a table tell apart the series to which its rows belong."""

from collections.abc import Container, Iterable, Sequence
from typing import Final, NamedTuple

from .columns import Column
from .numbers import is_number
from .table import Row
from .words import is_no_energy, is_series

MAX_SERIES: Final = 50
_DISTINCT: Final = 0.9
"""The part of the rows whose series and time no other row has, if the series are told apart."""
_ALIKE: Final = 0.7
"""If fewer rows have a time of their own, rows of several series are mixed up."""


class SeriesColumns(NamedTuple):
    """The columns that tell series apart."""

    columns: tuple[int, ...]
    is_certain: bool
    """Whether each row has a time of its own within its series."""


def series_name(row: Row, columns: Iterable[int]) -> str:
    """Return the name of the series of a row. Raises IndexError if the row is too short."""
    return " ".join([row[index].strip() for index in columns])


def find_series(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    times: Sequence[int],
    values: Sequence[int],
    used: Container[int | None],
) -> SeriesColumns:
    """Return the columns that tell apart the series of rows, none if all rows are of one.

    `times` are the columns of the begin of a row, `used` those that contain something else than names.
    The name of a column says that it names series; others do so if times occur more than once without
    them.
    """
    distinct = list({tuple(row): row for row in rows if any(row)}.values())
    possible = [
        column
        for column in columns
        if column.index not in used
        and column.index not in (*times, *values)
        and column.cells
        and 1 < len({row[column.index].strip() for row in distinct}) <= MAX_SERIES
    ]
    found = _most_distinct(possible, distinct, times)
    # The same value twice is no other one: it is final, after it was preliminary.
    different = _count(distinct, (*times, *found, *values))
    is_certain = _count(distinct, (*times, *found)) >= _ALIKE * different
    return SeriesColumns(tuple(found), is_certain=is_certain)


def _most_distinct(
    columns: Sequence[Column], rows: Sequence[Row], times: Sequence[int]
) -> list[int]:
    """Return the columns that tell apart most of the rows with the same time.

    One whose name says so comes first, then those that tell apart most of the other rows.
    """
    named = [column for column in columns if is_series(column.name)]
    others = [column for column in columns if _may_name(column)]
    candidates = [column.index for column in (*named, *others)]

    def reach(chosen: Sequence[int]) -> int:
        return _count(rows, (*times, *chosen))

    found = [_most(named, rows)] if named else []
    before = reached = reach(found)
    enough = _DISTINCT * len(rows)
    while reached < enough:
        left = [index for index in candidates if index not in found]
        best = max(left, key=lambda index: reach([*found, index]), default=None)
        if best is None or reach([*found, best]) <= reached:
            break
        found.append(best)
        reached = reach(found)
    # If they do not tell all rows apart, they are something else.
    return found[: len(named[:1])] if before < reached < enough else found


def _count(rows: Iterable[Row], columns: Sequence[int]) -> int:
    """Return how many different rows there are, by some columns."""
    return len({series_name(row, columns) for row in rows})


def _may_name(column: Column) -> bool:
    """Whether a column may name series, although its own name does not say so."""
    return not (is_series(column.name) or is_no_energy(column.name) or column.is_mostly(is_number))


def _most(columns: Sequence[Column], rows: Sequence[Row]) -> int:
    """Return the column with most different names."""
    count = {column.index: len({row[column.index] for row in rows}) for column in columns}
    return max(count, key=lambda index: (count[index], -index))
