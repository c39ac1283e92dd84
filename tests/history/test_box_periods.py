"""What a box remembers becomes hours: exactly, and nothing that is in doubt."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.py_hab.fritzbox_statistics import Series
from custom_components.py_hab.history.box_periods import (
    DAY,
    MONTH,
    QUARTER,
    Doubt,
    EnergyHistory,
    energy_history,
)
from custom_components.py_hab.history.rows import HOUR
from simulator.home import Home

BERLIN: Final = ZoneInfo("Europe/Berlin")
SIX_HOURS: Final = 6 * HOUR
type Tell = Callable[[Home, datetime], list[Series]]

NOW: Final = datetime(2026, 11, 18, 10, 7, 12, tzinfo=UTC)
"""11:07:12 in Berlin."""


def series(step: int, *values: float | None, at: datetime | None = None) -> Series:
    return Series(step=step, values=values, at=at)


def history(
    *remembered: Series, counter: float = 1000.0, now: datetime = NOW, zone: ZoneInfo = BERLIN
) -> EnergyHistory:
    """Return the history after looking whether its form is right."""
    found = energy_history(remembered, counter=counter, now=now, zone=zone)
    hours, readings = list(found.readings), list(found.readings.values())
    assert all(two - one == HOUR for one, two in pairwise(hours))
    assert all(one <= two for one, two in pairwise(readings))
    if hours:
        assert hours[-1] == unix(now) // HOUR * HOUR
        assert 0 <= readings[0] <= readings[-1] <= counter
    return found


def unix(when: datetime) -> int:
    return int(when.timestamp())


def midnight(day: date, zone: ZoneInfo = BERLIN) -> int:
    return unix(datetime.combine(day, time(), tzinfo=zone))


def berlin(month: int, day: int, hour: int = 0) -> int:
    """Return the unix time of a full hour in Berlin in the year of NOW."""
    return unix(datetime(NOW.year, month, day, hour, tzinfo=BERLIN))


def counted(found: EnergyHistory, start: int, end: int) -> float:
    """Return the Wh between two full hours."""
    return (found.readings[end] - found.readings[start]) * 1000


# Against a home whose counter is known at any time


@cache
def home(zone: str) -> Home:
    """Return a home whose first month is not a whole one."""
    return Home(installed=datetime(2025, 8, 10, 13, 20, tzinfo=ZoneInfo(zone)), timezone=zone)


def rest_of(home: Home, at: datetime) -> list[Series]:
    """Return what REST tells of the home's import, in the order of its document."""
    return [
        Series(step=QUARTER, values=quarters(home, at, QUARTER, 96), at=at),
        Series(step=SIX_HOURS, values=quarters(home, at, SIX_HOURS, 28), at=at),
        Series(step=DAY, values=tuple(home.days("import", at, 31)), at=at),
        Series(step=MONTH, values=tuple(home.months("import", at, 24)), at=at),
    ]


def quarters(home: Home, at: datetime, step: int, count: int) -> tuple[int | None, ...]:
    return tuple(home.slots("import", at, timedelta(seconds=step), count))


def aha_of(home: Home, at: datetime) -> list[Series]:
    """Return what AHA tells: months before days."""
    return [
        Series(step=MONTH, values=tuple(home.months("import", at, 12)), at=at),
        Series(step=DAY, values=tuple(home.days("import", at, 31)), at=at),
    ]


def counter_of(home: Home, at: datetime) -> float:
    return home.energy("import", at) // 1 / 1000


MOMENTS: Final = [
    datetime(2025, 11, 18, 10, 7, 12, tzinfo=UTC),
    datetime(2025, 10, 26, 1, 40, 0, 500, tzinfo=UTC),  # 2:40 for the second time
    datetime(2025, 10, 26, 22, 59, 59, tzinfo=UTC),
    datetime(2025, 10, 29, 7, 4, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 3, 1, tzinfo=UTC),  # 3:03, in the hour after the one left out
    datetime(2026, 3, 30, 14, 20, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 0, tzinfo=UTC),  # midnight
    datetime(2025, 12, 31, 23, 0, 3, tzinfo=UTC),
    datetime(2025, 8, 31, 12, 0, tzinfo=UTC),
]


