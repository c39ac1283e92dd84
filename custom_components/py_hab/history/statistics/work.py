"""The work of one transaction on a statistic: read, plan, note in the journal, write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import logging
from typing import Protocol

from sqlalchemy.orm import Session

from homeassistant.components.recorder import DOMAIN as RECORDER
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..planning.backfill import alignment
from ..planning.change import AdjustSum, Change, ConvertShortTerm, StatisticRows, Step, WriteRows
from ..planning.difference import Difference, has_stamp, in_unit
from ..planning.edit import Edit
from ..planning.origin import Origin
from ..planning.rows import HOUR, ROUNDING_ERROR, SHORT_TERM, full_hour
from ..planning.stored import DeleteStatistic, Operation, StoredRows, Units
from .gateway import Statistic, conversion, new_metadata, not_recorded, not_written
from .journal import StatisticChanges
from .previous import resumed
from .transaction import StatisticTables

_LOGGER = logging.getLogger(__name__)

type Planner = Callable[[StatisticRows], Change]
"""Plans a change from the rows of a statistic; called in a thread of the recorder."""


class SaveAhead(Protocol):
    """Notes in the journal what is true and what will be, once it is written."""

    def __call__(self, before: Difference, after: Difference, *, is_lost: bool) -> None:
        """Save it. Raises TimeoutError or HomeAssistantError if that is impossible."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a transaction has done."""

    statistic_id: str
    before: Difference
    """What was found to be true before it."""
    after: Difference
    change: Change
    is_lost: bool
    """Whether the database does not have our earlier changes, and the journal does not know yet."""
    refusal: HomeAssistantError | ValueError | None


