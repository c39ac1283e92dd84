"""Hours of every kind of other sensor join those of our counter: each kWh once, none that was not."""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from math import nan
from random import Random
from typing import Final

import pytest

from custom_components.py_hab.history.planning.change import AdjustSum, StatisticRows, WriteRows
from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.planning.rows import HOUR, SHORT_TERM, Row, SumRow
from custom_components.py_hab.history.planning.same_counter import Doubt, Match, Shown, match
from custom_components.py_hab.history.planning.take_over import plan_take_over, usable_hours

START: Final = 1_000_000 * HOUR
DAY: Final = 24
HOURS: Final = 40 * DAY
UNTIL: Final = START + HOURS * HOUR
BASE: Final = 15_119.0

_RANDOM = Random(1)
USED: Final = [
    0.1 + _RANDOM.random() * (2 if _RANDOM.random() < 0.15 else 0.3) for _ in range(HOURS)
]
"""kWh that the house has used in each hour."""
READINGS: Final = list(accumulate(USED, initial=BASE))

type Source = list[Row]


def recorded(
    state: Callable[[int], float] = lambda hour: READINGS[hour + 1],
    *,
    energy: Sequence[float] = USED,
    hours: Sequence[int] = range(HOURS),
) -> Source:
    """Return rows whose reading `state` returns for each hour."""
    sums = list(accumulate(energy))
    return [Row(START + hour * HOUR, HOUR, state(hour), sums[hour]) for hour in hours]