@pytest.mark.parametrize("at", MOMENTS, ids=str)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize("tell", [rest_of, aha_of], ids=["REST", "AHA"])
def test_readings_are_those_of_the_counter(tell: Tell, zone: str, at: datetime) -> None:
    lived = home(zone)
    remembered = tell(lived, at)
    found = history(*remembered, counter=counter_of(lived, at), now=at, zone=lived.zone)
    assert not found.doubts
    edges = edges_around(remembered, lived.zone, at)
    for hour, reading in found.readings.items():
        after = bisect_right(edges, datetime.fromtimestamp(hour, UTC))
        least, most = (lived.energy("import", edges[index]) for index in (after - 1, after))
        assert least / 1000 - 0.001 <= reading <= most / 1000 + 0.001
    assert min(found.readings.values()) == pytest.approx(0, abs=0.3)


def edges_around(remembered: Sequence[Series], zone: ZoneInfo, at: datetime) -> list[datetime]:
    """Return when the steps start that are the finest of their time, ascending."""
    edges = [at + timedelta(seconds=1), at]
    for one in sorted(remembered, key=lambda one: one.step):
        found = edges_of(one.step, at, zone, len(one.values))
        edges += [edge for edge in found if edge < edges[-1]]
    return edges[::-1]


def edges_of(step: int, at: datetime, zone: ZoneInfo, count: int) -> list[datetime]:
    """Return when calendar periods and steps of the wall's clock started, newest first."""
    edges: list[datetime] = []
    day = at.astimezone(zone).date()
    if step == MONTH:
        day = day.replace(day=1)
    while len(edges) < count:
        start = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
        if step in {DAY, MONTH}:
            edges.append(start)
        else:
            edges += reversed([edge for edge in steps_of(day, step, zone) if edge <= at])
        day -= timedelta(days=1)
        if step == MONTH:
            day = day.replace(day=1)
    return edges[:count]


