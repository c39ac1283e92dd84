"""The long worlds as a table: who is away for how long, and what else happens."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from simulator.fritzbox_devices import IMPORT as HEAD, REFRIGERATOR

from .house import Quiet


class Away(Enum):
    """Who can be away."""

    HOME_ASSISTANT = auto()
    READER = auto()
    BOX = auto()


class Source(Enum):
    """What counts."""

    METER = auto()
    BOX = auto()


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A time in which nobody comes or goes."""

    duration: timedelta
    away: frozenset[Away] = frozenset()
    quiet: bool = False
    """Whether the house has no power."""
    power_cut: bool = False
    """Whether Home Assistant had not been stopped in order."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that is done at a moment; it is given the life."""

    act: Callable[[Any], Awaitable[None]]


type Happening = Phase | Act


@dataclass(frozen=True, kw_only=True)
class World:
    """What happens, one after the other."""

    name: str
    source: Source
    script: Sequence[Happening]
    ains: tuple[str, ...] = (REFRIGERATOR, HEAD.removesuffix("-1"))
    """How those of the devices begin that stand in a world with a box."""
    start: datetime = datetime(2026, 2, 3, 10, 1, tzinfo=UTC)
    home_age: timedelta = timedelta(days=45)
    """How long the home has been there at the start."""

    is_mended: bool = True
    """Whether the user wants the history to be looked after."""
    has_server: bool = False
    """Whether there was an old server, which has left a file of three years."""

    @property
    def installed(self) -> datetime:
        """When the home began."""
        return self.start - self.home_age

    @property
    def quiet(self) -> Sequence[Quiet]:
        """When the house has no power."""
        found, now = [], self.start
        for happening in self.script:
            if isinstance(happening, Phase):
                end = now + happening.duration
                if happening.quiet:
                    found.append(Quiet(start=now, end=end))
                now = end
        return found


def lives(**duration: float) -> Phase:
    """Everything is there."""
    return Phase(duration=timedelta(**duration))


def home_assistant_off(*, power_cut: bool = False, **duration: float) -> Phase:
    """Home Assistant does not run."""
    return Phase(
        duration=timedelta(**duration), away=frozenset({Away.HOME_ASSISTANT}), power_cut=power_cut
    )


def reader_off(*, quiet: bool = False, **duration: float) -> Phase:
    """The reader does not tell anything."""
    return Phase(duration=timedelta(**duration), away=frozenset({Away.READER}), quiet=quiet)


def box_off(**duration: float) -> Phase:
    """The box does not answer."""
    return Phase(duration=timedelta(**duration), away=frozenset({Away.BOX}))


def both_off(*, quiet: bool = False, **duration: float) -> Phase:
    """Neither Home Assistant runs nor the reader."""
    away = frozenset({Away.HOME_ASSISTANT, Away.READER})
    return Phase(duration=timedelta(**duration), away=away, quiet=quiet)


async def _swap(life: Any) -> None:
    life.swap()


async def _reset_plug(life: Any) -> None:
    life.reset_plug()


async def _forget_quarters(life: Any) -> None:
    life.reboot("day")


async def _say_zero_quarters(life: Any) -> None:
    life.reboot("day", zeros=True)


async def _forget_all_but_months(life: Any) -> None:
    life.reboot("day", "week", "month")


def at(text: str) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SWAP: Final = Act(act=_swap)
"""Another meter is hung on the wall."""
RESET_PLUG: Final = Act(act=_reset_plug)
BACKFILL: Final = Act(act=lambda life: life.backfill())
BACKFILL_WHILE_COMPILING: Final = Act(act=lambda life: life.backfill_while_compiling())
INTERRUPTED: Final = Act(act=lambda life: life.backfill_interrupted())
UNDO: Final = Act(act=lambda life: life.undo())
IMPORT: Final = Act(act=lambda life: life.import_years())
MINUTE: Final = lives(minutes=1)
"""Shorter than Home Assistant takes to look after the history by itself."""
THREE: Final = lives(hours=3)
BEFORE_OCTOBER: Final = at("2025-10-25T17:01")
"""Some hours before the day of 25 hours."""
BEFORE_MARCH: Final = at("2026-03-28T17:01")


def _meter(name: str, *script: Happening, **changes: Any) -> World:
    return World(name=f"meter: {name}", source=Source.METER, script=script, **changes)


def _box(name: str, *script: Happening, **changes: Any) -> World:
    return World(name=f"box: {name}", source=Source.BOX, script=script, **changes)


CLEAN: Final[tuple[World, ...]] = (
    _meter("clean for a day and a half", lives(hours=36)),
    _meter("the October day", lives(hours=34), start=BEFORE_OCTOBER),
    _meter("the March day", lives(hours=34), start=BEFORE_MARCH),
    _meter("Home Assistant restarts", THREE, home_assistant_off(minutes=4), THREE),
)
"""In which nothing is to be mended."""

