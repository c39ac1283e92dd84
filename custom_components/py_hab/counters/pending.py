"""Readings that are accepted only if later ones confirm them, and the conditions for that."""

from dataclasses import dataclass, field
from typing import Final

from .gap import HOUR_S, MIN_GAP_S, Reading
from .verdict import Verdict

MAX_KNOWN: Final = 48
"""Readings that are kept while they await confirmation."""
NEXT_TELEGRAM_S: Final = 4.5
"""After this time a reader has certainly received another telegram of its meter."""


@dataclass(slots=True)
class Pending:
    """Consecutive readings that agree with each other and await confirmation."""

    verdict: Verdict
    """The verdict on each of them alone."""
    first: Reading
    last: Reading
    count: int = 1
    known: dict[int, float] = field(default_factory=dict)
    """The first reading, and those at full hours (kWh by time)."""

    def __post_init__(self) -> None:
        """Note the first reading."""
        self.known[int(self.first.at)] = self.first.kwh

    def add(self, reading: Reading) -> None:
        """Add a reading that agrees with the last one."""
        hour = int(reading.at // HOUR_S * HOUR_S)
        is_next = self.last.at < hour < reading.at <= self.last.at + MIN_GAP_S
        if is_next and len(self.known) < MAX_KNOWN:
            # As the recorder does: what was counted since the last reading belongs to the next hour.
            self.known[hour] = self.last.kwh
        self.last = reading
        self.count += 1


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The conditions for accepting consecutive readings that agree with each other."""

    readings: int
    """How many readings in a row must agree, including the first one."""
    seconds: float
    """The minimum time between the first and the last of them."""
    verdict: Verdict = Verdict.ACCEPTED
    """The verdict on the last of them."""

    def is_met_by(self, pending: Pending) -> bool:
        """Whether readings suffice to accept the last of them."""
        return pending.count >= self.readings and pending.last.at - pending.first.at >= self.seconds


_CONFIRMATIONS: Final = {
    # A reader publishes up to two zeros after its start (Tasmota's median filter), or zeros until it
    # has read the meter. A feed-in counter may stay at zero for ever.
    Verdict.ZERO: Confirmation(3, 60.0),
    # The second reading must come from another telegram; a meter sends one every 1 to 4 s.
    Verdict.QUARANTINED: Confirmation(2, NEXT_TELEGRAM_S),
    Verdict.ROLLOVER_CANDIDATE: Confirmation(2, NEXT_TELEGRAM_S, Verdict.ROLLED_OVER),
    # Replacing a meter takes longer than this. A reader may publish wrong readings for minutes.
    Verdict.DECREASED: Confirmation(5, 600.0, Verdict.REPLACED),
    Verdict.IMPLAUSIBLE_RISE: Confirmation(5, 600.0, Verdict.REPLACED),
}

_OF_ANOTHER_COUNTER: Final = frozenset(
    {Verdict.ZERO, Verdict.JITTER, Verdict.DECREASED, Verdict.IMPLAUSIBLE_RISE}
)
"""Verdicts on readings that are those of another counter if one is expected. The feed-in counter of a
new meter may stay at zero for months."""


def confirmation_of(
    verdict: Verdict, *, expected: Verdict | None, is_first: bool
) -> Confirmation | None:
    """Return what confirms a reading, None if it needs no confirmation or cannot be confirmed.

    verdict: the verdict on the reading alone.
    expected: the verdict on the readings of another counter, None if none is expected.
    is_first: whether no reading was accepted before.
    """
    if expected is not None and verdict in _OF_ANOTHER_COUNTER:
        return Confirmation(3, 60.0, expected)
    if verdict is Verdict.ZERO and not is_first:
        # A counter that has restarted at zero will rise.
        return None
    return _CONFIRMATIONS.get(verdict)
