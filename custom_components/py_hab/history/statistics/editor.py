"""The one door to the recorder's statistics: read, write hours, shift sums, take back.

Whatever is written is noted in the ledger first, and read back afterwards. Hours are written only
once Home Assistant has compiled them: a row in the hour still running would cost the rows of all
sensors (recorder/util.py, "Blocked attempt to insert duplicated statistic rows").
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

from ..planning.backfill import sum_offset
from ..planning.rows import HOUR, SAME, MeanRow, SumRow, full_hour
from .gateway import RecorderGateway, Statistic, new_metadata, not_written
from .journal import ChangeJournal, ChangeReason, StatisticChanges, Values

_LOGGER = logging.getLogger(__name__)

READ_BACK: Final = 5000
"""Rows at once."""


class StatisticsEditor(RecorderGateway):
    """The door. One change at a time; every method waits for the recorder."""

    def __init__(self, hass: HomeAssistant, journal: ChangeJournal) -> None:
        """Open the door for one Home Assistant."""
        super().__init__(hass)
        self.journal = journal
        self.lock = asyncio.Lock()
        """Held by whoever plans a change from what stands there."""
        hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._async_renamed)

    # Write

    async def async_write(
        self, statistic: Statistic, rows: Sequence[SumRow] | Sequence[MeanRow], work: ChangeReason
    ) -> None:
        """Write rows of compiled hours; those that are there are replaced.

        Raises HomeAssistantError if they cannot be found afterwards.
        """
        if not rows:
            return
        in_executor = self._hass.async_add_executor_job
        values = await in_executor(_by_start, rows)
        first, last = min(values), max(values)
        if last + HOUR > self.compiled_until() and not statistic.is_external:
            raise ValueError("the hour is not compiled yet")
        await self.async_resume(statistic)
        # Whatever Home Assistant is about to compile must be there before we look.
        await self._async_recorded()
        changes = self._changes(statistic)
        before = await self._async_values(statistic, first, last + HOUR)
        ours = changes.inserted.all()
        # What is written again is ours as well: after a crash it goes, and comes anew.
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
            work,
            rows=len(values),
            first=dt_util.utc_from_timestamp(first).isoformat(),
            last=dt_util.utc_from_timestamp(last).isoformat(),
        )
        await self.journal.async_save()

    async def async_adjust_sum(
        self, statistic: Statistic, start: int, amount: float, work: ChangeReason
    ) -> None:
        """Add kWh to all sums from a five-minute period on, and to the hour that it lies in.

        Raises HomeAssistantError if the sums are not what they should be afterwards.
        """
        if abs(amount) < SAME:
            return
        await self.async_resume(statistic)
        # What others are about to change must have been changed before we look.
        await self._async_recorded()
        changes = self._changes(statistic)
        notes: list[tuple[int, float]] = []
        if work is ChangeReason.SILENCE:
            # Sums that began anew do not hold what was shifted before.
            earlier = sum(done for moment, done in changes.sum_adjustments if moment <= start)
            notes.append((start, -earlier))
        if await self._async_shifted(statistic, changes, start, amount, notes):
            changes.log(
                work, energy=round(amount, 6), since=dt_util.utc_from_timestamp(start).isoformat()
            )
            await self.journal.async_save()

    async def async_align_sums(self, statistic: Statistic) -> None:
        """Let the sums of Home Assistant go on from the hours that were written before, once.

        It counts from 0 since the first value that it has seen, whatever stands before.
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
        """Whether there are sums of an entry that do not meet yet."""
        return any(
            changes.sum_boundary is not None for changes in self.journal.of_entry(entry_id).values()
        )

    async def async_align_all_sums(self, entry_id: str) -> None:
        """Let all sums meet that can by now; one that refuses waits, and holds up no other."""
        for statistic_id, changes in self.journal.of_entry(entry_id).items():
            async with self.lock:
                try:
                    if changes.sum_boundary is not None:
                        statistic = await self.async_statistic(statistic_id)
                        await self.async_resume(statistic)
                        await self.async_align_sums(statistic)
                except HomeAssistantError as err:
                    _LOGGER.debug("Sums of %s do not meet yet", statistic_id, exc_info=err)

    async def async_resume(self, statistic: Statistic) -> None:
        """Bring to an end what was interrupted: rows half written go, a shift is found out."""
        changes = self._changes(statistic)
        if changes.is_clean:
            return
        if changes.pending_inserts.ranges or changes.pending_adjustment is not None:
            # After an error, the recorder may still have before it what it was told.
            await self._async_recorded()
        await self._async_ask_witness(statistic, changes)
        if changes.pending_inserts.ranges:
            await self._async_delete(statistic.id, changes.pending_inserts.ranges)
            changes.pending_inserts.ranges = []
            await self.journal.async_save()
        if changes.pending_adjustment is not None:
            made = await self._async_end_shift(statistic, changes, changes.pending_adjustment)
            _LOGGER.debug("A shift of %s had been made: %s", statistic.id, made)

    async def async_undo(self, statistic: Statistic) -> None:
        """Take back everything that was written, exactly.

        Raises HomeAssistantError if something is not as it was afterwards.
        """
        await self.async_resume(statistic)
        await self._async_recorded()
        changes = self._changes(statistic)
        if statistic.is_external:
            self._recorder.async_clear_statistics([statistic.id])
            await self._async_recorded()
        else:
            for start, amount in reversed(list(changes.sum_adjustments)):
                await self._async_shifted(statistic, changes, start, -amount)
            await self._async_restore(statistic, changes)
            await self._async_delete(statistic.id, changes.inserted.ranges)
        changes.clear()
        await self.journal.async_save()

    # How it is done

    def _changes(self, statistic: Statistic) -> StatisticChanges:
        changes = self.journal.changes_of(statistic.id)
        # An entry that was removed and set up again is another one.
        changes.entry_id = statistic.entry_id or changes.entry_id
        return changes

    async def _async_verify(self, statistic: Statistic, rows: Mapping[int, Values]) -> None:
        """Read rows back, some of them at a time: years of them take as much memory as it all."""
        for starts in batched(sorted(rows), READ_BACK, strict=False):
            found = await self._async_values(statistic, starts[0], starts[-1] + HOUR)
            expected = {start: rows[start] for start in starts}
            if not await self._hass.async_add_executor_job(_all_there, expected, found):
                raise not_written(statistic.id)

    async def _async_shifted(
        self,
        statistic: Statistic,
        changes: StatisticChanges,
        start: int,
        amount: float,
        notes: Sequence[tuple[int, float]] = (),
    ) -> bool:
        """Shift sums and note it; return False if there are none from that moment on.

        `notes` are shifts that need not be made, but belong to it.
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
        if not await self._async_end_shift(statistic, changes, changes.pending_adjustment):
            raise not_written(statistic.id)
        return True

    async def _async_end_shift(
        self, statistic: Statistic, changes: StatisticChanges, pending_adjustment: Sequence[Any]
    ) -> bool:
        """Note a shift that was begun, if it was made; return whether it was."""
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
        """Return from when on sums will not hold what is shifted now, None if they will.

        Home Assistant goes on from the last five-minute row; others from the last hour.
        """
        if ":" in statistic.id or await self._async_sum(statistic, "5minute", start, None):
            return None
        return max(await self.async_has_hours(statistic, full_hour(start))) + HOUR

    async def _async_ask_witness(self, statistic: Statistic, changes: StatisticChanges) -> None:
        """Forget what we have changed if somebody has cleared the statistic since."""
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
            _LOGGER.info("%s was cleared: there is nothing to take back any more", statistic.id)
            changes.clear()
            await self.journal.async_save()

    async def _async_restore(self, statistic: Statistic, changes: StatisticChanges) -> None:
        """Write rows back that were replaced; they are kept without our shifts."""
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
        """Take it back if the recorder has not followed: there were statistics of that name."""
        async with self.lock:
            try:
                if self.is_ready():
                    await self._async_recorded()
                    if await self._async_metadata(old) is not None:
                        self.journal.rename(new, old)
            except HomeAssistantError as err:
                _LOGGER.debug("Whether %s is %s now is not known: %s", old, new, err)
            await self.journal.async_save()


_DOOR: HassKey[StatisticsEditor] = HassKey("py_hab_statistics")


async def async_setup_editor(hass: HomeAssistant) -> None:
    """Open the door, once for each Home Assistant."""
    journal = ChangeJournal(hass)
    await journal.async_load()
    hass.data[_DOOR] = StatisticsEditor(hass, journal)


def get_editor(hass: HomeAssistant) -> StatisticsEditor:
    """Return the door that was opened."""
    return hass.data[_DOOR]


def _by_start(rows: Iterable[SumRow | MeanRow]) -> dict[int, Values]:
    return {row.start: _values(row) for row in rows}


def _all_there(rows: Mapping[int, Values], found: Mapping[int, Values]) -> bool:
    """Whether rows are found as they were written."""
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
    return abs(one - other) <= SAME * max(1.0, abs(one) * 1e-6)
