"""The broker of the worlds with a meter: a paho client in a world without sockets."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import MagicMock, Mock, patch

from pytest_homeassistant_custom_component.common import MockMqttReasonCode


class FakeInfo:
    """What paho returns for a message that was published."""

    rc = 0

    def __init__(self, mid: int) -> None:
        """Carry the number of the message."""
        self.mid = mid


@contextmanager
def mocked_paho(published: Callable[[str, str], None]) -> Iterator[Any]:
    """Let Home Assistant have a client that is always connected; tell what it publishes.

    The test plugin has the like, bound to one Home Assistant for each test.
    """
    numbers = iter(range(1, 1 << 40))
    with patch("homeassistant.components.mqtt.client.AsyncMQTTClient") as made:
        client = made.return_value
        loop = asyncio.get_running_loop()

        def publish(topic: str, payload: Any, *_args: Any, **_kwargs: Any) -> FakeInfo:
            mid = next(numbers)
            loop.call_soon(client.on_publish, Mock(), 0, mid, MockMqttReasonCode(), None)
            loop.call_soon(published, topic, str(payload))
            return FakeInfo(mid)

        def subscribe(*_topics: Any, **_kwargs: Any) -> tuple[int, int]:
            mid = next(numbers)
            loop.call_soon(client.on_subscribe, Mock(), 0, mid, [MockMqttReasonCode()], None)
            return 0, mid

        def unsubscribe(_topics: Any) -> tuple[int, int]:
            mid = next(numbers)
            loop.call_soon(client.on_unsubscribe, Mock(), 0, mid, [MockMqttReasonCode()], None)
            return 0, mid

        def connect(*_args: Any, **_kwargs: Any) -> int:
            client.reconnect()
            loop.call_soon_threadsafe(client.on_connect, client, None, 0, MockMqttReasonCode())
            client.on_socket_open(client, None, MagicMock(fileno=Mock(return_value=-1)))
            client.on_socket_register_write(client, None, MagicMock(fileno=Mock(return_value=-1)))
            return 0

        client.connect.side_effect = connect
        client.subscribe.side_effect = subscribe
        client.unsubscribe.side_effect = unsubscribe
        client.publish.side_effect = publish
        client.loop_read.return_value = 0
        yield client
