"""One look after the history of an entry: what the box remembers is completed, gaps are mended.

It starts from what stands in the recorder, so that a look that was interrupted is simply taken
again.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
import logging
import math
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..const import CONF_SHAPE, DOMAIN, OutageShape
from ..coordinator import PyHabConfigEntry
from ..counters.gap import Gap
from ..counters.guard import Verdict
from ..fritzbox.device_stats import DeviceStats
from .box.fetch import DeviceStatsFetcher
from .box.reconstruct import EnergyHistory, energy_history, hourly_means
from .planning.backfill import Backfill, missing_hours, missing_means
from .planning.outage import plan_outage_repair
from .planning.rows import HOUR, SAME, Row, full_hour
from .sources import Source, sources
from .statistics.editor import StatisticsEditor, get_editor
from .statistics.journal import ChangeReason, StatisticChanges

_LOGGER = logging.getLogger(__name__)

WEEK: Final = 7 * 24 * HOUR
GIVE_UP_AFTER: Final = timedelta(days=2)
"""A gap of which no statistics tell by then belongs to an entity that is not recorded."""
NOT_TOLD: Final = "not_told"
"""What is left out where the box does not tell of one device."""
NOT_WRITTEN: Final = "not_written"
"""What is left out where Home Assistant does not take what we have for a statistic."""
MAX_PLUG_POWER: Final = 3.7
"""kW; what one plug or relay of FRITZ!'s switches (16 A)."""

type _Reading = tuple[float, datetime | None]
"""kWh that a counter has shown, and when, if anybody knows."""


@dataclass(kw_only=True, slots=True)
class StatisticReport:
    """What a run has found about one statistic."""

    entity_id: str
    hours: set[int] = field(default_factory=set)
    """Hours written, or to be written (unix times)."""
    energy: float | None = None
    """kWh that were missing altogether."""
    since: datetime | None = None
    """Up to when the box remembers it."""
    left_out: list[str] = field(default_factory=list)
    """Why nothing older, or not all."""
    mended: list[dict[str, Any]] = field(default_factory=list)
    """Outages, silences and replacements."""

    @property
    def rows(self) -> int:
        """Return how many hours those are."""
        return len(self.hours)

    def as_json(self) -> dict[str, Any]:
        """Return what an action answers."""
        return {
            "entity_id": self.entity_id,
            "rows": self.rows,
            "energy": None if self.energy is None else round(self.energy, 3),
            "since": self.since.isoformat() if self.since else None,
            "left_out": self.left_out,
            "mended": self.mended,
        }


