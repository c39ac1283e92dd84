"""The only writer of the recorder's statistics: makes planned changes, and undoes them.

A change of a statistic is one transaction in the recorder's own thread: the rows are read, the change
is planned from them, noted in the journal and written. So either all of it is there or nothing, and
callers need no lock and nothing to resume.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.recorder import session_scope
from homeassistant.util.hass_dict import HassKey

from ...const import DOMAIN
from ...util.documentation import page_of_notices
from ..planning.change import Change, StatisticRows
from ..planning.difference import hours_of
from ..planning.origin import Origin
from .gateway import RecorderGateway, Statistic, async_ask, raise_if_no_recorder, shown_value
from .journal import ChangeJournal, StatisticChanges
from .journaled_change import JournaledChange
from .origin_cache import OriginCache
from .renamed import async_follow_names
from .transaction import async_transact, is_schema_known
from .work import Outcome, Planner, StatisticWork

SCHEMA_ISSUE: Final = "unknown_schema"
JOURNAL_ISSUE: Final = "unreadable_journal"

type ChangeListener = Callable[[str], None]
"""Is called in the event loop with the id of a statistic."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """What an undo has done, or would do."""

    rows_removed: int = 0
    rows_restored: int = 0
    adjustments: list[tuple[int, float]]
    """Start (unix time) and kWh of the adjustments of sums that do not exist any more."""


class StatisticsEditor(RecorderGateway):
    """Reads statistics and changes them, one change at a time."""

    def __init__(self, hass: HomeAssistant, journal: ChangeJournal) -> None:
        """Create the editor, and follow renamed entities from now on."""
        super().__init__(hass)
        self.journal = journal
        self._is_schema_known = is_schema_known()
        self._listeners: list[ChangeListener] = []
        self._origins = OriginCache(hass, journal)
        async_follow_names(hass, journal)

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

        The recorder announces hours before it has committed them.
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

        The change is empty if there is nothing to change, or not yet. Changes with the same `run` are
        taken back together; without one, each is a run of its own.

        Raises HomeAssistantError if the database refuses, or if hours are to be written that the
        recorder's settings exclude; nothing is changed then.
        """
        shown = shown_value(self._hass, statistic)
        is_recorded = dry_run or self.is_recorded(statistic.id)
        outcome = await self._async_work(
            statistic,
            lambda work: work.change(plan, shown, is_recorded=is_recorded, run=run),
            dry_run=dry_run,
        )
        return outcome.change

    async def async_find[T](self, statistic: Statistic, find: Callable[[StatisticRows], T]) -> T:
        """Return what a function finds in the rows of a statistic; it is called in a thread.

        Raises HomeAssistantError if the database does not answer, or if the statistic is not one
        that can be changed.
        """
        found: list[T] = []

        def plan(rows: StatisticRows) -> Change:
            found.append(find(rows))
            return ()

        await self.async_change(statistic, plan, dry_run=True)
        return found[-1]

    async def async_undo(self, statistic: Statistic, *, dry_run: bool = False) -> Undone:
        """Undo all our changes of a statistic exactly, and return a summary of them.

        Rows that others have written or overwritten stay. Raises HomeAssistantError if the
        database refuses.
        """
        if not dry_run and self.journal.changes_of(statistic.id).previous is not None:
            # What an earlier version has written gets a stamp: if it is gone later, an undo was made.
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
        """Do work in a transaction, or only calculate it. Raises the error with which it refuses."""
        if dry_run:
            outcome = await self._async_calculate(statistic, do)
        elif self.refusal is not None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key=self.refusal)
        else:
            outcome = await JournaledChange(self._hass, self.journal, statistic).async_perform(
                do,
                # Origins that were read before the change are out of date.
                committed=partial(self._origins.async_forget, statistic.id),
                changed=partial(self._async_announce, statistic.id),
            )
        if outcome.refusal is not None:
            raise outcome.refusal
        return outcome

    async def _async_calculate(
        self, statistic: Statistic, do: Callable[[StatisticWork], Outcome]
    ) -> Outcome:
        """Return what work would do, without writing anything."""
        changes = self.journal.by_statistic.get(statistic.id) or StatisticChanges()

        def calculate() -> Outcome:
            with session_scope(hass=self._hass, read_only=True) as session:
                return do(StatisticWork(self._hass, session, statistic, changes, None))

        return await async_ask(self._hass, calculate)

    @callback
    def _async_announce(self, statistic_id: str) -> None:
        """Call the listeners of changes."""
        for listener in list(self._listeners):
            listener(statistic_id)


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
