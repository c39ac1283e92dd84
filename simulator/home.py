"""A physically consistent home: what its meter, plugs and rooms show at any time.

Everything is a pure function of the seed and the time asked for. Nothing runs in the
background: a year ago can be asked as well as tomorrow, in any order, and the same
question has the same answer. Power is constant within slots of five minutes, kept in
whole milliwatts, so that every counter is the exact integral of its power and whatever
the box stores (15 minutes, days, months) is a difference of two counter readings.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, islice, pairwise
from time import monotonic
from typing import Final, Protocol, override
from zoneinfo import ZoneInfo

from .appliances import CONSUMERS, PHASES, SERIES, make_day, milliwatts
from .chance import between, chance
from .rooms import ROOMS, Rooms
from .weather import SLOT_SECONDS, Weather

SLOT: Final = timedelta(seconds=SLOT_SECONDS)
"""Power changes only at multiples of this (counted from midnight UTC)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_WATT_HOUR: Final = 3_600_000 * 10**6
"""One Wh in mW µs, the unit that energy is summed up in."""

_DAYS_KEPT: Final = 2000
"""About 40 MB."""

_MOMENTS_KEPT: Final = 5000
"""Moments of a room that are kept: some days of quarters of an hour."""


class Clock(Protocol):
    """Reports the time of the simulated home, aware, in UTC."""

    def now(self) -> datetime:
        """Return the present moment of the home."""


class RealClock(Clock):
    """The home lives in our own time."""

    @override
    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)


class ScaledClock(Clock):
    """The home's time starts anywhere and runs `speed` times as fast as ours."""

    def __init__(self, start: datetime, *, speed: float = 1.0) -> None:
        """Start the clock at `start` (aware)."""
        self._start = start.astimezone(UTC)
        self._speed = speed
        self._started = monotonic()

    @override
    def now(self) -> datetime:
        """Return the present moment of the home."""
        return self._start + timedelta(seconds=(monotonic() - self._started) * self._speed)


class ManualClock(Clock):
    """The home's time stands still until it is moved: for tests."""

    def __init__(self, start: datetime) -> None:
        """Stand at `start` (aware)."""
        self._now = start.astimezone(UTC)

    @override
    def now(self) -> datetime:
        """Return the moment the clock stands at."""
        return self._now

    def advance(self, delta: timedelta) -> None:
        """Move the clock forward."""
        self._now += delta


