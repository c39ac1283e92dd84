"""One maintenance run: repairs gaps and completes the history from device statistics.

Each run starts from the rows in the recorder, so an interrupted run can simply be repeated.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
import logging
import math
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator
from ..counters.gap import Gap
from ..counters.store import CounterStore, LastReading
from ..entry import (
    AnyConfigEntry,
    MaintenanceResult,
    Progress,
    ProgressListener,
    RepairReport,
    StatisticReport,
)
from ..fritzbox.device_stats import DeviceStats
from ..meter.coordinator import MeterCoordinator
from .box.fetch import DeviceStatsFetcher
from .box.reconstruct import EnergyHistory, energy_history, hourly_means
from .damage import UNPROVEN
from .gap_repair import GapRepair
from .mean_power import async_mean_power
from .planning.backfill import InsertPlan, insertion, missing_means, plan_backfill
from .planning.change import Change, ChangeReason, StatisticRows, WriteRows
from .planning.damage import Damage, filled, find_damage, measured_rows
from .planning.load_shape import LoadShape, known_hours
from .planning.mean_power import plan_power
from .planning.origin import Origin
from .planning.reshape import plan_reshape
from .planning.rows import HOUR, SumRow, full_hour
from .sources import PowerCounters, Source, async_by_urgency, sources
from .statistics.daylight import async_daylight
from .statistics.editor import StatisticsEditor, get_editor
from .statistics.work import Planner

_LOGGER = logging.getLogger(__name__)

_SPAN: Final = timedelta(days=1000)
"""How far back daylight is calculated: further than any box remembers."""
NOT_REPORTED: Final = "not_told"
"""Why data is left out: the box does not report the statistics of the device."""
NOT_WRITTEN: Final = "not_written"
"""Why data is left out: Home Assistant does not accept values for the statistic."""


@dataclass(kw_only=True, slots=True)
class _Findings:
    """What a run finds out about one statistic; see StatisticReport."""

    entity_id: str
    hours: set[int] = field(default_factory=set)
    """Hours written, or to be written (unix times)."""
    energy: float | None = None
    since: datetime | None = None
    left_out: list[str] = field(default_factory=list)
    repaired: list[RepairReport] = field(default_factory=list)

    def report(self) -> StatisticReport:
        return StatisticReport(
            entity_id=self.entity_id,
            rows=len(self.hours),
            energy=None if self.energy is None else round(self.energy, 3),
            since=self.since,
            left_out=self.left_out,
            mended=self.repaired,
        )


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
        self._dry_run = dry_run
        self._editor: StatisticsEditor = get_editor(hass)
        self._run = ulid_now()
        self._gaps = GapRepair(entry, counters, self._editor, dry_run=dry_run, run=self._run)
        self._is_stopped = False
        self._fetcher = DeviceStatsFetcher(coordinator)

    @property
    def is_reported(self) -> dict[str, bool]:
        """Whether the box has reported the statistics of each device that was asked, by AIN."""
        return {ain: stats is not None for ain, stats in self._fetcher.fetched.items()}

    def stop(self) -> None:
        """Stop before the next statistic, because the entry is unloaded."""
        self._is_stopped = True

    async def async_run(
        self, chosen: Container[str] | None, progress: ProgressListener | None = None
    ) -> list[StatisticReport]:
        """Maintain the statistics of the chosen counters and devices, or all of the entry if None.

        Raises HomeAssistantError if the box or the recorder refuses, or if the entry is unloaded.
        """
        if not self._editor.is_ready():
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
        reports: list[StatisticReport] = []
        todo = [
            source
            for source in await async_by_urgency(self._hass, sources(self._hass, self._coordinator))
            if (chosen is None or source.counter in chosen or source.ain in chosen)
            and self._is_wanted(source)
        ]
        for number, source in enumerate(todo):
            if progress is not None:
                progress(
                    Progress(
                        part=number / len(todo),
                        name=source.statistic.id,
                        hours=sum(report.rows for report in reports),
                    )
                )
            stats = await self._fetcher.async_fetch(None if source.power else source.ain)
            # It belongs to the device statistics just fetched.
            last = self._last_reading(source)
            if self._is_wanted(source):
                reports.append(await self._async_maintain(source, stats, last))
        if chosen is None:
            self._fetcher.check()
        if not self._dry_run:
            present = {source.counter for source in sources(self._hass, self._coordinator)}
            self._gaps.drop_unknown(present)
            if chosen is None:
                result = MaintenanceResult(at=dt_util.utcnow(), result=reports)
                self._editor.journal.runs[self._entry_id] = result
                await self._editor.journal.async_save()
        return reports

    def _last_reading(self, source: Source) -> LastReading | None:
        return self._counters.last_reading(source.counter) if source.counter else None

    def _is_wanted(self, source: Source) -> bool:
        """Whether a statistic still exists and is to be maintained.

        During a request to the box, its entity may have been renamed or disabled, or the user may
        have undone all changes. Raises HomeAssistantError if the entry was unloaded.
        """
        self._check_not_stopped()
        return (
            source in sources(self._hass, self._coordinator)
            and not self._editor.journal.changes_of(source.statistic.id).undone
        )

    def _check_not_stopped(self) -> None:
        """Raise HomeAssistantError if the entry was unloaded, before anything is written for it."""
        if self._is_stopped:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded")

    async def _async_maintain(
        self, source: Source, stats: DeviceStats | None, last: LastReading | None
    ) -> StatisticReport:
        """Maintain one statistic; if it cannot be written (wrong unit), the others still are."""
        try:
            found = await self._async_source(source, stats, last)
        except HomeAssistantError as err:
            if err.translation_key != NOT_WRITTEN:
                raise
            _LOGGER.debug("%s cannot be written", source.statistic.id, exc_info=err)
            self._gaps.give_up(source)
            found = _Findings(entity_id=source.statistic.id, left_out=[NOT_WRITTEN])
        return found.report()

    async def _async_source(
        self, source: Source, stats: DeviceStats | None, last: LastReading | None
    ) -> _Findings:
        found = _Findings(entity_id=source.statistic.id)
        if source.power is not None:
            await self._async_power(source, source.power, found)
            return found
        if stats is None:
            found.left_out = [NOT_REPORTED]
            if not self._gaps.is_overdue(source):
                return found
            stats = DeviceStats()
        if source.counter is None:
            await self._async_complete_means(source, stats, found)
        elif last is not None:
            await self._async_counter(source, stats, found, last)
        return found

    # Counters

    async def _async_counter(
        self, source: Source, stats: DeviceStats, found: _Findings, last: LastReading
    ) -> None:
        """Repair the gaps of a counter, and complete its history."""
        gaps = self._gaps.gaps_of(source)
        known = await self._async_known(source, gaps)
        zone = dt_util.get_default_time_zone()
        now = dt_util.utcnow()
        daylight = (
            await async_daylight(self._hass, (now - _SPAN).timestamp(), now.timestamp())
            if source.is_fed_in
            else None
        )
        # Two years have 17,520 hours: too many for the event loop.
        history = await self._hass.async_add_executor_job(
            partial(
                energy_history,
                stats.energy,
                counter=last.kwh,
                read_at=last.at,
                now=now,
                zone=zone,
                known=known,
                daylight=daylight,
            )
        )
        shape = await self._hass.async_add_executor_job(LoadShape, known, zone, daylight)
        found.left_out += [reason.value for reason in history.discarded]
        if history.readings:
            found.since = dt_util.utc_from_timestamp(min(history.readings))
        known_readings = {hour: history.readings[hour] for hour in history.period_boundaries}
        for gap in gaps:
            self._check_not_stopped()
            result = await self._gaps.async_repair(source, gap, known_readings, shape)
            if result is not None:
                found.hours |= result.hours
                found.repaired.append(result.report)
        if history.readings:
            await self._async_complete(source, history, found)
        await self._async_repair_damage(source, found, known_readings, shape)
        if self._reshape:
            await self._async_reshape(source, found, shape)

    async def _async_known(self, source: Source, gaps: Iterable[Gap]) -> dict[int, float]:
        """Return the hours of a counter (kWh by start) whose energy was not spread."""
        known: dict[int, float] = {}

        def look(rows: StatisticRows) -> Change:
            nonlocal known
            in_gaps = {
                hour
                for gap in gaps
                for hour in range(full_hour(gap.start), int(gap.end) + HOUR, HOUR)
            }
            known = known_hours(
                measured_rows(rows.hourly, rows.late), rows.spread | rows.late | in_gaps
            )
            return ()

        await self._editor.async_change(source.statistic, look, dry_run=True)
        return known

    async def _async_reshape(self, source: Source, found: _Findings, shape: LoadShape) -> None:
        """Spread again what was spread, in the shape of what is known now."""
        planned: list[SumRow] = []

        def reshape(rows: StatisticRows) -> Change:
            nonlocal planned
            zone = dt_util.get_default_time_zone()
            planned = plan_reshape(rows, shape, zone)
            return [WriteRows(planned, ChangeReason.BACKFILL)]

        await self._async_change(source, reshape)
        found.hours.update(row.start for row in planned)

    async def _async_repair_damage(
        self,
        source: Source,
        found: _Findings,
        known_readings: Mapping[int, float],
        shape: LoadShape,
    ) -> None:
        """Repair what the rows themselves show, as after an outage."""
        damage = Damage()

        def look(rows: StatisticRows) -> Change:
            nonlocal damage
            damage = find_damage(
                source.counter or "",
                rows.hourly,
                rows.short_term,
                late=rows.late,
                pending=self._gaps.gaps_of(source),
            )
            return ()

        await self._editor.async_change(source.statistic, look, dry_run=True)
        if damage.unproven:
            found.left_out.append(UNPROVEN)
        for gap in damage.gaps:
            self._check_not_stopped()
            result = await self._gaps.async_repair(source, gap, known_readings, shape)
            if result is not None and (result.hours or result.report.shift):
                found.hours |= result.hours
                found.repaired.append(result.report)
        rows: list[SumRow] = []

        def fill(stored: StatisticRows) -> Change:
            nonlocal rows
            left = find_damage(
                source.counter or "",
                stored.hourly,
                stored.short_term,
                late=stored.late,
                pending=self._gaps.gaps_of(source),
            )
            rows = filled(left.holes, shape)
            return [WriteRows(rows, ChangeReason.OUTAGE)]

        if damage.holes or damage.gaps:
            await self._async_change(source, fill)
            found.hours.update(row.start for row in rows)

    async def _async_complete(
        self, source: Source, history: EnergyHistory, found: _Findings
    ) -> None:
        """Write the hours that the device statistics cover and the recorder lacks."""
        plan = InsertPlan()

        def complete(rows: StatisticRows) -> Change:
            nonlocal plan
            first = next(iter((*rows.hourly[:1], *rows.short_term[:1])), None)
            # Our own sums start at 0, so state and sum of the first row give its opening reading.
            # Otherwise its own reading is the most that the hours before it can have reached.
            is_own = bool(rows.hourly) and rows.hourly[0].start in rows.own
            sum_before = first.sum if first and is_own else 0.0
            plan = plan_backfill(
                history.readings,
                rows.hourly,
                first.start if first else None,
                rows.until,
                period_boundaries=history.period_boundaries,
                opening_reading=first.state - sum_before if first else math.inf,
            )
            return insertion(
                plan,
                rows,
                ChangeReason.BACKFILL,
                reported=history.reported,
                bounds=history.period_boundaries,
            )

        await self._async_change(source, complete)
        found.hours.update(row.start for row in plan.rows)
        found.energy = plan.energy

    async def _async_change(self, source: Source, plan: Planner) -> None:
        """Change a statistic, unless the user has undone our changes meanwhile."""
        changes = self._editor.journal.changes_of(source.statistic.id)
        change = await self._editor.async_change(
            source.statistic,
            lambda rows: () if changes.undone or self._is_stopped else plan(rows),
            dry_run=self._dry_run,
            run=self._run,
        )
        self._check_not_stopped()
        hours = sum(len(step.rows) for step in change if isinstance(step, WriteRows))
        if hours and not self._dry_run:
            _LOGGER.info("%s: %d hours added from device statistics", source.statistic.id, hours)

    # Measurements

    async def _async_complete_means(
        self, source: Source, stats: DeviceStats, found: _Findings
    ) -> None:
        """Write the hours of a measurement that the device statistics cover and the recorder lacks."""
        series = source.stats_fn(stats) if source.stats_fn else ()
        means = hourly_means(series, now=dt_util.utcnow())
        if not means:
            return
        found.since = dt_util.utc_from_timestamp(means[0].start)

        def complete(rows: StatisticRows) -> Change:
            missing = missing_means(means, rows.hours, rows.until)
            found.hours = {row.start for row in missing}
            reported = dict.fromkeys(found.hours, Origin.REPORTED)
            return [WriteRows(missing, ChangeReason.BACKFILL, origins=reported)]

        await self._async_change(source, complete)

    async def _async_power(self, source: Source, counters: PowerCounters, found: _Findings) -> None:
        """Write the mean power of the hours before it was measured."""
        known = await async_mean_power(self._editor, counters)
        if known:
            found.since = dt_util.utc_from_timestamp(min(known))

        def complete(rows: StatisticRows) -> Change:
            step = plan_power(known, rows)
            found.hours = {row.start for row in step.rows}
            return [step]

        await self._async_change(source, complete)
