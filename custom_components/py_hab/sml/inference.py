"""What the values of a meter's keys show where the names leave something open.

A counter rises by what the power amounts to over time, so each is evidence for the other. Applied
is what changes no meaning: the unit of a known power and its missing sign, by the evidence of
counters that a name or the user vouches for. What an unknown or doubtful key seems to be is only
suggested: a counter is in the statistics for ever, so the user confirms it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from .key_evidence import KeyEvidence
from .key_record import BALANCE, FLOWS, MAX_BLOCKS, MIN_FED_IN, MIN_NEGATIVES, Record, Units
from .key_suggestions import suggestions_of
from .plausibility import moduli_within
from .registers import KeyMapping


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
        self._evidence = KeyEvidence(self._record)

    @property
    def inferred(self) -> dict[str, KeyMapping]:
        """Keys whose unit is not what their names say, or say without doubt."""
        return {
            key: KeyMapping(named.quantity, factor)
            for key, factor in self._evidence.factors.items()
            if (named := self._keys[key].mapping) and (named.doubtful or named.factor != factor)
        }

    @property
    def suggestions(self) -> dict[str, KeyMapping]:
        """What the user might say that keys mean; in use only once that is said."""
        return suggestions_of(self._evidence)

    def observe(self, now: datetime, numbers: Mapping[str, float]) -> None:
        """Learn from a message's finite numbers; a key that is not in it keeps its value."""
        if self._record.add(now, numbers):
            self._learn_units()
            self._learn_sign()
            self.settled = self._is_settled()

    def _learn_units(self) -> None:
        """Learn of each power in which unit it amounts to what its counter counts."""
        evidence = self._evidence
        for flow in FLOWS:
            counter = evidence.holder(flow.counter)
            for power, stats in self._keys.items():
                is_learned = power in evidence.power_factors and counter in evidence.counter_factors
                is_open = stats.is_named(flow.power) and not is_learned
                if counter and is_open and not stats.only_rises:
                    self._learn_unit(counter, power, is_negative=flow.is_negative)

    def _learn_unit(self, counter: str, power: str, *, is_negative: bool) -> None:
        """Learn the units of a power and its counter.

        If they disagree by a power of ten, a power of plausible size is right, and the counter is in
        another unit than its name says.
        """
        evidence = self._evidence
        factor = evidence.counter_factor(counter)
        as_named = evidence.fit(counter, power, Units(counter=factor), is_negative=is_negative)
        # The other counter of the meter may have proven the unit of the power.
        proven = evidence.power_factors.get(power)
        is_kw = proven == 1000.0 if proven else self._keys[power].looks_like_kw(as_named)
        possible = (proven,) if proven else (1.0, 1000.0) if is_kw else (1.0,)
        is_fixed = self._is_assigned(counter) or counter in evidence.counter_factors
        for power_factor in possible:
            units = Units(power_factor, factor)
            if evidence.fit(counter, power, units, is_negative=is_negative).has_right_units:
                break
        else:
            units = Units(1000.0 if is_kw else 1.0, factor * as_named.decade(is_kw=is_kw))
            fit = evidence.fit(counter, power, units, is_negative=is_negative)
            # Whatever agrees as named only needs more energy.
            agrees = as_named.decade(is_kw=False) == 1.0
            if is_fixed or agrees or not fit.proves_other_unit(factor):
                return
        evidence.power_factors[power] = units.power
        evidence.counter_factors.setdefault(counter, units.counter)

    def is_proven(self, key: str) -> bool:
        """Whether a power has confirmed the unit of a counter."""
        return key in self._evidence.counter_factors

    def _learn_sign(self) -> None:
        """Learn whether the power is positive although all of it is fed in."""
        evidence = self._evidence
        power, imported, exported = map(evidence.holder, BALANCE)
        if power and imported and exported and not self._has_sign(power):
            fits = evidence.fits(exported, power, still=imported)
            self.absolute_power = any(fit.agrees for fit in fits)
            if not self.absolute_power:
                self.modulus = self._find_modulus(power, imported, exported)

    def _find_modulus(self, power: str, imported: str, exported: str) -> float | None:
        """Return the modulus with which the power amounts to what was fed in, None if none does."""
        return next(
            (
                modulus
                for modulus in moduli_within(self._keys[power].peak)
                for fit in self._evidence.fits(exported, power, still=imported, modulus=modulus)
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
        evidence = self._evidence
        power, imported, exported = map(evidence.holder, BALANCE)
        if power and imported and power not in evidence.power_factors:
            return False
        # A home that has fed in before may do so again only in spring.
        has_fed_in = exported is not None and self._keys[exported].reading >= MIN_FED_IN
        is_known = self._has_sign(power) and exported in evidence.counter_factors if power else True
        if has_fed_in and not is_known:
            return False
        # Without its PIN, a meter reports no power yet.
        is_named = bool(power or not imported) and all(map(evidence.is_certain, self._keys))
        return is_named or len(self._record.blocks) == MAX_BLOCKS
