"""The only writer of the recorder's statistics: writes hours, adjusts sums, undoes changes.

Every change is recorded in the journal first and read back afterwards. Hours are written only after
Home Assistant has compiled them: a row in the current hour would lose the rows of all sensors
(recorder/util.py, "Blocked attempt to insert duplicated statistic rows").
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
import logging
from typing import Any, Final, Literal, cast

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ...const import DOMAIN
from ..planning.backfill import sum_offset
from ..planning.rows import HOUR, ROUNDING_ERROR, MeanRow, SumRow, full_hour
from .gateway import RecorderGateway, Statistic, new_metadata, not_written
from .journal import ChangeJournal, ChangeReason, StatisticChanges, Values

_LOGGER = logging.getLogger(__name__)

READ_BACK: Final = 5000
"""Rows that are read back at once."""


class StatisticsEditor(RecorderGateway):
    """Changes statistics, one at a time. Every method waits for the recorder."""

    def __init__(self, hass: HomeAssistant, journal: ChangeJournal) -> None:
        """Create the editor, and follow renamed entities from now on."""
        super().__init__(hass)
        self.journal = journal
        self.lock = asyncio.Lock()
        """To be held from reading the rows on which a change is based until it is written."""
        hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._async_renamed)

    # Write

    async def async_write(
        self, statistic: Statistic, rows: Sequence[SumRow] | Sequence[MeanRow], reason: ChangeReason
    ) -> None:
        """Write rows of compiled hours; existing rows are replaced.

        Raises HomeAssistantError if the rows are not stored afterwards, or if the recorder's
        settings exclude the entity.
        """
        if not rows:
            return
        if not self.is_recorded(statistic.id):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="not_recorded",
                translation_placeholders={"statistic_id": statistic.id},
            )
        in_executor = self._hass.async_add_executor_job
        values = await in_executor(_by_start, rows)
        first, last = min(values), max(values)
        if last + HOUR > self.compiled_until() and not statistic.is_external:
            raise ValueError("the hour is not compiled yet")
        await self.async_resume(statistic)
        # Rows that Home Assistant is about to write must be stored before we read.
        await self._async_recorded()
        changes = self._changes(statistic)
        before = await self._async_values(statistic, first, last + HOUR)
        ours = changes.inserted.all()
        # Own hours that are written again are pending as well: after a crash they are deleted, and
        # written by the next run.
        own = {start for start in values if start not in before or start in ours}
        await in_executor(changes.pending_inserts.add, own)
        await in_executor(changes.inserted.discard, own)
        for start in values:
            if start not in own:
                changes.replaced[start] = changes.without_our_changes(start, before[start])
        changes.sentinel = changes.sentinel or max(changes.replaced, default=None)
        await self.journal.async_save()
        metadata = await self._async_metadata(statistic.id) or new_metadata(statistic)
        await self._async_import(metadata, statistic.unit, values)
        await self._async_verify(statistic, values)
        changes.note_written(values)
        await in_executor(changes.inserted.add, own)
        await in_executor(changes.pending_inserts.discard, own)
        changes.log(
            reason,
            rows=len(values),
            first=dt_util.utc_from_timestamp(first).isoformat(),
            last=dt_util.utc_from_timestamp(last).isoformat(),
        )
        await self.journal.async_save()

    async def async_adjust_sum(
        self, statistic: Statistic, start: int, amount: float, reason: ChangeReason
    ) -> None:
        """Add kWh to all sums from a five-minute period on, and to the hour that contains it.

        Raises HomeAssistantError if the sums are not adjusted afterwards.
        """
        if abs(amount) < ROUNDING_ERROR:
            return
        await self.async_resume(statistic)
        # Changes that others have requested must be done before we read.
        await self._async_recorded()
        changes = self._changes(statistic)
        notes: list[tuple[int, float]] = []
        if reason is ChangeReason.SILENCE:
            # A sum that was restarted does not contain earlier adjustments.
            earlier = sum(done for moment, done in changes.sum_adjustments if moment <= start)
            notes.append((start, -earlier))
        if await self._async_adjust_recorded(statistic, changes, start, amount, notes):
            changes.log(
                reason, energy=round(amount, 6), since=dt_util.utc_from_timestamp(start).isoformat()
            )
            await self.journal.async_save()

    async def async_align_sums(self, statistic: Statistic) -> None:
        """Adjust the sums of Home Assistant, once, so that they continue those of the hours before.

        Home Assistant starts its sum at 0 with the first value that it sees, even if earlier hours
        exist.
        """
        changes = self._changes(statistic)
        if changes.sum_boundary is None:
            return
        last = await self.async_hourly_rows(
            statistic, changes.sum_boundary - HOUR, changes.sum_boundary
        )
        first = await self._async_first_after(statistic, changes.sum_boundary)
        if last and first is not None:
            await self.async_adjust_sum(
                statistic, first.start, sum_offset(last[-1], first), ChangeReason.BACKFILL
            )
        if first is not None or not last:
            changes.sum_boundary = None
            await self.journal.async_save()

    def has_unaligned_sums(self, entry_id: str) -> bool:
        """Whether an entry has sums that still have to be aligned."""
        return any(
            changes.sum_boundary is not None for changes in self.journal.of_entry(entry_id).values()
        )

    async def async_align_all_sums(self, entry_id: str) -> None:
        """Align the sums of an entry where possible; an error of one does not stop the others."""
        for statistic_id, changes in self.journal.of_entry(entry_id).items():
            async with self.lock:
                try:
                    if changes.sum_boundary is not None:
                        statistic = await self.async_statistic(statistic_id)
                        await self.async_resume(statistic)
                        await self.async_align_sums(statistic)
                except HomeAssistantError as err:
                    _LOGGER.debug("Sums of %s are not aligned yet", statistic_id, exc_info=err)

    async def async_resume(self, statistic: Statistic) -> None:
        """Finish interrupted changes: delete pending rows, find out whether a sum was adjusted."""
        changes = self._changes(statistic)
        if changes.is_clean:
            return
        if changes.pending_inserts.ranges or changes.pending_adjustment is not None:
            # After an error, the queue of the recorder may still contain the change.
            await self._async_recorded()
        await self._async_check_sentinel(statistic, changes)
        if changes.pending_inserts.ranges:
            await self._async_delete(statistic.id, changes.pending_inserts.ranges)
            changes.pending_inserts.ranges = []
            await self.journal.async_save()
        if changes.pending_adjustment is not None:
            made = await self._async_finish_adjustment(
                statistic, changes, changes.pending_adjustment
            )
            _LOGGER.debug("A pending adjustment of %s was made: %s", statistic.id, made)

    async def async_undo(self, statistic: Statistic) -> None:
        """Undo all our changes of a statistic exactly.

        Raises HomeAssistantError if a row is not restored afterwards.
        """
        await self.async_resume(statistic)
        await self._async_recorded()
        changes = self._changes(statistic)
        if statistic.is_external:
            self._recorder.async_clear_statistics([statistic.id])
            await self._async_recorded()
        else:
            for start, amount in reversed(list(changes.sum_adjustments)):
                await self._async_adjust_recorded(statistic, changes, start, -amount)
            await self._async_restore(statistic, changes)
            await self._async_delete(statistic.id, changes.inserted.ranges)
        changes.clear()
        await self.journal.async_save()

    # Single changes

    def _changes(self, statistic: Statistic) -> StatisticChanges:
        changes = self.journal.changes_of(statistic.id)
        # An entry that was removed and set up again has another id.
        changes.entry_id = statistic.entry_id or changes.entry_id
        return changes

    async def _async_verify(self, statistic: Statistic, rows: Mapping[int, Values]) -> None:
        """Read rows back in batches, because years of rows need much memory."""
        for starts in batched(sorted(rows), READ_BACK, strict=False):
            found = await self._async_values(statistic, starts[0], starts[-1] + HOUR)
            expected = {start: rows[start] for start in starts}
            if not await self._hass.async_add_executor_job(_all_there, expected, found):
                raise not_written(statistic.id)

    async def _async_adjust_recorded(
        self,
        statistic: Statistic,
        changes: StatisticChanges,
        start: int,
        amount: float,
        notes: Sequence[tuple[int, float]] = (),
    ) -> bool:
        """Adjust sums and record it; return False if there are none from `start` on.

        `notes` are adjustments to record with it that need not be made.
        """
        row = await self._async_first_sum(statistic, start)
        if row is None:
            return False
        until = await self._async_live_until(statistic, start)
        if until is not None:
            notes = [*notes, (until, -amount)]
        changes.pending_adjustment = [start, amount, *row, [list(note) for note in notes]]
        if changes.sentinel is None and row[1] == HOUR and row[0] not in changes.inserted:
            changes.sentinel = row[0]
        await self.journal.async_save()
        await self._async_adjust(statistic, start, amount)
        if not await self._async_finish_adjustment(statistic, changes, changes.pending_adjustment):
            raise not_written(statistic.id)
        return True

    async def _async_finish_adjustment(
        self, statistic: Statistic, changes: StatisticChanges, pending_adjustment: Sequence[Any]
    ) -> bool:
        """Record a pending adjustment if it was made; return whether it was."""
        start, amount, row_start, length, before, notes = pending_adjustment
        period: Literal["hour", "5minute"] = "hour" if length == HOUR else "5minute"
        found = await self._async_sum(statistic, period, row_start, row_start + length)
        changes.pending_adjustment = None
        made = found is not None and _same(found[2], before + amount)
        if made:
            for moment, done in ((start, amount), *notes):
                changes.note_adjustment(moment, done)
        await self.journal.async_save()
        return made

    async def _async_live_until(self, statistic: Statistic, start: int) -> int | None:
        """Return the time from which new sums will not contain an adjustment made now.

        None if they will. Home Assistant continues from the last five-minute row, other
        integrations from the last hour.
        """
        if ":" in statistic.id or await self._async_sum(statistic, "5minute", start, None):
            return None
        return max(await self.async_has_hours(statistic, full_hour(start))) + HOUR

    async def _async_check_sentinel(self, statistic: Statistic, changes: StatisticChanges) -> None:
        """Forget our changes of a statistic if it has been cleared since."""
        if statistic.is_external:
            return
        if changes.sentinel is None:
            there, inserted = await self.async_has_hours(statistic, 0.0), changes.inserted.all()
            is_cleared = bool(inserted) and there.isdisjoint(inserted)
            changes.sentinel = max(there - inserted - changes.pending_inserts.all(), default=None)
        else:
            is_cleared = changes.sentinel not in await self.async_has_hours(
                statistic, changes.sentinel, changes.sentinel + HOUR
            )
        if is_cleared:
            _LOGGER.info("%s was cleared: there is nothing left to undo", statistic.id)
            changes.clear()
            await self.journal.async_save()

    async def _async_restore(self, statistic: Statistic, changes: StatisticChanges) -> None:
        """Restore rows that we have replaced; the journal keeps them without our adjustments."""
        if not changes.replaced:
            return
        metadata = await self._async_metadata(statistic.id)
        if metadata is None:
            return
        first, last = min(changes.replaced), max(changes.replaced)
        found = await self._async_values(statistic, first, last + HOUR)
        changes.replaced = {
            start: changes.without_our_changes(start, found.get(start, {}))
            for start in changes.replaced
        }
        await self.journal.async_save()
        await self._async_import(metadata, statistic.unit, changes.replaced)
        await self._async_verify(statistic, changes.replaced)

    # Renamed entities

    @callback
    def _async_renamed(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Follow an entity to its new name, as the recorder does."""
        if event.data["action"] != "update" or "old_entity_id" not in event.data:
            return
        data = cast("dict[str, Any]", event.data)
        old, new = data["old_entity_id"], data["entity_id"]
        if self.journal.rename(old, new):
            self._hass.async_create_background_task(
                self._async_follow(old, new), f"py_hab follows {old}"
            )

    async def _async_follow(self, old: str, new: str) -> None:
        """Undo the renaming if the recorder did not follow, because the new id had statistics."""
        async with self.lock:
            try:
                if self.is_ready():
                    await self._async_recorded()
                    if await self._async_metadata(old) is not None:
                        self.journal.rename(new, old)
            except HomeAssistantError as err:
                _LOGGER.debug("It is unknown whether %s was renamed to %s: %s", old, new, err)
            await self.journal.async_save()


_EDITOR: HassKey[StatisticsEditor] = HassKey("py_hab_statistics")


async def async_setup_editor(hass: HomeAssistant) -> None:
    """Load the journal and create the editor, once for each Home Assistant."""
    journal = ChangeJournal(hass)
    await journal.async_load()
    hass.data[_EDITOR] = StatisticsEditor(hass, journal)


def get_editor(hass: HomeAssistant) -> StatisticsEditor:
    """Return the editor; `async_setup_editor` must have been called."""
    return hass.data[_EDITOR]


def _by_start(rows: Iterable[SumRow | MeanRow]) -> dict[int, Values]:
    return {row.start: _values(row) for row in rows}


def _all_there(rows: Mapping[int, Values], found: Mapping[int, Values]) -> bool:
    """Whether the rows were found as they were written."""
    return all(
        _same(found.get(start, {}).get(name), value)
        for start, values in rows.items()
        for name, value in values.items()
    )


def _values(row: SumRow | MeanRow) -> Values:
    if isinstance(row, SumRow):
        return {"state": row.state, "sum": row.sum}
    return {"mean": row.mean, "min": row.min, "max": row.max}


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= ROUNDING_ERROR * max(1.0, abs(one) * 1e-6)
