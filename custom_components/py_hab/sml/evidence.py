"""The evidence of how a meter's numbers behave: the record of each key, how well two go together."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
import math
from typing import Final

from .registers import LARGEST, KeyMapping, Quantity

MAX_KEYS: Final = 16
"""More keys that names leave open are not looked at: each is compared with all others."""
BLOCK: Final = 10 * 60.0
"""Seconds; behaviour is compared by the block."""
MAX_BLOCKS: Final = 160
"""A day and some more, so that day and night, and both tariffs, are among them."""
GAP: Final = 15 * 60.0
"""Seconds; what the power was during a longer silence is unknown."""
MIN_HOURS: Final = 0.5
MIN_SAMPLES: Final = 20
MIN_ENERGY: Final = 0.2
"""kWh."""
MIN_TICKS: Final = 20
"""So many times its smallest step must a counter have risen: one more or less is then 5 %."""
MIN_STEPS: Final = 3
TOLERANCE: Final = 0.1
"""The two curves are nowhere further apart than this share of the energy."""
MIN_BEND: Final = 0.05
BEND_OVER_MISFIT: Final = 3.0
"""A straight line must fit so much worse than the power does, or a clock, or the voltage times a
happy number, would pass in a home that draws evenly."""
NEAR: Final = (0.7, 1.4)
"""Enough to tell kW from W where the name leaves nothing else open: they are 1000 apart."""
MAX_KW: Final = 100.0
"""A home's power in kW is below, and in W it exceeds this sooner or later."""

KILO: Final = 1000.0
MILLI: Final = 0.001
UNITS: Final = (
    (1.0, 1.0, 0.0, math.inf),
    (KILO, 1.0, 0.0, MAX_KW),
    (1.0, MILLI, MAX_KW, math.inf),
    (KILO, MILLI, 0.0, MAX_KW),
)
"""Factors of power (W, kW) and counter (kWh, Wh), least and greatest peak of the published power.

kW with kWh and W with Wh have the same ratio; only the size of the power tells which it is.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What one key did during a block."""

    rise: float | None
    """None if it fell."""
    positive: float
    """Number times hours, while it was above zero."""
    negative: float
    """The same while below zero, as a positive number."""
    samples: int


@dataclass(slots=True)
class KeyStats:
    """One key, watched as if it were a counter and as if it were a power."""

    register: KeyMapping | None
    reading: float | None = None
    """The last number but for zeros, which a reader publishes for what it has not read yet."""
    rises: int = 0
    falls: int = 0
    resolution: float = 0.0
    """The smallest rise, which a counter's resolution does not exceed."""
    peak: float = 0.0
    decimals: bool = False
    negatives: int = 0
    # The block that is being watched.
    rise: float | None = 0.0
    positive: float = 0.0
    negative: float = 0.0
    samples: int = 0
    whole: bool = False
    """Whether the key was there all the time."""
    last: float = 0.0
    seen: float | None = None
    """When; None if what was before does not count."""

    @property
    def doubted(self) -> bool:
        """Whether the name does not settle what the key is."""
        return self.register is None or self.register.doubtful

    @property
    def quantity(self) -> Quantity | None:
        """What the name says, doubtful or not."""
        return self.register.quantity if self.register else None

    @property
    def counts(self) -> bool:
        """Whether it rises and never fell."""
        return self.rises >= MIN_STEPS and not self.falls

    @property
    def moves(self) -> bool:
        """Whether it goes up and down."""
        return min(self.rises, self.falls) >= MIN_STEPS

    def begin(self, *, whole: bool) -> None:
        """Begin a block."""
        self.rise, self.positive, self.negative, self.samples = 0.0, 0.0, 0.0, 0
        self.whole = whole

    def take(self, now: float, number: float, *, at_start: bool) -> None:
        """Take a number into the block."""
        hours = None if self.seen is None else (now - self.seen) / 3600
        if hours is None:
            self.whole = at_start
        elif hours * 3600 > GAP:
            self.whole = False
        else:
            self.positive += hours * (max(self.last, 0.0) + max(number, 0.0)) / 2
            self.negative -= hours * (min(self.last, 0.0) + min(number, 0.0)) / 2
        if number:
            self._count(number, lasting=hours is not None)
        self.last, self.seen = number, now
        self.samples += 1

    def _count(self, number: float, *, lasting: bool) -> None:
        step = 0.0 if self.reading is None else number - self.reading
        if number < 0 or step < 0:
            self.falls += 1
            self.rise = None
        elif step > 0:
            self.rises += 1
            self.resolution = min(self.resolution or step, step)
            if lasting and self.rise is not None:
                self.rise += step
        self.reading = number
        self.negatives += number < 0
        self.decimals |= number % 1 != 0
        self.peak = max(self.peak, abs(number))


