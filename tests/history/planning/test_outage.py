"""How statistics are repaired after a gap, checked against a house whose consumption is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
import math
from typing import Any, Final

from hypothesis import assume, given, settings, strategies as st
import pytest

from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.guard import DEFAULT_MAX_POWER
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.history.planning.outage import OutageRepair, plan_outage_repair
from custom_components.py_hab.history.planning.rows import (
    HOUR,
    ROUNDING_ERROR,
    SHORT_TERM,
    Row,
    full_hour,
)

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

T0: Final = 500_000 * HOUR
DAY: Final = 24 * HOUR
KEPT: Final = 10 * DAY
"""How long five-minute rows are kept."""
CLOSE: Final = 1e-6


@dataclass(kw_only=True)
class House:
    """Who knows the truth: kWh of each hour since T0, used evenly within it."""

    hourly: list[float]

    def __post_init__(self) -> None:
        """Sum up once."""
        self._until = [0.0, *accumulate(self.hourly)]

    def used(self, moment: float) -> float:
        """Return the kWh used since T0."""
        hour = min(int((moment - T0) // HOUR), len(self.hourly) - 1)
        return self._until[hour] + self.hourly[hour] * (moment - T0 - hour * HOUR) / HOUR

    def hours(self) -> dict[int, float]:
        return {T0 + HOUR * number: kwh for number, kwh in enumerate(self.hourly)}


@dataclass(kw_only=True)
class Recorder:
    """Books a total_increasing as Home Assistant does."""

    short_term_rows: list[Row] = field(default_factory=list)
    hours: dict[int, Row] = field(default_factory=dict)

    def compile(self, start: int, states: list[float]) -> None:
        """Book the states of five minutes; without any there is no row."""
        if not states:
            return
        last = self.short_term_rows[-1] if self.short_term_rows else None
        if last is not None and last.start < start - KEPT:
            self.short_term_rows.clear()
            last = None
        state, total = (last.state, last.sum) if last else (states[0], 0.0)
        for shown in states:
            # Below 90 % it is a new cycle, which begins with 0.
            total += shown - state if shown >= 0.9 * state else shown
            state = shown
        row = Row(start, SHORT_TERM, state, total)
        self.short_term_rows.append(row)
        hour = full_hour(start)
        self.hours[hour] = Row(hour, HOUR, state, total)

    def apply(self, plan: OutageRepair) -> None:
        """Adjust the sums and then write the hours, as `GapRepair` does."""
        self.short_term_rows = [
            replace(row, sum=row.sum + plan.adjustment) if row.start >= plan.adjust_from else row
            for row in self.short_term_rows
        ]
        for hour, row in self.hours.items():
            if hour >= full_hour(plan.adjust_from):
                self.hours[hour] = replace(row, sum=row.sum + plan.adjustment)
        for written in plan.rows:
            self.hours[written.start] = Row(written.start, HOUR, written.state, written.sum)
        self.hours = dict(sorted(self.hours.items()))

    def changes(self) -> dict[int, float]:
        """Return the kWh of each hour, as a dashboard shows them."""
        sums = [0.0, *(row.sum for row in self.hours.values())]
        return {
            hour: after - before
            for hour, (before, after) in zip(self.hours, pairwise(sums), strict=True)
        }


@dataclass(kw_only=True)
class Life:
    """A counter that is not read from `start` to `end`, in a house that goes on."""

    house: House
    start: float
    end: float
    absent: bool = False
    """Whether it is unavailable meanwhile; else its last reading is held."""
    stale: float = 0.0
    """Seconds that were recorded after what is stored: Home Assistant has crashed."""
    confirmed: float = 0.0
    """Seconds before the end in which the stored reading is shown again."""
    verdict: Verdict = Verdict.ACCEPTED
    first: float = 15_119.0
    """What the counter shows at T0."""
    second: float = 0.0
    """What is shown after a gap by a counter that did not go on, less what was used since."""
    recorder: Recorder = field(default_factory=Recorder)

    def __post_init__(self) -> None:
        """Live through it."""
        self.lost = self.start + self.stale
        for start in range(T0, T0 + HOUR * len(self.house.hourly), SHORT_TERM):
            self.recorder.compile(start, self.states(start))

    def states(self, start: int) -> list[float]:
        """Return the states of five minutes one after the other."""
        end = start + SHORT_TERM
        turns = {moment for moment in (self.lost, self.back, self.end) if start < moment < end}
        states: list[float | None] = []
        for moment, until in pairwise([start, *sorted(turns), end]):
            states.append(self.shown(moment))
            if self.is_live(moment):
                states.append(self.reading(math.nextafter(until, 0)))
        return [state for state in states if state is not None]

    @property
    def back(self) -> float:
        return max(self.end - self.confirmed, self.lost)

    def is_live(self, moment: float) -> bool:
        return moment < self.lost or moment >= self.end

    def before(self, moment: float) -> float:
        """Return what the counter shows that is there at first."""
        return self.first + self.house.used(moment)

    def reading(self, moment: float) -> float:
        if moment < self.end or self.verdict is Verdict.ACCEPTED:
            return self.before(moment)
        return self.second + self.house.used(moment) - self.house.used(self.end)

    def shown(self, moment: float) -> float | None:
        if self.is_live(moment):
            return self.reading(moment)
        if moment >= self.back:
            return self.before(self.start)
        return None if self.absent else self.before(self.lost)

    def gap(
        self,
        counted: float | None = None,
        counted_since: float | None = None,
        readings: Mapping[int, float] | None = None,
    ) -> Gap:
        return Gap(
            key="a",
            start=self.start,
            before=self.before(self.start),
            end=self.end,
            after=self.reading(self.end),
            verdict=self.verdict,
            counted=counted,
            counted_since=counted_since,
            readings=dict(readings or {}),
        )


def repaired(
    life: Life,
    counted: float | None = None,
    *,
    counted_since: float | None = None,
    readings: Mapping[int, float] | None = None,
    known: Mapping[int, float] | None = None,
    load_profile: Mapping[int, float] | None = None,
    late: bool = False,
    ours: set[int] | None = None,
) -> OutageRepair:
    """Repair the gap as `GapRepair` does; `late`: once the short-term rows around it are purged."""
    since = full_hour(life.start) - 2 * HOUR
    recorder = life.recorder
    short_term_rows = [row for row in recorder.short_term_rows if row.start >= since]
    hours = [row for row in recorder.hours.values() if row.start >= since]
    if not hours or hours[0].end > life.start:
        hours = list(recorder.hours.values())
    there = set(recorder.hours)
    plan = plan_outage_repair(
        life.gap(counted, counted_since, readings),
        short_term_rows=[row for row in short_term_rows if not late or row.start > life.end + HOUR],
        hourly_rows=hours,
        own_hours=ours or set(),
        known_readings=known or {},
        load_profile=load_profile or {},
    )
    assert plan is not None
    recorder.apply(plan)
    if ours is not None:
        ours |= {row.start for row in plan.rows} - there
    return plan


def assert_true(life: Life, *, exact: bool = True) -> None:
    """Assert that the hours show the truth wherever it can be known."""
    changes, truth = life.recorder.changes(), life.house.hours()
    for hour, kwh in changes.items():
        assert -CLOSE <= kwh <= DEFAULT_MAX_POWER + CLOSE
        if hour + HOUR <= full_hour(life.start) or hour >= full_hour(life.end) + HOUR:
            assert kwh == pytest.approx(truth[hour], abs=CLOSE)
    if exact:
        assert sum(changes.values()) == pytest.approx(sum(life.house.hourly), abs=CLOSE)


def assert_settled(life: Life, ours: set[int], counted: float | None = None, **how: Any) -> None:
    """Assert that another repair changes nothing."""
    before = life.recorder.changes()
    plan = repaired(life, counted, ours=ours, **how)
    assert plan.adjustment == 0.0
    assert life.recorder.changes() == pytest.approx(before, abs=CLOSE)


@st.composite
def lives(
    draw: st.DrawFn, verdict: Verdict = Verdict.ACCEPTED, second: float | None = None
) -> Life:
    """Return lives with a gap somewhere after their first hour, of minutes or many hours."""
    hours = draw(st.integers(4, 14))
    kwh = st.one_of(st.just(0.0), st.floats(0.0, 20.0))
    house = House(hourly=draw(st.lists(kwh, min_size=hours, max_size=hours)))
    last = HOUR * (hours - 2)
    moment = st.one_of(
        st.floats(HOUR, last),
        st.integers(HOUR // SHORT_TERM, last // SHORT_TERM).map(SHORT_TERM.__mul__),
    )
    start, end = sorted((draw(moment), draw(moment)))
    stale = min(draw(st.sampled_from([0.0, 0.0, 30.0, 420.0, 900.0])), end - start)
    shown = min(draw(st.sampled_from([0.0, 60.0, 700.0])), end - start - stale)
    return Life(
        house=house,
        start=float(T0 + start),
        end=float(T0 + end),
        stale=stale,
        confirmed=shown,
        absent=draw(st.booleans()),
        first=15_119.0 if second is not None else draw(st.sampled_from([15_119.0, 7.0, 0.25])),
        verdict=verdict,
        second=second or 0.0,
    )


@given(life=lives(), late=st.booleans())
def test_whatever_the_outage_all_energy_is_where_it_can_have_been_used(
    life: Life, late: bool
) -> None:
    # Where a small counter falls back by a tenth after a crash, Home Assistant books it anew: that
    # is seen in five-minute rows alone.
    assume(not late or life.stale == 0.0 or life.first > 1000.0)
    ours: set[int] = set()
    repaired(life, late=late, ours=ours)
    assert_true(life)
    assert_settled(life, ours, late=late)


@given(life=lives(), data=st.data())
def test_hours_that_the_box_knows_are_exact(life: Life, data: st.DataObject) -> None:
    edges = list(range(full_hour(life.start), full_hour(life.end) + 1, HOUR))
    reported = data.draw(st.sets(st.sampled_from(edges)))
    known = {hour: life.first + life.house.used(hour) for hour in reported}
    ours: set[int] = set()
    repaired(life, known=known, ours=ours)
    assert_true(life)
    changes, truth = life.recorder.changes(), life.house.hours()
    for hour, following in pairwise(edges):
        # What was measured before a crash is taken from the rows.
        if hour > life.lost and {hour, following} <= reported:
            assert changes.get(hour, 0.0) == pytest.approx(truth[hour], abs=CLOSE)
    assert_settled(life, ours, known=known)


@given(life=lives(), factor=st.floats(0.1, 10.0))
def test_the_shape_of_a_week_like_this_one_gives_the_truth(life: Life, factor: float) -> None:
    load_profile = {hour: factor * kwh for hour, kwh in life.house.hours().items()}
    ours: set[int] = set()
    repaired(life, load_profile=load_profile, ours=ours)
    assert_true(life)
    if life.stale == 0.0:
        expected = life.house.hours()
        for hour, kwh in life.recorder.changes().items():
            if hour + HOUR <= full_hour(life.end):
                assert kwh == pytest.approx(expected[hour], abs=1e-5)
    assert_settled(life, ours, load_profile=load_profile)


@given(
    life=lives(),
    load_profile=st.dictionaries(
        st.integers(0, 14).map(lambda hour: T0 + HOUR * hour), st.floats(-5.0, 500.0)
    ),
    known=st.dictionaries(
        st.integers(0, 14).map(lambda hour: T0 + HOUR * hour), st.floats(0.0, 40_000.0)
    ),
)
def test_nonsense_of_others_makes_no_hour_negative(
    life: Life, load_profile: dict[int, float], known: dict[int, float]
) -> None:
    repaired(life, load_profile=load_profile, known=known)
    changes = life.recorder.changes()
    assert min(changes.values()) >= -CLOSE
    assert sum(changes.values()) == pytest.approx(sum(life.house.hourly), abs=CLOSE)


@pytest.mark.parametrize("absent", [False, True], ids=["Home Assistant off", "unavailable"])
@pytest.mark.parametrize("known", [False, True], ids=["even", "known from the box"])
@pytest.mark.parametrize("confirmed", [0.0, 5.0, 600.0])
def test_a_month_of_silence(absent: bool, known: bool, confirmed: float) -> None:
    house = House(hourly=[0.25 + 0.125 * (hour % 3) for hour in range(34 * 24)])
    life = Life(
        house=house,
        start=T0 + DAY + 1000.0,
        end=T0 + 32 * DAY + 3.0,
        absent=absent,
        confirmed=confirmed,
    )
    reported = {hour: life.first + house.used(hour) for hour in house.hours()} if known else {}
    # Home Assistant has begun anew: a bar of minus everything.
    assert (min(life.recorder.changes().values()) < -5) is absent
    ours: set[int] = set()
    plan = repaired(life, known=reported, ours=ours)
    assert plan.sum_restarted is absent
    assert (plan.adjustment > 5) is absent
    assert_true(life)
    if known:
        assert life.recorder.changes() == pytest.approx(house.hours(), abs=CLOSE)
    assert_settled(life, ours, known=reported)
    # The five-minute rows join as well.
    after = [row for row in life.recorder.short_term_rows if row.start > life.start]
    assert all(first.sum <= second.sum for first, second in pairwise(after))


@pytest.mark.parametrize("confirmed", [0.0, 60.0, 1200.0])
@pytest.mark.parametrize("second", [5.0, 3700.0])
def test_a_month_without_consumption_does_not_begin_anew(confirmed: float, second: float) -> None:
    house = House(hourly=[1.0] * 24 + [0.0] * 24 * 31 + [1.0] * 24)
    life = Life(
        house=house,
        start=float(T0 + DAY),
        end=T0 + 30 * DAY + second,
        absent=True,
        confirmed=confirmed,
    )
    assert min(life.recorder.changes().values()) < -23
    ours: set[int] = set()
    assert repaired(life, ours=ours).rows == []
    assert_true(life)
    assert_settled(life, ours)


SOME: Final = settings(max_examples=settings().max_examples // 3)
"""Examples of a test that has several kinds of them."""
REPLACED: Final = {
    "an older meter": 50_000.0,
    "a new meter": 12.0,
    "a meter with nearly the same reading": 15_095.0,
    "a plug's counter at 0": 0.0,
}


@pytest.mark.parametrize("second", REPLACED.values(), ids=REPLACED)
@pytest.mark.parametrize("late", [False, True], ids=["soon", "late"])
@SOME
@given(data=st.data())
def test_a_replaced_meter_with_the_energy_in_between_known(
    second: float, late: bool, data: st.DataObject
) -> None:
    life = data.draw(lives(Verdict.REPLACED, second))
    counted = life.house.used(life.end) - life.house.used(life.start)
    ours: set[int] = set()
    repaired(life, counted, late=late, ours=ours)
    assert_true(life)
    assert_settled(life, ours, counted, late=late)


@pytest.mark.parametrize("second", REPLACED.values(), ids=REPLACED)
@SOME
@given(data=st.data())
def test_a_replaced_meter_is_repaired_without_and_later_with_the_energy_in_between(
    second: float, data: st.DataObject
) -> None:
    life = data.draw(lives(Verdict.REPLACED, second))
    lost = life.house.used(life.end) - life.house.used(life.start)
    seen = max(0.0, life.house.used(life.lost) - life.house.used(life.start))
    ours: set[int] = set()
    repaired(life, ours=ours)
    assert_true(life, exact=False)
    total = sum(life.recorder.changes().values())
    missing = sum(life.house.hourly) - total
    # What was measured before a crash is kept, all but what the last five minutes hide.
    assert -CLOSE <= missing <= lost + CLOSE
    if life.back - life.lost >= 2 * SHORT_TERM and not life.absent:
        assert missing == pytest.approx(lost - seen, abs=CLOSE)
    assert_settled(life, ours)
    repaired(life, lost, ours=ours, late=data.draw(st.booleans()))
    assert_true(life)


def test_a_display_that_was_full_starts_anew() -> None:
    house = House(hourly=[6.0] * 5)
    life = Life(
        house=house,
        start=T0 + 1.75 * HOUR,
        end=T0 + 2.125 * HOUR,
        verdict=Verdict.ROLLED_OVER,
        first=99_989.0,
        second=1.75,
    )
    assert life.gap().energy == 2.25
    plan = repaired(life)
    assert plan.adjustment == pytest.approx(0.5)
    (row,) = plan.rows
    assert row.start == T0 + HOUR
    assert row.sum == pytest.approx(12.0)
    assert_true(life)


def test_a_lower_reading_that_was_accepted_books_what_was_counted_while_it_was_confirmed() -> None:
    house = House(hourly=[3.0] * 6)
    life = Life(
        house=house,
        start=T0 + 2.9 * HOUR,
        end=T0 + 3.1 * HOUR,
        verdict=Verdict.REPLACED,
        second=15_120.0,
    )
    plan = repaired(life, 0.5)
    assert plan.rows[0].sum == pytest.approx(8.7 + 0.25)
    assert sum(life.recorder.changes().values()) == pytest.approx(18.0 - 0.1)
    assert min(life.recorder.changes().values()) > 2.9


def test_an_outage_is_spread_evenly() -> None:
    house = House(hourly=[1.0, 1.0, 4.0, 1.0, 1.0])
    life = Life(house=house, start=T0 + 1.5 * HOUR, end=T0 + 4.0 * HOUR, absent=True)
    assert life.recorder.changes() == pytest.approx(
        {T0: 1.0, T0 + HOUR: 0.5, T0 + 4 * HOUR: 6.5}, abs=1e-4
    )
    repaired(life)
    assert list(life.recorder.changes().values()) == pytest.approx([1.0, 1.6, 2.2, 2.2, 1.0])


def test_readings_that_were_confirmed_later_say_when_energy_was_counted() -> None:
    house = House(hourly=[1.0, 1.0, 4.0, 1.0, 1.0])
    life = Life(house=house, start=T0 + 1.5 * HOUR, end=T0 + 3.1 * HOUR, absent=True)
    first = life.before(T0 + 2.9 * HOUR)
    repaired(life, readings={int(T0 + 2.9 * HOUR): first, T0 + 3 * HOUR: first + 0.4})
    changes = list(life.recorder.changes().values())
    # The 4.1 kWh until the first of these readings took 1.4 hours.
    assert changes[1] == pytest.approx(0.5 + 4.1 * 0.5 / 1.4)
    assert sum(changes[1:3]) == pytest.approx(5.0)
    assert changes[3] == pytest.approx(1.0)


@pytest.mark.parametrize("counted", [2.6, 3.5])
def test_readings_of_a_new_counter_say_when_it_has_counted(counted: float) -> None:
    """Whether what both have counted is known or only what the new one has."""
    house = House(hourly=[3.0, 3.0, 0.0, 3.0, 3.0, 3.0])
    life = Life(
        house=house,
        start=T0 + 1.9 * HOUR,
        end=T0 + 4.1 * HOUR,
        verdict=Verdict.REPLACED,
        second=12.0,
    )
    hour = T0 + 4 * HOUR
    repaired(life, counted, readings={int(hour): life.reading(T0 + 4.1 * HOUR) - 0.3})
    changes = list(life.recorder.changes().values())
    assert sum(changes[1:4]) == pytest.approx(2.7 + counted - 0.3)
    assert changes[4] == pytest.approx(3.0)


def test_an_outage_that_crosses_no_full_hour_needs_nothing() -> None:
    life = Life(house=House(hourly=[2.0] * 4), start=T0 + 1.1 * HOUR, end=T0 + 1.9 * HOUR)
    before = life.recorder.changes()
    plan = repaired(life)
    assert (plan.rows, plan.adjustment) == ([], 0.0)
    assert life.recorder.changes() == before


def test_what_was_measured_before_a_crash_stays_where_it_was() -> None:
    house = House(hourly=[1.0, 6.0, 1.0, 1.0, 1.0, 1.0])
    life = Life(house=house, start=T0 + 1.25 * HOUR, end=T0 + 4.5 * HOUR, stale=900.0)
    repaired(life)
    # 6.5 kWh in the three hours since 01:30, and 4 kWh before.
    rest = 5.5 / 3
    assert list(life.recorder.changes().values()) == pytest.approx(
        [1.0, 3.0 + rest / 2, rest, rest, rest / 2 + 0.5, 1.0]
    )


def test_a_lower_counter_is_recognised_even_if_it_has_nearly_caught_up() -> None:
    house = House(hourly=[1.0, 1.0, 8.0, 1.0])
    life = Life(
        house=house,
        start=T0 + 1.875 * HOUR,
        end=T0 + 2.125 * HOUR,
        verdict=Verdict.REPLACED,
        second=15_112.0,
    )
    plan = repaired(life, 1.125, late=True)
    assert plan.adjust_from == T0 + 2 * HOUR
    assert_true(life)


def test_rows_of_a_counter_that_would_have_fallen_are_not_those_of_one_that_went_on() -> None:
    gap = Gap(
        key="a",
        start=float(T0),
        before=1000.0,
        end=T0 + 1.5 * HOUR,
        after=1001.0,
        verdict=Verdict.ACCEPTED,
    )
    rows = [Row(T0 + HOUR * number, HOUR, 183.0 + number, 0.0 + number) for number in range(5)]
    plan = plan_outage_repair(
        gap,
        short_term_rows=[],
        hourly_rows=rows,
        own_hours=set(),
        known_readings={},
        load_profile={},
    )
    assert plan is None


def test_a_reading_that_is_written_a_little_late_is_waited_for() -> None:
    gap = Gap(
        key="a",
        start=T0 + 700.0,
        before=100.0,
        end=T0 + 1490.0,
        after=12.0,
        verdict=Verdict.REPLACED,
    )
    # What was shown is what was written last, a little less than what was read.
    short_term_rows = [Row(T0 + SHORT_TERM * number, SHORT_TERM, 99.99, 5.0) for number in range(5)]
    rows: dict[str, Any] = {
        "hourly_rows": [],
        "own_hours": set(),
        "known_readings": {},
        "load_profile": {},
    }
    assert plan_outage_repair(gap, short_term_rows=short_term_rows, **rows) is None
    new = Row(T0 + 5 * SHORT_TERM, SHORT_TERM, 12.0, 17.0)
    plan = plan_outage_repair(gap, short_term_rows=[*short_term_rows, new], **rows)
    assert plan is not None
    assert plan.adjust_from == new.start
    assert new.sum + plan.adjustment == pytest.approx(5.01)


def test_a_row_of_yet_another_counter_proves_nothing_about_the_one_before() -> None:
    gap = Gap(
        key="a",
        start=T0 + 1200.0,
        before=99_999.0,
        end=T0 + 2400.0,
        after=15_119.0,
        verdict=Verdict.REPLACED,
    )
    # The five-minute rows are gone, and both replacements lie in one hour.
    hours = [Row(T0 - HOUR, HOUR, 15_118.0, 7.0), Row(T0, HOUR, 15_119.5, 84_888.0)]
    plan = plan_outage_repair(
        gap,
        short_term_rows=[],
        hourly_rows=hours,
        own_hours=set(),
        known_readings={},
        load_profile={},
    )
    assert plan == OutageRepair(adjust_from=T0)


def test_nothing_is_done_before_the_next_reading_is_compiled() -> None:
    life = Life(house=House(hourly=[2.0] * 6), start=T0 + 2.0 * HOUR, end=T0 + 4.1 * HOUR)
    recorder = life.recorder
    short_term_rows = [row for row in recorder.short_term_rows if row.end <= life.end]
    hours = [row for row in recorder.hours.values() if row.end <= life.end]
    rows: dict[str, Any] = {"own_hours": set(), "known_readings": {}, "load_profile": {}}
    assert (
        plan_outage_repair(life.gap(), short_term_rows=short_term_rows, hourly_rows=hours, **rows)
        is None
    )
    assert plan_outage_repair(life.gap(), short_term_rows=[], hourly_rows=[], **rows) is None
    assert (
        plan_outage_repair(
            life.gap(), short_term_rows=recorder.short_term_rows, hourly_rows=hours, **rows
        )
        is not None
    )


def test_statistics_that_begin_after_the_gap_continue_nothing() -> None:
    life = Life(house=House(hourly=[2.0] * 6), start=T0 + 2.0 * HOUR, end=T0 + 4.1 * HOUR)
    short_term_rows = [row for row in life.recorder.short_term_rows if row.start > life.end]
    plan = plan_outage_repair(
        life.gap(),
        short_term_rows=short_term_rows,
        hourly_rows=[],
        own_hours=set(),
        known_readings={},
        load_profile={},
    )
    assert plan == OutageRepair(adjust_from=short_term_rows[0].start)


def test_a_shift_smaller_than_what_floats_hide_is_none() -> None:
    before, after = (
        Row(T0, SHORT_TERM, 100.0, 5.0),
        Row(T0 + 2 * HOUR, SHORT_TERM, 103.0, 8.0 + ROUNDING_ERROR / 2),
    )
    gap = Gap(
        key="a",
        start=T0 + 200.0,
        before=100.0,
        end=T0 + 2 * HOUR + 100.0,
        after=103.0,
        verdict=Verdict.ACCEPTED,
    )
    plan = plan_outage_repair(
        gap,
        short_term_rows=[before, after],
        hourly_rows=[],
        own_hours=set(),
        known_readings={},
        load_profile={},
    )
    assert plan is not None
    assert plan.adjustment == 0.0


def test_a_new_counter_has_counted_nothing_before_its_first_reading() -> None:
    house = House(hourly=[3.0, 3.0, 0.0, 3.0, 3.0, 3.0])
    life = Life(
        house=house,
        start=T0 + 1.9 * HOUR,
        end=T0 + 3.5 * HOUR,
        verdict=Verdict.REPLACED,
        second=12.0,
    )
    repaired(life, 1.2, counted_since=T0 + 3.1 * HOUR)
    changes = list(life.recorder.changes().values())
    # What the old counter counted after its last reading is in no reading.
    assert changes[1:3] == pytest.approx([2.7, 0.0])
    assert changes[3] == pytest.approx(1.2 + 1.5)


def test_what_two_counters_have_counted_adds_up() -> None:
    """After a crash, the statistics know later readings of the old counter than the store."""
    house = House(hourly=[3.0] * 6)
    life = Life(
        house=house,
        start=T0 + 1.9 * HOUR,
        stale=0.6 * HOUR,
        end=T0 + 3.5 * HOUR,
        verdict=Verdict.REPLACED,
        second=12.0,
    )
    repaired(life, 0.9, counted_since=T0 + 3.2 * HOUR)
    assert sum(life.recorder.changes().values()) == pytest.approx(18.0 - 2.1, abs=CLOSE)


def test_a_counter_that_was_reset_has_counted_beside_what_is_known_from_before_a_crash() -> None:
    """A plug starts at 0 again: what it shows was counted after the last row before the crash."""
    house = House(hourly=[3.0] * 6)
    life = Life(
        house=house,
        start=T0 + 1.9 * HOUR,
        stale=0.6 * HOUR,
        end=T0 + 3.5 * HOUR,
        verdict=Verdict.REPLACED,
        second=3.0,
    )
    repaired(life, 3.0, counted_since=life.start, readings={T0 + 3 * HOUR + 360: 1.8})
    assert list(life.recorder.changes().values())[1:] == pytest.approx([3.0] * 5, abs=CLOSE)
