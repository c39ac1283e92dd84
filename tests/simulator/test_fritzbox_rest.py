"""What the simulated FRITZ!Box says over its REST API: the same as in its device list, and more."""

from datetime import timedelta
import json
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession
import pytest

from simulator.fritzbox import OTHER_PASSWORD, OTHER_USER, Identity, SimulatedFritzBox, User
from simulator.fritzbox_devices import (
    BATH,
    BLIND,
    CELLAR,
    DEVICES,
    EXPORT,
    GROUP,
    IMPORT,
    LAMP,
    REFRIGERATOR,
    SMOKE,
    SWITCH,
    WINDOW,
    WORKSHOP,
    Members,
    Unit,
)
from simulator.home import Home, ManualClock

from .conftest import Client

PARENTS = {IMPORT.removesuffix("-1"), LAMP.removesuffix("01")}


async def ask(
    session: ClientSession, box: SimulatedFritzBox, client: Client, path: str = ""
) -> tuple[int, Any]:
    """Ask for the overview or a part of it; return status and content."""
    headers = {"Authorization": f"AVM-SID {client.sid}", "X-Forwarded-For": "192.0.2.10"}
    url = f"{box.url}/api/v0/smarthome/overview{quote(path)}"
    async with session.get(url, headers=headers) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text else None


