"""The values of an entry that have statistics."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from ..const import CONF_POWER_HISTORY
from ..coordinator import FritzBoxCoordinator
from ..entity import entity_of, fritzbox_values
from ..fritzbox.device_stats import DeviceStats, Series
from ..fritzbox.devices import MeterKind
from ..meter.coordinator import MeterCoordinator
from ..sensors.fritzbox import FRITZBOX_SENSORS
from ..sensors.meter import METER_SENSORS, quantities_known
from ..sml.registers import COUNTERS, FED_IN, Quantity
from .statistics.editor import get_editor
from .statistics.gateway import Statistic

_CONSUMPTION: Final = "energy"
_IMPORT: Final = Quantity.ENERGY_IMPORT.value
_EXPORT: Final = Quantity.ENERGY_EXPORT.value
_POWER: Final = Quantity.POWER.value
"""Keys of sensors; those of a Smart Energy 250 are the same as those of a meter."""
_POWER_AND_COUNTERS: Final = tuple(
    item for item in FRITZBOX_SENSORS if item.is_counter or item.key == _POWER
)
_COUNTERS_OF_POWER: Final = {
    _POWER: (_IMPORT, _EXPORT),
    Quantity.POWER_IMPORT.value: (_IMPORT, None),
    Quantity.POWER_EXPORT.value: (_EXPORT, None),
}
"""The counters of what a power contains, and of what makes it negative."""
_WITH_STATS: Final = tuple(item for item in FRITZBOX_SENSORS if item.stats_fn is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerCounters:
    """The counters whose energy is the mean power of a device."""

    counted: Statistic
    deducted: Statistic | None = None
    """The counter of feed-in, where feeding in makes the power negative."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A value with a statistic."""

    statistic: Statistic
    counter: str | None = None
    """The key of the counter in the counter store; None for a measurement."""
    ain: str | None = None
    """The device of a FRITZ!Box whose device statistics contain the history of the value."""
    stats_fn: Callable[[DeviceStats], Sequence[Series]] | None = None
    """Selects the series of the value from these device statistics."""
    is_fed_in: bool = False
    """Whether the counter counts feed-in: in the dark, there is none."""
    starts_at_zero: bool = False
    """Whether the counter restarts at 0 when it is reset, as that of a plug does."""
    power: PowerCounters | None = None
    """The counters that contain the history of a power, if it is to be written."""


def sources(
    hass: HomeAssistant, coordinator: FritzBoxCoordinator | MeterCoordinator
) -> list[Source]:
    """Return the values of a loaded entry that have statistics, in the order of its devices."""
    with_power = coordinator.config_entry.options.get(CONF_POWER_HISTORY, False)
    match coordinator:
        case FritzBoxCoordinator():
            powers = _powers_of_box(hass, coordinator) if with_power else ()
            return [*_of_box(hass, coordinator), *powers]
        case MeterCoordinator():
            powers = _powers_of_meters(hass, coordinator) if with_power else ()
            return [*_of_meters(hass, coordinator), *powers]


async def async_by_urgency(hass: HomeAssistant, found: Iterable[Source]) -> list[Source]:
    """Sort sources: counters before measurements, those on the Energy dashboard first."""
    shown = await _async_on_energy_dashboard(hass)
    return sorted(
        found, key=lambda source: (source.counter is None, source.statistic.id not in shown)
    )


async def _async_on_energy_dashboard(hass: HomeAssistant) -> set[str]:
    """Return all texts in the preferences of the Energy dashboard, among them its statistics."""
    if "energy" not in hass.config.components:
        return set()
    texts: set[str] = set()
    parts: list[Any] = [(await async_get_manager(hass)).data]
    while parts:
        match parts.pop():
            case str(text):
                texts.add(text)
            case Mapping() as section:
                parts += section.values()
            case list(items):
                parts += items
    return texts


