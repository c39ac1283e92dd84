"""The truth: what a house has consumed at any moment, what its meter shows, and how that is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
import math
from typing import Any, Final, Protocol

HOUR: Final = timedelta(hours=1)
WATT_HOUR: Final = 0.001
FLOAT: Final = 1e-6
"""kWh; sums are floats."""
EVENING: Final = (230, 1840, 3600, 420, -900, 0, 2650, -350)
"""W drawn from the grid, for seven minutes each, again and again; negative while feeding in."""
SLOT: Final = 7 * 60

type Message = Mapping[str, Any] | str
"""What a reader publishes: an object, or something that is none."""


class Flow(Protocol):
    """What a house draws and feeds in."""

    def energy(self, series: str, at: datetime) -> float:
        """Return the Wh counted since some moment in the past."""

    def grid_power(self, at: datetime) -> float:
        """Return the power in W, negative while feeding in."""


class Pattern(Flow):
    """The same powers again and again: what a counter shows is a whole number of Ws."""

    def __init__(self, powers: Sequence[int], start: datetime) -> None:
        """Begin with the first of these powers, in W."""
        self._powers = powers
        self._start = start
        self._drawn = {
            series: list(accumulate((max(sign * power, 0) * SLOT for power in powers), initial=0))
            for series, sign in (("import", 1), ("export", -1))
        }

    def energy(self, series: str, at: datetime) -> float:
        """Return the Wh counted since the start."""
        drawn = self._drawn[series]
        slots, seconds = divmod((at - self._start).total_seconds(), SLOT)
        rounds, slot = divmod(int(slots), len(self._powers))
        part = (drawn[slot + 1] - drawn[slot]) * seconds / SLOT
        return (rounds * drawn[-1] + drawn[slot] + part) / 3600

    def grid_power(self, at: datetime) -> float:
        """Return the power in W."""
        slot = int((at - self._start).total_seconds() // SLOT)
        return self._powers[slot % len(self._powers)]


class House:
    """A house that may be without power for a while."""

    def __init__(self, flow: Flow) -> None:
        """Count what flows."""
        self._flow = flow
        self._quiet: list[tuple[datetime, datetime]] = []

    def cut_power(self, start: datetime, end: datetime) -> None:
        """Let nothing flow between two moments."""
        self._quiet.append((start, end))

    def counted(self, series: str, at: datetime) -> float:
        """Return the kWh counted since some moment in the past."""
        energy = self._flow.energy(series, at)
        for start, end in self._quiet:
            energy -= self._flow.energy(series, min(max(at, start), end))
            energy += self._flow.energy(series, start)
        return energy / 1000

    def power(self, at: datetime) -> int:
        """Return the power in W, negative while feeding in."""
        if any(start <= at < end for start, end in self._quiet):
            return 0
        return round(self._flow.grid_power(at))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a meter shows; counters in Wh, power in W."""

    imported: int
    exported: int
    power: int
    meter_id: str


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A meter: its number, and what its counters show beside what the house has counted, in Wh."""

    number: str = "0a0149534b000490bc56"
    imported: float = 15_119_035
    exported: float = 812_345

    def shows(self, house: House, at: datetime) -> Reading:
        """Return what is on the display."""
        return Reading(
            imported=_whole(self.imported + 1000 * house.counted("import", at)),
            exported=_whole(self.exported + 1000 * house.counted("export", at)),
            power=house.power(at),
            meter_id=self.number,
        )

    def replaced(self, house: House, at: datetime, shown: Meter) -> Meter:
        """Return the meter that replaces this one, with what that one shows at first."""
        return replace(
            shown,
            imported=shown.imported - 1000 * house.counted("import", at),
            exported=shown.exported - 1000 * house.counted("export", at),
        )


def _whole(energy: float) -> int:
    """Return whole Wh; a float just below has lost a part of its last digit."""
    return math.floor(energy + 1000 * FLOAT)


@dataclass(frozen=True, kw_only=True)
class Script:
    """How a reader names the registers of its meter, and the units that it publishes."""

    prefix: str = "MT681"
    imported: str = "E_in"
    exported: str | None = "E_out"
    power: str | None = "Power"
    fed_in: str | None = None
    """Where feeding in has a power of its own, neither is negative and both are kW."""
    meter_id: str | None = "Meter_id"
    digit: int = 1
    """Wh; the last digit of the counters."""
    unit: int = 1000
    """Wh; what the counters are published in."""
    beside: Mapping[str, Any] | None = None
    """Other blocks of the message."""

    def message(self, now: datetime, reading: Reading) -> dict[str, Any]:
        """Return a complete SENSOR message."""
        return {"Time": stamp(now), self.prefix: self.block(reading), **(self.beside or {})}

    def block(self, reading: Reading) -> dict[str, Any]:
        """Return the meter's object in a message."""
        block: dict[str, Any] = {self.imported: self._shown(reading.imported)}
        if self.exported is not None:
            block[self.exported] = self._shown(reading.exported)
        if self.power is not None and self.fed_in is None:
            block[self.power] = reading.power
        elif self.power is not None and self.fed_in is not None:
            block[self.power] = max(reading.power, 0) / 1000
            block[self.fed_in] = max(-reading.power, 0) / 1000
        if self.meter_id is not None:
            block[self.meter_id] = reading.meter_id
        return block

    def _shown(self, energy: int) -> float:
        return energy // self.digit * self.digit / self.unit


BITSHAKE: Final = Script()
OTTELO: Final = Script(imported="ImportActive", exported="ExportActive")
DOCS: Final = Script(
    prefix="SML", imported="Total_in", exported="Total_out", power="Power_curr", meter_id=None
)
GPLUG: Final = Script(
    prefix="z", imported="Ei", exported="Eo", power="Pi", fed_in="Po", meter_id="SMid"
)
ROUGH: Final = Script(digit=100)
IN_WH: Final = Script(imported="Total_in", exported=None, power="Power_curr", meter_id=None, unit=1)
COUNTER_ONLY: Final = Script(exported=None, power=None, meter_id=None)
COUNTER_IN_WH: Final = replace(COUNTER_ONLY, unit=1)


def stamp(now: datetime, shift: timedelta = timedelta()) -> str:
    """Return the time as the reader publishes it: local, without an offset."""
    return (now + shift).strftime("%Y-%m-%dT%H:%M:%S")
