"""The worlds as a table: what the reader sends in each, and who is away for a while."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto
from functools import cached_property
from typing import Any, Final

from .house import (
    BITSHAKE,
    DOCS,
    GPLUG,
    HOUR,
    OTTELO,
    ROUGH,
    House,
    KeyMapping,
    Message,
    Meter,
    Reading,
    Script,
    Span,
    message,
    stamp,
)

FUSE: Final = 3 * 63 * 230 / 1000
"""kWh in an hour: what a house can draw through its main fuses."""
ROUNDING: Final = 1e-6
"""kWh; the recorder's sums are floats."""
PHASE: Final = 3
"""The second of the first message, so that none falls on the hour."""
FLUSH: Final = 3
"""Minutes at the end of a world in which nothing flows: its last reading is in the statistics."""


@dataclass(frozen=True, kw_only=True)
class Instant:
    """The moment of a message, and what an honest reader would say in it."""

    number: int
    second: int
    script: Script
    reading: Reading

    def says(self, script: Script | None = None, **changes: Any) -> Message:
        """Return a complete message whose reading differs as told."""
        return message(self.second, script or self.script, replace(self.reading, **changes))


type Edit = Callable[[Instant], Iterable[Message]]
"""What a reader sends at an instant, and what else arrives then."""


class Party(Enum):
    """Who can be away."""

    HEAD = auto()
    BROKER = auto()
    HOME_ASSISTANT = auto()


@dataclass(frozen=True, kw_only=True)
class World:
    """What happens, in minutes since the start."""

    name: str
    hours: int = 3
    spacing: int = 30
    """Seconds between two messages."""
    house: House = field(default_factory=House)
    script: Script = BITSHAKE
    edits: Sequence[tuple[Span, Edit]] = ()
    """The first whose time has come applies; else the reader is honest."""
    away: Sequence[tuple[Span, Party]] = ()
    clock_jumps: Mapping[int, timedelta] = field(default_factory=dict)
    """By which Home Assistant's clock jumps, and when."""
    retained: Message | None = None
    """What the broker has kept from long ago, and sends to whoever subscribes."""

    @property
    def seconds(self) -> int:
        """How long the world lasts."""
        return self.hours * HOUR

    @cached_property
    def meter(self) -> Meter:
        """The truth."""
        end = Span(start=self.hours * 60 - FLUSH, end=self.hours * 60)
        return Meter(replace(self.house, quiet=(*self.house.quiet, end)), self.seconds)

    @property
    def moments(self) -> range:
        """The seconds at which the reader publishes."""
        return range(PHASE, self.seconds, self.spacing)

    def is_away(self, party: Party, second: int) -> bool:
        """Return whether someone is away."""
        return any(second in span for span, who in self.away if who is party)

    def messages(self, second: int) -> list[Message]:
        """Return what the reader sends at a second."""
        if self.is_away(Party.HEAD, second):
            return []
        instant = Instant(
            number=(second - PHASE) // self.spacing,
            second=second,
            script=self.script,
            reading=self.meter.at(second),
        )
        edit = next((edit for span, edit in self.edits if second in span), honest)
        return list(edit(instant))

    def truth(self, register: KeyMapping) -> float:
        """Return the kWh counted from the first message to the last."""
        return self.meter.counted(
            register, self.moments[0], self.moments[-1], unit=self.script.unit
        )

    def one_reading(self, register: KeyMapping) -> float:
        """Return the kWh counted between two messages at most, with the meter's resolution."""
        counted = (
            self.meter.counted(register, second, second + self.spacing)
            for second in self.moments[:-1]
        )
        return max(counted) + self.script.unit / 1000 + ROUNDING

    def is_possible(self, change: float) -> bool:
        """Return whether an hour can hold so many kWh: its own, and what was missed before."""
        missed = sum(span.end - span.start for span, _ in self.away) / 60
        return -ROUNDING <= change <= FUSE * (1 + missed)


def honest(instant: Instant) -> Iterable[Message]:
    """Say what the meter shows."""
    yield instant.says()


def zeros(instant: Instant) -> Iterable[Message]:
    """Say 0 for everything that has not been read yet, as Tasmota did until 2026."""
    yield instant.says(imported=0, exported=0, power=0, meter_id="")


