"""A reader that publishes exactly what a test asks it to."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
import json
from typing import Final

from paho.mqtt.client import MQTTMessage

from simulator.broker import Broker
from simulator.mqtt import MqttConnection

SHORT_TERM: Final = 0.02
"""Seconds between repeated messages."""

type Content = Mapping[str, object] | str
"""What a message says: an object to be written as JSON, or any text."""
type Message = tuple[str, Content]


class ScriptedReader:
    """Publishes when asked to, all the time, or as the answer to commands."""

    def __init__(self, broker: Broker) -> None:
        """Prepare a connection to the broker."""
        self.connection = MqttConnection(broker.host, broker.port, received=self._received)
        self._answers: Mapping[str, Sequence[Message]] = {}

    def publish(self, topic: str, content: Content, *, retain: bool = False) -> None:
        """Publish one message."""
        text = content if isinstance(content, str) else json.dumps(content)
        self.connection.publish(topic, text, retain=retain)

    @asynccontextmanager
    async def repeating(self, topic: str, content: Content) -> AsyncIterator[None]:
        """Publish a message again and again."""

        async def repeat() -> None:
            while True:
                self.publish(topic, content)
                await asyncio.sleep(SHORT_TERM)

        task = asyncio.create_task(repeat())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def obey(self, topic: str, answers: Mapping[str, Sequence[Message]]) -> None:
        """Answer commands on a topic: by their payload."""
        self._answers = answers
        await self.connection.subscribe(topic)

    def _received(self, message: MQTTMessage) -> None:
        for topic, content in self._answers.get(message.payload.decode(), ()):
            self.publish(topic, content)


@asynccontextmanager
async def scripted(broker: Broker) -> AsyncIterator[ScriptedReader]:
    """Connect a reader."""
    reader = ScriptedReader(broker)
    await reader.connection.open()
    yield reader
    await reader.connection.close()
