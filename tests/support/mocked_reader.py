"""A reader that says what a test asks it to, with a broker that is only mocked."""

from datetime import timedelta
import json
from typing import Any, Final

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockMqttReasonCode,
    async_fire_mqtt_message,
)

from custom_components.py_hab.const import CONF_KIND, CONF_PREFIX, CONF_TOPIC, DOMAIN, EntryKind
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .passing_time import Time

MAC: Final = "A4CF129282F4"
UNIQUE_ID: Final = "a4:cf:12:92:82:f4"
COMMAND: Final = "cmnd/tasmota_9282F4/STATUS"
NUMBER: Final = "0a0149534b00056b3c51"
PRINTED: Final = "1ISK0090913873"
"""The same, as it stands on the meter."""
MINUTE: Final = timedelta(minutes=1)
STALE: Final = timedelta(minutes=15)
"""After this time without a reading a quantity is unavailable."""

type Fields = dict[str, Any]

READER_SUFFIX: Final = "_reader"


class MockedReader:
    """Publishes when asked to, and answers what it is asked."""

    def __init__(self, time: Time, hass: HomeAssistant, client: Any) -> None:
        """Take the place of the broker behind the mocked paho client."""
        self._time = time
        self._hass = hass
        self._client = client
        self.broker = MockConfigEntry(
            domain="mqtt",
            version=2,
            minor_version=1,
            data={"broker": "broker", "port": 1883, "protocol": "5"},
            options={"discovery": False, "birth_message": {}},
        )
        self.asked: list[tuple[str, str]] = []
        """Topic and payload of what was published by Home Assistant."""
        self.blocks: dict[str, Fields] = {
            "MT681": {"E_in": 15119.035, "E_out": 2381.47, "Power": 200, "Meter_id": NUMBER}
        }
        """What it reads; the first one is that of the first meter."""
        self.root: Fields = {}
        """What it publishes beside the blocks."""
        self.retained: dict[str, str] = {}
        """What the broker hands over to whoever subscribes."""
        self.answers = True

    async def connect(self) -> None:
        """Set up Home Assistant's MQTT."""
        acknowledge = self._client.publish.side_effect

        def publish(topic: str, payload: Any, *args: Any, **kwargs: Any) -> Any:
            self.asked.append((topic, str(payload)))
            if self.answers and str(payload) == "10" and topic.endswith("/STATUS"):
                self._hass.loop.call_soon(self._answer, topic)
            return acknowledge(topic, payload, *args, **kwargs)

        self._client.publish.side_effect = publish
        self.broker.add_to_hass(self._hass)
        assert await self._hass.config_entries.async_setup(self.broker.entry_id)
        await self._hass.async_block_till_done()

    async def disconnect(self) -> None:
        """End the entries and Home Assistant's MQTT, with all that they still have to do."""
        for entry in (*self._hass.config_entries.async_loaded_entries(DOMAIN), self.broker):
            if entry.state is ConfigEntryState.LOADED:
                await self._hass.config_entries.async_unload(entry.entry_id)
            await self._time.passes(self._hass, timedelta(seconds=1))

    def entry(self, *, prefix: str | None = None, **options: Any) -> MockConfigEntry:
        """Return an entry for the reader, not set up yet."""
        more = {} if prefix is None else {CONF_PREFIX: prefix}
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="MT681",
            unique_id=UNIQUE_ID,
            data={
                CONF_KIND: EntryKind.METER.value,
                CONF_TOPIC: "tele/tasmota_9282F4/SENSOR",
                **more,
            },
            options=options,
        )
        entry.add_to_hass(self._hass)
        return entry

    async def set_up(self, entry: MockConfigEntry) -> None:
        """Load an entry, until its subscriptions have had their effect."""
        if entry.state is not ConfigEntryState.LOADED:
            assert await self._hass.config_entries.async_setup(entry.entry_id)
        await self.subscribed()
        assert entry.state is ConfigEntryState.LOADED

    async def reload(self, entry: MockConfigEntry) -> None:
        """Load an entry again, as a restart of Home Assistant does."""
        assert await self._hass.config_entries.async_reload(entry.entry_id)
        await self.subscribed()

    async def subscribed(self) -> None:
        """Let the client's subscriptions take place, and a first reading be confirmed."""
        for _ in range(3):
            await self._time.passes(self._hass, timedelta(seconds=1))
        for topic, text in self.retained.items():
            async_fire_mqtt_message(self._hass, topic, text, retain=True)
        for _ in range(8):
            await self._time.passes(self._hass, timedelta(seconds=2))

    def _answer(self, topic: str) -> None:
        if self.answers:
            answer = f"stat{topic.removeprefix('cmnd')}10"
            async_fire_mqtt_message(
                self._hass,
                answer,
                json.dumps({"StatusSNS": {"Time": "", **self.root, **self.blocks}}),
            )

    async def broker_goes(self) -> None:
        """Cut Home Assistant's connection."""
        self._client.on_disconnect(self._client, None, None, MockMqttReasonCode())
        await self._hass.async_block_till_done()

    async def broker_comes(self) -> None:
        """Connect Home Assistant again."""
        self._client.on_connect(self._client, None, None, MockMqttReasonCode())
        await self.subscribed()

    # What it says

    async def says(self, topic: str, content: object, *, retain: bool = False) -> None:
        """Publish anything on a topic; one without a slash is a leaf of the reader's."""
        text = content if isinstance(content, str) else json.dumps(content)
        full = topic if "/" in topic else f"tele/tasmota_9282F4/{topic}"
        async_fire_mqtt_message(self._hass, full, text, retain=retain)
        await self._hass.async_block_till_done()

    async def reads(self, prefix: str = "MT681", /, **fields: Any) -> None:
        """Publish all readings, after some have changed."""
        self.blocks.setdefault(prefix, {}).update(fields)
        await self.says("SENSOR", {"Time": "2026-03-20T19:07:33", **self.blocks})

    async def lives(self, duration: timedelta, *, step: timedelta = MINUTE, **rises: float) -> None:
        """Let time pass, and publish after each step; fields of the first meter rise by `rises`."""
        block = next(iter(self.blocks.values()))
        for _ in range(duration // step):
            await self._time.passes(self._hass, step, step=step)
            await self.reads(
                next(iter(self.blocks)),
                **{key: round(block[key] + rise, 4) for key, rise in rises.items()},
            )

    async def announces(self, **config: Any) -> None:
        """Publish its discovery message."""
        content = {
            "ip": "192.168.178.84",
            "dn": "Tasmota",
            "hn": "tasmota-9282F4-0756",
            "mac": MAC,
            "ofln": "Offline",
            "onln": "Online",
            "sw": "15.5.0",
            "t": "tasmota_9282F4",
            "ft": "%prefix%/%topic%/",
            "tp": ["cmnd", "stat", "tele"],
            **config,
        }
        await self.says(f"tasmota/discovery/{MAC}/config", content)

    def was_asked(self, number: int) -> int:
        """Return how often it was asked for a status."""
        return self.asked.count((COMMAND, str(number)))


def devices(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, dr.DeviceEntry]:
    """Return the devices of the meters of an entry by identifier."""
    return {
        identifier: device
        for identifier, device in _all_devices(hass, entry).items()
        if not identifier.endswith(READER_SUFFIX)
    }


def reader_device(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """Return the device of the reader of an entry."""
    return _all_devices(hass, entry)[f"{entry.unique_id or entry.entry_id}{READER_SUFFIX}"]


def _all_devices(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, dr.DeviceEntry]:
    return {
        identifier: device
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        for _, identifier in device.identifiers
        if isinstance(device, dr.DeviceEntry)
    }
