"""The work of one transaction on a statistic: read, plan, note in the journal, write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import logging
from typing import NamedTuple, Protocol

from sqlalchemy.orm import Session

from homeassistant.components.recorder import DOMAIN as RECORDER
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..planning.backfill import alignment
from ..planning.change import AdjustSum, Change, StatisticRows, Step, WriteRows
from ..planning.difference import Difference
from ..planning.edit import Edit
from ..planning.origin import Origin
from ..planning.rows import HOUR, ROUNDING_ERROR, SHORT_TERM, full_hour
from ..planning.stored import DeleteStatistic, Operation, StoredRows, Units
from .gateway import Statistic, conversion, new_metadata, not_recorded, not_written
from .journal import StatisticChanges
from .reconciled import reconciled
from .transaction import StatisticTables

_LOGGER = logging.getLogger(__name__)

type Planner = Callable[[StatisticRows], Change]
"""Plans a change from the rows of a statistic; called in a thread of the recorder."""


class SaveAhead(Protocol):
    """Saves the differences before and after a change in the journal."""

    def __call__(self, before: Difference, after: Difference, *, is_lost: bool) -> None:
        """Save them. Raises TimeoutError or HomeAssistantError if that is impossible."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a transaction has done."""

    before: Difference
    """The difference before it, as the database shows it."""
    after: Difference
    change: Change
    is_lost: bool
    """Whether the database does not have our earlier changes, which the journal does not know yet."""
    refusal: HomeAssistantError | ValueError | None


class StatisticWork:
    """The work of one transaction; called in a thread of the recorder."""

    def __init__(
        self,
        hass: HomeAssistant,
        session: Session,
        statistic: Statistic,
        changes: StatisticChanges,
        save_ahead: SaveAhead | None,
    ) -> None:
        """Read the rows, and find out which of our changes are in the database.

        `save_ahead` is called before rows are written; without it, nothing is written.
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
        difference = reconciled(changes, self._rows, self._units, statistic, self._metadata)
        self._is_lost = difference is None
        self._before = difference or Difference()

    def change(
        self, plan: Planner, shown: float | None, *, is_recorded: bool, run: str | None = None
    ) -> Outcome:
        """Plan a change and make it, as a part of a run.

        `shown` is what the counter shows now, if it is known. `is_recorded` says whether the
        recorder's settings allow hours to be written.
        """
        units, statistic = self._units, self._statistic
        if units is None or self._metadata["has_sum"] != statistic.has_sum:
            return self._outcome(refusal=not_written(statistic.id))
        compiled = _Compiled(int(dt_util.utcnow().timestamp()), self._tables.last_run())
        edit = Edit(self._before, self._rows, units, stamp=self._new_stamp(compiled.now), run=run)
        rows = edit.view.rows(compiled.until)
        change = [step for step in (*self._left(rows), *plan(rows)) if _is_needed(step)]
        refusal = self._refusal(change, compiled.until, is_recorded=is_recorded)
        if refusal is not None:
            return self._outcome(refusal=refusal)
        for step in change:
            edit.make(step, is_compiled=self._is_compiled)
        is_counter_of_ours = statistic.has_sum and statistic.entry_id is not None
        if change and self._is_compiled and is_counter_of_ours:
            edit.seed(compiled.last_period, shown)
        if not edit.finish():
            return self._outcome()
        return self._write(edit.operations, edit.difference, change)

    def origins(self) -> dict[int, Origin]:
        """Return where the value of each hourly row comes from."""
        # Without a conversion of units, no row is recognized as ours.
        units = self._units or Units(stored=None, to_stored=float, from_stored=float)
        edit = Edit(self._before, self._rows, units, stamp=self._before.stamp)
        return edit.view.origins(Origin.MEASURED if self._is_compiled else Origin.IMPORTED)

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

    @property
    def _is_compiled(self) -> bool:
        """Whether the recorder compiles the statistic; it does not those of other sources."""
        return self._metadata["source"] == RECORDER

    def _refusal(
        self, change: Change, until: int, *, is_recorded: bool
    ) -> HomeAssistantError | ValueError | None:
        """Return why a change cannot be made, None if it can."""
        written = [row.start for step in change if isinstance(step, WriteRows) for row in step.rows]
        if written and not is_recorded:
            return not_recorded(self._statistic.id)
        if written and self._is_compiled and max(written) + HOUR > until:
            return ValueError("the hour is not compiled yet")
        return None

    def _new_stamp(self, now: int) -> int:
        """Return the stamp of a new change, which is later than all earlier ones."""
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
            before=self._before,
            after=self._before if after is None else after,
            change=change,
            is_lost=self._is_lost,
            refusal=refusal,
        )

    def _left(self, rows: StatisticRows) -> Change:
        """Return the alignment of sums that an earlier version has not made any more."""
        boundary = self._before.sum_boundary
        return [
            alignment(row, rows)
            for row in rows.hourly
            if boundary is not None and row.end == boundary
        ]


class _Compiled(NamedTuple):
    """How far the recorder has compiled statistics."""

    now: int
    """The present time (unix time)."""
    last_run: int | None
    """The start of the last five-minute period that is compiled; None if there is none."""

    @property
    def until(self) -> int:
        """The end of the hours that are compiled, so that they may be written."""
        end = self.now if self.last_run is None else min(self.now, self.last_run + SHORT_TERM)
        return full_hour(end)

    @property
    def last_period(self) -> int:
        """The start of the last five-minute period that is compiled, or should be."""
        if self.last_run is not None:
            return self.last_run
        return self.now // SHORT_TERM * SHORT_TERM - SHORT_TERM


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
