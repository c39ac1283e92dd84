"""Programs that were written for real boxes work with the simulated one."""

import asyncio
from datetime import timedelta

from pyfritzhome import Fritzhome, FritzhomeDevice, LoginError
import pytest

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, SimulatedFritzBox
from simulator.fritzbox_devices import (
    BATH,
    BLIND,
    CELLAR,
    DEVICES,
    EXPORT,
    GROUP,
    IMPORT,
    LAMP,
    LIVING_ROOM,
    REFRIGERATOR,
    REPEATER,
    SMOKE,
    SWITCH,
    WINDOW,
    WORKSHOP,
)
from simulator.home import Home, ManualClock

from .conftest import EVENING


@pytest.fixture
def fritz(box: SimulatedFritzBox) -> Fritzhome:
    return Fritzhome(box.url, DEFAULT_USER, DEFAULT_PASSWORD)


async def test_pyfritzhome_logs_in_and_out(box: SimulatedFritzBox, fritz: Fritzhome) -> None:
    await asyncio.to_thread(fritz.login)
    assert [(login.user, login.success) for login in box.logins] == [(DEFAULT_USER, True)]
    assert len(box.sessions) == 1
    await asyncio.to_thread(fritz.logout)
    assert not box.sessions


async def test_pyfritzhome_knows_a_wrong_password(box: SimulatedFritzBox) -> None:
    fritz = Fritzhome(box.url, DEFAULT_USER, "wrong")
    with pytest.raises(LoginError):
        await asyncio.to_thread(fritz.login)


async def test_pyfritzhome_reads_everything(
    box: SimulatedFritzBox, fritz: Fritzhome, home: Home
) -> None:
    def read() -> dict[str, FritzhomeDevice]:
        fritz.login()
        devices: dict[str, FritzhomeDevice] = fritz.get_devices_as_dict()
        return devices

    devices = await asyncio.to_thread(read)

    assert {ain: device.name for ain, device in devices.items()} == {
        device.ain: device.name for device in DEVICES
    }
    for ain in (REFRIGERATOR, WORKSHOP, GROUP, IMPORT, EXPORT):
        assert devices[ain].energy == box.counter(ain)
    plug = devices[REFRIGERATOR]
    assert plug.power / 1000 == pytest.approx(home.power("refrigerator", EVENING), abs=0.01)
    assert plug.voltage / 1000 == pytest.approx(home.voltage(EVENING), abs=0.001)
    assert plug.switch_state
    assert plug.temperature == pytest.approx(home.temperature("living", EVENING) + 3.5, abs=0.25)
    valve = devices[BATH]
    assert valve.actual_temperature == pytest.approx(home.temperature("bath", EVENING), abs=0.25)
    assert valve.target_temperature == home.target("bath", EVENING)
    assert valve.eco_temperature == home.eco("bath")
    assert valve.comfort_temperature == home.comfort("bath")
    assert valve.nextchange_temperature == home.next_change("bath", EVENING)[1]
    assert valve.battery_level == home.battery(BATH, EVENING)
    assert valve.window_open is home.window_open("bath", EVENING)
    assert not devices[CELLAR].present
    assert devices[WINDOW].alert_state is home.window_open("bedroom", EVENING)
    assert devices[SMOKE].alert_state is False
    assert len(devices[SWITCH].buttons) == 4
    assert devices[SWITCH].rel_humidity == home.humidity("bedroom", EVENING)
    assert devices[BLIND].levelpercentage == home.blind_level(EVENING)
    assert devices[BLIND].endpositionsset
    assert devices[LAMP].color_temp == 2700
    assert devices[REPEATER].has_repeater
    assert devices[GROUP].group_members == ["16", "17"]
    assert devices[IMPORT].device_and_unit_id == (IMPORT.removesuffix("-1"), "1")
    assert devices[LAMP].device_and_unit_id == (LAMP.removesuffix("01"), "01")


async def test_pyfritzhome_reads_statistics_lists_and_colours(
    box: SimulatedFritzBox, fritz: Fritzhome
) -> None:
    def read() -> tuple[str, int, int, int, int]:
        fritz.login()
        return (
            fritz.get_device_statistics(REFRIGERATOR),
            len(fritz.get_templates()),
            len(fritz.get_triggers()),
            len(fritz.get_colors(LAMP)),
            len(fritz.get_color_temps(LAMP)),
        )

    statistics, *counts = await asyncio.to_thread(read)
    assert statistics.startswith("<devicestats>")
    assert counts == [1, 1, 12, 9]


async def test_home_assistants_own_integration(
    hass: HomeAssistant, box: SimulatedFritzBox, home: Home, clock: ManualClock
) -> None:
    flow = await hass.config_entries.flow.async_init("fritzbox", context={"source": SOURCE_USER})
    form = flow["data_schema"]
    assert form is not None
    answers = {
        "host": box.url,  # the older name of the field
        "url": box.url,
        "username": DEFAULT_USER,
        "password": DEFAULT_PASSWORD,
        "verify_ssl": False,
    }
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {str(field): answers[str(field)] for field in form.schema}
    )
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries("fritzbox")

    registry = er.async_get(hass)

    def state(domain: str, unique_id: str) -> str:
        entity_id = registry.async_get_entity_id(domain, "fritzbox", unique_id)
        assert entity_id is not None, unique_id
        found = hass.states.get(entity_id)
        assert found is not None, unique_id
        return found.state

    for ain in (REFRIGERATOR, WORKSHOP, IMPORT, EXPORT):
        assert float(state("sensor", f"{ain}_total_energy")) == box.counter(ain) / 1000
    assert float(state("sensor", f"{REFRIGERATOR}_power_consumption")) == pytest.approx(
        home.power("refrigerator", EVENING), abs=0.01
    )
    assert state("switch", REFRIGERATOR) == STATE_ON
    assert state("climate", LIVING_ROOM) == "heat"
    assert state("climate", CELLAR) == STATE_UNAVAILABLE
    assert state("binary_sensor", f"{WINDOW}_alarm") == (
        "on" if home.window_open("bedroom", EVENING) else "off"
    )
    assert float(state("sensor", f"{WINDOW.removesuffix('-1')}_battery")) == home.battery(
        WINDOW.removesuffix("-1"), EVENING
    )
    assert float(state("sensor", f"{SWITCH}_humidity")) == home.humidity("bedroom", EVENING)
    assert state("cover", BLIND) == "closed"
    assert state("light", LAMP) == STATE_ON

    # One failing request, and it reloads itself.
    logins = len(box.logins)
    box.end_sessions()
    clock.advance(timedelta(minutes=5))
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()
    assert len(box.logins) == logins + 1
    assert float(state("sensor", f"{REFRIGERATOR}_total_energy")) == (
        box.counter(REFRIGERATOR) / 1000
    )

    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert not box.sessions
