"""The truth: a house whose meter is known to the watt-second, and the messages of its reader."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Any, Final

START: Final = datetime.fromisoformat("2026-03-20T18:00:00+00:00")
"""When every world begins: on the hour, as its statistics do."""
HOUR: Final = 3600
"""Seconds; time in a world is counted in seconds since its start."""
EVENING: Final = (230, 1840, 3600, 420, -900, 0, 2650, -350)
"""W drawn from the grid, for seven minutes each, again and again; negative while feeding in."""
SLOT: Final = 7 * 60

type Message = Mapping[str, Any] | str
"""What a reader publishes: an object, or something that is none."""


class KeyMapping(StrEnum):
    """A counter of the meter; our unique ids end in it."""

    IMPORT = "energy_import"
    EXPORT = "energy_export"


@dataclass(frozen=True, kw_only=True)
class Span:
    """From one moment to another, in minutes since the start of the world."""

    start: float
    end: float

    def __contains__(self, second: int) -> bool:
        """Whether a second lies in it."""
        return self.start * 60 <= second < self.end * 60


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a meter shows; counters in Wh, power in W."""

    imported: int
    exported: int
    power: int
    meter_id: str = "0a0149534b000490bc56"


@dataclass(frozen=True, kw_only=True)
class House:
    """What is drawn and fed in, and what the meter has counted of it."""

    imported: int = 15_119_035
    """Wh on the meter at the start."""
    exported: int = 812_345
    power: Sequence[int] = EVENING
    quiet: Sequence[Span] = ()
    """When nothing flows either way."""

    def powers(self, seconds: int) -> Iterator[int]:
        """Yield the power of each second, in W."""
        for second in range(seconds):
            still = any(second in span for span in self.quiet)
            yield 0 if still else self.power[second // SLOT % len(self.power)]


@dataclass(frozen=True)
class Meter:
    """The counters of a house at each second of a world."""

    house: House
    seconds: int
    _imported: Sequence[int] = field(init=False, repr=False)
    _exported: Sequence[int] = field(init=False, repr=False)
    _powers: Sequence[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Count, in watt-seconds."""
        powers = [*self.house.powers(self.seconds), 0]
        counters = {
            "_imported": (self.house.imported, (max(power, 0) for power in powers)),
            "_exported": (self.house.exported, (max(-power, 0) for power in powers)),
        }
        for name, (start, amounts) in counters.items():
            object.__setattr__(self, name, list(accumulate(amounts, initial=start * HOUR)))
        object.__setattr__(self, "_powers", powers)

    def at(self, second: int) -> Reading:
        """Return what the meter shows."""
        return Reading(
            imported=self._imported[second] // HOUR,
            exported=self._exported[second] // HOUR,
            power=self._powers[second],
        )

    def counted(self, register: KeyMapping, start: int, end: int, *, unit: int = 1) -> float:
        """Return by how much the display went up between two seconds, in kWh; its unit is in Wh."""
        counter = {KeyMapping.IMPORT: self._imported, KeyMapping.EXPORT: self._exported}[register]
        return (counter[end] // HOUR // unit - counter[start] // HOUR // unit) * unit / 1000


@dataclass(frozen=True, kw_only=True)
class Script:
    """How a reader calls the registers of its meter."""

    prefix: str = "MT681"
    imported: str = "E_in"
    exported: str = "E_out"
    power: str = "Power"
    fed_in: str | None = None
    """Where feeding in has a power of its own, neither is negative and both are kW."""
    meter_id: str | None = "Meter_id"
    unit: int = 1
    """Wh; the last digit of the counters."""

    def block(self, reading: Reading) -> dict[str, Any]:
        """Return the meter's object in a message."""
        block: dict[str, Any] = {
            self.imported: reading.imported // self.unit * self.unit / 1000,
            self.exported: reading.exported // self.unit * self.unit / 1000,
        }
        if self.fed_in is None:
            block[self.power] = reading.power
        else:
            block[self.power] = max(reading.power, 0) / 1000
            block[self.fed_in] = max(-reading.power, 0) / 1000
        if self.meter_id is not None:
            block[self.meter_id] = reading.meter_id
        return block


BITSHAKE: Final = Script()
OTTELO: Final = Script(imported="ImportActive", exported="ExportActive")
DOCS: Final = Script(
    prefix="SML", imported="Total_in", exported="Total_out", power="Power_curr", meter_id=None
)
GPLUG: Final = Script(
    prefix="z", imported="Ei", exported="Eo", power="Pi", fed_in="Po", meter_id="SMid"
)
ROUGH: Final = Script(unit=100)


def stamp(second: int, shift: timedelta = timedelta()) -> str:
    """Return the time as the reader tells it: local, without an offset."""
    return (START + timedelta(seconds=second) + shift).strftime("%Y-%m-%dT%H:%M:%S")


def message(second: int, script: Script, reading: Reading) -> dict[str, Any]:
    """Return a complete SENSOR message."""
    return {"Time": stamp(second), script.prefix: script.block(reading)}
