"""Adding counters to the Energy dashboard, with Home Assistant's own energy component."""

from collections.abc import Collection
from copy import deepcopy
from datetime import datetime, timedelta
import json
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.costs.account import CONF_PRICES
from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.history.cost_statistic import cost_statistic_id
from homeassistant.components.energy.data import (
    DEVICE_CONSUMPTION_SCHEMA,
    ENERGY_SOURCE_SCHEMA,
    EnergyManager,
    async_get_manager,
)
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import (
    BATH,
    EXPORT as EXPORT_UNIT,
    GROUP,
    IMPORT as IMPORT_UNIT,
    REFRIGERATOR,
    WORKSHOP,
)
from tests.support.dialogue import Dialogue, prefer
from tests.support.living import recorded
from tests.support.priced import EXPORT_KEY, LONG_AGO, METER_KEY, priced

IMPORT: Final = "sensor.stromzahler_energy_import"
EXPORT: Final = "sensor.stromzahler_energy_export"
POWER: Final = "sensor.stromzahler_power"
FRIDGE: Final = "sensor.kuhlschrank_energy"
READER: Final = "sensor.mt681_energy_import"
OLD: Final = "sensor.old_meter"
HOUR: Final = timedelta(hours=1)
PLUGS: Final = {REFRIGERATOR, WORKSHOP, GROUP}
OF_THE_USER: Final[Any] = {
    "energy_sources": [
        {"type": "solar", "stat_energy_from": "sensor.roof", "config_entry_solar_forecast": None},
        {
            "type": "grid",
            "stat_energy_from": OLD,
            "stat_energy_to": None,
            "stat_cost": None,
            "entity_energy_price": None,
            "number_energy_price": 0.31,
            "stat_compensation": None,
            "entity_energy_price_export": None,
            "number_energy_price_export": None,
            "cost_adjustment_day": 0.0,
            "name": "Zähler",
        },
    ],
    "device_consumption": [{"stat_consumption": "sensor.oven", "name": "Herd"}],
    "device_consumption_water": [{"stat_consumption": "sensor.garden"}],
}


@pytest.fixture
def ains() -> Collection[str]:
    """A meter, all plugs and their group, and a thermostat, which counts nothing."""
    return {IMPORT_UNIT.removesuffix("-1"), IMPORT_UNIT, EXPORT_UNIT, *PLUGS, BATH}


async def energy_manager(hass: HomeAssistant) -> EnergyManager:
    """Set up the Energy dashboard, and return its preferences."""
    assert await async_setup_component(hass, "energy", {})
    await hass.async_block_till_done()
    return await async_get_manager(hass)


@pytest.fixture
async def manager(box_entry: MockConfigEntry, hass: HomeAssistant) -> EnergyManager:
    """The preferences of the Energy dashboard, beside a loaded box."""
    return await energy_manager(hass)


async def counted(
    hass: HomeAssistant, statistic_id: str, *, until: datetime, days: int = 3, scale: float = 1.0
) -> None:
    """Record hours of a counter: the evening of each day consumes more."""
    start = until.replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    total, rows = 0.0, list[StatisticData]()
    for hour in range(24 * days):
        total += scale * (1.2 if hour % 24 > 16 else 0.2)
        rows.append({"start": start + hour * HOUR, "state": total, "sum": total})
    async_import_statistics(
        hass,
        {
            "source": "recorder",
            "statistic_id": statistic_id,
            "name": None,
            "unit_of_measurement": "kWh",
            "unit_class": "energy",
            "has_sum": True,
            "mean_type": StatisticMeanType.NONE,
        },
        rows,
    )
    await recorded(hass)


def saved(manager: EnergyManager) -> Any:
    """Return the preferences, None if nothing was saved yet."""
    return manager.data


def offered(dialogue: Dialogue, field: str) -> dict[str, str]:
    """Return the choices of a field, with their labels."""
    options = dialogue.field(field).config["options"]
    return {option["value"]: option["label"] for option in options}


