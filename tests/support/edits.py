"""Changes of the rows of one statistic."""

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st
import pytest

from custom_components.py_hab.history.planning.change import (
    AdjustSum,
    Change,
    ChangeReason,
    ConvertShortTerm,
    Step,
    WriteRows,
)
from custom_components.py_hab.history.planning.difference import Difference, Values
from custom_components.py_hab.history.planning.edit import Edit
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, SumRow
from custom_components.py_hab.history.planning.stored import COLUMNS, StoredRows, Table, Units

STAMP: Final = 1_790_000_000
KWH: Final = Units(stored="kWh", to_stored=float, from_stored=float)
WH: Final = Units(
    stored="Wh", to_stored=lambda value: value * 1000, from_stored=lambda value: value / 1000
)
SUMS: Final = st.floats(-1e5, 1e5, allow_subnormal=False)


def stored(sums: Sequence[float], first: int = 10, periods: Sequence[float] = ()) -> StoredRows:
    """Return rows as Home Assistant has written them."""
    empty = dict.fromkeys(COLUMNS)
    return StoredRows(
        hourly={
            HOUR * (first + number): empty | {"state": 5.0, "sum": total, "created_ts": 0.5}
            for number, total in enumerate(sums)
        },
        short_term={
            HOUR * first + SHORT_TERM * number: empty
            | {"state": 5.0, "sum": total, "created_ts": 0.5}
            for number, total in enumerate(periods)
        },
    )


def changed(
    rows: StoredRows, change: Change, before: Difference | None = None, units: Units = KWH
) -> Difference:
    """Change rows, and return the difference."""
    before = before or Difference()
    edit = Edit(before, rows, units, stamp=max(STAMP, before.stamp + 1))
    for step in change:
        edit.make(step, is_compiled=True)
    assert edit.finish()
    return edit.difference


def undone(rows: StoredRows, before: Difference, units: Units = KWH) -> None:
    """Undo everything."""
    Edit(before, rows, units, stamp=before.stamp).undo()


def steps() -> st.SearchStrategy[Step]:
    """Return hours to write, short-term rows to convert, or an adjustment."""
    hours = st.dictionaries(st.integers(5, 18), SUMS, min_size=1)
    written = hours.map(
        lambda found: WriteRows(
            [SumRow(HOUR * hour, 5.0 + hour, total) for hour, total in found.items()],
            ChangeReason.IMPORT,
        )
    )
    adjusted = st.tuples(st.integers(HOUR * 5, HOUR * 18), SUMS).map(
        lambda found: AdjustSum(found[0] // 300 * 300, found[1], ChangeReason.SPIKE)
    )
    periods = st.dictionaries(st.integers(0, 9), SUMS, min_size=1)
    converted = periods.map(
        lambda found: ConvertShortTerm(
            [
                SumRow(HOUR * 10 + SHORT_TERM * number, 0.005 + number, total)
                for number, total in found.items()
            ],
            ChangeReason.UNIT,
        )
    )
    return written | adjusted | converted


def total_of(values: Values) -> Values:
    """Return what a user sees of a row."""
    return {name: value for name, value in values.items() if name != "created_ts"}


def assert_same(rows: StoredRows, expected: StoredRows) -> None:
    """Assert that users see the same; sums may differ in their last bits."""
    for table in Table:
        found, wanted = rows.of(table), expected.of(table)
        assert found.keys() == wanted.keys()
        for start, values in found.items():
            assert total_of(values) == pytest.approx(total_of(wanted[start]), abs=1e-4)
