"""The maintenance of measurements: completes their history before they were measured."""

from homeassistant.util import dt as dt_util

from ..fritzbox.device_stats import DeviceStats
from .box.means import hourly_means
from .findings import Findings
from .mean_power import async_mean_power
from .planning.backfill import missing_means
from .planning.change import Change, ChangeReason, StatisticRows, WriteRows
from .planning.mean_power import plan_power
from .planning.origin import Origin
from .run_changes import RunChanges
from .sources import PowerCounters, Source


async def async_complete_means(
    changes: RunChanges, source: Source, stats: DeviceStats, found: Findings
) -> None:
    """Write the hours of a measurement that the device statistics cover and the recorder lacks.

    Raises HomeAssistantError if the database refuses, or if the run was stopped.
    """
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

    await changes.async_complete(source.statistic, complete)


async def async_complete_power(
    changes: RunChanges, source: Source, counters: PowerCounters, found: Findings
) -> None:
    """Write the mean power of the hours before it was measured, as counters know it.

    Raises HomeAssistantError if the database refuses, or if the run was stopped.
    """
    known = await async_mean_power(changes.editor, counters)
    if known:
        found.since = dt_util.utc_from_timestamp(min(known))

    def complete(rows: StatisticRows) -> Change:
        step = plan_power(known, rows)
        found.hours = {row.start for row in step.rows}
        return [step]

    await changes.async_complete(source.statistic, complete)
