"""A home whose meter reports everything once a second, and a Home Assistant that hears it.

Time is simulated, for the event loop as well: a day takes as long as it takes to compute. Unlike
the frozen time of the tests this costs next to nothing, so that CPU time can be measured in it.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
import json
import math
import time
from typing import Any, Final

from paho.mqtt.client import MQTTMessage
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_KIND, CONF_PREFIX, CONF_TOPIC, DOMAIN, EntryKind
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity, entity_registry as er, event
from homeassistant.util import dt as dt_util

START: Final = datetime(2026, 3, 20, 18, 0, 0, tzinfo=UTC)
"""In the evening: for twelve hours nothing is fed in."""
DAY: Final = 86_400
"""Seconds."""
PREFIX: Final = "MT681"
CORE: Final = "tele/core/SENSOR"
"""The topic of core's sensors."""

type Block = Mapping[str, float | str]
type Receive = Callable[[Any, Any, MQTTMessage], None]
"""What paho calls when it has received a message: Home Assistant's MQTT client."""


class Clock:
    """The time of process and event loop: goes on only when it is asked to."""

    def __init__(self, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take over; timers that are already set keep their distance."""
        self._monotonic = hass.loop.time()
        self.second = 0
        self._utcnow = START
        self._timestamp = START.timestamp()
        for target, name, replacement in (
            (hass.loop, "time", lambda: self._monotonic),
            (time, "time", lambda: self._timestamp),
            (dt_util, "utcnow", lambda: self._utcnow),
            (entity, "timer", lambda: self._timestamp),
            (event, "time_tracker_utcnow", lambda: self._utcnow),
            (event, "time_tracker_timestamp", lambda: self._timestamp),
        ):
            monkeypatch.setattr(target, name, replacement)

    async def passes(self, seconds: int = 1) -> None:
        """Go on, and let everything happen that is due."""
        self.second += seconds
        self._monotonic += seconds
        self._timestamp += seconds
        self._utcnow = datetime.fromtimestamp(self._timestamp, UTC)
        await asyncio.sleep(0)


class House:
    """Draws power, by day feeds in, and has a meter that shows single Wh."""

    def __init__(self) -> None:
        """Begin with counters that have counted for years."""
        self._second = 0
        self._imported = 15_119_035 * 3600
        self._exported = 812_345 * 3600
        self.power = 450

    @property
    def imported(self) -> float:
        """The counter in kWh."""
        return self._imported // 3600 / 1000

    @property
    def exported(self) -> float:
        """The counter of what was fed in, in kWh."""
        return self._exported // 3600 / 1000

    def goes_on(self, seconds: int = 1) -> None:
        """Count what has flowed since the last time; the power is another one in each second."""
        self._imported += seconds * max(self.power, 0)
        self._exported += seconds * max(-self.power, 0)
        self._second += seconds
        sun = max(0.0, math.sin(2 * math.pi * (self._second / DAY - 0.5)))
        drawn = 450 + 300 * math.sin(self._second / 900) + 7919 * self._second % 101
        self.power = round(drawn - 4000 * sun)

    def three_keys(self) -> dict[str, float | str]:
        """Return the least that a reader publishes."""
        return {"E_in": self.imported, "E_out": self.exported, "Power": self.power}

    def with_number(self) -> dict[str, float | str]:
        """Return what the script for the MT681 publishes."""
        return self.three_keys() | {"Meter_id": "0a0149534b000490bc56"}

    def twelve_keys(self) -> dict[str, float | str]:
        """Return what a talkative meter publishes: each phase on its own."""
        noise = 7919 * self._second % 23 / 10
        phases = {
            name.format(phase): round(value + phase * noise, 2)
            for phase in (1, 2, 3)
            for name, value in (
                ("Power_p{}", self.power / 3),
                ("Volt_p{}", 229.0),
                ("Amperage_p{}", abs(self.power) / 690),
            )
        }
        return self.three_keys() | phases

    def unknown_keys(self) -> dict[str, float | str]:
        """Return three keys that have a meaning, and sixty that count, go up and down, or stand."""
        return self.three_keys() | self._sixty()

    def hardly_known_keys(self) -> dict[str, float | str]:
        """Return sixty keys that might be anything but the import counter."""
        return {"E_in": self.imported} | self._sixty()

    def _sixty(self) -> dict[str, float | str]:
        return {
            f"x{number:02}": (
                round(self.imported * (1 + number / 100), 3),
                round(self.power * number / 7 + 7919 * self._second % (11 + number), 1),
                float(number),
            )[number % 3]
            for number in range(60)
        }


def topic_of(name: str) -> str:
    """Return where the reader with a name publishes."""
    return f"tele/{name}/SENSOR"


def packed(topic: str, payload: bytes) -> MQTTMessage:
    """Return a message as paho hands it over."""
    message = MQTTMessage(topic=topic.encode())
    message.payload = payload
    message.qos = 0
    message.retain = False
    return message


def reported(clock: Clock, block: Block) -> bytes:
    """Return what the reader publishes."""
    stamp = datetime.fromtimestamp(START.timestamp() + clock.second, UTC)
    return json.dumps({"Time": f"{stamp:%Y-%m-%dT%H:%M:%S}", PREFIX: block}).encode()


def core_sensors() -> dict[str, Any]:
    """Return the configuration of core's sensors, as users copy it from each other."""
    energy = {
        "device_class": "energy",
        "state_class": "total_increasing",
        "unit_of_measurement": "kWh",
    }
    power = {
        "device_class": "power",
        "state_class": "measurement",
        "unit_of_measurement": "W",
    }
    return {
        "mqtt": {
            "sensor": [
                {
                    "name": f"core {key}",
                    "state_topic": CORE,
                    "value_template": f"{{{{ value_json.{PREFIX}.{key} }}}}",
                    **kind,
                }
                for key, kind in (("E_in", energy), ("E_out", energy), ("Power", power))
            ]
        }
    }


async def connect(hass: HomeAssistant, client: Any) -> Receive:
    """Set up Home Assistant's MQTT client; return what it does with a message."""
    # Its tracebacks of all that is scheduled are the tests' own.
    hass.loop.set_debug(False)
    broker = MockConfigEntry(
        domain="mqtt",
        version=2,
        minor_version=1,
        data={"broker": "broker", "port": 1883, "protocol": "5"},
        options={"discovery": False, "birth_message": {}},
    )
    broker.add_to_hass(hass)
    assert await hass.config_entries.async_setup(broker.entry_id)
    await hass.async_block_till_done()
    receive: Receive = client.on_message
    return receive


async def add_meter(
    hass: HomeAssistant, clock: Clock, name: str, **options: float
) -> MockConfigEntry:
    """Set up py_hab for the reader with a name."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=name,
        unique_id=f"reader {name}",
        data={
            CONF_KIND: EntryKind.METER.value,
            CONF_TOPIC: topic_of(name),
            CONF_PREFIX: PREFIX,
        },
        options=options,
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass, clock)
    return entry


async def settle(hass: HomeAssistant, clock: Clock) -> None:
    """Wait until everything is subscribed, or new entities are there."""
    for _ in range(3):
        await clock.passes()
        await hass.async_block_till_done()


def state_of(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> float:
    """Return what a sensor of a meter shows."""
    [entity_id] = [
        item.entity_id
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if item.unique_id.endswith(f"_{key}")
    ]
    state = hass.states.get(entity_id)
    assert state is not None
    return float(state.state)


def is_settled(entry: MockConfigEntry) -> bool:
    """Whether py_hab has nothing left to learn of the keys."""
    [meter] = entry.runtime_data.coordinator.data.values()
    return bool(meter.resolver.inference.settled)
