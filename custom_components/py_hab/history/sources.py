"""Which statistics belong to the values of an entry."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ..entity import fritzbox_values
from ..fritzbox.devices import MeterKind
from ..meter.coordinator import MeterCoordinator
from ..sensor import FRITZBOX_SENSORS
from ..sensors.meter import METER_SENSORS, registers_known
from ..sml.registers import COUNTERS
from .statistics.gateway import Statistic

_SERIES: Final = {
    "energy": "energy",
    "energy_import": "energy",
    "energy_export": "energy",
    "temperature": "temperature",
    "humidity": "humidity",
}
"""What the box remembers: the name of the series, by the key of the sensor."""
_REMEMBERED: Final = tuple(item for item in FRITZBOX_SENSORS if item.key in _SERIES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A value with a statistic of its own."""

    statistic: Statistic
    counter: str | None = None
    """How the counter memory calls it; None for a measurement."""
    ain: str | None = None
    """The device at the box that remembers it."""
    series: str | None = None
    """Which of the device's series."""
    starts_at_zero: bool = False
    """Whether a counter that begins anew begins with nothing, as a plug's does."""


def sources(hass: HomeAssistant, entry: PyHabConfigEntry) -> list[Source]:
    """Return the values of a loaded entry that have statistics, in the order of its devices."""
    match entry.runtime_data:
        case FritzBoxCoordinator() as fritzbox:
            return list(_at_box(hass, fritzbox))
        case MeterCoordinator() as meter:
            return list(_of_meters(hass, meter))


def enabled_entity(
    hass: HomeAssistant, platform: Platform, unique_id: str
) -> er.RegistryEntry | None:
    """Return an entity of ours, None if there is none or it is switched off."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(platform, DOMAIN, unique_id)
    entity = registry.async_get(entity_id) if entity_id else None
    return None if entity is None or entity.disabled else entity


def _at_box(hass: HomeAssistant, coordinator: FritzBoxCoordinator) -> Iterator[Source]:
    for unique_id, (ain, description) in fritzbox_values(coordinator, _REMEMBERED):
        series = _SERIES[description.key]
        is_counter = series == "energy"
        statistic = _statistic(hass, coordinator, unique_id, description, has_sum=is_counter)
        if statistic is not None:
            meter = coordinator.data.devices[ain].power_meter
            yield Source(
                statistic=statistic,
                counter=ain if is_counter else None,
                ain=ain,
                series=series,
                starts_at_zero=meter is not None and meter.kind is MeterKind.CONSUMPTION,
            )


def _of_meters(hass: HomeAssistant, coordinator: MeterCoordinator) -> Iterator[Source]:
    for meter_index, quantity in registers_known(coordinator):
        if quantity in COUNTERS:
            unique_id = coordinator.unique_id(meter_index, quantity)
            statistic = _statistic(
                hass, coordinator, unique_id, METER_SENSORS[quantity], has_sum=True
            )
            if statistic is not None:
                yield Source(
                    statistic=statistic, counter=coordinator.data[meter_index].counter_key(quantity)
                )


def _statistic(
    hass: HomeAssistant,
    coordinator: FritzBoxCoordinator | MeterCoordinator,
    unique_id: str,
    description: SensorEntityDescription,
    *,
    has_sum: bool,
) -> Statistic | None:
    """Return the statistic of an entity, None if it is not there or switched off."""
    entity = enabled_entity(hass, Platform.SENSOR, unique_id)
    if entity is None:
        return None
    return Statistic(
        id=entity.entity_id,
        unit=description.native_unit_of_measurement or "",
        has_sum=has_sum,
        entry_id=coordinator.config_entry.entry_id,
    )
