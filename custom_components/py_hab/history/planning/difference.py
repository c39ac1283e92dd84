"""The difference that our changes make to a statistic, so that they can be undone exactly.

A difference describes what Home Assistant alone would have: which rows we have inserted, what stood
in rows that we have replaced, by how much we have adjusted which sums.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from math import floor
from typing import Final
import zlib

from .origin import OriginRanges
from .rows import HOUR, full_hour

type Values = dict[str, float | None]
"""Values of a stored row by column, in the unit of the database."""

WRITTEN: Final = "written"
"""Key beside the values of a replaced row: the sum that we have written in its stead, without our
adjustments."""
_STEPS: Final = 1 << 22
"""A time of this century, stored as a double, has steps of 2^-22 seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """What one run has changed of a statistic: what it was before, so that it can be taken back.

    Rows are given by the hours at which they start.
    """

    run: str
    """Identifies the run; one run may change many statistics."""
    at: int
    """When it made its first change (unix time)."""
    reason: str
    """The reason of its first change, a `ChangeReason`."""
    inserted: list[tuple[int, int]] = field(default_factory=list)
    """The hours that we had inserted before, as ranges."""
    replaced: list[tuple[int, int]] = field(default_factory=list)
    """The hours that we had replaced before, as ranges."""
    sum_adjustments: list[tuple[int, float]] = field(default_factory=list)
    """The adjustments before."""
    seed: int | None = None
    """The short-term row that we had inserted before, see `Difference.seed`."""
    written: list[tuple[int, int]] = field(default_factory=list)
    """The hours that it has written, as ranges."""
    origins: OriginRanges = field(default_factory=dict)
    """The origins of our hours before."""
    short_term: dict[int, Values] = field(default_factory=dict)
    """Short-term rows that it has converted, as they were before, without adjustments."""
    overwritten: dict[int, Values | None] = field(default_factory=dict)
    """Rows of earlier runs that this one has written again, without adjustments. None if the row
    did not exist any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What our changes of one statistic amount to."""

    stamp: int = 0
    """The second in `created_ts` of rows that the last change wrote; 0 if there was none. It says
    whether that change is in the database at hand."""
    unit: str | None = None
    """The unit of `replaced` and of the original sums; None for that in which we calculate."""
    inserted: list[tuple[int, int]] = field(default_factory=list)
    """The first and last hour of each range of hours that we have inserted, ascending."""
    replaced: dict[int, Values] = field(default_factory=dict)
    """Rows as Home Assistant wrote them, without our adjustments, by start."""
    sum_adjustments: list[tuple[int, float]] = field(default_factory=list)
    """Start time and kWh of each adjustment. If the later sums of Home Assistant do not contain an
    adjustment, a second one with the opposite sign marks the time from which on."""
    origins: OriginRanges = field(default_factory=dict)
    """Where the values come from that we have written."""
    bounds: list[int] = field(default_factory=list)
    """The full hours, ascending, between which the energy is known that we have spread."""
    hourly_sums: dict[int, float] = field(default_factory=dict)
    """The original sums of hourly rows that subtracting the adjustments would miss by a last bit."""
    short_term_sums: dict[int, float] = field(default_factory=dict)
    """The same for short-term rows."""
    short_term: dict[int, Values] = field(default_factory=dict)
    """The states and sums of short-term rows that we have converted, as Home Assistant wrote them,
    without our adjustments, by start."""
    marks: dict[int, float | None] = field(default_factory=dict)
    """The original `created_ts` of rows of Home Assistant that carry a stamp of ours."""
    seed: int | None = None
    """The start of the short-term row that we have inserted for the sums of Home Assistant to
    continue, until it has written the next one."""
    layers: list[Layer] = field(default_factory=list)
    """The last runs, oldest first."""
    sum_boundary: int | None = None
    """Only from earlier versions: the end of hours that later sums still have to continue."""

    @property
    def is_empty(self) -> bool:
        """Whether the statistic is as Home Assistant alone would have it."""
        return not (
            self.inserted
            or self.replaced
            or self.short_term
            or self.sum_adjustments
            or self.sum_boundary is not None
        )