def enough_evidence(hours: float, samples: int, counted: float, resolution: float) -> bool:
    """Whether so many kWh, counted in steps of a tick, say anything."""
    return (
        hours >= MIN_HOURS
        and samples >= MIN_SAMPLES
        and counted >= max(MIN_ENERGY, MIN_TICKS * resolution)
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """How a counter and a power go together, in hours and kWh."""

    factor: float
    """The factor of the key in question."""
    hours: float
    samples: int
    counted: float
    integrated: float
    max_residual: float
    """How far the two curves are apart where they are furthest."""
    nonlinearity: float
    """How far the counter's curve is from a straight line."""
    resolution: float

    @property
    def enough(self) -> bool:
        """Whether it was watched for long enough to say anything."""
        return enough_evidence(self.hours, self.samples, self.counted, self.resolution)

    @property
    def near(self) -> bool:
        """Whether the units are right, if the registers are."""
        least, most = NEAR
        return self.enough and least * self.integrated <= self.counted <= most * self.integrated

    @property
    def is_significant(self) -> bool:
        """Whether nothing else explains the likeness."""
        return (
            self.enough
            and self.max_residual <= TOLERANCE * self.counted
            and self.nonlinearity
            >= max(MIN_BEND * self.counted, BEND_OVER_MISFIT * self.max_residual)
        )

    def with_other(self, other: Fit) -> Fit:
        """Return the fit of two counters to the two halves of one power."""
        return Fit(
            self.factor,
            min(self.hours, other.hours),
            min(self.samples, other.samples),
            self.counted + other.counted,
            self.integrated + other.integrated,
            self.max_residual + other.max_residual,
            self.nonlinearity + other.nonlinearity,
            max(self.resolution, other.resolution),
        )


def fit_of(
    pairs: Iterable[tuple[float, Change, Change]],
    *,
    factor: float,
    power_factor: float,
    resolution: float,
    negative: bool,
) -> Fit:
    """Compare the curve of a counter with the integral of a power, block by block.

    A pair is the hours of a block and the changes of counter and power. The factors make kWh and
    W of what was published; `tick` is the counter's resolution in kWh; `negative` means the
    negative half of the power.
    """
    hours, samples, counted, integrated, max_residual = 0.0, 0, 0.0, 0.0, 0.0
    curve: list[tuple[float, float]] = []
    for duration, count, flow in pairs:
        if count.rise is None:
            continue
        hours += duration
        samples += flow.samples
        counted += count.rise * factor
        integrated += (flow.negative if negative else flow.positive) * power_factor / 1000
        max_residual = max(max_residual, abs(counted - integrated))
        curve.append((hours, counted))
    return Fit(
        factor,
        hours,
        samples,
        counted,
        integrated,
        max_residual,
        max((abs(height - counted * time / hours) for time, height in curve), default=0.0),
        resolution,
    )


class Record:
    """What the keys of a meter did, block by block.

    `judge` tells of a key that was not seen before whether it is worth a track, and what its name
    says.
    """

    def __init__(self, judge: Callable[[str], tuple[bool, KeyMapping | None]]) -> None:
        """Begin with nothing."""
        self._judge = judge
        self.tracks: dict[str, KeyStats] = {}
        self.blocks: deque[tuple[float, dict[str, Change]]] = deque(maxlen=MAX_BLOCKS)
        """Hours, and what each key did; only keys that were there all the time."""
        self.watched = 0.0
        """Seconds, without the gaps."""
        self._strangers: set[str] = set()
        """Keys that are worth no track."""
        self._start = 0.0
        self._heard = -math.inf
        self._widest = 0

    def take(self, now: float, numbers: Mapping[str, float]) -> bool:
        """Take the numbers of a message; return whether a block is complete."""
        silence = now - self._heard
        if 0 <= silence <= GAP:
            self.watched += silence
        else:
            self._restart(now)
        self._heard = now
        self._widest = max(self._widest, len(numbers))
        for key, number in numbers.items():
            track = self._track(key)
            if track and -LARGEST < number < LARGEST:
                track.take(now, number, at_start=now == self._start)
        # Not with a message of a single key: the others are older, their changes not yet told.
        if now - self._start < BLOCK or 2 * len(numbers) <= self._widest:
            return False
        self._close(now)
        return True

    def _track(self, key: str) -> KeyStats | None:
        if key in self._strangers or key in self.tracks or len(self.tracks) >= MAX_KEYS:
            return self.tracks.get(key)
        worth, register = self._judge(key)
        if worth:
            self.tracks[key] = KeyStats(register)
        elif len(self._strangers) < MAX_KEYS:
            self._strangers.add(key)
        return self.tracks.get(key)

    def _restart(self, now: float) -> None:
        self._start = now
        self._widest = 0
        for track in self.tracks.values():
            track.begin(whole=False)
            track.seen = None

    def _close(self, now: float) -> None:
        self.blocks.append(
            (
                (now - self._start) / 3600,
                {
                    key: Change(track.rise, track.positive, track.negative, track.samples)
                    for key, track in self.tracks.items()
                    if track.whole and track.samples
                },
            )
        )
        for track in self.tracks.values():
            # What was silent for a whole block tells of two blocks the next time.
            track.begin(whole=bool(track.samples))
        self._start = now

    def pairs(self, one: str, other: str) -> Iterator[tuple[float, Change, Change]]:
        """Yield the hours of each block and what two keys did in it."""
        for hours, changes in self.blocks:
            if one in changes and other in changes:
                yield hours, changes[one], changes[other]

    def fit(
        self,
        counter: str,
        factor: float,
        power: str,
        power_factor: float,
        *,
        negative: bool = False,
    ) -> Fit:
        """Compare a counter's curve with the integral of a power, or of its negative half."""
        return fit_of(
            self.pairs(counter, power),
            factor=factor,
            power_factor=power_factor,
            resolution=self.tracks[counter].resolution * factor,
            negative=negative,
        )
