"""Works out a change of one statistic: what to do in the database, and how to undo it.

Everything is calculated from the rows as the database has them, in its unit. Sums are calculated with
the same floats in the same order as the database does, so it is known which of them an undo would
miss by a last bit.
"""

from .change import AdjustSum, ChangeReason, ConvertShortTerm, Step, WriteRows
from .difference import Difference, Layer, Values, has_stamp, hours_of, ranges_of
from .draft import Draft
from .layers import RunLayers
from .origins import Origins
from .reversal import Reversal
from .rows import HOUR, ROUNDING_ERROR, full_hour
from .seed import insert_seed, settle_seed
from .short_term import ConvertedRows
from .stored import (
    Assign,
    Operation,
    PutHours,
    ShiftSums,
    StoredRows,
    Table,
    Units,
    values_of,
    with_stamp,
)
from .view import StatisticView


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
        settle_seed(self._draft, self._layers)
        self.view = StatisticView(self._draft, self._origins)
        """The statistic with all steps so far."""

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

    # Steps

    def make(self, step: Step, *, is_compiled: bool) -> None:
        """Make a step of a change; see `adjust` for `is_compiled`."""
        match step:
            case AdjustSum():
                self.adjust(step, is_compiled=is_compiled)
            case ConvertShortTerm():
                self.convert(step)
            case WriteRows():
                self.write(step)

    def write(self, step: WriteRows) -> None:
        """Write hours in place of those that exist."""
        draft, hourly = self._draft, self._draft.rows.hourly
        layer = self._begin_layer(step.reason)
        of_earlier_runs = hours_of(layer.inserted) | hours_of(layer.replaced)
        adjusted = draft.sums.cumulative(Table.HOURLY)
        put: dict[int, Values] = {}
        for row in step.rows:
            start = row.start
            self._origins.note(step, start, is_ours=draft.has_written(start))
            put[start] = values_of(row, draft.units, draft.stamp)
            is_first_time = start in of_earlier_runs and start not in layer.overwritten
            if is_first_time and not _is_same(hourly.get(start), put[start]):
                layer.overwritten[start] = draft.unadjusted(start, adjusted)
            draft.note_hour(start, put[start], adjusted)
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
        starts = {table: draft.rows.with_sum(table, first[table]) for table in Table}
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
        insert_seed(self._draft, start, shown)

    def finish(self) -> bool:
        """Make sure that a row carries the stamp of the change; return whether there is a change.

        The stamp shows later whether the change is in the database. A change that only adjusts sums
        puts it on the last hourly row. Without any hourly row it cannot be made yet.
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


def _is_same(found: Values | None, new: Values) -> bool:
    """Whether a row has the values that are to be written already."""
    return found is not None and all(
        found[name] == value for name, value in new.items() if name != "created_ts"
    )
