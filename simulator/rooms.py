"""The rooms of the simulated home: heating by schedule, windows, air."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import exp
from typing import Final
from zoneinfo import ZoneInfo

from .chance import between, chance
from .weather import SLOT_SECONDS, Weather

HEATING: Final = timedelta(minutes=45)
COOLING: Final = timedelta(hours=5)
"""Time constants of a room that warms up, and that cools down."""

AIRING: Final = timedelta(minutes=10)
RECOVERY: Final = timedelta(minutes=25)
"""Time constants of a room with its window open, and after closing it."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a room is like."""

    comfort: float
    eco: float
    """Target temperatures in °C."""

    warm: tuple[tuple[time, time], ...]
    """When comfort is wanted, by the clock on the wall."""

    moisture: int
    """Its usual relative humidity in %."""


ROOMS: Final = {
    "living": Room(comfort=21.0, eco=17.0, warm=((time(6), time(22)),), moisture=46),
    "bath": Room(
        comfort=23.0,
        eco=18.0,
        warm=((time(5, 30), time(8, 30)), (time(17, 30), time(22))),
        moisture=58,
    ),
    "bedroom": Room(comfort=18.5, eco=16.0, warm=((time(20), time(22, 30)),), moisture=52),
}

OPENINGS: Final = (6.75, 18.5)
"""Hours of the day from when on the windows are opened, within an hour and a half."""

_DAYS_KEPT: Final = 1000
"""Days of rooms that are kept when they are worked out."""


class Rooms:
    """The rooms at any time, from the seed alone."""

    def __init__(self, seed: int, zone: ZoneInfo, weather: Weather) -> None:
        """Build the rooms of a home."""
        self._seed = seed
        self._zone = zone
        self._weather = weather

    def changes(self, room: str, first: date, days: int) -> Iterator[tuple[datetime, float]]:
        """Yield when the schedule changes, and the target in °C from then on, in order."""
        for offset in range(days):
            yield from _changes(self._zone, room, first + timedelta(days=offset))

    def target(self, room: str, at: datetime) -> float:
        """Return the target temperature in °C."""
        local = at.astimezone(self._zone)
        past = [
            target
            for when, target in self.changes(room, local.date() - timedelta(days=1), 2)
            if when <= at
        ]
        return past[-1]

    def next_change(self, room: str, at: datetime) -> tuple[datetime, float]:
        """Return when the schedule changes next, and the target in °C from then on."""
        today = at.astimezone(self._zone).date()
        return next(change for change in self.changes(room, today, 2) if change[0] > at)

    def temperature(self, room: str, at: datetime) -> float:
        """Return the air temperature in °C."""
        outside = self._weather.mean_temperature(_slot(at))
        heated = self._heated(room, at)
        unheated = 9.0 + 0.6 * outside
        inside = max(heated, unheated)
        cold = max(0.0, inside - self._weather.temperature(_slot(at)))
        return inside - 0.3 * cold * self._aired(room, at)

    def _heated(self, room: str, at: datetime) -> float:
        """Return the temperature in °C that the heating alone leads to.

        Each target is approached exponentially from where the one before it had led; three
        days back, the start no longer matters.
        """
        first = at.astimezone(self._zone).date() - timedelta(days=3)
        changes = [change for change in self.changes(room, first, 4) if change[0] <= at]
        temperature = ROOMS[room].eco
        for (when, target), (until, _) in zip(changes, [*changes[1:], (at, 0.0)], strict=True):
            pace = HEATING if target > temperature else COOLING
            temperature = target + (temperature - target) * exp(-((until - when) / pace))
        return temperature

    def _aired(self, room: str, at: datetime) -> float:
        """Return how much of the air has been exchanged by the window, 0 to 1."""
        aired = 0.0
        for opened, closed in self.openings(room, at):
            if opened >= at:
                break
            share = 1 - exp(-((min(at, closed) - opened) / AIRING))
            recovered = exp(-(max(timedelta(), at - closed) / RECOVERY))
            aired = max(aired, share * recovered)
        return aired

    def openings(self, room: str, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when the window was opened and closed, yesterday and today, in order."""
        today = at.astimezone(self._zone).date()
        for day in (today - timedelta(days=1), today):
            yield from _openings(self._seed, self._zone, room, day)

    def humidity(self, room: str, at: datetime) -> int:
        """Return the relative humidity in %: dry in winter, and at an open window."""
        slot = _slot(at)
        hour, part = divmod(slot * SLOT_SECONDS, 3600)
        before = chance(self._seed, "humidity", room, hour)
        after = chance(self._seed, "humidity", room, hour + 1)
        drift = 6 * (before + (after - before) * part / 3600)
        season = 0.5 * (self._weather.mean_temperature(slot) - 10.0)
        showered = 0.0
        if room == "bath":
            local = at.astimezone(self._zone)
            minutes = (local.hour - 7) * 60 + local.minute
            showered = 22 * exp(-minutes / 50) if minutes >= 0 else 0.0
        percent = ROOMS[room].moisture + drift + season + showered - 10 * self._aired(room, at)
        return round(min(95.0, max(25.0, percent)))


# A box is asked for the same days again and again.


@lru_cache(maxsize=_DAYS_KEPT)
def _changes(zone: ZoneInfo, room: str, day: date) -> tuple[tuple[datetime, float], ...]:
    """Return when the schedule of a room changes on a day, and the target in °C from then on."""
    config = ROOMS[room]
    return tuple(
        (_instant(zone, day, wall), target)
        for start, end in config.warm
        for wall, target in ((start, config.comfort), (end, config.eco))
    )


@lru_cache(maxsize=_DAYS_KEPT)
def _openings(
    seed: int, zone: ZoneInfo, room: str, day: date
) -> tuple[tuple[datetime, datetime], ...]:
    """Return when the window of a room was opened and closed on a day, in order."""
    found = []
    for hour in OPENINGS:
        question = (seed, "window", room, day, hour)
        minutes = int(60 * hour + between(0, 90, *question))
        opened = _instant(zone, day, time(minutes // 60, minutes % 60))
        found.append((opened, opened + timedelta(minutes=int(between(8, 25, *question, "open")))))
    return tuple(found)


def _instant(zone: ZoneInfo, day: date, wall: time) -> datetime:
    """Return when the clock on the wall shows a time of a day."""
    return datetime.combine(day, wall, tzinfo=zone).astimezone(UTC)


def _slot(at: datetime) -> int:
    """Return the slot that holds a moment."""
    return int(at.timestamp()) // SLOT_SECONDS
