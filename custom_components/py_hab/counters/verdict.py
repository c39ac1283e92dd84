"""What the guard says of a reading."""

from enum import StrEnum
from typing import Final, override

_FORMER_VALUES: Final = {
    "believed": "accepted",
    "slightly_lower": "jitter",
    "lower": "decreased",
    "full": "rollover_candidate",
    "jump": "implausible_rise",
}
"""Values that version 0.1.0 has stored."""


class Verdict(StrEnum):
    """What the guard says of a reading."""

    ACCEPTED = "accepted"
    ROLLED_OVER = "rolled_over"
    """Accepted: the display was full and has restarted at 0."""
    REPLACED = "replaced"
    """Accepted: later readings have confirmed that the counter is another one, or was reset."""

    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    ZERO = "zero"
    """Zero on a counter that has counted, or the first reading of all: a reader that has just
    started, or a glitch. A first zero is accepted when it is repeated."""
    QUARANTINED = "quarantined"
    """Plausible, but the first reading of all, or after a restart or a long silence."""
    JITTER = "jitter"
    """Lower by less than one kWh, or than the last step: the counter keeps its reading until it is
    reached again."""
    DECREASED = "decreased"
    """Much lower: a reset or another meter, if the following readings agree."""
    ROLLOVER_CANDIDATE = "rollover_candidate"
    """The display seems to have restarted at 0."""
    IMPLAUSIBLE_RISE = "implausible_rise"
    """Higher than the connection allows: garbage, or another meter, if the following readings
    agree."""

    @property
    def is_accepting(self) -> bool:
        """Whether the reading becomes the counter's."""
        return self in ACCEPTING

    @classmethod
    @override
    def _missing_(cls, value: object) -> Verdict | None:
        """Return the verdict that had another name in version 0.1.0."""
        former = _FORMER_VALUES.get(value) if isinstance(value, str) else None
        return None if former is None else cls(former)


ACCEPTING: Final = frozenset({Verdict.ACCEPTED, Verdict.ROLLED_OVER, Verdict.REPLACED})
"""Verdicts with which the reading becomes the counter's."""
