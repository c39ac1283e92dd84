"""One maintenance run: repairs gaps and completes the history from device statistics.

Each run starts from the rows in the recorder, so an interrupted run can simply be repeated.
"""

from collections.abc import Container
import logging

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator
from ..counters.counters import LastReading
from ..counters.store import CounterStore
from ..entry import AnyConfigEntry, MaintenanceResult, Progress, ProgressListener, StatisticReport
from ..fritzbox.device_stats import DeviceStats
from ..meter.coordinator import MeterCoordinator
from .box.fetch import DeviceStatsFetcher
from .counter_maintenance import CounterMaintenance
from .findings import NOT_REPORTED, NOT_WRITTEN, Findings
from .gap_repair import GapRepair
from .measurement_maintenance import async_complete_means, async_complete_power
from .run_changes import RunChanges
from .sources import Source, async_by_urgency, sources
from .statistics.editor import StatisticsEditor, get_editor

_LOGGER = logging.getLogger(__name__)


class MaintenanceRun:
    """One maintenance of the history of an entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AnyConfigEntry,
        coordinator: FritzBoxCoordinator | MeterCoordinator,
        counters: CounterStore,
        *,
        dry_run: bool,
        reshape: bool = False,
    ) -> None:
        """Create the run; nothing is requested or read yet.

        `reshape` spreads again what was spread before.
        """
        self._reshape = reshape
        self._hass = hass
        self._entry_id = entry.entry_id
        self._coordinator = coordinator
        self._counters = counters
        self._editor: StatisticsEditor = get_editor(hass)
        self._changes = RunChanges(self._editor, dry_run=dry_run)
        self._gaps = GapRepair(entry, counters, self._changes)
        self._fetcher = DeviceStatsFetcher(coordinator)

    @property
    def is_reported(self) -> dict[str, bool]:
        """Whether the box has reported the statistics of each device that was asked, by AIN."""
        return {ain: stats is not None for ain, stats in self._fetcher.fetched.items()}

    def stop(self) -> None:
        """Stop before the next statistic, because the entry is unloaded."""
        self._changes.stop()

    async def async_run(
        self, chosen: Container[str] | None, progress: ProgressListener | None = None
    ) -> list[StatisticReport]:
        """Maintain the statistics of the chosen counters and devices, or all of the entry if None.

        Raises HomeAssistantError if the box or the recorder refuses, or if the entry is unloaded.
        """
        if not self._editor.is_ready():
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
        reports: list[StatisticReport] = []
        todo = await self._async_chosen(chosen)
        for number, source in enumerate(todo):
            if progress is not None:
                hours = sum(report.rows for report in reports)
                progress(Progress(part=number / len(todo), name=source.statistic.id, hours=hours))
            stats = await self._fetcher.async_fetch(None if source.power else source.ain)
            # It belongs to the device statistics just fetched.
            last = self._last_reading(source)
            if self._is_wanted(source):
                reports.append(await self._async_maintain(source, stats, last))
        if chosen is None:
            self._fetcher.check()
        if not self._changes.dry_run:
            self._gaps.drop_unknown({source.counter for source in self._sources()})
            if chosen is None:
                await self._async_note(reports)
        return reports

    def _sources(self) -> list[Source]:
        """Return the values of the entry that have statistics now."""
        return sources(self._hass, self._coordinator)

    async def _async_chosen(self, chosen: Container[str] | None) -> list[Source]:
        """Return the values to maintain, the most urgent first; see `async_run`."""
        return [
            source
            for source in await async_by_urgency(self._hass, self._sources())
            if (chosen is None or source.counter in chosen or source.ain in chosen)
            and self._is_wanted(source)
        ]

    async def _async_note(self, reports: list[StatisticReport]) -> None:
        """Note the result of a run of the whole history."""
        result = MaintenanceResult(at=dt_util.utcnow(), result=reports)
        self._editor.journal.runs[self._entry_id] = result
        await self._editor.journal.async_save()

    def _last_reading(self, source: Source) -> LastReading | None:
        return self._counters.last_reading(source.counter) if source.counter else None

    def _is_wanted(self, source: Source) -> bool:
        """Whether a statistic still exists and is to be maintained.

        During a request to the box, its entity may have been renamed or disabled, or the user may
        have undone all changes. Raises HomeAssistantError if the entry was unloaded.
        """
        self._changes.check_not_stopped()
        return source in self._sources() and not self._changes.is_undone(source.statistic)

    async def _async_maintain(
        self, source: Source, stats: DeviceStats | None, last: LastReading | None
    ) -> StatisticReport:
        """Maintain one statistic; if it cannot be written (wrong unit), the others still are."""
        found = Findings(entity_id=source.statistic.id)
        try:
            await self._async_source(source, stats, last, found)
        except HomeAssistantError as err:
            if err.translation_key != NOT_WRITTEN:
                raise
            _LOGGER.debug("%s cannot be written", source.statistic.id, exc_info=err)
            self._gaps.give_up(source)
            found = Findings(entity_id=source.statistic.id, left_out=[NOT_WRITTEN])
        return found.report()

    async def _async_source(
        self,
        source: Source,
        stats: DeviceStats | None,
        last: LastReading | None,
        found: Findings,
    ) -> None:
        if source.power is not None:
            await async_complete_power(self._changes, source, source.power, found)
            return
        if stats is None:
            found.left_out = [NOT_REPORTED]
            if not self._gaps.is_overdue(source):
                return
            stats = DeviceStats()
        if source.counter is None:
            await async_complete_means(self._changes, source, stats, found)
        elif last is not None:
            counter = CounterMaintenance(self._hass, source, self._gaps, self._changes, found)
            await counter.async_maintain(stats, last, reshape=self._reshape)
