"""Finds readers on the broker and probes one of them, for the config flow."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback

from ..sml.key_names import mappings_of_names
from ..sml.meter_evidence import Evidence
from ..sml.payload import (
    Block,
    MalformedMessageError,
    discovered_meters,
    meter_blocks,
    named_evidence,
    parse_message,
)
from ..sml.registers import Quantity
from ..sml.topics import (
    DISCOVERY,
    STATUS_NETWORK,
    STATUS_SENSORS,
    ReaderInfo,
    ReaderTopics,
    parse_discovery,
    parse_status,
)

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

SUBSCRIBE_TIMEOUT: Final = timedelta(seconds=5)
LISTEN_TIME: Final = timedelta(seconds=1)
"""Retained messages arrive immediately. Readers that publish every second are found, too."""
MESSAGE_TIMEOUT: Final = timedelta(seconds=15)
"""A reader answers within a second. One that takes no commands publishes every few seconds."""
GRACE_TIME: Final = timedelta(seconds=2)
"""How long to wait after the first message for other keys and for the identity of the reader."""

ANY_SENSOR: Final = ("tele/+/SENSOR", "tele/+/+/SENSOR", "+/tele/SENSOR")
"""Topics of readings. Tasmota's topic may contain a slash, or precede the prefix."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeResult:
    """What a reader has published during a probe."""

    has_published: bool = False
    """Whether anything was published on its topics."""
    blocks: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """The fields of all objects that may be meters, from all messages, by prefix."""
    reader: ReaderInfo | None = None
    """What the reader has answered about itself, None if it has not answered."""

    @property
    def has_total(self) -> bool:
        """Whether the fields contain the import counter, which every meter has."""
        return any(
            mapping.quantity is Quantity.ENERGY_IMPORT
            for prefix, fields in self.blocks.items()
            for mapping in mappings_of_names(prefix, fields).values()
        )

    @property
    def meters(self) -> dict[str, Mapping[str, object]]:
        """The blocks that may belong to meters, the certain ones first."""
        evidence = {
            prefix: named_evidence(prefix, fields) for prefix, fields in self.blocks.items()
        }
        return {
            prefix: self.blocks[prefix]
            for prefix in sorted(evidence, key=evidence.__getitem__, reverse=True)
            if evidence[prefix] is not Evidence.NONE
        }

    def merged(self, blocks: Iterable[Block]) -> ProbeResult:
        """Return this result with the blocks of another message."""
        together = {prefix: dict(fields) for prefix, fields in self.blocks.items()}
        for block in blocks:
            together.setdefault(block.prefix, {}).update(block.fields)
        return replace(self, has_published=True, blocks=together)


def is_mqtt_connected(hass: HomeAssistant) -> bool:
    """Return whether MQTT is set up and connected to its broker."""
    if not hass.config_entries.async_loaded_entries("mqtt"):
        return False
    from homeassistant.components import mqtt

    return mqtt.is_connected(hass)


@asynccontextmanager
async def _subscribed(
    hass: HomeAssistant, handlers: Mapping[str, Callable[[ReceiveMessage], None]]
) -> AsyncGenerator[None]:
    """Subscribe to topics; enter the context when the broker has confirmed all of them."""
    from homeassistant.components import mqtt

    undo: list[Callable[[], None]] = []
    confirmed = {topic: asyncio.Event() for topic in handlers}
    try:
        for topic, handler in handlers.items():
            undo.append(mqtt.async_on_subscribe_done(hass, topic, 0, confirmed[topic].set))
            undo.append(await mqtt.async_subscribe(hass, topic, handler))
        try:
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT.total_seconds()):
                for event in confirmed.values():
                    await event.wait()
        except TimeoutError:
            # Messages may arrive even without a confirmation.
            pass
        yield
    finally:
        for call in undo:
            call()


async def async_find_readers(hass: HomeAssistant) -> dict[str, ReaderInfo]:
    """Return the readers with a meter, by SENSOR topic.

    These are the ones that have announced a meter, and the ones that publish one now.
    """
    found = _FoundReaders()
    topics = (f"{DISCOVERY}/+/config", f"{DISCOVERY}/+/sensors", *ANY_SENSOR)
    async with _subscribed(hass, dict.fromkeys(topics, found.async_received)):
        await asyncio.sleep(LISTEN_TIME.total_seconds())
    return dict(sorted(found.by_topic().items()))


