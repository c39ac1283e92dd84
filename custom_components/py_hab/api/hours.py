"""Answers the cards: the hours of a series, in a form that is short for years of them.

Home Assistant's own `recorder/statistics_during_period` sends some 70 bytes for each hour, and does
not know which hours were spread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.const import UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.util.unit_conversion import EnergyConverter

from ..const import DOMAIN
from ..history.planning.difference import ranges_of
from ..history.planning.origin import Origin
from ..history.planning.rows import HOUR
from ..history.statistics.gateway import async_ask, statistic_id
from ..history.statistics.origin import async_origins
from .parameters import ATTR_END, ATTR_START, point_in_time
from .queries import may_read

ATTR_STATISTIC_ID: Final = "statistic_id"
_WATT_DIGITS: Final = 2
"""Of a power in the answer: 0.01 W for an hour is 0.00001 kWh."""
_DIGITS: Final = 6
"""Of other values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """The hours of a series."""

    unit: str
    is_energy: bool
    """Whether the values are the mean power of a counter of energy, so that their sum is known."""
    values: Mapping[int, float]
    """By the unix time of their start."""


def read_hours(hass: HomeAssistant, series: str, start: datetime, end: datetime) -> Hours:
    """Return the hours of a series in a time range; none if it has no statistics.

    A counter of energy and a power are shown in W, other series as their entity shows them. Must be
    called in the recorder's executor.
    """
    found = get_metadata(hass, statistic_ids={series}).get(series)
    if found is None:
        return Hours(unit="", is_energy=False, values={})
    about = found[1]
    unit, unit_class, has_sum = about["unit_of_measurement"], about["unit_class"], about["has_sum"]
    is_energy = has_sum and unit in EnergyConverter.VALID_UNITS
    state = hass.states.get(series)
    shown = state.attributes.get("unit_of_measurement") if state else None
    rows = statistics_during_period(
        hass,
        start,
        end,
        {series},
        "hour",
        {"energy": UnitOfEnergy.KILO_WATT_HOUR, "power": UnitOfPower.WATT},
        {"change"} if has_sum else {"mean"},
    ).get(series, [])
    name, factor = ("change" if has_sum else "mean"), (1000.0 if is_energy else 1.0)
    values = cast("Sequence[Mapping[str, Any]]", rows)
    return Hours(
        unit=UnitOfPower.WATT if is_energy or unit_class == "power" else shown or unit or "",
        is_energy=is_energy,
        values={
            int(row["start"]): row[name] * factor for row in values if row.get(name) is not None
        },
    )


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
    hours = await async_ask(hass, lambda: read_hours(hass, series, start, end))
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
