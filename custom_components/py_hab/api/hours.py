"""Answers the cards: the hours of a series, in a form that is short for years of them.

Home Assistant's own `recorder/statistics_during_period` sends some 70 bytes for each hour, and does
not know which hours were spread.
"""

from functools import partial
from typing import Any, Final

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized

from ..const import DOMAIN
from ..history.planning.difference import ranges_of
from ..history.planning.origin import Origin
from ..history.planning.rows import HOUR
from ..history.statistics.gateway import async_ask, statistic_id
from ..history.statistics.origin import async_origins
from .hourly import Hours, read_hourly
from .parameters import ATTR_END, ATTR_START, point_in_time
from .queries import may_read

ATTR_STATISTIC_ID: Final = "statistic_id"
_WATT_DIGITS: Final = 2
"""Of a power in the answer: 0.01 W for an hour is 0.00001 kWh."""
_DIGITS: Final = 6
"""Of other values."""
_NO_HOURS: Final = Hours(unit="", is_energy=False, values={})
"""A series that has no statistics yet."""


def _as_json(hours: Hours, spread: list[int]) -> dict[str, Any]:
    """Return hours as the cards read them: values in a row from the first one on, null for a gap."""
    first, last = min(hours.values, default=0), max(hours.values, default=-HOUR)
    each = (hours.values.get(start) for start in range(first, last + HOUR, HOUR))
    digits = _WATT_DIGITS if hours.unit == UnitOfPower.WATT else _DIGITS
    return {
        "unit": hours.unit,
        "is_energy": hours.is_energy,
        ATTR_START: first,
        "values": [None if value is None else round(value, digits) for value in each],
        "spread": [
            [(one - first) // HOUR, (other - first) // HOUR] for one, other in ranges_of(spread)
        ],
    }


@websocket_api.websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/hours",
        vol.Required(ATTR_STATISTIC_ID): statistic_id,
        vol.Required(ATTR_START): point_in_time,
        vol.Required(ATTR_END): point_in_time,
    }
)
@websocket_api.async_response
async def _async_hours(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
) -> None:
    series, start, end = message[ATTR_STATISTIC_ID], message[ATTR_START], message[ATTR_END]
    if not may_read(connection.user, series):
        raise Unauthorized(entity_id=series, permission=POLICY_READ)
    read = partial(read_hourly, hass, series, start, end, as_stored=False)
    hours = await async_ask(hass, read) or _NO_HOURS
    origins = await async_origins(hass, series, start, end)

    def answer() -> dict[str, Any]:
        return _as_json(
            hours,
            [
                hour
                for hour, origin in origins.items()
                if origin is Origin.SPREAD and hour in hours.values
            ],
        )

    # Two years have 17,520 hours: too many for the event loop.
    connection.send_result(message["id"], await hass.async_add_executor_job(answer))


@callback
def async_register_hours(hass: HomeAssistant) -> None:
    """Register the command of the cards."""
    websocket_api.async_register_command(hass, _async_hours)
