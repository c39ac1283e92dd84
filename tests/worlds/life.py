"""A world as Home Assistant lives through it, with py_hab and core's MQTT sensors in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
import json
from typing import Any, Final, Literal, Protocol

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockMqttReasonCode,
    async_fire_mqtt_message,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
)

from custom_components.py_hab.const import CONF_KIND, CONF_PREFIX, CONF_TOPIC, DOMAIN, EntryKind
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .house import START, KeyMapping, Message
from .worlds import Party, World

SENSOR: Final = "tele/tasmota_9282F4/SENSOR"
LWT: Final = "tele/tasmota_9282F4/LWT"
COMMAND: Final = "cmnd/tasmota_9282F4/STATUS"
ANSWER: Final = "stat/tasmota_9282F4/STATUS10"
POWER: Final = "power"
SHORT_TERM: Final = 300
"""Seconds of a row of short-term statistics."""
COMPILED: Final = 10
"""The second of a minute at which Home Assistant compiles them."""


class Who(StrEnum):
    """Whose statistics."""

    PY_HAB = "py_hab"
    CORE = "core mqtt"


@dataclass(frozen=True, kw_only=True)
class Books:
    """The hourly statistics; hours without a row are left out."""

    changes: Mapping[tuple[Who, KeyMapping], Sequence[float]]
    """kWh."""
    power: Mapping[Who, Sequence[float]]
    """W, the means."""

    def total(self, who: Who, register: KeyMapping) -> float:
        """Return the kWh booked."""
        return sum(self.changes[who, register])


class Clock(Protocol):
    """The time of the process."""

    def move(self, second: int) -> None:
        """Go on to a second of the world."""

    def jump(self, by: timedelta) -> None:
        """Show another time from now on; timers do not notice."""


def core_sensors(world: World) -> dict[str, Any]:
    """Return the configuration that users copy from each other."""
    block = f"value_json.{world.script.prefix}"
    energy = {
        "state_topic": SENSOR,
        "device_class": "energy",
        "state_class": "total_increasing",
        "unit_of_measurement": "kWh",
    }
    power = {
        "state_topic": SENSOR,
        "device_class": "power",
        "state_class": "measurement",
        "unit_of_measurement": "W",
    }
    return {
        "mqtt": {
            "sensor": [
                {"name": name, "value_template": f"{{{{ {block}.{key} }}}}", **kind}
                for name, key, kind in (
                    ("core energy_import", world.script.imported, energy),
                    ("core energy_export", world.script.exported, energy),
                    ("core power", world.script.power, power),
                )
            ]
        }
    }


class Life:
    """Home Assistant in a world, from its set-up to the end."""

    def __init__(self, hass: HomeAssistant, world: World, clock: Clock, client: Any) -> None:
        self._hass = hass
        self._world = world
        self._clock = clock
        self._client = client
        """The mocked paho client: what Home Assistant publishes, it receives as well."""

        self._second = 0
        self._away: set[Party] = set()
        self._mqtt = MockConfigEntry(
            domain="mqtt",
            version=2,
            minor_version=1,
            data={"broker": "broker", "port": 1883, "protocol": "5"},
            options={"discovery": False, "birth_message": {}},
        )
        self._entry = MockConfigEntry(
            domain=DOMAIN,
            title="MT681",
            unique_id="a4:cf:12:92:82:f4",
            data={
                CONF_KIND: EntryKind.METER.value,
                CONF_TOPIC: SENSOR,
                CONF_PREFIX: world.script.prefix,
            },
        )
        self._comings_and_goings = {
            (Party.HEAD, True): self._head_goes,
            (Party.HEAD, False): self._head_comes,
            (Party.BROKER, True): self._broker_goes,
            (Party.BROKER, False): self._broker_comes,
            (Party.HOME_ASSISTANT, True): self._home_assistant_stops,
            (Party.HOME_ASSISTANT, False): self._home_assistant_starts,
        }

    async def live(self) -> Books:
        """Live through the world, and return what has been booked."""
        # Its tracebacks of all that is scheduled take half of the time; other tests have them.
        self._hass.loop.set_debug(False)
        world = self._world
        self._mqtt.add_to_hass(self._hass)
        self._entry.add_to_hass(self._hass)
        acknowledge = self._client.publish.side_effect

        def publish(topic: str, payload: str, *args: Any, **kwargs: Any) -> Any:
            if topic == COMMAND and str(payload) == "10":
                self._hass.loop.call_soon(self._answer)
            return acknowledge(topic, payload, *args, **kwargs)

        self._client.publish.side_effect = publish
        await self._home_assistant_starts()
        compiling = set(range(SHORT_TERM + COMPILED, world.seconds + SHORT_TERM, SHORT_TERM))
        minutes = {*range(60, world.seconds, 60)}
        for second in sorted({*world.moments, *minutes, *compiling}):
            await self._passes(second)
            if second in minutes:
                await self._events(second)
            if second in world.moments:
                for message in world.messages(second):
                    self._deliver(SENSOR, message)
                await self._hass.async_block_till_done()
            if second in compiling:
                await async_recorder_block_till_done(self._hass)
        books = await self._books()
        await self._home_assistant_stops()
        return books

    async def _passes(self, second: int) -> None:
        self._second = second
        self._clock.move(second)
        async_fire_time_changed(self._hass, dt_util.utcnow())
        await self._hass.async_block_till_done()

    async def _events(self, second: int) -> None:
        """Let the clock jump, and let parties come and go."""
        if jump := self._world.clock_jumps.get(second // 60):
            self._clock.jump(jump)
            await self._passes(second)
        # Whoever is subscribed to hears of whoever comes or goes at the same time.
        for party in Party:
            away = self._world.is_away(party, second)
            if away != (party in self._away):
                self._away ^= {party}
                await self._comings_and_goings[party, away]()

    def _deliver(self, topic: str, message: Message, *, retain: bool = False) -> None:
        """Let the broker hand over a message, if there are both a broker and a recipient."""
        if self._away & {Party.BROKER, Party.HOME_ASSISTANT}:
            return
        payload = message if isinstance(message, str) else json.dumps(message)
        async_fire_mqtt_message(self._hass, topic, payload, retain=retain)

    @callback
    def _answer(self) -> None:
        """Answer STATUS 10 as the head does: with what it says anyway."""
        said = [item for item in self._world.messages(self._second) if not isinstance(item, str)]
        if said:
            self._deliver(ANSWER, {"StatusSNS": said[len(said) // 2]})

    async def _subscribed(self) -> None:
        """Wait for the subscriptions, and let the broker send what it has retained."""
        for _ in range(2):
            await self._passes(self._second + 1)
        head = "Offline" if Party.HEAD in self._away else "Online"
        self._deliver(LWT, head, retain=True)
        if self._world.retained is not None:
            self._deliver(SENSOR, self._world.retained, retain=True)
        await self._hass.async_block_till_done()

    async def _head_goes(self) -> None:
        self._deliver(LWT, "Offline")

    async def _head_comes(self) -> None:
        self._deliver(LWT, "Online")

    async def _broker_goes(self) -> None:
        self._client.on_disconnect(self._client, None, None, MockMqttReasonCode())
        await self._hass.async_block_till_done()

    async def _broker_comes(self) -> None:
        self._client.on_connect(self._client, None, None, MockMqttReasonCode())
        await self._subscribed()

    async def _home_assistant_starts(self) -> None:
        for entry in (self._mqtt, self._entry):
            assert await self._hass.config_entries.async_setup(entry.entry_id)
            await self._hass.async_block_till_done()
        await self._subscribed()

    async def _home_assistant_stops(self) -> None:
        for entry in (self._entry, self._mqtt):
            assert await self._hass.config_entries.async_unload(entry.entry_id)
            await self._hass.async_block_till_done()

    async def _books(self) -> Books:
        registered = er.async_entries_for_config_entry(
            er.async_get(self._hass), self._entry.entry_id
        )
        kinds = (*KeyMapping, POWER)
        ids = {(Who.CORE, kind): f"sensor.core_{kind}" for kind in kinds} | {
            (Who.PY_HAB, kind): item.entity_id
            for kind in kinds
            for item in registered
            if item.domain == "sensor" and item.unique_id.endswith(f"_{kind}")
        }
        found = await get_instance(self._hass).async_add_executor_job(
            statistics_during_period,
            self._hass,
            START - timedelta(days=1),
            None,
            set(ids.values()),
            "hour",
            None,
            {"change", "sum", "state", "mean"},
        )

        def column(who: Who, kind: str, name: Literal["change", "mean"]) -> list[float]:
            rows = found.get(ids.get((who, kind), ""), [])
            return [float(row.get(name) or 0) for row in rows]

        return Books(
            changes={
                (who, register): column(who, register, "change")
                for who in Who
                for register in KeyMapping
            },
            power={who: column(who, POWER, "mean") for who in Who},
        )
