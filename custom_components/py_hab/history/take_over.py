"""Takes over the hours that another sensor has recorded of the same counter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from homeassistant.components.sensor import ATTR_STATE_CLASS, SensorDeviceClass, SensorStateClass
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now
from homeassistant.util.unit_conversion import EnergyConverter

from ..const import DOMAIN
from ..entry import StatisticReport
from ..util.texts import local_number
from .planning.backfill import InsertPlan
from .planning.change import Change, StatisticRows
from .planning.rows import HOUR, Row, full_hour
from .planning.same_counter import Comparison, Doubt, Match, Shown, match
from .planning.take_over import UsableHours, plan_take_over, usable_hours
from .statistics.editor import get_ready_editor
from .statistics.gateway import Statistic

UNIT: Final = UnitOfEnergy.KILO_WATT_HOUR
KWH: Final = ",.3f"
"""Format of readings and energies."""
_DIFFERENT: Final[Mapping[Doubt, str]] = {
    Doubt.OTHER_HOURS: "another_counter_other_hours",
    Doubt.OTHER_READINGS: "another_counter_other_readings",
    Doubt.NOTHING_TO_COMPARE: "another_counter_nothing_to_compare",
}
"""The translation keys of the errors."""
RECENT: Final = timedelta(minutes=15)
"""The age up to which the state of another sensor is its present reading."""
IMPOSSIBLE = "impossible"
"""The reason in a report for hours that were corrected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenOver:
    """What was taken over from another statistic, or would be in a dry run."""

    source: str
    corrected: int
    """Hours of the source whose booked energy was impossible."""
    report: StatisticReport
    difference: Comparison | None = None
    """Why the source seems to be another counter, None if it does not."""


def counters_of(hass: HomeAssistant, entry_id: str) -> list[str]:
    """Return the enabled counters of an entry: entities whose energy only rises, feed-in last."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry_id)
    found = [item for item in entities if _is_counter(item) and not item.disabled]
    return [item.entity_id for item in sorted(found, key=lambda item: "export" in item.unique_id)]


def _is_counter(item: er.RegistryEntry) -> bool:
    state_class = (item.capabilities or {}).get(ATTR_STATE_CLASS)
    return (
        item.platform == DOMAIN
        and item.original_device_class == SensorDeviceClass.ENERGY
        and state_class == SensorStateClass.TOTAL_INCREASING
    )


async def async_take_over(
    hass: HomeAssistant,
    source: str,
    entity_id: str,
    *,
    dry_run: bool,
    accept_difference: bool = False,
) -> TakenOver:
    """Write the hours of a statistic that a counter of ours lacks; the source stays as it is.

    Hours that Home Assistant has measured of our counter remain. Raises ServiceValidationError if
    the statistics do not fit, or, without `accept_difference`, if the source seems to be another
    counter, and HomeAssistantError if the recorder refuses. A dry run reports the difference.
    """
    editor = get_ready_editor(hass)
    entity = er.async_get(hass).async_get(entity_id)
    if entity is None or not _is_counter(entity) or source == entity_id:
        raise _unfit("no_counter", entity_id)
    if not await editor.async_is_energy(source):
        raise _unfit("no_energy_statistic", source)
    hours = await editor.async_hourly_rows(await editor.async_statistic(source))
    counter = Statistic(
        id=entity_id,
        unit=UNIT,
        has_sum=True,
        entry_id=entity.config_entry_id,
    )
    shown, ours = _both_shown(hass, source, entity_id), _shown_now(hass, entity_id)

    def compare(rows: StatisticRows) -> tuple[UsableHours, Match]:
        found = usable_hours(hours)
        return found, match(hours, found.rows, _measured(rows) or ours, shown)

    found, matched = await editor.async_find(counter, compare)
    difference = matched.difference
    if difference is not None and not (dry_run or accept_difference):
        raise _different(hass, difference, source, entity_id)
    plan = InsertPlan()

    def merge(rows: StatisticRows) -> Change:
        nonlocal plan
        plan, change = plan_take_over(matched, rows)
        return change

    await editor.async_change(counter, merge, dry_run=dry_run, run=ulid_now())
    first = dt_util.utc_from_timestamp(plan.rows[0].start) if plan.rows else None
    return TakenOver(
        source=source,
        corrected=found.corrected,
        difference=difference,
        report=StatisticReport(
            entity_id=entity_id,
            rows=len(plan.rows),
            energy=plan.energy,
            since=first,
            left_out=[IMPOSSIBLE] if found.corrected else [],
        ),
    )


def _measured(rows: StatisticRows) -> list[Row]:
    """Return the rows of a counter that Home Assistant has measured."""
    hourly = [row for row in rows.hourly if row.start not in rows.own]
    return hourly or list(rows.short_term[:1])


def _shown_now(hass: HomeAssistant, entity_id: str) -> list[Row]:
    """Return the present reading of a counter without rows as if it were a row, or nothing."""
    kwh = _shown(hass.states.get(entity_id))
    return [] if kwh is None else [Row(full_hour(dt_util.utcnow().timestamp()), HOUR, kwh, 0.0)]


def _both_shown(hass: HomeAssistant, source: str, entity_id: str) -> Shown | None:
    """Return what both sensors show now, None if one of them shows nothing."""
    state = hass.states.get(source)
    if state is None or dt_util.utcnow() - state.last_reported > RECENT:
        return None
    theirs, ours = _shown(state), _shown(hass.states.get(entity_id))
    return None if theirs is None or ours is None else Shown(theirs, ours)


def _shown(state: State | None) -> float | None:
    """Return the reading of a sensor in kWh."""
    if state is None:
        return None
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    try:
        return EnergyConverter.convert(float(state.state), unit, UNIT)
    except ValueError, HomeAssistantError:
        return None


def _different(
    hass: HomeAssistant, difference: Comparison, source: str, entity_id: str
) -> ServiceValidationError:
    language = hass.config.language
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=_DIFFERENT[difference.doubt],
        translation_placeholders={
            "source_id": source,
            "entity_id": entity_id,
            "source": local_number(difference.source, KWH, language=language),
            "counter": local_number(difference.counter, KWH, language=language),
            "hours": str(difference.hours),
        },
    )


def _unfit(key: str, statistic_id: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"statistic_id": statistic_id},
    )
