"""What the values of a meter's keys show where the names leave something open.

A counter rises by what the power amounts to over time, so each is evidence for the other. Applied
is what changes no meaning: the unit of a known power and its missing sign, by the evidence of
counters that a name or the user vouches for. What an unknown or doubtful key seems to be is only
suggested: a counter is in the statistics for ever, so the user confirms it.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from .key_record import (
    BALANCE,
    DAY,
    EVIDENCE_COUNTERS,
    FLOWS,
    HOUR,
    MAX_BLOCKS,
    MAX_COPY_ERROR,
    MAX_DRAWN,
    MAX_KW,
    MAX_RESIDUAL,
    MIN_FED_IN,
    MIN_NEGATIVES,
    MIN_OVERLAP,
    MIN_TOTAL,
    UNITS_OF_LARGE_POWER,
    UNITS_OF_SMALL_POWER,
    Fit,
    Record,
    Units,
)
from .plausibility import moduli_within
from .registers import KeyMapping, Quantity


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
        for flow in FLOWS:
            counter = self._holder(flow.counter)
            for power, stats in self._keys.items():
                is_learned = power in self._factors and counter in self._counter_factors
                is_open = stats.is_named(flow.power) and not is_learned
                if counter and is_open and not stats.only_rises:
                    self._learn_unit(counter, power, is_negative=flow.is_negative)

    def _learn_unit(self, counter: str, power: str, *, is_negative: bool) -> None:
        """Learn the units of a power and its counter.

        If they disagree by a power of ten, a power of plausible size is right, and the counter is in
        another unit than its name says.
        """
        factor = self._counter_factor(counter)
        as_named = self._fit(counter, power, Units(counter=factor), is_negative=is_negative)
        # The other counter of the meter may have proven the unit of the power.
        proven = self._factors.get(power)
        is_kw = proven == 1000.0 if proven else self._keys[power].looks_like_kw(as_named)
        possible = (proven,) if proven else (1.0, 1000.0) if is_kw else (1.0,)
        is_fixed = self._is_assigned(counter) or counter in self._counter_factors
        for power_factor in possible:
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
        power, imported, exported = map(self._holder, BALANCE)
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
        power, imported, exported = map(self._holder, BALANCE)
        if power and imported and power not in self._factors:
            return False
        # A home that has fed in before may do so again only in spring.
        has_fed_in = exported is not None and self._keys[exported].reading >= MIN_FED_IN
        is_known = self._has_sign(power) and exported in self._counter_factors if power else True
        if has_fed_in and not is_known:
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
        fits: dict[Quantity, dict[str, Fit]] = {quantity: {} for quantity in EVIDENCE_COUNTERS}
        for flow in FLOWS:
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
            and (fit.duration >= DAY or self._keys[key].reading * fit.units.counter >= MIN_TOTAL)
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
            and (quantity in EVIDENCE_COUNTERS or not stats.only_rises)
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
        possible: tuple[Units, ...] = UNITS_OF_SMALL_POWER if is_small else UNITS_OF_LARGE_POWER
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
                published = max(modulus * (block.duration / HOUR) - published, 0.0)
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
