"""The one door to the recorder's statistics: read, write hours, shift sums, take back.

Whatever is written is noted in the ledger first, and read back afterwards. Hours are written only
once Home Assistant has compiled them: a row in the hour still running would cost the rows of all
sensors (recorder/util.py, "Blocked attempt to insert duplicated statistic rows").
"""

import asyncio
from collections.abc import Mapping, Sequence
import logging

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .backfill import joint
from .ledger import Account, Ledger, Values, Work
from .rows import HOUR, MeanRow, SumRow
from .tables import SAME, Statistic, Tables, new_metadata

_LOGGER = logging.getLogger(__name__)


class Statistics(Tables):
    """The door. One change at a time; every method waits for the recorder."""

    def __init__(self, hass: HomeAssistant, ledger: Ledger) -> None:
        """Open the door for one Home Assistant."""
        super().__init__(hass)
        self.ledger = ledger
        self.lock = asyncio.Lock()
        """Held by whoever plans a change from what stands there."""

    # Write

    async def async_write(
        self, statistic: Statistic, rows: Sequence[SumRow] | Sequence[MeanRow], work: Work
    ) -> None:
        """Write rows of compiled hours; those that are there are replaced.

        Raises HomeAssistantError if they cannot be found afterwards.
        """
        if not rows:
            return
        if rows[-1].start + HOUR > self.compiled_until() and not statistic.is_external:
            raise ValueError("the hour is not compiled yet")
        account = self._account(statistic)
        before = await self._async_values(statistic, rows[0].start, rows[-1].start + HOUR)
        ours = account.inserted.all()
        # What is written again is ours as well: after a crash it goes, and comes anew.
        own = {row.start for row in rows if row.start not in before or row.start in ours}
        account.writing.add(own)
        account.inserted.discard(own)
        for row in rows:
            if row.start in before and row.start not in ours:
                account.replaced.setdefault(
                    row.start, _without(account.shift_at(row.start), before[row.start])
                )
        await self.ledger.async_save()
        metadata = await self._async_metadata(statistic.id) or new_metadata(statistic)
        values = {row.start: _values(row) for row in rows}
        await self._async_import(metadata, statistic.unit, values)
        await self._async_verify(statistic, values)
        account.inserted.add(own)
        account.writing.discard(own)
        account.tell(
            work,
            rows=len(rows),
            first=dt_util.utc_from_timestamp(rows[0].start).isoformat(),
            last=dt_util.utc_from_timestamp(rows[-1].start).isoformat(),
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
        account = self._account(statistic)
        row = await self._async_first_sum(statistic, start)
        if row is None:
            return
        account.begun = [start, amount, row.start, row.length, row.sum]
        await self.ledger.async_save()
        await self._async_adjust(statistic, start, amount)
        await self._async_end_shift(statistic, account)
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

    async def async_resume(self, statistic: Statistic) -> None:
        """Bring to an end what was interrupted: rows half written go, a shift is found out."""
        account = self._account(statistic)
        if account.writing.runs:
            await self._async_delete(statistic.id, account.writing.runs)
            account.writing.runs = []
            await self.ledger.async_save()
        if account.begun is not None:
            try:
                await self._async_end_shift(statistic, account)
            except HomeAssistantError:
                _LOGGER.debug("A shift of %s had not been made", statistic.id)
            await self.ledger.async_save()

    async def async_undo(self, statistic: Statistic) -> None:
        """Take back everything that was written, exactly.

        Raises HomeAssistantError if something is not as it was afterwards.
        """
        await self.async_resume(statistic)
        account = self._account(statistic)
        if statistic.is_external:
            self._recorder.async_clear_statistics([statistic.id])
            await self._async_recorded()
        else:
            for start, amount in reversed(list(account.shifts)):
                row = await self._async_first_sum(statistic, start)
                if row is not None:
                    account.begun = [start, -amount, row.start, row.length, row.sum]
                    await self.ledger.async_save()
                    await self._async_adjust(statistic, start, -amount)
                    await self._async_end_shift(statistic, account)
            await self._async_restore(statistic, account)
            await self._async_delete(statistic.id, account.inserted.runs)
        account.shifts, account.replaced, account.inserted.runs = [], {}, []
        await self.ledger.async_save()

    # How it is done

    def _account(self, statistic: Statistic) -> Account:
        account = self.ledger.account(statistic.id)
        account.entry_id = account.entry_id or statistic.entry_id
        return account

    async def _async_verify(self, statistic: Statistic, rows: Mapping[int, Values]) -> None:
        """Read rows back."""
        found = await self._async_values(statistic, min(rows), max(rows) + HOUR)
        for start, values in rows.items():
            there = found.get(start, {})
            if any(not _same(there.get(name), value) for name, value in values.items()):
                raise _not_written(statistic)

    async def _async_end_shift(self, statistic: Statistic, account: Account) -> None:
        """Note a shift that was begun, if it was made; raise HomeAssistantError if it was not."""
        if account.begun is None:
            return
        start, amount, row_start, length, before = account.begun
        read = self.async_hours if length == HOUR else self.async_periods
        rows = await read(statistic, row_start, row_start + length)
        account.begun = None
        if not rows or not _same(rows[0].sum, before + amount):
            raise _not_written(statistic)
        for done in account.shifts:
            if done[0] == start and _same(done[1], -amount):
                account.shifts.remove(done)
                return
        account.shifts.append((start, amount))

    async def _async_restore(self, statistic: Statistic, account: Account) -> None:
        """Write rows back that were replaced; they are kept without our shifts."""
        if not account.replaced:
            return
        metadata = await self._async_metadata(statistic.id)
        if metadata is None:
            return
        await self._async_import(metadata, statistic.unit, account.replaced)
        await self._async_verify(statistic, account.replaced)


_DOOR: HassKey[Statistics] = HassKey("py_hab_statistics")


async def async_open(hass: HomeAssistant) -> None:
    """Open the door, once for each Home Assistant."""
    ledger = Ledger(hass)
    await ledger.async_load()
    hass.data[_DOOR] = Statistics(hass, ledger)


def door(hass: HomeAssistant) -> Statistics:
    """Return the door that was opened."""
    return hass.data[_DOOR]


def _values(row: SumRow | MeanRow) -> Values:
    match row:
        case SumRow(state=state, sum=total):
            return {"state": state, "sum": total}
        case MeanRow(mean=mean, min=low, max=high):
            return {"mean": mean, "min": low, "max": high}


def _without(shift: float, values: Values) -> Values:
    """Return a row as it would be without our shifts."""
    total = values.get("sum")
    return values | {"sum": total - shift} if total is not None else values


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME * max(1.0, abs(one) * 1e-6)


def _not_written(statistic: Statistic) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="not_written",
        translation_placeholders={"statistic_id": statistic.id},
    )
