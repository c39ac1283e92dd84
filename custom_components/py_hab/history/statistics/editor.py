"""The only writer of the recorder's statistics: makes planned changes, and undoes them.

A change of a statistic is one transaction in the recorder's own thread: the rows are read, the change
is planned from them, noted in the journal and written. So either all of it is there or nothing, and
callers need no lock and nothing to resume.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
import math
from typing import Any, Final, cast

from sqlalchemy.orm import Session

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.recorder import session_scope
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ...const import DOMAIN
from ...util.documentation import page_of_notices
from ..planning.change import AdjustSum, Change, StatisticRows, Step
from ..planning.difference import Difference, hours_of
from ..planning.origin import Origin
from .gateway import RecorderGateway, Statistic, async_ask, converted, raise_if_no_recorder
from .journal import ChangeJournal, StatisticChanges
from .origin_cache import OriginCache
from .transaction import StatisticTables, async_transact, is_schema_known
from .work import Outcome, Planner, StatisticWork

SCHEMA_ISSUE: Final = "unknown_schema"
JOURNAL_ISSUE: Final = "unreadable_journal"
JOURNAL_TIMEOUT: Final = timedelta(seconds=30)
"""Time that saving the journal may take, while the recorder waits for it."""


type ChangeListener = Callable[[str], None]
"""Is called in the event loop with the id of a statistic."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """What an undo has done, or would do."""

    rows_removed: int = 0
    rows_restored: int = 0
    adjustments: list[tuple[int, float]]


class StatisticsEditor(RecorderGateway):
    """Changes statistics, one at a time."""

    def __init__(self, hass: HomeAssistant, journal: ChangeJournal) -> None:
        """Create the editor, and follow renamed entities from now on."""
        super().__init__(hass)
        self.journal = journal
        self._is_schema_known = is_schema_known()
        self._listeners: list[ChangeListener] = []
        self._origins = OriginCache(hass, journal)
        hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._async_renamed)

    @property
    def refusal(self) -> str | None:
        """Why nothing may be written, as the key of a translated error; None if it may be."""
        if not self._is_schema_known:
            return SCHEMA_ISSUE
        return None if self.journal.is_readable else JOURNAL_ISSUE

    @callback
    def async_listen(self, listener: ChangeListener) -> Callable[[], None]:
        """Call a listener with the id of each statistic that was changed; return how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_catch_up(self) -> None:
        """Wait until the recorder has written what it is working on. Raises HomeAssistantError.

        It announces hours before it has committed them.
        """
        raise_if_no_recorder(self._hass)
        await async_transact(self._hass, "", lambda _: None, lambda _: None)

    async def async_change(
        self,
        statistic: Statistic,
        plan: Planner,
        *,
        dry_run: bool = False,
        run: str | None = None,
    ) -> Change:
        """Change a statistic as planned from its rows, and return the change.

        Changes with the same `run` are taken back together; without one, each is a run of its own.

        It is empty if there is nothing to change, or not yet. Raises HomeAssistantError if the
        database refuses, or if hours are to be written that the recorder's settings exclude;
        nothing is changed then.
        """
        shown = self._shown(statistic)
        is_recorded = dry_run or self.is_recorded(statistic.id)
        outcome = await self._async_work(
            statistic,
            lambda work: work.change(plan, shown, is_recorded=is_recorded, run=run),
            dry_run=dry_run,
        )
        return outcome.change

    async def async_look[T](self, statistic: Statistic, look: Callable[[StatisticRows], T]) -> T:
        """Return what a function finds in the rows of a statistic; it is called in a thread.

        Raises HomeAssistantError if the database does not answer, or if the statistic is not one
        that can be changed.
        """
        found: list[T] = []

        def plan(rows: StatisticRows) -> Change:
            found.append(look(rows))
            return ()

        await self.async_change(statistic, plan, dry_run=True)
        return found[-1]

    async def async_undo(self, statistic: Statistic, *, dry_run: bool = False) -> Undone:
        """Undo all our changes of a statistic exactly, and return a summary of them.

        Rows that others have written or overwritten stay. Raises HomeAssistantError if the
        database refuses.
        """
        if not dry_run and self.journal.changes_of(statistic.id).previous is not None:
            # What an earlier version has written gets a stamp, as the database must tell of an undo.
            await self.async_change(statistic, lambda _: ())
        return _undone(await self._async_work(statistic, StatisticWork.undo, dry_run=dry_run))

    async def async_take_back(
        self, statistic: Statistic, run: str, *, dry_run: bool = False
    ) -> Undone:
        """Take back a run and all later ones of a statistic, and return a summary.

        Rows that others have written or overwritten stay. Raises HomeAssistantError if the
        database refuses.
        """
        return _undone(
            await self._async_work(statistic, lambda work: work.take_back(run), dry_run=dry_run)
        )

    async def async_origins(self, statistic: Statistic) -> Mapping[int, Origin]:
        """Return where the value of each hour of a statistic comes from, by its start.

        Raises HomeAssistantError if the database does not answer.
        """
        return await self._origins.async_get(statistic)

    async def _async_work(
        self, statistic: Statistic, do: Callable[[StatisticWork], Outcome], *, dry_run: bool
    ) -> Outcome:
        """Do the work of a transaction, or only calculate it. Raises what it refuses."""
        if dry_run:
            changes = self.journal.by_statistic.get(statistic.id) or StatisticChanges()
        else:
            changes = self._changes(statistic)

        def work(session: Session) -> Outcome:
            save = None if dry_run else partial(self._save_ahead, changes)
            return do(StatisticWork(self._hass, session, statistic, changes, save))

        def calculate() -> Outcome:
            with session_scope(hass=self._hass, read_only=True) as session:
                return work(session)

        def committed(outcome: Outcome) -> None:
            with contextlib.suppress(RuntimeError):  # The event loop is closed.
                self._hass.loop.call_soon_threadsafe(self._async_committed, changes, outcome)

        if dry_run:
            outcome = await async_ask(self._hass, calculate)
        else:
            raise_if_no_recorder(self._hass)
            outcome = await async_transact(self._hass, statistic.id, work, committed)
        if outcome.refusal is not None:
            raise outcome.refusal
        return outcome

    def _save_ahead(
        self, changes: StatisticChanges, before: Difference, after: Difference, *, is_lost: bool
    ) -> None:
        """Note in the journal what will be written; called in the recorder's thread.

        Raises TimeoutError or HomeAssistantError if that is impossible.
        """

        async def save() -> None:
            if self._hass.is_stopping:
                # The journal would be saved only after the change.
                raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
            if is_lost:
                self.journal.set_aside(changes)
            if before.stamp or changes.previous is None:
                changes.done, changes.previous = before, None
            changes.planned = after
            await self.journal.async_save()

        saved = asyncio.run_coroutine_threadsafe(save(), self._hass.loop)
        try:
            saved.result(JOURNAL_TIMEOUT.total_seconds())
        except CancelledError as err:
            # Home Assistant ends, and cancels what still runs.
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="no_recorder"
            ) from err

    def _changes(self, statistic: Statistic) -> StatisticChanges:
        if self.refusal is not None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key=self.refusal)
        changes = self.journal.changes_of(statistic.id)
        # An entry that was removed and set up again has another id.
        changes.entry_id = statistic.entry_id or changes.entry_id
        return changes

    @callback
    def _async_committed(self, changes: StatisticChanges, outcome: Outcome) -> None:
        """Note what the database has confirmed."""
        # What was read before the change is not the answer to later questions.
        self._origins.async_forget(outcome.statistic_id)
        if outcome.is_lost:
            self.journal.set_aside(changes)
        if outcome.refusal is None and (changes.done, changes.planned) != (outcome.after, None):
            changes.done, changes.planned, changes.previous = outcome.after, None, None
            for step in outcome.change:
                changes.log(step.reason, **_details(step))
            self.journal.save_soon()
            for listener in list(self._listeners):
                listener(outcome.statistic_id)

    def _shown(self, statistic: Statistic) -> float | None:
        """Return what the entity of a counter of ours shows, in the unit in which we calculate."""
        state = self._hass.states.get(statistic.id)
        if state is None or statistic.entry_id is None:
            return None
        try:
            shown = converted(
                float(state.state), state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), statistic.unit
            )
        except ValueError, HomeAssistantError:
            return None
        return shown if math.isfinite(shown) else None

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

        def is_there(session: Session) -> bool:
            return StatisticTables(self._hass, session, old).found is not None

        with contextlib.suppress(HomeAssistantError):
            raise_if_no_recorder(self._hass)
            # The recorder renames in the same queue, before us.
            if await async_transact(self._hass, old, is_there, lambda _: None):
                self.journal.rename(new, old)
        await self.journal.async_save()