TROUBLED: Final[tuple[World, ...]] = (
    _meter("Home Assistant off for 6 hours", THREE, home_assistant_off(hours=6, minutes=17), THREE),
    _meter("power cut for 6 hours", THREE, home_assistant_off(hours=6, power_cut=True), THREE),
    _meter("Home Assistant off for 3 days", THREE, home_assistant_off(days=3), THREE),
    _meter("Home Assistant off for 14 days", THREE, home_assistant_off(days=14), THREE),
    _meter(
        "Home Assistant off over the October night",
        THREE,
        home_assistant_off(hours=11),
        lives(hours=4),
        start=BEFORE_OCTOBER,
    ),
    _meter(
        "Home Assistant off over the March night",
        THREE,
        home_assistant_off(hours=11),
        lives(hours=4),
        start=BEFORE_MARCH,
    ),
    _meter("reader off for 6 hours", THREE, reader_off(hours=6, minutes=17), THREE),
    _meter("reader off for 14 days", THREE, reader_off(days=14), THREE),
    _meter(
        "reader off, and Home Assistant restarts meanwhile",
        THREE,
        reader_off(hours=3),
        both_off(minutes=5),
        reader_off(hours=3),
        THREE,
    ),
    _meter(
        "Home Assistant off, and the reader still away when it is back",
        THREE,
        home_assistant_off(hours=6),
        reader_off(hours=2, minutes=30),
        THREE,
    ),
    _meter(
        "two outages in a day",
        THREE,
        home_assistant_off(hours=2),
        lives(minutes=30),
        reader_off(hours=3),
        THREE,
    ),
    _meter(
        "Home Assistant restarts before an outage is mended",
        THREE,
        reader_off(hours=4),
        lives(minutes=2),
        home_assistant_off(minutes=3),
        THREE,
    ),
    _meter(
        "meter swapped while the reader is off",
        THREE,
        reader_off(hours=4, quiet=True),
        SWAP,
        reader_off(hours=2, quiet=True),
        THREE,
    ),
    _meter(
        "meter swapped while all is off",
        THREE,
        both_off(hours=4, quiet=True),
        SWAP,
        both_off(hours=2, quiet=True),
        THREE,
    ),
    _box("first set-up", THREE, home_age=timedelta(days=60)),
    _box(
        "first set-up on a box that remembers two years",
        THREE,
        home_age=timedelta(days=900),
        ains=(REFRIGERATOR,),
    ),
    _box("first set-up after the October night", THREE, start=at("2025-10-27T11:01")),
    _box("first set-up after the March night", THREE, start=at("2026-03-30T11:01")),
    _box("Home Assistant off for 6 hours", THREE, home_assistant_off(hours=6, minutes=17), THREE),
    _box("Home Assistant off for 3 days", THREE, home_assistant_off(days=3), THREE),
    _box("Home Assistant off for 14 days", THREE, home_assistant_off(days=14), THREE),
    _box("box off for 6 hours", THREE, box_off(hours=6, minutes=17), THREE),
    _box(
        "the day series forgotten in a reboot",
        THREE,
        home_assistant_off(hours=6),
        Act(act=_forget_quarters),
        home_assistant_off(hours=2),
        THREE,
    ),
    _box(
        "the day series at zero after a reboot",
        THREE,
        home_assistant_off(hours=6),
        Act(act=_say_zero_quarters),
        home_assistant_off(hours=2),
        THREE,
    ),
    _box(
        "all series but the months forgotten in a reboot",
        THREE,
        home_assistant_off(hours=20),
        Act(act=_forget_all_but_months),
        home_assistant_off(hours=2),
        THREE,
    ),
    _box("the statistics of a plug reset", THREE, RESET_PLUG, THREE),
    _box(
        "backfill run twice", MINUTE, BACKFILL, BACKFILL, lives(hours=1), BACKFILL, lives(hours=2)
    ),
    _box(
        "backfill interrupted by a power cut",
        MINUTE,
        INTERRUPTED,
        home_assistant_off(minutes=3),
        THREE,
    ),
    _box(
        "backfill while an hour is compiled",
        MINUTE,
        BACKFILL_WHILE_COMPILING,
        lives(hours=1),
        BACKFILL_WHILE_COMPILING,
        lives(hours=2),
    ),
    _box("backfill taken back", lives(hours=1), BACKFILL, lives(hours=1), UNDO, lives(hours=2)),
    _meter("three years of the old server imported", MINUTE, IMPORT, THREE, has_server=True),
    _meter(
        "three years imported while Home Assistant has some days of its own",
        lives(hours=5),
        IMPORT,
        THREE,
        has_server=True,
    ),
    _box(
        "import, then backfill, then outage",
        MINUTE,
        IMPORT,
        BACKFILL,
        THREE,
        home_assistant_off(hours=6),
        THREE,
        home_age=timedelta(days=3 * 365 + 100),
        ains=(REFRIGERATOR,),
        has_server=True,
    ),
    _box(
        "import, backfill, outage, import again",
        MINUTE,
        IMPORT,
        BACKFILL,
        THREE,
        home_assistant_off(hours=6),
        THREE,
        IMPORT,
        lives(hours=1),
        home_age=timedelta(days=3 * 365 + 100),
        ains=(REFRIGERATOR,),
        has_server=True,
    ),
)
"""In which the history is to be mended or completed."""
LEFT_ALONE: Final = _meter(
    "outage that nobody mends", THREE, home_assistant_off(hours=6), THREE, is_mended=False
)
"""To show that the measure sees what is wrong."""