def restarting(every: int, hours: Sequence[int] = range(HOURS)) -> Source:
    """Return rows of a utility meter."""
    return recorded(lambda hour: READINGS[hour + 1] - READINGS[hour // every * every], hours=hours)


def offset(kwh: float) -> Source:
    return recorded(lambda hour: READINGS[hour + 1] + kwh)


def whole() -> Source:
    readings = [float(round(reading)) for reading in READINGS]
    return recorded(lambda hour: readings[hour + 1], energy=[b - a for a, b in pairwise(readings)])


def with_zero(hour: int) -> Source:
    """Return rows with a zero at the end of an hour, after which the whole reading is booked."""
    rows = recorded()
    row = rows[hour]
    later = [Row(each.start, HOUR, each.state, each.sum + BASE) for each in rows[hour + 1 :]]
    return [*rows[:hour], Row(row.start, HOUR, 0.0, row.sum - USED[hour]), *later]


def frozen(first: int, last: int) -> Source:
    """Return rows of a sensor that held its value for some hours."""
    held = READINGS[first]
    readings = [held if first <= n < last else reading for n, reading in enumerate(READINGS)]
    return recorded(lambda hour: readings[hour + 1], energy=[b - a for a, b in pairwise(readings)])


GAPS: Final = [hour for hour in range(HOURS) if not (100 <= hour < 110 or 355 <= hour < 363)]

SAME: Final[dict[str, Callable[[], Source]]] = {
    "the same readings": recorded,
    "whole kWh": whole,
    "started at another reading": lambda: offset(-10.0),
    "an old reading added": lambda: offset(250.0),
    "restarts each half month": lambda: restarting(15 * DAY, GAPS),
    "restarts each day": lambda: restarting(DAY),
    "restarts each hour": lambda: restarting(1),
    "no readings": lambda: recorded(lambda _: nan),
    "phantom energy": lambda: with_zero(50),
    "hours without rows": lambda: recorded(hours=GAPS),
    "held its value": lambda: frozen(700, 706),
    "a zero at the end": lambda: with_zero(HOURS - 1),
}

OURS: Final[dict[str, Sequence[int]]] = {
    "a day": range(HOURS - DAY, HOURS),
    "a week": range(HOURS - 7 * DAY, HOURS),
    "a week with a gap": [*range(HOURS - 7 * DAY, HOURS - 90), *range(HOURS - 80, HOURS)],
}


def counter(hours: Sequence[int], used: Sequence[float] = USED, base: float = BASE) -> list[Row]:
    """Return rows of our counter, whose sum starts at 0 within its first hour."""
    readings = list(accumulate(used, initial=base))
    start = readings[hours[0]] + used[hours[0]] / 2
    return [
        Row(START + hour * HOUR, HOUR, readings[hour + 1], readings[hour + 1] - start)
        for hour in hours
    ]


def just_added() -> list[Row]:
    """Return the first short-term row of our counter, in the middle of the last hour."""
    return [Row(UNTIL - HOUR + 1800, SHORT_TERM, READINGS[-1] - USED[-1] / 2, 0.0)]


def matched(source: Source, ours: Sequence[Row], shown: Shown | None = None) -> Match:
    return match(source, usable_hours(source).rows, ours, shown)


def joined(found: Match, ours: Sequence[Row]) -> dict[int, float]:
    """Return the kWh of each hour after the hours of the source were written beside ours."""
    hourly = [row for row in ours if row.length == HOUR]
    rows = StatisticRows(
        hourly=hourly,
        short_term=[row for row in ours if row.length < HOUR],
        hours={row.start for row in hourly},
        until=UNTIL - (0 if hourly else HOUR),
    )
    _, change = plan_take_over(found, rows)
    sums = {row.start: row.sum for row in ours}
    for step in change:
        if isinstance(step, WriteRows):
            sums |= {row.start: row.sum for row in step.rows if isinstance(row, SumRow)}
        else:
            assert isinstance(step, AdjustSum)
            sums |= {start: old + step.amount for start, old in sums.items() if start >= step.start}
    return {start: sums[start] - sums[before] for before, start in pairwise(sorted(sums))}


def expected(energies: dict[int, float]) -> float:
    """Return what was used in the hours of which the energy is known."""
    return sum(USED[(start - START) // HOUR] for start in energies)


@pytest.mark.parametrize("ours", OURS)
@pytest.mark.parametrize("kind", SAME)
def test_each_kwh_of_one_counter_is_counted_once(kind: str, ours: str) -> None:
    rows = counter(OURS[ours])
    found = matched(SAME[kind](), rows)
    if not (kind == "a zero at the end" and ours == "a day"):
        # One hour lacks in one of two days: that may be.
        assert found.difference is None
    assert found.continues
    energies = joined(found, rows)
    assert sum(energies.values()) == pytest.approx(expected(energies), abs=0.5)
    assert min(energies.values()) >= 0
    assert max(energies.values()) < 3


@pytest.mark.parametrize("kind", SAME)
def test_of_a_counter_that_was_just_added_no_kwh_is_counted_that_was_not(kind: str) -> None:
    ours = just_added()
    found = matched(SAME[kind](), ours)
    energies = joined(found, ours)
    total, true = sum(energies.values()), expected(energies)
    # What was counted since the full hour is known if the readings continue.
    assert true - 1.5 <= total <= true + 0.5


@pytest.mark.parametrize("kind", ["started at another reading", "restarts each half month"])
def test_the_hours_of_a_sensor_with_its_own_reading_get_those_of_the_counter(kind: str) -> None:
    found = matched(SAME[kind](), counter(OURS["a day"]))
    for row in found.rows:
        assert row.state == pytest.approx(READINGS[(row.start - START) // HOUR + 1])


@pytest.mark.parametrize("kwh", [-300.0, 30_000.0], ids=["a higher reading", "a lower one"])
def test_between_an_old_meter_and_its_successor_nothing_is_counted(kwh: float) -> None:
    source = offset(kwh)[: -2 * DAY]
    ours = counter(OURS["a day"])
    found = matched(source, ours)
    assert found.difference is not None
    assert found.difference.doubt is Doubt.OTHER_READINGS
    assert not found.continues
    energies = joined(found, ours)
    seam = ours[0].start
    assert energies.pop(seam) == 0
    assert sum(energies.values()) == pytest.approx(expected(energies))


SUN: Final = [3 * _RANDOM.random() if 9 <= hour % DAY < 15 else 0.0 for hour in range(HOURS)]
"""kWh that are fed in."""
BALANCE: Final = sum(USED) / sum(SUN)
"""With this factor, as much is fed in as is drawn."""


@pytest.mark.parametrize("hours", [DAY, 7 * DAY, 30 * DAY])
@pytest.mark.parametrize("factor", [1.0, BALANCE], ids=["a roof", "as much as is drawn"])
def test_feed_in_is_another_counter_whatever_its_total(factor: float, hours: int) -> None:
    fed_in = [factor * kwh for kwh in SUN]
    rows = counter(range(HOURS - hours, HOURS), fed_in, 812.0)
    found = matched(recorded(), rows)
    assert found.difference is not None
    assert found.difference.doubt is Doubt.OTHER_HOURS
    assert abs(found.difference.source - found.difference.counter) > 0.5
    assert 0 < found.difference.hours < hours


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, 5 * DAY), (20 * DAY, 22 * DAY)],
    ids=["ended a month ago", "ended weeks ago"],
)
def test_a_rise_that_is_unusual_over_weeks_is_that_of_another_counter(
    first: int, last: int
) -> None:
    source, rows = recorded()[first:last], counter([HOURS - 1])
    assert matched(source, rows).difference is None
    for reading in (source[-1].state + 5, source[-1].state + 20_000):
        other = [Row(row.start, row.length, reading, row.sum) for row in rows]
        difference = matched(source, other).difference
        assert difference is not None
        assert difference.doubt is Doubt.OTHER_READINGS


@pytest.mark.parametrize(
    ("source", "doubt"),
    [(READINGS[-1] + 0.3, None), (READINGS[-1] - 2.5, Doubt.OTHER_READINGS)],
    ids=["equal", "another"],
)
def test_what_both_show_now_is_compared(source: float, doubt: Doubt | None) -> None:
    found = matched(recorded(), just_added(), Shown(source, READINGS[-1]))
    assert (found.difference and found.difference.doubt) == doubt
    assert found.continues is (doubt is None)


def test_a_sensor_without_recorded_readings_continues_from_what_it_shows() -> None:
    ours = just_added()
    found = matched(recorded(lambda _: nan)[:-1], ours, Shown(READINGS[-1], READINGS[-1]))
    assert (found.continues, found.difference) == (True, None)
    assert found.rows[-1].state == READINGS[-1]
    energies = joined(found, ours)
    assert sum(energies.values()) == pytest.approx(expected(energies), abs=1)


def test_hours_that_the_sensor_did_not_record_are_shares_of_their_total() -> None:
    found = matched(recorded(hours=GAPS), just_added())
    rows = StatisticRows(short_term=just_added(), until=UNTIL)
    plan, change = plan_take_over(found, rows)
    [written] = [step for step in change if isinstance(step, WriteRows)]
    spread = {start for start, origin in written.origins.items() if origin is Origin.SPREAD}
    missing = {START + hour * HOUR for hour in range(HOURS)} - {row.start for row in found.rows}
    after = {START + hour * HOUR for hour in (110, 363)}
    assert spread == missing | after
    assert list(written.bounds) == [START + hour * HOUR for hour in (100, 111, 355, 364)]
    assert plan.energy == pytest.approx(sum(USED[1:-1]), abs=0.5)
