"""An MQTT client inside the event loop: paho-mqtt without a thread of its own."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from socket import SHUT_RDWR, socket
from typing import Final, Protocol

from paho.mqtt.client import (
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
    MQTTv5,
    MQTTv311,
)
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

KEEPALIVE: Final = 65535
RECONNECT: Final = 0.1
CONNECT_TIMEOUT: Final = 20.0
"""Seconds.

The longest keep-alive there is: in a home whose time passes faster than the broker's, a shorter
one would end a connection whose broker had no time to answer the ping.
"""


class _Descriptor(Protocol):
    """What an event loop can wait for."""

    def fileno(self) -> int:
        """Return its number."""


class MqttConnection:
    """A connection that is restored automatically until it is closed or cut.

    Everything is called from, and calls back in, the event loop that `open` is called in.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        client_id: str = "",
        mqtt5: bool = True,
        will: tuple[str, str] | None = None,
        connected: Callable[[], None] | None = None,
        received: Callable[[MQTTMessage], None] | None = None,
    ) -> None:
        """Prepare a connection; `will` is the topic and the payload of a retained message."""
        self.online = asyncio.Event()
        """Set while the broker has accepted the connection."""

        self._address = (host, port)
        self._connected = connected
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._wanted = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscribing: dict[int, asyncio.Future[None]] = {}
        self._mqtt5 = mqtt5
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTv5 if mqtt5 else MQTTv311,
        )
        if will is not None:
            self._client.will_set(*will, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.on_socket_open = self._on_socket_open
        self._client.on_socket_close = self._on_socket_close
        self._client.on_socket_register_write = self._on_socket_register_write
        self._client.on_socket_unregister_write = self._on_socket_unregister_write

    async def open(self) -> None:
        """Connect.

        Raises:
            OSError: Nobody listens there.
            TimeoutError: The broker does not answer.
        """
        self._wanted = True
        if self._mqtt5:  # a new session each time, as in MQTT 3.1.1 by default
            self._client.connect(*self._address, KEEPALIVE, clean_start=True)
        else:
            self._client.connect(*self._address, KEEPALIVE)
        self._spawn(self._housekeeping())
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await self.online.wait()

    async def close(self) -> None:
        """Say goodbye and disconnect."""
        self._wanted = False
        self._client.disconnect()
        await self._end_tasks()

    async def cut(self) -> None:
        """Break the connection as a power cut does: the broker publishes the will."""
        self._wanted = False
        connection = self._client.socket()
        if isinstance(connection, socket):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)
            self._client.loop_read()
        await self._end_tasks()

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publish with QoS 0; the message is lost while there is no connection."""
        if self.online.is_set():
            self._client.publish(topic, payload, retain=retain)

    def subscribe(self, topic: str) -> asyncio.Future[None]:
        """Ask for the messages of a topic, until the connection breaks.

        The result need not be awaited; it is done when the broker has agreed.
        """
        if self._mqtt5:
            _, number = self._client.subscribe(topic, options=SubscribeOptions(qos=1))
        else:
            _, number = self._client.subscribe(topic, qos=1)
        agreed: asyncio.Future[None] = self._loop.create_future()
        if number is not None:
            self._subscribing[number] = agreed
        return agreed

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end_tasks(self) -> None:
        """End what runs beside."""
        self.online.clear()
        for agreed in self._subscribing.values():
            agreed.cancel()
        self._subscribing.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _housekeeping(self) -> None:
        """Keep the connection alive."""
        while self._wanted:
            self._client.loop_misc()
            await asyncio.sleep(1)

    async def _reconnect(self) -> None:
        """Try again until somebody listens."""
        while self._wanted:
            await asyncio.sleep(RECONNECT)
            with suppress(OSError):
                self._client.reconnect()
                return

    # Called by paho

    def _on_connect(
        self, _: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _more: object
    ) -> None:
        if not reason.is_failure:
            self.online.set()
            if self._connected is not None:
                self._connected()

    def _on_disconnect(
        self,
        _: Client,
        _data: object,
        _flags: DisconnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.online.clear()
        if self._wanted:
            self._spawn(self._reconnect())

    def _on_message(self, _: Client, _data: object, message: MQTTMessage) -> None:
        if self._received is not None:
            self._received(message)

    def _on_subscribe(
        self, _: Client, _data: object, number: int, _reasons: list[ReasonCode], _more: object
    ) -> None:
        agreed = self._subscribing.pop(number, None)
        if agreed is not None and not agreed.done():
            agreed.set_result(None)

    def _on_socket_open(self, client: Client, _data: object, connection: _Descriptor) -> None:
        self._loop.add_reader(connection, client.loop_read)

    def _on_socket_close(self, _: Client, _data: object, connection: _Descriptor) -> None:
        self._loop.remove_reader(connection)

    def _on_socket_register_write(
        self, client: Client, _data: object, connection: _Descriptor
    ) -> None:
        self._loop.add_writer(connection, client.loop_write)

    def _on_socket_unregister_write(
        self, _: Client, _data: object, connection: _Descriptor
    ) -> None:
        self._loop.remove_writer(connection)
