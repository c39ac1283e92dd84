"""A broker that serves one test after the other."""

import asyncio
from typing import Final

from paho.mqtt.client import MQTTMessage

from simulator.broker import Broker
from simulator.mqtt import MqttConnection

PATIENCE: Final = 20.0
"""Seconds."""
SENTINEL: Final = "all/that/was/retained/has/come"


async def cleared(broker: Broker) -> None:
    """Remove what earlier tests have left behind, until the broker retains nothing."""
    async with asyncio.timeout(PATIENCE):
        while await _cleared_some(broker):
            pass


async def _cleared_some(broker: Broker) -> bool:
    """Remove all messages that are retained; return whether there were any."""
    found = False
    complete = asyncio.Event()

    def received(message: MQTTMessage) -> None:
        nonlocal found
        if message.topic == SENTINEL:
            complete.set()
        elif message.retain:
            found = True
            connection.publish(message.topic, "", retain=True)

    connection = MqttConnection(broker.host, broker.port, received=received)
    await connection.open()
    try:
        # The broker sends what is retained first: the subscription came before.
        await connection.subscribe("#")
        connection.publish(SENTINEL, "")
        await complete.wait()
    finally:
        await connection.close()
    return found
