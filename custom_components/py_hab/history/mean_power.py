"""Reads what the counters of a device know about its power."""

from collections.abc import Mapping

from .planning.mean_power import MeanOfHour, difference, energy_by_hour
from .sources import PowerCounters
from .statistics.editor import StatisticsEditor
from .statistics.gateway import Statistic


async def async_mean_power(
    editor: StatisticsEditor, counters: PowerCounters
) -> Mapping[int, MeanOfHour]:
    """Return the mean power of each hour that the statistics of counters contain.

    Raises HomeAssistantError if the database does not answer.
    """
    drawn = await _async_energy(editor, counters.counted)
    if counters.deducted is None:
        return drawn
    return difference(drawn, await _async_energy(editor, counters.deducted))


async def _async_energy(editor: StatisticsEditor, statistic: Statistic) -> Mapping[int, MeanOfHour]:
    origins = await editor.async_origins(statistic)
    return await editor.async_find(statistic, lambda rows: energy_by_hour(rows, origins))
