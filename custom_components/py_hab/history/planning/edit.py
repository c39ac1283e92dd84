"""Works out a change of one statistic: what to do in the database, and how to undo it.

Everything is calculated from the rows as the database has them, in its unit. Sums are calculated with
the same floats in the same order as the database does, so it is known which of them an undo would
miss by a last bit.
"""

from math import isnan, nan
from typing import Final

from .backfill import sum_offset
from .change import AdjustSum, ChangeReason, ConvertShortTerm, StatisticRows, WriteRows
from .difference import (
    WRITTEN,
    Difference,
    Layer,
    Values,
    has_stamp,
    hours_of,
    is_stamped,
    ranges_of,
)
from .draft import Draft
from .layers import RunLayers
from .origin import Origin
from .origins import Origins
from .reversal import Reversal
from .rows import HOUR, ROUNDING_ERROR, SHORT_TERM, Row, full_hour
from .short_term import ConvertedRows
from .stored import (
    COLUMNS,
    Assign,
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
        self._draft = Draft(before, rows, units, stamp=stamp)
        self._is_unstamped = before.stamp == 0 and not before.is_empty
        self._origins = Origins(before)
        self._converted = ConvertedRows(before, rows, units)
        self._layers = RunLayers(before.layers, run or str(self._draft.stamp))
        self._settle_seed()

    @property
    def operations(self) -> list[Operation]:
        """What is to be done in the database, in this order."""
        return self._draft.operations

    @property
    def difference(self) -> Difference:
        """The difference after all steps so far."""
        draft = self._draft
        return Difference(
            stamp=draft.stamp,
            unit=draft.units.stored,
            origins=self._origins.ranges(draft.written),
            bounds=self._origins.bounds(draft.written),
            inserted=ranges_of(draft.inserted),
            replaced=draft.replaced,
            sum_adjustments=draft.sums.adjustments,
            hourly_sums=draft.sums.exact[Table.HOURLY],
            short_term_sums=draft.sums.exact[Table.SHORT_TERM],
            short_term=self._converted.originals,
            marks=draft.marks,
            seed=draft.seed,
            layers=self._layers.latest,
        )

    def rows(self, until: int) -> StatisticRows:
        """Return the rows for planning."""
        draft = self._draft
        hourly, read = draft.rows.hourly, draft.units.from_stored
        ours = {start for start in draft.written & hourly.keys() if draft.is_ours(start)}
        return StatisticRows(
            hourly=draft.rows.sums(Table.HOURLY, draft.units),
            short_term=draft.rows.sums(Table.SHORT_TERM, draft.units),
            hours=hourly.keys(),
            own=draft.inserted & ours,
            means={
                start: read(mean)
                for start in draft.inserted & ours
                if (mean := hourly[start]["mean"]) is not None
            },
            spread=self._origins.spread(ours),
            bounds=self._origins.bounds(ours),
            late={
                start
                for start, values in hourly.items()
                if (values["created_ts"] or 0.0) > start + HOUR + LATE and start not in ours
            },
            recorded=self._recorded(ours),
            until=until,
        )

    def _recorded(self, ours: set[int]) -> dict[int, Row]:
        """Return what Home Assistant had recorded of the hours that we have replaced."""
        draft, read = self._draft, self._draft.units.from_stored
        adjusted = draft.sums.cumulative(Table.HOURLY)
        found = {}
        for start in draft.replaced.keys() & ours:
            original = draft.original(start, adjusted)
            state, total = original.get("state"), original.get("sum")
            if total is not None:
                shown = nan if state is None else read(state)
                found[start] = Row(start, HOUR, shown, read(total) + adjusted.at(start))
        return found

    def origins(self, others: Origin) -> dict[int, Origin]:
        """Return the origin of each hourly row; `others` is that of rows that are not ours.

        If a row of ours holds another value, it was imported over ours. A row with a stamp that the
        difference does not contain was written by us, too: the journal was lost since.
        """
        draft, written = self._draft, self._draft.written
        found: dict[int, Origin] = {}
        for start, values in draft.rows.hourly.items():
            if start in written:
                found[start] = self._origins.of(start) if draft.is_ours(start) else Origin.IMPORTED
            elif is_stamped(values["created_ts"], start, draft.units.value(values)):
                found[start] = Origin.SPREAD
            else:
                found[start] = others
        return found

    # Steps

    def write(self, step: WriteRows) -> None:
        """Write hours in place of those that exist."""
        draft, hourly = self._draft, self._draft.rows.hourly
        layer = self._begin_layer(step.reason)
        earlier = hours_of(layer.inserted) | hours_of(layer.replaced)
        adjusted = draft.sums.cumulative(Table.HOURLY)
        put: dict[int, Values] = {}
        for row in step.rows:
            start = row.start
            self._origins.note(step, start, is_ours=draft.has_written(start))
            put[start] = values_of(row, draft.units, draft.stamp)
            is_same = _is_same(hourly.get(start), put[start])
            if start in earlier and start not in layer.overwritten and not is_same:
                layer.overwritten[start] = draft.unadjusted(start, adjusted)
            if start not in hourly:
                draft.inserted.add(start)
                draft.replaced.pop(start, None)
                continue
            if start in draft.inserted and draft.is_ours(start):
                continue
            draft.inserted.discard(start)
            original = draft.original(start, adjusted)
            total = put[start].get("sum")
            if total is not None:
                original[WRITTEN] = total - draft.units.to_stored(adjusted.at(start))
            draft.replaced[start] = original
            draft.sums.exact[Table.HOURLY].pop(start, None)
            draft.marks.pop(start, None)
        layer.written[:] = ranges_of(hours_of(layer.written) | put.keys())
        draft.do(PutHours(put))

    def convert(self, step: ConvertShortTerm) -> None:
        """Convert short-term rows to another unit."""
        sums = self._draft.sums
        adjusted = sums.cumulative(Table.SHORT_TERM)
        operations = self._converted.convert(
            step.rows,
            self._begin_layer(step.reason),
            adjusted,
            lambda start, total: sums.without(Table.SHORT_TERM, start, total, adjusted),
        )
        for operation in operations:
            self._draft.do(operation)

    def adjust(self, step: AdjustSum, *, is_compiled: bool) -> None:
        """Add to all sums from a time on.

        `is_compiled` says whether Home Assistant continues the sums, from the last short-term row;
        other integrations continue the last hour.
        """
        draft = self._draft
        first = {Table.HOURLY: full_hour(step.start), Table.SHORT_TERM: step.start}
        starts = {
            table: [
                start
                for start, values in draft.rows.of(table).items()
                if start >= first[table] and values["sum"] is not None
            ]
            for table in Table
        }
        if abs(step.amount) < ROUNDING_ERROR or not any(starts.values()):
            return
        self._begin_layer(step.reason)
        if step.reason is ChangeReason.SILENCE:
            # A sum that was restarted does not contain earlier adjustments.
            earlier = sum(done for start, done in draft.sums.adjustments if start <= step.start)
            draft.sums.note(step.start, -earlier)
        before = {table: draft.sums.cumulative(table) for table in Table}
        draft.sums.note(step.start, step.amount)
        if is_compiled and not starts[Table.SHORT_TERM]:
            # Later sums continue from a short-term row that is not adjusted.
            draft.sums.note(max(starts[Table.HOURLY]) + HOUR, -step.amount)
        amount = draft.units.to_stored(step.amount)
        for table in Table:
            draft.sums.keep(table, starts[table], before[table], amount)
            draft.do(ShiftSums(table=table, start=first[table], amount=amount))

    def seed(self, start: int, shown: float | None) -> None:
        """Insert a short-term row for the sums of Home Assistant to continue, if there is none.

        `shown` is what the counter shows now, in kWh, if it is known.
        """
        draft = self._draft
        hourly = draft.rows.sums(Table.HOURLY, draft.units)
        if draft.rows.short_term or not hourly or hourly[-1].start > start:
            return
        state, total = _continued(hourly[-1], start, shown)
        if isnan(state):
            return
        write = draft.units.to_stored
        values: Values = dict.fromkeys(COLUMNS)
        values |= {"created_ts": float(draft.stamp), "state": write(state), "sum": write(total)}
        # The hour of the row is not compiled any more if it was written just now.
        is_written = full_hour(start) in draft.rows.hourly
        draft.sums.note(full_hour(start) + HOUR if is_written else start, total)
        draft.seed = start
        draft.do(InsertShortTerm(start, values))

    def finish(self) -> bool:
        """Make sure that the database will tell of the change; return whether there is one.

        A change that only adjusts sums marks an hourly row with its stamp. Without any hourly row
        it cannot be made yet.
        """
        draft, hourly = self._draft, self._draft.rows.hourly
        if self._is_unstamped:
            # Earlier versions did not stamp their rows.
            draft.do(PutHours(with_stamp(draft.written, hourly, draft.units, draft.stamp)))
        if not (draft.operations or self._is_unstamped) or not hourly:
            return False
        if not has_stamp(hourly, draft.stamp):
            start = max(hourly)
            created = hourly[start]["created_ts"]
            if not draft.has_written(start):
                draft.marks.setdefault(start, created)
            marked = {start: draft.stamp + (created or 0.0) % 1}
            draft.do(Assign(Table.HOURLY, "created_ts", marked))
        return True

    # Undo

    def undo(self) -> None:
        """Undo everything: adjust back, restore, delete. Rows of others stay."""
        Reversal(self._draft, self._converted).undo()

    def take_back(self, number: int) -> None:
        """Take back a run, given by the number of its layer, and all later ones.

        Rows that others have written or overwritten since stay.
        """
        layers = self._layers.take_from(number)
        Reversal(self._draft, self._converted).take_back(layers)
        self._origins.restore(layers[0].origins)

    # Parts

    def _begin_layer(self, reason: ChangeReason) -> Layer:
        """Return the layer of the run that this change belongs to."""
        draft = self._draft
        return self._layers.begin(
            reason,
            at=draft.stamp,
            inserted=draft.inserted,
            replaced=draft.replaced,
            sum_adjustments=draft.sums.adjustments,
            seed=draft.seed,
            origins=self._origins.ranges(draft.written),
        )

    def _settle_seed(self) -> None:
        """Note what Home Assistant alone would have had instead of our short-term row.

        It starts its sum at 0 with the first value that it sees, which is the row after ours.
        """
        draft, rows = self._draft, self._draft.rows.short_term
        if (seed := draft.seed) is None:
            return
        if seed not in rows:
            draft.seed = None
            return
        first = min((start for start in rows if start > seed), default=None)
        if first is None or (total := rows[first]["sum"]) is None:
            return
        adjusted = draft.sums.cumulative(Table.SHORT_TERM)
        kwh = draft.units.from_stored(total) - adjusted.at(first)
        draft.sums.note(first, kwh)
        draft.sums.exact[Table.SHORT_TERM][first] = 0.0
        self._layers.settle(seed, first, kwh)
        draft.seed = None


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
