"""Decides when the history of an entry is maintained; `maintenance` does the work.

The first run of an entry is started at once, so that its past is there within seconds. Others are
started once a day, and a few minutes after the end of a gap.
"""

import asyncio
from collections.abc import Container, Sequence
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_change
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..const import CONF_HISTORY, DOMAIN
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
from .damage import DamageWatch
from .gap_repair import is_old
from .maintenance import MaintenanceRun
from .retries import RETRY, DeviceRetries
from .shared_run import RunKind, RunTask, SharedRuns
from .sources import sources
from .statistics.editor import StatisticsEditor, get_editor

_LOGGER = logging.getLogger(__name__)

AFTER_START: Final = timedelta(minutes=2)
"""Time after the start of Home Assistant before anything is written: the recorder first compiles
the statistics that it has missed."""
DAILY: Final = timedelta(hours=24)
"""Time between two maintenance runs of the whole history."""
CHECK_INTERVAL: Final = timedelta(minutes=5)
"""Time between two checks for gaps to repair."""


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
        self._counters = counters
        self._editor: StatisticsEditor = get_editor(hass)
        self._started: datetime | None = None
        self._not_before: datetime | None = None
        self._last_check: datetime | None = None
        self._working = asyncio.Lock()
        self._run: MaintenanceRun | None = None
        self._is_stopped = False
        self._damage = DamageWatch(hass)
        self._retries = DeviceRetries()
        self._shared = SharedRuns(self._start_run)
        self.progress: Progress | None = None
        """How far the present run is; None without one."""

    @callback
    def async_start(self) -> None:
        """Maintain the history from now on, until the entry is unloaded."""
        unload = self._entry.async_on_unload
        unload(async_at_started(self._hass, self._async_home_started))
        if self.last_run is None:
            self._async_start_at_once()
        # Half a minute after Home Assistant has started to compile short-term statistics.
        unload(
            async_track_time_change(
                self._hass, self._async_check, minute=list(range(2, 60, 5)), second=40
            )
        )
        unload(self._async_stop)

    @callback
    def _async_start_at_once(self) -> None:
        """Start the first run. If it is not possible yet, it is due at the next check.

        It need not wait for the recorder: what it writes is older than what is still to be compiled.
        """
        is_possible = self._editor.is_ready() and self._editor.refusal is None
        if is_possible and self._may_work(dt_util.utcnow()):
            self._async_begin(None)

    @callback
    def _async_begin(self, chosen: set[str] | None) -> None:
        self._entry.async_create_background_task(
            self._hass, self._async_work(chosen), "py_hab history"
        )

    @callback
    def _async_stop(self) -> None:
        self._is_stopped = True
        if self._run is not None:
            self._run.stop()

    @property
    def is_enabled(self) -> bool:
        """Whether the user wants the history to be maintained."""
        return bool(self._entry.options.get(CONF_HISTORY, True))

    @property
    def last_run(self) -> MaintenanceResult | None:
        """The last maintenance run of the whole history."""
        return self._editor.journal.runs.get(self._entry.entry_id)

    @property
    def next_run(self) -> datetime | None:
        """The time of the next run of the whole history, None if maintenance is switched off."""
        if not self.is_enabled:
            return None
        now = dt_util.utcnow()
        last = self.last_run.at if self.last_run else None
        # If the clock was ahead at the last run, that run does not delay the next one.
        return self._postponed(last + DAILY if last is not None and last <= now else now)

    @property
    def last_check(self) -> datetime | None:
        """The time of the last check for gaps to repair."""
        return self._last_check

    @property
    def next_check(self) -> datetime | None:
        """The time of the next check, None if maintenance is switched off."""
        if not self.is_enabled or self._last_check is None:
            return None
        return self._postponed(self._last_check + CHECK_INTERVAL)

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
            return await self._async_maintain(None, kind, progress)

    async def _async_maintain(
        self,
        chosen: Container[str] | None,
        kind: RunKind,
        progress: ProgressListener | None = None,
    ) -> Sequence[StatisticReport]:
        if self._is_stopped:
            # The entry was unloaded, or removed, while this run waited for another one to end.
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded")
        run = self._run = MaintenanceRun(
            self._hass,
            self._entry,
            self._coordinator,
            self._counters,
            dry_run=kind.dry_run,
            reshape=kind.reshape,
        )

        def progressed(news: Progress) -> None:
            self.progress = news
            if progress is not None:
                progress(news)

        try:
            return await run.async_run(chosen, progressed)
        finally:
            self._run = self.progress = None
            for ain, is_reported in run.is_reported.items():
                self._retries.note(ain, is_reported=is_reported)

    @callback
    def _async_home_started(self, _hass: HomeAssistant) -> None:
        self._started = dt_util.utcnow()

    @callback
    def _async_check(self, now: datetime) -> None:
        """Every five minutes, start the work that is due."""
        self._last_check = now
        if not self._has_settled(now):
            return
        if not self._may_work(now):
            return
        # `next_run` can be the current time, which is slightly later than `now`.
        is_due = self.next_run is not None and self.next_run <= dt_util.utcnow()
        chosen = {
            key
            for key in {*self._counters_with_gaps(), *self._retries.devices}
            if not self._retries.is_waiting(key)
        }
        if is_due or chosen or self._has_old_gaps() or self._damage.is_due(now):
            self._async_begin(None if is_due else chosen)

    async def _async_work(self, chosen: set[str] | None) -> None:
        async with self._working:
            try:
                # A run of the whole history looks at all rows itself.
                if chosen is not None:
                    chosen = chosen | await self._async_look()
                    if not chosen and not self._has_old_gaps():
                        return
                await self._async_maintain(chosen, RunKind(), self._shared.report)
            except HomeAssistantError as err:
                # The coordinator already reports a box that does not answer.
                _LOGGER.debug("History of %s postponed: %s", self._entry.title, err)
                self._postpone()

    async def _async_look(self) -> set[str]:
        """Return the counters whose statistics are damaged."""
        return await self._damage.async_look(
            [
                source
                for source in sources(self._hass, self._coordinator)
                if not self._editor.journal.changes_of(source.statistic.id).undone
            ],
            pending=self._counters.gaps,
            started=self._started,
        )

    def _postpone(self) -> None:
        self._not_before = dt_util.utcnow() + RETRY

    def _postponed(self, due: datetime) -> datetime:
        """Return the time at which something that is due can be done, after a postponement."""
        not_before = self._not_before
        if not_before is None or not_before > dt_util.utcnow() + RETRY:
            # If it is further ahead than RETRY, the clock was ahead at the postponement.
            return due
        return max(due, not_before)

    def _has_settled(self, now: datetime) -> bool:
        return (
            self._started is not None
            and not timedelta(0) <= now - self._started < AFTER_START
            and self._editor.is_ready()
            and self._editor.refusal is None
        )

    def _may_work(self, now: datetime) -> bool:
        return (
            self.is_enabled
            and not self._working.locked()
            and self._postponed(now) <= now
            and self._coordinator.last_update_success
        )

    def _counters_with_gaps(self) -> set[str]:
        """Return the counters with a gap to repair.

        Counters whose changes the user has undone are left out.
        """
        keys = {gap.key for gap in self._counters.gaps}
        return {
            source.counter
            for source in sources(self._hass, self._coordinator)
            if source.counter in keys
            and not self._editor.journal.changes_of(source.statistic.id).undone
        }

    def _has_old_gaps(self) -> bool:
        """Whether there are gaps to be dropped, because their entity has no statistics."""
        known = {source.counter for source in sources(self._hass, self._coordinator)}
        return any(gap.key not in known and is_old(gap) for gap in self._counters.gaps)
