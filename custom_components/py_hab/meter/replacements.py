"""Records replaced counters, and the user's answers about them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

from ..counters.gap import Gap
from ..counters.verdict import Verdict
from ..sml.registers import Quantity
from ..util.records import STORED_AS, decode_items
from .counter_stage import Replacement

MAX_REPLACEMENTS: Final = 50
"""Records. Meters are replaced every eight years, so more of them come from a faulty reader."""


class Answer(StrEnum):
    """The user's answer about a counter that continues from another reading."""

    NEW_METER = "new_meter"
    SAME_METER = "same_meter"


@dataclass(kw_only=True, slots=True)
class ReplacementRecord:
    """A stored replacement."""

    meter_index: str = field(metadata={STORED_AS: "place"})
    quantity: Quantity = field(metadata={STORED_AS: "role"})
    verdict: Verdict
    before: float
    """The last reading before it, in kWh."""
    now: float
    """The first reading after it, in kWh."""
    at: datetime
    answer: Answer | None = None
    gap: Gap | None = None
    """The gap between the two readings."""


class Replacements:
    """The replacements of all meters of a reader, oldest first."""

    def __init__(self) -> None:
        """Start without replacements."""
        self.records: list[ReplacementRecord] = []
        self._listeners: list[Callable[[str, Replacement], None]] = []

    def restore(self, stored: object) -> None:
        """Restore the replacements of earlier runs; invalid ones are dropped."""
        self.records = decode_items(ReplacementRecord, stored)

    def on_replacement(self, listener: Callable[[str, Replacement], None]) -> Callable[[], None]:
        """Call a listener with the meter index when a counter is replaced.

        Returns a function that removes the listener.
        """
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    def add(self, meter_index: str, replacement: Replacement, at: datetime) -> None:
        """Store a replacement, and call the listeners."""
        self.records.append(
            ReplacementRecord(
                meter_index=meter_index,
                quantity=replacement.quantity,
                verdict=replacement.verdict,
                before=replacement.before,
                now=replacement.now,
                at=at,
                gap=replacement.gap,
            )
        )
        del self.records[:-MAX_REPLACEMENTS]
        for listener in self._listeners:
            listener(meter_index, replacement)

    def last_at(self, meter_index: str) -> datetime | None:
        """Return when a counter of a meter was last replaced, None if none was."""
        return max(
            (
                record.at
                for record in self.records
                if record.meter_index == meter_index and record.verdict is Verdict.REPLACED
            ),
            default=None,
        )

    def unanswered(self, meter_index: str) -> list[ReplacementRecord]:
        """Return the replacements of a meter that the user has not answered."""
        return [
            record
            for record in self.records
            if record.meter_index == meter_index
            and record.answer is None
            and record.verdict is Verdict.REPLACED
        ]

    def answer(
        self, meter_index: str, answer: Answer, counted: Mapping[Quantity, float]
    ) -> Sequence[Gap]:
        """Store the answer for all unanswered replacements of a meter.

        `counted` is the energy in kWh between the two readings of a replacement, by quantity. Returns
        the gaps with that energy, which the statistics should reflect.
        """
        gaps: list[Gap] = []
        remaining = dict(counted)
        for record in self.unanswered(meter_index):
            record.answer = answer
            # After several replacements of a counter, the question was about the first one.
            kwh = remaining.pop(record.quantity, None)
            if record.gap is not None and kwh is not None:
                gaps.append(replace(record.gap, counted=kwh, counted_since=None))
        return gaps
