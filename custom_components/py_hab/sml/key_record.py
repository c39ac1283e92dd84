"""What the keys of a meter did, block by block, and how counters and powers go together."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import math
from typing import Final

from .registers import KeyMapping, Quantity

BLOCK_LENGTH: Final = timedelta(minutes=10)
MAX_BLOCKS: Final = 288
"""Two days; a key that is not understood by then is given up."""
MAX_SILENCE: Final = timedelta(minutes=15)
"""What the power was during a longer one is unknown."""
MAX_UNKNOWN_KEYS: Final = 16
MIN_DURATION: Final = timedelta(minutes=30)
MIN_ENERGY: Final = 0.2
"""kWh."""
MIN_STEPS: Final = 20
"""Of a counter's resolution: one step more or less is then 5 %."""
UNIT_RATIO: Final = (0.7, 1.4)
"""Counted by integrated energy; enough to tell kW from W, which are 1000 apart."""
MAX_RESIDUAL: Final = 0.1
"""Share of the counted energy."""
MIN_NONLINEARITY: Final = 0.05
"""The same, or MIN_ENERGY: over days a home draws evenly."""
NONLINEARITY_BY_RESIDUAL: Final = 3.0
"""A straight line must fit so much worse than the power does: in a home that draws evenly, a clock
would pass otherwise, or the voltage times a happy number."""
MIN_OVERLAP: Final = 0.1
"""Share of a total's rises in which a tariff of it rises; two tariffs hardly rise together."""
MIN_TOTAL: Final = 100.0
"""kWh; a counter that shows less may begin anew each day, and is watched for one."""
MAX_DRAWN: Final = 0.05
"""Share of the energy fed in; a home that draws no more only feeds in."""
MAX_COPY_ERROR: Final = 0.01
MIN_RISES: Final = 3
MIN_FED_IN: Final = 1.0
"""As published; a counter may show some Wh of the factory's tests."""
MIN_NEGATIVES: Final = 20
"""Readings, after which a power has its sign."""
MAX_KW: Final = 100.0
"""A home's power in kW is below, and in W it exceeds this sooner or later."""
MAX_MEAN_KW: Final = 10.0
"""A home's mean power in kW is below, in W above; so is the peak of a home that draws next to nothing."""
MIN_ENERGY_OF_DECADE: Final = 0.02
"""kWh; enough to tell units that are a hundred and more apart."""
MAX_RESIDUAL_OF_DECADE: Final = 0.3
"""Share of the counted energy."""
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Units:
    """Factors that make W of a published power and kWh of a published counter."""

    power: float = 1.0
    counter: float = 1.0


# kW with kWh and W with Wh have the same ratio: only the size of the power tells which it is.
UNITS_OF_SMALL_POWER: Final = (Units(), Units(power=1000.0), Units(power=1000.0, counter=0.001))
UNITS_OF_LARGE_POWER: Final = (Units(), Units(counter=0.001))


@dataclass(frozen=True, slots=True)
class Flow:
    """Which power, or which half of it, a counter counts."""

    counter: Quantity
    power: Quantity
    is_negative: bool = False


FLOWS: Final = (
    Flow(Quantity.ENERGY_IMPORT, Quantity.POWER),
    Flow(Quantity.ENERGY_IMPORT, Quantity.POWER_IMPORT),
    Flow(Quantity.ENERGY_EXPORT, Quantity.POWER, is_negative=True),
    Flow(Quantity.ENERGY_EXPORT, Quantity.POWER_EXPORT),
)
BALANCE: Final = (Quantity.POWER, Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT)
EVIDENCE_COUNTERS: Final = frozenset(flow.counter for flow in FLOWS)
_WATCHED: Final = EVIDENCE_COUNTERS.union(flow.power for flow in FLOWS)


@dataclass(kw_only=True, slots=True)
class Totals:
    """What a key amounts to as published, since it was first seen or within a block."""

    silences: int = 0
    """Of some length; totals across one say nothing."""
    risen: float = 0.0
    positive: float = 0.0
    """Number times hours, while above zero."""
    negative: float = 0.0
    """The same while below zero, as a positive number."""

    def since(self, before: Totals) -> Totals:
        """Return what was added to earlier totals."""
        return Totals(
            risen=self.risen - before.risen,
            positive=self.positive - before.positive,
            negative=self.negative - before.negative,
        )


