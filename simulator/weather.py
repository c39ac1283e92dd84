"""The weather over the simulated home: sun, clouds and air in Germany, about 50° north."""

from math import cos, pi, radians, sin
from typing import Final

from .chance import chance, dice

SLOT_SECONDS: Final = 300
SLOTS_A_DAY: Final = 288
"""Time is counted in slots of five minutes since 1970-01-01 UTC; days here are UTC days."""

LATITUDE: Final = radians(50.0)
SOLAR_NOON: Final = 136
"""Slot of the UTC day when the sun stands highest at 10° east: 11:20 UTC."""

YEAR: Final = 365.25
_HOUR_ANGLE_COSINES: Final = tuple(
    cos(2 * pi * (slot - SOLAR_NOON) / SLOTS_A_DAY) for slot in range(SLOTS_A_DAY)
)


class Weather:
    """Sun and air at any time, from the seed alone."""

    def __init__(self, seed: int) -> None:
        """Decide the weather of all days."""
        self._seed = seed

    def sun(self, slot: int) -> float:
        """Return the sine of the sun's elevation, negative at night.

        Source: sin h = sin φ sin δ + cos φ cos δ cos t, with the declination
        δ = -23.44° cos(2π (day of year + 10) / 365.25).
        """
        day, part = divmod(slot, SLOTS_A_DAY)
        height, swing = _sun_path(day)
        return height + swing * _HOUR_ANGLE_COSINES[part]

    def solar_yield(self, first: int, count: int) -> list[float]:
        """Return how much of their peak power panels produce, for consecutive slots."""
        result: list[float] = []
        slot = first
        while slot < first + count:
            day, part = divmod(slot, SLOTS_A_DAY)
            end = min(SLOTS_A_DAY, part + first + count - slot)
            height, swing = _sun_path(day)
            cloudiness = chance(self._seed, "clouds", day)
            clear = 0.9 * (1 - 0.8 * cloudiness**2)
            flicker = 0.35 * cloudiness / 255
            drifting = dice(self._seed, "drifting clouds", day, size=SLOTS_A_DAY // 3)
            for index in range(part, end):
                sun = height + swing * _HOUR_ANGLE_COSINES[index]
                shade = 1 - flicker * drifting[index // 3]
                result.append(clear * shade * sun**1.2 if sun > 0 else 0.0)
            slot += end - part
        return result

    def mean_temperature(self, slot: int) -> float:
        """Return the outdoor temperature in °C without the change from day to night."""
        day, part = divmod(slot, SLOTS_A_DAY)
        season = 10.0 - 9.5 * cos(2 * pi * (day - 20) / YEAR)
        before = chance(self._seed, "air", day)
        after = chance(self._seed, "air", day + 1)
        return season + 8.0 * (before + (after - before) * part / SLOTS_A_DAY) - 4.0

    def temperature(self, slot: int) -> float:
        """Return the outdoor temperature in °C: lowest before sunrise, highest past noon."""
        return self.mean_temperature(slot) - 4.0 * cos(2 * pi * (slot - 40) / SLOTS_A_DAY)


def _sun_path(day: int) -> tuple[float, float]:
    """Return what sin h consists of on a day: the constant, and the factor of cos t."""
    declination = radians(-23.44) * cos(2 * pi * (day + 10) / YEAR)
    return (
        sin(LATITUDE) * sin(declination),
        cos(LATITUDE) * cos(declination),
    )
