"""What a reader says: the truth, in many ways, or something else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from .house import Message, Meter, Reading, Script, stamp


@dataclass(frozen=True, kw_only=True)
class Instant:
    """The moment of a message, and what an honest reader would say in it."""

    number: int
    now: datetime
    script: Script
    reading: Reading

    def says(self, script: Script | None = None, **changes: Any) -> dict[str, Any]:
        """Return a complete message whose reading differs by the changes."""
        return (script or self.script).message(self.now, replace(self.reading, **changes))


type Edit = Callable[[Instant], Iterable[Message]]
"""What a reader sends at an instant, and what else arrives then."""


@dataclass(frozen=True, eq=False)
class Words:
    """What a reader says for a while, and whether that is the truth."""

    edit: Edit
    honest: bool = True


def zeros(instant: Instant) -> Iterable[Message]:
    """Say 0 for everything that has not been read yet, as Tasmota did until 2026."""
    yield instant.says(imported=0, exported=0, power=0, meter_id="")


def changed(**changes: Callable[[int], int]) -> Edit:
    """Say something else for some of the registers."""

    def edit(instant: Instant) -> Iterable[Message]:
        said: dict[str, Any] = {
            name: change(getattr(instant.reading, name)) for name, change in changes.items()
        }
        yield instant.says(**said)

    return edit


wrapped = changed(power=lambda power: power % 65_536)
"""Publish a power in 16 bits without a sign."""
wrong_sign = changed(power=lambda power: -power)
zero = changed(imported=lambda _: 0)
flipped_up = changed(imported=lambda _: 99_999_999_000)
flipped_down = changed(imported=lambda shown: shown - 524_288)
"""Lose bit 19 of the register."""
export_flipped_down = changed(exported=lambda shown: shown - 524_288)
export_flipped_up = changed(exported=lambda shown: shown + 524_288)
rolling_over = changed(imported=lambda shown: shown % 1_000_000_000)
"""Start again at zero after 999,999.9 kWh."""


def jittering(instant: Instant) -> Iterable[Message]:
    """Be off by the last digit, up and down."""
    off = (0, 1, -1, 1, 0, -1)[instant.number % 6]
    reading = instant.reading
    yield instant.says(imported=reading.imported + off, exported=reading.exported - off)


def without_pin(instant: Instant) -> Iterable[Message]:
    """Show whole kWh and nothing else."""
    reading = instant.reading
    yield instant.says(
        imported=reading.imported // 1000 * 1000,
        exported=reading.exported // 1000 * 1000,
        power=0,
        meter_id="",
    )


def partial_only(instant: Instant) -> Iterable[Message]:
    """Publish each key in a message of its own."""
    for key, value in instant.script.block(instant.reading).items():
        yield {"Time": stamp(instant.now), instant.script.prefix: {key: value}}


def two_readings(instant: Instant) -> Iterable[Message]:
    """Say two things of one instant, the newer first."""
    reading = instant.reading
    yield instant.says()
    yield instant.says(
        imported=max(reading.imported - 3, Meter.imported),
        exported=max(reading.exported - 3, Meter.exported),
    )


def with_clock_off_by(**shift: float) -> Edit:
    """Send a wrong time."""

    def edit(instant: Instant) -> Iterable[Message]:
        yield {**instant.says(), "Time": stamp(instant.now, timedelta(**shift))}

    return edit


def with_garbage(instant: Instant) -> Iterable[Message]:
    """Say what the meter shows, between two things that mean nothing."""
    for part in (2 * instant.number, None, 2 * instant.number + 1):
        yield instant.says() if part is None else GARBAGE[part % len(GARBAGE)]


GARBAGE: Final[tuple[Message, ...]] = (
    "",
    "{",
    '{"Time":"2026-03-20T19:00:00","MT681":{"E_in":15119.',
    "null",
    "[]",
    "15119.035",
    '"E_in"',
    "offline",
    {"MT681": None},
    {"MT681": "E_in"},
    {"MT681": [0, 0]},
    {"MT681": {}},
    {"MT681": {"E_in": None, "E_out": None, "Power": None}},
    {"MT681": {"E_in": "n/a", "E_out": "", "Power": "nan"}},
    {"MT681": {"E_in": "0", "E_out": "0"}},
    {"MT681": {"E_in": True, "E_out": False}},
    {"MT681": {"E_in": [1, 2], "E_out": {"value": 3}}},
    '{"MT681":{"E_in":1e400,"E_out":-1e400}}',
    '{"MT681":{"E_in":NaN,"E_out":Infinity}}',
    {"MT681": {"E_in": 10**400}},
    {"MT681": {"E_in": 1e300, "E_out": 1e300, "Power": 1e300}},
    {"MT681": {"E_in": 4294967.295, "E_out": 429496.7295}},
    {"MT681": {"E_in": -1.0, "E_out": -0.001}},
    {"HTU21": {"Temperature": 21.4, "Humidity": 40.1}},
    {"ENERGY": {"Total": 3.185, "Today": 0.2, "Power": 12, "ImportActive": 3.185}},
    {"ESP32": {"Temperature": 51.1}, "TempUnit": "C"},
    {"Gas": {"E_in": 88.125, "Power": 3}},
    {"": {"Total_in": 0.0, "Total_out": 0.0, "Power_curr": 0}},
    {"time": "2026-03-20T19:00:00", "HKR": {"device": "16", "amount": 21.5, "unit": "C"}},
    {"Verbrauch Tag": "2.98", "E_in": 0},
    {"StatusSNS": None},
)