_EDITOR: HassKey[StatisticsEditor] = HassKey("py_hab_statistics")


async def async_start_new_journal(hass: HomeAssistant) -> None:
    """Continue with an empty journal, after the user has agreed. Raises OSError."""
    await get_editor(hass).journal.async_start_anew()
    ir.async_delete_issue(hass, DOMAIN, JOURNAL_ISSUE)


async def async_setup_editor(hass: HomeAssistant) -> None:
    """Load the journal and create the editor, once for each Home Assistant."""
    journal = ChangeJournal(hass)
    await journal.async_load()
    hass.data[_EDITOR] = StatisticsEditor(hass, journal)
    refusal = get_editor(hass).refusal
    for issue in (SCHEMA_ISSUE, JOURNAL_ISSUE):
        if issue == refusal:
            ir.async_create_issue(
                hass,
                DOMAIN,
                issue,
                is_fixable=issue == JOURNAL_ISSUE,
                learn_more_url=page_of_notices(hass.config.language),
                severity=ir.IssueSeverity.WARNING,
                translation_key=issue,
            )
        else:
            ir.async_delete_issue(hass, DOMAIN, issue)


def get_editor(hass: HomeAssistant) -> StatisticsEditor:
    """Return the editor; `async_setup_editor` must have been called."""
    return hass.data[_EDITOR]


def get_ready_editor(hass: HomeAssistant) -> StatisticsEditor:
    """Return the editor. Raises HomeAssistantError if the recorder is not ready."""
    editor = get_editor(hass)
    if not editor.is_ready():
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
    return editor


def _undone(outcome: Outcome) -> Undone:
    """Return what an undo has changed: the difference between before and after it."""
    before, after = outcome.before, outcome.after
    kept = hours_of(after.inserted) | after.replaced.keys()
    return Undone(
        rows_removed=len(hours_of(before.inserted) - kept),
        rows_restored=len(before.replaced.keys() - kept),
        adjustments=[
            (start, kwh)
            for start, kwh in before.sum_adjustments
            # A short-term row of ours is no adjustment before Home Assistant continues it.
            if (before.seed is None or start < before.seed)
            and (start, kwh) not in after.sum_adjustments
        ],
    )


def _details(step: Step) -> dict[str, Any]:
    """Return what the log says of a step."""
    if isinstance(step, AdjustSum):
        return {"energy": round(step.amount, 6), "since": _iso(step.start)}
    starts = [row.start for row in step.rows]
    return {"rows": len(starts), "first": _iso(min(starts)), "last": _iso(max(starts))}


def _iso(start: int) -> str:
    return dt_util.utc_from_timestamp(start).isoformat()
