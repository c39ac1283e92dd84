"""How the hours of a legacy file are merged before and between those of Home Assistant."""

from itertools import accumulate, pairwise
import math
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.planning.backfill import InsertPlan, sum_offset
from custom_components.py_hab.history.planning.merge import plan_merge
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, Row, SumRow

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

T0: Final = 500_000 * HOUR
LATER: Final = T0 + 1000 * HOUR
CLOSE: Final = 1e-6


class House:
    """Who knows the truth: kWh of each hour since T0."""

    def __init__(self, kwh: list[float], first: float = 500.0) -> None:
        self.kwh = kwh
        self.readings = list(accumulate(kwh, initial=first))

    def rows(self, first: int, last: int, sum_before: float = 0.0) -> list[SumRow]:
        """Return the hours from one to another, the latter excluded."""
        begin = self.readings[first] - sum_before
        return [
            SumRow(T0 + HOUR * number, self.readings[number + 1], self.readings[number + 1] - begin)
            for number in range(first, last)
        ]

    def truth(self, first: int, last: int) -> dict[int, float]:
        return {T0 + HOUR * number: self.kwh[number] for number in range(first, last)}


def stood(rows: list[SumRow]) -> list[Row]:
    """Return hours as rows of the recorder."""
    return [Row(row.start, HOUR, row.state, row.sum) for row in rows]


class Table:
    """The hourly rows, and which of them are ours."""

    def __init__(self, live: list[SumRow], own: list[SumRow] | None = None) -> None:
        self.rows = {row.start: row for row in stood([*(own or []), *live])}
        self.ours = {row.start for row in own or []}

    def merge(self, imported: list[SumRow], until: int = LATER) -> InsertPlan:
        """Import as the editor does: write the hours, then align the sums."""
        own = [
            SumRow(row.start, row.state, row.sum)
            for row in self.rows.values()
            if row.start in self.ours
        ]
        live = [row for row in self.rows.values() if row.start not in self.ours]
        plan = plan_merge(imported, own, live, until)
        written = {row.start for row in plan.rows}
        assert len(written) == len(plan.rows)
        assert not written & {row.start for row in live}
        assert all(row.start + HOUR <= until for row in plan.rows)
        self.ours |= written
        self.rows |= {row.start: row for row in stood(plan.rows)}
        self.rows = dict(sorted(self.rows.items()))
        following = [
            row
            for row in self.rows.values()
            if plan.sum_boundary and row.start >= plan.sum_boundary
        ]
        if plan.sum_boundary is not None and following:
            shift = sum_offset(self.rows[plan.sum_boundary - HOUR], following[0])
            for row in following:
                self.rows[row.start] = Row(row.start, HOUR, row.state, row.sum + shift)
        return plan

    def changes(self) -> dict[int, float]:
        sums = [0.0, *(row.sum for row in self.rows.values())]
        return {
            start: after - before
            for start, (before, after) in zip(self.rows, pairwise(sums), strict=True)
        }


KWH = st.one_of(st.just(0.0), st.floats(0.0, 40.0))


@st.composite
def houses(draw: st.DrawFn) -> House:
    return House(draw(st.lists(KWH, min_size=2, max_size=30)))


def parts(house: House) -> st.SearchStrategy[tuple[int, int]]:
    """Return some hours one after the other."""
    ends = st.integers(0, len(house.kwh))
    return st.tuples(ends, ends).map(lambda pair: (min(pair), max(pair)))


@given(house=houses(), data=st.data())
def test_all_hours_that_are_known_are_what_was_used_in_them(
    house: House, data: st.DataObject
) -> None:
    number = len(house.kwh)
    first_live = data.draw(st.integers(0, number))
    holes = data.draw(st.sets(st.integers(first_live, number)))
    live = [
        row
        for row in house.rows(first_live, number)
        if (row.start - T0) // HOUR not in holes or row.start == T0 + HOUR * first_live
    ]
    begin, end = data.draw(parts(house))
    imported = house.rows(begin, end, data.draw(st.just(0.0)))
    own_begin, own_end = data.draw(parts(house))
    own = [
        row for row in house.rows(own_begin, own_end) if row.start < T0 + HOUR * first_live and live
    ]
    table = Table(live, own)
    plan = table.merge(imported)
    assert_right(table, house, live, [*own, *imported])
    before = table.rows
    assert table.merge(imported).energy == pytest.approx(plan.energy)
    assert table.rows.keys() == before.keys()
    for start, row in table.rows.items():
        assert row.sum == pytest.approx(before[start].sum, abs=CLOSE)


def assert_right(table: Table, house: House, live: list[SumRow], known: list[SumRow]) -> None:
    """Assert that known hours show the truth, and that all hours add up to it."""
    changes = table.changes()
    assert all(kwh >= -CLOSE for kwh in changes.values())
    if not changes:
        return
    first, last = min(changes), max(changes)
    truth = house.truth(0, len(house.kwh))
    total = sum(kwh for start, kwh in truth.items() if first <= start <= last)
    assert sum(changes.values()) == pytest.approx(total, abs=CLOSE)
    if live or known:
        covered = {row.start for row in [*live, *known]}
        exact = {start for start in covered if start - HOUR in covered and start in changes}
        assert {start: changes[start] for start in exact} == pytest.approx(
            {start: truth[start] for start in exact}, abs=CLOSE
        )


