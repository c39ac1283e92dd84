"""Readers are found in a home whose Tasmota devices core's integration knows, too."""

from pathlib import Path
from typing import Any

import pytest

from demo.hass import Hass
from simulator.broker import Broker
from simulator.home import Home, RealClock
from simulator.mqtt import MqttConnection
from simulator.reader import SimulatedReader

pytestmark = pytest.mark.e2e

LAMP = "AABBCCDDEEFF"


async def cards(hass: Hass) -> list[str]:
    """Return the readers that Home Assistant offers for py_hab, by MAC address."""
    flows = await hass.ws("config_entries/flow/progress")
    return sorted(flow["context"]["unique_id"] for flow in flows if flow["handler"] == "py_hab")


async def sees(hass: Hass, *expected: str) -> None:
    """Wait until exactly these readers are offered."""

    async def looks() -> bool:
        return await cards(hass) == list(expected)

    await hass.wait_for(looks, f"{len(expected)} discovered readers", seconds=60)


async def announce_lamp(broker: Broker) -> None:
    """Let a lamp announce itself and go."""
    config = (
        '{"ip":"192.168.1.9","dn":"Lamp","fn":["Lamp"],"hn":"lamp","mac":"AABBCCDDEEFF","md":"Lamp",'
        '"ty":0,"if":0,"cam":0,"ofln":"Offline","onln":"Online","state":["OFF","ON","TOGGLE","HOLD"],'
        '"sw":"15.5.0","t":"lamp","ft":"%prefix%/%topic%/","tp":["cmnd","stat","tele"],'
        '"rl":[1],"swc":[-1],"swn":[null],"btn":[0],"so":{"4":0},"lk":0,"lt_st":0,"bat":0,"dslp":0,'
        '"sho":[],"sht":[],"ver":1}'
    )
    lamp = MqttConnection(broker.host, broker.port)
    await lamp.open()
    lamp.publish("tele/lamp/LWT", "Online", retain=True)
    lamp.publish(f"tasmota/discovery/{LAMP}/config", config, retain=True)
    lamp.publish(f"tasmota/discovery/{LAMP}/sensors", '{"sn":{"Time":""},"ver":1}', retain=True)
    await lamp.close()


async def test_readers_are_found_beside_core_s_tasmota(tmp_path: Path) -> None:
    clock = RealClock()
    home = Home(installed=clock.now())
    async with Broker(kind="rumqttd") as broker, Hass(tmp_path) as hass:
        readers = [
            SimulatedReader(home, clock, port=broker.port),
            SimulatedReader(
                home, clock, port=broker.port, topic="Keller/AMR", mac="A4CF12000002", name="AMR"
            ),
        ]
        await announce_lamp(broker)
        for reader in readers:
            await reader.start()
        first, second = "a4:cf:12:92:82:f4", "a4:cf:12:00:00:02"
        await hass.add_mqtt(broker.host, broker.port)
        await sees(hass, second, first)

        # Core's own integration receives the same announcements.
        async def core_is_offered() -> list[dict[str, Any]]:
            flows = await hass.ws("config_entries/flow/progress")
            return [flow for flow in flows if flow["handler"] == "tasmota"]

        [flow] = await hass.wait_for(core_is_offered, "core's discovery")
        assert (await hass.accept(flow["flow_id"]))["type"] == "create_entry"

        # One is ignored, the other one is set up with one click.
        flows = {
            flow["context"]["unique_id"]: flow
            for flow in await hass.ws("config_entries/flow/progress")
            if flow["handler"] == "py_hab"
        }
        assert flows[second]["context"]["title_placeholders"] == {"name": "AMR"}
        await hass.ws("config_entries/ignore_flow", flow_id=flows[second]["flow_id"], title="AMR")
        answer = await hass.accept(flows[first]["flow_id"])
        assert answer["type"] == "create_entry", answer
        entry_id = answer["result"]["entry_id"]
        await sees(hass)

        # The readers come back, then Home Assistant does.
        for reader in readers:
            reader.publish_discovery()
        await hass.stop()
        await hass.start()

        async def has_values() -> bool:
            return any(
                entity["entity_id"] == "sensor.electricity_meter_power"
                and entity["state"] is not None
                and entity["state"]["state"] not in {"unknown", "unavailable"}
                for entity in await hass.entities()
            )

        await hass.wait_for(has_values, "the values of the meter", seconds=60)
        assert await cards(hass) == []

        # What was removed is offered again.
        await hass.delete(f"config/config_entries/entry/{entry_id}")
        await sees(hass, first)
        assert hass.complaints() == []
        for reader in readers:
            await reader.stop()
