"""py_hab in a home where others record the same devices: nobody complains about its statistics.

Home Assistant's own `fritzbox`, `tasmota` and `mqtt` sensors, the Energy dashboard's preferences and
the recorder's checks are real. Tools that look for broken references (Spook and the like) read what
is compared here: statistics and their metadata, the registries, the preferences, the issues.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.history.cost_statistic import cost_statistic_id
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import (
    list_statistic_ids,
    valid_statistic_id,
    validate_statistics,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR
from simulator.home import Home, ManualClock
from simulator.tasmota import TasmotaDevice
from tests.support.box_house import House
from tests.support.core_fritzbox import core_fritzbox
from tests.support.dialogue import prefer
from tests.support.first_run import was_never_set_up
from tests.support.living import recorded
from tests.support.mocked_reader import MAC, UNIQUE_ID, MockedReader
from tests.support.passing_time import Time
from tests.support.priced import FRIDGE_KEY, LONG_AGO, METER_KEY, priced
from tests.support.watching import warnings

OLD: Final = "sensor.old_meter"
"""The sensor that a message of MQTT discovery has created."""
COUNTER_KEY: Final = f"{UNIQUE_ID}_energy_import"
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


@pytest.fixture
def age() -> timedelta:
    """Two days of a new box: each hour takes time."""
    return timedelta(days=2)


@pytest.fixture
def ains() -> set[str]:
    """A meter and a plug."""
    return {IMPORT.removesuffix("-1"), IMPORT, REFRIGERATOR}


@pytest.fixture
def enable_statistics() -> bool:
    """Let the recorder compile statistics every five minutes."""
    return True


@dataclass
class Shared:
    """A home that py_hab shares with others."""

    hass: HomeAssistant
    house: House
    reader: MockedReader
    meter: MockConfigEntry
    core: MockConfigEntry
    tasmota: MockConfigEntry

    async def lives(self, duration: timedelta) -> None:
        """Let time pass; the meter counts 0.01 kWh in a minute."""
        for _ in range(duration // (5 * MINUTE)):
            for _ in range(5):
                await self.reader.lives(MINUTE, E_in=0.01)
                # A poll of the box is a background task.
                await self.hass.async_block_till_done(wait_background_tasks=True)
            await recorded(self.hass)

    async def calls(self, action: str, **data: Any) -> dict[str, Any]:
        """Call an action of py_hab; return its response."""
        answer: Any = await self.hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=True
        )
        await recorded(self.hass)
        return dict(answer)

    def entity(self, unique_id: str) -> str:
        """Return our sensor of a unique id; another integration may have taken the plain name."""
        found = er.async_get(self.hass).async_get_entity_id("sensor", DOMAIN, unique_id)
        assert found is not None
        return found

    def ours(self) -> set[str]:
        """Return our entities."""
        registry = er.async_get(self.hass)
        return {entry.entity_id for entry in registry.entities.values() if entry.platform == DOMAIN}

    async def assert_nobody_complains(self, *others: str) -> None:
        """Look at what the recorder, the Energy dashboard and tools for references find.

        `others` are the statistics without an entity that py_hab has written.
        """
        hass, ours = self.hass, self.ours()
        instance = get_instance(hass)
        known = {
            item["statistic_id"]: item
            for item in await instance.async_add_executor_job(list_statistic_ids, hass)
        }
        for statistic_id, item in known.items():
            if item["source"] == DOMAIN:
                assert statistic_id.startswith(f"{DOMAIN}:")
                assert valid_statistic_id(statistic_id)
                assert item["name"]
        mine = {item for item in known if item in ours or item.startswith(f"{DOMAIN}:")}
        assert mine >= {self.entity(key) for key in (METER_KEY, FRIDGE_KEY, COUNTER_KEY)} | {
            *others
        }
        # All that Home Assistant has of entities belongs to one that there is.
        registered = er.async_get(hass).entities
        assert {
            item
            for item, about in known.items()
            if about["source"] == "recorder" and item not in registered
        } == set()
        found = await instance.async_add_executor_job(validate_statistics, hass)
        assert {item: issues for item, issues in found.items() if item in mine} == {}
        assert [
            issue.issue_id
            for issue in ir.async_get(hass).issues.values()
            if issue.domain in {DOMAIN, "recorder", "sensor", "energy"} and issue.active
        ] == []
        energy = (await async_validate(hass)).as_dict()
        assert [each for part in energy.values() for each in part if each] == []


@pytest.fixture
async def shared(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    home: Home,
    clock: ManualClock,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    mock_hass_config: None,
    mqtt_client_mock: Any,
    no_pause: None,
) -> Any:
    """A home in which core's integrations were there first."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert await async_setup_component(hass, "energy", {})
    core = core_fritzbox(hass, box)
    assert await hass.config_entries.async_setup(core.entry_id)
    reader = MockedReader(time, hass, mqtt_client_mock)
    reader.broker = MockConfigEntry(
        domain="mqtt",
        version=2,
        minor_version=1,
        data=dict(reader.broker.data),
        options={"discovery": True, "birth_message": {}},
    )
    await reader.connect()
    tasmota = MockConfigEntry(
        domain="tasmota", title="Tasmota", data={"discovery_prefix": "tasmota/discovery"}
    )
    tasmota.add_to_hass(hass)
    assert await hass.config_entries.async_setup(tasmota.entry_id)
    await hass.async_block_till_done()
    device = TasmotaDevice(
        home, clock, topic="tasmota_9282F4", mac=MAC, name="Tasmota", full_topic="%prefix%/%topic%/"
    )
    await time.passes(hass, 3 * MINUTE)
    await reader.announces(**device.config())
    await reader.says(
        f"tasmota/discovery/{MAC}/sensors",
        {"sn": {"Time": "2026-03-20T19:07:33", **reader.blocks}, "ver": 1},
    )
    await reader.says(
        "homeassistant/sensor/old_meter/config",
        {
            "name": "Old meter",
            "unique_id": "old_meter",
            "default_entity_id": OLD,
            "state_topic": "tele/tasmota_9282F4/SENSOR",
            "value_template": "{{ value_json.MT681.E_in }}",
            "unit_of_measurement": "kWh",
            "device_class": "energy",
            "state_class": "total_increasing",
        },
    )
    await was_never_set_up(hass)
    house = House(time, hass, box, fritzbox_entry, [], [])
    meter = reader.entry(prefix="MT681")
    shared = Shared(hass, house, reader, meter, core, tasmota)
    # The others have recorded for some hours before py_hab comes.
    await reader.says("LWT", "Online")
    await shared.lives(HOUR)
    await house.start()
    await reader.set_up(meter)
    yield shared
    await hass.config_entries.async_unload(tasmota.entry_id)
    await time.passes(hass, timedelta(seconds=1))
    await reader.disconnect()


