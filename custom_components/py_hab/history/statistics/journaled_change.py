"""A change that is noted in the journal before it is written, as in a write-ahead log.

Within the transaction, the journal is saved with the difference before and the one after the change.
Then the rows are written and committed, and the journal notes that the second one is true. So after a
crash at any moment, one of the differences in the journal is that of the database.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError
import contextlib
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from ..planning.change import AdjustSum, Step
from ..planning.difference import Difference
from .gateway import Statistic, raise_if_no_recorder
from .journal import ChangeJournal
from .transaction import async_transact
from .work import Outcome, StatisticWork

JOURNAL_TIMEOUT: Final = timedelta(seconds=30)
"""Time that saving the journal may take, while the recorder waits for it."""


class JournaledChange:
    """One transaction on a statistic, and its notes in the journal."""

    def __init__(self, hass: HomeAssistant, journal: ChangeJournal, statistic: Statistic) -> None:
        """Prepare the transaction; nothing is read yet."""
        self._hass = hass
        self._journal = journal
        self._statistic = statistic
        self._changes = journal.changes_of(statistic.id)
        # An entry that was removed and set up again has another id.
        self._changes.entry_id = statistic.entry_id or self._changes.entry_id

    async def async_perform(
        self,
        do: Callable[[StatisticWork], Outcome],
        *,
        committed: Callable[[], None],
        changed: Callable[[], None],
    ) -> Outcome:
        """Do the work in the recorder's thread, and return its outcome.

        `committed` is called in the event loop after the commit, also if nobody waits any more, and
        `changed` after it if the statistic was changed. Raises HomeAssistantError if the database
        refuses.
        """
        raise_if_no_recorder(self._hass)

        def work(session: Session) -> Outcome:
            return do(
                StatisticWork(self._hass, session, self._statistic, self._changes, self._save_ahead)
            )

        @callback
        def confirm(outcome: Outcome) -> None:
            committed()
            if self._async_confirm(outcome):
                changed()

        def confirm_soon(outcome: Outcome) -> None:
            with contextlib.suppress(RuntimeError):  # The event loop is closed.
                self._hass.loop.call_soon_threadsafe(confirm, outcome)

        return await async_transact(self._hass, self._statistic.id, work, confirm_soon)

    def _save_ahead(self, before: Difference, after: Difference, *, is_lost: bool) -> None:
        """Note in the journal what will be written; called in the recorder's thread.

        Raises TimeoutError or HomeAssistantError if that is impossible.
        """
        changes = self._changes

        async def save() -> None:
            if self._hass.is_stopping:
                # Home Assistant would save the journal at its end, after the change.
                raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
            if is_lost:
                self._journal.set_aside(changes)
            if before.stamp or changes.previous is None:
                changes.done, changes.previous = before, None
            changes.planned = after
            await self._journal.async_save()

        saved = asyncio.run_coroutine_threadsafe(save(), self._hass.loop)
        try:
            saved.result(JOURNAL_TIMEOUT.total_seconds())
        except CancelledError as err:
            # Home Assistant ends, and cancels what still runs.
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="no_recorder"
            ) from err

    @callback
    def _async_confirm(self, outcome: Outcome) -> bool:
        """Note in the journal what was committed; return whether the statistic was changed."""
        changes = self._changes
        if outcome.is_lost:
            self._journal.set_aside(changes)
        if outcome.refusal is not None or (changes.done, changes.planned) == (outcome.after, None):
            return False
        changes.done, changes.planned, changes.previous = outcome.after, None, None
        for step in outcome.change:
            changes.log(step.reason, **_details(step))
        self._journal.save_soon()
        return True


def _details(step: Step) -> dict[str, Any]:
    """Return what the log says of a step."""
    if isinstance(step, AdjustSum):
        return {"energy": round(step.amount, 6), "since": _iso(step.start)}
    starts = [row.start for row in step.rows]
    return {"rows": len(starts), "first": _iso(min(starts)), "last": _iso(max(starts))}


def _iso(start: int) -> str:
    return dt_util.utc_from_timestamp(start).isoformat()
