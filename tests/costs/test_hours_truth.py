"""Costs of hours beside a calculation that knows nothing but minutes, the clock on the wall, and the list."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
import random
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.py_hab.costs.hours import hourly_costs
from custom_components.py_hab.costs.prices import HOUR, Price, Tariff, Window

MARKET: Final = "sensor.market"
MINUTE: Final = timedelta(minutes=1)


def price_of_minute(price: Price, local: datetime) -> float:
    """Return the price per kWh of a minute, beside that of an entity."""
    shown = local.replace(tzinfo=None)
    # The window that began on the day before may last until today.
    midnights = [datetime.combine(shown - timedelta(days=back), time()) for back in (0, 1)]
    for window in price.windows:
        for midnight in midnights:
            if midnight.weekday() not in window.weekdays:
                continue
            begin, end = midnight + window.start * MINUTE, midnight + window.end * MINUTE
            if end <= begin:
                end += timedelta(days=1)
            if begin <= shown < end:
                return window.price
    return price.price or 0.0


@cache
def hours_of_month(year: int, month: int, zone: ZoneInfo) -> int:
    """Return how many hours a month has by the clock on the wall."""
    first = int(datetime(year, month, 1, tzinfo=zone).timestamp())
    hours = (datetime.fromtimestamp(first + number * HOUR, zone) for number in range(32 * 24))
    return sum(hour.month == month for hour in hours)


def truth(
    start: int, kwh: float, prices: list[Price], zone: ZoneInfo, market: dict[int, float]
) -> float | None:
    """Return what an hour has cost, minute by minute."""
    total = 0.0
    hour = datetime.fromtimestamp(start, zone)
    month = hours_of_month(hour.year, hour.month, zone)
    for number in range(60):
        moment = datetime.fromtimestamp(start, UTC) + number * MINUTE
        local = moment.astimezone(zone)
        begun = [each for each in prices if each.begin.replace(tzinfo=zone) <= moment]
        if not begun:
            return None
        held = max(begun, key=lambda each: each.begin.replace(tzinfo=zone).timestamp())
        cost = price_of_minute(held, local) * kwh
        if held.entity is not None:
            if start not in market:
                return None
            cost += market[start] * kwh
        total += (cost + held.base / month) / 60
    return total


def compare(
    prices: list[Price], zone_name: str, first: datetime, days: int, market: dict[int, float]
) -> int:
    """Compare all hours of some days with the truth; return how many have a cost."""
    zone = ZoneInfo(zone_name)
    start = int(first.replace(tzinfo=zone).timestamp()) // HOUR * HOUR
    hours = range(start, start + days * 24 * HOUR, HOUR)
    energies = {each: 0.1 + (each // HOUR % 17) / 10 for each in hours}
    shuffled = random.Random(3).sample(prices, len(prices))
    found = {
        hour.start: hour.cost
        for hour in hourly_costs(energies, Tariff(shuffled, zone), {MARKET: market})
    }
    for each, kwh in energies.items():
        expected = truth(each, kwh, prices, zone, market)
        if expected is None:
            assert found.get(each) is None, datetime.fromtimestamp(each, zone)
        else:
            assert found[each] == pytest.approx(expected, abs=1e-9), datetime.fromtimestamp(
                each, zone
            )
    return sum(cost is not None for cost in found.values())


SPRING: Final = datetime(2026, 3, 27)
AUTUMN: Final = datetime(2026, 10, 23)
LATE: Final = Window(start=22 * 60, end=24 * 60, price=0.11)
BY_CLOCK: Final = (
    [Window(start=22 * 60, end=6 * 60, price=0.21)],
    # Only the hour that a change of the clock skips or repeats.
    [Window(start=2 * 60, end=3 * 60, price=-0.05)],
    [Window(weekdays=[6], start=2 * 60 + 15, end=2 * 60 + 45, price=0.99)],
    # On Sundays from Saturday evening on, over the end of the week.
    [Window(weekdays=[5], start=20 * 60, end=4 * 60, price=0.2)],
    [Window(weekdays=[6], start=23 * 60 + 30, end=30, price=0.2)],
    [LATE, Window(start=0, end=6 * 60, price=0.12)],
    [Window(weekdays=[5, 6], start=0, end=0, price=0.18)],
    # § 14a EnWG, module 3: low, standard and high tariff.
    [
        Window(start=0, end=6 * 60, price=0.19),
        Window(start=17 * 60, end=21 * 60, price=0.41),
    ],
)


@pytest.mark.parametrize("windows", BY_CLOCK)
@pytest.mark.parametrize("first", [SPRING, AUTUMN])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns"])
def test_windows_over_both_changes_of_the_clock(
    windows: list[Window], first: datetime, zone: str
) -> None:
    price = Price(since=date(2020, 1, 1), price=0.33, base=13.37, windows=windows)
    assert compare([price], zone, first, 5, {}) == 5 * 24


def test_module_3_holds_in_some_quarters_only() -> None:
    low, high = BY_CLOCK[-1]
    prices = [
        Price(since=date(2026, 1, 1), price=0.33, base=10.0, windows=[low, high]),
        Price(since=date(2026, 4, 1), price=0.33, base=10.0),
        Price(since=date(2026, 10, 1), price=0.34, base=12.0, windows=[low, high]),
    ]
    compare(prices, "Europe/Berlin", datetime(2026, 3, 30), 4, {})
    compare(prices, "Europe/Berlin", datetime(2026, 9, 29), 4, {})


def test_a_market_that_is_negative_and_silent_for_hours_changes_the_tariff_at_any_minute() -> None:
    begin = int(datetime(2026, 10, 24, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())
    market = {
        begin + number * HOUR: (number % 7 - 3) / 10 for number in range(72) if number % 11 < 9
    }
    prices = [
        Price(since=date(2026, 10, 24), minute=615, price=0.3, base=9.9),
        Price(since=date(2026, 10, 24), minute=1001, price=0.12, base=4.0, entity=MARKET),
        Price(since=date(2026, 10, 25), minute=150, price=None, entity=MARKET),
        Price(since=date(2026, 10, 25), minute=185, price=0.12, entity=MARKET, windows=[LATE]),
        Price(since=date(2026, 10, 26), minute=1, price=-0.02),
        Price(since=date(9999, 12, 31), price=99.0),
    ]
    assert compare(prices, "Europe/Berlin", datetime(2026, 10, 24), 3, market) < 72


def test_prices_at_random() -> None:
    for seed in range(8):
        dice = random.Random(seed)

        def price(dice: random.Random = dice, seed: int = seed) -> Price:
            edges = sorted(dice.sample(range(0, 24 * 60, 5), 4))
            windows = [
                Window(weekdays=sorted(dice.sample(range(7), 3)), start=start, end=end, price=price)
                for start, end, price in (
                    (edges[0], edges[1], 0.1),
                    # Across midnight, of days that the first one does not begin in.
                    (edges[3], edges[0], -0.2),
                )
            ]
            return Price(
                since=date(2026, 3, 27) + timedelta(days=dice.randrange(5)),
                minute=dice.randrange(24 * 60),
                price=dice.choice([0.3, -0.1, 0.0]),
                base=dice.choice([0.0, 12.34]),
                windows=windows[: seed % 3],
            )

        prices = list({each.begin: each for each in (price() for _ in range(3))}.values())
        zone = dice.choice(["Europe/Berlin", "Asia/Kolkata", "America/New_York"])
        compare(prices, zone, datetime(2026, 3, 27), 4, {})
