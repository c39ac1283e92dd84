"""Worlds with prices: what goes wrong with a counter, a clock or a price goes on into the costs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from custom_components.py_hab.costs.account import CONF_PRICES, CounterPrices, to_options
from custom_components.py_hab.costs.prices import Price, Window
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder.statistics import async_import_statistics
from simulator.fritzbox_devices import REFRIGERATOR

from .events import does, no_power, options, reader_off, swap, undo
from .home_assistant import ZONE
from .house import EVENING
from .life import Life
from .meter_source import MAC
from .world import RECORDED, Event, Rank, Source, Step, World, after, at, joined

BERLIN: Final = ZoneInfo(ZONE)
MARKET: Final = "sensor.market"
MARCH: Final = datetime(2026, 3, 28, 22, tzinfo=UTC)
"""Three hours before the clocks are set forward."""
OCTOBER: Final = datetime(2026, 10, 24, 22, tzinfo=UTC)
SPRING: Final = datetime(2026, 4, 14, 6, tzinfo=UTC)
BASE: Final = 14.4
"""A month."""

type TruePrice = Callable[[datetime], float | None]
"""The price per kWh of an hour by the clock on the wall; None if nobody knows it."""


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A world, and the truth about its prices at the end."""

    world: World
    price: TruePrice
    series: str = "import"
    base: float = 0.0
    waiting: int = 0
    """Hours whose price nobody has reported."""
    cents: float = 1.0
    """By how many cents the total may be off."""
    is_undone: bool = False
    """Whether the user has taken everything back."""


def _options(*prices: Price, id: str = "first") -> Mapping[str, Any]:
    """Return the options of an entry with prices of a meter's import, and of a plug."""
    known = CounterPrices(id=id, prices=list(prices))
    counters = (f"{MAC}_energy_import", f"{REFRIGERATOR}_energy")
    return {CONF_PRICES: to_options(dict.fromkeys(counters, known))}


QUIET: Final = timedelta(minutes=6)
"""At the end of a world nothing flows: its last reading is in the statistics."""