async def test_meter_and_plugs_are_added_to_an_empty_dashboard(
    hass: HomeAssistant, box_entry: MockConfigEntry
) -> None:
    assert (await prefer(hass, box_entry, "energy")).end == "energy_not_loaded"
    manager = await energy_manager(hass)
    # Nothing chosen changes nothing.
    await (await prefer(hass, box_entry, "energy")).answer()
    assert saved(manager) is None
    dialogue = await prefer(hass, box_entry, "energy")
    assert offered(dialogue, "grid") == {IMPORT: "Stromzähler"}
    assert offered(dialogue, "devices")[FRIDGE] == "Kühlschrank"
    assert "Already shown" not in dialogue.placeholders["remarks"]
    options = dict(box_entry.options)
    await dialogue.answer(**dialogue.suggested)
    assert box_entry.options == options
    [grid] = saved(manager)["energy_sources"]
    assert ENERGY_SOURCE_SCHEMA([grid]) == [grid]
    assert {key: value for key, value in grid.items() if value is not None} == {
        "type": "grid",
        "stat_energy_from": IMPORT,
        "stat_energy_to": EXPORT,
        "stat_rate": POWER,
        "cost_adjustment_day": 0.0,
    }
    devices = saved(manager)["device_consumption"]
    assert {"stat_consumption": FRIDGE, "stat_rate": "sensor.kuhlschrank_power"} in devices
    assert all(DEVICE_CONSUMPTION_SCHEMA(item) == item for item in devices)
    assert len({item["stat_consumption"] for item in devices}) == len(devices)


async def test_what_the_user_has_chosen_stays_and_twice_is_once(
    hass: HomeAssistant, box_entry: MockConfigEntry, manager: EnergyManager
) -> None:
    await manager.async_update(deepcopy(OF_THE_USER))
    dialogue = await prefer(hass, box_entry, "energy")
    # Nothing proves that it is another connection than that of the old meter.
    assert dialogue.suggested["grid"] == []
    assert "sensor.old_meter" in dialogue.placeholders["remarks"].replace("\\", "")
    twin = await prefer(hass, box_entry, "energy")
    await dialogue.answer(grid=[IMPORT], devices=[FRIDGE])
    once = json.dumps(saved(manager))
    after: Any = saved(manager)
    for key, before in OF_THE_USER.items():
        assert json.dumps(after[key][: len(before)]) == json.dumps(before)
    assert len(after["energy_sources"]) == 3
    assert len(after["device_consumption"]) == 2
    # A second window with the same form, which was open all the time.
    await twin.answer(grid=[IMPORT], devices=[FRIDGE])
    assert json.dumps(saved(manager)) == once
    again = await prefer(hass, box_entry, "energy")
    assert "grid" not in again.page
    assert FRIDGE not in offered(again, "devices")
    assert again.placeholders["remarks"].startswith("Already shown: Stromzähler")
    # The reasons are in the language of the home.
    await manager.async_update(deepcopy(OF_THE_USER))
    await counted(hass, OLD, until=dt_util.utcnow())
    await counted(hass, IMPORT, until=dt_util.utcnow())
    hass.config.language = "de"
    german = await prefer(hass, box_entry, "energy")
    assert "denselben Anschluss wie sensor.old_meter, der schon im" in german.placeholders[
        "remarks"
    ].replace("\\", "")


