"""Works out a change of one statistic: what to do in the database, and how to undo it.

Everything is calculated from the rows as the database has them, in its unit. Sums are calculated with
the same floats in the same order as the database does, so it is known which of them an undo would
miss by a last bit.
"""

from collections.abc import Iterable, Mapping
from math import isnan, nan
from typing import Final

from .backfill import sum_offset
from .change import AdjustSum, ChangeReason, ConvertShortTerm, StatisticRows, WriteRows
from .difference import (
    WRITTEN,
    Cumulative,
    Difference,
    Layer,
    Values,
    has_stamp,
    hours_of,
    is_stamped,
    ranges_of,
    with_adjustment,
)
from .layers import RunLayers, first_overwritten
from .origin import Origin
from .origins import Origins
from .rows import HOUR, ROUNDING_ERROR, SHORT_TERM, Row, full_hour
from .short_term import ConvertedRows
from .stored import (
    COLUMNS,
    LENGTH,
    Assign,
    DeleteHours,
    InsertShortTerm,
    Operation,
    PutHours,
    ShiftSums,
    StoredRows,
    Table,
    Units,
    values_of,
    with_stamp,
)

LATE: Final = 2 * HOUR
"""Seconds after the end of an hour from which on it was compiled late."""


class Edit:
    """The calculation of one change; `operations` and `difference` are its result."""

    def __init__(
        self,
        before: Difference,
        rows: StoredRows,
        units: Units,
        *,
        stamp: int,
        run: str | None = None,
    ) -> None:
        """Start from the rows in the database and the difference that our changes have made.

        `run` is the run that the change belongs to, None if it is a run of its own.
        """
        self.operations: list[Operation] = []
        self._before = before
        self._rows = rows
        self._units = units
        while has_stamp(rows.hourly, stamp):
            stamp += 1
        self._stamp = stamp
        self._inserted = hours_of(before.inserted)
        self._replaced = dict(before.replaced)
        self._adjustments = list(before.sum_adjustments)
        self._exact = {
            Table.HOURLY: dict(before.hourly_sums),
            Table.SHORT_TERM: dict(before.short_term_sums),
        }
        self._marks = dict(before.marks)
        self._origins = Origins(before)
        self._converted = ConvertedRows(before, rows, units)
        self._seed = before.seed
        self._layers = RunLayers(before.layers, run or str(self._stamp))
        self._settle_seed()

    @property
    def difference(self) -> Difference:
        """The difference after all steps so far."""
        written = self._inserted | self._replaced.keys()
        return Difference(
            stamp=self._stamp,
            unit=self._units.stored,
            origins=self._origins.ranges(written),
            bounds=self._origins.bounds(written),
            inserted=ranges_of(self._inserted),
            replaced=self._replaced,
            sum_adjustments=self._adjustments,
            hourly_sums=self._exact[Table.HOURLY],
            short_term_sums=self._exact[Table.SHORT_TERM],
            short_term=self._converted.originals,
            marks=self._marks,
            seed=self._seed,
            layers=self._layers.latest,
        )

    def rows(self, until: int) -> StatisticRows:
        """Return the rows for planning."""
        hourly, read = self._rows.hourly, self._units.from_stored
        adjusted = Cumulative(self._adjustments, HOUR)
        ours = {
            start
            for start in (self._inserted | self._replaced.keys()) & hourly.keys()
            if self._is_ours(start)
        }
        recorded = {}
        for start in self._replaced.keys() & hourly.keys():
            found = self._original(start, adjusted)
            if start in ours and (total := found.get("sum")) is not None:
                state = found.get("state")
                recorded[start] = Row(
                    start,
                    HOUR,
                    nan if state is None else read(state),
                    read(total) + adjusted.at(start),
                )
        return StatisticRows(
            hourly=self._rows.sums(Table.HOURLY, self._units),
            short_term=self._rows.sums(Table.SHORT_TERM, self._units),
            hours=hourly.keys(),
            own=self._inserted & ours,
            means={
                start: read(mean)
                for start in self._inserted & ours
                if (mean := hourly[start]["mean"]) is not None
            },
            spread=self._origins.spread(ours),
            bounds=self._origins.bounds(ours),
            late={
                start
                for start, values in hourly.items()
                if (values["created_ts"] or 0.0) > start + HOUR + LATE and start not in ours
            },
            recorded=recorded,
            until=until,
        )

    def origins(self, others: Origin) -> dict[int, Origin]:
        """Return the origin of each hourly row; `others` is that of rows that are not ours.

        If a row of ours holds another value, it was imported over ours. A row with a stamp that the
        difference does not contain was written by us, too: the journal was lost since.
        """
        written = self._inserted | self._replaced.keys()
        found: dict[int, Origin] = {}
        for start, values in self._rows.hourly.items():
            if start in written:
                found[start] = self._origins.of(start) if self._is_ours(start) else Origin.IMPORTED
            elif is_stamped(values["created_ts"], start, self._units.value(values)):
                found[start] = Origin.SPREAD
            else:
                found[start] = others
        return found

    # Steps

    def write(self, step: WriteRows) -> None:
        """Write hours in place of those that exist."""
        layer = self._begin_layer(step.reason)
        earlier = hours_of(layer.inserted) | hours_of(layer.replaced)
        adjusted = Cumulative(self._adjustments, HOUR)
        put: dict[int, Values] = {}
        for row in step.rows:
            start = row.start
            is_ours = start in self._inserted or start in self._replaced
            self._origins.note(step, start, is_ours=is_ours)
            put[start] = values_of(row, self._units, self._stamp)
            is_same = _is_same(self._rows.hourly.get(start), put[start])
            if start in earlier and start not in layer.overwritten and not is_same:
                layer.overwritten[start] = self._unadjusted(start, adjusted)
            if start not in self._rows.hourly:
                self._inserted.add(start)
                self._replaced.pop(start, None)
                continue
            if start in self._inserted and self._is_ours(start):
                continue
            self._inserted.discard(start)
            original = self._original(start, adjusted)
            total = put[start].get("sum")
            if total is not None:
                original[WRITTEN] = total - self._units.to_stored(adjusted.at(start))
            self._replaced[start] = original
            self._exact[Table.HOURLY].pop(start, None)
            self._marks.pop(start, None)
        layer.written[:] = ranges_of(hours_of(layer.written) | put.keys())
        self._do(PutHours(put))

    def convert(self, step: ConvertShortTerm) -> None:
        """Convert short-term rows to another unit."""
        adjusted = Cumulative(self._adjustments, SHORT_TERM)
        operations = self._converted.convert(
            step.rows,
            self._begin_layer(step.reason),
            adjusted,
            lambda start, total: self._without(Table.SHORT_TERM, start, total, adjusted),
        )
        for operation in operations:
            self._do(operation)

    def adjust(self, step: AdjustSum, *, is_compiled: bool) -> None:
        """Add to all sums from a time on.

        `is_compiled` says whether Home Assistant continues the sums, from the last short-term row;
        other integrations continue the last hour.
        """
        first = {Table.HOURLY: full_hour(step.start), Table.SHORT_TERM: step.start}
        sums = {
            table: [
                start
                for start, values in self._rows.of(table).items()
                if start >= first[table] and values["sum"] is not None
            ]
            for table in Table
        }
        if abs(step.amount) < ROUNDING_ERROR or not any(sums.values()):
            return
        self._begin_layer(step.reason)
        if step.reason is ChangeReason.SILENCE:
            # A sum that was restarted does not contain earlier adjustments.
            earlier = sum(done for start, done in self._adjustments if start <= step.start)
            self._note(step.start, -earlier)
        before = {table: Cumulative(self._adjustments, LENGTH[table]) for table in Table}
        self._note(step.start, step.amount)
        if is_compiled and not sums[Table.SHORT_TERM]:
            # Later sums continue from a short-term row that is not adjusted.
            self._note(max(sums[Table.HOURLY]) + HOUR, -step.amount)
        amount = self._units.to_stored(step.amount)
        for table in Table:
            self._keep_exact(table, sums[table], before[table], amount)
            self._do(ShiftSums(table=table, start=first[table], amount=amount))

    def seed(self, start: int, shown: float | None) -> None:
        """Insert a short-term row for the sums of Home Assistant to continue, if there is none.

        `shown` is what the counter shows now, in kWh, if it is known.
        """
        hourly = self._rows.sums(Table.HOURLY, self._units)
        if self._rows.short_term or not hourly or hourly[-1].start > start:
            return
        state, total = _continued(hourly[-1], start, shown)
        if isnan(state):
            return
        write = self._units.to_stored
        values: Values = dict.fromkeys(COLUMNS)
        values |= {"created_ts": float(self._stamp), "state": write(state), "sum": write(total)}
        # The hour of the row is not compiled any more if it was written just now.
        is_written = full_hour(start) in self._rows.hourly
        self._note(full_hour(start) + HOUR if is_written else start, total)
        self._seed = start
        self._do(InsertShortTerm(start, values))

    def finish(self) -> bool:
        """Make sure that the database will tell of the change; return whether there is one.

        A change that only adjusts sums marks an hourly row with its stamp. Without any hourly row
        it cannot be made yet.
        """
        is_earlier = self._before.stamp == 0 and not self._before.is_empty
        if is_earlier:
            # Earlier versions did not stamp their rows.
            earlier = self._inserted | self._replaced.keys()
            self._do(PutHours(with_stamp(earlier, self._rows.hourly, self._units, self._stamp)))
        if not (self.operations or is_earlier) or not self._rows.hourly:
            return False
        if not has_stamp(self._rows.hourly, self._stamp):
            start = max(self._rows.hourly)
            created = self._rows.hourly[start]["created_ts"]
            if start not in self._inserted and start not in self._replaced:
                self._marks.setdefault(start, created)
            self._do(
                Assign(Table.HOURLY, "created_ts", {start: self._stamp + (created or 0.0) % 1})
            )
        return True

    # Undo

    def undo(self) -> None:
        """Undo everything: adjust back, restore, delete. Rows of others stay."""
        hourly = self._rows.hourly
        before = Cumulative(self._adjustments, SHORT_TERM)
        for operation in self._converted.undo(before, self._exact[Table.SHORT_TERM]):
            self._do(operation)
        adjusted = Cumulative(self._adjustments, HOUR)
        originals = {
            start: self._original(start, adjusted)
            for start in self._replaced.keys() & hourly.keys()
            if self._is_ours(start)
        }
        own = {start for start in self._inserted & hourly.keys() if self._is_ours(start)}
        for table in Table:
            for start, end, kwh in Cumulative(self._adjustments, LENGTH[table]).segments():
                amount = -self._units.to_stored(kwh)
                self._do(ShiftSums(table=table, start=start, end=end, amount=amount))
        for table, sums in self._exact.items():
            found = self._rows.of(table)
            self._do(
                Assign(
                    table,
                    "sum",
                    {
                        start: total
                        for start, total in sums.items()
                        if start in found and self._units.is_same(found[start]["sum"], total)
                    },
                )
            )
        if self._seed is not None:
            self._do(Assign(Table.SHORT_TERM, "sum", {self._seed: 0.0}))
        self._do(PutHours(originals))
        self._do(DeleteHours(ranges_of(own)))
        # What is left of the stamp would say that the last change is still there.
        left = {
            start: self._marks.get(start, float(start + HOUR))
            for start, values in hourly.items()
            if start in self._marks or has_stamp({start: values}, self._before.stamp)
        }
        self._do(Assign(Table.HOURLY, "created_ts", left))

    def take_back(self, number: int) -> None:
        """Take back a run, given by the number of its layer, and all later ones.

        Rows that others have written or overwritten since stay.
        """
        layers = self._layers.take_from(number)
        target, hourly = layers[0], self._rows.hourly
        now, then = self._adjustments, target.sum_adjustments
        kept_replaced = hours_of(target.replaced)
        kept = hours_of(target.inserted) | kept_replaced
        overwritten = first_overwritten(layers)
        short_term, exact = Cumulative(now, SHORT_TERM), self._exact[Table.SHORT_TERM]
        for operation in self._converted.take_back(layers, short_term, exact):
            self._do(operation)
        put: dict[int, Values] = {}
        deleted: set[int] = set()
        adjusted = Cumulative(now, HOUR)
        for start in (self._inserted | self._replaced.keys()) & hourly.keys():
            if start in kept and start not in overwritten:
                continue
            if not self._is_ours(start):
                continue
            if start in kept:
                former = overwritten[start]
            else:
                former = self._original(start, adjusted) if start in self._replaced else None
            if former is None:
                deleted.add(start)
            else:
                put[start] = dict(former)
        self._inserted &= hours_of(target.inserted)
        self._replaced = {
            start: values for start, values in self._replaced.items() if start in kept_replaced
        }
        self._origins.restore(target.origins)
        for start, values in put.items():
            if (written := values.pop(WRITTEN, None)) is not None and start in self._replaced:
                self._replaced[start] = self._replaced[start] | {WRITTEN: written}
        self._do(DeleteHours(ranges_of(deleted)))
        self._adjust_to(then, unadjusted=put)
        if self._seed is not None and self._seed != target.seed:
            started = self._units.to_stored(Cumulative(then, SHORT_TERM).at(self._seed))
            self._do(Assign(Table.SHORT_TERM, "sum", {self._seed: started}))
            self._seed = target.seed

    # Parts

    def _begin_layer(self, reason: ChangeReason) -> Layer:
        """Return the layer of the run that this change belongs to."""
        return self._layers.begin(
            reason,
            at=self._stamp,
            inserted=self._inserted,
            replaced=self._replaced,
            sum_adjustments=self._adjustments,
            seed=self._seed,
            origins=self._origins.ranges(self._inserted | self._replaced.keys()),
        )

    def _unadjusted(self, start: int, adjusted: Cumulative) -> Values | None:
        """Return an hourly row of ours without adjustments, None if it does not exist.

        If it replaces one of Home Assistant, the sum that we have written comes with it.
        """
        found = self._rows.hourly.get(start)
        if found is None or (total := found["sum"]) is None:
            return found
        written = self._replaced.get(start, {}).get(WRITTEN)
        return found | {
            "sum": total - self._units.to_stored(adjusted.at(start)),
            **({} if written is None else {WRITTEN: written}),
        }

    def _adjust_to(
        self, adjustments: list[tuple[int, float]], unadjusted: Mapping[int, Values]
    ) -> None:
        """Replace all adjustments; `unadjusted` are hours to be put in place of those that exist."""
        put: dict[int, Values] = {}
        for table in Table:
            before = Cumulative(self._adjustments, LENGTH[table])
            after = Cumulative(adjustments, LENGTH[table])
            exact, sums = self._exact[table], {}
            for start, values in self._rows.of(table).items():
                found = unadjusted.get(start) if table is Table.HOURLY else None
                total = (found or values)["sum"]
                if total is None:
                    put |= {start: found} if found else {}
                    continue
                original = total if found else self._without(table, start, total, before)
                shift = self._units.to_stored(after.at(start))
                exact.pop(start, None)
                if (original + shift) - shift != original:
                    exact[start] = original
                if found:
                    put[start] = found | {"sum": original + shift}
                elif original + shift != total:
                    sums[start] = original + shift
            self._do(Assign(table, "sum", sums))
        self._do(PutHours(put))
        self._adjustments = list(adjustments)

    def _do(self, operation: Operation) -> None:
        """Do an operation on our copy of the rows, and note it for the database."""
        if self._rows.apply(operation):
            self.operations.append(operation)

    def _note(self, start: int, amount: float) -> None:
        self._adjustments = with_adjustment(self._adjustments, start, amount)

    def _is_ours(self, start: int) -> bool:
        """Whether a row that we have written still holds our value."""
        if self._before.stamp == 0:
            # Earlier versions did not stamp rows.
            return True
        values = self._rows.hourly[start]
        return is_stamped(values["created_ts"], start, self._units.value(values))

    def _original(self, start: int, adjusted: Cumulative) -> Values:
        """Return an hourly row as Home Assistant wrote it, without our adjustments.

        If its sum differs from the one that we have written in its stead, the difference is an
        adjustment by someone else, and is kept.
        """
        found = self._rows.hourly[start]
        total = found["sum"]
        kept = self._replaced.get(start)
        if kept is None or not self._is_ours(start):
            original = dict(found) | {"created_ts": self._marks.get(start, found["created_ts"])}
            if total is not None:
                original["sum"] = self._without(Table.HOURLY, start, total, adjusted)
            return original
        original = dict.fromkeys(COLUMNS) | {"created_ts": float(start + HOUR)} | kept
        written, former = original.pop(WRITTEN, None), original["sum"]
        if total is not None and written is not None and former is not None:
            ours = written + self._units.to_stored(adjusted.at(start))
            if not self._units.is_same(total, ours):
                original["sum"] = former + (total - ours)
        return original

    def _without(self, table: Table, start: int, total: float, adjusted: Cumulative) -> float:
        """Return a sum without our adjustments, to the last bit where it is known."""
        found = total - self._units.to_stored(adjusted.at(start))
        exact = self._exact[table].get(start)
        return exact if exact is not None and self._units.is_same(found, exact) else found

    def _keep_exact(
        self, table: Table, starts: Iterable[int], before: Cumulative, amount: float
    ) -> None:
        """Note the original sums that subtracting all adjustments again would miss."""
        after, exact = Cumulative(self._adjustments, LENGTH[table]), self._exact[table]
        for start in starts:
            total = self._rows.of(table)[start]["sum"] or 0.0
            original = self._without(table, start, total, before)
            exact.pop(start, None)
            if (total + amount) - self._units.to_stored(after.at(start)) != original:
                exact[start] = original

    def _settle_seed(self) -> None:
        """Note what Home Assistant alone would have had instead of our short-term row.

        It starts its sum at 0 with the first value that it sees, which is the row after ours.
        """
        rows = self._rows.short_term
        if self._seed is None:
            return
        if self._seed not in rows:
            self._seed = None
            return
        first = min((start for start in rows if start > self._seed), default=None)
        if first is None or (total := rows[first]["sum"]) is None:
            return
        kwh = self._units.from_stored(total) - Cumulative(self._adjustments, SHORT_TERM).at(first)
        self._note(first, kwh)
        self._exact[Table.SHORT_TERM][first] = 0.0
        self._layers.settle(self._seed, first, kwh)
        self._seed = None


def _continued(last: Row, start: int, shown: float | None) -> tuple[float, float]:
    """Return state and sum of a short-term row that continues an hour."""
    if shown is None:
        return last.state, last.sum
    return shown, sum_offset(last, Row(start, SHORT_TERM, shown, 0.0))


def _is_same(found: Values | None, new: Values) -> bool:
    """Whether a row has the values that are to be written already."""
    return found is not None and all(
        found[name] == value for name, value in new.items() if name != "created_ts"
    )
