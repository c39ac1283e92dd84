"""What a FRITZ!Box and a reader say of themselves."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.sensors.source import _by_minute
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time
from tests.support.watching import set_up, state_of

BOX = "38:10:d5:5e:7a:1c"


@pytest.fixture
def ains() -> Collection[str]:
    """A plug alone."""
    return {REFRIGERATOR}


async def enabled(hass: HomeAssistant, entry: MockConfigEntry, *unique_ids: str) -> None:
    """Enable entities that are disabled by default, as a user does."""
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.unique_id in unique_ids:
            registry.async_update_entity(entity.entity_id, disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


def test_times_are_shown_by_the_minute() -> None:
    assert _by_minute(None) is None
    at = datetime(2026, 3, 20, 18, 7, 33, 5, tzinfo=UTC)
    assert _by_minute(at) == datetime(2026, 3, 20, 18, 7, tzinfo=UTC)


async def test_a_box_that_is_away_says_since_when(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{BOX}_last_reading") is None
    await enabled(hass, fritzbox_entry, f"{BOX}_last_reading")
    assert state_of(hass, f"{BOX}_reachable", "binary_sensor") == "on"
    await time.passes(hass, timedelta(minutes=3))
    assert state_of(hass, f"{BOX}_last_reading") == "2026-03-20T18:10:00+00:00"
    await box.stop()
    await time.passes(hass, timedelta(minutes=5))
    assert state_of(hass, f"{BOX}_reachable", "binary_sensor") == "off"
    assert state_of(hass, f"{BOX}_last_reading") == "2026-03-20T18:10:00+00:00"


async def test_the_last_message_of_an_earlier_version_stays_enabled(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    unique_id = f"{entry.unique_id}_reader_last_message"
    er.async_get(hass).async_get_or_create("sensor", DOMAIN, unique_id, config_entry=entry)
    await mocked_reader.set_up(entry)
    assert state_of(hass, unique_id) == "2026-03-20T18:07:00+00:00"


@pytest.mark.parametrize("currency", ["EUR", "CHF"])
async def test_price_and_emissions_follow_the_box(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    currency: str,
) -> None:
    hass.config.currency = currency
    await set_up(hass, fritzbox_entry)
    price = hass.states.get("sensor.fritz_box_7690_electricity_price")
    assert price is not None
    assert price.state == "0.3197"
    assert price.attributes["unit_of_measurement"] == f"{currency}/kWh"
    assert state_of(hass, f"{BOX}_co2_emissions") == "380.0"
    box.smart_home.electricity_rate = 28
    await time.passes(hass, timedelta(minutes=17))
    assert state_of(hass, f"{BOX}_electricity_price") == "0.28"


async def test_routines_are_enabled_or_not(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    first, second = box.smart_home.routines
    assert state_of(hass, f"{BOX}_{first}_routine", "binary_sensor") is None
    await enabled(hass, fritzbox_entry, f"{BOX}_{first}_routine", f"{BOX}_{second}_routine")
    assert state_of(hass, f"{BOX}_{first}_routine", "binary_sensor") == "on"
    assert state_of(hass, f"{BOX}_{second}_routine", "binary_sensor") == "off"
    box.smart_home.routines[second].enabled = True
    del box.smart_home.routines[first]
    await time.passes(hass, timedelta(minutes=17))
    assert state_of(hass, f"{BOX}_{first}_routine", "binary_sensor") == "unavailable"
    assert state_of(hass, f"{BOX}_{second}_routine", "binary_sensor") == "on"


async def test_templates_are_counted_and_named(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    await enabled(hass, fritzbox_entry, f"{BOX}_templates")
    state = hass.states.get("sensor.fritz_box_7690_templates")
    assert state is not None
    assert state.state == "1"
    assert state.attributes["templates"] == ["Urlaub"]


async def test_a_reader_says_whether_it_is_online_and_how_strong_its_wifi_is(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    reader = f"{entry.unique_id}_reader"
    assert state_of(hass, f"{reader}_online", "binary_sensor") == "on"
    assert state_of(hass, f"{reader}_signal_strength") is None
    await mocked_reader.says("STATE", {"UptimeSec": 312, "Wifi": {"RSSI": 86, "Signal": -57}})
    await mocked_reader.reads(Power=301)
    await time.passes(hass, timedelta(minutes=1))
    assert state_of(hass, f"{reader}_signal_strength") == "-57"
    await mocked_reader.says("LWT", "Offline")
    await time.passes(hass, timedelta(minutes=1))
    assert state_of(hass, f"{reader}_online", "binary_sensor") == "off"
    assert state_of(hass, f"{reader}_signal_strength") == "unknown"


async def test_entities_of_the_source_are_at_its_device(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    registry = er.async_get(hass)
    devices = {
        entity.device_id
        for platform, key in (("sensor", "last_reading"), ("button", "read_now"))
        if (entity_id := registry.async_get_entity_id(platform, DOMAIN, f"{BOX}_{key}"))
        and (entity := registry.async_get(entity_id))
    }
    assert len(devices) == 1
