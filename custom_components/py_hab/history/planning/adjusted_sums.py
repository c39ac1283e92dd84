"""The sums of a statistic that we have adjusted: by how much, and what they were before.

Sums are floats. Whoever adds an amount and subtracts it again can miss the former sum by a last bit;
such sums are kept as they were.
"""

from collections.abc import Iterable

from .difference import Cumulative, Difference, with_adjustment
from .stored import LENGTH, StoredRows, Table, Units


class AdjustedSums:
    """The adjustments in kWh, each from a time on, and the sums that subtracting them would miss."""

    def __init__(self, before: Difference, rows: StoredRows, units: Units) -> None:
        """Start with the adjustments that a difference contains."""
        self._rows = rows
        self._units = units
        self.adjustments = list(before.sum_adjustments)
        self.exact = {
            Table.HOURLY: dict(before.hourly_sums),
            Table.SHORT_TERM: dict(before.short_term_sums),
        }

    def cumulative(self, table: Table) -> Cumulative:
        """Return what the adjustments add up to at the rows of a table."""
        return Cumulative(self.adjustments, LENGTH[table])

    def note(self, start: int, amount: float) -> None:
        """Note an adjustment of all sums from a time on."""
        self.adjustments = with_adjustment(self.adjustments, start, amount)

    def without(self, table: Table, start: int, total: float, adjusted: Cumulative) -> float:
        """Return a sum without our adjustments, to the last bit where it is known."""
        found = total - self._units.to_stored(adjusted.at(start))
        exact = self.exact[table].get(start)
        return exact if exact is not None and self._units.is_same(found, exact) else found

    def keep(self, table: Table, starts: Iterable[int], before: Cumulative, amount: float) -> None:
        """Keep the original sums that subtracting all adjustments again would miss.

        `amount` is what the noted adjustments add to the sums of these rows beside what they added
        `before`, in the unit of the database.
        """
        after, exact = self.cumulative(table), self.exact[table]
        for start in starts:
            total = self._rows.of(table)[start]["sum"] or 0.0
            original = self.without(table, start, total, before)
            exact.pop(start, None)
            if (total + amount) - self._units.to_stored(after.at(start)) != original:
                exact[start] = original
