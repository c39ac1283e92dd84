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

from .backfill import joint
from .ledger import Account, Ledger, Values, Work
from .rows import HOUR, SAME, MeanRow, SumRow, full_hour
from .tables import Statistic, Tables, new_metadata, not_written

_LOGGER = logging.getLogger(__name__)

READ_BACK: Final = 5000
"""Rows at once."""


class Statistics(Tables):
    """The door. One change at a time; every method waits for the recorder."""

    def __init__(self, hass: HomeAssistant, ledger: Ledger) -> None:
        """Open the door for one Home Assistant."""
        super().__init__(hass)
        self.ledger = ledger
        self.lock = asyncio.Lock()
        """Held by whoever plans a change from what stands there."""
        hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._async_renamed)

    # Write

    async def async_write(
        self, statistic: Statistic, rows: Sequence[SumRow] | Sequence[MeanRow], work: Work
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
        account = self._account(statistic)
        before = await self._async_values(statistic, first, last + HOUR)
        ours = account.inserted.all()
        # What is written again is ours as well: after a crash it goes, and comes anew.
        own = {start for start in values if start not in before or start in ours}
        await in_executor(account.writing.add, own)
        await in_executor(account.inserted.discard, own)
        for start in values:
            if start not in own:
                account.replaced[start] = account.as_it_would_be(start, before[start])
        account.witness = account.witness or max(account.replaced, default=None)
        await self.ledger.async_save()
        metadata = await self._async_metadata(statistic.id) or new_metadata(statistic)
        await self._async_import(metadata, statistic.unit, values)
        await self._async_verify(statistic, values)
        account.note_written(values)
        await in_executor(account.inserted.add, own)
        await in_executor(account.writing.discard, own)
        account.tell(
            work,
            rows=len(values),
            first=dt_util.utc_from_timestamp(first).isoformat(),
            last=dt_util.utc_from_timestamp(last).isoformat(),
        )
        await self.ledger.async_save()

    async def async_shift(
        self, statistic: Statistic, start: int, amount: float, work: Work
    ) -> None:
        """Add kWh to all sums from a five-minute period on, and to the hour that it lies in.

        Raises HomeAssistantError if the sums are not what they should be afterwards.
        """
        if abs(amount) < SAME:
            return
        await self.async_resume(statistic)
        # What others are about to change must have been changed before we look.
        await self._async_recorded()
        account = self._account(statistic)
        notes: list[tuple[int, float]] = []
        if work is Work.SILENCE:
            # Sums that began anew do not hold what was shifted before.
            earlier = sum(done for moment, done in account.shifts if moment <= start)
            notes.append((start, -earlier))
        if await self._async_shifted(statistic, account, start, amount, notes):
            account.tell(
                work, energy=round(amount, 6), since=dt_util.utc_from_timestamp(start).isoformat()
            )
            await self.ledger.async_save()

    async def async_join(self, statistic: Statistic) -> None:
        """Let the sums of Home Assistant go on from the hours that were written before, once.

        It counts from 0 since the first value that it has seen, whatever stands before.
        """
        account = self._account(statistic)
        if account.join is None:
            return
        last = await self.async_hours(statistic, account.join - HOUR, account.join)
        first = await self._async_first_after(statistic, account.join)
        if last and first is not None:
            await self.async_shift(statistic, first.start, joint(last[-1], first), Work.BACKFILL)
        if first is not None or not last:
            account.join = None
            await self.ledger.async_save()

    def has_joins(self, entry_id: str) -> bool:
        """Whether there are sums of an entry that do not meet yet."""
        return any(account.join is not None for account in self.ledger.of_entry(entry_id).values())

    async def async_join_all(self, entry_id: str) -> None:
        """Let all sums meet that can by now; one that refuses waits, and holds up no other."""
        for statistic_id, account in self.ledger.of_entry(entry_id).items():
            async with self.lock:
                try:
                    if account.join is not None:
                        statistic = await self.async_statistic(statistic_id)
                        await self.async_resume(statistic)
                        await self.async_join(statistic)
                except HomeAssistantError as err:
                    _LOGGER.debug("Sums of %s do not meet yet", statistic_id, exc_info=err)

    async def async_resume(self, statistic: Statistic) -> None:
        """Bring to an end what was interrupted: rows half written go, a shift is found out."""
        account = self._account(statistic)
        if account.is_clean:
            return
        if account.writing.runs or account.begun is not None:
            # After an error, the recorder may still have before it what it was told.
            await self._async_recorded()
        await self._async_ask_witness(statistic, account)
        if account.writing.runs:
            await self._async_delete(statistic.id, account.writing.runs)
            account.writing.runs = []
            await self.ledger.async_save()
        if account.begun is not None:
            made = await self._async_end_shift(statistic, account, account.begun)
            _LOGGER.debug("A shift of %s had been made: %s", statistic.id, made)

    async def async_undo(self, statistic: Statistic) -> None:
        """Take back everything that was written, exactly.

        Raises HomeAssistantError if something is not as it was afterwards.
        """
        await self.async_resume(statistic)
        await self._async_recorded()
        account = self._account(statistic)
        if statistic.is_external:
            self._recorder.async_clear_statistics([statistic.id])
            await self._async_recorded()
        else:
            for start, amount in reversed(list(account.shifts)):
                await self._async_shifted(statistic, account, start, -amount)
            await self._async_restore(statistic, account)
            await self._async_delete(statistic.id, account.inserted.runs)
        account.clear()
        await self.ledger.async_save()

    # How it is done

    def _account(self, statistic: Statistic) -> Account:
        account = self.ledger.account(statistic.id)
        # An entry that was removed and set up again is another one.
        account.entry_id = statistic.entry_id or account.entry_id
        return account

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
        account: Account,
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
        account.begun = [start, amount, *row, [list(note) for note in notes]]
        if account.witness is None and row[1] == HOUR and row[0] not in account.inserted:
            account.witness = row[0]
        await self.ledger.async_save()
        await self._async_adjust(statistic, start, amount)
        if not await self._async_end_shift(statistic, account, account.begun):
            raise not_written(statistic.id)
        return True

    async def _async_end_shift(
        self, statistic: Statistic, account: Account, begun: Sequence[Any]
    ) -> bool:
        """Note a shift that was begun, if it was made; return whether it was."""
        start, amount, row_start, length, before, notes = begun
        period: Literal["hour", "5minute"] = "hour" if length == HOUR else "5minute"
        found = await self._async_sum(statistic, period, row_start, row_start + length)
        account.begun = None
        made = found is not None and _same(found[2], before + amount)
        if made:
            for moment, done in ((start, amount), *notes):
                account.note_shift(moment, done)
        await self.ledger.async_save()
        return made

    async def _async_live_until(self, statistic: Statistic, start: int) -> int | None:
        """Return from when on sums will not hold what is shifted now, None if they will.

        Home Assistant goes on from the last five-minute row; others from the last hour.
        """
        if ":" in statistic.id or await self._async_sum(statistic, "5minute", start, None):
            return None
        return max(await self.async_has_hours(statistic, full_hour(start))) + HOUR

    async def _async_ask_witness(self, statistic: Statistic, account: Account) -> None:
        """Forget what we have changed if somebody has cleared the statistic since."""
        if statistic.is_external:
            return
        if account.witness is None:
            there, inserted = await self.async_has_hours(statistic, 0.0), account.inserted.all()
            is_cleared = bool(inserted) and there.isdisjoint(inserted)
            account.witness = max(there - inserted - account.writing.all(), default=None)
        else:
            is_cleared = account.witness not in await self.async_has_hours(
                statistic, account.witness, account.witness + HOUR
            )
        if is_cleared:
            _LOGGER.info("%s was cleared: there is nothing to take back any more", statistic.id)
            account.clear()
            await self.ledger.async_save()

    async def _async_restore(self, statistic: Statistic, account: Account) -> None:
        """Write rows back that were replaced; they are kept without our shifts."""
        if not account.replaced:
            return
        metadata = await self._async_metadata(statistic.id)
        if metadata is None:
            return
        first, last = min(account.replaced), max(account.replaced)
        found = await self._async_values(statistic, first, last + HOUR)
        account.replaced = {
            start: account.as_it_would_be(start, found.get(start, {})) for start in account.replaced
        }
        await self.ledger.async_save()
        await self._async_import(metadata, statistic.unit, account.replaced)
        await self._async_verify(statistic, account.replaced)

    # Renamed entities

    @callback
    def _async_renamed(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Follow an entity to its new name, as the recorder does."""
        if event.data["action"] != "update" or "old_entity_id" not in event.data:
            return
        data = cast("dict[str, Any]", event.data)
        old, new = data["old_entity_id"], data["entity_id"]
        if self.ledger.rename(old, new):
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
                        self.ledger.rename(new, old)
            except HomeAssistantError as err:
                _LOGGER.debug("Whether %s is %s now is not known: %s", old, new, err)
            await self.ledger.async_save()


_DOOR: HassKey[Statistics] = HassKey("py_hab_statistics")


async def async_open(hass: HomeAssistant) -> None:
    """Open the door, once for each Home Assistant."""
    ledger = Ledger(hass)
    await ledger.async_load()
    hass.data[_DOOR] = Statistics(hass, ledger)


def door(hass: HomeAssistant) -> Statistics:
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