def _of_box(hass: HomeAssistant, coordinator: FritzBoxCoordinator) -> Iterator[Source]:
    for unique_id, value in fritzbox_values(coordinator, _WITH_STATS).items():
        ain, description = value.ain, value.description
        statistic = _statistic(
            hass,
            coordinator.config_entry.entry_id,
            unique_id,
            description,
            has_sum=description.is_counter,
        )
        if statistic is not None:
            meter = coordinator.data.devices[ain].power_meter
            yield Source(
                statistic=statistic,
                counter=ain if description.is_counter else None,
                ain=ain,
                stats_fn=description.stats_fn,
                is_fed_in=meter is not None and meter.kind is MeterKind.FEED_IN,
                starts_at_zero=meter is not None and meter.kind is MeterKind.CONSUMPTION,
            )


def _of_meters(hass: HomeAssistant, coordinator: MeterCoordinator) -> Iterator[Source]:
    for meter_index, quantity in quantities_known(coordinator):
        if quantity in COUNTERS:
            statistic = _statistic(
                hass,
                coordinator.config_entry.entry_id,
                coordinator.devices.unique_id(meter_index, quantity),
                METER_SENSORS[quantity],
                has_sum=True,
            )
            if statistic is not None:
                counter = coordinator.data[meter_index].counter_key(quantity)
                yield Source(statistic=statistic, counter=counter, is_fed_in=quantity in FED_IN)


def _powers_of_box(hass: HomeAssistant, coordinator: FritzBoxCoordinator) -> Iterator[Source]:
    devices = coordinator.owned_devices
    found: dict[tuple[str, str], Statistic | None] = {}
    for unique_id, value in fritzbox_values(coordinator, _POWER_AND_COUNTERS).items():
        # Import and export are units of one device, whose power belongs to the import.
        key = value.description.key
        device = value.ain if key != _EXPORT else devices[value.ain].owner_ain
        found[device, key] = _statistic(
            hass,
            coordinator.config_entry.entry_id,
            unique_id,
            value.description,
            has_sum=value.description.is_counter,
        )
    for (ain, key), power in found.items():
        if key == _POWER:
            counted = found.get((ain, _IMPORT)) or found.get((ain, _CONSUMPTION))
            feed_in = (devices[ain].owner_ain, _EXPORT) if (ain, _IMPORT) in found else None
            yield from _power(power, counted, found, feed_in, ain=ain)


def _powers_of_meters(hass: HomeAssistant, coordinator: MeterCoordinator) -> Iterator[Source]:
    found: dict[tuple[str, str], Statistic | None] = {
        (meter_index, quantity): _statistic(
            hass,
            coordinator.config_entry.entry_id,
            coordinator.devices.unique_id(meter_index, quantity),
            METER_SENSORS[quantity],
            has_sum=quantity in COUNTERS,
        )
        for meter_index, quantity in quantities_known(coordinator)
    }
    for (meter_index, quantity), power in found.items():
        if (counters := _COUNTERS_OF_POWER.get(quantity)) is not None:
            counted, deducted = counters
            feed_in = (meter_index, deducted) if deducted else None
            yield from _power(power, found.get((meter_index, counted)), found, feed_in)


def _power(
    power: Statistic | None,
    counted: Statistic | None,
    found: Mapping[tuple[str, str], Statistic | None],
    feed_in: tuple[str, str] | None,
    *,
    ain: str | None = None,
) -> Iterator[Source]:
    """Yield a power if all counters that it follows from have statistics.

    A meter without a counter of feed-in has none of it.
    """
    deducted = found.get(feed_in) if feed_in else None
    is_complete = deducted is not None or feed_in not in found
    if power is not None and counted is not None and is_complete:
        counters = PowerCounters(counted=counted, deducted=deducted)
        yield Source(statistic=power, ain=ain, power=counters)


def _statistic(
    hass: HomeAssistant,
    entry_id: str,
    unique_id: str,
    description: SensorEntityDescription,
    *,
    has_sum: bool,
) -> Statistic | None:
    """Return the statistic of an entity, None if it is missing, disabled or not recorded."""
    entity = entity_of(hass, Platform.SENSOR, unique_id)
    if entity is None or not get_editor(hass).is_recorded(entity.entity_id):
        return None
    return Statistic(
        id=entity.entity_id,
        unit=description.native_unit_of_measurement or "",
        has_sum=has_sum,
        entry_id=entry_id,
    )
