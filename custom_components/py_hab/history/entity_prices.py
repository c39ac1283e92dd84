"""The prices that an entity has shown, by hour."""

from datetime import timedelta

from homeassistant.components.recorder.history import state_changes_during_period
from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util

from ..costs.hours import time_weighted
from ..costs.prices import HOUR
from ..costs.units import price_factor
from .statistics.gateway import async_ask


def price_now(state: State | None, currency: str) -> float | None:
    """Return the price per kWh that an entity shows, None if it shows no number with such a unit."""
    if state is None:
        return None
    factor = price_factor(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), currency)
    price = number_of(state)
    return None if factor is None or price is None else price * factor


async def async_entity_prices(
    hass: HomeAssistant, entity_id: str, start: int, end: int
) -> dict[int, float]:
    """Return the mean price per kWh of each hour between two unix times that is known.

    Long-term statistics reach back furthest; states fill the hours that they lack. Raises
    HomeAssistantError if there is no recorder, or if the database refuses.
    """
    currency = hass.config.currency
    state = hass.states.get(entity_id)
    shown = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None

    def read() -> dict[int, float]:
        since, until = dt_util.utc_from_timestamp(start), dt_util.utc_from_timestamp(end)
        found: dict[int, float] = {}
        _, metadata = get_metadata(hass, statistic_ids={entity_id}).get(entity_id, (0, None))
        # The entity may show another unit than when its statistics were compiled.
        factor = (
            price_factor(metadata["unit_of_measurement"] or shown, currency) if metadata else None
        )
        if factor is not None:
            means = statistics_during_period(
                hass, since, until, {entity_id}, "hour", None, {"mean"}
            )
            found = {
                int(row["start"]): mean * factor
                for row in means.get(entity_id, [])
                if (mean := row.get("mean")) is not None
            }
        missing = [hour for hour in range(start, end, HOUR) if hour not in found]
        if missing:
            states = state_changes_during_period(
                hass,
                # Neither the state at a time nor the changes after it contain a change at that time.
                dt_util.utc_from_timestamp(missing[0] - 1),
                dt_util.utc_from_timestamp(missing[-1]) + timedelta(hours=1),
                entity_id,
                include_start_time_state=True,
            )
            changes = [
                (item.last_updated_timestamp, price_now(item, currency))
                for item in states.get(entity_id, [])
            ]
            found = time_weighted(changes, missing[0], missing[-1] + HOUR) | found
        return found

    return await async_ask(hass, read)


def number_of(state: State) -> float | None:
    """Return the number that a state shows, None without one."""
    try:
        number = float(state.state)
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None
