"""The maintenance of one counter: repairs its gaps, and completes its history."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
import math
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..counters.counters import LastReading
from ..counters.gap import Gap
from ..fritzbox.device_stats import DeviceStats
from .box.reconstruct import EnergyHistory, energy_history
from .findings import UNPROVEN, Findings
from .gap_repair import GapRepair
from .planning.backfill import InsertPlan, insertion, plan_backfill
from .planning.change import Change, ChangeReason, StatisticRows, WriteRows
from .planning.damage import Damage, filled, find_damage, measured_rows
from .planning.load_shape import LoadShape, known_hours
from .planning.reshape import plan_reshape
from .planning.rows import HOUR, SumRow, full_hour
from .run_changes import RunChanges
from .sources import Source
from .statistics.daylight import async_daylight

_SPAN: Final = timedelta(days=1000)
"""How far back daylight is calculated: further than the device statistics of any box."""


class CounterMaintenance:
    """Maintains the statistic of one counter in one run."""

    def __init__(
        self,
        hass: HomeAssistant,
        source: Source,
        gaps: GapRepair,
        changes: RunChanges,
        found: Findings,
    ) -> None:
        """Prepare the maintenance; what it does is noted in `found`."""
        self._hass = hass
        self._source = source
        self._gaps = gaps
        self._changes = changes
        self._found = found

    async def async_maintain(
        self, stats: DeviceStats, last: LastReading, *, reshape: bool = False
    ) -> None:
        """Repair the gaps of the counter, and complete its history from device statistics.

        `last` is the reading that belongs to them. `reshape` spreads again what was spread before.
        Raises HomeAssistantError if the recorder refuses, or if the run was stopped.
        """
        gaps = self._gaps.gaps_of(self._source)
        known, damage = await self._changes.editor.async_find(
            self._source.statistic, lambda rows: (_known(rows, gaps), self._damage(rows))
        )
        zone = dt_util.get_default_time_zone()
        now = dt_util.utcnow()
        daylight = (
            await async_daylight(self._hass, (now - _SPAN).timestamp(), now.timestamp())
            if self._source.is_fed_in
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
        self._found.left_out += [reason.value for reason in history.discarded]
        if history.readings:
            self._found.since = dt_util.utc_from_timestamp(min(history.readings))
        known_readings = {hour: history.readings[hour] for hour in history.period_boundaries}
        await self._async_repair(gaps, known_readings, shape)
        # Hours that are inserted before all others shift the sums after them. A sum that has started
        # again at 0 cannot be recognized afterwards.
        await self._async_repair(damage.gaps, known_readings, shape, report_all=False)
        has_changed = bool(gaps or damage.gaps)
        if history.readings:
            has_changed |= await self._async_complete(history)
        if has_changed:
            damage = await self._async_damage_left(damage)
        await self._async_repair_damage(damage, known_readings, shape)
        if reshape:
            await self._async_write(
                lambda rows: plan_reshape(rows, shape, zone), ChangeReason.BACKFILL
            )

    async def _async_repair(
        self,
        gaps: Iterable[Gap],
        known_readings: Mapping[int, float],
        shape: LoadShape,
        *,
        report_all: bool = True,
    ) -> None:
        """Repair gaps; without `report_all`, only what has changed a row is reported."""
        for gap in gaps:
            self._changes.check_not_stopped()
            result = await self._gaps.async_repair(self._source, gap, known_readings, shape)
            if result is not None and (report_all or result.hours or result.report.shift):
                self._found.hours |= result.hours
                self._found.repaired.append(result.report)

    async def _async_complete(self, history: EnergyHistory) -> bool:
        """Write the hours that the device statistics cover and the recorder lacks.

        Return whether there are any.
        """
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
                is_opening_known=is_own,
            )
            return insertion(
                plan,
                rows,
                ChangeReason.BACKFILL,
                reported=history.reported,
                bounds=history.period_boundaries,
            )

        await self._changes.async_complete(self._source.statistic, complete)
        self._found.hours.update(row.start for row in plan.rows)
        self._found.energy = plan.energy
        return bool(plan.rows)

    async def _async_damage_left(self, before: Damage) -> Damage:
        """Return what is still damaged after the sums that have started again were repaired.

        Hours that were repaired or inserted can prove more, and show other holes. In a dry run, the
        rows are those of `before`.
        """
        if self._changes.dry_run:
            return replace(before, gaps=[])
        return await self._changes.editor.async_find(self._source.statistic, self._damage)

    async def _async_repair_damage(
        self, damage: Damage, known_readings: Mapping[int, float], shape: LoadShape
    ) -> None:
        """Repair what the rows themselves show, as after an outage."""
        resumed = self._gaps.resumed_of(self._source)
        known = {**known_readings, **({int(resumed.at): resumed.kwh} if resumed else {})}
        if damage.unproven:
            self._found.left_out.append(UNPROVEN)
        await self._async_repair(damage.gaps, known_readings, shape, report_all=False)
        if damage.holes or damage.gaps:
            await self._async_write(
                lambda rows: filled(self._damage(rows).holes, shape, known),
                ChangeReason.OUTAGE,
            )

    def _damage(self, rows: StatisticRows) -> Damage:
        return find_damage(
            self._source.counter or "",
            rows.hourly,
            rows.short_term,
            late=rows.late,
            late_short_term=rows.late_short_term,
            pending=self._gaps.gaps_of(self._source),
            resumed=self._gaps.resumed_of(self._source),
        )

    async def _async_write(
        self, plan: Callable[[StatisticRows], list[SumRow]], reason: ChangeReason
    ) -> None:
        """Write hours as planned from the rows."""
        planned: list[SumRow] = []

        def write(rows: StatisticRows) -> Change:
            nonlocal planned
            planned = plan(rows)
            return [WriteRows(planned, reason)]

        await self._changes.async_complete(self._source.statistic, write)
        self._found.hours.update(row.start for row in planned)


def _known(rows: StatisticRows, gaps: Iterable[Gap]) -> dict[int, float]:
    """Return the hours of a counter (kWh by start) whose energy was not spread."""
    in_gaps = {
        hour for gap in gaps for hour in range(full_hour(gap.start), int(gap.end) + HOUR, HOUR)
    }
    return known_hours(measured_rows(rows.hourly, rows.late), rows.spread | rows.late | in_gaps)
