"""Finding readers on the broker and trying one out, for the config flow."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback

from .sml_vocabulary import Role
from .tasmota_sml import (
    MalformedMessageError,
    ReaderIdentity,
    ReaderTopics,
    Reading,
    discovered_meters,
    discovered_sensor_topic,
    parse_identity,
    parse_message,
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

DISCOVERY_CONFIG: Final = "tasmota/discovery/+/config"
DISCOVERY_SENSORS: Final = "tasmota/discovery/+/sensors"
ANY_SENSOR: Final = "tele/+/SENSOR"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeResult:
    """What a reader has let us hear."""

    heard: bool
    """Whether anything was published on its topics."""
    reading: Reading | None
    """The meter's registers from all messages; None if there was no meter among them."""
    identity: ReaderIdentity | None
    """Who the reader is, if it answers commands."""


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


async def async_find_readers(hass: HomeAssistant) -> list[str]:
    """Return the SENSOR topics of readers with a meter: announced ones, and ones heard now."""
    topics: set[str] = set()
    announced: dict[str, str] = {}
    with_meter: set[str] = set()

    @callback
    def received(message: ReceiveMessage) -> None:
        device = message.topic.rpartition("/")[0]
        try:
            if message.topic.endswith("/config"):
                if topic := discovered_sensor_topic(message.payload):
                    announced[device] = topic
            elif message.topic.endswith("/sensors"):
                if discovered_meters(message.payload):
                    with_meter.add(device)
            elif parse_message(message.payload):
                topics.add(message.topic)
        except MalformedMessageError:
            # Somebody else's message: not a reader to offer.
            return

    async with _subscribed(
        hass, dict.fromkeys((DISCOVERY_CONFIG, DISCOVERY_SENSORS, ANY_SENSOR), received)
    ):
        await asyncio.sleep(LISTEN_TIME.total_seconds())
    topics.update(announced[device] for device in with_meter & announced.keys())
    return sorted(topics)


async def async_probe_reader(hass: HomeAssistant, topics: ReaderTopics) -> ProbeResult:
    """Ask a reader for its values and its identity, and listen to what it publishes."""
    from homeassistant.components import mqtt

    result = ProbeResult(heard=False, reading=None, identity=None)
    changed = asyncio.Event()

    @callback
    def reading_received(message: ReceiveMessage) -> None:
        nonlocal result
        if message.retain:
            # What the broker remembers does not prove that the reader lives.
            return
        try:
            readings = parse_message(message.payload)
        except MalformedMessageError:
            readings = []
        merged = _merged(result.reading, readings[0]) if readings else result.reading
        result = replace(result, heard=True, reading=merged)
        changed.set()

    @callback
    def identity_received(message: ReceiveMessage) -> None:
        nonlocal result
        try:
            result = replace(result, identity=parse_identity(message.payload))
        except MalformedMessageError:
            return
        changed.set()

    def complete() -> bool:
        return (
            result.reading is not None
            and Role.ENERGY_IMPORT in result.reading.values
            and (result.identity is not None or topics.command is None)
        )

    handlers: dict[str, Callable[[ReceiveMessage], None]] = {topics.sensor: reading_received}
    if topics.status:
        handlers |= {topics.status[10]: reading_received, topics.status[5]: identity_received}
    async with _subscribed(hass, handlers):
        if topics.command and mqtt.is_connected(hass):
            for number in topics.status:
                await mqtt.async_publish(hass, topics.command, str(number), 0, False)
        try:
            async with asyncio.timeout(MESSAGE_TIMEOUT.total_seconds()) as patience:
                while not complete():
                    await changed.wait()
                    changed.clear()
                    if result.reading is not None:
                        deadline = hass.loop.time() + GRACE_TIME.total_seconds()
                        patience.reschedule(min(patience.when() or deadline, deadline))
        except TimeoutError:
            pass
    return result


def _merged(earlier: Reading | None, later: Reading) -> Reading:
    """Return what two messages of one meter say together."""
    if earlier is None or earlier.prefix != later.prefix:
        return later if earlier is None else earlier
    return replace(
        later,
        values={**earlier.values, **later.values},
        keys={**earlier.keys, **later.keys},
        meter_id=later.meter_id or earlier.meter_id,
        unknown={**earlier.unknown, **later.unknown},
    )