class Overview:
    """The entries of an overview by UID."""

    def __init__(self, content: dict[str, list[dict[str, Any]]]) -> None:
        self.devices = {entry["UID"]: entry for entry in content["devices"]}
        self.units = {entry["UID"]: entry for entry in content["units"]}
        self.groups = {entry["UID"]: entry for entry in content["groups"]}

    def interface(self, ain: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.units[ain]["interfaces"][f"{name}Interface"]
        return found


async def overview(session: ClientSession, box: SimulatedFritzBox, client: Client) -> Overview:
    status, content = await ask(session, box, client)
    assert status == 200
    return Overview(content)


# What it says


async def test_it_knows_the_devices_of_the_list(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    found = await overview(session, box, client)
    groups = [device.ain for device in DEVICES if device.block(Members)]
    units = [device.ain for device in DEVICES if device.block(Unit)]
    assert list(found.groups) == groups
    assert list(found.devices) == [
        device.ain for device in DEVICES if device.ain not in {*groups, *units}
    ]
    assert set(found.units) > {*groups, *units}
    assert not PARENTS & set(found.units), "a composed device is no unit itself"
    for uid, device in found.devices.items():
        for unit in device["unitUids"]:
            assert found.units[unit]["deviceUid"] == uid == found.units[unit]["parentUid"]
    assert found.units[GROUP]["isGroupUnit"]
    assert found.groups[GROUP]["memberUnitUids"] == [REFRIGERATOR, WORKSHOP]


async def test_kinds_of_units(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    found = await overview(session, box, client)
    kinds = {
        REFRIGERATOR: "avmPlugSocket",
        BATH: "avmThermostat",
        SWITCH: "avmWidgetButton",
        IMPORT: "avmMeter",
        EXPORT: "avmMeterFeedIn",
        WINDOW: "windowOpenCloseDetector",
        GROUP: "switchableGroup",
    }
    assert {ain: found.units[ain]["unitType"] for ain in kinds} == kinds


async def test_values_are_those_of_the_device_list(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    found = await overview(session, box, client)
    for element in await client.devices():
        ain = element.get("identifier", "")
        if ain not in found.units or element.findtext("present") == "0":
            continue
        interfaces = found.units[ain]["interfaces"]
        assert all(interface["state"] == "valid" for interface in interfaces.values())
        for path, name, key, factor in (
            ("powermeter/power", "multimeter", "power", 1),
            ("powermeter/energy", "multimeter", "energy", 1),
            ("powermeter/voltage", "multimeter", "voltage", 1),
            ("temperature/celsius", "temperature", "celsius", 10),
            ("humidity/rel_humidity", "humidity", "relativeHumidity", 1),
            ("levelcontrol/levelpercentage", "levelControl", "level", 1),
            ("colorcontrol/temperature", "colorControl", "colorTemperature", 1),
            ("switch/state", "onOff", "active", 1),
            ("simpleonoff/state", "onOff", "active", 1),
        ):
            if text := element.findtext(path):
                assert interfaces[f"{name}Interface"][key] * factor == int(text)
    target = (await client.device(BATH)).findtext("hkr/tsoll", "")
    assert found.interface(BATH, "thermostat")["setPointTemperature"]["celsius"] * 2 == int(target)
    assert "alertInterface" not in found.units[BLIND]["interfaces"], "as in FRITZ!OS 8.20"
    assert found.interface(SMOKE, "alert")["alerts"] == ["none"]


async def test_current_follows_from_power_and_voltage(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    box.override(REFRIGERATOR, power=74950, voltage=230256)
    found = await overview(session, box, client)
    assert found.interface(REFRIGERATOR, "multimeter")["current"] == 326
    for without_voltage in (GROUP, IMPORT):
        assert "current" not in found.interface(without_voltage, "multimeter")


async def test_what_the_device_list_lacks(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    found = await overview(session, box, client)
    assert [ain for ain, device in found.devices.items() if device["isUpdateAvailable"]] == [
        WORKSHOP
    ]
    assert found.interface(WORKSHOP, "onOff")["outletState"] == "valid"
    assert "outletState" not in found.interface(GROUP, "onOff")
    assert found.interface(IMPORT, "smartmeter") == {"state": "valid", "smartmeterState": []}
    supplies = {
        ain: (device.get("isBatteryPowered"), device.get("isExternallyPowered"))
        for ain, device in found.devices.items()
    }
    assert supplies[BATH] == (True, False)
    assert supplies[WORKSHOP] == (False, True)
    assert supplies[SMOKE[:-2]] == (None, None)
    charge = (await client.device(BATH)).findtext("battery", "")
    assert found.devices[BATH]["batteryValue"] == int(charge)
    assert found.devices[WORKSHOP]["batteryState"] == "unknown"


async def test_a_device_out_of_reach_has_no_values(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    box.disconnect(WORKSHOP)
    box.disconnect(WINDOW)
    found = await overview(session, box, client)
    assert not found.devices[WORKSHOP]["isConnected"]
    assert found.interface(WORKSHOP, "multimeter") == {"state": "notConnected"}
    assert found.interface(WINDOW, "alert") == {"state": "notConnected", "alerts": []}
    assert found.interface(CELLAR, "thermostat")["state"] == "notConnected"


async def test_a_vanished_device_is_not_there(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    box.vanish(WORKSHOP)
    found = await overview(session, box, client)
    assert WORKSHOP not in {*found.devices, *found.units}
    assert found.groups[GROUP]["memberUnitUids"] == [REFRIGERATOR]


# Parts of it


async def test_parts_of_the_overview(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    _, whole = await ask(session, box, client)
    for name in ("devices", "units", "groups"):
        assert await ask(session, box, client, f"/{name}") == (200, whole[name])
    unit = next(entry for entry in whole["units"] if entry["UID"] == IMPORT)
    status, single = await ask(session, box, client, f"/units/{IMPORT}")
    assert single.pop("statistics"), "only the answer about a single unit has them"
    assert (status, single) == (200, unit)


@pytest.mark.parametrize("path", ["/units/1", "/others", "/others/1", "s"])
async def test_parts_that_do_not_exist(
    session: ClientSession, box: SimulatedFritzBox, client: Client, path: str
) -> None:
    status, content = await ask(session, box, client, path)
    assert (status, content["errors"][0]["code"]) == (404, 2001)


# What goes wrong on demand


async def test_faults_of_devices(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    box.override_rest(WORKSHOP, outletState="relayStuck", isUpdateAvailable=False)
    box.override_rest(IMPORT, smartmeterState=["scatteredLight"])
    found = await overview(session, box, client)
    assert found.interface(WORKSHOP, "onOff")["outletState"] == "relayStuck"
    assert "active" not in found.interface(WORKSHOP, "onOff"), "nobody knows"
    assert found.devices[WORKSHOP]["isUpdateAvailable"] is False
    assert found.interface(IMPORT, "smartmeter")["smartmeterState"] == ["scatteredLight"]
    assert found.interface(EXPORT, "smartmeter")["smartmeterState"] == []

    box.restore(WORKSHOP)
    found = await overview(session, box, client)
    assert found.interface(WORKSHOP, "onOff")["outletState"] == "valid"
    with pytest.raises(KeyError):
        box.override_rest("00000 0000000", isUpdateAvailable=True)


async def test_a_dead_sid_ends_the_sessions_of_its_address(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    assert box.sessions
    client.sid = "f" * 16
    status, content = await ask(session, box, client)
    assert (status, content["errors"][0]["code"]) == (401, 3001)
    assert not box.sessions


async def test_who_lacks_the_right_reads_nothing(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    await client.log_in(OTHER_USER, OTHER_PASSWORD)
    status, content = await ask(session, box, client)
    assert (status, content["errors"][0]["code"]) == (403, 3001)


async def test_a_box_that_has_just_started_knows_nothing(
    session: ClientSession, box: SimulatedFritzBox, client: Client, clock: ManualClock
) -> None:
    box.reboot(timedelta(minutes=1), warm_up=timedelta(minutes=1))
    clock.advance(timedelta(minutes=1))
    await client.log_in()
    status, content = await ask(session, box, client)
    assert (status, content["errors"][0]["code"]) == (500, 3012)


async def test_older_boxes_do_not_know_the_path(
    session: ClientSession, home: Home, clock: ManualClock, socket_enabled: None
) -> None:
    users = {"anna": User("geheim")}
    box = SimulatedFritzBox(home, clock, users=users, identity=Identity(fritzos=(8, 2)))
    await box.start()
    try:
        assert await ask(session, box, Client(session, box, "192.0.2.10")) == (404, None)
    finally:
        await box.stop()