class MaintenanceRun:
    """One look after the history of an entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PyHabConfigEntry,
        *,
        dry_run: bool,
        is_loaded: Callable[[], bool],
    ) -> None:
        """Prepare; nothing is asked or read yet. `is_loaded` tells whether the entry still is."""
        self._hass = hass
        self._entry = entry
        self._dry_run = dry_run
        self._is_loaded = is_loaded
        self._counters = entry.runtime_data.counters
        self._editor: StatisticsEditor = get_editor(hass)

    async def async_run(
        self, keys: Container[str] | None, progress: Callable[[float], None] | None = None
    ) -> list[StatisticReport]:
        """Look after some counters, or after everything; return what was found.

        `progress` is told how much is done, from 0 to 1. Raises HomeAssistantError if box or
        recorder do not let us.
        """
        if not self._editor.is_ready():
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
        found: list[StatisticReport] = []
        box = DeviceStatsFetcher(self._entry)
        todo = [
            source
            for source in sources(self._hass, self._entry)
            if (keys is None or source.counter in keys) and self._is_wanted(source)
        ]
        for number, source in enumerate(todo):
            if progress is not None:
                progress(number / len(todo))
            remembered = await box.async_fetch(source.ain)
            # Another change may take its time, and the counter counts on.
            last = self._counters.last_read(source.counter) if source.counter else None
            async with self._editor.lock:
                if self._is_wanted(source):
                    found.append(await self._async_told(source, remembered, last))
        if not self._dry_run:
            self._drop_strange_gaps()
            if keys is None:
                self._editor.journal.runs[self._entry.entry_id] = {
                    "at": dt_util.utcnow().isoformat(),
                    "result": [item.as_json() for item in found],
                }
                await self._editor.journal.async_save()
        return found

    def _is_wanted(self, source: Source) -> bool:
        """Whether a statistic is still there, and to be looked after.

        While the box was asked, its entity may have been renamed or switched off, or the user may
        have taken everything back. Raises HomeAssistantError if the entry has been unloaded.
        """
        if not self._is_loaded():
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded")
        return (
            source in sources(self._hass, self._entry)
            and not self._editor.journal.changes_of(source.statistic.id).undone
        )

    async def _async_told(
        self, source: Source, remembered: DeviceStats | None, last: _Reading | None
    ) -> StatisticReport:
        """Look after a statistic; one that cannot be written (another unit) holds up no other."""
        try:
            return await self._async_source(source, remembered, last)
        except HomeAssistantError as err:
            if err.translation_key != NOT_WRITTEN:
                raise
            _LOGGER.debug("%s cannot be written", source.statistic.id, exc_info=err)
            if not self._dry_run:
                self._give_up(source)
            return StatisticReport(entity_id=source.statistic.id, left_out=[NOT_WRITTEN])

    def _give_up(self, source: Source) -> None:
        """Drop the gaps of a counter that nobody could mend for long."""
        now = dt_util.utcnow().timestamp()
        for gap in [*self._counters.gaps]:
            if gap.key == source.counter and now - gap.end > GIVE_UP_AFTER.total_seconds():
                self._counters.settle(gap)

    async def _async_source(
        self, source: Source, remembered: DeviceStats | None, last: _Reading | None
    ) -> StatisticReport:
        found = StatisticReport(entity_id=source.statistic.id)
        if remembered is None:
            found.left_out = [NOT_TOLD]
            if not self._is_overdue(source):
                return found
            remembered = DeviceStats()
        if not self._dry_run:
            await self._editor.async_resume(source.statistic)
        if source.counter is None:
            await self._async_complete_means(source, remembered, found)
        elif last is not None:
            await self._async_counter(source, remembered, found, *last)
        return found

    async def _async_counter(
        self,
        source: Source,
        remembered: DeviceStats,
        found: StatisticReport,
        reading: float,
        read_at: datetime | None,
    ) -> None:
        """Look after a counter that showed `reading` kWh at some moment."""
        # Two years are 17 520 hours: too many for the event loop.
        history = await self._hass.async_add_executor_job(
            partial(
                energy_history,
                remembered.energy,
                counter=reading,
                read_at=read_at,
                now=dt_util.utcnow(),
                zone=dt_util.get_default_time_zone(),
            )
        )
        found.left_out += [doubt.value for doubt in history.doubts]
        if history.readings:
            found.since = dt_util.utc_from_timestamp(min(history.readings))
        for gap in [gap for gap in self._counters.gaps if gap.key == source.counter]:
            known = {hour: history.readings[hour] for hour in history.told}
            await self._async_mend(source, gap, known, found)
        if history.readings:
            await self._async_complete(source, history, found)
        if not self._dry_run:
            await self._editor.async_align_sums(source.statistic)

    def _is_overdue(self, source: Source) -> bool:
        """Whether a gap has waited long enough for the box to tell what it remembers."""
        now = dt_util.utcnow().timestamp()
        return any(
            gap.key == source.counter and now - gap.end > GIVE_UP_AFTER.total_seconds() / 2
            for gap in self._counters.gaps
        )

    async def _async_complete(
        self, source: Source, history: EnergyHistory, found: StatisticReport
    ) -> None:
        """Write the hours that the box remembers and the statistics lack."""
        statistic = source.statistic
        hours = await self._editor.async_hourly_rows(statistic)
        first = hours[0].start if hours else await self._first_period(source)
        ours = self._editor.journal.changes_of(statistic.id).inserted
        # Sums that we have written begin with 0.
        opening = hours[0].state - hours[0].sum if hours and hours[0].start in ours else math.inf
        until = self._editor.compiled_until()
        backfill = await self._hass.async_add_executor_job(
            partial(
                missing_hours,
                history.readings,
                hours,
                first,
                until,
                told=history.told,
                opening=opening,
            )
        )
        found.hours.update(row.start for row in backfill.rows)
        found.energy = backfill.energy
        if not self._dry_run and backfill.rows:
            await self._async_write(source, backfill)

    async def _async_write(self, source: Source, backfill: Backfill) -> None:
        changes = self._editor.journal.changes_of(source.statistic.id)
        changes.sum_boundary = backfill.sum_boundary or changes.sum_boundary
        await self._editor.async_write(source.statistic, backfill.rows, ChangeReason.BACKFILL)
        _LOGGER.info(
            "%s: %d hours completed from what the box remembers",
            source.statistic.id,
            len(backfill.rows),
        )

    async def _first_period(self, source: Source) -> int | None:
        short_term_rows = await self._editor.async_short_term_rows(source.statistic)
        return short_term_rows[0].start if short_term_rows else None

    async def _async_complete_means(
        self, source: Source, remembered: DeviceStats, found: StatisticReport
    ) -> None:
        """Write the hours of a measurement that the box remembers and the statistics lack."""
        series = remembered.humidity if source.series == "humidity" else remembered.temperature
        means = hourly_means(series, now=dt_util.utcnow())
        if not means:
            return
        found.since = dt_util.utc_from_timestamp(means[0].start)
        there = await self._editor.async_has_hours(source.statistic, means[0].start)
        rows = missing_means(means, there, self._editor.compiled_until())
        found.hours.update(row.start for row in rows)
        if not self._dry_run:
            await self._editor.async_write(source.statistic, rows, ChangeReason.BACKFILL)

    # Gaps

    async def _async_mend(
        self,
        source: Source,
        gap: Gap,
        known: Mapping[int, float],
        found: StatisticReport,
    ) -> None:
        """Make the statistics right about a gap."""
        statistic, noted, gap = source.statistic, gap, _with_energy(gap, source)
        since = full_hour(gap.start) - 2 * HOUR
        hours = await self._editor.async_hourly_rows(statistic, since)
        if not hours or hours[0].end > gap.start:
            # The last row is older than the last reading.
            hours = [*await self._editor.async_hourly_rows(statistic, 0.0, since), *hours]
        changes = self._editor.journal.changes_of(statistic.id)
        plan = plan_outage_repair(
            gap,
            short_term_rows=await self._editor.async_short_term_rows(statistic, since),
            hours=_as_measured(hours, full_hour(gap.start), changes),
            ours=changes.inserted,
            known=known,
            load_profile=await self._async_load_profile(source, gap),
        )
        age = dt_util.utcnow().timestamp() - gap.end
        # The hour of the last reading before is written as well: it must be compiled.
        if plan is None or any(
            row.start + HOUR > self._editor.compiled_until() for row in plan.rows
        ):
            if age > GIVE_UP_AFTER.total_seconds() and not self._dry_run:
                self._counters.settle(noted)
            return
        found.hours.update(row.start for row in plan.rows)
        found.mended.append(
            {
                "since": dt_util.utc_from_timestamp(gap.start).isoformat(),
                "until": dt_util.utc_from_timestamp(gap.end).isoformat(),
                "energy": round(gap.energy, 3),
                "shift": round(plan.shift, 3),
                "reason": gap.verdict.value,
            }
        )
        if self._dry_run:
            return
        if abs(plan.shift) > SAME:
            work = ChangeReason.SILENCE if plan.restarted else ChangeReason.REPLACEMENT
            await self._editor.async_adjust_sum(statistic, plan.at, plan.shift, work)
        await self._editor.async_write(statistic, plan.rows, ChangeReason.OUTAGE)
        self._counters.settle(noted)
        if plan.rows:
            _LOGGER.info("%s: an outage mended, %d hours", statistic.id, len(plan.rows))

    async def _async_load_profile(self, source: Source, gap: Gap) -> Mapping[int, float]:
        """Return the kWh of the hours a week before a gap, moved to its hours, if they are wanted."""
        if self._entry.options.get(CONF_SHAPE) != OutageShape.WEEK_BEFORE:
            return {}
        hours = await self._editor.async_hourly_rows(
            source.statistic, gap.start - WEEK - 2 * HOUR, gap.end - WEEK + HOUR
        )
        load_profile: dict[int, float] = {}
        for before, row in pairwise(hours):
            if row.start == before.end:
                load_profile[row.start + WEEK] = row.sum - before.sum
        return load_profile

    def _drop_strange_gaps(self) -> None:
        """Drop gaps of counters that have no statistics: an entity that is switched off."""
        known = {source.counter for source in sources(self._hass, self._entry)}
        now = dt_util.utcnow().timestamp()
        for gap in [*self._counters.gaps]:
            if gap.key not in known and now - gap.end > GIVE_UP_AFTER.total_seconds():
                self._counters.settle(gap)


def _as_measured(hours: Sequence[Row], hour: int, changes: StatisticChanges) -> list[Row]:
    """Return rows with one as Home Assistant had it, before energy of a gap was spread over it.

    A gap may be mended again: the user has told what was counted, or tells something else.
    """
    found = [row for row in hours if row.start != hour or hour not in changes.inserted]
    for number, row in enumerate(found):
        if row.start == hour and hour in changes.replaced:
            match changes.without_our_changes(hour, {"sum": row.sum}):
                case {"state": int() | float() as state, "sum": int() | float() as total}:
                    found[number] = replace(
                        row, state=state, sum=total + changes.adjustment_at(hour)
                    )
    return found


def _with_energy(gap: Gap, source: Source) -> Gap:
    """Return a gap with what was counted after a reset: a plug's counter starts with nothing."""
    possible = MAX_PLUG_POWER * (gap.end - gap.start) / HOUR
    is_reset = gap.verdict is Verdict.REPLACED and gap.after < gap.before
    if source.starts_at_zero and is_reset and gap.after <= possible:
        return replace(gap, counted=gap.after)
    return gap
