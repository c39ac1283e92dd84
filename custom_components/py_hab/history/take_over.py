"""Takes over the hours that another sensor has recorded of the same counter."""

from dataclasses import dataclass

from homeassistant.components.sensor import ATTR_STATE_CLASS, SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ..const import DOMAIN
from ..entry import StatisticReport
from .planning.backfill import InsertPlan, insertion
from .planning.change import Change, ChangeReason, StatisticRows
from .planning.merge import plan_merge
from .planning.rows import SumRow
from .planning.take_over import usable_hours
from .statistics.editor import get_ready_editor
from .statistics.gateway import Statistic

IMPOSSIBLE = "impossible"
"""The reason in a report for hours that were corrected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenOver:
    """What was taken over from another statistic, or would be in a dry run."""

    source: str
    corrected: int
    """Hours of the source whose booked energy was impossible."""
    report: StatisticReport


def counters_of(hass: HomeAssistant, entry_id: str) -> list[str]:
    """Return the counters of an entry: its entities whose energy only rises, feed-in last."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry_id)
    found = [item for item in entities if _is_counter(item)]
    return [item.entity_id for item in sorted(found, key=lambda item: "export" in item.unique_id)]


def _is_counter(item: er.RegistryEntry) -> bool:
    state_class = (item.capabilities or {}).get(ATTR_STATE_CLASS)
    return (
        item.platform == DOMAIN
        and item.original_device_class == SensorDeviceClass.ENERGY
        and state_class == SensorStateClass.TOTAL_INCREASING
    )


async def async_take_over(
    hass: HomeAssistant, source: str, entity_id: str, *, dry_run: bool
) -> TakenOver:
    """Write the hours of a statistic that a counter of ours lacks; the source stays as it is.

    Hours that Home Assistant has measured of our counter remain. Raises ServiceValidationError if
    the statistics do not fit, and HomeAssistantError if the recorder refuses.
    """
    editor = get_ready_editor(hass)
    entity = er.async_get(hass).async_get(entity_id)
    if entity is None or not _is_counter(entity) or source == entity_id:
        raise _unfit("no_counter", entity_id)
    if not await editor.async_is_energy(source):
        raise _unfit("no_energy_statistic", source)
    found = usable_hours(await editor.async_hourly_rows(await editor.async_statistic(source)))
    plan = InsertPlan()

    def merge(rows: StatisticRows) -> Change:
        nonlocal plan
        own = [
            SumRow(row.start, row.state, row.sum) for row in rows.hourly if row.start in rows.own
        ]
        live = [row for row in rows.hourly if row.start not in rows.own]
        plan = plan_merge(found.rows, own, live or rows.short_term[:1], rows.until)
        return insertion(plan, rows, ChangeReason.IMPORT)

    counter = Statistic(
        id=entity_id,
        unit=UnitOfEnergy.KILO_WATT_HOUR,
        has_sum=True,
        entry_id=entity.config_entry_id,
    )
    await editor.async_change(counter, merge, dry_run=dry_run, run=ulid_now())
    first = dt_util.utc_from_timestamp(plan.rows[0].start) if plan.rows else None
    return TakenOver(
        source=source,
        corrected=found.corrected,
        report=StatisticReport(
            entity_id=entity_id,
            rows=len(plan.rows),
            energy=plan.energy,
            since=first,
            left_out=[IMPOSSIBLE] if found.corrected else [],
        ),
    )


def _unfit(key: str, statistic_id: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"statistic_id": statistic_id},
    )
