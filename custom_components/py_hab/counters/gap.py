"""Times in which a counter was not read, and readings from which it went on elsewhere.

The recorder books what was counted meanwhile in the first hour after; `history` puts it right.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import math
from typing import Any, Final, Self

from .guard import SILENCE, Verdict, capacity_of

_HOUR: Final = 3600.0
LONG_SILENCE: Final = 24 * _HOUR
"""Seconds for which Home Assistant keeps five-minute rows at the least. After a silence that is
longer than it keeps them the sum begins anew, even if nothing was counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """From the last believed reading before to the first one after; unix times and kWh."""

    key: str
    """The counter, as the memory of its entry calls it."""
    start: float
    before: float
    end: float
    after: float
    verdict: Verdict
    """Why the reading after is believed."""
    counted: float | None = None
    """kWh in between, if somebody knows better than the two readings tell."""

    @property
    def energy(self) -> float:
        """Return the kWh counted in between.

        A counter that was replaced starts from a reading that nobody has consumed.
        """
        if self.counted is not None:
            return self.counted
        match self.verdict:
            case Verdict.ACCEPTED:
                return self.after - self.before
            case Verdict.ROLLED_OVER:
                return capacity_of(self.before) - self.before + self.after
            case _:
                return 0.0

    @property
    def goes_on(self) -> bool:
        """Whether it is the same counter at both ends."""
        return self.verdict is Verdict.ACCEPTED

    @classmethod
    def from_note(cls, note: object) -> Self | None:
        """Return what a note of an earlier run says, None if it makes no sense."""
        if not isinstance(note, dict):
            return None
        try:
            numbers = {name: float(note[name]) for name in ("start", "before", "end", "after")}
            counted = None if note["counted"] is None else float(note["counted"])
            gap = cls(
                key=str(note["key"]), verdict=Verdict(note["verdict"]), counted=counted, **numbers
            )
        except KeyError, TypeError, ValueError, OverflowError:
            return None
        finite = all(map(math.isfinite, (*numbers.values(), counted or 0.0)))
        return gap if finite and 0 <= gap.start <= gap.end and (counted or 0.0) >= 0 else None

    def note(self) -> dict[str, Any]:
        """Return the gap as JSON has it."""
        return asdict(self)


def gap_between(
    key: str,
    before: tuple[float | None, float | None],
    after: tuple[float, float],
    *,
    verdict: Verdict,
    usual: float = 0.0,
) -> Gap | None:
    """Return the gap between two believed readings (kWh, unix time), None if there is none.

    A gap is longer than readings are apart as a rule (`usual`, seconds) and reaches over a full
    hour, or the counter went on from elsewhere.
    """
    (last, last_at), (reading, at) = before, after
    if last is None or last_at is None or at < last_at:
        return None
    gap = Gap(key=key, start=last_at, before=last, end=at, after=reading, verdict=verdict)
    if not gap.goes_on:
        return gap
    long = at - last_at > max(SILENCE, 1.5 * usual) and at // _HOUR > last_at // _HOUR
    return gap if long and (reading > last or at - last_at > LONG_SILENCE) else None


def gaps_from_notes(notes: object) -> list[Gap]:
    """Return the gaps that an earlier run has left."""
    found: Sequence[object] = notes if isinstance(notes, list) else ()
    return [gap for note in found if (gap := Gap.from_note(note)) is not None]
