"""Repairs the statistics of counters after gaps: outages, missing messages, replaced meters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from itertools import pairwise
import logging
from math import inf
from typing import Final

from homeassistant.util import dt as dt_util

from ..const import CONF_SHAPE, OutageShape
from ..counters.gap import Gap, Reading
from ..counters.store import CounterStore
from ..counters.verdict import Verdict
from ..entry import AnyConfigEntry, RepairReport
from .planning.change import (
    AdjustSum,
    Change,
    ChangeReason,
    ConvertShortTerm,
    StatisticRows,
    WriteRows,
)
from .planning.load_shape import LoadShape
from .planning.outage import OutageRepair, plan_outage_repair
from .planning.rows import HOUR, ROUNDING_ERROR, Row, full_hour
from .planning.unit_correction import UnitCorrection, plan_unit_correction
from .run_changes import RunChanges
from .sources import Source

_LOGGER = logging.getLogger(__name__)

WEEK: Final = 7 * 24 * HOUR
"""Seconds."""
GIVE_UP_AFTER: Final = timedelta(days=2)
"""If the statistics show no row after a gap by then, the entity is not recorded."""
MAX_PLUG_POWER: Final = 3.7
"""kW; what one FRITZ! plug or relay can switch (16 A)."""


@dataclass(frozen=True, slots=True)
class GapResult:
    """The repair of one gap."""

    hours: frozenset[int]
    """Hours written, or to be written (unix times)."""
    report: RepairReport


class GapRepair:
    """Repairs the statistics of one entry's counters."""

    def __init__(self, entry: AnyConfigEntry, counters: CounterStore, changes: RunChanges) -> None:
        """Create the repair as a part of a run; nothing is read yet."""
        self._entry = entry
        self._counters = counters
        self._changes = changes

    def gaps_of(self, source: Source) -> list[Gap]:
        """Return the gaps of a counter that have not been repaired yet."""
        return [gap for gap in self._counters.gaps if gap.key == source.counter]

    def resumed_of(self, source: Source) -> Reading | None:
        """Return the last reading of a counter before the start of Home Assistant."""
        return self._counters.resumed.get(source.counter or "")

    def is_overdue(self, source: Source) -> bool:
        """Whether a gap of a counter has waited long enough for the device statistics of the box."""
        return any(_age(gap) > GIVE_UP_AFTER / 2 for gap in self.gaps_of(source))

    def give_up(self, source: Source) -> None:
        """Drop those gaps of a counter that are too old to wait for any longer."""
        self._drop_old(self.gaps_of(source))

    def drop_unknown(self, counters: set[str | None]) -> None:
        """Drop old gaps of all other counters: their entities are disabled or removed."""
        self._drop_old([gap for gap in self._counters.gaps if gap.key not in counters])

    def _drop_old(self, gaps: Sequence[Gap]) -> None:
        for gap in gaps:
            if is_old(gap) and not self._changes.dry_run:
                self._counters.settle(gap)

    async def async_repair(
        self,
        source: Source,
        gap: Gap,
        known_readings: Mapping[int, float],
        shape: LoadShape | None = None,
    ) -> GapResult | None:
        """Repair the statistics of a counter after a gap.

        `known_readings` are readings (kWh) at full hours (unix times). `shape` is that of the
        counter's known hours. Returns None, and changes nothing, until the hours of the gap and a
        reading after it have been compiled. Raises HomeAssistantError if the recorder refuses.
        """
        if gap.verdict is Verdict.UNIT_CORRECTED:
            return await self._async_correct_unit(source, gap)
        complete = _with_energy(gap, source)
        plan: OutageRepair | None = None
        steps: Change = ()

        def repair(rows: StatisticRows) -> Change:
            nonlocal plan, steps
            plan = self._plan(rows, complete, known_readings, shape or LoadShape({}, UTC))
            # The hour of the last reading before the gap is written as well.
            if plan is None or any(row.start + HOUR > rows.until for row in plan.rows):
                plan, steps = None, ()
            else:
                steps = _steps(plan)
            return steps

        change = await self._changes.async_change(source.statistic, repair)
        if plan is None or (steps and not change):
            self._drop_old([gap])
            return None
        if not self._changes.dry_run:
            self._counters.settle(gap)
            if plan.rows:
                _LOGGER.debug(
                    "%s: outage of %d hours repaired", source.statistic.id, len(plan.rows)
                )
        return GapResult(
            hours=frozenset(row.start for row in plan.rows),
            report=RepairReport(
                since=dt_util.utc_from_timestamp(complete.start),
                until=dt_util.utc_from_timestamp(complete.end),
                energy=round(complete.energy, 3),
                shift=round(plan.adjustment, 3),
                reason=complete.verdict.value,
            ),
        )

    async def _async_correct_unit(self, source: Source, gap: Gap) -> GapResult | None:
        """Convert the hours before a gap to the unit of the reading after it."""
        plan: UnitCorrection | None = None

        def correct(rows: StatisticRows) -> Change:
            nonlocal plan
            plan = plan_unit_correction(
                gap,
                short_term_rows=rows.short_term,
                hourly_rows=rows.hourly,
                compiled_until=rows.until,
            )
            if plan is None:
                return ()
            return [
                AdjustSum(plan.adjust_from, plan.adjustment, ChangeReason.UNIT),
                WriteRows(plan.rows, ChangeReason.UNIT),
                ConvertShortTerm(plan.short_term, ChangeReason.UNIT),
            ]

        await self._changes.async_change(source.statistic, correct)
        if plan is None:
            self._drop_old([gap])
            return None
        if not self._changes.dry_run:
            self._counters.settle(gap)
            _LOGGER.debug("%s: unit of %d hours corrected", source.statistic.id, len(plan.rows))
        return GapResult(
            hours=frozenset(row.start for row in plan.rows),
            report=RepairReport(
                since=dt_util.utc_from_timestamp(plan.rows[0].start if plan.rows else gap.start),
                until=dt_util.utc_from_timestamp(gap.end),
                energy=round(gap.energy, 3),
                shift=round(plan.adjustment, 3),
                reason=gap.verdict.value,
            ),
        )

    def _plan(
        self,
        rows: StatisticRows,
        gap: Gap,
        known_readings: Mapping[int, float],
        shape: LoadShape,
    ) -> OutageRepair | None:
        since = full_hour(gap.start) - 2 * HOUR
        hours = [row for row in rows.hourly if row.start >= since]
        if not hours or hours[0].end > gap.start:
            # No row near the gap precedes it: the last one may be much older.
            hours = list(rows.hourly)
        return plan_outage_repair(
            gap,
            short_term_rows=[row for row in rows.short_term if row.start >= since],
            hourly_rows=_without_earlier_repair(hours, full_hour(gap.start), rows),
            own_hours=rows.own,
            known_readings=known_readings,
            load_profile=self._load_profile(rows, gap, shape),
            most=shape.most if self._is_like_known_hours else inf,
            otherwise=shape.daylight_profile(gap.start - HOUR, gap.end),
        )

    @property
    def _is_like_known_hours(self) -> bool:
        """Whether the user has not chosen the shape of the week before."""
        return self._entry.options.get(CONF_SHAPE) != OutageShape.WEEK_BEFORE

    def _load_profile(self, rows: StatisticRows, gap: Gap, shape: LoadShape) -> Mapping[int, float]:
        """Return the kWh that the hours of a gap are expected to have; empty if nothing is known."""
        if self._is_like_known_hours:
            return shape.load_profile(gap.start - HOUR, gap.end)
        first, end = gap.start - WEEK - 2 * HOUR, gap.end - WEEK + HOUR
        hours = [row for row in rows.hourly if first <= row.start < end]
        return {
            row.start + WEEK: row.sum - before.sum
            for before, row in pairwise(hours)
            if row.start == before.end
        }


