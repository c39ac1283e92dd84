"""Short-term rows in another unit, and back."""

from typing import Final

from custom_components.py_hab.history.planning.difference import (
    Cumulative,
    Difference,
    Layer,
    Values,
)
from custom_components.py_hab.history.planning.rows import SHORT_TERM, SumRow
from custom_components.py_hab.history.planning.short_term import ConvertedRows
from custom_components.py_hab.history.planning.stored import COLUMNS, StoredRows, Units

UNITS: Final = Units(stored="kWh", to_stored=float, from_stored=float)
FIRST: Final = 36000
SECOND: Final = FIRST + SHORT_TERM
NONE: Final = Cumulative([], SHORT_TERM)
ADJUSTED: Final = Cumulative([(SECOND, 5.0)], SHORT_TERM)


def stored() -> StoredRows:
    """Return two rows of a counter in Wh, without adjustments."""
    return StoredRows(
        short_term={
            start: dict.fromkeys(COLUMNS) | {"state": 1000.0 + total, "sum": total}
            for start, total in ((FIRST, 20.0), (SECOND, 60.0))
        }
    )


def convert(
    converted: ConvertedRows, rows: StoredRows, layer: Layer, *changed: SumRow, by: Cumulative
) -> None:
    def unadjusted(start: int, total: float) -> float:
        return total - by.at(start)

    for operation in converted.convert(changed, layer, by, unadjusted):
        rows.apply(operation)


def found(rows: StoredRows) -> list[tuple[float | None, float | None]]:
    return [(row["state"], row["sum"]) for row in rows.short_term.values()]


def layer(run: str) -> Layer:
    return Layer(run=run, at=0, reason="unit")


def test_rows_are_converted_and_come_back() -> None:
    rows, first = stored(), layer("one")
    before = found(rows)
    converted = ConvertedRows(Difference(), rows, UNITS)
    changes = (SumRow(FIRST, 1.02, 0.02), SumRow(SECOND, 1.06, 0.06))
    convert(converted, rows, first, *changes, SumRow(SECOND + SHORT_TERM, 9.0, 9.0), by=NONE)
    assert found(rows) == [(1.02, 0.02), (1.06, 0.06)]
    assert converted.originals.keys() == first.short_term.keys() == {FIRST, SECOND}
    for operation in converted.undo(NONE, {}):
        rows.apply(operation)
    assert found(rows) == before
    assert not converted.originals


def test_adjustments_stay() -> None:
    rows = stored()
    converted = ConvertedRows(Difference(), rows, UNITS)
    rows.short_term[SECOND] |= {"sum": 65.0}
    convert(converted, rows, layer("one"), SumRow(SECOND, 1.06, 5.06), by=ADJUSTED)
    for operation in converted.undo(ADJUSTED, {}):
        rows.apply(operation)
    assert found(rows)[1] == (1060.0, 65.0)


def test_a_later_run_is_taken_back_alone() -> None:
    rows, first, second = stored(), layer("one"), layer("two")
    converted = ConvertedRows(Difference(), rows, UNITS)
    convert(converted, rows, first, SumRow(FIRST, 1.02, 0.02), by=NONE)
    after_first = found(rows)
    convert(converted, rows, second, SumRow(FIRST, 1020.0, 20.5), by=NONE)
    for operation in converted.take_back([second], NONE, {}):
        rows.apply(operation)
    assert found(rows) == after_first
    for operation in converted.take_back([first], NONE, {}):
        rows.apply(operation)
    assert found(rows) == found(stored())


def test_rows_that_home_assistant_has_deleted_are_forgotten() -> None:
    rows = stored()
    known: dict[int, Values] = {
        FIRST: {"state": 1.0, "sum": 1.0},
        FIRST - SHORT_TERM: {"state": 0.0, "sum": 0.0},
    }
    converted = ConvertedRows(Difference(short_term=known), rows, UNITS)
    assert converted.originals.keys() == {FIRST}
