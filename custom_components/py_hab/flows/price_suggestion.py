"""What the form of a new price suggests."""

from typing import Any, cast

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ..costs.units import price_unit
from ..history.priced_counters import Counter
from ..history.statistics.editor import get_editor
from .price_form import CONF_PRICE, CONF_SINCE


async def async_suggested_price(
    hass: HomeAssistant, counter: Counter, *, is_first: bool
) -> dict[str, Any]:
    """Return the values that the form of a new price suggests.

    A first price holds from the first day of the history, and is that of the FRITZ!Box; others hold
    from today on.
    """
    today = {CONF_SINCE: dt_util.now().date().isoformat()}
    if not is_first:
        return today
    price = None if counter.is_export else _price_of_boxes(hass)
    first = await _async_first_day(hass, counter)
    return (
        today
        | ({CONF_SINCE: first} if first else {})
        | ({CONF_PRICE: price} if price is not None else {})
    )


async def _async_first_day(hass: HomeAssistant, counter: Counter) -> str | None:
    """Return the first day of which the energy of a counter is known, None without one."""
    try:
        rows = await get_editor(hass).async_hourly_rows(counter.energy)
    except HomeAssistantError:
        return None
    if not rows:
        return None
    return dt_util.as_local(dt_util.utc_from_timestamp(rows[0].start)).date().isoformat()


def _price_of_boxes(hass: HomeAssistant) -> float | None:
    """Return the price that the user has set on a FRITZ!Box, in the unit of the form; None without."""
    entries = cast("list[PyHabConfigEntry]", hass.config_entries.async_loaded_entries(DOMAIN))
    for entry in entries:
        coordinator = entry.runtime_data.coordinator
        if isinstance(coordinator, FritzBoxCoordinator):
            price = coordinator.rest.overview.key_figures.electricity_price
            if price is not None:
                return round(price * price_unit(hass.config.currency).per_currency, 6)
    return None
