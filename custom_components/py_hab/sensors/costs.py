"""Descriptions of the sensors of a counter with prices."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, UnitOfPower

from ..costs.account import CounterPrices
from ..costs.figures import Amount, CostFigures, Outlook
from ..sml.registers import Quantity
from .source import CURRENCY

_TARIFFS: Final = frozenset("1234")
_DIRECTIONS: Final = (Quantity.ENERGY_IMPORT.value, Quantity.ENERGY_EXPORT.value)
"""How the unique ids of the counters of all tariffs end; those of a tariff go on with its number."""


def is_export(unique_id: str) -> bool:
    """Whether the energy of a counter is paid for by others, by the unique id of its entity."""
    return Quantity.ENERGY_EXPORT in unique_id


def total_of(unique_id: str) -> str | None:
    """Return the counter of all tariffs of a meter for one of its tariffs, None for another counter.

    Both are given by the unique id of their entity.
    """
    total, _, tariff = unique_id.rpartition("_t")
    return total if tariff in _TARIFFS and total.endswith(_DIRECTIONS) else None


def counted_twice(unique_ids: Iterable[str]) -> list[Twice]:
    """Return the tariffs among counters whose energy another one of them counts as well."""
    known = set(unique_ids)
    return [
        Twice(each, total)
        for each in sorted(known)
        if (total := total_of(each)) is not None and total in known
    ]


class Twice(NamedTuple):
    """Two counters that count the same energy."""

    tariff: str
    total: str


def _is_drawn(unique_id: str, _prices: CounterPrices) -> bool:
    return not is_export(unique_id)


def _runs_always(unique_id: str, _prices: CounterPrices) -> bool:
    # While another tariff holds, the counter of a tariff stands still.
    return not is_export(unique_id) and total_of(unique_id) is None


def _is_plug(unique_id: str, _prices: CounterPrices) -> bool:
    # The counter of a meter names its direction.
    return unique_id.endswith("_energy")


def _has_contract(unique_id: str, prices: CounterPrices) -> bool:
    return prices.contract is not None and not is_export(unique_id)


@dataclass(frozen=True, kw_only=True)
class CostSensorDescription(SensorEntityDescription):
    """Describes a sensor of a counter with prices."""

    value_fn: Callable[[CostFigures], float | None]
    since_fn: Callable[[CostFigures], datetime | None] | None = None
    """When an amount began at 0."""
    attributes_fn: Callable[[CostFigures], dict[str, Any]] | None = None
    exists_fn: Callable[[str, CounterPrices], bool] = _is_drawn
    """Whether a counter has this sensor, by the unique id of its entity and its prices."""
    export_key: str | None = None
    """The translation key for energy that is fed in."""


def _total(
    key: str,
    amount: Callable[[CostFigures], Amount | None],
    *,
    export_key: str | None = None,
    exists_fn: Callable[[str, CounterPrices], bool],
    attributes_fn: Callable[[CostFigures], dict[str, Any]] | None = None,
) -> CostSensorDescription:
    """Describe an amount that begins at 0 again and again."""

    def value(figures: CostFigures) -> float | None:
        found = amount(figures)
        return round(found.amount, 4) if found else None

    def since(figures: CostFigures) -> datetime | None:
        found = amount(figures)
        return found.since if found else None

    return CostSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=CURRENCY,
        suggested_display_precision=2,
        value_fn=value,
        since_fn=since,
        attributes_fn=attributes_fn,
        export_key=export_key,
        exists_fn=exists_fn,
    )


def _money(
    key: str,
    value: Callable[[CostFigures], float | None],
    *,
    export_key: str | None = None,
    exists_fn: Callable[[str, CounterPrices], bool] = _is_drawn,
) -> CostSensorDescription:
    """Describe an amount that is calculated anew each time."""

    def rounded(figures: CostFigures) -> float | None:
        found = value(figures)
        return None if found is None else round(found, 2)

    return CostSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement=CURRENCY,
        suggested_display_precision=2,
        value_fn=rounded,
        export_key=export_key,
        exists_fn=exists_fn,
    )


def _has_bonus(unique_id: str, prices: CounterPrices) -> bool:
    contract = prices.contract
    return _has_contract(unique_id, prices) and contract is not None and contract.bonus > 0


def _outlook(figures: CostFigures, value: Callable[[Outlook], float]) -> float | None:
    contract = figures.contract
    return value(contract.outlook) if contract and contract.outlook else None


def _about_year(figures: CostFigures) -> dict[str, Any]:
    """Say that the contract is still to begin, or that costs of its year are missing.

    Nobody should compare the latter with payments.
    """
    if figures.contract_begins:
        return {"begins": figures.contract_begins.isoformat()}
    since = figures.contract.costs_since if figures.contract else None
    return {"costs_since": since.isoformat()} if since else {}


def _about_prices(figures: CostFigures) -> dict[str, Any]:
    """Say that hours wait for the price of an entity: until then, they cost nothing."""
    return {"hours_without_price": figures.waiting} if figures.waiting else {}


def _base_load(figures: CostFigures) -> float | None:
    load = figures.standing.base_load
    return None if load is None else round(load, 1)


def _of_contract(key: str, value: Callable[[CostFigures], float | None]) -> CostSensorDescription:
    return _money(key, value, exists_fn=_has_contract)


COST_SENSORS: Final[tuple[CostSensorDescription, ...]] = (
    _total(
        "cost_today",
        lambda figures: figures.today,
        export_key="earnings_today",
        exists_fn=lambda *_: True,
        attributes_fn=_about_prices,
    ),
    _total(
        "cost_month",
        lambda figures: figures.month,
        export_key="earnings_month",
        exists_fn=lambda *_: True,
        attributes_fn=_about_prices,
    ),
    _total(
        "cost_contract_year",
        lambda figures: figures.contract.spent if figures.contract else None,
        exists_fn=_has_contract,
        attributes_fn=_about_year,
    ),
    _of_contract(
        "contract_paid", lambda figures: figures.contract.paid if figures.contract else None
    ),
    _of_contract(
        "contract_forecast", lambda figures: _outlook(figures, lambda found: found.expected)
    ),
    _of_contract(
        "contract_forecast_low", lambda figures: _outlook(figures, lambda found: found.low)
    ),
    _of_contract(
        "contract_forecast_high", lambda figures: _outlook(figures, lambda found: found.high)
    ),
    _of_contract(
        "contract_instalment",
        lambda figures: _outlook(figures, lambda found: found.fitting_instalment),
    ),
    _money(
        "contract_bonus",
        lambda figures: figures.contract.bonus if figures.contract else None,
        exists_fn=_has_bonus,
    ),
    _money(
        "cost_per_year",
        lambda figures: figures.standing.per_year,
        export_key="earnings_per_year",
        exists_fn=lambda *_: True,
    ),
    CostSensorDescription(
        key="base_load",
        translation_key="base_load",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=_base_load,
        exists_fn=_runs_always,
    ),
    _money(
        "base_load_cost",
        lambda figures: figures.standing.base_load_per_year,
        exists_fn=_runs_always,
    ),
)
COST_SHARE: Final = CostSensorDescription(
    key="cost_share",
    translation_key="cost_share",
    state_class=SensorStateClass.MEASUREMENT,
    native_unit_of_measurement=PERCENTAGE,
    suggested_display_precision=1,
    value_fn=lambda figures: figures.standing.per_year,
    exists_fn=_is_plug,
)
"""Its value is a part of what all imports of the home cost."""


def share(part: float, others: Mapping[str, CostFigures]) -> float | None:
    """Return the percentage of a yearly cost of what the imports of a home cost in a year.

    `others` are the figures of all counters, by the unique id of their entity. None while no import
    has a yearly cost.
    """
    yearly = {
        unique_id: figures.standing.per_year
        for unique_id, figures in others.items()
        if Quantity.ENERGY_IMPORT in unique_id and figures.standing.per_year is not None
    }
    total = sum(yearly.values()) - sum(yearly[twice.tariff] for twice in counted_twice(yearly))
    return round(100 * part / total, 1) if total > 0 else None