def zero(instant: Instant) -> Iterable[Message]:
    """Say 0 for one counter."""
    yield instant.says(imported=0)


def flipped_up(instant: Instant) -> Iterable[Message]:
    """Say far too much."""
    yield instant.says(imported=99_999_999_000)


def flipped_down(instant: Instant) -> Iterable[Message]:
    """Lose bit 19 of the register."""
    yield instant.says(imported=instant.reading.imported - 524_288)


def export_flipped_down(instant: Instant) -> Iterable[Message]:
    """Lose bit 19 of the other counter: much of what it shows."""
    yield instant.says(exported=instant.reading.exported - 524_288)


def export_flipped_up(instant: Instant) -> Iterable[Message]:
    """Say far too much of the other counter."""
    yield instant.says(exported=instant.reading.exported + 524_288)


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
        yield {"Time": stamp(instant.second), instant.script.prefix: {key: value}}


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


def with_garbage(instant: Instant) -> Iterable[Message]:
    """Say what the meter shows, between two things that mean nothing."""
    for part in (2 * instant.number, None, 2 * instant.number + 1):
        yield instant.says() if part is None else GARBAGE[part % len(GARBAGE)]


def two_readings(instant: Instant) -> Iterable[Message]:
    """Say two things of one instant, the newer first."""
    reading = instant.reading
    yield instant.says()
    yield instant.says(
        imported=max(reading.imported - 3, House.imported),
        exported=max(reading.exported - 3, House.exported),
    )


def with_clock_off_by(shift: timedelta) -> Edit:
    """Tell the time wrong."""

    def edit(instant: Instant) -> Iterable[Message]:
        said = instant.says()
        yield {**said, "Time": stamp(instant.second, shift)} if isinstance(said, Mapping) else said

    return edit


def read_by(script: Script) -> Edit:
    """Read the meter with another script."""
    return lambda instant: [instant.says(script)]


def counting_from(minute: int, imported: int, exported: int, house: House) -> Edit:
    """Show the counters of a meter that took over at a minute."""
    before = Meter(house, minute * 60).at(minute * 60)

    def edit(instant: Instant) -> Iterable[Message]:
        yield instant.says(
            imported=instant.reading.imported - before.imported + imported,
            exported=instant.reading.exported - before.exported + exported,
            meter_id="0a0149534b0005512f07",
        )

    return edit


def rolling_over(instant: Instant) -> Iterable[Message]:
    """Start again at zero after 999,999.9 kWh."""
    yield instant.says(imported=instant.reading.imported % 1_000_000_000)


def span(start: float, end: float) -> Span:
    """Return the time between two minutes."""
    return Span(start=start, end=end)


def one(minute: float) -> Span:
    """Return the time of a single message."""
    return Span(start=minute, end=minute + 0.5)


def first(minute: float) -> Span:
    """Return the time of an answer to STATUS 10 for someone who starts, without the next message."""
    return Span(start=minute, end=minute + 0.04)


EVER: Final = float("inf")
GLITCHES: Final = (31, 64.5, 100, 101, 119.5, 159.5)
"""Minutes; two glitches are the last messages of five minutes, one that of an hour."""
SWAPPED: Final = House(quiet=(span(58, 63),))
"""The house has no power while its meter is swapped."""

CLEAN: Final = World(name="clean")
SINGLE_ZERO: Final = World(name="single zero", edits=((one(100), zero),))
PARTIAL: Final = World(name="partial messages only", edits=((span(0, EVER), partial_only),))
IN_KW: Final = World(name="script in kW", script=GPLUG)

