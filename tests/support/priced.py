"""Prices of counters for tests, and what their costs must be."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from custom_components.py_hab.costs.account import CONF_PRICES, CounterPrices, to_options
from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.hours import hourly_costs
from custom_components.py_hab.costs.prices import HOUR, Price, Tariff
from custom_components.py_hab.history.cost_statistic import cost_statistic_id
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import EXPORT, IMPORT, REFRIGERATOR

from .living import rows

METER_KEY: Final = f"{IMPORT}_energy_import"
EXPORT_KEY: Final = f"{EXPORT}_energy_export"
FRIDGE_KEY: Final = f"{REFRIGERATOR}_energy"
MARKET: Final = "sensor.market"
LONG_AGO: Final = date(2020, 1, 1)


def priced(
    *prices: Price, key: str = METER_KEY, id: str = "first", contract: Contract | None = None
) -> dict[str, Any]:
    """Return the options of an entry with prices of one counter."""
    found = CounterPrices(id=id, prices=list(prices), contract=contract)
    return {CONF_PRICES: to_options({key: found})}


async def costs(hass: HomeAssistant, key: str = METER_KEY) -> dict[int, float]:
    """Return what each hour has cost, as dashboards see it."""
    return {int(row["start"]): row["change"] for row in await rows(hass, cost_statistic_id(key))}


async def true_costs(
    hass: HomeAssistant,
    entity_id: str,
    *prices: Price,
    market: Mapping[int, float] | None = None,
) -> dict[int, float | None]:
    """Return what the hours of a counter have cost, by its energy as dashboards see it."""
    energies = {int(row["start"]): row["change"] or 0.0 for row in await rows(hass, entity_id)}
    tariff = Tariff(prices, dt_util.get_default_time_zone())
    return {
        hour.start: hour.cost for hour in hourly_costs(energies, tariff, {MARKET: market or {}})
    }


def local_hour(moment: datetime) -> int:
    """Return the full hour that contains a time."""
    return int(moment.timestamp()) // HOUR * HOUR


def days_ago(days: int) -> date:
    """Return a day in the past."""
    return dt_util.now().date() - timedelta(days=days)