def assert_each_device_is_there_once(shared: Shared) -> None:
    """Each integration has one device of each thing; the reader's are connected by its MAC."""
    registry = dr.async_get(shared.hass)
    devices = {
        entry.title: dr.async_entries_for_config_entry(registry, entry.entry_id)
        for entry in (shared.house.entry, shared.meter, shared.core, shared.tasmota)
    }
    for found in devices.values():
        names = [device.name for device in found]
        assert sorted(names, key=str) == sorted(set(names), key=str)
    connections = [
        {connection for device in devices[entry.title] for connection in device.connections}
        for entry in (shared.meter, shared.tasmota)
    ]
    assert connections == 2 * [{(dr.CONNECTION_NETWORK_MAC, UNIQUE_ID)}]


async def test_nobody_complains_whatever_py_hab_writes(
    shared: Shared, tmp_path: Path, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hass, house = shared.hass, shared.house
    await shared.lives(HOUR)
    await shared.assert_nobody_complains()
    assert_each_device_is_there_once(shared)
    # The history of the box, and costs.
    hass.config_entries.async_update_entry(
        house.entry,
        options={**house.entry.options, **priced(Price(since=LONG_AGO, price=0.3), key=FRIDGE_KEY)},
    )
    assert await hass.config_entries.async_reload(house.entry.entry_id)
    await shared.calls("backfill", config_entry_id=house.entry.entry_id)
    await shared.lives(HOUR)
    dialogue = await prefer(hass, house.entry, "energy")
    await dialogue.answer(grid=[shared.entity(METER_KEY)], devices=[shared.entity(FRIDGE_KEY)])
    costs = cost_statistic_id(FRIDGE_KEY)
    await shared.assert_nobody_complains(costs)
    # The hours of the old sensor, and a file.
    await shared.calls("take_over", entity_id=shared.entity(COUNTER_KEY), source=OLD)
    (media / "hours.csv").write_text("Zeit;kWh\n2026-01-05 10:00;0,25\n2026-01-05 11:00;0,5\n")
    await shared.calls(
        "import_file",
        path=str(media / "hours.csv"),
        config_entry_id=shared.meter.entry_id,
        content="consumption",
        unit="kWh",
        label="begin",
    )
    imported = "py_hab:hours_kwh"
    await shared.assert_nobody_complains(costs, imported)
    await shared.calls("undo_history", config_entry_id=shared.meter.entry_id)
    await shared.calls("undo_history", config_entry_id=house.entry.entry_id)
    await shared.lives(5 * MINUTE)
    await shared.assert_nobody_complains()
    assert warnings(caplog) == []
