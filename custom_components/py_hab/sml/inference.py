"""What the values of a meter's keys show where the names leave something open.

A counter rises by what the power amounts to over time, so each is evidence for the other. Applied
is what changes no meaning: the unit of a known power and its missing sign, by the evidence of
counters that a name or the user vouches for. What an unknown or doubtful key seems to be is only
suggested: a counter is in the statistics for ever, so the user confirms it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import math
from typing import Final

from .plausibility import moduli_within
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
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Units:
    """Factors that make W of a published power and kWh of a published counter."""

    power: float = 1.0
    counter: float = 1.0


# kW with kWh and W with Wh have the same ratio: only the size of the power tells which it is.
_UNITS_OF_SMALL_POWER: Final = (Units(), Units(power=1000.0), Units(power=1000.0, counter=0.001))
_UNITS_OF_LARGE_POWER: Final = (Units(), Units(counter=0.001))


@dataclass(frozen=True, slots=True)
class Flow:
    """Which power, or which half of it, a counter counts."""

    counter: Quantity
    power: Quantity
    is_negative: bool = False


_FLOWS: Final = (
    Flow(Quantity.ENERGY_IMPORT, Quantity.POWER),
    Flow(Quantity.ENERGY_IMPORT, Quantity.POWER_IMPORT),
    Flow(Quantity.ENERGY_EXPORT, Quantity.POWER, is_negative=True),
    Flow(Quantity.ENERGY_EXPORT, Quantity.POWER_EXPORT),
)
_BALANCE: Final = (Quantity.POWER, Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT)
_COUNTERS: Final = frozenset(flow.counter for flow in _FLOWS)
_WATCHED: Final = _COUNTERS.union(flow.power for flow in _FLOWS)


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
        hours = fit.duration / _HOUR
        mean = 1000 * fit.integrated / hours if hours else 0.0
        if self.peak > MAX_KW or mean >= MAX_MEAN_KW:
            return False
        return self.has_decimals or self.peak < MAX_MEAN_KW

    def add(self, number: float, now: datetime) -> None:
        """Add a published number."""
        silence = now - (self.last_seen or now)
        is_gap = not timedelta() <= silence <= MAX_SILENCE
        hours = 0.0 if is_gap else silence / _HOUR
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
        length = _HOUR if 2 * len(numbers) <= self._widest else BLOCK_LENGTH
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


class KeyInference:
    """One meter's keys, watched."""

    def __init__(
        self,
        known: Callable[[str], KeyMapping | None],
        *,
        is_assigned: Callable[[str], bool] = lambda _key: False,
    ) -> None:
        """Begin without evidence.

        known: returns what the user, or else a key's name, says.
        is_assigned: returns whether the user has said it, so that the unit of a counter is certain.
        """
        self._is_assigned = is_assigned
        self.absolute_power = False
        """Whether the power lacks its sign: it is positive while only the export counter rises."""
        self.modulus: float | None = None
        """By how much the power is too high while only the export counter rises; see `plausibility`.

        Only if the wrapped numbers are small enough for a house connection."""
        self.settled = False
        """Whether nothing is left to learn."""
        self._record = Record(known)
        self._keys = self._record.keys
        self._factors: dict[str, float] = {}
        """Of powers, as a counter has proven them."""
        self._counter_factors: dict[str, float] = {}
        """Of counters, as a power has proven them."""

    @property
    def inferred(self) -> dict[str, KeyMapping]:
        """Keys whose unit is not what their names say, or say without doubt."""
        return {
            key: KeyMapping(named.quantity, factor)
            for key, factor in (self._factors | self._counter_factors).items()
            if (named := self._keys[key].mapping) and (named.doubtful or named.factor != factor)
        }

    @property
    def suggestions(self) -> dict[str, KeyMapping]:
        """What the user might say that keys mean; in use only once that is said."""
        return self._copies() | self._power() | self._counters()

    def observe(self, now: datetime, numbers: Mapping[str, float]) -> None:
        """Learn from a message's finite numbers; a key that is not in it keeps its value."""
        if self._record.add(now, numbers):
            self._learn_units()
            self._learn_sign()
            self.settled = self._is_settled()

    def _learn_units(self) -> None:
        """Learn of each power in which unit it amounts to what its counter counts."""
        for flow in _FLOWS:
            counter = self._holder(flow.counter)
            for power, stats in self._keys.items():
                is_open = stats.is_named(flow.power) and power not in self._factors
                if counter and is_open and not stats.only_rises:
                    self._learn_unit(counter, power, is_negative=flow.is_negative)

    def _learn_unit(self, counter: str, power: str, *, is_negative: bool) -> None:
        """Learn the units of a power and its counter.

        If they disagree by a power of ten, a power of plausible size is right, and the counter is in
        another unit than its name says.
        """
        factor = self._counter_factor(counter)
        as_named = self._fit(counter, power, Units(counter=factor), is_negative=is_negative)
        is_kw = self._keys[power].looks_like_kw(as_named)
        is_fixed = self._is_assigned(counter) or counter in self._counter_factors
        for power_factor in (1.0, 1000.0) if is_kw else (1.0,):
            units = Units(power_factor, factor)
            if self._fit(counter, power, units, is_negative=is_negative).has_right_units:
                break
        else:
            units = Units(1000.0 if is_kw else 1.0, factor * as_named.decade(is_kw=is_kw))
            fit = self._fit(counter, power, units, is_negative=is_negative)
            # Whatever agrees as named only needs more energy.
            agrees = as_named.decade(is_kw=False) == 1.0
            if is_fixed or agrees or not fit.proves_other_unit(factor):
                return
        self._factors[power] = units.power
        self._counter_factors.setdefault(counter, units.counter)

    def _counter_factor(self, counter: str) -> float:
        """Return the factor of a certain counter, as far as is known."""
        named = self._keys[counter].mapping
        return self._counter_factors.get(counter, named.factor if named else 1.0)

    def is_proven(self, key: str) -> bool:
        """Whether a power has confirmed the unit of a counter."""
        return key in self._counter_factors

    def _learn_sign(self) -> None:
        """Learn whether the power is positive although all of it is fed in."""
        power, imported, exported = map(self._holder, _BALANCE)
        if power and imported and exported and not self._has_sign(power):
            fits = self._fits(exported, power, still=imported)
            self.absolute_power = any(fit.agrees for fit in fits)
            if not self.absolute_power:
                self.modulus = self._find_modulus(power, imported, exported)

    def _find_modulus(self, power: str, imported: str, exported: str) -> float | None:
        """Return the modulus with which the power amounts to what was fed in, None if none does."""
        return next(
            (
                modulus
                for modulus in moduli_within(self._keys[power].peak)
                for fit in self._fits(exported, power, still=imported, modulus=modulus)
                if fit.agrees
            ),
            None,
        )

    def _has_sign(self, power: str) -> bool:
        """Whether it is known if a power has a sign."""
        return (
            self.absolute_power
            or self.modulus is not None
            or self._keys[power].negatives >= MIN_NEGATIVES
        )

    def _is_settled(self) -> bool:
        power, imported, exported = map(self._holder, _BALANCE)
        if power and imported and power not in self._factors:
            return False
        # A home that has fed in before may do so again only in spring.
        has_fed_in = exported is not None and self._keys[exported].reading >= MIN_FED_IN
        if power and has_fed_in and not self._has_sign(power):
            return False
        # Without its PIN, a meter reports no power yet.
        is_named = bool(power or not imported) and all(map(self._is_certain, self._keys))
        return is_named or len(self._record.blocks) == MAX_BLOCKS

    # What is suggested

    def _copies(self) -> dict[str, KeyMapping]:
        """A "Power" that reads 1.8.0, as in some scripts, is a copy of the import counter."""
        counter = self._holder(Quantity.ENERGY_IMPORT)
        reading = self._keys[counter].reading if counter else 0.0
        return {
            key: KeyMapping(Quantity.NO_MEASUREMENT)
            for key, stats in self._keys.items()
            if stats.is_named(Quantity.POWER) and stats.only_rises
            for scale in (1.0, 1000.0, 0.001)
            if abs(stats.reading * scale - reading) <= MAX_COPY_ERROR * reading
        }

    def _power(self) -> dict[str, KeyMapping]:
        """The one unknown key that amounts to what the counters count is the power."""
        imported = self._holder(Quantity.ENERGY_IMPORT)
        exported = self._holder(Quantity.ENERGY_EXPORT)
        if not imported or self._holder(Quantity.POWER):
            return {}
        found = {
            key: KeyMapping(Quantity.POWER, drawn.units.power)
            for key, stats in self._keys.items()
            if stats.mapping is None
            for drawn in self._fits(imported, key)
            if drawn.is_significant
            and all(
                fed_in.max_residual <= MAX_RESIDUAL * (drawn.counted + fed_in.counted)
                for fed_in in (self._fits(exported, key, is_negative=True) if exported else ())
                if fed_in.units.power == drawn.units.power
            )
        }
        return found if len(found) == 1 else {}

    def _counters(self) -> dict[str, KeyMapping]:
        """A key that counts what a power amounts to is its counter, if there is only one."""
        fits: dict[Quantity, dict[str, Fit]] = {quantity: {} for quantity in _COUNTERS}
        for flow in _FLOWS:
            power = self._holder(flow.power)
            if power and not self._holder(flow.counter):
                fits[flow.counter] |= {
                    key: fit
                    for key, stats in self._keys.items()
                    if stats.only_rises
                    and (stats.mapping is None or stats.is_named(flow.counter, Quantity.POWER))
                    for fit in self._fits(key, power, is_negative=flow.is_negative)
                    if fit.is_significant
                }
        explained = {key for by_key in fits.values() for key in by_key}
        return {
            key: KeyMapping(quantity, fit.units.counter)
            for quantity, by_key in fits.items()
            for key, fit in by_key.items()
            if len(by_key) == 1
            and (fit.duration >= _DAY or self._keys[key].reading * fit.units.counter >= MIN_TOTAL)
            and not self._has_sibling(key, explained)
        }

    def _has_sibling(self, key: str, explained: set[str]) -> bool:
        """Whether another unknown counter stands still while this one rises: two tariffs do."""
        for other, stats in self._keys.items():
            is_counter = not stats.falls and stats.has_decimals and stats.reading >= 1
            if stats.mapping is None and is_counter and other not in explained:
                rises = [
                    other in block.changes and block.changes[other].risen > 0
                    for block in self._record.blocks
                    if key in block.changes and block.changes[key].risen > 0
                ]
                if sum(rises) <= MIN_OVERLAP * len(rises):
                    return True
        return False

    # Evidence

    def _holder(self, quantity: Quantity) -> str | None:
        """Return the key that certainly has a quantity, the liveliest if there are several.

        A power that only rises is none.
        """
        keys = [
            key
            for key, stats in self._keys.items()
            if stats.is_named(quantity)
            and self._is_certain(key)
            and (quantity in _COUNTERS or not stats.only_rises)
        ]
        return max(keys, key=lambda key: self._keys[key].rises, default=None)

    def _is_certain(self, key: str) -> bool:
        """Whether somebody vouches for what a key is: the user, its name or, of a power, a counter."""
        mapping = self._keys[key].mapping
        return mapping is not None and (not mapping.doubtful or key in self._factors)

    def _fits(
        self,
        counter: str,
        power: str,
        *,
        is_negative: bool = False,
        still: str | None = None,
        modulus: float = 0.0,
    ) -> Iterator[Fit]:
        """Yield how a counter goes with a power, or its negative half, in all possible units.

        With `still`, only while that other counter stands still. With `modulus`, by how much the
        power falls short of that.
        """
        named = self._keys[counter].mapping
        is_known = named is not None and not named.doubtful
        counter_factor = self._counter_factor(counter) if is_known else None
        is_small = self._keys[power].peak <= MAX_KW
        possible: tuple[Units, ...] = _UNITS_OF_SMALL_POWER if is_small else _UNITS_OF_LARGE_POWER
        proven = self._factors.get(power)
        if proven is not None and counter_factor is not None:
            possible = (Units(proven, counter_factor),)
        for units in possible:
            is_possible = counter_factor in {None, units.counter}
            if is_possible and proven in {None, units.power}:
                yield self._fit(
                    counter, power, units, is_negative=is_negative, still=still, modulus=modulus
                )

    def _fit(
        self,
        counter: str,
        power: str,
        units: Units,
        *,
        is_negative: bool = False,
        still: str | None = None,
        modulus: float = 0.0,
    ) -> Fit:
        duration, counted, integrated, max_residual = timedelta(), 0.0, 0.0, 0.0
        curve: list[tuple[timedelta, float]] = []
        keys = {counter, power, still or power}
        for block in self._record.blocks:
            if not block.changes.keys() >= keys:
                continue
            count, flow = block.changes[counter], block.changes[power]
            if still and block.changes[still].risen > MAX_DRAWN * count.risen:
                continue
            duration += block.duration
            counted += count.risen * units.counter
            published = flow.negative if is_negative else flow.positive
            if modulus:
                published = max(modulus * (block.duration / _HOUR) - published, 0.0)
            integrated += published * units.power / 1000
            max_residual = max(max_residual, abs(counted - integrated))
            curve.append((duration, counted))
        straight = (abs(height - counted * (time / duration)) for time, height in curve)
        return Fit(
            units=units,
            duration=duration,
            counted=counted,
            integrated=integrated,
            resolution=self._keys[counter].resolution * units.counter,
            max_residual=max_residual,
            nonlinearity=max(straight, default=0.0),
        )
