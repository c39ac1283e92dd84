"""The prices that an entity has shown, by hour."""

from collections.abc import Callable
from datetime import timedelta

from homeassistant.components.recorder.history import state_changes_during_period
from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..costs.account import CONF_PRICES, stored_prices, to_options, with_entity_renamed
from ..costs.hours import time_weighted
from ..costs.prices import HOUR
from ..costs.units import price_factor
from ..entry import AnyConfigEntry
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
            # The database forgets a state that has not changed for days; the home does not.
            if state and (not changes or changes[-1][0] < state.last_updated_timestamp):
                changes.append((state.last_updated_timestamp, price_now(state, currency)))
            found = time_weighted(changes, missing[0], missing[-1] + HOUR) | found
        return found

    return await async_ask(hass, read)


@callback
def async_follow_names(hass: HomeAssistant, entry: AnyConfigEntry) -> Callable[[], None]:
    """Keep the entities in the prices of an entry when they are renamed; return how to end that.

    Their history moves to the new name.
    """

    @callback
    def is_renamed(data: er.EventEntityRegistryUpdatedData) -> bool:
        return data["action"] == "update" and "old_entity_id" in data

    @callback
    def rename(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        stored = stored_prices(entry.options)
        renamed = with_entity_renamed(
            stored, str(event.data.get("old_entity_id")), event.data["entity_id"]
        )
        if renamed != stored:
            hass.config_entries.async_update_entry(
                entry, options={**entry.options, CONF_PRICES: to_options(renamed)}
            )

    return hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, rename, event_filter=is_renamed)


def number_of(state: State) -> float | None:
    """Return the number that a state shows, None without one."""
    try:
        number = float(state.state)
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None
