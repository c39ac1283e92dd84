"""The readings of one series, as a file contains them, and in order of time."""

from array import array
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field

from .clock import WallTime, in_order, in_second_pass
from .hours import Rejected


@dataclass(slots=True)
class Readings:
    """The readings of a series, in the order in which they are stored."""

    times: array[int] = field(default_factory=lambda: array("I"))
    """Unix seconds; in an ambiguous hour those of the first pass."""
    amounts: array[float] = field(default_factory=lambda: array("d"))
    lengths: array[int] = field(default_factory=lambda: array("i"))
    """Seconds of the intervals of the amounts; empty unless the file says them."""
    ambiguous: dict[Hashable, list[int]] = field(default_factory=dict)
    """Indices of the readings in ambiguous hours, by day."""
    repeats_after: int = 0
    """Seconds between the two passes of an ambiguous hour."""
    rejected: Rejected = field(default_factory=Counter)

    def add(self, time: WallTime, day: Hashable, amount: float) -> None:
        """Add a reading, whose hour may be ambiguous."""
        if time.repeats_after:
            self.repeats_after = time.repeats_after
            self.ambiguous.setdefault(day, []).append(len(self.times))
        self.times.append(time.unix)
        self.amounts.append(amount)

    def sort(self, *, rising: bool) -> None:
        """Sort the readings by time, after resolving ambiguous hours; `rising` for a counter."""
        if self.times and self.times[0] > self.times[-1]:
            self._reverse()
        for indices in self.ambiguous.values():
            before, after = max(indices[0] - 1, 0), min(indices[-1] + 1, len(self.times) - 1)
            around = [before, *indices, after]
            times = [self.times[index] for index in around]
            amounts = [self.amounts[index] for index in around]
            times[-1] -= self.repeats_after
            later = in_second_pass(times, amounts, rising=rising)
            for index, is_later in zip(indices, later, strict=True):
                self.times[index] += self.repeats_after * is_later
        if self.lengths:
            self.times, self.amounts, self.lengths = in_order(
                self.times, self.amounts, self.lengths
            )
        else:
            self.times, self.amounts = in_order(self.times, self.amounts)

    def _reverse(self) -> None:
        """Turn around a file whose last reading comes first."""
        last = len(self.times) - 1
        self.times.reverse()
        self.amounts.reverse()
        self.lengths.reverse()
        self.ambiguous = {
            day: [last - index for index in reversed(indices)]
            for day, indices in self.ambiguous.items()
        }
