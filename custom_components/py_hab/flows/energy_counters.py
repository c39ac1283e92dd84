"""The counters of this integration that the Energy dashboard can show."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ..costs.account import stored_prices
from ..entity import entity_of, fritzbox_values
from ..history.cost_statistic import cost_statistic_id
from ..history.statistics.editor import get_editor
from ..meter.coordinator import MeterCoordinator
from ..sensors.fritzbox import FRITZBOX_SENSORS
from ..sml.registers import Quantity
from .energy_plan import Connection, Consumer, Hours, hours_of

_HOUR: Final = timedelta(hours=1)
_COMPARED: Final = timedelta(days=60)
"""How far back the hours of two meters are compared."""
_COUNTERS: Final = tuple(item for item in FRITZBOX_SENSORS if item.is_counter)
_OF_CONNECTION: Final = (Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT, Quantity.POWER)
_TARIFFS: Final = (
    Quantity.ENERGY_IMPORT_T1,
    Quantity.ENERGY_IMPORT_T2,
    Quantity.ENERGY_IMPORT_T3,
    Quantity.ENERGY_IMPORT_T4,
)
_CONSUMPTION: Final = "energy"
"""The key of a plug's counter; a Smart Energy 250 has the same two as a meter."""


def connections_and_consumers(
    hass: HomeAssistant, shown: Collection[str] = ()
) -> tuple[list[Connection], list[Consumer]]:
    """Return the counters of all loaded entries, `shown` being those on the dashboard.

    Entities that are disabled, hidden or not recorded are left out.
    """
    connections: list[Connection] = []
    consumers: list[Consumer] = []
    entries: list[PyHabConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        match entry.runtime_data.coordinator:
            case FritzBoxCoordinator() as box:
                found = _connections_of_box(hass, box)
                consumers += _consumers(hass, box)
            case MeterCoordinator() as meters:
                found = _connections_of_reader(hass, entry, meters, shown)
        connections += [_with_costs(hass, entry, item) for item in found]
    names = Counter(chain((item.name for item in connections), (item.name for item in consumers)))
    return (
        [
            replace(item, name=_longer_name(hass, item.key)) if names[item.name] > 1 else item
            for item in connections
        ],
        [
            replace(item, name=_longer_name(hass, item.energy)) if names[item.name] > 1 else item
            for item in consumers
        ],
    )


def _with_costs(hass: HomeAssistant, entry: PyHabConfigEntry, item: Connection) -> Connection:
    """Return a connection with the costs of its counters that have prices."""
    prices, registry = stored_prices(entry.options), er.async_get(hass)

    def cost(energy: str | None) -> str | None:
        entity = registry.async_get(energy) if energy else None
        if entity is None or entity.unique_id not in prices:
            return None
        return cost_statistic_id(entity.unique_id)

    return replace(
        item,
        cost=cost(item.energy_import),
        compensation=cost(item.energy_export),
        tariffs={tariff: cost(tariff) for tariff in item.tariffs},
    )


async def async_hours(hass: HomeAssistant, statistic_ids: Iterable[str]) -> dict[str, Hours]:
    """Return the recorded energy of counters, also of other integrations.

    Counters that cannot be read are missing: nothing is known about them.
    """
    gateway = get_editor(hass)
    recent = int((dt_util.utcnow() - _COMPARED).timestamp())
    found: dict[str, Hours] = {}
    for each in statistic_ids:
        try:
            sums = await gateway.async_sums(await gateway.async_statistic(each))
        except HomeAssistantError:
            continue
        found[each] = hours_of(
            ((row.start, row.sum) for row in sums),
            length=int(_HOUR.total_seconds()),
            recent=recent,
        )
    return found


def _connections_of_box(hass: HomeAssistant, box: FritzBoxCoordinator) -> Iterator[Connection]:
    """Yield the meters that a box reads: import and export are units of one device."""
    devices = box.owned_devices
    units: dict[str, dict[str, str]] = {}
    for unique_id, value in fritzbox_values(box, _COUNTERS).items():
        key = value.description.key
        if key != _CONSUMPTION:
            unit = units.setdefault(devices[value.ain].owner_ain, {})
            unit[key] = unique_id
            # Both units report the same power; its sensor belongs to the import.
            if key == Quantity.ENERGY_IMPORT:
                unit[Quantity.POWER] = f"{value.ain}_power"
    for unit in units.values():
        yield from _connection(hass, unit)


def _connections_of_reader(
    hass: HomeAssistant, entry: PyHabConfigEntry, meters: MeterCoordinator, shown: Collection[str]
) -> Iterator[Connection]:
    priced = stored_prices(entry.options)
    for meter_index in meters.data:
        unique_ids = {
            quantity: meters.devices.unique_id(meter_index, quantity)
            for quantity in (*_OF_CONNECTION, *_TARIFFS)
        }
        total = unique_ids[Quantity.ENERGY_IMPORT]
        shown_total = _shown_entity(hass, total)
        tariffs = {
            unique_ids[quantity]: entity_id
            for quantity in _TARIFFS
            if (entity_id := _shown_entity(hass, unique_ids[quantity]))
        }
        # They count the same as the total. Only the one or the other is shown.
        is_chosen = shown_total is None or not set(shown).isdisjoint(tariffs.values())
        has_prices_alone = total not in priced and bool(tariffs.keys() & priced.keys())
        in_its_place = is_chosen or (shown_total not in shown and has_prices_alone)
        first, *others = tariffs if tariffs and in_its_place else [total]
        for item in _connection(
            hass,
            {quantity.value: unique_ids[quantity] for quantity in _OF_CONNECTION}
            | {Quantity.ENERGY_IMPORT.value: first},
        ):
            yield replace(item, tariffs=dict.fromkeys(tariffs[each] for each in others))


def _connection(hass: HomeAssistant, unique_ids: Mapping[str, str]) -> Iterator[Connection]:
    """Yield a connection if one of its counters can be shown."""
    found = {
        key: entity_id
        for key, unique_id in unique_ids.items()
        if (entity_id := _shown_entity(hass, unique_id))
    }
    power = found.pop(Quantity.POWER.value, None)
    if found:
        name = _device_name(hass, next(iter(found.values())))
        yield Connection(
            name=name,
            energy_import=found.get(Quantity.ENERGY_IMPORT.value),
            energy_export=found.get(Quantity.ENERGY_EXPORT.value),
            power=power,
        )


def _consumers(hass: HomeAssistant, box: FritzBoxCoordinator) -> Iterator[Consumer]:
    devices = box.owned_devices
    for unique_id, value in fritzbox_values(box, _COUNTERS).items():
        if value.description.key != _CONSUMPTION:
            continue
        if energy := _shown_entity(hass, unique_id):
            yield Consumer(
                name=f"{_device_name(hass, energy)} {value.name_suffix}".strip(),
                energy=energy,
                power=_shown_entity(hass, f"{value.ain}_power"),
                is_group=devices[value.ain].is_group,
            )


def _shown_entity(hass: HomeAssistant, unique_id: str) -> str | None:
    """Return the id of an entity that is enabled, visible and recorded."""
    entity = entity_of(hass, Platform.SENSOR, unique_id)
    if entity is None or entity.hidden or not get_editor(hass).is_recorded(entity.entity_id):
        return None
    return entity.entity_id


def _device_name(hass: HomeAssistant, entity_id: str) -> str:
    """Return the name of an entity's device, as the user has set it."""
    device = _device(hass, entity_id)
    return (device and (device.name_by_user or device.name)) or entity_id


def _longer_name(hass: HomeAssistant, entity_id: str) -> str:
    """Return a name that differs from others: the device's with its model and the entity id."""
    device = _device(hass, entity_id)
    model = device and device.model
    more = f"{model}, {entity_id}" if model else entity_id
    return f"{_device_name(hass, entity_id)} ({more})"


def _device(hass: HomeAssistant, entity_id: str) -> dr.DeviceEntry | None:
    entity = er.async_get(hass).async_get(entity_id)
    device = entity and entity.device_id and dr.async_get(hass).async_get(entity.device_id)
    return device if isinstance(device, dr.DeviceEntry) else None