@given(
    house=houses(),
    imported=st.dictionaries(
        st.integers(0, 29), st.tuples(st.floats(0.0, 5000.0), st.floats(0.0, 40.0)), max_size=20
    ),
    own=st.dictionaries(
        st.integers(0, 29), st.tuples(st.floats(0.0, 5000.0), st.floats(-9.0, 99.0)), max_size=20
    ),
    first_live=st.integers(0, 30),
    holes=st.sets(st.integers(0, 30)),
)
def test_whatever_is_imported_no_hour_falls_and_live_hours_add_up_as_before(
    house: House,
    imported: dict[int, tuple[float, float]],
    own: dict[int, tuple[float, float]],
    first_live: int,
    holes: set[int],
) -> None:
    live = [
        row
        for number, row in enumerate(house.rows(0, len(house.kwh)))
        if number >= first_live and number not in holes
    ]
    total = 0.0
    foreign: list[SumRow] = []
    for number, (state, kwh) in sorted(imported.items()):
        total += kwh
        foreign.append(SumRow(T0 + HOUR * number, state, total))
    begin = live[0].start if live else LATER
    ours = [
        SumRow(T0 + HOUR * number, *values)
        for number, values in sorted(own.items())
        if T0 + HOUR * number < begin
    ]
    table = Table(live, ours)
    plan = table.merge(foreign)
    changes = table.changes()
    if plan.sum_boundary is not None:
        assert all(kwh >= -CLOSE for start, kwh in changes.items() if start <= plan.sum_boundary)
    assert all(kwh >= -CLOSE for start, kwh in changes.items() if start > begin)
    inside = sum(kwh for start, kwh in changes.items() if start > begin)
    assert inside == pytest.approx(live[-1].sum - live[0].sum if live else 0.0, abs=CLOSE)


def test_an_import_stands_before_what_is_counted_live() -> None:
    house = House([1.0, 2.0, 3.0, 4.0, 5.0])
    table = Table(house.rows(3, 5))
    plan = table.merge(house.rows(0, 3))
    assert plan == InsertPlan(rows=house.rows(0, 3), sum_boundary=T0 + 3 * HOUR, energy=6.0)
    assert list(table.changes().values()) == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_an_import_without_live_rows_goes_up_to_what_is_compiled() -> None:
    house = House([1.0, 2.0, 3.0])
    plan = plan_merge(house.rows(0, 3), [], [], T0 + 2 * HOUR)
    assert plan == InsertPlan(rows=house.rows(0, 2), sum_boundary=T0 + 2 * HOUR, energy=3.0)
    assert plan_merge([], [], [], T0) == InsertPlan()


def test_the_hours_between_the_legacy_file_and_home_assistant_are_filled_evenly() -> None:
    house = House([1.0, 2.0, 3.0, 4.0, 5.0, 1.0])
    table = Table(house.rows(4, 6))
    table.merge(house.rows(0, 2))
    assert list(table.changes().values()) == pytest.approx([1.0, 2.0, 4.0, 4.0, 4.0, 1.0])
    states = [row.state for row in table.rows.values()]
    assert states == pytest.approx([501.0, 503.0, 507.0, 511.0, 515.0, 516.0])


def test_no_hour_is_filled_that_is_not_compiled_yet() -> None:
    house = House([1.0] * 6)
    live = [Row(T0 + 4 * HOUR, SHORT_TERM, 504.05, 0.05)]
    plan = plan_merge(house.rows(0, 2), [], live, T0 + 3 * HOUR)
    assert [row.start for row in plan.rows] == [T0, T0 + HOUR, T0 + 2 * HOUR]
    assert plan.sum_boundary == T0 + 3 * HOUR


def test_another_counter_at_the_seam_books_nothing_of_its_own_reading() -> None:
    old, new = House([1.0] * 3, first=15_000.0), House([2.0] * 6, first=12.0)
    table = Table(new.rows(4, 6))
    table.merge(old.rows(0, 3))
    assert list(table.changes().values()) == [1.0, 1.0, 1.0, 0.0, 0.0, 2.0]
    table = Table(old.rows(2, 3))
    table.merge(new.rows(0, 1))
    assert list(table.changes().values()) == [2.0, 0.0, 0.0]
    assert [row.state for row in table.rows.values()] == [14.0, 14.0, 15_003.0]


