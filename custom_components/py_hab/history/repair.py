"""Actions on statistics: find and correct impossible hours."""

from collections.abc import Sequence
from math import isnan
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ..const import DOMAIN
from .planning.change import AdjustSum, Change, ChangeReason, StatisticRows
from .planning.rows import HourlySum
from .planning.spikes import Spike, find_spikes
from .statistics.editor import StatisticsEditor, get_ready_editor
from .statistics.gateway import Statistic


async def async_find_spikes(
    hass: HomeAssistant, statistic_ids: Sequence[str], *, max_power: float
) -> list[dict[str, Any]]:
    """Return the impossible hours of energy statistics for the action; `max_power` is in kW.

    Raises ServiceValidationError if a statistic is not one of energy.
    """
    return await _async_spikes(hass, statistic_ids, max_power, is_corrected=False)


async def async_remove_spikes(
    hass: HomeAssistant, statistic_ids: Sequence[str], *, max_power: float
) -> list[dict[str, Any]]:
    """Correct the impossible hours of energy statistics, and return them; `max_power` is in kW.

    Raises ServiceValidationError before anything is changed if a statistic is not one of energy.
    """
    return await _async_spikes(hass, statistic_ids, max_power, is_corrected=True)


async def _async_energy_statistic(editor: StatisticsEditor, statistic_id: str) -> Statistic:
    """Return a statistic. Raises ServiceValidationError if it is not one of energy."""
    if not await editor.async_is_energy(statistic_id):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_energy_statistic",
            translation_placeholders={"statistic_id": statistic_id},
        )
    return await editor.async_statistic(statistic_id)


async def _async_spikes(
    hass: HomeAssistant, statistic_ids: Sequence[str], max_power: float, *, is_corrected: bool
) -> list[dict[str, Any]]:
    editor = get_ready_editor(hass)
    reports: list[dict[str, Any]] = []
    run = ulid_now()
    for statistic in [await _async_energy_statistic(editor, each) for each in statistic_ids]:
        spikes: Sequence[Spike] = ()

        def correct(rows: StatisticRows) -> Change:
            nonlocal spikes
            spikes = find_spikes(
                [
                    HourlySum(row.start, None if isnan(row.state) else row.state, row.sum)
                    for row in rows.hourly
                ],
                max_power=max_power,
            )
            return [
                AdjustSum(spike.start, spike.proposed - spike.change, ChangeReason.SPIKE)
                for spike in spikes
            ]

        await editor.async_change(statistic, correct, dry_run=not is_corrected, run=run)
        reports.append(_report(statistic, spikes))
    return reports


def _report(statistic: Statistic, spikes: Sequence[Spike]) -> dict[str, Any]:
    return {
        "entity_id": statistic.id,
        "spikes": [
            {
                "start": dt_util.as_local(dt_util.utc_from_timestamp(spike.start)).isoformat(),
                "energy": round(spike.change, 3),
                "proposed": round(spike.proposed, 3),
                "reason": spike.reason.value,
            }
            for spike in spikes
        ],
    }
