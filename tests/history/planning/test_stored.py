"""What operations do to rows of the database."""

from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, Row
from custom_components.py_hab.history.planning.stored import (
    COLUMNS,
    Assign,
    DeleteHours,
    DeleteStatistic,
    InsertShortTerm,
    PutHours,
    ShiftSums,
    StoredRows,
    Table,
    Units,
)

WH = Units(
    stored="Wh", to_stored=lambda value: value * 1000, from_stored=lambda value: value / 1000
)
EMPTY = dict.fromkeys(COLUMNS)


def rows() -> StoredRows:
    return StoredRows(
        hourly={
            hour * HOUR: EMPTY | {"state": 1000.0 * hour, "sum": 500.0} for hour in range(1, 5)
        },
        short_term={HOUR: EMPTY | {"sum": 250.0}, 2 * HOUR: EMPTY | {"mean": 5.0}},
    )


def test_sums_are_read_in_our_unit() -> None:
    assert rows().sums(Table.HOURLY, WH)[:2] == [
        Row(HOUR, HOUR, 1.0, 0.5),
        Row(2 * HOUR, HOUR, 2.0, 0.5),
    ]
    (period,) = rows().sums(Table.SHORT_TERM, WH)
    assert (period.start, period.length, period.sum) == (HOUR, SHORT_TERM, 0.25)
    assert str(period.state) == "nan"


def test_sums_are_shifted_in_their_time_only() -> None:
    found = rows()
    assert found.apply(ShiftSums(table=Table.HOURLY, start=2 * HOUR, end=4 * HOUR, amount=1.5))
    assert [row["sum"] for row in found.hourly.values()] == [500.0, 501.5, 501.5, 500.0]
    assert found.short_term == rows().short_term
    assert found.apply(ShiftSums(table=Table.SHORT_TERM, start=0, amount=1.0))
    assert [row["sum"] for row in found.short_term.values()] == [251.0, None]


def test_rows_are_put_deleted_and_assigned() -> None:
    found = rows()
    assert found.apply(PutHours({0: EMPTY, HOUR: EMPTY}))
    assert found.apply(DeleteHours([(2 * HOUR, 3 * HOUR)]))
    assert found.apply(Assign(Table.HOURLY, "sum", {HOUR: 7.0}))
    assert {start // HOUR: row["sum"] for start, row in found.hourly.items()} == {
        1: 7.0,
        4: 500.0,
        0: None,
    }
    assert found.apply(InsertShortTerm(3 * HOUR, EMPTY))
    assert list(found.short_term) == [HOUR, 2 * HOUR, 3 * HOUR]
    assert found.apply(DeleteStatistic())
    assert found.hourly == {}


def test_what_changes_nothing_is_not_needed() -> None:
    for operation in (
        PutHours({}),
        DeleteHours([]),
        ShiftSums(table=Table.HOURLY, start=0, amount=0.0),
        Assign(Table.HOURLY, "sum", {}),
    ):
        assert not rows().apply(operation)


def test_sums_are_the_same_but_for_a_rounding_error() -> None:
    assert WH.is_same(500.0005, 500.0)
    assert not WH.is_same(500.1, 500.0)
    assert not WH.is_same(None, 500.0)
    assert WH.value(EMPTY | {"mean": 2000.0}) == 2.0
    assert WH.value(EMPTY) is None