def test_our_own_hours_stay_where_the_import_knows_nothing() -> None:
    house = House([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    # Hours 2 to 4 come from the box, 0 and 3 from the import.
    table = Table(house.rows(5, 7, sum_before=12.0), house.rows(2, 5))
    table.merge([house.rows(0, 1)[0], house.rows(3, 4, sum_before=6.0)[0]])
    # Only the total of hours 1 and 2 is known.
    assert list(table.changes().values()) == pytest.approx([1.0, 2.5, 2.5, 4.0, 5.0, 6.0, 7.0])


def test_the_first_of_our_own_hours_keeps_its_energy() -> None:
    house = House([1.5, 2.0, 3.0, 4.0])
    table = Table(house.rows(3, 4), house.rows(0, 1))
    table.merge(house.rows(2, 3))
    assert list(table.changes().values()) == pytest.approx([1.5, 2.5, 2.5, 4.0])


def test_own_hours_whose_sums_do_not_meet_yet_are_joined_by_their_readings() -> None:
    house = House([1.0, 2.0, 3.0, 4.0, 5.0])
    # A crash has left them so: older hours were put before, the later ones not yet shifted.
    own = [*house.rows(0, 3), *house.rows(3, 4)]
    table = Table(house.rows(4, 5), own)
    table.merge([])
    assert list(table.changes().values()) == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0])


def test_holes_between_live_rows_are_filled_with_what_the_import_knows() -> None:
    house = House([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    live = [row for row in house.rows(1, 6) if row.start not in (T0 + 2 * HOUR, T0 + 3 * HOUR)]
    table = Table(live)
    plan = table.merge(house.rows(0, 6))
    assert [row.start for row in plan.rows] == [T0, T0 + 2 * HOUR, T0 + 3 * HOUR]
    assert list(table.changes().values()) == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def test_an_import_beside_our_own_hours_in_a_hole_makes_none_of_them_fall() -> None:
    house = House([1.0, 2.0, 3.0, 4.0, 5.0])
    live = [row for row in house.rows(0, 5) if row.start in (T0, T0 + 4 * HOUR)]
    own = [SumRow(T0 + 2 * HOUR, 503.5, 3.5)]
    table = Table(live, own)
    # It says 4.2 kWh at the end of an hour at whose end 2 hours later we had said 3.5.
    table.merge([SumRow(T0, 501.0, 1.0), SumRow(T0 + HOUR, 504.2, 4.2)])
    assert min(table.changes().values()) >= 0.0
    assert table.rows[T0 + 2 * HOUR].sum == 3.5
    assert table.rows[T0 + HOUR].sum == 3.5


def test_an_import_newer_than_what_is_live_changes_nothing() -> None:
    house = House([1.0, 2.0, 3.0, 4.0])
    table = Table(house.rows(0, 2))
    assert table.merge(house.rows(2, 4)) == InsertPlan()


def test_an_import_that_ends_before_our_own_oldest_hour_is_joined_to_it() -> None:
    house = House([1.0, 2.0, 3.0, 4.0, 5.0])
    table = Table(house.rows(4, 5, sum_before=7.0), house.rows(2, 4))
    table.merge(house.rows(0, 1))
    assert list(table.changes().values()) == pytest.approx([1.0, 2.5, 2.5, 4.0, 5.0])


@given(kwh=st.lists(st.floats(0.0, 5.0), min_size=4, max_size=60), data=st.data())
def test_an_import_puts_right_what_was_only_spread_evenly(
    kwh: list[float], data: st.DataObject
) -> None:
    house, number = House(kwh, 5000.0), len(kwh) - 1
    own = [
        SumRow(T0 + HOUR * hour, 5000.0 + sum(kwh[:number]) * part, sum(kwh[:number]) * part)
        for hour in range(number)
        for part in ((hour + 1) / number,)
    ]
    table = Table(house.rows(number, number + 1, sum_before=house.readings[number] - 5000.0), own)
    for _ in range(2):
        begin, end = sorted(data.draw(st.tuples(*[st.integers(0, number)] * 2)))
        table.merge(house.rows(begin, end))
        changes = table.changes()
        assert min(changes.values()) >= -CLOSE
        assert sum(changes.values()) == pytest.approx(sum(kwh), abs=0.05)
        for hour in range(begin + 1, end):
            assert changes[T0 + HOUR * hour] == pytest.approx(kwh[hour], abs=0.02)


def test_another_counter_in_between_is_not_what_an_import_contradicts() -> None:
    own = [SumRow(T0 + HOUR * hour, 1.0 + hour, 1.0 + hour) for hour in range(1, 4)]
    imported = [SumRow(T0, 500.0, 1.0)]
    live = [Row(T0 + HOUR * 4, HOUR, 505.0, 505.0)]
    plan = plan_merge(imported, own, live, LATER)
    assert [row.state for row in plan.rows] == [500.0, 2.0, 3.0, 4.0]


def test_live_hours_without_states_stay_and_give_no_reading() -> None:
    imported = House([1.0, 1.0, 1.0]).rows(0, 3)
    live = [Row(T0 + HOUR * hour, HOUR, math.nan, 1.0 + hour) for hour in (1, 5, 7)]
    plan = plan_merge(imported, [], live, LATER)
    assert plan.rows == imported[:1]
    plan = plan_merge(imported, [], live[1:], LATER)
    assert plan.rows == [
        *imported,
        *(SumRow(T0 + HOUR * hour, 503.0, 3.0) for hour in (3, 4)),
    ]
