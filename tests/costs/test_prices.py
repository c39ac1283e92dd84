"""Prices: from which day, at what time of the week, and what is wrong with a list of them."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.py_hab.costs.prices import (
    HOUR,
    NEVER,
    Price,
    PriceError,
    PriceFault,
    Tariff,
    Window,
    agree_until,
    check,
    have_base_at_once,
    midnight,
)
from custom_components.py_hab.util.records import decode, encode

BERLIN: Final = ZoneInfo("Europe/Berlin")
SINCE: Final = date(2025, 1, 1)
NIGHT: Final = Window(start=22 * 60, end=6 * 60, price=0.20)
DAY: Final = Window(start=6 * 60, end=22 * 60, price=0.35)
SOME_DAYS: Final = Window(weekdays=[1, 2, 3, 4, 5, 6], start=6 * 60, end=22 * 60, price=0.35)
SOME_NIGHTS: Final = Window(weekdays=[6, 0, 1, 2, 3, 4], start=22 * 60, end=6 * 60, price=0.20)


def hour(*clock: int, zone: ZoneInfo = BERLIN) -> int:
    """Return when a local hour begins, from year to minute."""
    year, month, day, at, minute = (*clock, 0, 0)[:5]
    return int(datetime(year, month, day, at, minute, tzinfo=zone).timestamp())


def price_at(price: Price, start: int, zone: ZoneInfo = BERLIN) -> float:
    """Return the price of an hour."""
    found = Tariff([price], zone).at(start)
    assert found is not None
    return found.price


def test_a_price_holds_from_its_day_until_the_next_one() -> None:
    later = Price(since=date(2025, 3, 1), price=0.31, base=10.0)
    tariff = Tariff([later, Price(since=SINCE, price=0.28)], BERLIN)
    assert tariff.start == hour(2025, 1, 1)
    assert tariff.at(hour(2024, 12, 31, 23)) is None
    found = [tariff.at(hour(*day)) for day in ((2025, 1, 1), (2025, 2, 28, 23), (2025, 3, 1))]
    assert [each and each.price for each in found] == [0.28, 0.28, 0.31]
    assert Tariff([], BERLIN).start is None
    assert Tariff([], BERLIN).at(hour(2025, 1, 1)) is None


@pytest.mark.parametrize(
    ("month", "hours"), [((2025, 1), 744), ((2025, 3), 743), ((2025, 10), 745), ((2024, 2), 696)]
)
@pytest.mark.parametrize("zone", [BERLIN, ZoneInfo("Asia/Kolkata")])
def test_the_base_price_of_a_month_is_the_sum_of_its_hours(
    month: tuple[int, int], hours: int, zone: ZoneInfo
) -> None:
    tariff = Tariff([Price(since=date(2024, 1, 1), price=0.3, base=11.9)], zone)
    first = midnight(date(*month, 1), zone)
    start = int(-(-first // HOUR) * HOUR)
    following = date(*month, 28) + timedelta(days=4)
    end = midnight(following.replace(day=1), zone)
    bases = [found.base for each in range(start, int(end), HOUR) if (found := tariff.at(each))]
    assert sum(bases) == pytest.approx(11.9)
    assert len(bases) == (hours if zone is BERLIN else round(hours / 24) * 24)


def test_windows_follow_the_clock_on_the_wall_over_its_changes() -> None:
    price = Price(since=SINCE, windows=[NIGHT, DAY])
    spring = [hour(2025, 3, 30) + number * HOUR for number in range(23)]
    autumn = [hour(2025, 10, 26) + number * HOUR for number in range(25)]
    assert [price_at(price, start) for start in spring] == [0.20] * 5 + [0.35] * 16 + [0.20] * 2
    assert [price_at(price, start) for start in autumn] == [0.20] * 7 + [0.35] * 16 + [0.20] * 2


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    sunday = Window(weekdays=[6], start=23 * 60, end=2 * 60, price=0.10)
    price = Price(since=SINCE, price=0.30, windows=[sunday])
    monday = hour(2025, 6, 2)
    found = [price_at(price, monday + number * HOUR) for number in range(-2, 3)]
    assert found == [0.30, 0.10, 0.10, 0.10, 0.30]


def test_a_change_within_an_hour_counts_by_its_minutes() -> None:
    price = Price(since=SINCE, price=0.40, windows=[Window(start=615, end=630, price=0.20)])
    assert price_at(price, hour(2025, 6, 2, 10)) == pytest.approx(0.35)
    # An hour of a statistic begins at half past on the wall.
    kolkata = ZoneInfo("Asia/Kolkata")
    half = Price(since=SINCE, price=0.40, windows=[Window(start=600, end=660, price=0.20)])
    assert price_at(half, hour(2025, 6, 2, 9, 30, zone=kolkata), kolkata) == pytest.approx(0.30)


def test_a_price_may_follow_an_entity_and_be_negative() -> None:
    tariff = Tariff([Price(since=SINCE, price=-0.05, entity="sensor.market")], BERLIN)
    assert tariff.entities == {"sensor.market"}
    assert tariff.at(hour(2025, 5, 5)) == (-0.05, 0.0, {"sensor.market": 1.0})


@pytest.mark.parametrize(
    ("fault", "where", "prices"),
    [
        (PriceFault.NO_PRICE, None, [{}]),
        (PriceFault.NEGATIVE_BASE, None, [{"price": 0.3, "base": -0.01}]),
        (PriceFault.SAME_TIME, None, [{"price": 0.3}, {"price": 0.4}]),
        (PriceFault.GAP, (0, 360), [{"windows": [NIGHT]}]),
        (PriceFault.GAP, (0, 0), [{"windows": [DAY]}]),
        (PriceFault.GAP, (0, 360), [{"windows": [NIGHT, SOME_DAYS]}]),
        (PriceFault.GAP, (5, 1320), [{"windows": [DAY, SOME_NIGHTS]}]),
        (PriceFault.OVERLAP, (0, 1260), [{"windows": [DAY, Window(start=1260, end=0, price=0)]}]),
        (PriceFault.OVERLAP, (0, 360), [{"price": 0.3, "windows": [DAY, DAY]}]),
    ],
)
def test_a_price_that_cannot_be_used_is_refused(
    fault: PriceFault, where: tuple[int, int] | None, prices: list[dict[str, Any]]
) -> None:
    with pytest.raises(PriceError) as caught:
        check([Price(since=SINCE, **fields) for fields in prices])
    assert (caught.value.fault, caught.value.where) == (fault, where)
    if caught.value.where:
        assert caught.value.where.time.minute == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"price": -0.03},
        {"entity": "sensor.market"},
        {"windows": [DAY, NIGHT]},
        {"windows": [Window(start=0, end=0, price=0.3)]},
        {"entity": "sensor.market", "windows": [NIGHT]},
    ],
)
def test_a_price_that_leaves_no_time_out_is_accepted(fields: dict[str, Any]) -> None:
    check([Price(since=SINCE, **fields), Price(since=date(2026, 1, 1), price=0.0)])


def test_prices_are_stored_and_read_again() -> None:
    prices = [Price(since=SINCE, price=0.3, base=9.5, windows=[NIGHT], entity="sensor.market")]
    assert decode(list[Price], encode(prices)) == prices
    assert encode(prices)[0]["since"] == "2025-01-01"
    with pytest.raises(ValueError, match="month"):
        decode(Price, {"since": "2025-13-01"})


def begins(minute: int, price: float, *, day: date = SINCE, **more: Any) -> Price:
    """Return a price from a minute of a day on."""
    return Price(since=day, minute=minute, price=price, **more)


def prices_of(tariff: Tariff, day: date, hours: int) -> list[float]:
    """Return the prices of the first hours of a day."""
    first = hour(day.year, day.month, day.day)
    found = [tariff.at(first + number * HOUR) for number in range(hours)]
    return [round(each.price, 9) for each in found if each]


def test_a_price_may_change_in_the_middle_of_a_day_and_of_an_hour() -> None:
    day = date(2025, 6, 2)
    before = Price(since=SINCE, price=0.20, base=72.0)
    noon = begins(12 * 60, 0.30, day=day, base=72.0)
    assert prices_of(Tariff([before, noon], BERLIN), day, 24) == [0.20] * 12 + [0.30] * 12
    # A quarter of the hour has the price before.
    tariff = Tariff([begins(12 * 60 + 15, 0.40, day=day, base=144.0), before], BERLIN)
    assert prices_of(tariff, day, 14) == [0.20] * 12 + [0.35, 0.40]
    found = tariff.at(hour(2025, 6, 2, 12))
    assert found is not None
    assert found.base == pytest.approx(0.1 / 4 + 0.2 * 3 / 4)


def test_several_changes_within_one_hour_count_by_their_minutes_with_windows_and_entities() -> None:
    noon = 12 * 60
    tariff = Tariff(
        [
            Price(since=date(2024, 1, 1), entity="sensor.market"),
            begins(noon + 15, 0.10, entity="sensor.other"),
            begins(noon + 30, 0.20, windows=[Window(start=noon + 45, end=noon + 60, price=0.60)]),
        ],
        BERLIN,
    )
    found = tariff.at(hour(2025, 1, 1, 12))
    assert found is not None
    assert found.price == pytest.approx(0.10 / 4 + 0.20 / 4 + 0.60 / 4)
    assert found.entities == {"sensor.market": 0.25, "sensor.other": 0.25}
    # The price of an entity is needed for all of the hour in which it begins.
    assert tariff.first_of("sensor.other") == hour(2025, 1, 1, 12)


@pytest.mark.parametrize(
    ("day", "minute", "hours", "changes_after"),
    [
        (date(2025, 3, 30), 60, 23, 1),
        # This hour is skipped: the price holds once it would have been.
        (date(2025, 3, 30), 120, 23, 2),
        (date(2025, 3, 30), 180, 23, 2),
        (date(2025, 3, 30), 240, 23, 3),
        (date(2025, 10, 26), 60, 25, 1),
        # This hour comes twice: the price holds from the first one on.
        (date(2025, 10, 26), 120, 25, 2),
        (date(2025, 10, 26), 180, 25, 4),
    ],
)
def test_a_price_begins_by_the_clock_on_the_wall(
    day: date, minute: int, hours: int, changes_after: int
) -> None:
    tariff = Tariff([Price(since=SINCE, price=0.2), begins(minute, 0.3, day=day)], BERLIN)
    expected = [0.2] * changes_after + [0.3] * (hours - changes_after)
    assert prices_of(tariff, day, hours) == expected


def test_a_skipped_time_comes_after_one_that_is_not() -> None:
    night = date(2025, 3, 30)
    prices = [begins(150, 0.3, day=night), begins(195, 0.4, day=night), begins(210, 0.5, day=night)]
    tariff = Tariff([Price(since=SINCE, price=0.2), *prices], BERLIN)
    # 02:30 is 03:30: a quarter of an hour at 0.2, one at 0.4, and then the later one.
    assert prices_of(tariff, night, 4) == [0.2, 0.2, 0.2 / 4 + 0.4 / 4 + 0.5 / 2, 0.5]


def test_prices_that_were_stored_without_a_time_begin_at_midnight() -> None:
    stored = {"since": "2025-01-01", "price": 0.3, "base": 0.0, "windows": [], "entity": None}
    assert decode(Price, stored) == Price(since=SINCE, price=0.3)
    later = begins(720, 0.4)
    check([decode(Price, stored), later])
    with pytest.raises(PriceError) as caught:
        check([later, later])
    assert caught.value.fault is PriceFault.SAME_TIME


def test_two_lists_of_prices_have_a_base_price_at_once_only_where_both_have_one() -> None:
    def since(year: int, base: float) -> Price:
        return Price(since=date(year, 1, 1), price=0.3, base=base)

    always = [since(2020, 10.0)]
    assert have_base_at_once(always, [since(2025, 0.0), since(2022, 5.0)])
    assert not have_base_at_once(always, [since(2022, 0.0)])
    # One follows the other.
    assert not have_base_at_once(
        [since(2020, 10.0), since(2024, 0.0)], [since(2020, 0.0), since(2024, 12.0)]
    )
    assert not have_base_at_once(always, [])


def test_two_lists_of_prices_are_the_same_up_to_the_first_change() -> None:
    first, second = (Price(since=date(year, 1, 1), price=0.3) for year in (2024, 2025))
    later = Price(since=date(2025, 6, 1), minute=90, price=0.4)

    def until(one: list[Price], other: list[Price]) -> int:
        assert agree_until(one, other, BERLIN) == agree_until(other, one, BERLIN)
        return agree_until(one, other, BERLIN)

    def begin(price: Price) -> float:
        return price.begin.replace(tzinfo=BERLIN).timestamp()

    assert until([second, first], [first, second]) == NEVER == until([], [])
    assert until([first], [first, later]) == begin(later)
    assert until([first, second], [first, later]) == begin(second)
    assert until([first], [replace(first, base=9.0)]) == begin(first) == until([], [first])
