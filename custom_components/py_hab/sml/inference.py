"""What the behaviour of a meter's numbers tells where the names of its keys leave something open.

A counter rises by what the power amounts to over time. So a key that is known vouches for one
that is not: which counter it is, whether it is the power, and in which unit. An adopted counter is
in the statistics for ever, so a key is adopted for its shape over time, not for a mere ratio, and
where two keys fit, mostly neither is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from .evidence import (
    KILO,
    MILLI,
    MIN_HOURS,
    MIN_SAMPLES,
    TOLERANCE,
    UNITS,
    Fit,
    KeyStats,
    Record,
    enough_evidence,
)
from .registers import KeyMapping, Quantity

DAY: Final = 24.0
"""Hours that must have been watched where a shorter time may deceive."""
DEADLINE: Final = 48 * 3600.0
"""Seconds; a key that is not understood by then is given up."""

SAME: Final = 0.01
STANDSTILL: Final = 0.05
SMALL: Final = 100.0
"""kWh; a counter of a day or so, which begins anew, may read less than this."""
AHEAD: Final = 1.0
"""kWh by which a total exceeds its parts at least; copies of a register are closer."""
SIGNED: Final = 20
"""After so many negative readings a power has its sign."""

_FLOWS: Final = (
    (Quantity.ENERGY_IMPORT, Quantity.POWER, False),
    (Quantity.ENERGY_IMPORT, Quantity.POWER_IMPORT, False),
    (Quantity.ENERGY_EXPORT, Quantity.POWER, True),
    (Quantity.ENERGY_EXPORT, Quantity.POWER_EXPORT, False),
)
"""Which power a counter counts, and whether it is the negative half of it."""
_COUNTERS: Final = frozenset({Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT})
_WATCHED: Final = frozenset(quantity for flow in _FLOWS for quantity in flow[:2])


@dataclass(frozen=True, slots=True)
class InferredKey:
    """What a key turned out to be."""

    quantity: Quantity
    factor: float = 1.0
    """Published number * factor is in kWh or W."""


@dataclass
class KeyInference:
    """One meter's keys, watched.

    `known` is what the names say. Numbers of a key that has a name are used as evidence only.
    """

    known: Callable[[str], KeyMapping | None]
    absolute_power: bool = False
    """Whether the power lacks its sign: it is positive while only the export counter rises."""
    _inferred: dict[str, InferredKey] = field(default_factory=dict)
    _confirmed: set[str] = field(default_factory=set)
    """Powers whose unit, as the name says it, the counters have confirmed."""
    settled: bool = False
    """Whether nothing is left to learn."""

    @property
    def inferred(self) -> Mapping[str, InferredKey]:
        """What behaviour tells of a key that its name does not."""
        return MappingProxyType(self._inferred)

    def __post_init__(self) -> None:
        """Keep a record of the keys that names leave open, and of those that are evidence."""
        self._record = Record(self._is_evidence)
        self._tracks = self._record.tracks
        """Of the keys that are something for us."""

    def _is_evidence(self, key: str) -> tuple[bool, KeyMapping | None]:
        register = self.known(key)
        return register is None or register.quantity in _WATCHED, register

    def _is_settled(self) -> bool:
        if self._unit_is_open() or self._sign_is_open():
            return False
        return self._record.watched >= DEADLINE or not any(map(self._is_open, self._tracks))

    def observe(self, now: float, numbers: Mapping[str, float]) -> None:
        """Take the published numbers of a message, received at `now` seconds of any clock.

        A key that is not in the message keeps its value.
        """
        if self._record.take(now, numbers):
            self._learn()
            self.settled = self._is_settled()

    # Learning

    def _learn(self) -> None:
        self._learn_what_is_no_power()
        self._learn_units()
        self._learn_counters()
        self._learn_power()
        self._learn_sign()

    def _learn_what_is_no_power(self) -> None:
        """A "Power" that reads 1.8.0, as in some scripts, is a copy of the import counter."""
        counter = self._holder(Quantity.ENERGY_IMPORT)
        for key, track in self._tracks.items():
            if (
                counter
                and track.quantity is Quantity.POWER
                and track.counts
                and key not in self._inferred
                and self._is_copy(key, counter)
            ):
                self._inferred[key] = InferredKey(Quantity.NO_MEASUREMENT)

    def _is_copy(self, key: str, counter: str) -> bool:
        tracks = self._tracks
        copy, original = tracks[key].reading, tracks[counter].reading
        if not copy or not original or not tracks[counter].rises:
            return False
        return any(
            abs(copy * scale - original) <= SAME * abs(original)
            and self._rise_alike(key, scale, counter)
            for scale in (1.0, KILO, MILLI)
        )

    def _rise_alike(self, key: str, scale: float, counter: str) -> bool:
        hours, samples, copied, original = 0.0, 0, 0.0, 0.0
        for duration, one, other in self._record.pairs(key, counter):
            if one.rise is not None and other.rise is not None:
                hours += duration
                samples += one.samples
                copied += one.rise * scale
                original += other.rise
        tracks = self._tracks
        # Each may be printed with its own number of decimals.
        resolution = max(tracks[key].resolution * scale, tracks[counter].resolution)
        return (
            hours >= MIN_HOURS
            and samples >= MIN_SAMPLES
            and original > 0
            and abs(copied - original) <= 2 * resolution + SAME * original
        )

    def _learn_units(self) -> None:
        """A power is in the unit in which it amounts to what its counter counts."""
        for key, track in self._tracks.items():
            register = track.register
            if register is None or key in self._inferred or key in self._confirmed:
                continue
            if register.quantity is Quantity.POWER and register.doubtful:
                continue
            factor = next(self._units_of(key, register.quantity), None)
            if factor == register.factor:
                self._confirmed.add(key)
            if factor and (factor != register.factor or register.doubtful):
                self._inferred[key] = InferredKey(register.quantity, factor)

    def _units_of(self, key: str, quantity: Quantity) -> Iterator[float]:
        for counter_role, power_role, negative in _FLOWS:
            counter = self._holder(counter_role)
            if power_role is quantity and counter:
                for power_factor, counter_factor in self._units(key, counter):
                    fit = self._record.fit(
                        counter, counter_factor, key, power_factor, negative=negative
                    )
                    if fit.near:
                        yield power_factor

    def _learn_counters(self) -> None:
        """A key that counts what a power amounts to is that power's counter."""
        fits: dict[Quantity, dict[str, Fit]] = {quantity: {} for quantity in _COUNTERS}
        for quantity, power_role, negative in _FLOWS:
            power = self._holder(power_role)
            if not power or not self._tracks[power].moves or self._holder(quantity):
                continue
            for key, track in self._tracks.items():
                if not self._may_count(key, track, quantity):
                    continue
                for power_factor, factor in self._units(power, key):
                    fit = self._record.fit(key, factor, power, power_factor, negative=negative)
                    # Whole kWh are what a meter tells whose PIN was not entered.
                    if fit.is_significant and (track.decimals or factor == MILLI):
                        fits[quantity][key] = fit
        explained = {key for by_key in fits.values() for key in by_key}
        for quantity, by_key in fits.items():
            total = self._total(by_key)
            if total and not self._has_idle_sibling(total, explained):
                self._inferred[total] = InferredKey(quantity, by_key[total].factor)

    def _may_count(self, key: str, track: KeyStats, quantity: Quantity) -> bool:
        if not track.counts or key in self._inferred:
            return False
        if track.quantity is Quantity.POWER:
            return quantity is Quantity.ENERGY_IMPORT
        return track.register is None or (track.doubted and track.quantity is quantity)

    def _total(self, fits: Mapping[str, Fit]) -> str | None:
        """Return which of the keys that fit is the total, None if that is not certain."""
        readings = {
            key: fit.factor * (self._tracks[key].reading or 0.0) for key, fit in fits.items()
        }
        if not readings:
            return None
        best = max(readings, key=lambda key: readings[key])
        fit = fits[best]
        if (len(fits) > 1 or readings[best] < SMALL) and fit.hours < DAY:
            return None
        for key, other in fits.items():
            # A tariff counts the same while it is in force; what counts something else but
            # nearly as much (kVAh) may be the right one as well as this.
            margin = 2 * max(fit.resolution, other.resolution) + SAME * fit.counted
            if key != best and (
                abs(fit.counted - other.counted) > margin or readings[key] > readings[best] - AHEAD
            ):
                return None
        return best

    def _has_idle_sibling(self, key: str, explained: set[str]) -> bool:
        """Whether another unknown counter stands still: then they may be two tariffs."""
        rising = [
            changes for _, changes in self._record.blocks if key in changes and changes[key].rise
        ]
        for other, track in self._tracks.items():
            if other in explained or other in self._inferred or not track.doubted:
                continue
            if track.falls or not track.decimals or (track.reading or 0.0) < AHEAD:
                continue
            risen = sum(1 for changes in rising if other in changes and changes[other].rise)
            if 2 * risen < len(rising):
                return True
        return False

    def _learn_power(self) -> None:
        """The one key that amounts to what the counters count is the power."""
        imported = self._holder(Quantity.ENERGY_IMPORT)
        exported = self._holder(Quantity.ENERGY_EXPORT)
        if not imported or self._holder(Quantity.POWER):
            return
        fits: dict[str, float] = {}
        for key, track in self._tracks.items():
            unnamed = track.register is None or (track.doubted and track.quantity is Quantity.POWER)
            if not unnamed or not track.moves or key in self._inferred:
                continue
            for power_factor, factor in self._units(key, imported):
                fit = self._record.fit(imported, factor, key, power_factor)
                if exported:
                    own = self._factor(exported)
                    fit = fit.with_other(
                        self._record.fit(exported, own, key, power_factor, negative=True)
                    )
                if fit.is_significant:
                    fits[key] = power_factor
        if len(fits) == 1:
            [(key, power_factor)] = fits.items()
            self._inferred[key] = InferredKey(Quantity.POWER, power_factor)

    def _learn_sign(self) -> None:
        """A power without sign is positive although all of it is fed in."""
        power = self._holder(Quantity.POWER)
        imported = self._holder(Quantity.ENERGY_IMPORT)
        exported = self._holder(Quantity.ENERGY_EXPORT)
        if self.absolute_power or not power or not imported or not exported:
            return
        hours, samples, counted, integrated = 0.0, 0, 0.0, 0.0
        for duration, changes in self._record.blocks:
            if not changes.keys() >= {power, imported, exported}:
                continue
            drawn, fed_in, flow = changes[imported].rise, changes[exported].rise, changes[power]
            if drawn is None or not fed_in:
                continue
            fed_in *= self._factor(exported)
            if drawn * self._factor(imported) > STANDSTILL * fed_in:
                continue
            if flow.negative:
                return
            hours += duration
            samples += flow.samples
            counted += fed_in
            integrated += flow.positive / 1000
        resolution = self._tracks[exported].resolution * self._factor(exported)
        self.absolute_power = enough_evidence(hours, samples, counted, resolution) and any(
            abs(integrated * power_factor - counted) <= TOLERANCE * counted
            for power_factor, _ in self._units(power, exported)
        )

    # Evidence

    def _holder(self, quantity: Quantity) -> str | None:
        """Return the key that certainly has a role, the liveliest if there are several."""
        keys = [
            key
            for key, track in self._tracks.items()
            if (
                self._inferred[key].quantity is quantity
                if key in self._inferred
                else track.quantity is quantity and not track.doubted
            )
        ]
        if not keys:
            return None
        tracks = self._tracks
        return max(keys, key=lambda key: (tracks[key].moves, tracks[key].rises > 0))

    def _factor(self, key: str) -> float:
        finding = self._inferred.get(key)
        register = self._tracks[key].register
        return finding.factor if finding else register.factor if register else 1.0

    def _units(self, power: str, counter: str) -> Iterator[tuple[float, float]]:
        """Yield the factors of power and counter that are possible."""
        tracks = self._tracks
        counter_is_certain = counter in self._inferred or (
            tracks[counter].quantity in _COUNTERS and not tracks[counter].doubted
        )
        power_is_certain = power in self._inferred or power in self._confirmed
        for power_factor, counter_factor, least, most in UNITS:
            if (
                least <= tracks[power].peak <= most
                and (not power_is_certain or power_factor == self._factor(power))
                and (not counter_is_certain or counter_factor == self._factor(counter))
            ):
                yield power_factor, counter_factor

    # What is left

    def _unit_is_open(self) -> bool:
        power = self._holder(Quantity.POWER)
        return bool(
            power
            and self._holder(Quantity.ENERGY_IMPORT)
            and power not in self._inferred
            and power not in self._confirmed
        )

    def _sign_is_open(self) -> bool:
        """A home may feed in for the first time in spring."""
        power, exported = self._holder(Quantity.POWER), self._holder(Quantity.ENERGY_EXPORT)
        if self.absolute_power or not power or not exported:
            return False
        tracks = self._tracks
        has_fed_in = (tracks[exported].reading or 0.0) * self._factor(exported) >= AHEAD
        return has_fed_in and tracks[power].negatives < SIGNED

    def _is_open(self, key: str) -> bool:
        """Whether a key may still turn out to be something."""
        track = self._tracks[key]
        if key in self._inferred or key in self._confirmed:
            return False
        if not track.doubted:
            return track.quantity not in _COUNTERS and self._has_counter(track.quantity)
        free = {quantity for quantity in (*_COUNTERS, Quantity.POWER) if not self._holder(quantity)}
        return bool(free - _COUNTERS if track.falls else free)

    def _has_counter(self, quantity: Quantity | None) -> bool:
        return any(
            power_role is quantity and self._holder(counter_role) is not None
            for counter_role, power_role, _ in _FLOWS
        )
