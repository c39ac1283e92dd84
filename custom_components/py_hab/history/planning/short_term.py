"""Converts short-term rows to another unit, so that it can be undone."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from .difference import WRITTEN, Cumulative, Difference, Layer, Values
from .rows import SumRow
from .stored import Assign, StoredRows, Table, Units


class ConvertedRows:
    """The short-term rows of a statistic whose values we have converted.

    Home Assistant deletes short-term rows after some days; what is known of them goes with them.
    """

    def __init__(self, before: Difference, rows: StoredRows, units: Units) -> None:
        """Start with the rows that a difference contains."""
        self._rows = rows.short_term
        self._units = units
        self.originals = {
            start: values for start, values in before.short_term.items() if start in self._rows
        }
        """State and sum as Home Assistant wrote them, and the sum that we have written; sums are
        without adjustments."""

    def convert(
        self,
        rows: Iterable[SumRow],
        layer: Layer,
        adjusted: Cumulative,
        unadjusted: Callable[[int, float], float],
    ) -> Iterator[Assign]:
        """Yield what writes the states and sums of rows; rows that do not exist are left out.

        unadjusted: returns a sum of the row that starts at a time without our adjustments.
        """
        states: dict[int, float | None] = {}
        sums: dict[int, float | None] = {}
        for row in rows:
            start = row.start
            total = self._rows.get(start, {}).get("sum")
            if total is None:
                continue
            former: Values = {"state": self._rows[start]["state"], "sum": unadjusted(start, total)}
            if (known := self.originals.get(start)) is not None:
                former[WRITTEN] = known[WRITTEN]
            layer.short_term.setdefault(start, former)
            states[start], sums[start] = map(self._units.to_stored, (row.state, row.sum))
            self.originals[start] = self._original(start, adjusted, former) | {
                WRITTEN: self._units.to_stored(row.sum) - self._shift(start, adjusted)
            }
        yield Assign(Table.SHORT_TERM, "state", states)
        yield Assign(Table.SHORT_TERM, "sum", sums)

    def take_back(
        self, layers: Iterable[Layer], adjusted: Cumulative, exact: dict[int, float]
    ) -> Iterator[Assign]:
        """Yield what restores rows as they were before some layers, oldest first."""
        former: dict[int, Values] = {}
        for layer in layers:
            former = layer.short_term | former
        yield from self._restore(former, adjusted, exact)

    def undo(self, adjusted: Cumulative, exact: dict[int, float]) -> Iterator[Assign]:
        """Yield what restores all rows as Home Assistant wrote them, but for our adjustments."""
        former = {
            start: {name: value for name, value in values.items() if name != WRITTEN}
            for start, values in self.originals.items()
        }
        yield from self._restore(former, adjusted, exact)

    def _restore(
        self, former: Mapping[int, Values], adjusted: Cumulative, exact: dict[int, float]
    ) -> Iterator[Assign]:
        """`exact` are the sums that subtracting the adjustments would miss by a last bit."""
        states: dict[int, float | None] = {}
        sums: dict[int, float | None] = {}
        for start in former.keys() & self.originals.keys():
            values = former[start]
            total, shift = values["sum"] or 0.0, self._shift(start, adjusted)
            total += self._change_by_others(start, adjusted)
            states[start], sums[start] = values["state"], total + shift
            exact.pop(start, None)
            if (total + shift) - shift != total:
                exact[start] = total
            if (written := values.get(WRITTEN)) is None:
                del self.originals[start]
            else:
                self.originals[start] = self.originals[start] | {WRITTEN: written}
        yield Assign(Table.SHORT_TERM, "state", states)
        yield Assign(Table.SHORT_TERM, "sum", sums)

    def _original(self, start: int, adjusted: Cumulative, former: Values) -> Values:
        known = self.originals.get(start)
        if known is None:
            return former
        return known | {"sum": (known["sum"] or 0.0) + self._change_by_others(start, adjusted)}

    def _change_by_others(self, start: int, adjusted: Cumulative) -> float:
        """Return by how much others have adjusted a sum that we have written."""
        total, written = self._rows[start]["sum"], self.originals[start][WRITTEN]
        if total is None or written is None:
            return 0.0
        ours = written + self._shift(start, adjusted)
        return 0.0 if self._units.is_same(total, ours) else total - ours

    def _shift(self, start: int, adjusted: Cumulative) -> float:
        return self._units.to_stored(adjusted.at(start))
