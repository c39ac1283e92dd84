"""The counters of energy of an entry, and those of them that have prices."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..coordinator import FritzBoxCoordinator
from ..costs.account import CounterPrices
from ..costs.prices import Price
from ..meter.coordinator import MeterCoordinator
from ..sensors.costs import is_export
from .sources import sources
from .statistics.gateway import Statistic


class Counter(NamedTuple):
    """A counter of energy, which can have prices."""

    unique_id: str
    """Of its entity."""
    energy: Statistic
    device_id: str | None

    @property
    def is_export(self) -> bool:
        """Whether its energy is paid for by others."""
        return is_export(self.unique_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class PricedCounter:
    """A counter with prices."""

    unique_id: str
    """Of its entity."""
    energy: Statistic
    prices: CounterPrices
    is_export: bool = False
    """Whether its energy is paid for by others."""
    feeds_in: bool = False
    """Whether its device also counts energy that is fed in."""

    @property
    def due_prices(self) -> list[Price]:
        """Its prices; a base price for energy that is paid for by others reduces what is earned."""
        prices = self.prices.prices
        return [replace(each, base=-each.base) for each in prices] if self.is_export else prices


def energy_counters(
    hass: HomeAssistant, coordinator: FritzBoxCoordinator | MeterCoordinator
) -> list[Counter]:
    """Return the counters of a loaded entry that count kWh and have statistics."""
    registry = er.async_get(hass)
    return [
        Counter(entity.unique_id, source.statistic, entity.device_id)
        for source in sources(hass, coordinator)
        if source.statistic.has_sum and source.statistic.unit == UnitOfEnergy.KILO_WATT_HOUR
        if (entity := registry.async_get(source.statistic.id)) is not None
    ]


def priced_counters(
    hass: HomeAssistant,
    coordinator: FritzBoxCoordinator | MeterCoordinator,
    prices: Mapping[str, CounterPrices],
) -> Iterator[PricedCounter]:
    """Yield the counters of a loaded entry that have prices, given by unique id of their entity."""
    found = energy_counters(hass, coordinator)
    feeding = {counter.device_id for counter in found if counter.is_export}
    for counter in found:
        if its_prices := prices.get(counter.unique_id):
            yield PricedCounter(
                unique_id=counter.unique_id,
                energy=counter.energy,
                prices=its_prices,
                is_export=counter.is_export,
                feeds_in=counter.device_id in feeding,
            )
