"""Entries come and go, and leave nothing behind."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.box.rest_api import REST_INTERVAL
from custom_components.py_hab.const import CONF_KIND, CONF_TOPIC, DOMAIN, EntryKind
from homeassistant import block_async_io
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from simulator.fritzbox import Fault, SimulatedFritzBox
from simulator.fritzbox_devices import DEVICES, REFRIGERATOR
from simulator.fritzbox_faults import Gate
from simulator.reader import SimulatedReader

from .conftest import settled
from .support.api import fails
from .support.passing_time import Time
from .support.watching import (
    all_unavailable,
    meter_values,
    quiet,
    set_up,
    state_of,
    states,
    warnings,
)

ENERGY = f"{REFRIGERATOR}_energy"


@pytest.fixture
def ains() -> Collection[str]:
    """A plug alone."""
    return {REFRIGERATOR}


def subscriptions(hass: HomeAssistant, reader: SimulatedReader) -> list[str]:
    """Return the reader's topics that Home Assistant listens to."""
    client: Any = hass.data["mqtt"].client
    return [
        each.topic
        for each in client.subscriptions
        if reader.topic in each.topic or reader.mac in each.topic
    ]


# FRITZ!Box


async def test_box_needs_no_mqtt(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert "mqtt" not in hass.config.components
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


@pytest.mark.parametrize("ains", [{device.ain for device in DEVICES}])
async def test_normal_run_of_a_box_warns_of_nothing(
    time: Time,
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    await time.passes(hass, timedelta(hours=1))
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    assert warnings(caplog) == []


async def test_nothing_blocks_the_event_loop(
    time: Time,
    hass: HomeAssistant,
    disable_block_async_io: None,
    monkeypatch: pytest.MonkeyPatch,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(block_async_io, "_IN_TESTS", False)
    block_async_io.enable()
    await set_up(hass, fritzbox_entry)
    await time.passes(hass, timedelta(minutes=3))
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    assert "blocking call" not in caplog.text


async def test_unloaded_box_is_left_alone(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert len(box.sessions) == 1
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    assert fritzbox_entry.state is ConfigEntryState.NOT_LOADED
    assert all_unavailable(hass)
    box.requests.clear()
    await time.passes(hass, timedelta(minutes=5))
    assert [request.path for request in box.requests] == ["/login_sid.lua"]
    assert box.sessions == ()
    assert len(box.logins) == 1


async def test_reloaded_box_goes_on(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    before = states(hass)
    assert await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    assert states(hass) == before
    assert len(box.logins) == 1
    assert len(box.sessions) == 1


async def test_disabled_box_is_left_alone_until_enabled(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    await hass.config_entries.async_set_disabled_by(
        fritzbox_entry.entry_id, ConfigEntryDisabler.USER
    )
    await hass.async_block_till_done()
    assert all_unavailable(hass)
    await time.passes(hass, timedelta(minutes=2))
    assert box.sessions == ()
    await hass.config_entries.async_set_disabled_by(fritzbox_entry.entry_id, None)
    await hass.async_block_till_done()
    assert state_of(hass, ENERGY) == str(box.counter(REFRIGERATOR) / 1000)


async def test_removed_box_leaves_nothing(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, fritzbox_entry)
    await time.passes(hass, timedelta(minutes=16))
    entry_id = fritzbox_entry.entry_id
    assert f"{DOMAIN}.{entry_id}" in hass_storage
    await hass.config_entries.async_remove(entry_id)
    await hass.async_block_till_done()
    assert f"{DOMAIN}.{entry_id}" not in hass_storage
    assert box.sessions == ()
    assert states(hass) == {}
    assert dr.async_entries_for_config_entry(device_registry, entry_id) == []
    assert er.async_entries_for_config_entry(entity_registry, entry_id) == []
    await time.passes(hass, timedelta(minutes=31))
    assert f"{DOMAIN}.{entry_id}" not in hass_storage


async def test_poll_that_the_user_asked_for_ends_with_its_entry(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await set_up(hass, fritzbox_entry)
    gate = Gate()
    box.fault(Fault(gate=gate), times=1, switchcmd="getdevicelistinfos")
    asking = hass.async_create_background_task(
        fails(hass, HomeAssistantError, "unloaded", "refresh"), "asking"
    )
    await gate.reached()
    await hass.config_entries.async_remove(fritzbox_entry.entry_id)
    assert box.sessions == ()
    gate.open()
    await asking
    await time.passes(hass, timedelta(minutes=31))
    assert f"{DOMAIN}.{fritzbox_entry.entry_id}" not in hass_storage
    assert len(box.logins) == 1


async def test_request_to_the_rest_api_ends_with_its_entry(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    """Otherwise it would log in again, for an entry that is not there any more."""
    await set_up(hass, fritzbox_entry)
    gate = Gate()
    box.fault(Fault(gate=gate, status=403), times=1, path="/api/v0/smarthome/overview")
    passing = hass.async_create_background_task(time.passes(hass, REST_INTERVAL), "time")
    await gate.reached()
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    box.end_sessions()
    gate.open()
    await passing
    await time.passes(hass, timedelta(minutes=5))
    assert len(box.logins) == 1
    assert box.sessions == ()


async def test_home_assistant_logs_out_when_it_stops(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    assert len(box.sessions) == 1
    await hass.async_stop(force=True)
    assert box.sessions == ()
    stored = hass_storage[f"{DOMAIN}.{fritzbox_entry.entry_id}"]["data"]
    last, _ = stored["counters"][REFRIGERATOR]
    assert last == box.counter(REFRIGERATOR) / 1000
    assert warnings(caplog) == []


async def test_box_that_is_gone_does_not_hold_up_the_stop(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    await box.stop()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)


# Meter


async def test_meter_without_mqtt_is_tried_again(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        data={CONF_KIND: EntryKind.METER.value, CONF_TOPIC: "tele/tasmota_9282F4/SENSOR"},
    )
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason == "MQTT is not set up or not ready"
    await hass.config_entries.async_remove(entry.entry_id)


async def test_normal_run_of_a_meter_warns_of_nothing(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, meter_entry)
    for _ in range(12):
        await time.passes(hass, timedelta(minutes=5))
        reader.publish_sensor()
        await settled(
            hass,
            lambda: (
                meter_values(meter_entry)["energy_import"]
                == round(reader.meter.imported(reader.clock.now()), 3)
            ),
            "the reading",
        )
    assert warnings(caplog) == []


async def test_unloaded_meter_is_not_listened_to(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    listened_to = set(subscriptions(hass, reader))
    assert listened_to == {
        *(reader.tele_topic(leaf) for leaf in ("LWT", "SENSOR", "STATE")),
        *(reader.stat_topic(f"STATUS{number}") for number in (2, 5, 10)),
        f"{reader.discovery_topic}/config",
    }
    assert await hass.config_entries.async_unload(meter_entry.entry_id)
    await quiet(hass)
    assert subscriptions(hass, reader) == []
    assert all_unavailable(hass)
    assert await hass.config_entries.async_setup(meter_entry.entry_id)
    await settled(hass, lambda: not all_unavailable(hass), "values after loading again")
    assert set(subscriptions(hass, reader)) == listened_to
    await quiet(hass)


async def test_removed_meter_leaves_nothing(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    await set_up(hass, meter_entry)
    await time.passes(hass, timedelta(minutes=16))
    entry_id = meter_entry.entry_id
    assert f"{DOMAIN}.{entry_id}" in hass_storage
    await hass.config_entries.async_remove(entry_id)
    # The reader announces itself, so it is probed and offered again.
    flows = hass.config_entries.flow
    await settled(hass, lambda: flows.async_progress_by_handler(DOMAIN), "the discovered reader")
    await quiet(hass)
    assert f"{DOMAIN}.{entry_id}" not in hass_storage
    assert subscriptions(hass, reader) == []
    assert states(hass) == {}
    assert dr.async_entries_for_config_entry(device_registry, entry_id) == []
    await time.passes(hass, timedelta(minutes=31))
    assert f"{DOMAIN}.{entry_id}" not in hass_storage


async def test_disabled_meter_is_not_listened_to(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
) -> None:
    await set_up(hass, meter_entry)
    await hass.config_entries.async_set_disabled_by(meter_entry.entry_id, ConfigEntryDisabler.USER)
    await quiet(hass)
    assert all_unavailable(hass)
    assert subscriptions(hass, reader) == []


async def test_meter_and_box_live_side_by_side(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    await box.stop()
    assert not await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    # Setting up one entry has set up the component, and with it the other entry.
    await settled(hass, lambda: states(hass) and not all_unavailable(hass), "the meter's values")
    assert fritzbox_entry.state is ConfigEntryState.SETUP_RETRY
    assert meter_entry.state is ConfigEntryState.LOADED
    await quiet(hass)
