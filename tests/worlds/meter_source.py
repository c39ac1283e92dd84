"""A meter, its reader and a broker."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import json
from pathlib import Path
from typing import Any, Final, override

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockMqttReasonCode,
    async_fire_mqtt_message,
)

from custom_components.py_hab.const import CONF_KIND, CONF_PREFIX, CONF_TOPIC, DOMAIN, EntryKind
from homeassistant.core import callback

from .broker import mocked_paho
from .house import House, Message, Meter
from .server import SWAPPED_AFTER, write_years_of_a_meter
from .sources import Heard, Source, Successor
from .words import Instant, Words
from .world import Party, World

SENSOR: Final = "tele/tasmota_9282F4/SENSOR"
LWT: Final = "tele/tasmota_9282F4/LWT"
STATE: Final = "tele/tasmota_9282F4/STATE"
COMMAND: Final = "cmnd/tasmota_9282F4/STATUS"
ANSWER: Final = "stat/tasmota_9282F4/STATUS10"
MAC: Final = "a4:cf:12:92:82:f4"
AWAKE: Final = 10
"""Seconds for which a reader in deep sleep is awake."""
CAPACITY: Final = 1_000_000
"""kWh at which a display starts again at 0."""


class MeterSource(Source):
    """A meter, its reader and a broker."""

    def __init__(self, world: World, house: House, server_file: Path) -> None:
        """Mount a meter on the wall."""
        super().__init__(world, house, server_file)
        self.period = world.spacing
        kinds = ("import", "export") if world.script.exported else ("import",)
        self.series = {kind: f"{MAC}_energy_{kind}" for kind in kinds}
        self.meter: Meter = world.meter
        self.words: list[Words] = [Words(lambda instant: [instant.says()])]
        """What the reader says; the last one applies."""

        self.client: Any = None
        """The mocked paho client."""

        self._heard: list[Heard] = []
        self._away: Sequence[Party] = ()
        self._is_asleep = world.sleeps
        if world.served:
            off = world.start.replace(minute=0)
            first = off - world.served
            self.meter, self.counted = write_years_of_a_meter(
                server_file, house, self.meter, first, off
            )
            self.uncertain = (first, first + SWAPPED_AFTER)

    @override
    def entries(self) -> list[MockConfigEntry]:
        return [
            MockConfigEntry(
                domain="mqtt",
                version=2,
                minor_version=1,
                entry_id="broker",
                data={"broker": "broker", "port": 1883, "protocol": "5"},
                options={"discovery": False, "birth_message": {}},
            ),
            MockConfigEntry(
                domain=DOMAIN,
                title="MT681",
                unique_id=MAC,
                entry_id="meter",
                data={
                    CONF_KIND: EntryKind.METER.value,
                    CONF_TOPIC: SENSOR,
                    CONF_PREFIX: self.world.script.prefix,
                },
                options=dict(self.world.options),
            ),
        ]

    @override
    def configuration(self) -> dict[str, Any]:
        """Return the configuration of core's sensors that users copy from each other."""
        world, script = self.world, self.world.script
        sensors = []
        if world.core_beside:
            sensors = [
                _core_sensor(f"core {name}", f"{{{{ value_json.{script.prefix}.{key} }}}}")
                for name, key in (
                    ("energy_import", script.imported),
                    ("energy_export", script.exported),
                    ("power", script.power),
                )
                if key is not None
            ]
        if world.predecessor is not None:
            sensors.append(_core_sensor("MT681 energy import", world.predecessor))
        return {"mqtt": {"sensor": sensors}} if sensors else {}

    @property
    @override
    def heard(self) -> Sequence[Heard]:
        return self._heard

    def displayed(self, series: str) -> float:
        """Return what the display shows now, in kWh."""
        reading = self.meter.shows(self.house, self.computer.clock.now)
        shown = {"import": reading.imported, "export": reading.exported}[series]
        return shown / 1000 % CAPACITY

    def swap(self, successor: Meter) -> None:
        """Mount another meter; nobody informs Home Assistant."""
        now = self.computer.clock.now
        self.meter = self.meter.replaced(self.house, now, successor)
        self.successors.append(Successor(now, self.series, has_unseen_opening=True))

    @override
    @contextmanager
    def around(self) -> Iterator[None]:
        with mocked_paho(self.published) as self.client:
            yield

    @override
    async def started(self, away: Sequence[Party]) -> None:
        self._away = away
        await self.computer.pass_seconds(2)
        self._deliver(LWT, self._last_will, retain=True)
        if (kept := self.world.retained) is not None:
            message = self.world.script.message(self.world.start, kept)
            self._deliver(SENSOR, message, retain=True)
        await self.computer.settled()

    @override
    async def changed(self, party: Party, away: Sequence[Party]) -> None:
        self._away = away
        gone = party in away
        if party is Party.READER:
            self._deliver(LWT, self._last_will)
        elif self.computer.is_on:
            code = MockMqttReasonCode()
            if gone:
                self.client.on_disconnect(self.client, None, None, code)
            else:
                self.client.on_connect(self.client, None, None, code)
                await self.started(away)
        if self.computer.is_on:
            await self.computer.settled()

    @property
    def _last_will(self) -> str:
        if Party.READER in self._away:
            return "Offline"
        return "DeepSleep" if self._is_asleep else "Online"

    @override
    async def speaks(self, away: Sequence[Party]) -> None:
        self._away = away
        if self.world.sleeps:
            await self._wakes()
            return
        for message in self._says():
            self._deliver(SENSOR, message)
        await self.computer.settled()

    async def _wakes(self) -> None:
        """Start, publish once, and sleep again."""
        self._is_asleep = False
        self._deliver(LWT, self._last_will)
        self._deliver(STATE, {"UptimeSec": 12})
        for message in self._says():
            self._deliver(SENSOR, message)
        await self.computer.pass_seconds(AWAKE)
        self._is_asleep = True
        self._deliver(LWT, self._last_will)
        await self.computer.settled()

    def _says(self) -> Sequence[Message]:
        """Return the messages of this moment, and note what Home Assistant hears in them."""
        if self._away or self._is_asleep:
            return []
        now = self.computer.clock.now
        words = self.words[-1]
        if words.honest:
            counted = {series: self.counted(series, now) for series in self.series}
            self._heard.append(Heard(at=self.computer.clock.shown, counted=counted))
        return list(
            words.edit(
                Instant(
                    number=int((now - self.world.start) / self.world.spacing),
                    now=now,
                    script=self.world.script,
                    reading=self.meter.shows(self.house, now),
                )
            )
        )

    @callback
    def published(self, topic: str, payload: str) -> None:
        """Answer STATUS 10 as the reader does: with what it publishes anyway."""
        if topic == COMMAND and payload == "10":
            said = [message for message in self._says() if not isinstance(message, str)]
            if said:
                self._deliver(ANSWER, {"StatusSNS": said[len(said) // 2]})

    def _deliver(self, topic: str, message: Message, *, retain: bool = False) -> None:
        """Let the broker send a message, if there are both a broker and a recipient."""
        if self.computer.is_on and Party.BROKER not in self._away:
            text = message if isinstance(message, str) else json.dumps(message)
            async_fire_mqtt_message(self.computer.hass, topic, text, retain=retain)


def _core_sensor(name: str, template: str) -> dict[str, Any]:
    """Return the configuration of a sensor for energy, or for power."""
    is_energy = "energy" in name
    return {
        "name": name,
        "state_topic": SENSOR,
        "value_template": template,
        "device_class": "energy" if is_energy else "power",
        "state_class": "total_increasing" if is_energy else "measurement",
        "unit_of_measurement": "kWh" if is_energy else "W",
    }
