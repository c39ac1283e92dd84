"""Second stage of a meter: which counter readings are accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
import math
from typing import Final

from ..counters.gap import Gap
from ..counters.store import CounterStore
from ..counters.verdict import ACCEPTING, Verdict
from ..sml.registers import COUNTERS, Quantity
from .key_resolver import KeyReading, Readings

_DISPLAY: Final = 1e6
"""kWh; a meter shows six digits before the point."""
_IS_READ: Final = ACCEPTING | {Verdict.JITTER, Verdict.QUARANTINED}
"""Verdicts which show that the reader reads the meter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """A counter that goes on from another reading, accepted at last."""

    quantity: Quantity
    verdict: Verdict
    before: float
    """The last accepted reading before, in kWh."""
    now: float
    gap: Gap | None = None
    """Between the two readings."""

    @property
    def is_question(self) -> bool:
        """Whether only the user knows what has happened; a full display restarts at 0."""
        return self.verdict is Verdict.REPLACED


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterReading:
    """What a counter shows after a message."""

    quantity: Quantity
    kwh: float
    """The accepted reading."""
    is_new: bool
    """Whether it comes from this message; otherwise it is the last accepted one."""
    replacement: Replacement | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterResult:
    """What a message says of a meter's counters."""

    readings: Sequence[CounterReading] = ()
    """Of the counters that the reader has read."""
    is_unconfirmed: bool = False
    """Whether a counter waits for a second reading."""
    has_false_zero: bool = False
    """Whether a counter reads zero that cannot be zero."""


class CounterStage:
    """Judges the counters of one meter."""

    def __init__(self, meter_index: str, store: CounterStore) -> None:
        """Begin with the counters that the store remembers of a meter."""
        self._meter_index = meter_index
        self._store = store
        self.keys: dict[Quantity, str] = {}
        """Under which key each counter is published."""
        self.is_exporting = False
        """Whether the export counter has risen more than the import counter."""

    def key_of(self, quantity: Quantity) -> str:
        """Return the key under which the store keeps a counter of this meter."""
        return f"{self._meter_index}_{quantity}" if self._meter_index else quantity

    def last(self, quantity: Quantity) -> float | None:
        """Return the last accepted reading of a counter in kWh, None before there is any."""
        return self._store.last(self.key_of(quantity))

    def reject(self, quantity: Quantity, verdict: Verdict) -> None:
        """Count a reading of any quantity that is ruled out without a guard."""
        self._store.reject(self.key_of(quantity), verdict)

    def update(self, readings: Readings, now: datetime) -> CounterResult:
        """Judge the counters of a message. A rejected reading is counted, and changes nothing."""
        found: list[CounterReading] = []
        is_unconfirmed = has_false_zero = False
        rises: dict[Quantity, float] = {}
        for quantity in readings.keys() & COUNTERS:
            before = self.last(quantity)
            reading = _nearest(readings[quantity], before)
            if reading.value == 0 and before is None and not self._has_counted():
                # Everything is zero while the reader has not read its meter yet.
                self.reject(quantity, Verdict.ZERO)
                has_false_zero = True
                continue
            judgement = self._store.judge(self.key_of(quantity), reading.value, now)
            verdict, accepted = judgement.verdict, judgement.accepted
            has_false_zero |= verdict is Verdict.ZERO and bool(before)
            is_unconfirmed |= verdict is Verdict.QUARANTINED
            if accepted is None or verdict not in _IS_READ:
                continue
            self.keys[quantity] = reading.key
            replacement = None
            if verdict.is_accepting and before is not None:
                rises[quantity] = accepted - before
            if verdict.is_accepting and verdict is not Verdict.ACCEPTED:
                replacement = Replacement(
                    quantity=quantity,
                    verdict=verdict,
                    before=before or 0.0,
                    now=accepted,
                    gap=judgement.gap,
                )
            found.append(
                CounterReading(
                    quantity=quantity,
                    kwh=accepted,
                    is_new=verdict.is_accepting,
                    replacement=replacement,
                )
            )
        drawn = rises.get(Quantity.ENERGY_IMPORT, 0.0)
        fed_in = rises.get(Quantity.ENERGY_EXPORT, 0.0)
        if drawn != fed_in:
            self.is_exporting = fed_in > drawn
        return CounterResult(
            readings=found, is_unconfirmed=is_unconfirmed, has_false_zero=has_false_zero
        )

    def _has_counted(self) -> bool:
        return any(self.last(quantity) for quantity in COUNTERS)


def _nearest(candidates: Sequence[KeyReading], accepted: float | None) -> KeyReading:
    """Return the reading of a counter that is published under several keys.

    Scripts for the eBZ DD3 publish it with two scales, one of them nonsense: which one depends on
    the PIN. The right one continues the last accepted reading; at first it is the greater one that
    a meter's display can show.
    """
    if len(candidates) == 1:
        return candidates[0]
    finite = [item for item in candidates if math.isfinite(item.value)] or candidates
    if accepted is None:
        return max(finite, key=lambda item: item.value if item.value < _DISPLAY else -1)
    return min(finite, key=lambda item: abs(item.value - accepted))