@dataclass(slots=True)
class _FoundReaders:
    """The readers that were announced or have published readings."""

    publishing: set[str] = field(default_factory=set)
    """The SENSOR topics on which a meter was published."""
    announced: dict[str, ReaderInfo] = field(default_factory=dict)
    """By the discovery topic of the device."""
    with_meter: set[str] = field(default_factory=set)
    """The discovery topics of devices with a meter."""

    @callback
    def async_received(self, message: ReceiveMessage) -> None:
        """Process a message. Messages of other devices are ignored."""
        device, _, leaf = message.topic.rpartition("/")
        with suppress(MalformedMessageError):
            if leaf == "config":
                self.announced[device] = parse_discovery(message.payload)
            elif leaf == "sensors":
                if discovered_meters(message.payload):
                    self.with_meter.add(device)
            elif meter_blocks(message.payload):
                self.publishing.add(message.topic)

    def by_topic(self) -> dict[str, ReaderInfo]:
        """Return the readers by SENSOR topic, with what they have announced."""
        announced = {
            reader.topics.sensor: reader
            for device, reader in self.announced.items()
            if device in self.with_meter and reader.topics is not None
        }
        return dict.fromkeys(self.publishing, ReaderInfo()) | announced


async def async_probe_reader(hass: HomeAssistant, topics: ReaderTopics) -> ProbeResult:
    """Ask a reader for its values and its identity, and collect what it publishes."""
    return await _Probe(hass, topics).async_run()


class _Probe:
    """Listens to one reader until the result is complete, or until a timeout."""

    def __init__(self, hass: HomeAssistant, topics: ReaderTopics) -> None:
        self._hass = hass
        self._topics = topics
        self._result = ProbeResult()
        self._changed = asyncio.Event()

    async def async_run(self) -> ProbeResult:
        """Return what was received before the probe was complete or timed out."""
        handlers: dict[str, Callable[[ReceiveMessage], None]] = {
            self._topics.sensor: self._async_reading_received
        }
        if answer := self._topics.status(STATUS_SENSORS):
            handlers[answer] = self._async_reading_received
        if answer := self._topics.status(STATUS_NETWORK):
            handlers[answer] = self._async_identity_received
        async with _subscribed(self._hass, handlers):
            await self._async_ask()
            # After a timeout, this is all that the reader publishes.
            with suppress(TimeoutError):
                await self._async_listen()
        return self._result

    async def _async_ask(self) -> None:
        from homeassistant.components import mqtt

        if self._topics.command and mqtt.is_connected(self._hass):
            for number in (STATUS_SENSORS, STATUS_NETWORK):
                await mqtt.async_publish(self._hass, self._topics.command, str(number), 0, False)

    async def _async_listen(self) -> None:
        """Wait until the result is complete. Raises TimeoutError."""
        loop = self._hass.loop
        async with asyncio.timeout(MESSAGE_TIMEOUT.total_seconds()) as timeout:
            while not self._is_complete:
                await self._changed.wait()
                self._changed.clear()
                if self._result.blocks:
                    deadline = loop.time() + GRACE_TIME.total_seconds()
                    timeout.reschedule(min(timeout.when() or deadline, deadline))

    @property
    def _is_complete(self) -> bool:
        has_identity = self._result.reader is not None or self._topics.command is None
        return self._result.has_total and has_identity

    @callback
    def _async_reading_received(self, message: ReceiveMessage) -> None:
        if message.retain:
            # A retained message does not prove that the reader is online.
            return
        try:
            blocks = parse_message(message.payload)
        except MalformedMessageError:
            blocks = []
        self._result = self._result.merged(block for block in blocks if block.numbers())
        self._changed.set()

    @callback
    def _async_identity_received(self, message: ReceiveMessage) -> None:
        try:
            self._result = replace(self._result, reader=parse_status(message.payload))
        except MalformedMessageError:
            return
        self._changed.set()
