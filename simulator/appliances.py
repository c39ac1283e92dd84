"""What draws and makes electricity in the simulated home, day by day in slots of five minutes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .chance import between, chance, dice
from .weather import SLOT_SECONDS, SLOTS_A_DAY, Weather

HOUR: Final = 12
"""Slots an hour."""

PHASES: Final[Mapping[str, tuple[int, int, int]]] = {
    "refrigerator": (1, 0, 0),
    "workshop": (0, 1, 0),
    "base": (2, 1, 1),
    "cooking": (0, 1, 2),
    "heat_pump": (1, 1, 1),
    "pv": (1, 1, 1),
}
"""How each series is spread over the three phases."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """A calendar day of the home, from midnight to midnight in its time zone."""

    seed: int
    date: date
    first: int
    """Its first slot, counted since 1970-01-01 UTC."""

    wall: Sequence[int]
    """What the clock on the wall shows in each slot: slots since midnight.

    0 to 287 on most days; an hour is left out in spring and comes twice in autumn.
    """

    weather: Weather
    pv_peak: float

    def spread(self, hours: Mapping[int, float] | Sequence[float]) -> list[int]:
        """Return W by the clock on the wall as mW of this day's slots."""
        return [round(hours[shown] * 1000) for shown in self.wall]

    def dice(self, name: str) -> bytes:
        """Return a random byte for each slot that a clock on the wall can show."""
        return dice(self.seed, name, self.date, size=SLOTS_A_DAY)

    def between(self, low: float, high: float, name: str) -> float:
        """Return a random number of the day."""
        return between(low, high, self.seed, name, self.date)


def make_day(seed: int, day: date, zone: ZoneInfo, weather: Weather, pv_peak: float) -> Day:
    """Return a calendar day: 276 slots in spring when the clock changes, 300 in autumn."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=zone)
    first = int(start.timestamp()) // SLOT_SECONDS
    count = int(end.timestamp()) // SLOT_SECONDS - first
    wall: Sequence[int] = range(SLOTS_A_DAY)
    if count != SLOTS_A_DAY:
        local = (
            datetime.fromtimestamp((first + index) * SLOT_SECONDS, UTC).astimezone(zone)
            for index in range(count)
        )
        wall = [shown.hour * HOUR + shown.minute // 5 for shown in local]
    return Day(seed=seed, date=day, first=first, wall=wall, weather=weather, pv_peak=pv_peak)


def _refrigerator(day: Day) -> list[int]:
    """A compressor every three quarters of an hour, running longer in warm weather."""
    running = 3 if day.weather.mean_temperature(day.first) < 17 else 4
    cycle = [112_000, *[86_000] * (running - 1), *[1_200] * (9 - running)]
    offset = day.first + int(chance(day.seed, "refrigerator") * 9)
    return [cycle[(offset + index) % 9] for index in range(len(day.wall))]


def _workshop(day: Day) -> list[int]:
    """Machines on weekdays from 9 to 16, with a break at noon; off otherwise."""
    watts = [0.0] * SLOTS_A_DAY
    if day.date.weekday() < 5:
        for slot, byte in enumerate(day.dice("workshop")[9 * HOUR : 16 * HOUR], 9 * HOUR):
            if slot // HOUR != 12:
                watts[slot] = 45.0 if byte < 90 else 250.0 + byte * 6.5
    return day.spread(watts)


def _base(day: Day) -> list[int]:
    """What is always on, and light and television in the evening."""
    watts = [115.0 + byte / 8 for byte in day.dice("base")]
    until = int(day.between(22, 23.5, "bedtime") * HOUR)
    for slot in range(int(day.between(17, 19.5, "dusk") * HOUR), until):
        watts[slot] += 165.0
    return day.spread(watts)


def _cooking(day: Day) -> list[int]:
    """A kettle at breakfast, lunch at the weekend (and on some weekdays), dinner."""
    watts = [2.0] * SLOTS_A_DAY
    weekend = day.date.weekday() >= 5
    breakfast = int((day.between(6.25, 7.25, "breakfast") + 1.5 * weekend) * HOUR)
    watts[breakfast : breakfast + 2] = [1950.0, 700.0]
    flames = day.dice("stove")
    meals = [(day.between(17.75, 19.25, "dinner"), day.between(4, 10, "dinner length"))]
    if weekend or day.between(0, 1, "lunch at home") < 0.4:
        meals.append((day.between(11.5, 12.5, "lunch"), day.between(4, 8, "lunch length")))
    for hour, length in meals:
        start = int(hour * HOUR)
        for slot in range(start, start + int(length)):
            watts[slot] = 700.0 + 8.0 * flames[slot]
    return day.spread(watts)


def _heat_pump(day: Day) -> list[int]:
    """Heating by the cold outside, hot water before dawn, a few watts at rest."""
    result: list[int] = []
    for index in range(0, len(day.wall), HOUR):
        cold = 15.0 - day.weather.temperature(day.first + index)
        result += [round(min(2600.0, 350.0 + 75.0 * cold) * 1000) if cold > 0 else 8_000] * HOUR
    return [
        max(milliwatts, 1_850_000) if 4 * HOUR + 6 <= shown < 5 * HOUR else milliwatts
        for milliwatts, shown in zip(result, day.wall, strict=True)
    ]


def _pv(day: Day) -> list[int]:
    """Panels under sun and clouds."""
    peak = day.pv_peak * 1000
    return [round(peak * part) for part in day.weather.solar_yield(day.first, len(day.wall))]


CONSUMERS: Final[Mapping[str, Callable[[Day], list[int]]]] = {
    "refrigerator": _refrigerator,
    "workshop": _workshop,
    "base": _base,
    "cooking": _cooking,
    "heat_pump": _heat_pump,
}

SERIES: Final = (*CONSUMERS, "pv", "import", "export")


def milliwatts(day: Day) -> dict[str, list[int]]:
    """Return the power of all series in the day's slots, in whole mW, never negative."""
    result = {series: draw(day) for series, draw in CONSUMERS.items()}
    result["pv"] = _pv(day)
    consumed = map(sum, zip(*(result[series] for series in CONSUMERS), strict=True))
    net = [draw - made for draw, made in zip(consumed, result["pv"], strict=True)]
    result["import"] = [max(power, 0) for power in net]
    result["export"] = [max(-power, 0) for power in net]
    return result