WORLDS: Final[tuple[World, ...]] = (
    CLEAN,
    World(name="clean for a day", hours=24, spacing=60),
    World(
        name="zero after boot",
        away=((span(57, 59), Party.HEAD),),
        edits=((span(59, 61), zeros),),
    ),
    World(
        name="zero after boot for an hour",
        away=((span(57, 59), Party.HEAD),),
        edits=((span(59, 119), zeros),),
    ),
    World(
        name="set up while the reader boots",
        house=House(quiet=(span(0, 5),)),
        edits=((span(0, 3), zeros),),
    ),
    SINGLE_ZERO,
    World(name="zeros now and then", edits=tuple((one(minute), zero) for minute in GLITCHES)),
    World(
        name="bit flips up",
        edits=(
            *((one(minute), flipped_up) for minute in GLITCHES),
            *((one(minute), export_flipped_up) for minute in (45, 84.5)),
        ),
    ),
    World(
        name="bit flips down",
        edits=(
            *((one(minute), flipped_down) for minute in GLITCHES),
            *((one(minute), export_flipped_down) for minute in (45, 84.5)),
        ),
    ),
    World(name="set up on a bit flip up", edits=((first(0), flipped_up),)),
    World(name="set up on a bit flip down", edits=((first(0), flipped_down),)),
    World(
        name="Home Assistant restarts on a bit flip up",
        away=((span(70, 75), Party.HOME_ASSISTANT),),
        edits=((first(75), flipped_up),),
    ),
    World(
        name="bit flip up right after an outage",
        hours=4,
        away=((span(60, 120), Party.HEAD),),
        edits=((one(120), flipped_up),),
    ),
    World(
        name="last digit jitters",
        house=House(quiet=(span(60, 120),)),
        edits=((span(0, EVER), jittering),),
    ),
    World(
        name="PIN lost for hours",
        hours=5,
        away=((span(48, 50), Party.HEAD),),
        edits=((span(50, 230), without_pin),),
    ),
    PARTIAL,
    World(name="garbage between", edits=((span(0, EVER), with_garbage),)),
    World(name="broker restarts", away=((span(70, 73), Party.BROKER),)),
    World(
        name="Home Assistant restarts",
        away=((span(70, 75), Party.HOME_ASSISTANT),),
    ),
    World(
        name="Home Assistant and broker restart, an old message retained",
        away=((span(70, 75), Party.HOME_ASSISTANT), (span(110, 112), Party.BROKER)),
        retained=message(0, BITSHAKE, Reading(imported=12_000_500, exported=500, power=77)),
    ),
    World(
        name="everything restarts after a power cut, zero after boot",
        house=House(quiet=(span(70, 75),)),
        away=((span(70, 75), Party.HOME_ASSISTANT), (span(70, 75), Party.HEAD)),
        edits=((span(75, 77), zeros),),
    ),
    World(
        name="reader's clock is wrong",
        edits=(
            (span(30, 60), with_clock_off_by(-timedelta(days=20532))),
            (span(60, 90), with_clock_off_by(-timedelta(days=2500))),
            (span(90, 120), with_clock_off_by(timedelta(days=2000))),
        ),
    ),
    World(
        name="Home Assistant's clock jumps ahead",
        hours=4,
        clock_jumps={95: timedelta(hours=2)},
    ),
    World(
        name="Home Assistant's clock jumps back",
        hours=4,
        clock_jumps={95: timedelta(minutes=-20), 170: timedelta(minutes=20)},
    ),
    World(
        name="meter swapped, the new one at 0.0",
        house=SWAPPED,
        away=((span(60, 62), Party.HEAD),),
        edits=((span(62, EVER), counting_from(60, 0, 0, SWAPPED)),),
    ),
    World(
        name="meter swapped, the new one at 12.0",
        house=SWAPPED,
        away=((span(60, 62), Party.HEAD),),
        edits=((span(62, EVER), counting_from(60, 12_000, 0, SWAPPED)),),
    ),
    World(
        name="head swapped",
        away=((span(80, 85), Party.HEAD),),
        edits=((span(85, EVER), read_by(DOCS)),),
    ),
    World(
        name="keys of the script renamed",
        away=((span(89, 90), Party.HEAD),),
        edits=((span(90, EVER), read_by(OTTELO)),),
    ),
    World(
        name="feed-in all day",
        hours=24,
        spacing=60,
        house=House(power=(-230, -5200, -1840, -3600, -42)),
    ),
    World(
        name="counter rolls over at 999,999.9",
        house=House(imported=999_998_500),
        script=ROUGH,
        edits=((span(0, EVER), rolling_over),),
    ),
    World(name="two readings for one instant", edits=((span(0, EVER), two_readings),)),
    World(
        name="export at 0.000 for ever",
        house=House(exported=0, power=(230, 1840, 3600, 420, 0)),
        away=((span(57, 59), Party.HEAD),),
        edits=((span(59, 61), zeros),),
    ),
    IN_KW,
    World(name="outage of two hours", hours=5, away=((span(60, 180), Party.HEAD),)),
)
