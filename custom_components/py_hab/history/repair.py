"""What users ask for: taking back what we wrote, and mending what others have spoiled."""

from collections.abc import Sequence
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from .planning.spikes import Spike, find_spikes
from .statistics.editor import StatisticsEditor, get_editor
from .statistics.gateway import Statistic
from .statistics.journal import ChangeReason


def _ready(hass: HomeAssistant) -> StatisticsEditor:
    """Return the door, if there is a recorder behind it."""
    found = get_editor(hass)
    if not found.is_ready():
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
    return found


async def async_undo(hass: HomeAssistant, statistic_id: str, *, dry_run: bool) -> dict[str, Any]:
    """Take back everything that we wrote into a statistic; return what that was.

    Nothing is written into it by itself any more until the user asks for it.
    """
    statistics = _ready(hass)
    async with statistics.lock:
        changes = statistics.journal.changes_of(statistic_id)
        about = {
            "entity_id": statistic_id,
            "rows_removed": len(changes.inserted),
            "rows_restored": len(changes.replaced),
            "shifts": [
                {"since": dt_util.utc_from_timestamp(start).isoformat(), "energy": round(amount, 6)}
                for start, amount in changes.sum_adjustments
            ],
        }
        if not dry_run:
            changes.undone = True
            await statistics.async_undo(await statistics.async_statistic(statistic_id))
        return about


async def async_mend_spikes(
    hass: HomeAssistant, statistic_ids: Sequence[str], *, max_power: float, dry_run: bool
) -> list[dict[str, Any]]:
    """List the hours of energy statistics that are impossible; correct them if asked to.

    `max_power` in kW. Raises ServiceValidationError for what is no statistic of energy, before
    anything is changed.
    """
    statistics = _ready(hass)
    async with statistics.lock:
        chosen = [await _async_energy(statistics, each) for each in statistic_ids]
        return [
            await _async_mend(hass, statistics, statistic, max_power, dry_run=dry_run)
            for statistic in chosen
        ]


async def _async_energy(statistics: StatisticsEditor, statistic_id: str) -> Statistic:
    """Return a statistic of energy."""
    if not await statistics.async_is_energy(statistic_id):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_energy_statistic",
            translation_placeholders={"statistic_id": statistic_id},
        )
    return await statistics.async_statistic(statistic_id)


async def _async_mend(
    hass: HomeAssistant,
    statistics: StatisticsEditor,
    statistic: Statistic,
    max_power: float,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """List the impossible hours of one statistic; correct them if asked to."""
    rows = await statistics.async_sums(statistic)
    spikes = await hass.async_add_executor_job(_found, rows, max_power)
    for spike in spikes if not dry_run else ():
        await statistics.async_adjust_sum(
            statistic, spike.start, spike.proposed - spike.change, ChangeReason.SPIKE
        )
    return {"entity_id": statistic.id, "spikes": [_about(spike) for spike in spikes]}


def _found(rows: list[tuple[int, float | None, float]], max_power: float) -> list[Spike]:
    return find_spikes(rows, max_power=max_power)


def _about(spike: Spike) -> dict[str, Any]:
    return {
        "start": dt_util.as_local(dt_util.utc_from_timestamp(spike.start)).isoformat(),
        "energy": round(spike.change, 3),
        "proposed": round(spike.proposed, 3),
        "reason": spike.reason.value,
    }
