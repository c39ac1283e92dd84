"""Works out how our changes of a statistic are taken back: all of them, or those of the last runs.

Rows that others have written or overwritten since stay.
"""

from collections.abc import Mapping, Sequence

from .difference import WRITTEN, Cumulative, Layer, Values, has_stamp, hours_of, ranges_of
from .draft import Draft
from .layers import first_overwritten
from .rows import HOUR
from .short_term import ConvertedRows
from .stored import LENGTH, Assign, DeleteHours, PutHours, ShiftSums, Table


class Reversal:
    """Takes changes back in a draft."""

    def __init__(self, draft: Draft, converted: ConvertedRows) -> None:
        """Prepare; nothing is taken back yet."""
        self._draft = draft
        self._converted = converted

    def undo(self) -> None:
        """Undo everything: adjust back, restore, delete."""
        draft, hourly = self._draft, self._draft.rows.hourly
        exact = draft.sums.exact[Table.SHORT_TERM]
        for operation in self._converted.undo(draft.sums.cumulative(Table.SHORT_TERM), exact):
            draft.do(operation)
        adjusted = draft.sums.cumulative(Table.HOURLY)
        originals = {
            start: draft.original(start, adjusted)
            for start in draft.replaced.keys() & hourly.keys()
            if draft.is_ours(start)
        }
        own = {start for start in draft.inserted & hourly.keys() if draft.is_ours(start)}
        self._subtract_adjustments()
        if draft.seed is not None:
            draft.do(Assign(Table.SHORT_TERM, "sum", {draft.seed: 0.0}))
        draft.do(PutHours(originals))
        draft.do(DeleteHours(ranges_of(own)))
        # What is left of the stamp would say that the last change is still there.
        left = {
            start: draft.marks.get(start, float(start + HOUR))
            for start, values in hourly.items()
            if start in draft.marks or has_stamp({start: values}, draft.former_stamp)
        }
        draft.do(Assign(Table.HOURLY, "created_ts", left))

    def take_back(self, layers: Sequence[Layer]) -> None:
        """Return to what was there before the runs of these layers, oldest first."""
        draft, target = self._draft, layers[0]
        now, then = draft.sums.adjustments, target.sum_adjustments
        exact = draft.sums.exact[Table.SHORT_TERM]
        adjusted = draft.sums.cumulative(Table.SHORT_TERM)
        for operation in self._converted.take_back(layers, adjusted, exact):
            draft.do(operation)
        former = self._former_hours(layers, Cumulative(now, HOUR))
        put = {start: dict(values) for start, values in former.items() if values is not None}
        kept_replaced = hours_of(target.replaced)
        draft.inserted &= hours_of(target.inserted)
        draft.replaced = {
            start: values for start, values in draft.replaced.items() if start in kept_replaced
        }
        for start, values in put.items():
            if (written := values.pop(WRITTEN, None)) is not None and start in draft.replaced:
                draft.replaced[start] = draft.replaced[start] | {WRITTEN: written}
        draft.do(DeleteHours(ranges_of(former.keys() - put.keys())))
        self._adjust_to(then, unadjusted=put)
        if draft.seed is not None and draft.seed != target.seed:
            started = draft.units.to_stored(draft.sums.cumulative(Table.SHORT_TERM).at(draft.seed))
            draft.do(Assign(Table.SHORT_TERM, "sum", {draft.seed: started}))
            draft.seed = target.seed

    def _former_hours(
        self, layers: Sequence[Layer], adjusted: Cumulative
    ) -> dict[int, Values | None]:
        """Return the hours that layers have changed, as they were; None for those to be deleted."""
        draft, target = self._draft, layers[0]
        kept = hours_of(target.inserted) | hours_of(target.replaced)
        overwritten = first_overwritten(layers)
        found: dict[int, Values | None] = {}
        for start in draft.written & draft.rows.hourly.keys():
            if (start in kept and start not in overwritten) or not draft.is_ours(start):
                continue
            if start in kept:
                found[start] = overwritten[start]
            else:
                is_new = start not in draft.replaced
                found[start] = None if is_new else draft.original(start, adjusted)
        return found

    def _subtract_adjustments(self) -> None:
        """Subtract all adjustments; sums that this would miss by a last bit become what they were."""
        draft = self._draft
        for table in Table:
            for start, end, kwh in draft.sums.cumulative(table).segments():
                amount = -draft.units.to_stored(kwh)
                draft.do(ShiftSums(table=table, start=start, end=end, amount=amount))
        for table, sums in draft.sums.exact.items():
            found = draft.rows.of(table)
            missed = {
                start: total
                for start, total in sums.items()
                if start in found and draft.units.is_same(found[start]["sum"], total)
            }
            draft.do(Assign(table, "sum", missed))

    def _adjust_to(
        self, adjustments: Sequence[tuple[int, float]], unadjusted: Mapping[int, Values]
    ) -> None:
        """Replace all adjustments; `unadjusted` are hours to be put in place of those that exist."""
        draft = self._draft
        put: dict[int, Values] = {}
        for table in Table:
            before = draft.sums.cumulative(table)
            after = Cumulative(adjustments, LENGTH[table])
            exact, sums = draft.sums.exact[table], {}
            for start, values in draft.rows.of(table).items():
                found = unadjusted.get(start) if table is Table.HOURLY else None
                total = (found or values)["sum"]
                if total is None:
                    put |= {start: found} if found else {}
                    continue
                original = total if found else draft.sums.without(table, start, total, before)
                shift = draft.units.to_stored(after.at(start))
                exact.pop(start, None)
                if (original + shift) - shift != original:
                    exact[start] = original
                if found:
                    put[start] = found | {"sum": original + shift}
                elif original + shift != total:
                    sums[start] = original + shift
            draft.do(Assign(table, "sum", sums))
        draft.do(PutHours(put))
        draft.sums.adjustments = list(adjustments)
