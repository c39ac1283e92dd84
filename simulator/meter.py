"""The electricity meter of the home, and the scripts by which a Tasmota reader reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from .home import Home

METER_ID: Final = "0a0149534b00056b3c51"
"""1 ISK 00 90913873 in the form of DIN 43863-5, as SML sends it: hexadecimal octets."""
HEAT_PUMP_METER_ID: Final = "0a01454d480000a1b2c3"
"""1 EMH 00 10597059, the same."""

DAY_BEGINS: Final = time(6)
DAY_ENDS: Final = time(22)
"""Of tariff 1, on the clock on the wall; tariff 2 is the night's."""


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A meter with its own number and readings, counting what the home draws and feeds in.

    One with `consumer` is the meter of that consumer alone, "heat_pump" for one.
    """

    home: Home
    consumer: str | None = None
    number: str = METER_ID
    since: datetime
    """When it was put in."""

    import_kwh: float = 15119.035
    export_kwh: float = 2381.470
    """What it showed then."""

    def imported(self, at: datetime) -> float:
        """Return the reading of register 1.8.0 in kWh."""
        return self.import_kwh + self._counted(self._draws, self.since, at)

    def exported(self, at: datetime) -> float:
        """Return the reading of register 2.8.0 in kWh."""
        return self.export_kwh + (0.0 if self.consumer else self._counted("export", self.since, at))

    def imported_by_day(self, at: datetime) -> float:
        """Return the reading of register 1.8.1 in kWh."""
        zone = self.home.zone
        counted = 2 / 3 * self.import_kwh
        day = self.since.astimezone(zone).date()
        while day <= at.astimezone(zone).date():
            begin, end = (
                min(max(datetime.combine(day, turn, tzinfo=zone), self.since), at)
                for turn in (DAY_BEGINS, DAY_ENDS)
            )
            counted += self._counted(self._draws, begin, end)
            day += timedelta(days=1)
        return counted

    def imported_by_night(self, at: datetime) -> float:
        """Return the reading of register 1.8.2 in kWh."""
        return self.imported(at) - self.imported_by_day(at)

    def power(self, at: datetime) -> float:
        """Return the power in W, negative while feeding in."""
        return self.home.power(self.consumer, at) if self.consumer else self.home.grid_power(at)

    def phase_power(self, phase: int, at: datetime) -> float:
        """Return the power of a phase in W."""
        return self.power(at) / 3 if self.consumer else self.home.phase_power(phase, at)

    def current(self, phase: int, at: datetime) -> float:
        """Return the current of a phase in A."""
        return abs(self.phase_power(phase, at)) / self.home.voltage(at, phase)

    @property
    def _draws(self) -> str:
        return self.consumer or "import"

    def _counted(self, series: str, begin: datetime, end: datetime) -> float:
        """Return the kWh counted between two moments."""
        return (self.home.energy(series, end) - self.home.energy(series, begin)) / 1000


REGISTERS: Final[Mapping[str, Callable[[Meter, datetime], float | str]]] = {
    "0.0.9": lambda meter, at: meter.number,
    "96.1.0": lambda meter, at: meter.number,
    "96.50.1": lambda meter, at: "49534b",
    "1.8.0": Meter.imported,
    "1.8.1": Meter.imported_by_day,
    "1.8.2": Meter.imported_by_night,
    "2.8.0": Meter.exported,
    "1.7.0": lambda meter, at: max(0.0, meter.power(at)),
    "2.7.0": lambda meter, at: max(0.0, -meter.power(at)),
    "15.7.0": lambda meter, at: abs(meter.power(at)),
    "16.7.0": Meter.power,
    "36.7.0": lambda meter, at: meter.phase_power(1, at),
    "56.7.0": lambda meter, at: meter.phase_power(2, at),
    "76.7.0": lambda meter, at: meter.phase_power(3, at),
    "32.7.0": lambda meter, at: meter.home.voltage(at, 1),
    "52.7.0": lambda meter, at: meter.home.voltage(at, 2),
    "72.7.0": lambda meter, at: meter.home.voltage(at, 3),
    "31.7.0": lambda meter, at: meter.current(1, at),
    "51.7.0": lambda meter, at: meter.current(2, at),
    "71.7.0": lambda meter, at: meter.current(3, at),
    "14.7.0": lambda meter, at: 49.9 + (meter.home.voltage(at) - 225) / 55,
}
"""What the meter knows by OBIS code: kWh, W, V, A, Hz, or a text."""

COUNTERS: Final = frozenset({"1.8.0", "1.8.1", "1.8.2", "2.8.0"})
TEXTS: Final = frozenset({"0.0.9", "96.1.0", "96.50.1"})


@dataclass(frozen=True)
class Line:
    """A line of a script: which register is published under which key, and how."""

    key: str
    register: str
    precision: int = 0
    """Decimals that are printed, always all of them."""

    immediate: bool = False
    """Published unasked after every telegram (precision + 16 in the script)."""

    scale: float = 1.0
    """What the register is divided by: 1000 to publish kW instead of W."""

    def printed(self, meter: Meter, at: datetime) -> str:
        """Return the value as it stands in the JSON."""
        value = REGISTERS[self.register](meter, at)
        return f'"{value}"' if isinstance(value, str) else self.number(value)

    def number(self, value: float) -> str:
        """Return a number as it stands in the JSON, never as minus zero."""
        return f"{round(value / self.scale, self.precision) + 0.0:.{self.precision}f}"


@dataclass(frozen=True)
class Script:
    """What is loaded into a reader: the name of its JSON object, and its lines."""

    prefix: str
    lines: tuple[Line, ...]


SCRIPTS: Final[Mapping[str, Script]] = {
    "bitshake": Script(
        "MT681",
        (
            Line("E_in", "1.8.0", 3),
            Line("E_out", "2.8.0", 3),
            Line("Power", "16.7.0"),
            Line("Meter_id", "0.0.9"),
        ),
    ),
    "docs": Script(
        "MT681",
        (
            Line("Total_in", "1.8.0", 3),
            Line("Power_cur", "16.7.0"),
            Line("Power_p1", "36.7.0"),
            Line("Power_p2", "56.7.0"),
            Line("Power_p3", "76.7.0"),
            Line("Total_out", "2.8.0", 3),
            Line("Meter_id", "0.0.9"),
        ),
    ),
    "ottelo": Script(
        "MT681",
        (
            Line("Power", "16.7.0", immediate=True),
            Line("ImportActive", "1.8.0", 3),
            Line("ExportActive", "2.8.0", 3),
        ),
    ),
    "obis": Script(
        "eBZ",
        (
            Line("1_8_0", "1.8.0", 3),
            Line("2_8_0", "2.8.0", 3),
            Line("16_7_0", "16.7.0"),
            Line("36_7_0", "36.7.0"),
            Line("56_7_0", "56.7.0"),
            Line("76_7_0", "76.7.0"),
            Line("32_7_0", "32.7.0", 1),
            Line("52_7_0", "52.7.0", 1),
            Line("72_7_0", "72.7.0", 1),
            Line("96_1_0", "96.1.0"),
        ),
    ),
    "gplug": Script(
        "z",
        (
            Line("SMid", "96.1.0"),
            Line("Pi", "1.7.0", 3, immediate=True, scale=1000),
            Line("Po", "2.7.0", 3, immediate=True, scale=1000),
            Line("Ei", "1.8.0", 3),
            Line("Eo", "2.8.0", 3),
            Line("V1", "32.7.0", 1),
            Line("V2", "52.7.0", 1),
            Line("V3", "72.7.0", 1),
            Line("I1", "31.7.0", 2),
            Line("I2", "51.7.0", 2),
            Line("I3", "71.7.0", 2),
        ),
    ),
    "empty_prefix": Script(
        "",
        (
            Line("Total_in", "1.8.0", 1),
            Line("Total_out", "2.8.0", 1),
            Line("Power_curr", "16.7.0", 2),
            Line("Wert", "96.1.0"),
        ),
    ),
    "absolute": Script(
        "MT681",
        (
            Line("Total_in", "1.8.0", 3),
            Line("Power_cur", "15.7.0"),
            Line("Total_out", "2.8.0", 3),
            Line("Meter_id", "0.0.9"),
        ),
    ),
    "maker_only": Script(
        "GS303",
        (
            Line("Total_in", "1.8.0", 3),
            Line("Total_out", "2.8.0", 3),
            Line("Power_cur", "16.7.0"),
            Line("Meter_id", "96.50.1"),
        ),
    ),
    "tariffs": Script(
        "Q3D",
        (
            Line("E_in", "1.8.0", 3),
            Line("E_in_HT", "1.8.1", 3),
            Line("E_in_NT", "1.8.2", 3),
            Line("E_out", "2.8.0", 3),
            Line("kW_L1+L2+L3", "16.7.0", 3, scale=1000),
            Line("SerialNr", "0.0.9"),
        ),
    ),
    "heat_pump": Script(
        "WP",
        (
            Line("Total_in", "1.8.0", 4),
            Line("Power_curr", "16.7.0"),
            Line("Meter_Number", "96.1.0"),
        ),
    ),
}
"""Vocabularies in use, from the script collections of bitShake, the Tasmota documentation,
ottelo and gPlug. The prefix does not show which one it is."""
