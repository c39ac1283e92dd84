"""Finding readers on the broker and trying one out, for the config flow."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
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
    """Return the readers with a meter by SENSOR topic: announced ones, and ones heard now."""
    heard: dict[str, ReaderInfo] = {}
    announced: dict[str, ReaderInfo] = {}
    with_meter: set[str] = set()

    @callback
    def received(message: ReceiveMessage) -> None:
        device = message.topic.rpartition("/")[0]
        try:
            if message.topic.endswith("/config"):
                announced[device] = parse_discovery(message.payload)
            elif message.topic.endswith("/sensors"):
                if discovered_meters(message.payload):
                    with_meter.add(device)
            elif meter_blocks(message.payload, register_of):
                heard[message.topic] = ReaderInfo()
        except MalformedMessageError:
            # Somebody else's message: not a reader to offer.
            return

    topics = (f"{DISCOVERY}/+/config", f"{DISCOVERY}/+/sensors", *ANY_SENSOR)
    async with _subscribed(hass, dict.fromkeys(topics, received)):
        await asyncio.sleep(LISTEN_TIME.total_seconds())
    for device in with_meter & announced.keys():
        reader = announced[device]
        if reader.topics is not None:
            heard[reader.topics.sensor] = reader
    return dict(sorted(heard.items()))


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
    from homeassistant.components import mqtt

    result = ProbeResult()
    changed = asyncio.Event()

    @callback
    def reading_received(message: ReceiveMessage) -> None:
        nonlocal result
        if message.retain:
            # What the broker remembers does not prove that the reader lives.
            return
        try:
            blocks = parse_message(message.payload)
        except MalformedMessageError:
            blocks = []
        result = result.merged(block for block in blocks if block.numbers())
        changed.set()

    @callback
    def identity_received(message: ReceiveMessage) -> None:
        nonlocal result
        try:
            result = replace(result, reader=parse_status(message.payload))
        except MalformedMessageError:
            return
        changed.set()

    def complete() -> bool:
        return result.has_total and (result.reader is not None or topics.command is None)

    handlers: dict[str, Callable[[ReceiveMessage], None]] = {topics.sensor: reading_received}
    for number, handler in (
        (STATUS_SENSORS, reading_received),
        (STATUS_NETWORK, identity_received),
    ):
        if answer := topics.status(number):
            handlers[answer] = handler
    async with _subscribed(hass, handlers):
        if topics.command and mqtt.is_connected(hass):
            for number in (STATUS_SENSORS, STATUS_NETWORK):
                await mqtt.async_publish(hass, topics.command, str(number), 0, False)
        try:
            async with asyncio.timeout(MESSAGE_TIMEOUT.total_seconds()) as patience:
                while not complete():
                    await changed.wait()
                    changed.clear()
                    if result.blocks:
                        deadline = hass.loop.time() + GRACE_TIME.total_seconds()
                        patience.reschedule(min(patience.when() or deadline, deadline))
        except TimeoutError:
            pass
    return result
