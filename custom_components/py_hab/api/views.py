"""JSON endpoints below `/api/py_hab`, with the authentication of Home Assistant.

Fields have the names and the order of the py_hab server's API (`docs/openapi.yaml`).
"""

from abc import ABC, abstractmethod
from http import HTTPStatus
from typing import Any, Final, override

from aiohttp import web
import voluptuous as vol

from homeassistant.auth.models import User
from homeassistant.components.http import KEY_HASS, KEY_HASS_USER, HomeAssistantView
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from .actions import series_as_json
from .jobs import jobs
from .parameters import (
    ATTR_INCLUDE_SPREAD,
    ATTR_ORIGIN,
    DEFAULT_LIMIT,
    END_BEFORE_START,
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
    local,
    may_read,
    measurement_id,
    rounded,
)
from .readings import MAX_READINGS, Span
from .series import RecordedSeries, recorded_series

_BASE: Final = f"/api/{DOMAIN}"
_GROUPINGS: Final = {
    "Hour": Grouping.HOUR,
    "Day": Grouping.WEEKDAY,
    "Month": Grouping.MONTH,
}
_PARAMETERS: Final = vol.Schema(
    {**TIME_RANGE, **PAGE, **ORIGIN, **INCLUDE_SPREAD}, extra=vol.REMOVE_EXTRA
)


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Register the endpoints if there is a web server."""
    if hass.http is not None:
        # The last one matches all paths that the others do not.
        for view in (DevicesView, MeasurementView, StatisticsView, JobsView, UnknownView):
            hass.http.register_view(view)


class _JsonView(HomeAssistantView, ABC):
    """Answers in JSON, also in case of an error.

    The status is 400 for invalid parameters, 403 if the user may not see the data, 404 if it does
    not exist, and 503 while the recorder does not answer.
    """

    @abstractmethod
    async def answer(self, request: web.Request, **path: str) -> web.Response:
        """Answer a request."""

    async def get(self, request: web.Request, **path: str) -> web.Response:
        """Answer a request, or return its error."""
        try:
            return await self.answer(request, **path)
        except vol.Invalid as err:
            name = " ".join(map(str, err.path))
            return self.json_message(f"{name} {err.msg}", HTTPStatus.BAD_REQUEST)
        except ServiceValidationError as err:
            if err.translation_key == END_BEFORE_START:
                return self.json_message("end must not be before start", HTTPStatus.BAD_REQUEST)
            return self.json_message(str(err), HTTPStatus.NOT_FOUND)
        except Unauthorized:
            # Home Assistant would count this as a failed login, and ban the address after some.
            return self.json_message("This user may not see it", HTTPStatus.FORBIDDEN)
        except HomeAssistantError as err:
            return self.json_message(str(err), HTTPStatus.SERVICE_UNAVAILABLE)


def _span(request: web.Request, default_limit: int = DEFAULT_LIMIT) -> Span:
    """Return the time range and page of a request.

    Raises vol.Invalid, or ServiceValidationError if the end is before the start.
    """
    return span_of(_parameters(request), default_limit=default_limit)


def _parameters(request: web.Request) -> dict[str, Any]:
    """Return the validated parameters of a request. Raises vol.Invalid."""
    found: dict[str, Any] = _PARAMETERS(dict(request.query))
    return found


def _context(request: web.Request) -> tuple[HomeAssistant, User]:
    return request.app[KEY_HASS], request[KEY_HASS_USER]


class DevicesView(_JsonView):
    """Lists all series."""

    url = f"{_BASE}/devices"
    name = f"api:{DOMAIN}:devices"

    @override
    async def answer(self, request: web.Request, **path: str) -> web.Response:
        """Return the series that the user may see."""
        hass, user = _context(request)
        span = _span(request, MAX_READINGS)
        found = [
            series_as_json(series)
            for series in recorded_series(hass)
            if may_read(user, series.entity_id)
        ]
        return self.json(found[span.offset : span.offset + span.limit])


class MeasurementView(_JsonView):
    """Returns the readings of a device or a series; also under the misspelled old path."""

    url = f"{_BASE}/mesurement/{{device}}"
    name = f"api:{DOMAIN}:measurement"

    def __init__(self) -> None:
        """Add the other paths of the endpoint."""
        self.extra_urls = [
            f"{_BASE}/mesurement/{{device}}/{{sub_entity}}",
            f"{_BASE}/measurement/{{device}}",
            f"{_BASE}/measurement/{{device}}/{{sub_entity}}",
        ]

    @override
    async def answer(self, request: web.Request, **path: str) -> web.Response:
        """Return readings, newest first."""
        hass, user = _context(request)
        span = _span(request)
        found = async_series(hass, user, path["device"], path.get("sub_entity"))
        series = {item.entity_id: item for item in found}
        with_origin = _parameters(request)[ATTR_ORIGIN]
        readings = await async_measurements(hass, list(series), span, with_origin=with_origin)

        def encode() -> web.Response:
            body = [
                _reading(series[entity_id], item.at, item.amount)
                | ({} if origin is None else {ATTR_ORIGIN: origin.value})
                for entity_id, item, origin in readings
            ]
            # Cleared here, because freeing tens of thousands of readings would block the event loop.
            readings.clear()
            return self.json(body)

        return await hass.async_add_executor_job(encode)


def _reading(series: RecordedSeries, at: float, amount: float) -> dict[str, Any]:
    return {
        "id": measurement_id(series.unique_id, at),
        "device": series.device,
        "topic": series.topic,
        "entity": series.entity,
        "sub_entity": series.sub_entity,
        # Local time without an offset, as in the API of the py_hab server.
        "time": local(at).replace(tzinfo=None).isoformat(timespec="seconds"),
        "amount": amount,
    }


class StatisticsView(_JsonView):
    """Returns the mean day, week or year of a series."""

    url = f"{_BASE}/statistics/{{device}}/{{sub_entity}}/{{grouping}}"
    name = f"api:{DOMAIN}:statistics"

    @override
    async def answer(self, request: web.Request, **path: str) -> web.Response:
        """Return the groups of the profile."""
        hass, user = _context(request)
        grouping = path["grouping"]
        if grouping not in _GROUPINGS:
            raise vol.Invalid(f"must be one of {', '.join(_GROUPINGS)}", path=["the name"])
        span = _span(request)
        series = async_series(hass, user, path["device"], path["sub_entity"])[0]
        found = await async_profile(
            hass,
            series.entity_id,
            _GROUPINGS[grouping],
            span,
            include_spread=_parameters(request)[ATTR_INCLUDE_SPREAD],
        )
        now = f"{dt_util.now():%Y-%m-%dT%H:%M:%S}"
        return self.json(
            [
                {
                    "device": series.device,
                    "sub_entity": series.sub_entity,
                    "name": grouping,
                    "sub_key": group.key,
                    "unit": found.unit,
                    "sum_amount": rounded(group.sum),
                    "count": group.count,
                    "avg_amount": rounded(group.mean),
                    "min_amount": rounded(group.least),
                    "max_amount": rounded(group.most),
                    "time": now,
                }
                for group in found.groups
            ]
        )


class JobsView(_JsonView):
    """Lists the recurring jobs."""

    url = f"{_BASE}/jobs"
    name = f"api:{DOMAIN}:jobs"

    @override
    async def answer(self, request: web.Request, **path: str) -> web.Response:
        """Return the jobs of the entries of which the user may see an entity."""
        hass, user = _context(request)
        return self.json(
            [
                {
                    "id": job.id,
                    "func": job.name,
                    "trigger": f"interval[{job.every}]",
                    "next_run_time": (
                        dt_util.as_local(job.next_run).isoformat() if job.next_run else None
                    ),
                }
                for job in jobs(hass, user)
            ]
        )


class UnknownView(_JsonView):
    """Answers all other paths."""

    url = f"{_BASE}/{{path:.*}}"
    name = f"api:{DOMAIN}:unknown"

    @override
    async def answer(self, request: web.Request, **path: str) -> web.Response:
        """Return 404."""
        return self.json_message("There is no such endpoint", HTTPStatus.NOT_FOUND)