def _steps(plan: OutageRepair) -> Change:
    """Return the change that repairs a gap."""
    reason = ChangeReason.SILENCE if plan.sum_restarted else ChangeReason.REPLACEMENT
    steps: list[WriteRows | AdjustSum] = []
    if abs(plan.adjustment) > ROUNDING_ERROR:
        steps.append(AdjustSum(plan.adjust_from, plan.adjustment, reason))
    if plan.rows:
        steps.append(WriteRows(plan.rows, ChangeReason.OUTAGE))
    return steps


def is_old(gap: Gap) -> bool:
    """Return whether a gap has waited so long that it is given up."""
    return _age(gap) > GIVE_UP_AFTER


def _age(gap: Gap) -> timedelta:
    return dt_util.utcnow() - dt_util.utc_from_timestamp(gap.end)


def _without_earlier_repair(hours: Sequence[Row], hour: int, rows: StatisticRows) -> list[Row]:
    """Return rows, with the one at `hour` as Home Assistant wrote it before an earlier repair.

    A gap is repaired again when the user enters or corrects the energy that was counted in it.
    """
    return [
        rows.recorded.get(hour, row) if row.start == hour else row
        for row in hours
        if row.start != hour or hour not in rows.own
    ]


def _with_energy(gap: Gap, source: Source) -> Gap:
    """Return a gap with the energy counted after a reset: the counter of a plug restarts at 0."""
    limit = MAX_PLUG_POWER * (gap.end - gap.start) / HOUR
    is_reset = gap.verdict is Verdict.REPLACED and gap.after < gap.before
    if source.starts_at_zero and is_reset and gap.after <= limit:
        return replace(gap, counted=gap.after, counted_since=gap.start)
    return gap
