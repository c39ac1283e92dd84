"""Device statistics become hours exactly, and nothing that is in doubt is used."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.py_hab.fritzbox.device_stats import Series
from custom_components.py_hab.history.box.calendar import DAY_STEP, MONTH_STEP, QUARTER_STEP
from custom_components.py_hab.history.box.means import hourly_means
from custom_components.py_hab.history.box.reconstruct import (
    DiscardReason,
    EnergyHistory,
    energy_history,
)
from custom_components.py_hab.history.planning.rows import HOUR, full_hour
from simulator.home import Home

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

BERLIN: Final = ZoneInfo("Europe/Berlin")
SIX_HOURS: Final = 6 * HOUR
OFTEN: Final = (7 if settings.get_current_profile_name() == "thorough" else 67) * 60
"""Seconds between two questions, so that they come at other minutes of each hour."""
type Report = Callable[[Home, datetime], list[Series]]

NOW: Final = datetime(2026, 11, 18, 10, 7, 12, tzinfo=UTC)
"""11:07:12 in Berlin."""


def series(step: int, *values: float | None, at: datetime | None = None) -> Series:
    return Series(step=step, values=values, at=at)


def in_kwh(stats: Iterable[Series]) -> list[Series]:
    """Return series of Wh, as the simulated home counts, in the unit of the parser."""
    return [
        replace(one, values=tuple(None if value is None else value / 1000 for value in one.values))
        for one in stats
    ]


def history(
    *stats: Series, counter: float = 1000.0, now: datetime = NOW, zone: ZoneInfo = BERLIN
) -> EnergyHistory:
    """Return the history after looking whether its form is right."""
    found = energy_history(in_kwh(stats), counter=counter, now=now, zone=zone)
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


def relative(home: Home, at: datetime) -> list[Series]:
    """Return what REST reports of the home's import: quarters of an hour up to the request."""
    quarters = tuple(home.last("import", at, timedelta(seconds=QUARTER_STEP), 96))
    return [Series(step=QUARTER_STEP, values=quarters, at=at), *longer(home, at)]


def aligned(home: Home, at: datetime) -> list[Series]:
    """Return what REST reports if its quarters of an hour follow the clock."""
    quarters = tuple(home.slots("import", at, timedelta(seconds=QUARTER_STEP), 96))
    return [Series(step=QUARTER_STEP, values=quarters, at=at), *longer(home, at)]


def longer(home: Home, at: datetime) -> list[Series]:
    six_hours = tuple(home.slots("import", at, timedelta(seconds=SIX_HOURS), 28))
    return [
        Series(step=SIX_HOURS, values=six_hours, at=at),
        Series(step=DAY_STEP, values=tuple(home.days("import", at, 31)), at=at),
        Series(step=MONTH_STEP, values=tuple(home.months("import", at, 24)), at=at),
    ]


def without_clock(home: Home, at: datetime) -> list[Series]:
    """Return what REST reports if its steps of six hours end with the request, too."""
    quarters, _, days, months = relative(home, at)
    six_hours = tuple(home.last("import", at, timedelta(seconds=SIX_HOURS), 28))
    return [quarters, Series(step=SIX_HOURS, values=six_hours, at=at), days, months]


