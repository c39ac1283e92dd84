"""Finding readers on the broker and trying one out, for the config flow."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback

from ..sml.key_names import register_of
from ..sml.payload import (
    Block,
    MalformedMessageError,
    discovered_meters,
    is_meter,
    meter_blocks,
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
"""Retained messages arrive at once; who publishes every second is heard, too."""
MESSAGE_TIMEOUT: Final = timedelta(seconds=15)
"""A reader answers within a second; one without commands publishes every few seconds."""
GRACE_TIME: Final = timedelta(seconds=2)
"""So long the rest may take after the first message: other keys, and who the reader is."""

ANY_SENSOR: Final = ("tele/+/SENSOR", "tele/+/+/SENSOR", "+/tele/SENSOR")
"""Where heads publish whose topic may hold a slash, or stand before the prefix."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeResult:
    """What a reader has let us hear."""

    heard: bool = False
    """Whether anything was published on its topics."""
    blocks: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Fields of everything that may be a meter, by prefix, from all messages."""
    reader: ReaderInfo | None = None
    """Who the reader is, if it answers commands."""

    @property
    def has_total(self) -> bool:
        """Whether the counter that every home has is among the fields."""
        return any(
            (register := register_of(key)) is not None
            and register.quantity is Quantity.ENERGY_IMPORT
            for fields in self.blocks.values()
            for key in fields
        )

    @property
    def meters(self) -> dict[str, Mapping[str, object]]:
        """The blocks that are known to be meters'."""
        return {
            prefix: fields
            for prefix, fields in self.blocks.items()
            if is_meter(Block(prefix=prefix, fields=fields), register_of)
        }

    def merged(self, blocks: Iterable[Block]) -> ProbeResult:
        """Return what this and another message say together."""
        together = {prefix: dict(fields) for prefix, fields in self.blocks.items()}
        for block in blocks:
            together.setdefault(block.prefix, {}).update(block.fields)
        return replace(self, heard=True, blocks=together)


@asynccontextmanager
async def _subscribed(
    hass: HomeAssistant, handlers: Mapping[str, Callable[[ReceiveMessage], None]]
) -> AsyncGenerator[None]:
    """Hold subscriptions; the body runs when the broker has confirmed them all."""
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
            # Without a confirmation there is still a chance to hear something.
            pass
        yield
    finally:
        for call in undo:
            call()


async def async_find_readers(hass: HomeAssistant) -> dict[str, ReaderInfo]:
    """Return the readers with a meter by SENSOR topic: announced ones, and ones that publish now."""
    found = _FoundReaders()
    topics = (f"{DISCOVERY}/+/config", f"{DISCOVERY}/+/sensors", *ANY_SENSOR)
    async with _subscribed(hass, dict.fromkeys(topics, found.async_received)):
        await asyncio.sleep(LISTEN_TIME.total_seconds())
    return dict(sorted(found.by_topic().items()))


@dataclass(slots=True)
class _FoundReaders:
    """Readers that were announced or have published something, while somebody listened."""

    publishing: set[str] = field(default_factory=set)
    """SENSOR topics."""
    announced: dict[str, ReaderInfo] = field(default_factory=dict)
    """By device, as the discovery topics name it."""
    with_meter: set[str] = field(default_factory=set)

    @callback
    def async_received(self, message: ReceiveMessage) -> None:
        """Take a message; one that is not a reader's is ignored."""
        device, _, leaf = message.topic.rpartition("/")
        with suppress(MalformedMessageError):
            if leaf == "config":
                self.announced[device] = parse_discovery(message.payload)
            elif leaf == "sensors":
                if discovered_meters(message.payload):
                    self.with_meter.add(device)
            elif meter_blocks(message.payload, register_of):
                self.publishing.add(message.topic)

    def by_topic(self) -> dict[str, ReaderInfo]:
        """Return the readers by SENSOR topic, with what they have announced about themselves."""
        announced = {
            reader.topics.sensor: reader
            for device, reader in self.announced.items()
            if device in self.with_meter and reader.topics is not None
        }
        return dict.fromkeys(self.publishing, ReaderInfo()) | announced


async def async_announced_head(hass: HomeAssistant, mac: str) -> ReaderInfo | None:
    """Return what a head with this MAC address (capitals, no colons) has announced."""
    told: asyncio.Future[ReaderInfo] = hass.loop.create_future()

    @callback
    def received(message: ReceiveMessage) -> None:
        try:
            reader = parse_discovery(message.payload)
        except MalformedMessageError:
            return
        if not told.done():
            told.set_result(reader)

    async with _subscribed(hass, {f"{DISCOVERY}/{mac}/config": received}):
        try:
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT.total_seconds()):
                return await told
        except TimeoutError:
            return None


async def async_probe_reader(hass: HomeAssistant, topics: ReaderTopics) -> ProbeResult:
    """Ask a reader for its values and its identity, and listen to what it publishes."""
    return await _Probe(hass, topics).async_run()


class _Probe:
    """Listens to one reader until it has published all that matters, or for as long as allowed."""

    def __init__(self, hass: HomeAssistant, topics: ReaderTopics) -> None:
        self._hass = hass
        self._topics = topics
        self._result = ProbeResult()
        self._changed = asyncio.Event()

    async def async_run(self) -> ProbeResult:
        """Return what was received until now when time is up."""
        handlers: dict[str, Callable[[ReceiveMessage], None]] = {
            self._topics.sensor: self._async_reading_received
        }
        if answer := self._topics.status(STATUS_SENSORS):
            handlers[answer] = self._async_reading_received
        if answer := self._topics.status(STATUS_NETWORK):
            handlers[answer] = self._async_identity_received
        async with _subscribed(self._hass, handlers):
            await self._async_ask()
            # A timeout is an answer, too: this is all that the reader publishes.
            with suppress(TimeoutError):
                await self._async_listen()
        return self._result

    async def _async_ask(self) -> None:
        from homeassistant.components import mqtt

        if self._topics.command and mqtt.is_connected(self._hass):
            for number in (STATUS_SENSORS, STATUS_NETWORK):
                await mqtt.async_publish(self._hass, self._topics.command, str(number), 0, False)

    async def _async_listen(self) -> None:
        """Wait until nothing is missing. Raises TimeoutError."""
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
            # What the broker remembers does not prove that the reader is alive.
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