@dataclass(slots=True)
class KeyStats:
    """One key, watched as if it were a counter and as if it were a power."""

    mapping: KeyMapping | None
    """What the user or the name says."""
    totals: Totals = field(default_factory=Totals)
    last: float = 0.0
    last_seen: datetime | None = None
    reading: float = 0.0
    """The last number but for zeros, which a reader publishes for what it has not read yet."""
    rises: int = 0
    falls: int = 0
    negatives: int = 0
    resolution: float = 0.0
    """The smallest rise; a counter's resolution is no coarser."""
    peak: float = 0.0
    has_decimals: bool = False

    @property
    def only_rises(self) -> bool:
        """Whether it behaves like a counter."""
        return self.rises >= MIN_RISES and not self.falls

    def is_named(self, *quantities: Quantity) -> bool:
        """Whether the name says one of these, be it doubtful."""
        return self.mapping is not None and self.mapping.quantity in quantities

    def looks_like_kw(self, fit: Fit) -> bool:
        """Whether a power, whose fit assumes W, is rather in kW by its size."""
        hours = fit.duration / HOUR
        mean = 1000 * fit.integrated / hours if hours else 0.0
        if self.peak > MAX_KW or mean >= MAX_MEAN_KW:
            return False
        return self.has_decimals or self.peak < MAX_MEAN_KW

    def add(self, number: float, now: datetime) -> None:
        """Add a published number."""
        silence = now - (self.last_seen or now)
        is_gap = not timedelta() <= silence <= MAX_SILENCE
        hours = 0.0 if is_gap else silence / HOUR
        step = number - self.reading if number and self.reading else 0.0
        self.totals.silences += is_gap
        self.totals.risen += step
        self.totals.positive += hours * (max(self.last, 0.0) + max(number, 0.0)) / 2
        self.totals.negative -= hours * (min(self.last, 0.0) + min(number, 0.0)) / 2
        self.last, self.last_seen, self.reading = number, now, number or self.reading
        if step < 0 or number < 0:
            self.falls += 1
        elif step > 0:
            self.rises += 1
            self.resolution = min(self.resolution or step, step)
        self.negatives += number < 0
        self.has_decimals |= number % 1 != 0
        self.peak = max(self.peak, abs(number))


@dataclass(frozen=True, slots=True)
class Block:
    """Some ten minutes, and what was added to the totals of the keys published in it."""

    duration: timedelta
    changes: Mapping[str, Totals]


class Record:
    """What the keys of a meter did, block by block."""

    def __init__(self, known: Callable[[str], KeyMapping | None]) -> None:
        """Begin with nothing; `known` returns what a key means."""
        self._known = known
        self.keys: dict[str, KeyStats] = {}
        """Unknown keys, and those that are evidence."""
        self.blocks: deque[Block] = deque(maxlen=MAX_BLOCKS)
        self._start: datetime | None = None
        self._totals: Mapping[str, Totals] = {}
        """At the start of the present block, of the keys published in the one before."""
        self._widest = 0

    def add(self, now: datetime, numbers: Mapping[str, float]) -> bool:
        """Add the numbers of a message; return whether a block is complete."""
        for key, number in numbers.items():
            if stats := self._stats(key):
                stats.add(number, now)
        self._widest = max(self._widest, len(numbers))
        # A block does not end with a single key: what the others did is still to come.
        length = HOUR if 2 * len(numbers) <= self._widest else BLOCK_LENGTH
        start = self._start or now - length
        if timedelta() <= now - start < length:
            return False
        before = self._totals
        self._totals = {
            key: replace(stats.totals)
            for key, stats in self.keys.items()
            if stats.last_seen and stats.last_seen > start
        }
        changes = {
            key: totals.since(before[key])
            for key, totals in self._totals.items()
            if key in before and before[key].silences == totals.silences and now > start
        }
        self.blocks.append(Block(now - start, changes))
        self._start, self._widest = now, len(numbers)
        return True

    def _stats(self, key: str) -> KeyStats | None:
        if key not in self.keys and len(self.keys) < 2 * MAX_UNKNOWN_KEYS:
            mapping = self._known(key)
            if mapping.quantity in _WATCHED if mapping else len(self.keys) < MAX_UNKNOWN_KEYS:
                self.keys[key] = KeyStats(mapping)
        return self.keys.get(key)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """How a counter goes with a power, in kWh."""

    units: Units
    duration: timedelta
    counted: float
    integrated: float
    resolution: float
    max_residual: float
    """How far counter and integrated power are apart at most."""
    nonlinearity: float
    """How far the counter is from a straight line at most."""

    @property
    def is_enough(self) -> bool:
        """Whether the counter has moved enough to say anything."""
        least = max(MIN_ENERGY, MIN_STEPS * self.resolution)
        return self.duration >= MIN_DURATION and self.counted >= least

    @property
    def has_right_units(self) -> bool:
        """Whether the units are right, if the quantities are."""
        least, most = (ratio * self.integrated for ratio in UNIT_RATIO)
        return self.is_enough and least <= self.counted <= most

    def decade(self, *, is_kw: bool) -> float:
        """Return the power of ten by which the counter is off, if the power is in W or kW."""
        integrated = self.integrated * (1000.0 if is_kw else 1.0)
        if self.counted <= 0 or integrated <= 0:
            return 1.0
        exponent = round(math.log10(integrated / self.counted))
        return 10.0 ** min(max(exponent, -5), 3)

    def proves_other_unit(self, named: float) -> bool:
        """Whether the counter has other units than its name says, with its factor `named`."""
        ratio = self.units.counter / named
        least = MIN_ENERGY if 0.05 < ratio < 20 else MIN_ENERGY_OF_DECADE
        low, high = (bound * self.integrated for bound in UNIT_RATIO)
        return (
            ratio != 1
            and self.duration >= MIN_DURATION
            and self.counted >= max(least, MIN_STEPS * self.resolution)
            and low <= self.counted <= high
            and self.max_residual <= MAX_RESIDUAL_OF_DECADE * self.counted
        )

    @property
    def agrees(self) -> bool:
        """Whether the counter follows the power all the time."""
        return self.is_enough and self.max_residual <= MAX_RESIDUAL * self.counted

    @property
    def is_significant(self) -> bool:
        """Whether nothing else explains the likeness."""
        least = min(MIN_NONLINEARITY * self.counted, MIN_ENERGY)
        is_curved = self.nonlinearity >= max(least, NONLINEARITY_BY_RESIDUAL * self.max_residual)
        return self.agrees and is_curved