def aha_of(home: Home, at: datetime) -> list[Series]:
    """Return what AHA reports: months before days."""
    return [
        Series(step=MONTH_STEP, values=tuple(home.months("import", at, 12)), at=at),
        Series(step=DAY_STEP, values=tuple(home.days("import", at, 31)), at=at),
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
@pytest.mark.parametrize("minutes", [0, 1, 14, 59, 200])
def test_a_counter_may_have_been_read_before_the_statistics(at: datetime, minutes: int) -> None:
    """What was counted since the reading is not taken off it; a quarter of an hour is spread."""
    lived = home("Europe/Berlin")
    read_at = at - timedelta(minutes=minutes)
    counter = counter_of(lived, read_at)
    found = energy_history(
        in_kwh(relative(lived, at)), counter=counter, read_at=read_at, now=at, zone=BERLIN
    ).readings
    assert max(found) == full_hour(read_at.timestamp())
    assert max(found.values()) <= counter
    most = 0.25 * 12
    for hour in list(found)[-12:]:
        true = counter_of(lived, datetime.fromtimestamp(hour, UTC))
        assert found[hour] == pytest.approx(true, abs=most)
    # In the middle, where quarters are known, the readings are exact but for that of the reading.
    off = {
        round(found[hour] - counter_of(lived, datetime.fromtimestamp(hour, UTC)), 2)
        for hour in list(found)[-12:-4]
    }
    assert max(off) - min(off) <= 0.8


def test_a_counter_that_was_last_read_before_all_statistics_has_no_history() -> None:
    read_at = NOW - timedelta(days=4000)
    found = energy_history(
        in_kwh([series(DAY_STEP, 10, 20)]), counter=1.0, read_at=read_at, now=NOW, zone=BERLIN
    )
    assert found.readings == {}


@pytest.mark.parametrize("at", MOMENTS, ids=str)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize("report", [relative, aligned, aha_of])
def test_readings_are_those_of_the_counter(report: Report, zone: str, at: datetime) -> None:
    lived = home(zone)
    stats = report(lived, at)
    found = history(*stats, counter=counter_of(lived, at), now=at, zone=lived.zone)
    assert not found.discarded
    edges = edges_around(stats, lived.zone, at)
    shown = [lived.energy("import", edge) / 1000 for edge in edges]
    for hour, reading in found.readings.items():
        after = bisect_right(edges, datetime.fromtimestamp(hour, UTC))
        assert shown[after - 1] - 0.001 <= reading <= shown[after] + 0.001
    assert min(found.readings.values()) == pytest.approx(0, abs=0.3)


def edges_around(stats: Sequence[Series], zone: ZoneInfo, at: datetime) -> list[datetime]:
    """Return when the steps start that are the finest by the clock of their time, ascending."""
    edges = [at + timedelta(seconds=1), at]
    for one in sorted(stats, key=lambda one: one.step):
        if one.step == QUARTER_STEP:
            continue
        found = edges_of(one.step, at, zone, len(one.values))
        edges += [edge for edge in found if edge < edges[-1]]
    return edges[::-1]


def edges_of(step: int, at: datetime, zone: ZoneInfo, count: int) -> list[datetime]:
    """Return when calendar periods and steps of the wall's clock started, newest first."""
    edges: list[datetime] = []
    day = at.astimezone(zone).date()
    if step == MONTH_STEP:
        day = day.replace(day=1)
    while len(edges) < count:
        start = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
        if step in {DAY_STEP, MONTH_STEP}:
            edges.append(start)
        else:
            edges += reversed([edge for edge in steps_of(day, step, zone) if edge <= at])
        day -= timedelta(days=1)
        if step == MONTH_STEP:
            day = day.replace(day=1)
    return edges[:count]


def steps_of(day: date, step: int, zone: ZoneInfo) -> list[datetime]:
    """Return when the steps of a day start: whenever the wall shows a multiple, or jumps."""
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    shown = [datetime.fromtimestamp(moment, zone) for moment in range(start, end, QUARTER_STEP)]
    multiple = [60 * (60 * when.hour + when.minute) // step for when in shown]
    return [
        when.astimezone(UTC)
        for index, when in enumerate(shown)
        if index == 0 or multiple[index] != multiple[index - 1]
    ]


@pytest.mark.parametrize("at", MOMENTS, ids=str)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
@pytest.mark.parametrize("report", [relative, aligned, aha_of])
def test_totals_are_exactly_the_box_s(report: Report, zone: str, at: datetime) -> None:
    lived = home(zone)
    stats = report(lived, at)
    found = history(*stats, counter=counter_of(lived, at), now=at, zone=lived.zone)
    for one in stats:
        if one.step == QUARTER_STEP:
            continue
        starts = [unix(edge) for edge in edges_of(one.step, at, lived.zone, len(one.values))]
        compared = 0
        for value, start, end in zip(one.values[1:], starts[1:], starts, strict=False):
            if start % HOUR == end % HOUR == 0 and start in found.readings:
                assert counted(found, start, end) == pytest.approx(value, abs=1e-3)
                compared += 1
        known = sum(value is not None for value in one.values[1:])
        assert compared >= known - 1


@pytest.mark.parametrize(
    "day", [date(2025, 11, 18), date(2025, 10, 26), date(2026, 3, 29)], ids=str
)
@pytest.mark.parametrize("report", [relative, aligned])
def test_hours_are_right_whenever_the_box_is_asked(report: Report, day: date) -> None:
    lived = home("Europe/Berlin")
    for moment in range(midnight(day), midnight(day + timedelta(days=1)), OFTEN):
        at = datetime.fromtimestamp(moment + 17, UTC)
        found = history(*report(lived, at), counter=counter_of(lived, at), now=at)
        assert not found.discarded
        assert_days_are_the_box_s(found, lived, at)
        edges = [unix(edge) for edge in edges_of(SIX_HOURS, at, BERLIN, 6)]
        recent = [hour for hour in found.readings if hour >= moment + 17 - DAY_STEP]
        assert len(recent) == DAY_STEP // HOUR
        for hour in recent:
            # Quarters that follow the clock are exact. What is scaled in six hours depends on the
            # quarters at their ends.
            begin = max(edge for edge in edges if edge <= hour)
            end = min([edge for edge in edges if edge > hour], default=unix(at))
            uncertain = set() if report is aligned else {begin, hour, end} - {unix(at)}
            allowed = sum(around(lived, edge) for edge in uncertain)
            truth = lived.energy("import", datetime.fromtimestamp(hour, UTC))
            assert abs(found.readings[hour] * 1000 - truth) <= allowed + 3


@pytest.mark.parametrize(
    "end",
    [datetime(2025, 11, 18, 11, 15, tzinfo=UTC), datetime(2025, 11, 18, 17, tzinfo=UTC)],
    ids=["of a quarter", "of six hours"],
)
def test_hours_are_right_if_the_newest_values_have_ended_just_now(end: datetime) -> None:
    lived, now = home("Europe/Berlin"), end + timedelta(seconds=70)
    stats = [
        series(one.step, *one.values) for one in aligned(lived, end - timedelta(microseconds=1))
    ]
    found = history(*stats, counter=counter_of(lived, end), now=now)
    assert not found.discarded
    for hour in [hour for hour in found.readings if hour >= unix(now) - DAY_STEP]:
        truth = lived.energy("import", datetime.fromtimestamp(hour, UTC))
        assert found.readings[hour] * 1000 == pytest.approx(truth, abs=3)


def around(home: Home, moment: int) -> float:
    """Return the Wh of the quarters of an hour before and after a moment."""
    before, after = (datetime.fromtimestamp(moment + s, UTC) for s in (-QUARTER_STEP, QUARTER_STEP))
    return home.energy("import", after) - home.energy("import", before)


def assert_days_are_the_box_s(found: EnergyHistory, home: Home, at: datetime) -> None:
    """Compare whole days and months, for homes whose midnight is a full hour in UTC."""
    for step, values in (
        (DAY_STEP, home.days("import", at)),
        (MONTH_STEP, home.months("import", at)),
    ):
        starts = [unix(edge) for edge in edges_of(step, at, home.zone, len(values))]
        for value, start, end in zip(values[1:], starts[1:], starts, strict=False):
            if start in found.readings:
                assert counted(found, start, end) == pytest.approx(value, abs=1e-3)
    # And today, since the counter is known.
    start = midnight(at.astimezone(home.zone).date(), home.zone)
    assert found.readings[start] * 1000 == pytest.approx(
        home.energy("import", datetime.fromtimestamp(start, UTC)), abs=2
    )


@pytest.mark.parametrize("at", MOMENTS, ids=str)
def test_days_are_right_if_no_step_of_less_than_a_day_follows_the_clock(at: datetime) -> None:
    lived = home("Europe/Berlin")
    found = history(*without_clock(lived, at), counter=counter_of(lived, at), now=at)
    assert not found.discarded
    assert_days_are_the_box_s(found, lived, at)


@pytest.mark.parametrize("seconds", [1, 90, 400])
def test_the_answer_of_the_box_may_have_waited(seconds: int) -> None:
    lived, asked = home("Europe/Berlin"), MOMENTS[0]
    now = asked + timedelta(seconds=seconds)
    stats = [series(one.step, *one.values) for one in relative(lived, asked)]
    found = history(*stats, counter=counter_of(lived, now), now=now)
    assert not found.discarded
    for value, day in zip(lived.days("import", asked)[1:], range(1, 31), strict=True):
        start, end = (midnight(asked.date() - timedelta(days=back)) for back in (day, day - 1))
        assert counted(found, start, end) == pytest.approx(value, abs=1e-3)


@given(
    st.integers(0, 2**32),
    st.integers(0, 86400),
    st.integers(1, QUARTER_STEP),
    st.sampled_from([[], [SIX_HOURS]]),
)
def test_days_are_the_box_s_wherever_a_quarter_of_an_hour_begins(
    seed: int, second: int, newest: int, steps: list[int]
) -> None:
    """Of a very uneven load, where the box stores `newest` seconds in its first value."""
    chance = Random(seed)
    now = datetime(2026, 4, 2, tzinfo=UTC) + timedelta(seconds=second)
    first = unix(now) // 300 - 12 * 24 * 5
    sums = [0]
    for _ in range(12 * 24 * 7):
        sums.append(sums[-1] + chance.choice([0, 0, 0, 0, 0, 1, 20, 100, 300]))

    def energy(moment: int) -> int:
        cell, rest = divmod(max(moment - 300 * first, 0), 300)
        return sums[cell] + (sums[cell + 1] - sums[cell]) * rest // 300

    def value(start: int, end: int) -> int:
        return energy(end) - energy(start)

    quarters = [unix(now), *(unix(now) - newest - QUARTER_STEP * index for index in range(96))]
    stats = [series(QUARTER_STEP, *(value(start, end) for end, start in pairwise(quarters)))]
    for step, count in [*((step, 28) for step in steps), (DAY_STEP, 31), (MONTH_STEP, 24)]:
        edges = [unix(edge) for edge in [now, *edges_of(step, now, BERLIN, count)]]
        stats.append(series(step, *(value(start, end) for end, start in pairwise(edges))))
    found = history(*stats, counter=energy(unix(now)) / 1000, now=now)
    assert not found.discarded
    for end, start in pairwise(unix(edge) for edge in edges_of(DAY_STEP, now, BERLIN, 5)):
        assert counted(found, start, end) == pytest.approx(value(start, end), abs=1e-3)


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


def cells_of(stats: Sequence[Series], now: datetime, zone: ZoneInfo) -> dict[int, float]:
    """Return the Wh of each quarter of an hour."""
    cells: dict[int, float] = {}
    for one in sorted(stats, key=lambda one: one.step):
        edges = boundaries_of(one.step, now, zone, len(one.values))
        for value, (end, start) in zip(one.values, pairwise(edges), strict=True):
            inside = range(start, end, QUARTER_STEP)
            free = [cell for cell in inside if cell not in cells]
            if value is not None and free:
                rest = value - sum(cells[cell] for cell in inside if cell in cells)
                cells |= dict.fromkeys(free, max(rest, 0) / len(free))
    return cells


def boundaries_of(step: int, now: datetime, zone: ZoneInfo, count: int) -> list[int]:
    """Return when each value ends, and when the oldest one begins."""
    if step == QUARTER_STEP:
        return [unix(now) - QUARTER_STEP * index for index in range(count + 1)]
    return [unix(edge) for edge in [now, *edges_of(step, now, zone, count)]]


def readings_of(cells: Mapping[int, float], counter: float, now: datetime) -> dict[int, float]:
    moment = unix(now)
    readings = {moment: counter}
    while moment - QUARTER_STEP in cells:
        readings[moment - QUARTER_STEP] = readings[moment] - cells[moment - QUARTER_STEP] / 1000
        moment -= QUARTER_STEP
    return {hour: reading for hour, reading in readings.items() if hour % HOUR == 0}


@pytest.mark.parametrize("seed", range(16))
def test_it_is_what_quarters_of_an_hour_add_up_to(seed: int) -> None:
    chance = Random(seed)
    zone = ZoneInfo(chance.choice(["Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "UTC"]))
    now = datetime(2026, chance.choice([3, 4, 7, 11]), chance.randint(1, 30), tzinfo=UTC)
    now += timedelta(seconds=QUARTER_STEP * chance.randint(0, 95))
    first = unix(now) - chance.choice([3, 20, 50, 400, 900]) * DAY_STEP
    energy = {cell: chance.randint(1, 800) for cell in range(first, unix(now), QUARTER_STEP)}
    holes = chance.choice([0.0, 0.05, 0.5])

    def value(start: int, end: int) -> int | None:
        known = sum(energy.get(cell, 0) for cell in range(start, end, QUARTER_STEP))
        return None if end <= first or chance.random() < holes else known

    stats = []
    for step, count in ((MONTH_STEP, 24), (QUARTER_STEP, 96), (DAY_STEP, 31), (SIX_HOURS, 28)):
        edges = boundaries_of(step, now, zone, count)
        values = tuple(value(start, end) for end, start in pairwise(edges))
        stats.append(Series(step=step, values=values, at=chance.choice([now, None])))
    counter = sum(energy.values()) / 1000 + chance.choice([0, 777])

    found = history(*stats, counter=counter, now=now, zone=zone)
    expected = readings_of(cells_of(stats, now, zone), counter, now)
    assert set(found.discarded) <= {DiscardReason.UNKNOWN}
    assert set(found.readings) <= set(expected)
    # The end is the same: but for hours at the far end in which nothing was counted.
    start = min(found.readings.values(), default=counter)
    for hour, reading in expected.items():
        assert abs(found.readings.get(hour, start) - reading) < 1e-6


# Finer and coarser series of the same time


def test_what_is_finer_takes_precedence_and_the_rest_is_spread() -> None:
    found = history(
        series(MONTH_STEP, 30_000, 40_000),
        series(DAY_STEP, 2_000, 5_000),
        series(QUARTER_STEP, 10, 10, 10, 400),
        counter=100.0,
    )
    # 11:07:12 back to 10:07:12, 430 Wh; the rest of today before. At 11 the newest quarter is cut.
    rest = 1570 / 10.12
    last_hour = 420 + 10 * (1 - 432 / QUARTER_STEP) + 0.12 * rest
    assert counted(found, berlin(11, 18, 10), berlin(11, 18, 11)) == pytest.approx(last_hour)
    for start in (0, 7, 9):
        hour = berlin(11, 18, start)
        assert counted(found, hour, hour + HOUR) == pytest.approx(rest)
    assert found.readings[berlin(11, 18)] == pytest.approx(98)
    assert found.readings[berlin(11, 17)] == pytest.approx(93)
    assert counted(found, berlin(11, 3), berlin(11, 4)) == pytest.approx(23_000 / 16)
    assert found.readings[berlin(11, 1)] == pytest.approx(70)
    assert min(found.readings) == berlin(10, 1)
    assert counted(found, berlin(10, 25), berlin(10, 26)) == pytest.approx(40_000 / 745 * 25)
    assert not found.discarded


def test_a_quarter_of_an_hour_around_midnight_belongs_to_both_days_by_its_time() -> None:
    now = datetime(2026, 11, 17, 23, 5, tzinfo=UTC)  # 0:05 in Berlin
    found = history(series(QUARTER_STEP, 900), series(DAY_STEP, 300, 600), now=now)
    assert not found.discarded
    assert counted(found, berlin(11, 17, 23), berlin(11, 18)) == pytest.approx(600)
    # Nothing was counted before.
    assert min(found.readings) == berlin(11, 17, 23)


@pytest.mark.parametrize(
    ("month", "first", "second"),
    [(603, 201, 402), (597, 199, 398), (600, 200, 400)],
    ids=["more", "less", "the same"],
)
def test_what_rounding_took_or_added_is_put_right(month: int, first: int, second: int) -> None:
    now = datetime(2026, 11, 3, 23, 0, tzinfo=UTC)  # midnight, and three whole days
    days = (400, 200, 0)
    found = history(series(MONTH_STEP, month), series(DAY_STEP, 0, *days), now=now)
    assert not found.discarded
    assert counted(found, berlin(11, 3), berlin(11, 4)) == pytest.approx(second)
    assert counted(found, berlin(11, 2), berlin(11, 3)) == pytest.approx(first)
    assert min(found.readings) == berlin(11, 2)


def test_less_than_a_watt_hour_in_each_step_is_still_a_watt_hour_in_the_day() -> None:
    now = datetime(2026, 11, 3, 23, 0, tzinfo=UTC)
    found = history(series(DAY_STEP, 0, 48), series(QUARTER_STEP, *[0] * 97), now=now)
    assert not found.discarded
    assert counted(found, berlin(11, 3, 7), berlin(11, 3, 8)) == pytest.approx(2)


def test_unknown_steps_are_found_in_the_coarser_total() -> None:
    found = history(
        series(MONTH_STEP, 3_000), series(DAY_STEP, None, 100, None, *[100] * 20), counter=9.0
    )
    # Seventeen days of November are known but for one, and 11:07 hours of today.
    left = (3_000 - 16 * 100) / (24 + 11.12)
    assert counted(found, berlin(11, 16), berlin(11, 17)) == pytest.approx(24 * left)
    assert counted(found, berlin(11, 18, 5), berlin(11, 18, 6)) == pytest.approx(left)
    assert min(found.readings) == berlin(10, 27)  # five values reach back into October
    assert not found.discarded


def test_a_hole_that_nothing_covers_ends_the_history() -> None:
    found = history(series(DAY_STEP, 10, 20, None, 30))
    assert found.discarded == (DiscardReason.UNKNOWN,)
    assert min(found.readings) == berlin(11, 17)
    assert not history(series(DAY_STEP, None, 20)).readings


# When


def test_the_newest_value_belongs_to_the_day_it_was_updated_on() -> None:
    late = datetime(2026, 11, 17, 22, 0, 1, tzinfo=UTC)  # 23:00:01 in Berlin
    found = history(
        series(MONTH_STEP, 600, at=late - timedelta(seconds=1)), series(DAY_STEP, 240, 120, at=late)
    )
    assert found.readings[berlin(11, 17, 23)] == pytest.approx(1000, abs=1e-4)
    assert found.readings[berlin(11, 18, 11)] == 1000
    assert counted(found, berlin(11, 16), berlin(11, 17)) == pytest.approx(120)
    assert counted(found, berlin(11, 1), berlin(11, 17, 23)) == pytest.approx(600, abs=0.1)
    assert not found.discarded


@pytest.mark.parametrize("minutes", [0, 3, 70, 600])
def test_series_need_not_be_of_the_same_moment(minutes: int) -> None:
    """The day was updated before the quarters of an hour; 600 Wh were counted in each of those."""
    now = datetime(2026, 11, 18, 22, 22, tzinfo=UTC)
    before = now - timedelta(minutes=minutes)
    day = int(2400 * (24 * 60 - 38 - minutes) / 60)
    found = history(
        series(DAY_STEP, day, 5_000, at=before),
        series(QUARTER_STEP, 280, *[600] * 95, at=now),
        now=now,
    )
    assert not found.discarded
    assert counted(found, berlin(11, 18, 12), berlin(11, 18, 22)) == pytest.approx(24_000, rel=0.01)
    assert counted(found, berlin(11, 17), berlin(11, 18)) == pytest.approx(5_000)


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(minutes=59)], ids=str)
def test_the_clock_of_the_box_may_be_ahead(ahead: timedelta) -> None:
    now = datetime(2026, 11, 17, 22, 59, 59, tzinfo=UTC)  # the box has midnight already
    found = history(series(DAY_STEP, 0, 480, 240, at=now + ahead), now=now)
    assert found.readings[berlin(11, 17, 23)] == pytest.approx(1000 - 0.02)
    assert counted(found, berlin(11, 16), berlin(11, 17)) == pytest.approx(240)


@pytest.mark.parametrize(
    "at",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        NOW + timedelta(hours=2),
        datetime.max.replace(tzinfo=UTC),
    ],
    ids=str,
)
def test_a_series_of_an_implausible_time_is_set_aside(at: datetime) -> None:
    found = history(series(DAY_STEP, 10, 20, at=at), series(MONTH_STEP, 700, at=NOW))
    assert found.discarded == (DiscardReason.CLOCK,)
    assert min(found.readings) == berlin(11, 1)
    assert history(series(DAY_STEP, 10, 20, at=at)).readings == {}


@pytest.mark.parametrize("zone", ["America/Havana", "Asia/Beirut", "America/Santiago"])
def test_where_the_clock_changes_at_midnight_no_time_is_lost(zone: str) -> None:
    for first in (date(2026, 3, 1), date(2026, 4, 1), date(2026, 9, 1), date(2026, 10, 20)):
        now = datetime.combine(first, time(13, 5), tzinfo=UTC) + timedelta(days=25)
        for step, most in ((QUARTER_STEP, 400), (SIX_HOURS, 160), (DAY_STEP, 40)):
            found = history(series(step, *[60] * most), now=now, zone=ZoneInfo(zone))
            assert not found.discarded
            total = counted(found, min(found.readings), max(found.readings))
            assert total == pytest.approx(60 * most, abs=300)


# What is in doubt


def test_parts_that_are_more_than_the_whole() -> None:
    days = series(DAY_STEP, *[1_000] * 31)
    found = history(series(MONTH_STEP, 18_000, 12_000, 30_000), days)
    assert found.discarded == (DiscardReason.MISMATCH,)
    assert min(found.readings) == berlin(10, 19)
    assert counted(found, berlin(10, 19), berlin(11, 18)) == pytest.approx(30_000)


def test_parts_that_are_less_than_the_whole_they_cover() -> None:
    """The numbers of a real plug: 1985 Wh in the month, and 807 in all days."""
    days = (0, 20, 38, 36, 36, 36, 36, 36, 5, 0, 0, 0, 0, 408, 20, 0, 136, *[0] * 14)
    found = history(series(MONTH_STEP, 1985, 0, 5643, 698), series(DAY_STEP, *days))
    assert found.discarded == (DiscardReason.MISMATCH,)
    assert min(found.readings) == berlin(11, 2)
    assert counted(found, berlin(11, 2), berlin(11, 18)) == pytest.approx(sum(days))


def test_a_contradiction_is_found_in_spite_of_seconds_between_two_series() -> None:
    found = history(
        series(MONTH_STEP, 9_000, 40_000, at=NOW),
        series(DAY_STEP, *[100] * 31, at=NOW - timedelta(seconds=1)),
    )
    assert found.discarded == (DiscardReason.MISMATCH,)
    assert min(found.readings) == berlin(10, 19)


def test_steps_of_six_hours_that_contradict_quarters_are_left_out() -> None:
    quarters = series(QUARTER_STEP, *[100] * 40)
    days = series(DAY_STEP, 4_450, 2_400)
    found = history(days, quarters, series(SIX_HOURS, 9_000, 9_000, 600, 600, 600, 600))
    assert found == history(days, quarters)
    assert not found.discarded


def test_a_contradiction_behind_a_hole_leaves_what_is_newer() -> None:
    found = history(series(DAY_STEP, 10, 90), series(SIX_HOURS, 5, 5, 400, 600, None, 3))
    assert found.discarded == (DiscardReason.MISMATCH,)
    assert min(found.readings) == berlin(11, 17, 12)


def test_a_counter_that_was_set_back() -> None:
    found = history(series(MONTH_STEP, 400, 3_000), series(DAY_STEP, 5, 20, 30, 700), counter=0.06)
    assert found.discarded == (DiscardReason.MISMATCH, DiscardReason.COUNTER_RESET)
    found = history(series(MONTH_STEP, 800, 3_000), series(DAY_STEP, 5, 20, 30, 700), counter=0.06)
    assert found.discarded == (DiscardReason.COUNTER_RESET,)
    assert min(found.readings) == berlin(11, 16)
    assert min(found.readings.values()) == pytest.approx(0.005)


def test_rounding_is_no_counter_that_was_set_back() -> None:
    found = history(series(DAY_STEP, 5, 20, 30), counter=0.053)
    assert not found.discarded
    assert berlin(11, 16) < min(found.readings) < berlin(11, 16, 3)
    assert min(found.readings.values()) == 0


def test_a_device_that_was_paired_today() -> None:
    at = NOW - timedelta(minutes=1)
    found = history(
        series(MONTH_STEP, 140, *[None] * 23, at=at),
        series(DAY_STEP, 140, *[None] * 30, at=at),
        series(QUARTER_STEP, 10, 80, 50, *[None] * 93, at=at),
        counter=0.14,
    )
    assert not found.discarded
    newest = pytest.approx(0.14 - 0.01 * (6 * 60 + 12) / QUARTER_STEP)
    assert found.readings == {berlin(11, 18, 10): 0, berlin(11, 18, 11): newest}


def test_the_time_before_the_device_existed_is_no_history() -> None:
    """The numbers of a real plug that was new: zeros instead of unknown values."""
    at = datetime(2022, 10, 16, 5, 10, 36, tzinfo=UTC)
    found = history(
        series(MONTH_STEP, 447, *[0] * 11, at=at),
        series(DAY_STEP, 30, 307, 110, *[0] * 28, at=at),
        counter=0.447,
        now=at + timedelta(minutes=2),
    )
    start = midnight(date(2022, 10, 14))
    assert not found.discarded
    assert min(found.readings) == start
    assert found.readings[start] == pytest.approx(0)
    assert counted(found, start, start + DAY_STEP) == pytest.approx(110)


def test_statistics_that_begin_long_after_the_counter_are_reported() -> None:
    found = history(series(MONTH_STEP, 447, *[0] * 11), series(DAY_STEP, 30, 307, 110, *[0] * 28))
    assert found.discarded == (DiscardReason.NOTHING_BEFORE,)
    assert min(found.readings) == berlin(11, 16)
    assert not history(series(DAY_STEP, 30, 307, *[0] * 20)).discarded


def test_nothing_counted_is_no_history() -> None:
    assert history(series(MONTH_STEP, *[0] * 12), series(DAY_STEP, *[0] * 31)) == EnergyHistory(
        readings={}, discarded=()
    )
    assert history() == EnergyHistory(readings={}, discarded=())


def test_a_plug_with_pauses() -> None:
    """The numbers of a real plug; its months were updated a second after its days."""
    at = datetime(2023, 2, 27, 1, 0, 4, tzinfo=UTC)
    february = [343, 343, 347, 349, 348, 345, 345, 346, 348, 347, 346, 346, 344, 345, 346, 349]
    february += [346, 345, 348, 346, 345, 0, 0, 0, 344, 346, 344]
    assert sum(february) == 8301
    found = history(
        series(
            MONTH_STEP, 8301, 3256, 1455, 0, 0, 2, 0, 0, 0, 6, 0, 0, at=at + timedelta(seconds=1)
        ),
        series(DAY_STEP, *february, 342, 0, 0, 0, at=at),
        counter=13.02,
        now=datetime(2023, 2, 27, 13, 59, 16, tzinfo=UTC),
    )
    assert not found.discarded
    january, february_first = midnight(date(2023, 1, 1)), midnight(date(2023, 2, 1))
    assert counted(found, february_first, midnight(date(2023, 2, 26))) == pytest.approx(8301 - 686)
    assert counted(found, january, february_first) == pytest.approx(3256)
    assert counted(found, january, january + DAY_STEP) == pytest.approx((3256 - 342) / 27)
    assert min(found.readings) == midnight(date(2022, 5, 1))


@pytest.mark.parametrize(
    "steps", [(MONTH_STEP, DAY_STEP), (QUARTER_STEP, SIX_HOURS, DAY_STEP, MONTH_STEP)]
)
@pytest.mark.parametrize("counter", [16_153.96, 16_154.3])
def test_series_that_hold_the_whole_counter(steps: Sequence[int], counter: float) -> None:
    """As a real Energy 250 reports."""
    found = history(*(series(step, 16_153_955, 0, 0) for step in steps), counter=counter)
    assert found == EnergyHistory(readings={}, discarded=(DiscardReason.WHOLE_COUNTER,))


def test_one_series_that_holds_the_whole_counter_is_set_aside() -> None:
    found = history(series(DAY_STEP, 500_000, 300), series(MONTH_STEP, 70_000), counter=500.0)
    assert found.discarded == (DiscardReason.WHOLE_COUNTER,)
    assert found.readings[berlin(11, 1)] == pytest.approx(430)


def test_the_whole_counter_in_a_month_long_ago() -> None:
    found = history(series(MONTH_STEP, 100_000, 200_000, 9_000_000, 0), counter=9_300.0)
    assert found.discarded == (DiscardReason.WHOLE_COUNTER,)
    assert min(found.readings) == berlin(10, 1)
    assert min(found.readings.values()) == pytest.approx(9_000)


@pytest.mark.parametrize(
    "value", [-1, 1e12, float("nan"), float("inf"), float("-inf"), 24.5 * 43_500]
)
def test_impossible_values_are_as_good_as_unknown(value: float) -> None:
    found = history(series(DAY_STEP, 10, 20, value, 30), counter=9.0)
    assert found.discarded == (DiscardReason.IMPOSSIBLE, DiscardReason.UNKNOWN)
    assert min(found.readings) == berlin(11, 17)


@pytest.mark.parametrize("counter", [-1.0, 1e12, float("nan"), float("inf")])
def test_an_impossible_counter_has_no_history(counter: float) -> None:
    found = energy_history(
        in_kwh([series(DAY_STEP, 10, 20)]), counter=counter, now=NOW, zone=BERLIN
    )
    assert found == EnergyHistory(readings={}, discarded=(DiscardReason.IMPOSSIBLE,))


@pytest.mark.parametrize("step", [0, -900, 1, 10, HOUR, 7 * DAY_STEP])
def test_steps_that_no_box_knows_are_ignored(step: int) -> None:
    assert history(series(step, 10, 20)) == EnergyHistory(readings={}, discarded=())
    assert not hourly_means([series(step, 10, 20)], now=NOW)


# Whatever a box reports

MOMENT: Final = st.datetimes(
    datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)
) | st.sampled_from(MOMENTS)
VALUE: Final = st.none() | st.integers(0, 3000) | st.floats() | st.just(16_153_955)
ANY_SERIES: Final = st.builds(
    Series,
    step=st.sampled_from([QUARTER_STEP, SIX_HOURS, DAY_STEP, MONTH_STEP]) | st.integers(),
    values=st.lists(VALUE, max_size=40).map(tuple),
    at=st.none() | MOMENT | st.datetimes(timezones=st.just(UTC)),
)
ZONE: Final = st.sampled_from(
    ["Europe/Berlin", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana"]
).map(ZoneInfo)


@given(st.lists(ANY_SERIES, max_size=5), st.floats(), MOMENT, ZONE)
def test_nothing_is_refused(
    stats: list[Series], counter: float, now: datetime, zone: ZoneInfo
) -> None:
    history(*stats, counter=counter, now=now, zone=zone)
    for row in hourly_means(stats, now=now):
        assert row.min <= row.mean <= row.max
        assert row.start % HOUR == 0
        assert row.start + HOUR <= now.timestamp()


@given(
    st.lists(st.lists(st.none() | st.integers(0, 500), min_size=1, max_size=30), max_size=4),
    MOMENT,
    st.lists(st.integers(0, 3000), min_size=4, max_size=4),
    ZONE,
)
def test_what_is_read_is_consistent(
    values: list[list[int | None]], now: datetime, ages: list[int], zone: ZoneInfo
) -> None:
    stats = [
        series(step, *some, at=now - timedelta(seconds=age))
        for step, some, age in zip(
            [DAY_STEP, QUARTER_STEP, MONTH_STEP, SIX_HOURS], values, ages, strict=False
        )
    ]
    found = history(*stats, counter=5000.0, now=now, zone=zone)
    reached = min(found.readings.values(), default=5000.0)
    assert reached >= 5000 - sum(value or 0 for some in values for value in some) / 1000 - 1e-6
    # The order of the series says nothing.
    assert found == history(*reversed(stats), counter=5000.0, now=now, zone=zone)
