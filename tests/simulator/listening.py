"""A listener at a broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
import json
from typing import Any

from paho.mqtt.client import MQTTMessage, topic_matches_sub

from simulator.mqtt import MqttConnection

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine."""


@dataclass(frozen=True, kw_only=True)
class ReceivedMessage:
    """A message as it arrived."""

    topic: str
    text: str
    retain: bool

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Listener:
    """Stores all messages, and hands them out one after the other."""

    def __init__(self, host: str, port: int, *, mqtt5: bool = True) -> None:
        self.connection = MqttConnection(host, port, mqtt5=mqtt5, received=self._received)
        self.messages: list[ReceivedMessage] = []
        self._news = asyncio.Event()

    def _received(self, message: MQTTMessage) -> None:
        text = message.payload.decode()
        self.messages.append(ReceivedMessage(topic=message.topic, text=text, retain=message.retain))
        self._news.set()

    async def open(self) -> None:
        """Connect, as soon as there is a broker."""
        async with asyncio.timeout(PATIENCE):
            while True:
                with suppress(ConnectionRefusedError):
                    await self.connection.open()
                    return
                await asyncio.sleep(0.01)

    async def next(self, topic: str) -> ReceivedMessage:
        """Return the oldest message of a topic (with wildcards) not yet handed out."""
        return await self.next_that(lambda message: topic_matches_sub(topic, message.topic))

    async def next_that(self, wanted: Callable[[ReceivedMessage], bool]) -> ReceivedMessage:
        """Return the oldest message of a kind not yet handed out."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for message in self.messages:
                    if wanted(message):
                        self.messages.remove(message)
                        return message
                self._news.clear()
                await self._news.wait()

    async def until(self, topic: str, text: str) -> None:
        """Return when a message has arrived, and forget all that came before it."""
        message = await self.next_that(
            lambda message: message.topic == topic and message.text == text
        )
        assert message
        self.messages.clear()


@asynccontextmanager
async def listening(
    host: str, port: int, *topics: str, mqtt5: bool = True
) -> AsyncIterator[Listener]:
    """Listen to topics."""
    listener = Listener(host, port, mqtt5=mqtt5)
    await listener.open()
    for topic in topics:
        await listener.connection.subscribe(topic)
    try:
        yield listener
    finally:
        await listener.connection.close()
