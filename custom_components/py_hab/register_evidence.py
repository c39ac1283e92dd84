"""The evidence of how a meter's numbers behave: each key's track, and how well two go together."""

from collections.abc import Iterable
from dataclasses import dataclass
import math
from typing import Final

from .sml_vocabulary import Register, Role

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
class Track:
    """One key, watched as if it were a counter and as if it were a power."""

    register: Register | None
    reading: float | None = None
    """The last number but for zeros, which a reader publishes for what it has not read yet."""
    rises: int = 0
    falls: int = 0
    tick: float = 0.0
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
    def role(self) -> Role | None:
        """What the name says, doubtful or not."""
        return self.register.role if self.register else None

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
            self.tick = min(self.tick or step, step)
            if lasting and self.rise is not None:
                self.rise += step
        self.reading = number
        self.negatives += number < 0
        self.decimals |= number % 1 != 0
        self.peak = max(self.peak, abs(number))


def enough_evidence(hours: float, samples: int, counted: float, tick: float) -> bool:
    """Whether so many kWh, counted in steps of a tick, say anything."""
    return (
        hours >= MIN_HOURS
        and samples >= MIN_SAMPLES
        and counted >= max(MIN_ENERGY, MIN_TICKS * tick)
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
    misfit: float
    """How far the two curves are apart where they are furthest."""
    bend: float
    """How far the counter's curve is from a straight line."""
    tick: float

    @property
    def enough(self) -> bool:
        """Whether it was watched for long enough to say anything."""
        return enough_evidence(self.hours, self.samples, self.counted, self.tick)

    @property
    def near(self) -> bool:
        """Whether the units are right, if the registers are."""
        least, most = NEAR
        return self.enough and least * self.integrated <= self.counted <= most * self.integrated

    @property
    def convincing(self) -> bool:
        """Whether nothing else explains the likeness."""
        return (
            self.enough
            and self.misfit <= TOLERANCE * self.counted
            and self.bend >= max(MIN_BEND * self.counted, BEND_OVER_MISFIT * self.misfit)
        )

    def with_other(self, other: Fit) -> Fit:
        """Return the fit of two counters to the two halves of one power."""
        return Fit(
            self.factor,
            min(self.hours, other.hours),
            min(self.samples, other.samples),
            self.counted + other.counted,
            self.integrated + other.integrated,
            self.misfit + other.misfit,
            self.bend + other.bend,
            max(self.tick, other.tick),
        )


def fit_of(
    pairs: Iterable[tuple[float, Change, Change]],
    *,
    factor: float,
    power_factor: float,
    tick: float,
    negative: bool,
) -> Fit:
    """Compare the curve of a counter with the integral of a power, block by block.

    A pair is the hours of a block and the changes of counter and power. The factors make kWh and
    W of what was published; `tick` is the counter's resolution in kWh; `negative` means the
    negative half of the power.
    """
    hours, samples, counted, integrated, misfit = 0.0, 0, 0.0, 0.0, 0.0
    curve: list[tuple[float, float]] = []
    for duration, count, flow in pairs:
        if count.rise is None:
            continue
        hours += duration
        samples += flow.samples
        counted += count.rise * factor
        integrated += (flow.negative if negative else flow.positive) * power_factor / 1000
        misfit = max(misfit, abs(counted - integrated))
        curve.append((hours, counted))
    return Fit(
        factor,
        hours,
        samples,
        counted,
        integrated,
        misfit,
        max((abs(height - counted * time / hours) for time, height in curve), default=0.0),
        tick,
    )