class Home:
    """One household: consumers, solar panels, a grid meter, rooms with radiators and windows.

    Power series (`series`): the consumers "refrigerator", "workshop", "base", "cooking",
    "heat_pump"; "pv" (production); and what the grid meter counts, "import" and "export":
    per slot import - export = consumers - pv, where never both are above zero.
    Rooms: "living", "bath", "bedroom".
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        installed: datetime,
        timezone: str = "Europe/Berlin",
        pv_peak: float = 6000.0,
    ) -> None:
        """Build a home whose counters stood at 0 Wh at `installed` (aware)."""
        self.seed = seed
        self.installed = installed.astimezone(UTC)
        self.zone = ZoneInfo(timezone)
        self._pv_peak = pv_peak
        self._weather = Weather(seed)
        self._rooms = _rooms(seed, self.zone)
        self._first_day = installed.astimezone(self.zone).date()
        self._before: dict[str, list[int]] = {series: [0] for series in SERIES}
        """Per series what was drawn before each day from the first on, in mW slots."""

        self._at_installation = {series: self._drawn(series, self.installed) for series in SERIES}

    # Electricity

    def power(self, series: str, at: datetime) -> float:
        """Return the power in W of the slot that holds `at`, 0 before `installed`."""
        return self._milliwatts(series, at) / 1000

    def grid_power(self, at: datetime) -> float:
        """Return the power in W at the grid meter, negative while feeding in."""
        return (self._milliwatts("import", at) - self._milliwatts("export", at)) / 1000

    def phase_power(self, phase: int, at: datetime) -> float:
        """Return the power in W of phase 1, 2 or 3; the three add up to `grid_power`."""
        total = 0.0
        for series, shares in PHASES.items():
            part = self._milliwatts(series, at) * shares[phase - 1] / sum(shares)
            total += part if series in CONSUMERS else -part
        return total / 1000

    def energy(self, series: str, at: datetime) -> float:
        """Return the Wh counted from `installed` to `at`: the exact integral of `power`."""
        return self._counted(series, at) / _WATT_HOUR

    def voltage(self, at: datetime, phase: int = 1) -> float:
        """Return the mains voltage in V, about 225 to 236."""
        slot = _position(at)[0]
        hourly = between(-2.5, 2.5, self.seed, "mains", slot // 12)
        return round(230.5 + hourly + between(-2.8, 2.8, self.seed, "voltage", phase, slot), 3)

    # What the box stores: Wh (whole, of the floored counter), newest first, index 0 running;
    # None for periods that ended before `installed`

    def days(self, series: str, at: datetime, count: int = 31) -> Sequence[int | None]:
        """Return the energy of calendar days (in the home's time zone)."""
        today = at.astimezone(self.zone).date()
        starts = (self._midnight(today - timedelta(days=index)) for index in range(count))
        return self._stored(series, at, starts)

    def months(self, series: str, at: datetime, count: int = 12) -> Sequence[int | None]:
        """Return the energy of calendar months (in the home's time zone)."""
        today = at.astimezone(self.zone).date()
        month = 12 * today.year + today.month - 1
        starts = (
            self._midnight(date((month - index) // 12, (month - index) % 12 + 1, 1))
            for index in range(count)
        )
        return self._stored(series, at, starts)

    def slots(self, series: str, at: datetime, step: timedelta, count: int) -> Sequence[int | None]:
        """Return the energy of equal steps (15 minutes, 6 hours) that start at local midnight.

        They follow the clock on the wall: when it changes, one step of several hours is an
        hour shorter or longer, and steps of minutes are left out or come twice.
        """
        starts = islice(self._steps(at, step), count)
        return self._stored(series, at, starts)

    def last(self, series: str, at: datetime, step: timedelta, count: int) -> Sequence[int | None]:
        """Return the energy of equal steps, the newest of which ends at `at`."""
        starts = (at - step * (index + 1) for index in range(count))
        return self._stored(series, at, starts)

    # Rooms

    def outdoor_temperature(self, at: datetime) -> float:
        """Return the temperature of the air outside in °C."""
        return self._weather.temperature(_position(at)[0])

    def temperature(self, room: str, at: datetime) -> float:
        """Return the air temperature in °C: it follows the heating, and drops at an open window."""
        return _temperature(self._rooms, room, at)

    def target(self, room: str, at: datetime) -> float:
        """Return the target temperature in °C of the room's schedule: comfort or eco."""
        return self._rooms.target(room, at)

    def comfort(self, room: str) -> float:
        """Return the comfort temperature in °C, in steps of 0.5."""
        return ROOMS[room].comfort

    def eco(self, room: str) -> float:
        """Return the eco temperature in °C, in steps of 0.5."""
        return ROOMS[room].eco

    def next_change(self, room: str, at: datetime) -> tuple[datetime, float]:
        """Return when the schedule changes next (UTC), and the target in °C from then on."""
        return self._rooms.next_change(room, at)

    def humidity(self, room: str, at: datetime) -> int:
        """Return the relative humidity in %."""
        return _humidity(self._rooms, room, at)

    def window_open(self, room: str, at: datetime) -> bool:
        """Return whether the room's window stands open (twice a day for some minutes)."""
        return any(opened <= at < closed for opened, closed in self._rooms.openings(room, at))

    def window_changed(self, room: str, at: datetime) -> datetime:
        """Return when the window was last opened or closed (UTC), never after `at`."""
        changes = (when for opening in self._rooms.openings(room, at) for when in opening)
        return max(when for when in changes if when <= at)

    # Odds and ends

    def battery(self, device: str, at: datetime) -> int:
        """Return the charge in % of a device's battery: drains for about a year, then replaced."""
        life = timedelta(days=between(300, 420, self.seed, "battery life", device))
        used = (at - _EPOCH) / life + chance(self.seed, "battery", device)
        return 100 - int(96 * (used % 1))

    def last_press(self, button: str, key: int, at: datetime) -> datetime | None:
        """Return when a key was pressed last (UTC), None before its first press."""
        day = at.astimezone(self.zone).date()
        while day >= self._first_day:
            times = sorted(
                between(7, 23, self.seed, "press", button, key, day, index) * 3600
                for index in range(int(between(0, 4, self.seed, "presses", button, key, day)))
            )
            for seconds in reversed(times):
                pressed = self._midnight(day) + timedelta(seconds=int(seconds))
                if self.installed <= pressed <= at:
                    return pressed
            day -= timedelta(days=1)
        return None

    def blind_level(self, at: datetime) -> int:
        """Return how far the blind is closed in %: 100 at night, 0 by day."""
        return 0 if self._weather.sun(_position(at)[0]) > 0 else 100

    # Sums

    def _milliwatts(self, series: str, at: datetime) -> int:
        """Return the power in mW at a moment."""
        if at < self.installed:
            return 0
        first, sums = self._day(at.astimezone(self.zone).date())
        index = _position(at)[0] - first
        return sums[series][index + 1] - sums[series][index]

    def _counted(self, series: str, at: datetime) -> int:
        """Return the energy in mW µs counted from `installed` to a moment."""
        if at <= self.installed:
            return 0
        return self._drawn(series, at) - self._at_installation[series]

    def _drawn(self, series: str, at: datetime) -> int:
        """Return the energy in mW µs from the start of the first day to a moment."""
        day = at.astimezone(self.zone).date()
        slot, microseconds = _position(at)
        first, sums = self._day(day)
        before, index = self._drawn_before(series, day), slot - first
        running = sums[series][index + 1] - sums[series][index]
        whole = (before + sums[series][index]) * SLOT_SECONDS * 10**6
        return whole + running * microseconds

    def _drawn_before(self, series: str, day: date) -> int:
        """Return what was drawn in mW slots from the first day up to the start of a day."""
        number = (day - self._first_day).days
        while len(self._before[series]) <= number:
            last = self._first_day + timedelta(days=len(self._before[series]) - 1)
            for name, sums in self._day(last)[1].items():
                self._before[name].append(self._before[name][-1] + sums[-1])
        return self._before[series][number]

    def _day(self, day: date) -> tuple[int, Mapping[str, Sequence[int]]]:
        """Return a day's first slot, and per series the running sums over its slots in mW."""
        return _running_sums(self.seed, day, self.zone, self._pv_peak)

    # Periods

    def _stored(
        self, series: str, at: datetime, starts: Iterator[datetime]
    ) -> Sequence[int | None]:
        """Return the whole Wh of consecutive periods, newest first, by when they start."""
        edges = [at, *starts]
        readings = [_whole(self._counted(series, edge)) for edge in edges]
        return [
            None if end <= self.installed else later - earlier
            for end, (later, earlier) in zip(edges, pairwise(readings), strict=False)
        ]

    def _steps(self, at: datetime, step: timedelta) -> Iterator[datetime]:
        """Yield when the running step started, the one before it, and so on."""
        while True:
            local = at.astimezone(self.zone)
            past = timedelta(hours=local.hour, minutes=local.minute)
            hour, seconds = divmod((past - past % step) // timedelta(seconds=1), 3600)
            start = local.replace(hour=hour, minute=seconds // 60, second=0, microsecond=0)
            at = start.astimezone(UTC)
            yield at
            at -= _MICROSECOND

    def _midnight(self, day: date) -> datetime:
        """Return when a calendar day starts."""
        return datetime.combine(day, time(), tzinfo=self.zone).astimezone(UTC)


@lru_cache
def _rooms(seed: int, zone: ZoneInfo) -> Rooms:
    """Return the rooms of all homes of a seed, which share what is worked out of them."""
    return Rooms(seed, zone, Weather(seed))


@lru_cache(maxsize=_DAYS_KEPT)
def _running_sums(
    seed: int, day: date, zone: ZoneInfo, pv_peak: float
) -> tuple[int, Mapping[str, Sequence[int]]]:
    """Return a day's first slot, and per series the running sums over its slots in mW.

    Homes of one seed share their days: a test would spend a tenth of its time on them.
    """
    plan = make_day(seed, day, zone, Weather(seed), pv_peak)
    sums = {
        series: array("q", accumulate(power, initial=0))
        for series, power in milliwatts(plan).items()
    }
    return plan.first, sums


@lru_cache(maxsize=_MOMENTS_KEPT)
def _temperature(rooms: Rooms, room: str, at: datetime) -> float:
    """Return the air temperature in °C; a box reports each quarter of the last day every time."""
    return rooms.temperature(room, at)


@lru_cache(maxsize=_MOMENTS_KEPT)
def _humidity(rooms: Rooms, room: str, at: datetime) -> int:
    """Return the relative humidity in %."""
    return rooms.humidity(room, at)


def _position(at: datetime) -> tuple[int, int]:
    """Return the slot that holds a moment, and the microseconds since the slot began."""
    slot, rest = divmod(at - _EPOCH, SLOT)
    return slot, rest // _MICROSECOND


def _whole(energy: int) -> int:
    """Return whole Wh of mW µs, as a counter shows them."""
    return energy // _WATT_HOUR
