"""How known hours shape the days of which only a total is known."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.planning.load_shape import (
    Daylight,
    LoadShape,
    known_hours,
)
from custom_components.py_hab.history.planning.rows import HOUR, Row

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

DAY: Final = 24 * HOUR
BERLIN: Final = ZoneInfo("Europe/Berlin")


def at(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def split(shape: LoadShape, start: int, end: int, energy: float) -> dict[int, float]:
    """The kWh of each hour, by its start."""
    counted = {start: 0.0, **shape.split(start, end, energy)}
    return {one: counted[two] - counted[one] for one, two in pairwise(counted)}


def test_without_known_hours_energy_is_spread_evenly() -> None:
    start = at(2026, 7, 1)
    found = split(LoadShape({}, UTC), start, start + DAY, 12.0)
    assert list(found.values()) == pytest.approx([0.5] * 24)


def test_one_known_day_gives_all_days_its_shape() -> None:
    known = {at(2026, 7, 1, hour): 3.0 if hour == 18 else 1.0 for hour in range(24)}
    start = at(2026, 1, 10)
    found = split(LoadShape(known, UTC), start, start + DAY, 13.0)
    assert list(found.values()) == pytest.approx([1.5 if hour == 18 else 0.5 for hour in range(24)])


def test_no_hour_gets_more_than_the_largest_known_one() -> None:
    known = {at(2026, 7, 1, hour): 3.0 if hour == 18 else 1.0 for hour in range(24)}
    start = at(2026, 1, 10)
    found = split(LoadShape(known, UTC), start, start + DAY, 49.0)
    assert list(found.values()) == pytest.approx([3.0 if hour == 18 else 2.0 for hour in range(24)])


def test_season_and_weekday_decide_once_three_such_hours_are_known() -> None:
    winter, summer = at(2026, 1, 5), at(2026, 7, 6)  # Mondays
    known = {
        first + day * DAY + hour * HOUR: (
            5.0 if hour == (6 if first == winter else 22) + (day % 7 >= 5) else 0.0
        )
        for first in (winter, summer)
        for day in range(28)
        for hour in range(24)
    }
    shape = LoadShape(known, UTC)
    for day, month, hour in ((5, 1, 6), (10, 1, 7), (6, 7, 22), (11, 7, 23)):
        start = at(2025, month, day + 1)  # 2025 begins a day earlier in the week
        found = split(shape, start, start + DAY, 4.0)
        assert found[start + hour * HOUR] == pytest.approx(4.0)
    # A season of which nothing is known has the shape of all others.
    spring = split(shape, at(2026, 4, 13), at(2026, 4, 14), 8.0)
    assert spring[at(2026, 4, 13, 6)] > 1
    assert spring[at(2026, 4, 13, 22)] > 1
    assert spring[at(2026, 4, 13, 12)] == 0


def test_feed_in_takes_place_by_day_only() -> None:
    start = at(2026, 7, 1)
    daylight = [Daylight(start + 4.5 * HOUR, start + 19 * HOUR)]
    found = split(LoadShape({}, UTC, daylight), start, start + DAY, 29.0)
    kwh = list(found.values())
    assert kwh[:4] == [0.0] * 4
    assert kwh[4] == pytest.approx(1.0)
    assert kwh[5:19] == pytest.approx([2.0] * 14)
    assert kwh[19:] == pytest.approx([0.0] * 5)
    # Also where an earlier repair shows some in the dark.
    known = {start - DAY + hour * HOUR: 1.0 for hour in range(24)}
    assert split(LoadShape(known, UTC, daylight), start, start + DAY, 29.0) == pytest.approx(found)


def test_what_is_fed_in_in_the_dark_all_the_same_is_not_lost() -> None:
    start = at(2026, 12, 1)
    found = split(LoadShape({}, UTC, []), start, start + 4 * HOUR, 2.0)
    assert list(found.values()) == pytest.approx([0.5] * 4)


@pytest.mark.parametrize(("day", "hours"), [((2026, 10, 25), 25), ((2026, 3, 29), 23)])
def test_days_of_a_clock_change_keep_their_total(day: tuple[int, int, int], hours: int) -> None:
    start = int(datetime(*day, tzinfo=BERLIN).timestamp())
    known = {at(2026, 6, 1) + hour * HOUR: 1.0 + hour % 24 for hour in range(24 * 28)}
    found = split(LoadShape(known, BERLIN), start, start + hours * HOUR, 10.0)
    assert len(found) == hours
    assert sum(found.values()) == pytest.approx(10.0)
    assert all(kwh > 0 for kwh in found.values())


def test_known_hours_are_those_between_adjoining_rows() -> None:
    rows = [
        Row(0, HOUR, 1.0, 1.0),
        Row(HOUR, HOUR, 3.0, 3.0),
        Row(2 * HOUR, HOUR, 4.0, 4.0),
        Row(4 * HOUR, HOUR, 9.0, 9.0),
        Row(5 * HOUR, HOUR, 1.0, 1.0),
    ]
    assert known_hours(rows, {HOUR}) == {2 * HOUR: 1.0}


@given(
    start=st.integers(0, 800 * 24).map(lambda hour: at(2024, 1, 1) + hour * HOUR),
    hours=st.integers(1, 31 * 24),
    watt_hours=st.integers(0, 500_000),
    known=st.dictionaries(st.integers(0, 24 * 40), st.floats(0.0, 20.0), max_size=60),
    is_fed_in=st.booleans(),
)
def test_totals_are_exact_to_the_watt_hour_and_no_hour_is_negative(
    start: int, hours: int, watt_hours: int, known: dict[int, float], *, is_fed_in: bool
) -> None:
    daylight = [
        Daylight(day + 6.3 * HOUR, day + 17.8 * HOUR)
        for day in range(at(2023, 12, 30), at(2026, 5, 1), DAY)
    ]
    shape = LoadShape(
        {at(2025, 1, 1) + hour * HOUR: kwh for hour, kwh in known.items()},
        BERLIN,
        daylight if is_fed_in else None,
    )
    end = start + hours * HOUR
    counted = shape.split(start, end, watt_hours / 1000)
    assert round(counted[end] * 1000, 6) == watt_hours
    values = [0.0, *counted.values()]
    assert all(one <= two + 1e-9 for one, two in pairwise(values))
