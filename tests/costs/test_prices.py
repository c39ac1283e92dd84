"""Prices: from which day, at what time of the week, and what is wrong with a list of them."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.py_hab.costs.prices import (
    HOUR,
    Price,
    PriceError,
    PriceFault,
    Tariff,
    Window,
    check,
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
    assert tariff.at(hour(2025, 5, 5)) == (-0.05, 0.0, "sensor.market")


@pytest.mark.parametrize(
    ("fault", "where", "prices"),
    [
        (PriceFault.NO_PRICE, None, [{}]),
        (PriceFault.NEGATIVE_BASE, None, [{"price": 0.3, "base": -0.01}]),
        (PriceFault.SAME_DAY, None, [{"price": 0.3}, {"price": 0.4}]),
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
