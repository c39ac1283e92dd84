"""Counters that went on from another reading, and what the user says about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from ..counters.gap import Gap
from ..counters.verdict import Verdict
from ..records import STORED_AS, decode_items
from ..sml.registers import Quantity
from .counter_stage import Replacement

MAX_REPLACEMENTS: Final = 50
"""A meter is changed every eight years; more is a reader that should be repaired."""


class Answer(StrEnum):
    """What the user says about a counter that went on from another reading."""

    NEW_METER = "new_meter"
    SAME_METER = "same_meter"


@dataclass(kw_only=True, slots=True)
class ReplacementRecord:
    """A replacement, as it is remembered."""

    meter_index: str = field(metadata={STORED_AS: "place"})
    quantity: Quantity = field(metadata={STORED_AS: "role"})
    verdict: Verdict
    before: float
    """kWh."""
    now: float
    """kWh."""
    at: datetime
    answer: Answer | None = None
    gap: Gap | None = None
    """Between the two readings."""


class Replacements:
    """The replaced counters of a reader's meters, oldest first."""

    def __init__(self, stored: object) -> None:
        """Begin with those of earlier runs, as far as they make sense."""
        self.records = decode_items(ReplacementRecord, stored)

    def add(self, meter_index: str, replacement: Replacement, at: datetime) -> None:
        """Remember a replacement."""
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

    def unanswered(self, meter_index: str) -> list[ReplacementRecord]:
        """Return the replacements of a meter that the user has not explained."""
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
        """Keep what the user says about the replacements of a meter.

        `counted` are the kWh between the two readings of a replacement; returns the gaps that the
        statistics should reflect with them.
        """
        gaps: list[Gap] = []
        remaining = dict(counted)
        for record in self.unanswered(meter_index):
            record.answer = answer
            # Of several replacements of a counter the question was about the first one.
            kwh = remaining.pop(record.quantity, None)
            if record.gap is not None and kwh is not None:
                gaps.append(replace(record.gap, counted=kwh))
        return gaps