class StatisticWork:
    """The work of one transaction, in the recorder's thread."""

    def __init__(
        self,
        hass: HomeAssistant,
        session: Session,
        statistic: Statistic,
        changes: StatisticChanges,
        save_ahead: SaveAhead | None,
    ) -> None:
        """Read the rows, and find out which of our changes are in the database.

        `save_ahead` notes a difference in the journal; None if nothing is to be written.
        """
        self._statistic = statistic
        self._changes = changes
        self._save_ahead = save_ahead
        self._tables = StatisticTables(
            hass, session, statistic.id, is_locked=save_ahead is not None
        )
        found = self._tables.found
        self._metadata = found.metadata if found else new_metadata(statistic)
        self._rows: StoredRows = self._tables.read()
        self._units = _units(statistic, self._metadata)
        difference = self._found()
        self._is_lost = difference is None
        self._before = difference or Difference()

    def change(
        self, plan: Planner, shown: float | None, *, is_recorded: bool, run: str | None = None
    ) -> Outcome:
        """Plan a change and make it, as a part of a run.

        `shown` is what the counter shows now, if it is known.
        """
        units, statistic = self._units, self._statistic
        if units is None or self._metadata["has_sum"] != statistic.has_sum:
            return self._outcome(refusal=not_written(statistic.id))
        now = int(dt_util.utcnow().timestamp())
        edit = Edit(self._before, self._rows, units, stamp=self._new_stamp(now), run=run)
        # The statistics of other sources than the recorder's are not compiled.
        is_compiled = self._metadata["source"] == RECORDER
        last_run = self._tables.last_run()
        until = full_hour(now if last_run is None else min(now, last_run + SHORT_TERM))
        rows = edit.rows(until)
        change = [step for step in (*self._left(rows), *plan(rows)) if _is_needed(step)]
        written = [row.start for step in change if isinstance(step, WriteRows) for row in step.rows]
        if written and not is_recorded:
            return self._outcome(refusal=not_recorded(statistic.id))
        if written and is_compiled and max(written) + HOUR > until:
            return self._outcome(refusal=ValueError("the hour is not compiled yet"))
        for step in change:
            match step:
                case AdjustSum():
                    edit.adjust(step, is_compiled=is_compiled)
                case ConvertShortTerm():
                    edit.convert(step)
                case WriteRows():
                    edit.write(step)
        if change and is_compiled and statistic.has_sum and statistic.entry_id is not None:
            last_period = now // SHORT_TERM * SHORT_TERM - SHORT_TERM
            edit.seed(last_period if last_run is None else last_run, shown)
        if not edit.finish():
            return self._outcome()
        return self._write(edit.operations, edit.difference, change)

    def origins(self) -> dict[int, Origin]:
        """Return where the value of each hourly row comes from."""
        # Without a conversion of units, no row is recognized as ours.
        units = self._units or Units(stored=None, to_stored=float, from_stored=float)
        is_compiled = self._metadata["source"] == RECORDER
        edit = Edit(self._before, self._rows, units, stamp=self._before.stamp)
        return edit.origins(Origin.MEASURED if is_compiled else Origin.IMPORTED)

    def undo(self) -> Outcome:
        """Undo everything."""
        if self._before.is_empty:
            return self._outcome(after=Difference())
        if self._units is None:
            return self._outcome(refusal=not_written(self._statistic.id))
        edit = Edit(self._before, self._rows, self._units, stamp=self._before.stamp)
        edit.undo()
        operations = [DeleteStatistic()] if self._statistic.is_external else edit.operations
        return self._write(operations, Difference())

    def take_back(self, run: str) -> Outcome:
        """Take back a run, and all later runs of the statistic.

        Does nothing if the run has not changed it, or was taken back already.
        """
        runs = [layer.run for layer in self._before.layers]
        if run not in runs:
            return self._outcome()
        if self._units is None:
            return self._outcome(refusal=not_written(self._statistic.id))
        layer = self._before.layers[runs.index(run)]
        earlier = self._before.layers[: runs.index(run)]
        is_first = not any(former.short_term for former in earlier)
        if is_first and not (layer.inserted or layer.replaced or layer.sum_adjustments):
            return self.undo()
        now = int(dt_util.utcnow().timestamp())
        edit = Edit(self._before, self._rows, self._units, stamp=self._new_stamp(now))
        edit.take_back(runs.index(run))
        return self._write(edit.operations, edit.difference) if edit.finish() else self._outcome()

    def _new_stamp(self, now: int) -> int:
        """Return a stamp for a change, later than all earlier ones."""
        planned = self._changes.planned
        return max(now, max(self._before.stamp, planned.stamp if planned else 0) + 1)

    def _write(
        self, operations: Sequence[Operation], after: Difference, change: Change = ()
    ) -> Outcome:
        """Note what will be written in the journal, and write it."""
        if self._save_ahead is not None:
            try:
                self._save_ahead(self._before, after, is_lost=self._is_lost)
            except (HomeAssistantError, TimeoutError) as err:
                _LOGGER.debug("The journal cannot be saved", exc_info=err)
                return self._outcome(refusal=not_written(self._statistic.id))
            self._is_lost = False
            self._tables.perform(operations, self._metadata)
        return self._outcome(after=after, change=change)

    def _outcome(
        self,
        *,
        after: Difference | None = None,
        change: Change = (),
        refusal: HomeAssistantError | ValueError | None = None,
    ) -> Outcome:
        return Outcome(
            statistic_id=self._statistic.id,
            before=self._before,
            after=self._before if after is None else after,
            change=change,
            is_lost=self._is_lost,
            refusal=refusal,
        )

    def _found(self) -> Difference | None:
        """Return which of our changes are in the database; None if it is another database.

        A change that was being written when Home Assistant stopped is there if its stamp is. An
        undo was made if the stamp of the change before is gone.
        """
        done, planned, hourly = self._changes.done, self._changes.planned, self._rows.hourly
        if planned is not None and (
            has_stamp(hourly, planned.stamp)
            if planned.stamp
            else done.stamp and not has_stamp(hourly, done.stamp)
        ):
            done = planned
        elif done.stamp and not has_stamp(hourly, done.stamp):
            return None
        previous = self._changes.previous
        if self._units is None or (done.is_empty and previous is None):
            return done
        if done.unit != self._units.stored:
            done = in_unit(
                done,
                self._units.stored,
                conversion(done.unit or self._statistic.unit, self._metadata),
            )
        if previous is not None and not done.stamp:
            return resumed(previous, done, self._rows, self._units)
        return done

    def _left(self, rows: StatisticRows) -> Change:
        """Return the alignment that an earlier version has left to be done."""
        boundary = self._before.sum_boundary
        return [
            alignment(row, rows)
            for row in rows.hourly
            if boundary is not None and row.end == boundary
        ]


def _is_needed(step: Step) -> bool:
    return abs(step.amount) >= ROUNDING_ERROR if isinstance(step, AdjustSum) else bool(step.rows)


def _units(statistic: Statistic, metadata: StatisticMetaData) -> Units | None:
    """Return how the database stores a statistic; None if its unit cannot be converted to ours."""
    try:
        return Units(
            stored=metadata["unit_of_measurement"],
            to_stored=conversion(statistic.unit, metadata),
            from_stored=conversion(statistic.unit, metadata, is_read=True),
        )
    except HomeAssistantError:
        return None
