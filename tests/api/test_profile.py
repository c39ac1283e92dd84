"""The mean day, week and year, against brute force."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
import math
import random
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.api.profile import Group, Grouping, HourlyValue, profile

BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)
KEYS: dict[Grouping, Callable[[datetime], str]] = {
    Grouping.HOUR: lambda local: f"{local:%H}",
    Grouping.WEEKDAY: lambda local: f"{local:%a}",
    Grouping.DAY: lambda local: f"{local:%d}",
    Grouping.MONTH: lambda local: f"{local:%m}",
    Grouping.YEAR: lambda local: f"{local:%Y}",
}
WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

hours = st.lists(
    st.builds(
        HourlyValue,
        st.integers(0, 70 * 366 * 24).map(lambda hour: hour * 3600.0),
        st.floats(-1e9, 1e9, allow_subnormal=False),
    ),
    max_size=60,
)


def day(when: date, zone: ZoneInfo = BERLIN) -> list[HourlyValue]:
    """Return the hours of a day of the home, each with its number since the last midnight."""
    start = datetime.combine(when, datetime.min.time(), zone)
    end = datetime.combine(when + timedelta(days=1), datetime.min.time(), zone)
    first, last = int(start.timestamp()), int(end.timestamp())
    return [
        HourlyValue(float(at), float(number)) for number, at in enumerate(range(first, last, 3600))
    ]


def by_key(groups: list[Group]) -> dict[str, Group]:
    return {group.key: group for group in groups}


@pytest.mark.parametrize("grouping", Grouping)
@given(hours=hours)
def test_it_is_what_brute_force_comes_to(grouping: Grouping, hours: list[HourlyValue]) -> None:
    expected: dict[str, list[Fraction]] = {}
    for at, value in hours:
        local = datetime.fromtimestamp(at, UTC).astimezone(BERLIN)
        expected.setdefault(KEYS[grouping](local), []).append(Fraction(value))
    found = by_key(profile(hours, grouping, BERLIN))
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        group, count = found[key], len(values)
        mean = sum(values, Fraction()) / count
        largest = max(1.0, *(abs(float(value)) for value in values))
        near = pytest.approx
        assert group.count == count
        assert group.sum == near(float(mean * count), abs=largest * 1e-12)
        assert group.mean == near(float(mean), abs=largest * 1e-12)
        assert group.least == float(min(values))
        assert group.most == float(max(values))
        middle = sorted(values)[(count - 1) // 2 : count // 2 + 1]
        assert group.median == near(float(sum(middle) / len(middle)), abs=largest * 1e-12)
        variance = sum(((value - mean) ** 2 for value in values), Fraction()) / count
        assert group.deviation == near(math.sqrt(variance), abs=largest * 1e-8)


def test_the_hour_that_comes_twice_in_autumn_counts_twice() -> None:
    found = by_key(profile(day(AUTUMN), Grouping.HOUR, BERLIN))
    assert len(day(AUTUMN)) == 25
    assert [found[f"{hour:02}"].count for hour in range(5)] == [1, 1, 2, 1, 1]
    assert (found["02"].least, found["02"].most, found["02"].mean) == (2.0, 3.0, 2.5)
    assert found["23"].sum == 24.0


def test_the_hour_that_spring_lacks_is_not_there() -> None:
    found = by_key(profile(day(SPRING), Grouping.HOUR, BERLIN))
    assert len(day(SPRING)) == 23
    assert "02" not in found
    assert found["03"].sum == 2.0
    assert {group.count for group in found.values()} == {1}


@pytest.mark.parametrize(("when", "count"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 7, 5), 24)])
def test_a_sunday_has_as_many_hours_as_it_has(when: date, count: int) -> None:
    [group] = profile(day(when), Grouping.WEEKDAY, BERLIN)
    assert (group.key, group.count) == ("Sun", count)


def test_weeks_begin_on_monday_and_days_at_midnight_of_the_home() -> None:
    monday = date(2026, 6, 1)
    week = [
        HourlyValue(at, float(number))
        for number in range(7)
        for at, _ in day(monday + timedelta(days=6 - number))
    ]
    found = profile(week, Grouping.WEEKDAY, BERLIN)
    assert [group.key for group in found] == WEEK
    assert [group.mean for group in found] == [6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]
    assert {group.count for group in found} == {24}


def test_the_year_begins_where_the_home_is() -> None:
    midnight = datetime(2026, 1, 1, tzinfo=BERLIN).timestamp()
    around = [HourlyValue(midnight - 3600, 1.0), HourlyValue(midnight, 2.0)]
    assert [group.key for group in profile(around, Grouping.YEAR, BERLIN)] == ["2025", "2026"]
    assert [group.key for group in profile(around, Grouping.YEAR, ZoneInfo("UTC"))] == ["2025"]
    months = profile(around, Grouping.MONTH, BERLIN)
    assert [(group.key, group.sum) for group in months] == [("01", 2.0), ("12", 1.0)]


def test_zones_may_lie_beside_full_hours() -> None:
    start = datetime(2026, 1, 1, 0, 0, tzinfo=UTC).timestamp()
    hour = HourlyValue(start, 1.0)
    assert [group.key for group in profile([hour], Grouping.HOUR, KATHMANDU)] == ["05"]


def test_a_year_has_all_its_hours() -> None:
    year = [
        item for number in range(365) for item in day(date(2025, 1, 1) + timedelta(days=number))
    ]
    assert len(year) == 8760
    found = profile(year, Grouping.HOUR, BERLIN)
    assert [group.key for group in found] == [f"{hour:02}" for hour in range(24)]
    assert [group.count for group in found] == [365, 365, *[365] * 22]
    assert [group.key for group in profile(year, Grouping.MONTH, BERLIN)] == [
        f"{month:02}" for month in range(1, 13)
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e301, -1e150])
def test_what_is_no_measurement_is_left_out(value: float) -> None:
    wrong, right = HourlyValue(0.0, value), HourlyValue(3600.0 * 24, 5.0)
    [group] = profile([wrong, right], Grouping.HOUR, BERLIN)
    assert (group.count, group.sum, group.deviation) == (1, 5.0, 0.0)
    assert profile([wrong], Grouping.HOUR, BERLIN) == []


def test_nothing_comes_to_nothing() -> None:
    assert profile([], Grouping.MONTH, BERLIN) == []


def test_small_differences_of_large_numbers_are_not_lost() -> None:
    days = [
        HourlyValue(number * 86400.0, 1e9 + offset) for number, offset in enumerate((4, 7, 13, 16))
    ]
    [group] = profile(days, Grouping.HOUR, ZoneInfo("UTC"))
    assert group.mean == 1e9 + 10
    assert group.deviation == pytest.approx(math.sqrt(22.5), rel=1e-12)


def test_the_order_of_the_hours_does_not_matter() -> None:
    draw = random.Random(7)
    given_hours = [HourlyValue(number * 3600.0, draw.uniform(-1e6, 1e-6)) for number in range(2000)]
    shuffled = given_hours[:]
    draw.shuffle(shuffled)
    for grouping in Grouping:
        assert profile(shuffled, grouping, BERLIN) == profile(given_hours, grouping, BERLIN)


def test_quartiles_stand_beside_the_median() -> None:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
    values = [1.0, 2.0, 3.0, 4.0, 100.0]
    hours = [HourlyValue(start + 86400 * day, value) for day, value in enumerate(values)]
    (group,) = profile(hours, Grouping.HOUR, UTC)
    assert (group.lower_quartile, group.median, group.upper_quartile) == (2.0, 3.0, 4.0)
    (group,) = profile(hours[:1], Grouping.HOUR, UTC)
    assert (group.lower_quartile, group.median, group.upper_quartile) == (1.0, 1.0, 1.0)
