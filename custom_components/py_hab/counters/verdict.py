"""The verdicts of the guard on a reading."""

from enum import StrEnum
from typing import Final, override

_FORMER_VALUES: Final = {
    "believed": "accepted",
    "slightly_lower": "jitter",
    "lower": "decreased",
    "full": "rollover_candidate",
    "jump": "implausible_rise",
}
"""New values by the values that version 0.1.0 has stored."""


class Verdict(StrEnum):
    """Why a reading is accepted or rejected."""

    ACCEPTED = "accepted"
    ROLLED_OVER = "rolled_over"
    """Accepted: the display has rolled over to 0."""
    REPLACED = "replaced"
    """Accepted: several readings confirm that the counter was replaced or reset."""

    UNIT_CORRECTED = "unit_corrected"
    """Accepted: the same counter, after its unit was found to be wrong."""
    KEY_CORRECTED = "key_corrected"
    """Accepted: the user has assigned another key to the counter."""

    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    ZERO = "zero"
    """Zero after a higher reading, or as the very first reading: the reader has just started, or the
    reading is a glitch. Repetition confirms a first zero."""
    QUARANTINED = "quarantined"
    """Plausible, but the very first reading, or the first one after a restart or a gap."""
    JITTER = "jitter"
    """Lower by less than 1 kWh, or by no more than the last rise. The last accepted reading stays valid
    until the counter reaches it again."""
    DECREASED = "decreased"
    """Much lower: a reset or another meter, if the next readings agree."""
    ROLLOVER_CANDIDATE = "rollover_candidate"
    """The display seems to have restarted at 0."""
    IMPLAUSIBLE_RISE = "implausible_rise"
    """Higher than the house connection allows: a glitch, or another meter if the next readings
    agree."""

    IMPLAUSIBLE = "implausible"
    """A measurement beyond what the house connection allows."""

    @property
    def is_accepting(self) -> bool:
        """Whether the reading is accepted."""
        return self in ACCEPTING

    @classmethod
    @override
    def _missing_(cls, value: object) -> Verdict | None:
        """Return the verdict for a value that version 0.1.0 has stored."""
        former = _FORMER_VALUES.get(value) if isinstance(value, str) else None
        return None if former is None else cls(former)


ACCEPTING: Final = frozenset(
    {
        Verdict.ACCEPTED,
        Verdict.ROLLED_OVER,
        Verdict.REPLACED,
        Verdict.UNIT_CORRECTED,
        Verdict.KEY_CORRECTED,
    }
)
"""Verdicts of accepted readings."""
