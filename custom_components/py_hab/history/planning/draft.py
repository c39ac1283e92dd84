"""A statistic while a change of it is worked out: its rows, and what in them is ours."""

from .adjusted_sums import AdjustedSums
from .difference import WRITTEN, Cumulative, Difference, Values, has_stamp, hours_of, is_stamped
from .rows import HOUR
from .stored import COLUMNS, Operation, StoredRows, Table, Units


class Draft:
    """A copy of the rows on which a change is tried; its operations are then done in the database."""

    def __init__(self, before: Difference, rows: StoredRows, units: Units, *, stamp: int) -> None:
        """Start from the rows in the database and the difference that our changes have made."""
        self.operations: list[Operation] = []
        self.rows = rows
        self.units = units
        self.former_stamp = before.stamp
        """The stamp of the last change; 0 if there was none, or one of an earlier version, which did not
        stamp rows."""
        while has_stamp(rows.hourly, stamp):
            stamp += 1
        self.stamp = stamp
        self.inserted = hours_of(before.inserted)
        self.replaced = dict(before.replaced)
        """Hours of Home Assistant as they were, with the sum that we have written instead."""
        self.sums = AdjustedSums(before, rows, units)
        self.marks = dict(before.marks)
        """When rows of Home Assistant were created that carry a stamp of ours."""
        self.seed = before.seed
        """The short-term row that we have inserted, until Home Assistant has continued it."""

    @property
    def written(self) -> set[int]:
        """The hours that we have written."""
        return self.inserted | self.replaced.keys()

    def has_written(self, start: int) -> bool:
        """Whether we have written an hour, whatever it holds now."""
        return start in self.inserted or start in self.replaced

    def do(self, operation: Operation) -> None:
        """Do an operation on the copy of the rows, and note it for the database."""
        if self.rows.apply(operation):
            self.operations.append(operation)

    def is_ours(self, start: int) -> bool:
        """Whether a row that we have written still holds our value."""
        if self.former_stamp == 0:
            return True
        values = self.rows.hourly[start]
        return is_stamped(values["created_ts"], start, self.units.value(values))

    def note_hour(self, start: int, values: Values, adjusted: Cumulative) -> None:
        """Note that an hour gets values of ours: as a new row, or in place of one of Home Assistant.

        `adjusted` is what our adjustments of hourly sums amount to.
        """
        if start not in self.rows.hourly:
            self.inserted.add(start)
            self.replaced.pop(start, None)
            return
        if start in self.inserted and self.is_ours(start):
            return
        self.inserted.discard(start)
        original = self.original(start, adjusted)
        total = values["sum"]
        if total is not None:
            original[WRITTEN] = total - self.units.to_stored(adjusted.at(start))
        self.replaced[start] = original
        self.sums.exact[Table.HOURLY].pop(start, None)
        self.marks.pop(start, None)

    def original(self, start: int, adjusted: Cumulative) -> Values:
        """Return an hourly row as Home Assistant wrote it, without our adjustments.

        If its sum differs from the one that we have written, the difference is an adjustment by
        somebody else, and is kept.
        """
        found = self.rows.hourly[start]
        total = found["sum"]
        kept = self.replaced.get(start)
        if kept is None or not self.is_ours(start):
            original = dict(found) | {"created_ts": self.marks.get(start, found["created_ts"])}
            if total is not None:
                original["sum"] = self.sums.without(Table.HOURLY, start, total, adjusted)
            return original
        original = dict.fromkeys(COLUMNS) | {"created_ts": float(start + HOUR)} | kept
        written, former = original.pop(WRITTEN, None), original["sum"]
        if total is not None and written is not None and former is not None:
            ours = written + self.units.to_stored(adjusted.at(start))
            if not self.units.is_same(total, ours):
                original["sum"] = former + (total - ours)
        return original

    def unadjusted(self, start: int, adjusted: Cumulative) -> Values | None:
        """Return an hourly row of ours without adjustments, None if it does not exist.

        If it replaces one of Home Assistant, the sum that we have written comes with it.
        """
        found = self.rows.hourly.get(start)
        if found is None or (total := found["sum"]) is None:
            return found
        written = self.replaced.get(start, {}).get(WRITTEN)
        return found | {
            "sum": total - self.units.to_stored(adjusted.at(start)),
            **({} if written is None else {WRITTEN: written}),
        }
