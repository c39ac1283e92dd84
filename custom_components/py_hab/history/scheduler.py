"""Decides when the history of an entry is maintained; `maintenance` does the work.

The first run of an entry is started at once, so that its past is there within seconds. Others are
started once a day, and a few minutes after the end of a gap.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
import logging

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_change
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..const import CONF_HISTORY
from ..coordinator import FritzBoxCoordinator
from ..counters.store import CounterStore
from ..entry import (
    AnyConfigEntry,
    MaintenanceResult,
    Progress,
    ProgressListener,
    StatisticReport,
)
from ..meter.coordinator import MeterCoordinator
from .maintenance import MaintenanceRun
from .pending_work import PendingWork
from .present_run import PresentRun
from .shared_run import RunKind, RunTask, SharedRuns
from .sources import sources
from .statistics.editor import StatisticsEditor, get_editor
from .timetable import Timetable

_LOGGER = logging.getLogger(__name__)


class HistoryScheduler:
    """Decides when the history of one loaded entry is maintained."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AnyConfigEntry,
        coordinator: FritzBoxCoordinator | MeterCoordinator,
        counters: CounterStore,
    ) -> None:
        """Create the scheduler; nothing happens before `async_start`."""
        self._hass = hass
        self._entry = entry
        self._coordinator = coordinator
        self._editor: StatisticsEditor = get_editor(hass)
        self._timetable = Timetable()
        self._pending = PendingWork(hass, coordinator, counters)
        self._working = asyncio.Lock()
        """Is held while a run works, or searches for what it is to do."""
        self._present = PresentRun(
            lambda kind: MaintenanceRun(
                hass, entry, coordinator, counters, dry_run=kind.dry_run, reshape=kind.reshape
            ),
            self._pending,
        )
        self._shared = SharedRuns(self._start_run)

    @callback
    def async_start(self) -> None:
        """Maintain the history from now on, until the entry is unloaded."""
        unload = self._entry.async_on_unload
        unload(async_at_started(self._hass, self._timetable.async_home_started))
        # The first run need not wait for the recorder: what it writes is older than what is still to
        # be compiled. If it is not possible yet, it is due at the next check.
        if self.last_run is None and self._may_work(dt_util.utcnow()):
            self._async_begin(None)
        # Half a minute after Home Assistant has started to compile short-term statistics.
        unload(
            async_track_time_change(
                self._hass, self._async_check, minute=list(range(2, 60, 5)), second=40
            )
        )
        unload(self._present.async_stop)

    @callback
    def _async_begin(self, chosen: set[str] | None) -> None:
        self._entry.async_create_background_task(
            self._hass, self._async_work(chosen), "py_hab history"
        )

    @property
    def is_enabled(self) -> bool:
        """Whether the user wants the history to be maintained."""
        return bool(self._entry.options.get(CONF_HISTORY, True))

    @property
    def last_run(self) -> MaintenanceResult | None:
        """The last maintenance run of the whole history."""
        return self._editor.journal.runs.get(self._entry.entry_id)

    @property
    def progress(self) -> Progress | None:
        """How far the present run is; None without one."""
        return self._present.progress

    @property
    def next_run(self) -> datetime | None:
        """The time of the next run of the whole history, None if maintenance is switched off."""
        if not self.is_enabled:
            return None
        return self._timetable.next_run(self.last_run.at if self.last_run else None)

    @property
    def last_check(self) -> datetime | None:
        """The time of the last check for gaps to repair."""
        return self._timetable.last_check

    @property
    def next_check(self) -> datetime | None:
        """The time of the next check, None if maintenance is switched off."""
        return self._timetable.next_check if self.is_enabled else None

    async def async_run(
        self,
        *,
        dry_run: bool = False,
        reshape: bool = False,
        progress: ProgressListener | None = None,
    ) -> Sequence[StatisticReport]:
        """Maintain the whole history now, including statistics whose changes were undone.

        `reshape` spreads energy again that was spread before. Callers that ask while another one
        waits for such a run get the same answer. Raises HomeAssistantError if the box or the
        recorder refuses.
        """
        return await self._shared.async_join(RunKind(dry_run=dry_run, reshape=reshape), progress)

    def _start_run(self, kind: RunKind, progress: ProgressListener) -> RunTask:
        return self._entry.async_create_background_task(
            self._hass, self._async_run(kind, progress), "py_hab history"
        )

    async def _async_run(
        self, kind: RunKind, progress: ProgressListener
    ) -> Sequence[StatisticReport]:
        async with self._working:
            if not kind.dry_run:
                for source in sources(self._hass, self._coordinator):
                    self._editor.journal.changes_of(source.statistic.id).undone = False
            return await self._present.async_make(None, kind, progress)

    @callback
    def _async_check(self, now: datetime) -> None:
        """Every five minutes, start the work that is due."""
        self._timetable.last_check = now
        if not self._timetable.has_settled(now) or not self._may_work(now):
            return
        # `next_run` can be the current time, which is slightly later than `now`.
        is_due = self.next_run is not None and self.next_run <= dt_util.utcnow()
        chosen = self._pending.counters()
        if is_due or chosen or self._pending.has_old_gaps() or self._pending.is_search_due(now):
            self._async_begin(None if is_due else chosen)

    async def _async_work(self, chosen: set[str] | None) -> None:
        async with self._working:
            try:
                # A run of the whole history reads all rows anyway.
                if chosen is not None:
                    chosen = chosen | await self._pending.async_damaged(self._timetable.started)
                    if not chosen and not self._pending.has_old_gaps():
                        return
                await self._present.async_make(chosen, RunKind(), self._shared.report)
            except HomeAssistantError as err:
                # The coordinator already reports a box that does not answer.
                _LOGGER.debug("History of %s postponed: %s", self._entry.title, err)
                self._timetable.postpone()

    def _may_work(self, now: datetime) -> bool:
        return (
            self.is_enabled
            and self._editor.is_ready()
            and self._editor.refusal is None
            and not self._working.locked()
            and not self._timetable.is_postponed(now)
            and self._coordinator.last_update_success
        )
