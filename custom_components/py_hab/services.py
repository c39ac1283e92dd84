"""Actions that maintain, import, undo and correct the history."""

from collections.abc import Iterable
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_ENTITY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry, async_register_admin_service

from .const import DOMAIN
from .coordinator import PyHabConfigEntry
from .counters.guard import DEFAULT_MAX_POWER
from .history.files.csv_format import UNITS, UNITS_OF, Content, FileZone, Label
from .history.files.csv_import import async_import_csv
from .history.files.legacy_importer import async_import_file
from .history.files.moments import DayOrder
from .history.files.numbers import DecimalMark
from .history.repair import async_find_spikes, async_remove_spikes
from .history.statistics.editor import get_editor
from .history.statistics.gateway import statistic_id
from .history.take_over import async_take_over
from .history.undo import async_take_back, async_undo, runs
from .util.records import encode

ATTR_DRY_RUN: Final = "dry_run"
ATTR_RESHAPE: Final = "reshape"
ATTR_PATH: Final = "path"
ATTR_RUN: Final = "run"
ATTR_SOURCE: Final = "source"
ATTR_ACCEPT_DIFFERENCE: Final = "accept_difference"
ATTR_MAX_POWER: Final = "max_power_kw"
ATTR_STATISTIC_ID: Final = "statistic_id"
ATTR_COLUMN: Final = "column"
ATTR_SERIES: Final = "series"

BACKFILL: Final = "backfill"
IMPORT_DATABASE: Final = "import_database"
IMPORT_FILE: Final = "import_file"
UNDO_HISTORY: Final = "undo_history"
GET_RUNS: Final = "get_runs"
FIND_SPIKES: Final = "find_spikes"
REMOVE_SPIKES: Final = "remove_spikes"
TAKE_OVER: Final = "take_over"


_STATISTICS: Final = vol.All(cv.ensure_list, [statistic_id])

_BACKFILL_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
        vol.Optional(ATTR_RESHAPE, default=False): cv.boolean,
    }
)
_IMPORT_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_PATH): cv.string,
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)
_CHOICES: Final = ("content", "unit", "label", "zone", "decimal", "order")
"""What the caller may say of a table, by the attribute of its format."""
_IMPORT_FILE_SCHEMA: Final = _IMPORT_SCHEMA.extend(
    {
        vol.Optional(ATTR_STATISTIC_ID): statistic_id,
        vol.Optional(ATTR_COLUMN): cv.string,
        vol.Optional(ATTR_SERIES): cv.string,
        vol.Optional("content"): vol.All(vol.In([*UNITS_OF]), vol.Coerce(Content)),
        vol.Optional("unit"): vol.In([*UNITS]),
        vol.Optional("label"): vol.Coerce(Label),
        vol.Optional("zone"): vol.Coerce(FileZone),
        vol.Optional("decimal"): vol.Coerce(DecimalMark),
        vol.Optional("order"): vol.Coerce(DayOrder),
    }
)
_UNDO_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_ENTITY_ID): _STATISTICS,
        vol.Optional(ATTR_RUN): cv.string,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)
_RUNS_SCHEMA: Final = vol.Schema({vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string})
_SPIKES_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_ENTITY_ID): vol.All(_STATISTICS, vol.Length(min=1)),
        vol.Optional(ATTR_MAX_POWER, default=DEFAULT_MAX_POWER): vol.All(
            vol.Coerce(float), vol.Range(min=0.1, max=10_000)
        ),
    }
)
_TAKE_OVER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_ENTITY_ID): cv.entity_id,
        vol.Required(ATTR_SOURCE): statistic_id,
        vol.Optional(ATTR_ACCEPT_DIFFERENCE, default=False): cv.boolean,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)


@callback
def async_register_actions(hass: HomeAssistant) -> None:
    """Register the actions. All of them need an administrator."""
    optional, only = SupportsResponse.OPTIONAL, SupportsResponse.ONLY
    for name, action, schema, response in (
        (BACKFILL, _async_backfill, _BACKFILL_SCHEMA, optional),
        (IMPORT_DATABASE, _async_import_database, _IMPORT_SCHEMA, optional),
        (IMPORT_FILE, _async_import_file, _IMPORT_FILE_SCHEMA, optional),
        (UNDO_HISTORY, _async_undo_history, _UNDO_SCHEMA, optional),
        (GET_RUNS, _async_get_runs, _RUNS_SCHEMA, only),
        (FIND_SPIKES, _async_find_spikes, _SPIKES_SCHEMA, only),
        (REMOVE_SPIKES, _async_remove_spikes, _SPIKES_SCHEMA, optional),
        (TAKE_OVER, _async_take_over, _TAKE_OVER_SCHEMA, optional),
    ):
        async_register_admin_service(hass, DOMAIN, name, action, schema, supports_response=response)