def _meter(name: str, lasts: str, *timed: Sequence[Step], **changes: Any) -> World:
    end = Step(
        after=after(lasts) - QUIET,
        act=no_power(minutes=QUIET.seconds // 60).begins,
        rank=Rank.WORDS,
    )
    kind: dict[str, Any] = {
        "start": SPRING,
        "spacing": timedelta(minutes=5),
        "first": timedelta(minutes=4, seconds=59),
        "powers": EVENING,
        "recorded": (*RECORDED, MARKET),
    }
    return World(name=name, lasts=after(lasts), steps=[*joined(timed), end], **(kind | changes))


def shows(price: float | None) -> Event:
    """An entity shows a price in ct/kWh, or none."""

    async def begins(life: Life) -> None:
        text = "unavailable" if price is None else str(price)
        life.computer.hass.states.async_set(MARKET, text, {"unit_of_measurement": "ct/kWh"})

    return does(begins)


def reports_late(*prices: float) -> Event:
    """Prices of the last full hours arrive at last, in ct/kWh, oldest first."""

    async def begins(life: Life) -> None:
        hour = life.computer.clock.now.replace(minute=0, second=0, microsecond=0)
        first = hour - timedelta(hours=len(prices))
        async_import_statistics(
            life.computer.hass,
            new_metadata(Statistic(id=MARKET, unit="ct/kWh", has_sum=False)),
            [
                {"start": first + timedelta(hours=number), "mean": price}
                for number, price in enumerate(prices)
            ],
        )
        await life.computer.recorded()

    return does(begins)


NIGHT: Final = Window(start=22 * 60, end=6 * 60, price=0.2145)
FLAT: Final = Price(since=date(2020, 1, 1), price=0.3211, base=BASE)
TWO_TARIFFS: Final = Price(since=date(2020, 1, 1), price=0.3872, windows=[NIGHT])
DYNAMIC: Final = Price(since=date(2020, 1, 1), price=0.1234, entity=MARKET)
LATER: Final = Price(since=SPRING.date(), price=0.4123)


def _from(begin: datetime) -> tuple[Price, Price]:
    """Return two prices, of which the second one holds from a time on, by the clock on the wall."""
    minute = begin.hour * 60 + begin.minute
    return (
        Price(since=date(2020, 1, 1), price=0.3211),
        Price(since=begin.date(), minute=minute, price=0.4123),
    )


def _changed(begin: datetime) -> TruePrice:
    """Return the price of hours before and after such a time; it is never repeated by a clock."""
    return lambda hour: 0.4123 if hour.replace(tzinfo=None) >= begin else 0.3211


def _two_tariffs(hour: datetime) -> float:
    return 0.2145 if hour.hour >= 22 or hour.hour < 6 else 0.3872


def hours_of_month(local: datetime) -> int:
    """Return the hours of the month of a time, by the clock on the wall."""
    first = local.replace(day=1, hour=0, minute=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return round((following.timestamp() - first.timestamp()) / 3600)


def _market(*cents: float | None) -> TruePrice:
    """Return the price of hours from the start of the spring day on."""

    def price(hour: datetime) -> float | None:
        number = int((hour - SPRING).total_seconds()) // 3600
        shown = cents[number]
        return None if shown is None else 0.1234 + shown / 100

    return price


PRICED: Final[tuple[Priced, ...]] = (
    Priced(
        world=_meter(
            "high and low tariff in the March night",
            "9:00",
            start=MARCH,
            options=_options(TWO_TARIFFS),
        ),
        price=_two_tariffs,
    ),
    Priced(
        world=_meter(
            "high and low tariff in the October night",
            "10:00",
            start=OCTOBER,
            options=_options(TWO_TARIFFS),
        ),
        price=_two_tariffs,
    ),
    Priced(
        world=_meter(
            "a price that is entered in the middle of its day",
            "6:00",
            at("3:30", options(**_options(FLAT, LATER, id="second"))),
            options=_options(FLAT),
        ),
        price=lambda _: 0.4123,
    ),
    Priced(
        world=_meter(
            "a price that changes in the middle of a day",
            "6:00",
            options=_options(*_from(datetime(2026, 4, 14, 11))),
        ),
        price=_changed(datetime(2026, 4, 14, 11)),
    ),
    Priced(
        world=_meter(
            "a price that changes after the clocks are set forward",
            "9:00",
            start=MARCH,
            options=_options(*_from(datetime(2026, 3, 29, 4))),
        ),
        price=_changed(datetime(2026, 3, 29, 4)),
    ),
    Priced(
        world=_meter(
            "a price that changes after the clocks are set back",
            "10:00",
            start=OCTOBER,
            options=_options(*_from(datetime(2026, 10, 25, 3))),
        ),
        price=_changed(datetime(2026, 10, 25, 3)),
    ),
    Priced(
        world=_meter("base price", "4:00", options=_options(FLAT)),
        price=lambda _: 0.3211,
        base=BASE,
    ),
    Priced(
        world=_meter(
            "an outage that is repaired after the price has changed",
            "9:00",
            at("2:00", reader_off(hours=3)),
            at("3:30", options(**_options(FLAT, LATER, id="second"))),
            options=_options(FLAT),
        ),
        price=lambda _: 0.4123,
    ),
    Priced(
        world=_meter(
            "a meter is swapped",
            "6:00",
            at("2:27", no_power(minutes=25)),
            at("2:33", swap()),
            options=_options(FLAT),
            notices={"meter_replaced": True},
        ),
        price=lambda _: 0.3211,
        base=BASE,
    ),
    Priced(
        world=_meter(
            "a market price that is missing for hours",
            "6:00",
            at("0:00:01", shows(21.5)),
            at("1:00", shows(-30.25)),
            at("2:00", shows(None)),
            at("4:00", shows(8.0)),
            options=_options(DYNAMIC),
        ),
        price=_market(21.5, -30.25, None, None, 8.0, 8.0),
        waiting=2,
    ),
    Priced(
        world=_meter(
            "market prices that arrive late",
            "6:00",
            at("0:00:01", shows(21.5)),
            at("1:00", shows(None)),
            at("3:00", shows(8.0)),
            at("3:30", reports_late(21.5, -12.0, 33.3)),
            options=_options(DYNAMIC),
        ),
        price=_market(21.5, -12.0, 33.3, 8.0, 8.0, 8.0),
    ),
    Priced(
        world=World(
            name="the past of a box that remembers two years",
            lasts=timedelta(hours=3),
            start=SPRING,
            source=Source.BOX,
            home_age=timedelta(days=900),
            ains=(REFRIGERATOR,),
            options=_options(FLAT),
        ),
        price=lambda _: 0.3211,
        series="refrigerator",
        base=BASE,
        cents=5.0,
    ),
    Priced(
        world=_meter("everything is taken back", "4:00", at("2:30", undo), options=_options(FLAT)),
        price=lambda _: None,
        is_undone=True,
    ),
)
"""A market price begins with the first second: nobody has seen the hour before."""
