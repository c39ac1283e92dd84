"""Finds counters that are published in another unit than their mapping says.

Wh for kWh is the usual case. The power shows it within an hour (see `sml.inference`); here it is seen
in the readings themselves.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Final, NamedTuple

from ..counters.guard import resolution_of
from ..sml.plausibility import LARGEST_KWH
from ..sml.registers import Quantity
from .key_resolver import KeyReading, KeyResolver

MIN_READINGS: Final = 3
"""How many consecutive readings must agree. A single one is a glitch."""
MIN_DURATION: Final = timedelta(seconds=60)
"""How long they must agree if the counter was read in another unit before."""
TOLERANCE: Final = 0.01
"""Relative; by how much a counter may have risen, beside the power of ten."""
_EXPONENTS: Final = (-3, 3)
"""The lowest and the highest: between kWh and Wh. With more, a new meter may look like the old one."""


@dataclass(slots=True)
class _Suspect:
    """Consecutive readings that suggest the same unit."""

    exponent: int
    since: datetime
    readings: int = 0


class UnitChanged(NamedTuple):
    """A proven other unit."""

    reading: float
    """The reading in kWh."""
    rescale: float | None = None
    """By what the last accepted reading must be multiplied, None if it was right."""


class UnitCheck:
    """Compares the readings of one meter's counters with the last accepted ones."""

    def __init__(self, resolver: KeyResolver) -> None:
        """Start without suspicion. The units that are found are stored in the resolver."""
        self._resolver = resolver
        self.factors: dict[Quantity, float] = {}
        """The factor with which the last reading of each counter was accepted."""
        self._suspects: dict[Quantity, _Suspect] = {}
        self._others: set[Quantity] = set()
        """Counters whose refused readings cannot be the last accepted one in another unit. A new meter
        may pass the same digits later."""

    def is_too_large(self, reading: KeyReading, last: float | None) -> bool:
        """Whether a first reading proves another unit by its size."""
        return not last and LARGEST_KWH <= reading.value < math.inf

    def note_accepted(self, quantity: Quantity, key: str) -> None:
        """Record the unit of an accepted reading."""
        self.factors[quantity] = self._resolver.mappings.factor_of(key)
        self._suspects.pop(quantity, None)
        self._others.discard(quantity)

    def check(
        self, quantity: Quantity, reading: KeyReading, last: float | None, now: datetime
    ) -> UnitChanged | None:
        """Check a reading that is not accepted; return the reading in its right unit once proven."""
        exponent = _exponent(reading.value, last)
        if exponent is None:
            self._others.add(quantity)
        if not exponent or quantity in self._others:
            self._suspects.pop(quantity, None)
            return None
        suspect = self._suspects.get(quantity)
        if suspect is None or suspect.exponent != exponent:
            suspect = self._suspects[quantity] = _Suspect(exponent, now)
        suspect.readings += 1
        is_enough = suspect.readings >= MIN_READINGS and (
            not last or now - suspect.since >= MIN_DURATION
        )
        if not is_enough:
            return None
        del self._suspects[quantity]
        if last and self._was_wrong(quantity, reading.key, exponent):
            return UnitChanged(reading.value, rescale=10.0**exponent)
        self._resolver.change_unit(reading.key, 10.0**-exponent)
        return UnitChanged(reading.value / 10.0**exponent)

    def _was_wrong(self, quantity: Quantity, key: str, exponent: int) -> bool:
        """Whether the last accepted reading was in a wrong unit, and not this one is."""
        mappings = self._resolver.mappings
        before = self.factors.get(quantity, mappings.named_factor_of(key))
        if round(math.log10(mappings.factor_of(key) / before)) == exponent:
            # The user has corrected the unit, or the power has shown it.
            return True
        # The script was corrected. Without other evidence, the lower of two readings is right:
        # counters are published in smaller units than kWh, hardly in larger ones.
        return exponent < 0 and not self._resolver.is_proven(key)


def _exponent(reading: float, last: float | None) -> int | None:
    """Return the power of ten by which a reading is too high (or too low), 0 if by none.

    Returns None for a reading of another magnitude that does not continue the last one.
    """
    if not 0 < reading < math.inf:
        return 0
    if not last:
        # Wh; or less, if the result is still too large.
        exponent = 3
        while reading / 10.0**exponent >= LARGEST_KWH:
            exponent += 1
        return exponent if reading >= LARGEST_KWH else 0
    exponent = round(math.log10(reading / last))
    lowest, highest = _EXPONENTS
    expected = last * 10.0**exponent
    # The same counter has not fallen; another meter hardly shows the same digits by chance.
    has_continued = expected - resolution_of(reading) <= reading <= expected * (1 + TOLERANCE)
    return exponent if not exponent or (has_continued and lowest <= exponent <= highest) else None