async def _async_backfill(call: ServiceCall) -> ServiceResponse:
    """Maintain the history of an entry now."""
    entry: PyHabConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    reports = await entry.runtime_data.history.async_run(
        dry_run=call.data[ATTR_DRY_RUN], reshape=call.data[ATTR_RESHAPE]
    )
    return {ATTR_DRY_RUN: call.data[ATTR_DRY_RUN], "entities": encode(reports)}


async def _async_import_database(call: ServiceCall) -> ServiceResponse:
    """Import a legacy file."""
    entry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    done = await async_import_file(
        call.hass, entry, call.data[ATTR_PATH], dry_run=call.data[ATTR_DRY_RUN]
    )
    return {ATTR_DRY_RUN: call.data[ATTR_DRY_RUN], "series": [item.as_json() for item in done]}


async def _async_import_file(call: ServiceCall) -> ServiceResponse:
    """Import a table of readings."""
    entry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    form, done = await async_import_csv(
        call.hass,
        entry,
        call.data[ATTR_PATH],
        column=call.data.get(ATTR_COLUMN),
        series=call.data.get(ATTR_SERIES),
        target=call.data.get(ATTR_STATISTIC_ID),
        choices={name: call.data[name] for name in _CHOICES if name in call.data},
        dry_run=call.data[ATTR_DRY_RUN],
    )
    return {
        ATTR_DRY_RUN: call.data[ATTR_DRY_RUN],
        "read_as": {name: str(getattr(form, name)) for name in _CHOICES},
        "series": [item.as_json() for item in done],
    }


async def _async_undo_history(call: ServiceCall) -> ServiceResponse:
    """Undo our changes of statistics: all of them, or those of a run and later ones."""
    dry_run, run = call.data[ATTR_DRY_RUN], call.data.get(ATTR_RUN)
    entry_id, statistic_ids = call.data.get(ATTR_CONFIG_ENTRY_ID), call.data.get(ATTR_ENTITY_ID)
    if run is None:
        chosen = _changed_statistics(call.hass, entry_id, statistic_ids)
        reports = [await async_undo(call.hass, each, dry_run=dry_run) for each in chosen]
    else:
        changed = _changed_by(call.hass, run)
        chosen = _changed_statistics(call.hass, entry_id, statistic_ids or changed)
        reports = await async_take_back(call.hass, run, chosen, dry_run=dry_run)
    return {ATTR_DRY_RUN: dry_run, "entities": encode(reports)}


async def _async_get_runs(call: ServiceCall) -> ServiceResponse:
    """Return the runs that have changed statistics and can be taken back."""
    return {"runs": encode(runs(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID)))}


def _changed_by(hass: HomeAssistant, wanted: str) -> list[str]:
    """Return the statistics that a run has changed. Raises ServiceValidationError without any."""
    for run in runs(hass):
        if run.run == wanted:
            return [part.entity_id for part in run.statistics]
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_such_run")


def _changed_statistics(
    hass: HomeAssistant, entry_id: str | None, statistic_ids: Iterable[str] | None
) -> list[str]:
    """Return the statistics to be undone: those given, or all of the entry.

    Raises ServiceValidationError if neither is given, or if a given one has not been changed.
    """
    if entry_id is None and statistic_ids is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="undo_what")
    journal = get_editor(hass).journal
    if statistic_ids is None:
        return list(journal.of_entry(entry_id or ""))
    for each in statistic_ids:
        changes = journal.by_statistic.get(each)
        if changes is None or entry_id not in (None, changes.entry_id):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="nothing_to_undo",
                translation_placeholders={"statistic_id": each},
            )
    return list(statistic_ids)


async def _async_find_spikes(call: ServiceCall) -> ServiceResponse:
    """Return the impossible hours of energy statistics."""
    entity_ids, max_power = call.data[ATTR_ENTITY_ID], call.data[ATTR_MAX_POWER]
    found: list[Any] = await async_find_spikes(call.hass, entity_ids, max_power=max_power)
    return {"entities": found}


async def _async_remove_spikes(call: ServiceCall) -> ServiceResponse:
    """Correct the impossible hours of energy statistics."""
    entity_ids, max_power = call.data[ATTR_ENTITY_ID], call.data[ATTR_MAX_POWER]
    corrected: list[Any] = await async_remove_spikes(call.hass, entity_ids, max_power=max_power)
    return {"entities": corrected}


async def _async_take_over(call: ServiceCall) -> ServiceResponse:
    """Take over the hours that another sensor has recorded of a counter."""
    dry_run = call.data[ATTR_DRY_RUN]
    done = await async_take_over(
        call.hass,
        call.data[ATTR_SOURCE],
        call.data[ATTR_ENTITY_ID],
        dry_run=dry_run,
        accept_difference=call.data[ATTR_ACCEPT_DIFFERENCE],
    )
    about: Any = encode(done)
    return {ATTR_DRY_RUN: dry_run, **about}
