"""Repairs the statistics of counters after gaps: outages, missing messages, replaced meters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
import logging
from typing import Final

from homeassistant.util import dt as dt_util

from ..const import CONF_SHAPE, OutageShape
from ..counters.gap import Gap
from ..counters.store import CounterStore
from ..counters.verdict import Verdict
from ..entry import AnyConfigEntry, RepairReport
from .planning.outage import OutageRepair, plan_outage_repair
from .planning.rows import HOUR, ROUNDING_ERROR, Row, full_hour
from .sources import Source
from .statistics.editor import StatisticsEditor
from .statistics.journal import ChangeReason, StatisticChanges

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

    def __init__(
        self,
        entry: AnyConfigEntry,
        counters: CounterStore,
        editor: StatisticsEditor,
        *,
        dry_run: bool,
    ) -> None:
        """Create the repair; nothing is read yet."""
        self._entry = entry
        self._counters = counters
        self._editor = editor
        self._dry_run = dry_run

    def gaps_of(self, source: Source) -> list[Gap]:
        """Return the gaps of a counter that have not been repaired yet."""
        return [gap for gap in self._counters.gaps if gap.key == source.counter]

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
            if is_old(gap) and not self._dry_run:
                self._counters.settle(gap)

    async def async_repair(
        self, source: Source, gap: Gap, known_readings: Mapping[int, float]
    ) -> GapResult | None:
        """Repair the statistics of a counter after a gap.

        `known_readings` are readings (kWh) at full hours (unix times). Returns None, and changes
        nothing, until the hours of the gap and a reading after it have been compiled. Raises
        HomeAssistantError if the recorder refuses.
        """
        statistic = source.statistic
        complete = _with_energy(gap, source)
        plan = await self._async_plan(source, complete, known_readings)
        until = self._editor.compiled_until()
        # The hour of the last reading before the gap is written as well.
        if plan is None or any(row.start + HOUR > until for row in plan.rows):
            self._drop_old([gap])
            return None
        if not self._dry_run:
            if abs(plan.adjustment) > ROUNDING_ERROR:
                reason = ChangeReason.SILENCE if plan.sum_restarted else ChangeReason.REPLACEMENT
                await self._editor.async_adjust_sum(
                    statistic, plan.adjust_from, plan.adjustment, reason
                )
            await self._editor.async_write(statistic, plan.rows, ChangeReason.OUTAGE)
            self._counters.settle(gap)
            if plan.rows:
                _LOGGER.info("%s: outage of %d hours repaired", statistic.id, len(plan.rows))
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

    async def _async_plan(
        self, source: Source, gap: Gap, known_readings: Mapping[int, float]
    ) -> OutageRepair | None:
        statistic = source.statistic
        since = full_hour(gap.start) - 2 * HOUR
        hours = await self._editor.async_hourly_rows(statistic, since)
        if not hours or hours[0].end > gap.start:
            # No row near the gap precedes it: the last one may be much older.
            hours = [*await self._editor.async_hourly_rows(statistic, 0.0, since), *hours]
        changes = self._editor.journal.changes_of(statistic.id)
        return plan_outage_repair(
            gap,
            short_term_rows=await self._editor.async_short_term_rows(statistic, since),
            hourly_rows=_without_earlier_repair(hours, full_hour(gap.start), changes),
            own_hours=changes.inserted,
            known_readings=known_readings,
            load_profile=await self._async_load_profile(source, gap),
        )

    async def _async_load_profile(self, source: Source, gap: Gap) -> Mapping[int, float]:
        """Return the kWh of the hours of a gap as they were a week before; empty if not wanted."""
        if self._entry.options.get(CONF_SHAPE) != OutageShape.WEEK_BEFORE:
            return {}
        hours = await self._editor.async_hourly_rows(
            source.statistic, gap.start - WEEK - 2 * HOUR, gap.end - WEEK + HOUR
        )
        return {
            row.start + WEEK: row.sum - before.sum
            for before, row in pairwise(hours)
            if row.start == before.end
        }


def is_old(gap: Gap) -> bool:
    """Return whether a gap has waited so long that it is given up."""
    return _age(gap) > GIVE_UP_AFTER


def _age(gap: Gap) -> timedelta:
    return dt_util.utcnow() - dt_util.utc_from_timestamp(gap.end)


def _without_earlier_repair(
    hours: Sequence[Row], hour: int, changes: StatisticChanges
) -> list[Row]:
    """Return rows, with the one at `hour` as Home Assistant wrote it before an earlier repair.

    A gap is repaired again when the user enters or corrects the energy that was counted in it.
    """
    found = [row for row in hours if row.start != hour or hour not in changes.inserted]
    for number, row in enumerate(found):
        if row.start == hour and hour in changes.replaced:
            match changes.without_our_changes(hour, {"sum": row.sum}):
                case {"state": int() | float() as state, "sum": int() | float() as total}:
                    total += changes.adjustment_at(hour)
                    found[number] = replace(row, state=state, sum=total)
    return found


def _with_energy(gap: Gap, source: Source) -> Gap:
    """Return a gap with the energy counted after a reset: the counter of a plug restarts at 0."""
    limit = MAX_PLUG_POWER * (gap.end - gap.start) / HOUR
    is_reset = gap.verdict is Verdict.REPLACED and gap.after < gap.before
    if source.starts_at_zero and is_reset and gap.after <= limit:
        return replace(gap, counted=gap.after)
    return gap