def steps_of(day: date, step: int, zone: ZoneInfo) -> list[datetime]:
    """Return when the steps of a day start: whenever the wall shows a multiple, or jumps."""
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    shown = [datetime.fromtimestamp(moment, zone) for moment in range(start, end, QUARTER)]
    multiple = [60 * (60 * when.hour + when.minute) // step for when in shown]
    return [
        when.astimezone(UTC)
        for index, when in enumerate(shown)
        if index == 0 or multiple[index] != multiple[index - 1]
    ]


@pytest.mark.parametrize("at", MOMENTS, ids=str)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
@pytest.mark.parametrize("tell", [rest_of, aha_of], ids=["REST", "AHA"])
def test_totals_are_exactly_the_box_s(tell: Tell, zone: str, at: datetime) -> None:
    lived = home(zone)
    remembered = tell(lived, at)
    found = history(*remembered, counter=counter_of(lived, at), now=at, zone=lived.zone)
    for one in remembered:
        starts = [unix(edge) for edge in edges_of(one.step, at, lived.zone, len(one.values))]
        compared = 0
        for value, start, end in zip(one.values[1:], starts[1:], starts, strict=False):
            if start % HOUR == end % HOUR == 0 and start in found.readings:
                assert counted(found, start, end) == pytest.approx(value, abs=1e-3)
                compared += 1
        known = sum(value is not None for value in one.values[1:])
        assert compared >= (known - 1 if one.step != QUARTER else 0)


@pytest.mark.parametrize(
    ("at", "day", "hours"),
    [(MOMENTS[3], date(2025, 10, 26), 25), (MOMENTS[5], date(2026, 3, 29), 23)],
    ids=["25 hours", "23 hours"],
)
def test_a_day_at_which_the_clock_changes_has_its_hours(
    at: datetime, day: date, hours: int
) -> None:
    lived = home("Europe/Berlin")
    found = history(*aha_of(lived, at), counter=counter_of(lived, at), now=at)
    start = midnight(day)
    index = (at.astimezone(BERLIN).date() - day).days
    each = (lived.days("import", at)[index] or 0) / hours
    assert start + hours * HOUR == midnight(day + timedelta(days=1))
    for hour in range(start, start + hours * HOUR, HOUR):
        assert counted(found, hour, hour + HOUR) == pytest.approx(each)
    assert counted(found, start - HOUR, start) != pytest.approx(each)


# Against the simplest way to do the same: a cell for each quarter of an hour


def cells_of(remembered: Sequence[Series], now: datetime, zone: ZoneInfo) -> dict[int, float]:
    """Return the Wh of each quarter of an hour."""
    cells: dict[int, float] = {}
    for one in sorted(remembered, key=lambda one: one.step):
        edges = [unix(edge) for edge in [now, *edges_of(one.step, now, zone, len(one.values))]]
        for value, (end, start) in zip(one.values, pairwise(edges), strict=True):
            inside = range(start, end, QUARTER)
            free = [cell for cell in inside if cell not in cells]
            if value is not None and free:
                rest = value - sum(cells[cell] for cell in inside if cell in cells)
                cells |= dict.fromkeys(free, max(rest, 0) / len(free))
    return cells


def readings_of(cells: Mapping[int, float], counter: float, now: datetime) -> dict[int, float]:
    moment = unix(now)
    readings = {moment: counter}
    while moment - QUARTER in cells:
        readings[moment - QUARTER] = readings[moment] - cells[moment - QUARTER] / 1000
        moment -= QUARTER
    return {hour: reading for hour, reading in readings.items() if hour % HOUR == 0}


@pytest.mark.parametrize("seed", range(30))
def test_it_is_what_quarters_of_an_hour_add_up_to(seed: int) -> None:
    chance = Random(seed)
    zone = ZoneInfo(chance.choice(["Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "UTC"]))
    now = datetime(2026, chance.choice([3, 4, 7, 11]), chance.randint(1, 30), tzinfo=UTC)
    now += timedelta(seconds=QUARTER * chance.randint(0, 95))
    first = unix(now) - chance.choice([3, 20, 50, 400, 900]) * DAY
    energy = {cell: chance.randint(1, 800) for cell in range(first, unix(now), QUARTER)}
    holes = chance.choice([0.0, 0.05, 0.5])

    def value(start: int, end: int) -> int | None:
        known = sum(energy.get(cell, 0) for cell in range(start, end, QUARTER))
        return None if end <= first or chance.random() < holes else known

    remembered = []
    for step, count in ((MONTH, 24), (QUARTER, 96), (DAY, 31), (SIX_HOURS, 28)):
        edges = [unix(edge) for edge in [now, *edges_of(step, now, zone, count)]]
        values = tuple(value(start, end) for end, start in pairwise(edges))
        remembered.append(Series(step=step, values=values, at=chance.choice([now, None])))
    counter = sum(energy.values()) / 1000 + chance.choice([0, 777])

    found = history(*remembered, counter=counter, now=now, zone=zone)
    expected = readings_of(cells_of(remembered, now, zone), counter, now)
    assert set(found.doubts) <= {Doubt.UNKNOWN}
    assert set(found.readings) <= set(expected)
    for hour, reading in expected.items():
        assert found.readings.get(hour, min(found.readings.values(), default=counter)) == (
            pytest.approx(reading, abs=1e-6)
        )


# What is in doubt


def test_what_is_finer_takes_precedence_and_the_rest_is_spread() -> None:
    found = history(
        series(MONTH, 30_000, 40_000),
        series(DAY, 2_000, 5_000),
        series(QUARTER, *[10] * 3, 400),
        counter=100.0,
    )
    # 11:07 back to 10:15, 430 Wh; the rest of today in ten hours and a quarter.
    assert counted(found, berlin(11, 18, 10), berlin(11, 18, 11)) == pytest.approx(
        20 + 400 + 1570 / 10.25 / 4
    )
    for start in (0, 7, 9):
        hour = berlin(11, 18, start)
        assert counted(found, hour, hour + HOUR) == pytest.approx(1570 / 10.25)
    assert found.readings[berlin(11, 18)] == pytest.approx(98)
    assert found.readings[berlin(11, 17)] == pytest.approx(93)
    assert counted(found, berlin(11, 3), berlin(11, 4)) == pytest.approx(23_000 / 16)
    assert found.readings[berlin(11, 1)] == pytest.approx(70)
    assert min(found.readings) == berlin(10, 1)
    assert counted(found, berlin(10, 25), berlin(10, 26)) == pytest.approx(40_000 / 745 * 25)
    assert not found.doubts
