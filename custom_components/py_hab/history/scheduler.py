"""When the history of an entry is looked after (`upkeep` is what is done then).

Some minutes after a counter is back, after set-up, and once a day.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_change
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_HISTORY
from ..coordinator import PyHabConfigEntry
from .maintenance import NOT_TOLD, MaintenanceRun, StatisticReport
from .sources import sources
from .statistics.editor import StatisticsEditor, get_editor

_LOGGER = logging.getLogger(__name__)

AFTER_START: Final = timedelta(minutes=2)
"""How long Home Assistant has been running before anything is written: the recorder compiles
first what it has missed."""
DAILY: Final = timedelta(hours=24)
CHECK_INTERVAL: Final = timedelta(minutes=5)
"""Between two looks at whether there is something to mend."""
RETRY: Final = timedelta(minutes=30)
"""After a box that did not answer, or a database that refused."""


class HistoryScheduler:
    """Keeps the history of one loaded entry."""

    def __init__(self, hass: HomeAssistant, entry: PyHabConfigEntry) -> None:
        """Prepare; nothing is asked or read yet."""
        self._hass = hass
        self._entry = entry
        self._counters = entry.runtime_data.counters
        self._editor: StatisticsEditor = get_editor(hass)
        self._started: datetime | None = None
        self._not_before: datetime | None = None
        self._last_check: datetime | None = None
        self._working = asyncio.Lock()

    @callback
    def async_start(self) -> None:
        """Look after the history from now on, until the entry is unloaded."""
        entry = self._entry
        entry.async_on_unload(async_at_started(self._hass, self._home_started))
        # Half a minute after Home Assistant compiles its five-minute rows.
        entry.async_on_unload(
            async_track_time_change(self._hass, self._tick, minute=list(range(2, 60, 5)), second=40)
        )

    @property
    def enabled(self) -> bool:
        """Whether the user wants the history to be looked after."""
        return bool(self._entry.options.get(CONF_HISTORY, True))

    @property
    def last_run(self) -> Mapping[str, Any] | None:
        """When the whole history was last looked after (`at`), and what came of it (`result`)."""
        return self._editor.journal.runs.get(self._entry.entry_id)

    @property
    def next_run(self) -> datetime | None:
        """When the whole history will be looked after next, None if it is switched off."""
        if not self.enabled:
            return None
        now = dt_util.utcnow()
        last = dt_util.parse_datetime(self.last_run["at"]) if self.last_run else None
        # A clock that was ahead for a while holds nothing back.
        due = last + DAILY if last is not None and last <= now else now
        return self._unless_put_off(due)

    @property
    def last_check(self) -> datetime | None:
        """When it was last looked whether there is something to mend."""
        return self._last_check

    @property
    def next_check(self) -> datetime | None:
        """When that will be next, None if it is switched off."""
        if not self.enabled or self._last_check is None:
            return None
        return self._unless_put_off(self._last_check + CHECK_INTERVAL)

    async def async_run(
        self, *, dry_run: bool = False, progress: Callable[[float], None] | None = None
    ) -> list[StatisticReport]:
        """Look after the whole history now; return what was found.

        `progress` is told how much is done, from 0 to 1. Raises HomeAssistantError if box or
        recorder do not let us.
        """
        async with self._working:
            if not dry_run:
                for source in sources(self._hass, self._entry):
                    self._editor.journal.changes_of(source.statistic.id).undone = False
            return await self._upkeep(dry_run=dry_run).async_run(None, progress)

    # When

    @callback
    def _home_started(self, _hass: HomeAssistant) -> None:
        self._started = dt_util.utcnow()

    @callback
    def _tick(self, now: datetime) -> None:
        """Every five minutes: work, if there is any."""
        self._last_check = now
        if not self._has_settled(now):
            return
        if self._editor.has_unaligned_sums(self._entry.entry_id):
            # Also where nobody wants anything to be looked after: the years of an import would
            # end with a fall of as many kWh.
            self._entry.async_create_background_task(
                self._hass,
                self._editor.async_align_all_sums(self._entry.entry_id),
                "py_hab sums that meet",
            )
        if not self._may_work(now):
            return
        # A little later than `now`, which a run that is due at once would still lie ahead of.
        whole = self.next_run is not None and self.next_run <= dt_util.utcnow()
        waiting = self._waiting()
        if whole or waiting:
            self._entry.async_create_background_task(
                self._hass, self._async_work(None if whole else waiting), "py_hab history"
            )

    async def _async_work(self, keys: set[str] | None) -> None:
        async with self._working:
            try:
                found = await self._upkeep(dry_run=False).async_run(keys)
            except HomeAssistantError as err:
                # The poll has its own say about a box that is away.
                _LOGGER.debug("History of %s put off: %s", self._entry.title, err)
                self._put_off()
            else:
                if any(NOT_TOLD in item.left_out for item in found):
                    self._put_off()

    def _upkeep(self, *, dry_run: bool) -> MaintenanceRun:
        return MaintenanceRun(
            self._hass,
            self._entry,
            dry_run=dry_run,
            is_loaded=lambda: scheduler_of(self._hass, self._entry.entry_id) is self,
        )

    def _put_off(self) -> None:
        self._not_before = dt_util.utcnow() + RETRY

    def _unless_put_off(self, due: datetime) -> datetime:
        """Return when something is done that is due at some moment."""
        not_before = self._not_before
        if not_before is None or not_before > dt_util.utcnow() + RETRY:
            # Or the clock was ahead when it was put off.
            return due
        return max(due, not_before)

    def _has_settled(self, now: datetime) -> bool:
        return (
            self._started is not None
            and not timedelta(0) <= now - self._started < AFTER_START
            and self._editor.is_ready()
        )

    def _may_work(self, now: datetime) -> bool:
        return (
            self.enabled
            and not self._working.locked()
            and self._unless_put_off(now) <= now
            and self._entry.runtime_data.last_update_success
        )

    def _waiting(self) -> set[str]:
        """Return the counters with a gap to be mended.

        Those of which the user has taken everything back wait until the user asks.
        """
        gaps = {gap.key for gap in self._counters.gaps}
        return {
            source.counter
            for source in sources(self._hass, self._entry)
            if source.counter in gaps
            and not self._editor.journal.changes_of(source.statistic.id).undone
        }


_KEEPERS: HassKey[dict[str, HistoryScheduler]] = HassKey("py_hab_keepers")


@callback
def async_schedule_history(hass: HomeAssistant, entry: PyHabConfigEntry) -> None:
    """Look after the history of an entry as long as it is loaded."""
    scheduler = HistoryScheduler(hass, entry)
    schedulers = hass.data.setdefault(_KEEPERS, {})
    schedulers[entry.entry_id] = scheduler

    @callback
    def leave() -> None:
        del schedulers[entry.entry_id]

    entry.async_on_unload(leave)
    scheduler.async_start()


@callback
def scheduler_of(hass: HomeAssistant, entry_id: str) -> HistoryScheduler | None:
    """Return who looks after the history of an entry, None if it is not loaded."""
    return hass.data.get(_KEEPERS, {}).get(entry_id)