async def test_hidden_disabled_and_group_entities_stay_out(
    hass: HomeAssistant, box_entry: MockConfigEntry, manager: EnergyManager
) -> None:
    registry = er.async_get(hass)
    registry.async_update_entity(FRIDGE, hidden_by=er.RegistryEntryHider.USER)
    registry.async_update_entity(EXPORT, disabled_by=er.RegistryEntryDisabler.USER)
    registry.async_update_entity(POWER, hidden_by=er.RegistryEntryHider.USER)
    dialogue = await prefer(hass, box_entry, "energy")
    assert FRIDGE not in offered(dialogue, "devices")
    coordinator = box_entry.runtime_data.coordinator
    groups = {item.name for item in coordinator.data.devices.values() if item.is_group}
    assert groups
    assert groups.isdisjoint(offered(dialogue, "devices").values())
    await dialogue.answer(grid=[IMPORT])
    [grid] = saved(manager)["energy_sources"]
    assert grid["type"] == "grid"
    assert grid["stat_energy_to"] is None
    assert "stat_rate" not in grid


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_group_that_the_user_has_enabled_is_offered_and_not_suggested(
    hass: HomeAssistant, box_entry: MockConfigEntry, manager: EnergyManager
) -> None:
    dialogue = await prefer(hass, box_entry, "energy")
    coordinator = box_entry.runtime_data.coordinator
    groups = {item.name for item in coordinator.data.devices.values() if item.is_group}
    labels = offered(dialogue, "devices")
    enabled = groups.intersection(labels.values())
    assert enabled
    suggested = {labels[item] for item in dialogue.suggested["devices"]}
    assert suggested.isdisjoint(enabled)
    assert "Groups repeat" in dialogue.placeholders["remarks"]


async def test_of_reader_and_box_on_one_meter_the_one_with_history_is_suggested(
    hass: HomeAssistant, box_entry: MockConfigEntry, manager: EnergyManager, meter: MockConfigEntry
) -> None:
    now = dt_util.utcnow()
    await counted(hass, IMPORT, until=now, days=8)
    await counted(hass, READER, until=now, days=3, scale=1.01)
    dialogue = await prefer(hass, meter, "energy")
    assert offered(dialogue, "grid").keys() == {IMPORT, READER}
    assert dialogue.suggested["grid"] == [IMPORT]
    assert "same connection" in dialogue.placeholders["remarks"]
    assert "Stromzähler" in dialogue.placeholders["remarks"]
    await dialogue.answer(grid=[IMPORT, READER])
    assert dialogue.errors == {"grid": "same_connection"}
    assert saved(manager) is None
    await dialogue.answer(grid=[IMPORT])
    again = await prefer(hass, meter, "energy")
    assert again.suggested["grid"] == []
    assert "on the Energy dashboard already" in again.placeholders["remarks"]


async def test_when_all_is_shown_or_nothing_is_there_the_dialogue_says_so(
    hass: HomeAssistant, box_entry: MockConfigEntry, manager: EnergyManager
) -> None:
    dialogue = await prefer(hass, box_entry, "energy")
    await dialogue.answer(**{name: list(offered(dialogue, name)) for name in ("grid", "devices")})
    done = await prefer(hass, box_entry, "energy")
    assert done.page == {}
    shown, complete = done.placeholders["remarks"].split("\n\n")
    assert shown.startswith("Already shown: ")
    assert complete == "All counters are on the Energy dashboard already."
    await done.answer()
    assert await hass.config_entries.async_unload(box_entry.entry_id)
    empty = await prefer(hass, box_entry, "energy")
    assert empty.placeholders["remarks"].startswith("There are no counters yet.")


