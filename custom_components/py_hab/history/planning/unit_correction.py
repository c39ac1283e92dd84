"""Plans the correction of hours that were counted in a wrong unit, Wh as kWh for example."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
import math

from ...counters.gap import Gap
from .rows import Row, SumRow, full_hour


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitCorrection:
    """The changes that make the statistics of a counter continue in its right unit."""

    adjust_from: int
    """The start of the first row in the right unit."""
    adjustment: float
    """kWh to add to all sums from there on."""
    rows: list[SumRow] = field(default_factory=list)
    """The hours in the wrong unit, converted."""
    short_term: list[SumRow] = field(default_factory=list)
    """The short-term rows in the wrong unit, converted."""


@dataclass(frozen=True, slots=True)
class _Conversion:
    """Converts sums from a row on, which is the first one in the wrong unit."""

    first: Row
    sum: float
    """Its sum in the right unit."""
    factor: float

    def __call__(self, row: Row) -> float:
        """Return the sum of a later row in the right unit."""
        return self.sum + (row.sum - self.first.sum) * self.factor

    def row(self, row: Row) -> SumRow:
        """Return a later row in the right unit."""
        return SumRow(row.start, row.state * self.factor, self(row))


def plan_unit_correction(
    gap: Gap, *, short_term_rows: Sequence[Row], hourly_rows: Sequence[Row], compiled_until: int
) -> UnitCorrection | None:
    """Return how to correct the statistics before a gap with the verdict UNIT_CORRECTED.

    Returns None until a reading in the right unit, and the hours before it, have been compiled.
    """
    after = next(
        (row for row in short_term_rows if row.end > gap.end and not _is_wrong(gap, row)), None
    ) or next((row for row in hourly_rows if row.start >= gap.end), None)
    if after is None or full_hour(after.start) > compiled_until:
        return None
    wrong_hours = _last_wrong(gap, hourly_rows, before=full_hour(after.start))
    wrong_rows = wrong_hours or _last_wrong(gap, short_term_rows, before=after.start)
    if not wrong_rows:
        return UnitCorrection(adjust_from=after.start, adjustment=0.0)
    convert = _conversion(gap, wrong_rows[0], hourly_rows)
    recent = _last_wrong(gap, short_term_rows, before=after.start)
    last = max([wrong_rows[-1], *recent[-1:]], key=lambda row: row.end)
    rise = max(after.state - last.state * convert.factor, 0.0)
    return UnitCorrection(
        adjust_from=after.start,
        adjustment=convert(last) + rise - after.sum,
        rows=list(map(convert.row, wrong_hours)),
        short_term=list(map(convert.row, recent)),
    )


def _conversion(gap: Gap, first: Row, hourly_rows: Iterable[Row]) -> _Conversion:
    """Return the conversion of sums from the first row in the wrong unit on."""
    factor = 10.0 ** round(math.log10(gap.after / gap.before))
    earlier = [row for row in hourly_rows if row.end <= first.start]
    if not earlier:
        return _Conversion(first, first.sum * factor, factor)
    before = earlier[-1]
    # The step from one unit to the other may have been counted as energy.
    rise = first.state * factor - before.state
    if not rise >= 0:
        rise = (first.sum - before.sum) * factor
    return _Conversion(first, before.sum + rise, factor)


def _is_wrong(gap: Gap, row: Row) -> bool:
    """Whether a row is in the unit before the correction."""
    return row.state > 0 and abs(math.log(row.state / gap.before)) < abs(
        math.log(row.state / gap.after)
    )


def _last_wrong(gap: Gap, rows: Sequence[Row], *, before: int) -> list[Row]:
    """Return the last consecutive rows in the wrong unit that end before a time."""
    found: list[Row] = []
    for row in reversed(rows):
        if row.end > before:
            continue
        if not _is_wrong(gap, row):
            break
        found.append(row)
    return found[::-1]
