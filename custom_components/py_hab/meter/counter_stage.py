"""Second stage of a meter: judges the counter readings of a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Final

from ..counters.counters import Counters
from ..counters.gap import Gap
from ..counters.guard import Judgement
from ..counters.verdict import ACCEPTING, Verdict
from ..sml.plausibility import LARGEST_KWH
from ..sml.registers import COUNTERS, Quantity
from .key_resolver import KeyReading, Readings
from .unit_check import UnitCheck

_IS_READ: Final = ACCEPTING | {Verdict.JITTER, Verdict.QUARANTINED}
"""Verdicts that show that the reader does read the meter."""


_MAY_BE_OTHER_UNIT: Final = frozenset(
    {Verdict.DECREASED, Verdict.IMPLAUSIBLE_RISE, Verdict.ROLLOVER_CANDIDATE}
)
"""Verdicts on readings that another unit may explain."""
UNCONFIRMED_AFTER: Final = timedelta(minutes=5)
"""After this time without a first accepted reading, the user is notified."""
REFUSED_AFTER: Final = timedelta(minutes=15)
"""After this time without another accepted reading, the user is notified."""
MIN_REFUSED: Final = 6
"""How many readings must have been refused."""


@dataclass(slots=True)
class _Waiting:
    """Consecutive refused readings of a counter."""

    since: datetime
    key: str
    verdict: Verdict = Verdict.QUARANTINED
    reading: float = 0.0
    readings: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingCounter:
    """A counter that shows no new readings because they are refused."""

    key: str
    """The published key."""
    verdict: Verdict
    """On the last reading."""
    reading: float
    """The last published reading, in kWh by its mapping."""
    last: float | None
    """The last accepted reading in kWh, None without any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """An accepted reading from which a counter continues after a replacement or a rollover."""

    quantity: Quantity
    verdict: Verdict
    before: float
    """The last accepted reading before it, in kWh."""
    now: float
    """The accepted reading in kWh."""
    gap: Gap | None = None
    """The gap between the two readings."""

    @property
    def is_question(self) -> bool:
        """Whether only the user can explain the replacement; a rollover needs no explanation."""
        return self.verdict is Verdict.REPLACED


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterReading:
    """The state of a counter after a message."""

    quantity: Quantity
    kwh: float
    """The last accepted reading."""
    is_new: bool
    """Whether the reading is from this message."""
    replacement: Replacement | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterResult:
    """The result of a message for the counters of a meter."""

    readings: Sequence[CounterReading] = ()
    """One for each counter that the reader has read."""
    is_unconfirmed: bool = False
    """Whether a counter awaits a second reading."""
    has_false_zero: bool = False
    """Whether a counter shows zero because the reader has not read the meter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _JudgedReading:
    """The judgement on the reading of a counter in a message."""

    quantity: Quantity
    before: float | None
    """The last accepted reading before it, in kWh."""
    judgement: Judgement
    is_false_zero: bool
    """Whether the counter shows zero because the reader has not read the meter."""

    @property
    def accepted(self) -> float | None:
        """The last accepted reading in kWh, None if the reader has not read the meter."""
        return self.judgement.accepted if self.judgement.verdict in _IS_READ else None

    @property
    def rise(self) -> float:
        """By how many kWh the counter has risen; 0 after a replacement."""
        if self.judgement.verdict is not Verdict.ACCEPTED or self.before is None:
            return 0.0
        return (self.accepted or 0.0) - self.before

    @property
    def is_unconfirmed(self) -> bool:
        """Whether the counter awaits a second reading."""
        verdict = self.judgement.verdict
        is_first = self.before is None and verdict is Verdict.IMPLAUSIBLE_RISE
        return verdict is Verdict.QUARANTINED or is_first

    def counter_reading(self, accepted: float) -> CounterReading:
        """Return the state of the counter after the message."""
        verdict = self.judgement.verdict
        replacement = None
        if verdict.is_accepting and verdict is not Verdict.ACCEPTED:
            replacement = Replacement(
                quantity=self.quantity,
                verdict=verdict,
                before=self.before or 0.0,
                now=accepted,
                gap=self.judgement.gap,
            )
        return CounterReading(
            quantity=self.quantity,
            kwh=accepted,
            is_new=verdict.is_accepting,
            replacement=replacement,
        )


class CounterStage:
    """Judges the counters of one meter."""

    def __init__(self, meter_index: str, store: Counters, units: UnitCheck) -> None:
        """Initialize for the counters of a meter in the store."""
        self._meter_index = meter_index
        self._store = store
        self._units = units
        self.keys: dict[Quantity, str] = {}
        """The key under which each counter is published."""
        self._waiting: dict[Quantity, _Waiting] = {}
        """The counters whose readings are refused."""
        self.is_exporting = False
        """Whether the export counter has last risen more than the import counter."""

    def key_of(self, quantity: Quantity) -> str:
        """Return the key of a counter of this meter in the store."""
        return f"{self._meter_index}_{quantity}" if self._meter_index else quantity

    def last(self, quantity: Quantity) -> float | None:
        """Return the last accepted reading of a counter in kWh, None before the first one."""
        return self._store.last(self.key_of(quantity))

    def reject(self, quantity: Quantity, verdict: Verdict) -> None:
        """Count a reading, of any quantity, that was rejected without a guard."""
        self._store.reject(self.key_of(quantity), verdict)

    def update(self, readings: Readings, now: datetime) -> CounterResult:
        """Judge the counter readings of a message. A rejected one is only counted."""
        judged = [
            self._judge(quantity, readings[quantity], now)
            for quantity in readings.keys() & COUNTERS
        ]
        found = [
            each.counter_reading(each.accepted) for each in judged if each.accepted is not None
        ]
        if any(item.replacement and item.replacement.is_question for item in found):
            others = COUNTERS - {item.quantity for item in found if item.is_new}
            self._store.expect(Verdict.REPLACED, *map(self.key_of, others))
        rises = {each.quantity: each.rise for each in judged}
        drawn = rises.get(Quantity.ENERGY_IMPORT, 0.0)
        fed_in = rises.get(Quantity.ENERGY_EXPORT, 0.0)
        if drawn != fed_in:
            self.is_exporting = fed_in > drawn
        return CounterResult(
            readings=found,
            is_unconfirmed=any(each.is_unconfirmed for each in judged),
            has_false_zero=any(each.is_false_zero for each in judged),
        )

    def _judge(
        self, quantity: Quantity, candidates: Sequence[KeyReading], now: datetime
    ) -> _JudgedReading:
        """Judge the reading of a counter, which may be published under several keys."""
        before = self.last(quantity)
        reading = _nearest(candidates, before)
        judgement = self._judge_reading(quantity, reading, before, now)
        # A new counter may show zero for months, but not while no other one has counted.
        may_be_true = before is None and self._has_counted()
        judged = _JudgedReading(
            quantity=quantity,
            before=before,
            judgement=judgement,
            is_false_zero=judgement.verdict is Verdict.ZERO and not may_be_true,
        )
        self._note_waiting(quantity, reading, judgement.verdict, now)
        if judged.accepted is not None:
            self.keys[quantity] = reading.key
            if judgement.verdict.is_accepting:
                self._units.note_accepted(quantity, reading.key)
        return judged

    def _judge_reading(
        self, quantity: Quantity, reading: KeyReading, before: float | None, now: datetime
    ) -> Judgement:
        if reading.value == 0 and before is None and not self._has_counted():
            # Every value is zero until the reader has read the meter.
            self.reject(quantity, Verdict.ZERO)
            return Judgement(Verdict.ZERO, None)
        if self._units.is_too_large(reading, before):
            judgement = Judgement(Verdict.IMPLAUSIBLE_RISE, None)
            self.reject(quantity, judgement.verdict)
        else:
            judgement = self._store.judge(self.key_of(quantity), reading.value, now)
        if judgement.verdict in _MAY_BE_OTHER_UNIT:
            return self._check_unit(quantity, reading, now) or judgement
        return judgement

    def _check_unit(
        self, quantity: Quantity, reading: KeyReading, now: datetime
    ) -> Judgement | None:
        """Judge a refused reading again if it is proven to be in another unit."""
        before = self.last(quantity)
        changed = self._units.check(quantity, reading, before, now)
        if changed is None:
            return None
        key = self.key_of(quantity)
        gap = None
        if changed.rescale is not None:
            gap = self._store.correct_unit(key, changed.rescale, changed.reading, now)
        judgement = self._store.judge(key, changed.reading, now)
        if gap is not None and judgement.accepted is not None:
            return Judgement(Verdict.UNIT_CORRECTED, judgement.accepted, gap)
        return judgement

    def expect_other_key(self, quantity: Quantity) -> None:
        """Expect other readings of a counter, because the user has assigned another key."""
        self._store.expect(Verdict.KEY_CORRECTED, self.key_of(quantity))

    def _note_waiting(
        self, quantity: Quantity, reading: KeyReading, verdict: Verdict, now: datetime
    ) -> None:
        """Record since when the readings of a counter are refused."""
        if verdict in _IS_READ and verdict is not Verdict.QUARANTINED:
            self._waiting.pop(quantity, None)
        elif verdict is not Verdict.ZERO:
            waiting = self._waiting.setdefault(quantity, _Waiting(now, reading.key))
            waiting.verdict, waiting.reading = verdict, reading.value
            waiting.readings += 1

    def waiting(self, now: datetime) -> WaitingCounter | None:
        """Return a counter whose readings have been refused for some minutes, None without any."""
        for quantity, waiting in self._waiting.items():
            last = self.last(quantity)
            # A replaced meter is accepted after ten minutes.
            patience = REFUSED_AFTER if last else UNCONFIRMED_AFTER
            if waiting.readings >= MIN_REFUSED and now - waiting.since >= patience:
                return WaitingCounter(
                    key=waiting.key, verdict=waiting.verdict, reading=waiting.reading, last=last
                )
        return None

    @property
    def refused(self) -> tuple[float, ...]:
        """The last readings of the counters whose readings are refused."""
        return tuple(waiting.reading for waiting in self._waiting.values())

    def _has_counted(self) -> bool:
        return any(self.last(quantity) for quantity in COUNTERS)


def _nearest(candidates: Sequence[KeyReading], accepted: float | None) -> KeyReading:
    """Return the right reading of a counter that is published under several keys.

    Scripts for the eBZ DD3 publish it with two scales; which one is right depends on the PIN. It is
    the reading that is closest to the last accepted one. Without an accepted one, it is the largest
    reading that the display of a meter can show.
    """
    if len(candidates) == 1:
        return candidates[0]
    finite = [item for item in candidates if math.isfinite(item.value)] or candidates
    if accepted is None:
        return max(finite, key=lambda item: item.value if item.value < LARGEST_KWH else -1)
    return min(finite, key=lambda item: abs(item.value - accepted))
