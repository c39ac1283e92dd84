"""A physically consistent home: what its meter, plugs and rooms show at any time.

Everything is a pure function of the seed and the time asked for. Nothing runs in the
background: a year ago can be asked as well as tomorrow, in any order, and the same
question has the same answer. Power is constant within slots of five minutes, kept in
whole milliwatts, so that every counter is the exact integral of its power and whatever
the box remembers (15 minutes, days, months) is a difference of two counter readings.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

SLOT: Final = timedelta(minutes=5)
"""Power changes only at multiples of this (counted from midnight UTC)."""


class Clock(Protocol):
    """Tells the time of the simulated home, aware, in UTC."""

    def now(self) -> datetime:
        """Return the present moment of the home."""


class RealClock:
    """The home lives in our own time."""

    def now(self) -> datetime:
        """Return the present moment."""
        raise NotImplementedError


class ScaledClock:
    """The home's time starts anywhere and runs `speed` times as fast as ours."""

    def __init__(self, start: datetime, *, speed: float = 1.0) -> None:
        """Start the clock at `start` (aware)."""

    def now(self) -> datetime:
        """Return the present moment of the home."""
        raise NotImplementedError


class ManualClock:
    """The home's time stands still until it is moved: for tests."""

    def __init__(self, start: datetime) -> None:
        """Stand at `start` (aware)."""

    def now(self) -> datetime:
        """Return the moment the clock stands at."""
        raise NotImplementedError

    def advance(self, delta: timedelta) -> None:
        """Move the clock forward."""


class Home:
    """One household: consumers, solar panels, a grid meter, rooms with radiators and windows.

    Power series (`series`): the consumers "refrigerator", "workshop", "base", "cooking",
    "heat_pump"; "pv" (production); and what the grid meter counts, "import" and "export":
    per slot import - export = consumers - pv, of which never both are above zero.
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

    # Electricity

    def power(self, series: str, at: datetime) -> float:
        """Return the power in W of the slot that holds `at`, 0 before `installed`."""
        raise NotImplementedError

    def grid_power(self, at: datetime) -> float:
        """Return the power in W at the grid meter, negative while feeding in."""
        raise NotImplementedError

    def phase_power(self, phase: int, at: datetime) -> float:
        """Return the power in W of phase 1, 2 or 3; the three add up to `grid_power`."""
        raise NotImplementedError

    def energy(self, series: str, at: datetime) -> float:
        """Return the Wh counted from `installed` to `at`: the exact integral of `power`."""
        raise NotImplementedError

    def voltage(self, at: datetime, phase: int = 1) -> float:
        """Return the mains voltage in V, about 225 to 236."""
        raise NotImplementedError

    # What the box remembers: Wh (whole, of the floored counter), newest first, index 0 running;
    # None for periods that ended before `installed`

    def days(self, series: str, at: datetime, count: int = 31) -> Sequence[int | None]:
        """Return the energy of calendar days (in the home's time zone)."""
        raise NotImplementedError

    def months(self, series: str, at: datetime, count: int = 12) -> Sequence[int | None]:
        """Return the energy of calendar months (in the home's time zone)."""
        raise NotImplementedError

    def slots(self, series: str, at: datetime, step: timedelta, count: int) -> Sequence[int | None]:
        """Return the energy of equal steps (15 minutes, 6 hours) that start at local midnight."""
        raise NotImplementedError

    # Rooms

    def temperature(self, room: str, at: datetime) -> float:
        """Return the air temperature in °C: it follows the heating, and drops at an open window."""
        raise NotImplementedError

    def target(self, room: str, at: datetime) -> float:
        """Return the target temperature in °C of the room's schedule: comfort or eco."""
        raise NotImplementedError

    def comfort(self, room: str) -> float:
        """Return the comfort temperature in °C, in steps of 0.5."""
        raise NotImplementedError

    def eco(self, room: str) -> float:
        """Return the eco temperature in °C, in steps of 0.5."""
        raise NotImplementedError

    def next_change(self, room: str, at: datetime) -> tuple[datetime, float]:
        """Return when the schedule changes next, and the target in °C from then on."""
        raise NotImplementedError

    def humidity(self, room: str, at: datetime) -> int:
        """Return the relative humidity in %."""
        raise NotImplementedError

    def window_open(self, room: str, at: datetime) -> bool:
        """Return whether the room's window stands open (twice a day for some minutes)."""
        raise NotImplementedError

    def window_changed(self, room: str, at: datetime) -> datetime:
        """Return when the window was last opened or closed, never after `at`."""
        raise NotImplementedError

    # Odds and ends

    def battery(self, device: str, at: datetime) -> int:
        """Return the charge in % of a device's battery: drains for about a year, then replaced."""
        raise NotImplementedError

    def last_press(self, button: str, key: int, at: datetime) -> datetime | None:
        """Return when a key was pressed last, None before its first press."""
        raise NotImplementedError

    def blind_level(self, at: datetime) -> int:
        """Return how far the blind is closed in %: 100 at night, 0 by day."""
        raise NotImplementedError
