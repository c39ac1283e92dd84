"""What a world is: a name, how long it lasts, and what happens when."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
import re
from typing import TYPE_CHECKING, Any, Final

from simulator.fritzbox_devices import IMPORT, REFRIGERATOR

from .house import BITSHAKE, Meter, Reading, Script

if TYPE_CHECKING:
    from .life import Life

EVENING_START: Final = datetime(2026, 3, 20, 18, tzinfo=UTC)
"""On the hour, as statistics start."""
MORNING_START: Final = datetime(2026, 2, 3, 10, 1, tzinfo=UTC)

RECORDED: Final = ("sensor.*energy*", "sensor.*power*")

type Act = Callable[[Life], Awaitable[None]]


class Source(Enum):
    """What counts."""

    METER = auto()
    BOX = auto()


class Party(Enum):
    """Who can be away."""

    HOME_ASSISTANT = auto()
    READER = auto()
    BROKER = auto()
    BOX = auto()


class Rank(Enum):
    """What happens first among what happens at the same moment."""

    WORDS = 0
    """What a reader says: whoever starts at this moment hears it."""
    SOURCES = 1
    HOME_ASSISTANT = 2


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happens in a life, and ends after a while if it has an end."""

    begins: Act
    lasts: timedelta = timedelta()
    ends: Act | None = None
    rank: Rank = Rank.SOURCES


@dataclass(frozen=True, kw_only=True)
class Step:
    """An act, and when it is done."""

    after: timedelta
    act: Act
    rank: Rank


@dataclass(frozen=True, kw_only=True)
class World:
    """What happens, after how much time."""

    name: str
    lasts: timedelta
    steps: Sequence[Step] = ()
    start: datetime
    source: Source = Source.METER
    spacing: timedelta = timedelta(seconds=150)
    """Between two messages of the reader."""
    first: timedelta = timedelta(seconds=10)
    """After a full hour the reader publishes, so that no message falls on it."""
    powers: Sequence[int] | None = None
    """The pattern of what the house draws in W; else it is the simulated home."""
    meter: Meter = field(default_factory=Meter)
    script: Script = BITSHAKE
    retained: Reading | None = None
    """What the broker has kept from long ago, and sends to whoever subscribes."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the entry, as the user has set them."""
    sleeps: bool = False
    """Whether the reader sleeps between its messages."""
    core_beside: bool = False
    """Whether core's MQTT sensors record the same messages."""
    phantom: float = 0.0
    """kWh that these sensors book beside the truth."""
    keep_days: int = 10
    """After which the recorder purges states and short-term statistics."""
    recorded: tuple[str, ...] = RECORDED
    """Patterns of the entities that the recorder stores; each row of each takes time."""
    predecessor: str | None = None
    """Template of core's sensor that has the id of ours at first."""
    ains: tuple[str, ...] = (REFRIGERATOR, IMPORT.removesuffix("-1"))
    """How those of the devices begin that belong to a box."""
    home_age: timedelta = timedelta(days=45)
    """How long the simulated home has counted at the start."""
    served: timedelta = timedelta()
    """For how long an old server has recorded, which has left its file; 0 if there was none."""
    slack: float = 0.0
    """kWh that the reader hides for a while, and that an hour may hold in addition."""
    notices: Mapping[str, bool] = field(default_factory=dict)
    """What the Repairs page reports, and whether it still does so at the end."""
    power_adds_up: bool = False
    """Whether the mean power of the hours is what the counters say."""
    unmended: str = ""
    """Why the statistics are wrong in this world; empty where they are right."""

    @property
    def timeline(self) -> Sequence[Step]:
        """What happens before the end, in order."""
        steps = (step for step in self.steps if step.after < self.lasts)
        return sorted(steps, key=lambda step: (step.after, step.rank.value))


def at(text: str, *events: Event) -> Sequence[Step]:
    """Let something happen at "1:30" (hours and minutes), "3d 6:00" or "0:59:30" of the world."""
    steps = []
    for event in events:
        begin = after(text)
        steps.append(Step(after=begin, act=event.begins, rank=event.rank))
        if event.ends is not None:
            steps.append(Step(after=begin + event.lasts, act=event.ends, rank=event.rank))
    return steps


def after(text: str) -> timedelta:
    """Return the duration that a text such as "3d 6:00" names."""
    match = re.fullmatch(r"(?:(\d+)d ?)?(?:(\d+):(\d\d)(?::(\d\d))?)?", text)
    assert match, text
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def joined(timed: Sequence[Sequence[Step]]) -> Sequence[Step]:
    """Return the steps of a row of a table."""
    return [step for steps in timed for step in steps]