class Cumulative:
    """The adjustments of a difference, added up."""

    def __init__(self, adjustments: Iterable[tuple[int, float]], length: int) -> None:
        """Add up the kWh; `length` is that of the rows: HOUR or SHORT_TERM."""
        ordered = sorted(
            (full_hour(start) if length == HOUR else start, amount) for start, amount in adjustments
        )
        self._starts = [start for start, _ in ordered]
        self._totals = [0.0, *accumulate(amount for _, amount in ordered)]

    def at(self, start: int) -> float:
        """Return the kWh by which the sum of the row that starts at `start` was adjusted."""
        return self._totals[bisect_right(self._starts, start)]

    def segments(self) -> Iterator[tuple[int, int | None, float]]:
        """Yield start, end and kWh of each time whose sums were adjusted."""
        for number, start in enumerate(self._starts):
            end = self._starts[number + 1] if number + 1 < len(self._starts) else None
            if end != start and self._totals[number + 1]:
                yield start, end, self._totals[number + 1]


def with_adjustment(
    adjustments: list[tuple[int, float]], start: int, amount: float
) -> list[tuple[int, float]]:
    """Return adjustments with another one; one that undoes an earlier one removes it."""
    for done in adjustments:
        if done[0] == start and abs(done[1] + amount) < 1e-9:
            return [each for each in adjustments if each is not done]
    return [*adjustments, (start, amount)] if amount else adjustments


def in_unit(before: Difference, unit: str | None, convert: Callable[[float], float]) -> Difference:
    """Return a difference whose values are in another unit; needed after the user has changed it."""
    times = {"created_ts", "last_reset_ts"}

    def converted(values: Values) -> Values:
        return {
            name: value if value is None or name in times else convert(value)
            for name, value in values.items()
        }

    return replace(
        before,
        unit=unit,
        replaced={start: converted(values) for start, values in before.replaced.items()},
        hourly_sums={start: convert(total) for start, total in before.hourly_sums.items()},
        short_term_sums={start: convert(total) for start, total in before.short_term_sums.items()},
        short_term={start: converted(values) for start, values in before.short_term.items()},
        layers=[
            replace(
                layer,
                short_term={start: converted(row) for start, row in layer.short_term.items()},
                overwritten={
                    start: None if values is None else converted(values)
                    for start, values in layer.overwritten.items()
                },
            )
            for layer in before.layers
        ],
    )


# Hours in ranges: a year without a hole is one range.


def ranges_of(hours: Iterable[int]) -> list[tuple[int, int]]:
    """Return full hours as ranges, each given by its first and last hour."""
    ranges: list[tuple[int, int]] = []
    for hour in sorted(hours):
        if ranges and hour == ranges[-1][1] + HOUR:
            ranges[-1] = (ranges[-1][0], hour)
        else:
            ranges.append((hour, hour))
    return ranges


def hours_of(ranges: Iterable[tuple[int, int]]) -> set[int]:
    """Return the full hours of ranges."""
    return {hour for first, last in ranges for hour in range(first, last + 1, HOUR)}


# Stamps: the seconds of `created_ts` say which change wrote a row, their fraction what it wrote.


def stamped(stamp: int, start: int, value: float) -> float:
    """Return the `created_ts` of a row that a change writes.

    `value` is its state or mean, in the unit in which we calculate.
    """
    return stamp + _fingerprint(start, round(value * 1e6)) / _STEPS


def is_stamped(created: float | None, start: int, value: float | None) -> bool:
    """Whether a row still holds the value that we have written.

    An import of others over our rows leaves `created_ts` as it was.
    """
    if created is None or value is None:
        return False
    found, scaled = round(created % 1 * _STEPS), value * 1e6
    near = round(scaled)
    if found == _fingerprint(start, near):
        return True
    # After a change of the unit, and back, the value may differ in its last bit.
    return found == _fingerprint(start, near - 1 if near > scaled else near + 1)


def has_stamp(rows: Mapping[int, Values], stamp: int) -> bool:
    """Whether a row carries the stamp of a change."""
    return any(floor(values["created_ts"] or 0.0) == stamp for values in rows.values())


def _fingerprint(start: int, value: int) -> int:
    return zlib.crc32(f"{start} {value}".encode()) % _STEPS
