"""Actions that return data, or request new data, as the API of the py_hab server did."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

import voluptuous as vol

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_ENTITY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ..history.files.export import MAX_ROWS, Period, async_export, async_write_export
from ..history.statistics.gateway import statistic_id
from .jobs import FAILED, Job, jobs
from .parameters import (
    ATTR_END,
    ATTR_INCLUDE_SPREAD,
    ATTR_ORIGIN,
    ATTR_START,
    INCLUDE_SPREAD,
    ORIGIN,
    PAGE,
    TIME_RANGE,
    span_of,
)
from .profile import Grouping
from .queries import (
    async_measurements,
    async_profile,
    async_series,
    check_entity,
    check_permission,
    local,
    may_read,
    may_read_all,
    may_read_entry,
    rounded,
)
from .readings import Profile
from .series import RecordedSeries, recorded_series
from .series_history import Range, async_series_history

ATTR_DEVICE: Final = "device"
ATTR_SUB_ENTITY: Final = "sub_entity"
ATTR_NAME: Final = "name"
ATTR_PERIOD: Final = "period"
ATTR_PATH: Final = "path"
ATTR_OVERWRITE: Final = "overwrite"

GET_DEVICES: Final = "get_devices"
GET_MEASUREMENTS: Final = "get_measurements"
GET_PROFILE: Final = "get_profile"
GET_HISTORY: Final = "get_history"
GET_JOBS: Final = "get_jobs"
EXPORT: Final = "export"
REFRESH: Final = "refresh"

ANSWER_WITHIN: Final = timedelta(seconds=10)
"""Time within which a reader must answer."""
FEW: Final = 500
"""Up to so many readings, the response is created in the event loop."""

_ENTRY: Final = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_SERIES: Final = {
    vol.Exclusive(ATTR_ENTITY_ID, "series"): cv.entity_id,
    vol.Exclusive(ATTR_DEVICE, "series"): cv.string,
    vol.Optional(ATTR_SUB_ENTITY): cv.string,
    **TIME_RANGE,
}
_HAS_SERIES: Final = cv.has_at_least_one_key(ATTR_ENTITY_ID, ATTR_DEVICE)
_MEASUREMENTS_SCHEMA: Final = vol.Schema(
    vol.All(
        _HAS_SERIES,
        vol.Schema(
            {
                **_SERIES,
                **PAGE,
                **ORIGIN,
            }
        ),
    )
)
_PROFILE_SCHEMA: Final = vol.Schema(
    vol.All(
        _HAS_SERIES,
        vol.Schema(
            {
                **_SERIES,
                vol.Exclusive(ATTR_ENTITY_ID, "series"): statistic_id,
                vol.Required(ATTR_NAME): vol.In([item.value for item in Grouping]),
                **INCLUDE_SPREAD,
            }
        ),
    )
)
_HISTORY_SCHEMA: Final = vol.Schema({vol.Required(ATTR_ENTITY_ID): statistic_id})

_EXPORT_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_ENTITY_ID): statistic_id,
        vol.Optional(ATTR_PERIOD, default=Period.HOUR): vol.Coerce(Period),
        vol.Optional(ATTR_PATH): cv.string,
        vol.Optional(ATTR_OVERWRITE, default=False): cv.boolean,
        **TIME_RANGE,
    }
)


async def _async_user(call: ServiceCall) -> User | None:
    """Return the user who called the action, None for automations and scripts.

    Raises UnknownUser if the user does not exist any more.
    """
    if call.context.user_id is None:
        return None
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    return user


def _entry(hass: HomeAssistant, user: User | None, entry_id: str) -> PyHabConfigEntry:
    """Return a loaded entry.

    Raises Unauthorized if the user may see none of its entities, before the error for an entry that
    is not loaded: that one contains its title.
    """
    if not may_read_entry(hass, user, entry_id):
        raise Unauthorized(permission=POLICY_READ)
    entry: PyHabConfigEntry = async_get_config_entry(hass, DOMAIN, entry_id)
    return entry


async def _async_get_devices(call: ServiceCall) -> ServiceResponse:
    """Return the series that the user may see."""
    user = await _async_user(call)
    entry_id = call.data.get(ATTR_CONFIG_ENTRY_ID)
    entry = _entry(call.hass, user, entry_id) if entry_id else None
    return {
        "devices": [
            series_as_json(series) | {ATTR_ENTITY_ID: series.entity_id}
            for series in recorded_series(call.hass, entry)
            if may_read(user, series.entity_id)
        ]
    }


def series_as_json(series: RecordedSeries) -> dict[str, Any]:
    """Return the fields of a series, named and ordered as by the py_hab server."""
    return {
        "device": series.device,
        "sub_entity": series.sub_entity,
        "device_name": series.device_name,
        "product_name": series.product_name,
        "manufacturer": series.manufacturer,
        "firmware_version": series.firmware_version,
        "unit": series.unit,
        "cumulative": series.cumulative,
    }


async def _async_get_measurements(call: ServiceCall) -> ServiceResponse:
    """Return the readings of an entity or device, newest first."""
    user, span = await _async_user(call), span_of(call.data)
    if entity_id := call.data.get(ATTR_ENTITY_ID):
        check_entity(call.hass, user, entity_id)
        entity_ids = [entity_id]
    else:
        entity_ids = _entities(call, user)
    with_origin = call.data[ATTR_ORIGIN]
    found = await async_measurements(call.hass, entity_ids, span, with_origin=with_origin)

    def response() -> ServiceResponse:
        measurements: list[Any] = [
            {
                ATTR_ENTITY_ID: entity_id,
                "time": local(measurement.at).isoformat(),
                "amount": measurement.amount,
                "hourly": measurement.hourly,
                **({} if origin is None else {ATTR_ORIGIN: origin.value}),
            }
            for entity_id, measurement, origin in found
        ]
        # Cleared here, because freeing tens of thousands of readings also takes time.
        found.clear()
        return {"measurements": measurements}

    if len(found) <= FEW:
        return response()
    return await call.hass.async_add_executor_job(response)


async def _async_get_profile(call: ServiceCall) -> ServiceResponse:
    """Return the mean day, week or year of a series."""
    user, span = await _async_user(call), span_of(call.data)
    if entity_id := call.data.get(ATTR_ENTITY_ID):
        # Not `check_entity`: the recorder also has statistics of removed entities.
        check_permission(user, entity_id)
    else:
        entity_id, *others = _entities(call, user)
        if others:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="several_series"
            )
    grouping = Grouping(call.data[ATTR_NAME])
    found = await async_profile(
        call.hass, entity_id, grouping, span, include_spread=call.data[ATTR_INCLUDE_SPREAD]
    )
    return {
        ATTR_ENTITY_ID: entity_id,
        ATTR_NAME: grouping.value,
        "unit": found.unit,
        "hours": sum(group.count for group in found.groups),
        "hours_left_out": found.left_out,
        "statistics": _groups(found),
    }


def _groups(found: Profile) -> list[Any]:
    groups: list[Any] = []
    for group in found.groups:
        about: dict[str, Any] = {
            "key": group.key,
            "count": group.count,
            "sum": rounded(group.sum),
            "avg": rounded(group.mean),
            "lower_quartile": rounded(group.lower_quartile),
            "median": rounded(group.median),
            "upper_quartile": rounded(group.upper_quartile),
            "stddev": rounded(group.deviation),
            "min": rounded(group.least),
            "max": rounded(group.most),
        }
        if found.energies is not None:
            about["energy"] = rounded(found.energies[group.key])
        groups.append(about)
    return groups


def _entities(call: ServiceCall, user: User | None) -> list[str]:
    """Return the entities of the requested device that the user may see."""
    found = async_series(call.hass, user, call.data[ATTR_DEVICE], call.data.get(ATTR_SUB_ENTITY))
    return [series.entity_id for series in found]


async def _async_get_history(call: ServiceCall) -> ServiceResponse:
    """Return the state of the history of a series."""
    user, entity_id = await _async_user(call), call.data[ATTR_ENTITY_ID]
    # Not `check_entity`: the recorder also has statistics of removed entities.
    check_permission(user, entity_id)
    found = await async_series_history(call.hass, entity_id)
    return {
        ATTR_ENTITY_ID: entity_id,
        ATTR_CONFIG_ENTRY_ID: found.entry_id,
        "since": found.since and dt_util.as_local(found.since).isoformat(),
        "origins": {origin.value: count for origin, count in found.origins.items()},
        "spread": _ranges(found.spread),
        "missing": _ranges(found.missing),
        "rejected": dict(found.rejected),
        "last_reading": found.last_reading and dt_util.as_local(found.last_reading).isoformat(),
    }


def _ranges(found: list[Range]) -> list[Any]:
    return [
        {
            ATTR_START: dt_util.as_local(start).isoformat(),
            ATTR_END: dt_util.as_local(end).isoformat(),
        }
        for start, end in found
    ]


async def _async_get_jobs(call: ServiceCall) -> ServiceResponse:
    """Return the recurring jobs of the entries of which the user may see an entity."""
    user = await _async_user(call)
    return {"jobs": [_job_as_json(job) for job in jobs(call.hass, user)]}


def _job_as_json(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        ATTR_CONFIG_ENTRY_ID: job.entry_id,
        "title": job.title,
        "name": job.name,
        "every": job.every.total_seconds(),
        "last_run": dt_util.as_local(job.last_run).isoformat() if job.last_run else None,
        "result": job.result,
        "next_run": dt_util.as_local(job.next_run).isoformat() if job.next_run else None,
    }


async def _async_export(call: ServiceCall) -> ServiceResponse:
    """Export a statistic: into a file, or as the response."""
    user, span = await _async_user(call), span_of(call.data)
    statistic, path = call.data[ATTR_ENTITY_ID], call.data.get(ATTR_PATH)
    check_permission(user, statistic)
    if path is not None and not may_read_all(user):
        raise Unauthorized(permission=POLICY_CONTROL)
    if path is None and not call.return_response:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="export_nowhere")
    period = call.data[ATTR_PERIOD]
    limit = MAX_ROWS if path is None else None
    found = await async_export(call.hass, statistic, period, span.start, span.end, max_rows=limit)
    about: dict[str, Any] = {
        ATTR_ENTITY_ID: statistic,
        ATTR_PERIOD: period.value,
        "unit": found.unit,
        "rows": found.rows,
    }
    if path is None:
        return about | {"csv": found.text}
    overwrite = call.data[ATTR_OVERWRITE]
    written = await async_write_export(call.hass, path, found, overwrite=overwrite)
    return about | {ATTR_PATH: str(written)}


async def _async_refresh(call: ServiceCall) -> ServiceResponse:
    """Request new values from the boxes and readers of which the user may see an entity.

    Waits for the values.
    """
    hass, user = call.hass, await _async_user(call)
    entry_id = call.data.get(ATTR_CONFIG_ENTRY_ID)
    entries: list[PyHabConfigEntry] = (
        [_entry(hass, user, entry_id)]
        if entry_id
        else [
            entry
            for entry in hass.config_entries.async_loaded_entries(DOMAIN)
            if may_read_entry(hass, user, entry.entry_id)
        ]
    )
    # An entry that does not answer must not stop the others, so its error is raised afterwards.
    errors = await asyncio.gather(
        *(_async_refresh_entry(entry, user) for entry in entries), return_exceptions=True
    )
    for error in errors:
        if error is not None:
            raise error
    return {"refreshed": [entry.entry_id for entry in entries]}


async def _async_refresh_entry(entry: PyHabConfigEntry, user: User | None) -> None:
    coordinator = entry.runtime_data.coordinator
    if isinstance(coordinator, FritzBoxCoordinator):
        await coordinator.async_ask()
        if not coordinator.last_update_success:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="box_did_not_answer",
                translation_placeholders={
                    "title": entry.title,
                    # It may contain the address of the box.
                    "reason": str(coordinator.last_exception) if may_read_all(user) else FAILED,
                },
            )
        return
    try:
        await coordinator.link.commands.async_wait_for_values(ANSWER_WITHIN)
    except TimeoutError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="reader_did_not_answer",
            translation_placeholders={"title": entry.title},
        ) from err


class _Action(NamedTuple):
    """What an action does, and the fields that it accepts."""

    run: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    schema: vol.Schema
    response: SupportsResponse = SupportsResponse.ONLY


_ACTIONS: Final[Mapping[str, _Action]] = {
    GET_DEVICES: _Action(_async_get_devices, vol.Schema(_ENTRY)),
    GET_MEASUREMENTS: _Action(_async_get_measurements, _MEASUREMENTS_SCHEMA),
    GET_PROFILE: _Action(_async_get_profile, _PROFILE_SCHEMA),
    GET_HISTORY: _Action(_async_get_history, _HISTORY_SCHEMA),
    GET_JOBS: _Action(_async_get_jobs, vol.Schema({})),
    EXPORT: _Action(_async_export, _EXPORT_SCHEMA, SupportsResponse.OPTIONAL),
    REFRESH: _Action(_async_refresh, vol.Schema(_ENTRY), SupportsResponse.OPTIONAL),
}


@callback
def async_register_data_actions(hass: HomeAssistant) -> None:
    """Register the actions of this file."""
    for name, action in _ACTIONS.items():
        hass.services.async_register(
            DOMAIN, name, action.run, action.schema, supports_response=action.response
        )
