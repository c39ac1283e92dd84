"""Queries that actions and JSON endpoints share, with their checks of permissions."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Final, NamedTuple
import uuid

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..history.planning.origin import Origin
from ..history.planning.rows import HOUR
from ..history.statistics.gateway import async_ask
from ..history.statistics.origin import async_origins
from .profile import Grouping
from .readings import Measurement, Profile, Span, newest_first, read_measurements, read_profile
from .series import RecordedSeries, find_series, recorded_series

_NAMESPACE: Final = uuid.UUID("6f0f9a54-6d3e-5c58-9a1a-6f2b7d1f3c11")


class EntityMeasurement(NamedTuple):
    """A reading and the entity to which it belongs."""

    entity_id: str
    measurement: Measurement
    origin: Origin | None = None
    """Where the value comes from, if that was asked for."""


def may_read(user: User | None, entity_id: str) -> bool:
    """Whether a user may see an entity; automations (None) may see all."""
    return user is None or user.permissions.check_entity(entity_id, POLICY_READ)


def may_read_all(user: User | None) -> bool:
    """Whether a user may see error texts: administrators, and automations (None)."""
    return user is None or user.is_admin


def may_read_entry(hass: HomeAssistant, user: User | None, entry_id: str) -> bool:
    """Whether a user may see any entity of a config entry."""
    return may_read_all(user) or any(
        may_read(user, entity.entity_id)
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry_id)
    )


def unknown_series(name: str) -> ServiceValidationError:
    """Return the error for a series or entity that does not exist."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="unknown_series",
        translation_placeholders={"series": name},
    )


def async_series(
    hass: HomeAssistant, user: User | None, device: str, sub_entity: str | None
) -> list[RecordedSeries]:
    """Return the series of a device that a user may see.

    Raises ServiceValidationError if there are none, Unauthorized if the user may see none.
    """
    found = find_series(hass, device, sub_entity)
    if not found:
        raise unknown_series(" ".join(filter(None, (device, sub_entity))))
    allowed = [series for series in found if may_read(user, series.entity_id)]
    if not allowed:
        raise Unauthorized(entity_id=found[0].entity_id, permission=POLICY_READ)
    return allowed


async def async_measurements(
    hass: HomeAssistant, entity_ids: Sequence[str], span: Span, *, with_origin: bool = False
) -> list[EntityMeasurement]:
    """Return the readings of entities, newest first over all entities.

    `with_origin` says where each of them comes from. Raises HomeAssistantError if the recorder does
    not answer.
    """
    end = span.offset + span.limit

    def column(entity_id: str) -> Iterator[EntityMeasurement]:
        for measurement in newest_first(hass, entity_id, span):
            yield EntityMeasurement(entity_id, measurement)

    def read() -> list[EntityMeasurement]:
        if len(entity_ids) > 1:
            merged = merge(*map(column, entity_ids), key=lambda item: -item.measurement.at)
            return list(islice(merged, span.offset, end))
        return [
            EntityMeasurement(entity_id, measurement)
            for entity_id in entity_ids
            for measurement in read_measurements(hass, entity_id, span)
        ]

    found = await async_ask(hass, read)
    return await _async_with_origin(hass, found) if with_origin else found


async def _async_with_origin(
    hass: HomeAssistant, found: Sequence[EntityMeasurement]
) -> list[EntityMeasurement]:
    """Return readings with their origins: states are measured."""
    hourly = {item.entity_id for item in found if item.measurement.hourly}
    origins = {entity_id: await async_origins(hass, entity_id) for entity_id in hourly}

    def origin(item: EntityMeasurement) -> Origin:
        if not item.measurement.hourly:
            return Origin.MEASURED
        start = int(item.measurement.at) - HOUR
        return origins[item.entity_id].get(start, Origin.MEASURED)

    return [item._replace(origin=origin(item)) for item in found]


async def async_profile(
    hass: HomeAssistant,
    statistic_id: str,
    grouping: Grouping,
    span: Span,
    *,
    include_spread: bool = False,
) -> Profile:
    """Return the profile of a statistic; it is empty for a series that has no statistics yet.

    Hours whose energy was spread within a longer total are left out unless they are to be included:
    their shape is not that of the home. Raises ServiceValidationError for an unknown statistic, and
    HomeAssistantError if the recorder does not answer.
    """
    without: set[int] = set()
    if not include_spread:
        origins = await async_origins(hass, statistic_id, span.start, span.end)
        without = {hour for hour, origin in origins.items() if origin is Origin.SPREAD}

    def read() -> Profile | None:
        return read_profile(hass, statistic_id, grouping, span, without=without)

    found = await async_ask(hass, read)
    if found is None and statistic_id in {item.entity_id for item in recorded_series(hass)}:
        return Profile(groups=[], unit="", energies=None)
    if found is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_statistics",
            translation_placeholders={"series": statistic_id},
        )
    return found


def check_entity(hass: HomeAssistant, user: User | None, entity_id: str) -> None:
    """Check that a user may see an entity, and that it exists (or raise ServiceValidationError)."""
    # In this order: whoever may not see an entity is not informed whether it exists.
    check_permission(user, entity_id)
    known = hass.states.get(entity_id) or er.async_get(hass).async_get(entity_id)
    if known is None:
        raise unknown_series(entity_id)


def check_permission(user: User | None, entity_id: str) -> None:
    """Raise Unauthorized if a user may not see an entity."""
    if not may_read(user, entity_id):
        raise Unauthorized(entity_id=entity_id, permission=POLICY_READ)


def measurement_id(unique_id: str, at: float) -> str:
    """Return the id of a reading, which does not change when its entity is renamed."""
    return str(uuid.uuid5(_NAMESPACE, f"{unique_id} {at:.6f}"))


def rounded(number: float) -> float:
    """Return a number without the rounding errors of floats."""
    return round(number, 6)


def local(at: float) -> datetime:
    """Return a unix time as datetime in the zone of the home."""
    return datetime.fromtimestamp(at, dt_util.get_default_time_zone())
