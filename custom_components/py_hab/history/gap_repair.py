"""Makes the statistics of a counter reflect its gaps: outages, silences, replaced meters."""

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
from .planning.rows import HOUR, SAME, Row, full_hour
from .sources import Source
from .statistics.editor import StatisticsEditor
from .statistics.journal import ChangeReason, StatisticChanges

_LOGGER = logging.getLogger(__name__)

WEEK: Final = 7 * 24 * HOUR
GIVE_UP_AFTER: Final = timedelta(days=2)
"""A gap that no statistics show by then belongs to an entity that is not recorded."""
MAX_PLUG_POWER: Final = 3.7
"""kW; what one plug or relay of FRITZ!'s switches (16 A)."""


@dataclass(frozen=True, slots=True)
class GapResult:
    """What a gap needs."""

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
        """Prepare; nothing is read yet."""
        self._entry = entry
        self._counters = counters
        self._editor = editor
        self._dry_run = dry_run

    def gaps_of(self, source: Source) -> list[Gap]:
        """Return the gaps of a counter that the statistics do not reflect yet."""
        return [gap for gap in self._counters.gaps if gap.key == source.counter]

    def is_overdue(self, source: Source) -> bool:
        """Whether a gap has waited long enough for the box to report its statistics."""
        return any(_age(gap) > GIVE_UP_AFTER / 2 for gap in self.gaps_of(source))

    def give_up(self, source: Source) -> None:
        """Drop the gaps of a counter that could not be repaired for long."""
        self._drop_old(self.gaps_of(source))

    def drop_unknown(self, known: set[str | None]) -> None:
        """Drop gaps of counters that have no statistics: their entity is disabled."""
        self._drop_old([gap for gap in self._counters.gaps if gap.key not in known])

    def _drop_old(self, gaps: Sequence[Gap]) -> None:
        for gap in gaps:
            if _age(gap) > GIVE_UP_AFTER and not self._dry_run:
                self._counters.settle(gap)

    async def async_repair(
        self, source: Source, gap: Gap, known_readings: Mapping[int, float]
    ) -> GapResult | None:
        """Make the statistics reflect a gap; return what that takes, None if it must wait.

        `known_readings` are readings in kWh at full hours (unix time).
        """
        statistic = source.statistic
        complete = _with_energy(gap, source)
        plan = await self._async_plan(source, complete, known_readings)
        until = self._editor.compiled_until()
        # The hour of the last reading before is written as well: it must be compiled.
        if plan is None or any(row.start + HOUR > until for row in plan.rows):
            self._drop_old([gap])
            return None
        if not self._dry_run:
            if abs(plan.shift) > SAME:
                reason = ChangeReason.SILENCE if plan.restarted else ChangeReason.REPLACEMENT
                await self._editor.async_adjust_sum(statistic, plan.at, plan.shift, reason)
            await self._editor.async_write(statistic, plan.rows, ChangeReason.OUTAGE)
            self._counters.settle(gap)
            if plan.rows:
                _LOGGER.info("%s: an outage repaired, %d hours", statistic.id, len(plan.rows))
        return GapResult(
            hours=frozenset(row.start for row in plan.rows),
            report=RepairReport(
                since=dt_util.utc_from_timestamp(complete.start),
                until=dt_util.utc_from_timestamp(complete.end),
                energy=round(complete.energy, 3),
                shift=round(plan.shift, 3),
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
            # The last row is older than the last reading.
            hours = [*await self._editor.async_hourly_rows(statistic, 0.0, since), *hours]
        changes = self._editor.journal.changes_of(statistic.id)
        return plan_outage_repair(
            gap,
            short_term_rows=await self._editor.async_short_term_rows(statistic, since),
            hours=_as_measured(hours, full_hour(gap.start), changes),
            ours=changes.inserted,
            known=known_readings,
            load_profile=await self._async_load_profile(source, gap),
        )

    async def _async_load_profile(self, source: Source, gap: Gap) -> Mapping[int, float]:
        """Return the kWh of the hours a week before a gap, by the gap's hours, if wanted."""
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


def _age(gap: Gap) -> timedelta:
    return dt_util.utcnow() - dt_util.utc_from_timestamp(gap.end)


def _as_measured(hours: Sequence[Row], hour: int, changes: StatisticChanges) -> list[Row]:
    """Return rows with one as Home Assistant had it, before energy of a gap was spread over it.

    A gap may be repaired again: the user has entered what was counted, or corrects it.
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
    """Return a gap with what was counted after a reset: a plug's counter restarts at 0."""
    possible = MAX_PLUG_POWER * (gap.end - gap.start) / HOUR
    is_reset = gap.verdict is Verdict.REPLACED and gap.after < gap.before
    if source.starts_at_zero and is_reset and gap.after <= possible:
        return replace(gap, counted=gap.after)
    return gap
