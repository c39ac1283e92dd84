"""The shape of a counter's days: what its known hours say about hours of which only a total is known."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import pairwise
from math import ceil
from typing import Final, NamedTuple

from .rows import HOUR, Row, full_hour
from .shape import spread

MIN_HOURS: Final = 3
"""Known hours of a season from which on they say more than those of a more general kind."""
_SATURDAY: Final = 5
_WORKDAYS: Final = "workdays"
_WEEKEND: Final = "weekend"
_ANY_DAY: Final = "all"
_MONTHS_OF_SEASON: Final = 3


class Daylight(NamedTuple):
    """A time in which the sun is above the horizon at the home."""

    start: float
    """Unix time."""
    end: float


class _Kind(NamedTuple):
    """A kind of hours."""

    season: int | None
    """Quarter of the year, beginning with December; None for all."""
    days: int | str
    """A weekday, from Monday (0) on, or several of them."""
    hour: int | None
    """Hour of the day in local time; None for all."""


class _HourOfWeek(NamedTuple):
    """The most particular kind of hours; years have thousands of hours and few of these."""

    season: int
    weekday: int
    hour: int


class _Mean:
    """The mean of some hours."""

    def __init__(self) -> None:
        self.total = 0.0
        self.count = 0

    def add(self, kwh: float, count: int = 1) -> None:
        self.total += kwh
        self.count += count

    @property
    def value(self) -> float:
        return self.total / self.count


class LoadShape:
    """How the energy of a counter is distributed over the hours of a longer time.

    It is proportional to the mean of the counter's known hours of that season, weekday and hour. If
    fewer than MIN_HOURS of them are known, more general kinds of hours decide. Feed-in takes place
    only while the sun is above the horizon.
    """

    def __init__(
        self,
        known: Mapping[int, float],
        zone: tzinfo,
        daylight: Sequence[Daylight] | None = None,
    ) -> None:
        """Learn from known hours: kWh by start (unix time).

        `daylight` are the times of daylight, ascending, for a counter of feed-in; None for others.
        """
        self._zone = zone
        self._daylight = daylight
        self._starts = [light.start for light in daylight or ()]
        self.most = max(known.values(), default=0.0)
        """The kWh of the largest known hour. No other one gets more, unless its total needs it."""
        by_hour: dict[_HourOfWeek, _Mean] = {}
        for hour, kwh in known.items():
            by_hour.setdefault(self._hour_of_week(hour), _Mean()).add(kwh)
        self._means: dict[_Kind, _Mean] = {}
        for each, mean in by_hour.items():
            for kind in _kinds(each):
                self._means.setdefault(kind, _Mean()).add(mean.total, mean.count)
        self._expected: dict[_HourOfWeek, float] = {}
        """The mean kWh of the known hours that are most like these."""

    def split(
        self,
        start: float,
        end: float,
        energy: float,
        known_energy: Mapping[int, float] | None = None,
    ) -> dict[int, float]:
        """Return the energy (kWh) counted from `start` to each full hour, up to `end`; see `spread`.

        The energy of feed-in that is counted in the dark all the same is spread evenly.
        """
        lit = self.daylight_profile(start, end)
        return spread(
            start,
            end,
            energy,
            known_energy=known_energy or {},
            load_profile=self.load_profile(start, end),
            otherwise=lit,
            most=self.most,
        )

    def load_profile(self, start: float, end: float) -> dict[int, float]:
        """Return the expected kWh of each hour of a time; empty if nothing is known."""
        if not self._means:
            return {}
        return {hour: self._mean(hour) * self._light(hour) for hour in _hours(start, end)}

    def daylight_profile(self, start: float, end: float) -> dict[int, float]:
        """Return the part of each hour in which feed-in is possible; empty for other counters."""
        if self._daylight is None:
            return {}
        return {hour: self._light(hour) for hour in _hours(start, end)}

    def _mean(self, hour: int) -> float:
        """Return the mean kWh of the known hours that are most like this one."""
        key = self._hour_of_week(hour)
        if (found := self._expected.get(key)) is None:
            found = self._expected[key] = self._most_particular(key)
        return found

    def _most_particular(self, hour: _HourOfWeek) -> float:
        for kind in _kinds(hour):
            mean = self._means.get(kind)
            if mean is not None and (mean.count >= MIN_HOURS or kind.season is None):
                return mean.value
        return 0.0

    def _hour_of_week(self, hour: int) -> _HourOfWeek:
        local = datetime.fromtimestamp(hour, self._zone)
        return _HourOfWeek(local.month % 12 // _MONTHS_OF_SEASON, local.weekday(), local.hour)

    def _light(self, hour: int) -> float:
        """Return the part of an hour in which the counter can count."""
        if self._daylight is None:
            return 1.0
        seconds = 0.0
        for light in self._daylight[max(bisect_right(self._starts, hour) - 1, 0) :]:
            if light.start >= hour + HOUR:
                break
            seconds += max(min(light.end, hour + HOUR) - max(light.start, hour), 0.0)
        return seconds / HOUR


def _kinds(hour: _HourOfWeek) -> Sequence[_Kind]:
    """Return the kinds of hours that an hour belongs to, the most particular one first.

    Any known hour belongs to the last one.
    """
    season, weekday, clock = hour
    return (
        _Kind(season, weekday, clock),
        _Kind(season, _WEEKEND if weekday >= _SATURDAY else _WORKDAYS, clock),
        _Kind(season, _ANY_DAY, clock),
        _Kind(None, _ANY_DAY, clock),
        _Kind(None, _ANY_DAY, None),
    )


def _hours(start: float, end: float) -> range:
    return range(full_hour(start), ceil(end), HOUR)


def known_hours(rows: Iterable[Row], excluded: Iterable[int]) -> dict[int, float]:
    """Return the kWh of the hours that two adjoining rows show, without the excluded ones.

    After a row that was spread, the energy of the next hour is known all the same.
    """
    without = set(excluded)
    return {
        row.start: row.sum - before.sum
        for before, row in pairwise(rows)
        if row.start == before.end and row.start not in without and row.sum >= before.sum
    }