async def test_counters_with_prices_bring_their_costs_along(
    hass: HomeAssistant, box_entry: MockConfigEntry, manager: EnergyManager
) -> None:
    await counted(hass, IMPORT, until=dt_util.utcnow())
    hass.config_entries.async_update_entry(
        box_entry, options=priced(Price(since=LONG_AGO, price=0.3))
    )
    await hass.config_entries.async_reload(box_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await recorded(hass)
    dialogue = await prefer(hass, box_entry, "energy")
    assert "costs" not in dialogue.page
    await dialogue.answer(grid=[IMPORT])
    [grid] = saved(manager)["energy_sources"]
    assert grid["stat_cost"] == cost_statistic_id(METER_KEY)
    # The dashboard itself has nothing to complain of.
    assert grid["stat_cost"] not in str((await async_validate(hass)).as_dict())
    # The user takes the costs off again; the dialogue offers them once more.
    without: Any = {"energy_sources": [{**grid, "stat_cost": None}]}
    await manager.async_update(without)
    dialogue = await prefer(hass, box_entry, "energy")
    assert dialogue.suggested["costs"] == [IMPORT]
    assert offered(dialogue, "costs") == {IMPORT: "Stromzähler Energy import"}
    await dialogue.answer(costs=[IMPORT])
    assert saved(manager)["energy_sources"] == [grid]


async def test_costs_leave_the_dashboard_with_the_last_price_or_the_entry_and_others_stay(
    hass: HomeAssistant, box_entry: MockConfigEntry, manager: EnergyManager
) -> None:
    ours, other = cost_statistic_id(METER_KEY), "other:cost_of_gas"
    gas: dict[str, Any] = {"type": "gas", "stat_energy_from": "sensor.gas", "stat_cost": other}
    feed_in: dict[str, Any] = {
        **deepcopy(OF_THE_USER["energy_sources"][1]),
        "stat_energy_from": None,
        "stat_energy_to": EXPORT,
        "number_energy_price": None,
        "stat_compensation": cost_statistic_id(EXPORT_KEY),
    }
    grid: dict[str, Any] = {
        **deepcopy(OF_THE_USER["energy_sources"][1]),
        "stat_energy_from": IMPORT,
        "number_energy_price": None,
        "stat_cost": ours,
    }

    async def shows(*sources: dict[str, Any]) -> None:
        preferences: Any = deepcopy(OF_THE_USER) | {"energy_sources": list(deepcopy(sources))}
        await manager.async_update(preferences)

    async def enter(options: dict[str, Any]) -> None:
        hass.config_entries.async_update_entry(box_entry, options=options)
        await hass.config_entries.async_reload(box_entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        await recorded(hass)

    await counted(hass, IMPORT, until=dt_util.utcnow())
    price = Price(since=LONG_AGO, price=0.3)
    both = priced(price)[CONF_PRICES] | priced(price, key=EXPORT_KEY)[CONF_PRICES]
    await enter({CONF_PRICES: both})
    await shows(gas, feed_in, grid)
    # Another price changes nothing there: the costs are those of the same statistic.
    dialogue = await prefer(hass, box_entry, "prices")
    for answer in ({"counter": METER_KEY}, {"what": "0"}, {"since": "2020-01-01", "price": 31.0}):
        await dialogue.answer(**answer)
    await dialogue.answer()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert saved(manager)["energy_sources"] == [gas, feed_in, grid]
    # With the last price, the costs of the counter go; nothing else does.
    dialogue = await prefer(hass, box_entry, "prices")
    last = {"since": "2020-01-01", "price": 31.0, "remove": True}
    for answer in ({"counter": METER_KEY}, {"what": "0"}, last):
        await dialogue.answer(**answer)
    assert "also on the Energy dashboard" in dialogue.placeholders["report"]
    await dialogue.answer()
    await hass.async_block_till_done(wait_background_tasks=True)
    free = grid | {"stat_cost": None}
    assert saved(manager)["energy_sources"] == [gas, feed_in, free]
    assert saved(manager)["device_consumption"] == OF_THE_USER["device_consumption"]
    # The entry takes its costs along, unless another one has the counter now.
    await enter({CONF_PRICES: both})
    await shows(gas, feed_in, grid)
    heir = MockConfigEntry(
        domain=DOMAIN, data={"kind": "meter"}, options=priced(price, key=EXPORT_KEY)
    )
    heir.add_to_hass(hass)
    assert await hass.config_entries.async_remove(box_entry.entry_id)
    assert saved(manager)["energy_sources"] == [gas, feed_in, free]
