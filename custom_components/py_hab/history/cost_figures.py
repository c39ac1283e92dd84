"""Adds up the costs of one counter: today, this month, in the contract year, and what is expected."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from typing import Final, NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..costs.contract import Contract, ContractYear, contract_year
from ..costs.figures import (
    Amount,
    CostFigures,
    CounterYear,
    Standing,
    costs_since,
    standing,
    year_forecast,
)
from ..costs.forecast import Forecast, Measured
from ..costs.hours import HourCost
from ..costs.prices import HOUR, midnight
from .cost_statistic import CalculatedHours, CostStatistic

TRIED_AGAIN: Final = timedelta(days=3)
"""Time in which hours whose price was missing are tried again each hour; older ones once a day."""


async def async_figures(
    hass: HomeAssistant,
    statistic: CostStatistic,
    hours: CalculatedHours,
    contract: Contract | None,
    known: CostFigures | None,
) -> CostFigures | None:
    """Return what the costs of a counter amount to, None before the first hour that has a cost.

    `contract` is the one that covers the counter, `known` what the costs amounted to before: what
    only all hours show is kept from it when only the last hours were calculated. Raises
    HomeAssistantError.
    """
    priced = [hour.start for hour in hours.costs if hour.cost is not None]
    if not priced:
        return known
    today, zone = dt_util.now().date(), dt_util.get_default_time_zone()
    year = contract_year(contract, today) if contract else None
    if hours.is_whole:
        lasting = await hass.async_add_executor_job(
            partial(_of_all_hours, hours, year, zone, feeds_in=statistic.counter.feeds_in)
        )
    else:
        lasting = _known(known)
    total = await statistic.async_sum_before(priced[-1] + HOUR)

    async def since(day: date) -> Amount:
        start = midnight(day, zone)
        before = await statistic.async_sum_before(start)
        return Amount(amount=total - before, since=dt_util.utc_from_timestamp(start))

    return CostFigures(
        until=dt_util.utc_from_timestamp(hours.costs[-1].start + HOUR),
        first=lasting.first,
        today=await since(today),
        month=await since(today.replace(day=1)),
        waiting=_waiting(hours.costs, dt_util.utcnow() - TRIED_AGAIN),
        year=CounterYear(
            first=year.first,
            spent=await since(year.first),
            costs_since=costs_since(year, lasting.first, zone),
            forecast=lasting.forecast,
        )
        if year
        else None,
        contract=known.contract if known else None,
        contract_begins=known.contract_begins if known else None,
        standing=lasting.standing,
    )


class _Lasting(NamedTuple):
    """What only all hours of a counter show."""

    first: datetime | None
    """The first hour that has a cost."""
    forecast: Forecast | None
    """What the contract year will have cost."""
    standing: Standing


def _of_all_hours(
    hours: CalculatedHours, year: ContractYear | None, zone: tzinfo, *, feeds_in: bool
) -> _Lasting:
    """Calculate what only all hours show; it takes long, and is called in a thread."""
    first = next(hour.start for hour in hours.costs if hour.cost is not None)
    measured = Measured(
        energies=hours.energies, tariff=hours.tariff, entity_prices=hours.entity_prices
    )
    return _Lasting(
        dt_util.utc_from_timestamp(first),
        year_forecast(measured, hours.costs, year, zone) if year else None,
        standing(measured, hours.costs, zone, feeds_in=feeds_in),
    )


def _known(known: CostFigures | None) -> _Lasting:
    """Return what was found when all hours were calculated last."""
    if known is None:
        return _Lasting(None, None, Standing())
    return _Lasting(known.first, known.year.forecast if known.year else None, known.standing)


def _waiting(costs: Sequence[HourCost], since: datetime) -> int:
    """Return how many hours since a time wait for their price."""
    return sum(hour.cost is None for hour in costs if hour.start >= since.timestamp())
