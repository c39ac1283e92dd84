"""Each device belongs to one entry: in a mesh, when a plug moves, and when a box is replaced."""

from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.fritzbox.ownership import OWNER_SILENT_FOR
from homeassistant.config_entries import (
    SOURCE_SSDP,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.const import CONF_HOST, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.service_info.ssdp import ATTR_UPNP_UDN, SsdpServiceInfo
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, Identity, SimulatedFritzBox
from simulator.fritzbox_devices import DEVICES, REFRIGERATOR, WORKSHOP
from simulator.home import Home, ManualClock
from tests.support.dialogue import Dialogue, change
from tests.support.passing_time import Time
from tests.support.watching import set_up, state_of, warnings

POLL: Final = timedelta(minutes=1)
ENERGY: Final = f"{REFRIGERATOR}_energy"
SERIAL: Final = "3810D5000002"


@pytest.fixture
async def second_box(
    home: Home, clock: ManualClock, ains: Collection[str], socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    """Another box that lists the same devices, as in a mesh."""
    devices = [device for device in DEVICES if device.ain in ains]
    box = SimulatedFritzBox(
        home, clock, iterations=(1000, 1000), devices=devices, identity=Identity(serial=SERIAL)
    )
    await box.start()
    yield box
    await box.stop()


@pytest.fixture
def second_entry(second_box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry) -> MockConfigEntry:
    """The entry of the other box, not added yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Second box",
        unique_id=format_mac(SERIAL),
        data={**fritzbox_entry.data, CONF_HOST: second_box.url},
    )


async def set_up_both(hass: HomeAssistant, first: MockConfigEntry, second: MockConfigEntry) -> None:
    """Set up a box, and another one later."""
    await set_up(hass, first)
    second.add_to_hass(hass)
    await set_up(hass, second)


def owners(hass: HomeAssistant, ain: str = REFRIGERATOR) -> list[str]:
    """Return the titles of the entries that have registered a device."""
    return [
        entry.title
        for entry in hass.config_entries.async_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        if (DOMAIN, ain) in device.identifiers
    ]


def entity(hass: HomeAssistant, unique_id: str = ENERGY) -> er.RegistryEntry:
    """Return the registered entity."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
    assert entity_id is not None
    found = registry.async_get(entity_id)
    assert found is not None
    return found


async def test_boxes_of_a_mesh_show_each_device_once_and_always_in_the_same_entry(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    second_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up_both(hass, fritzbox_entry, second_entry)
    assert second_entry.state is ConfigEntryState.LOADED
    before = {entity.entity_id: entity.config_entry_id for entity in registered(hass)}
    assert owners(hass) == ["FRITZ!Box"]
    # After a restart, the other box may be the first to answer.
    for entry in (fritzbox_entry, second_entry):
        assert await hass.config_entries.async_unload(entry.entry_id)
    for entry in (second_entry, fritzbox_entry):
        assert await hass.config_entries.async_setup(entry.entry_id)
    await time.passes(hass, 5 * POLL)
    assert {entity.entity_id: entity.config_entry_id for entity in registered(hass)} == before
    assert owners(hass) == ["FRITZ!Box"]
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert warnings(caplog) == []


def registered(hass: HomeAssistant) -> list[er.RegistryEntry]:
    """Return all our entities."""
    return [item for item in er.async_get(hass).entities.values() if item.platform == DOMAIN]


@pytest.mark.parametrize("is_still_listed", [False, True], ids=["gone", "absent"])
async def test_plug_that_moves_to_the_other_box_keeps_its_entity_and_moves_back(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    second_box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    second_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    is_still_listed: bool,
) -> None:
    leave = SimulatedFritzBox.disconnect if is_still_listed else SimulatedFritzBox.vanish
    leave(second_box, REFRIGERATOR)
    await set_up_both(hass, fritzbox_entry, second_entry)
    registry = er.async_get(hass)
    registry.async_update_entity(entity(hass).entity_id, new_entity_id="sensor.our_fridge")
    device_id = entity(hass).device_id
    second_box.restore(REFRIGERATOR)
    leave(box, REFRIGERATOR)
    await time.passes(hass, 4 * POLL)
    assert owners(hass) == ["Second box"]
    assert entity(hass).entity_id == "sensor.our_fridge"
    assert entity(hass).device_id == device_id
    assert entity(hass).config_entry_id == second_entry.entry_id
    assert state_of(hass, ENERGY) == str(second_box.counter(REFRIGERATOR) / 1000)
    assert owners(hass, WORKSHOP) == ["FRITZ!Box"]

    box.restore(REFRIGERATOR)
    await time.passes(hass, 4 * POLL)
    assert owners(hass) == ["Second box"], "nothing moves without need"
    leave(second_box, REFRIGERATOR)
    await time.passes(hass, 4 * POLL)
    assert owners(hass) == ["FRITZ!Box"]
    assert entity(hass).entity_id == "sensor.our_fridge"
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)
    assert warnings(caplog) == []


@pytest.mark.parametrize("how", ["removed", "disabled"])
async def test_devices_of_an_entry_that_the_user_gives_up_are_taken_over(
    time: Time,
    hass: HomeAssistant,
    second_box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    second_entry: MockConfigEntry,
    how: str,
) -> None:
    await set_up_both(hass, fritzbox_entry, second_entry)
    entity_id = entity(hass).entity_id
    if how == "removed":
        await hass.config_entries.async_remove(fritzbox_entry.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(
            fritzbox_entry.entry_id, ConfigEntryDisabler.USER
        )
    await time.passes(hass, 2 * POLL)
    assert owners(hass) == ["Second box"]
    assert entity(hass).entity_id == entity_id
    assert state_of(hass, ENERGY) == str(second_box.counter(REFRIGERATOR) / 1000)


async def test_devices_of_a_box_that_is_gone_are_taken_over_after_an_hour(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    second_box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    second_entry: MockConfigEntry,
) -> None:
    await set_up_both(hass, fritzbox_entry, second_entry)
    await box.stop()
    await time.passes(hass, OWNER_SILENT_FOR / 2)
    assert owners(hass) == ["FRITZ!Box"], "a restart is no loss"
    assert state_of(hass, ENERGY) == STATE_UNAVAILABLE
    last = fritzbox_entry.runtime_data.counters.last_reading(REFRIGERATOR)
    await time.passes(hass, OWNER_SILENT_FOR)
    assert owners(hass) == ["Second box"]
    assert state_of(hass, ENERGY) == str(second_box.counter(REFRIGERATOR) / 1000)
    # What was counted meanwhile is known as such.
    (gap,) = [gap for gap in second_entry.runtime_data.counters.gaps if gap.key == REFRIGERATOR]
    assert (gap.before, gap.start) == (last.kwh, last.at.timestamp())


async def test_device_that_the_user_has_deleted_comes_back_without_a_restart(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    box.vanish(REFRIGERATOR)
    await time.passes(hass, POLL)
    device_id = entity(hass).device_id
    assert device_id is not None
    dr.async_get(hass).async_remove_device(device_id)
    await hass.async_block_till_done()
    assert state_of(hass, ENERGY) is None
    box.restore(REFRIGERATOR)
    await time.passes(hass, POLL)
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


async def test_successor_of_a_box_keeps_devices_entities_and_history(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    second_box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    before = {item.entity_id: item.device_id for item in registered(hass)}
    await box.stop()
    dialogue = await change(hass, fritzbox_entry)
    await dialogue.answer(
        host=second_box.url,
        username=DEFAULT_USER,
        password=DEFAULT_PASSWORD,
        additional_settings={"verify_ssl": True},
    )
    assert dialogue.step == "successor"
    assert not second_box.logins
    await dialogue.answer()
    assert dialogue.end == "reconfigure_successful"
    await hass.async_block_till_done()
    await time.passes(hass, 2 * POLL)
    assert fritzbox_entry.state is ConfigEntryState.LOADED
    assert fritzbox_entry.unique_id == format_mac(SERIAL)
    assert {item.entity_id: item.device_id for item in registered(hass)} == before
    assert state_of(hass, ENERGY) == str(second_box.counter(REFRIGERATOR) / 1000)
    assert all(
        state.state != STATE_UNAVAILABLE
        for state in hass.states.async_all()
        if state.entity_id.startswith("sensor.kuhlschrank")
    )
    assert [text for text in warnings(caplog) if "unique IDs" in text] == []


async def test_discovered_box_whose_devices_are_all_known_is_not_added(
    time: Time,
    hass: HomeAssistant,
    second_box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_SSDP},
        data=SsdpServiceInfo(
            ssdp_usn="",
            ssdp_st="",
            ssdp_location=f"{second_box.url}/x.xml",
            upnp={ATTR_UPNP_UDN: f"uuid:75802409-bccb-40e7-8e6c-{SERIAL}"},
        ),
    )
    dialogue = Dialogue(hass, result, options=False)
    await dialogue.answer(
        host=second_box.url,
        username=DEFAULT_USER,
        password=DEFAULT_PASSWORD,
        additional_settings={"verify_ssl": True},
    )
    assert dialogue.end == "devices_known"
    assert not second_box.sessions
