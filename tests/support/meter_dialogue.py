"""The dialogues about a meter: other readers, and what a user sees."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from simulator.broker import Broker
from simulator.home import Home, ManualClock
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.dialogue import Dialogue, add, leave
from tests.support.scripted_reader import Content, ScriptedReader, scripted

TOPIC = "tele/tasmota_9282F4/SENSOR"
MAC = "a4:cf:12:92:82:f4"


@asynccontextmanager
async def another(
    home: Home, clock: ManualClock, broker: Broker, **differently: Any
) -> AsyncIterator[SimulatedReader]:
    """A reader that differs from the one of the fixture."""
    reader = SimulatedReader(home, clock, port=broker.port, **differently)
    await reader.start()
    yield reader
    await reader.stop()


@asynccontextmanager
async def talking(reader: SimulatedReader) -> AsyncIterator[None]:
    """Let a reader publish all the time."""
    reader.tele_period = 0.05
    task = asyncio.create_task(reader.operate())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def withdraw(hass: HomeAssistant, reader: SimulatedReader) -> None:
    """Let a reader announce itself no longer, and wait until the broker knows."""
    received: list[object] = []

    @callback
    def receive(message: mqtt.ReceiveMessage) -> None:
        received.append(message.payload)

    undo = await mqtt.async_subscribe(hass, f"{reader.discovery_topic}/sensors", receive)

    def withdrawn() -> bool:
        reader.remove_discovery()
        return "" in received

    await settled(hass, withdrawn, "the end of the announcement")
    undo()


def offered(dialogue: Dialogue) -> dict[str, str]:
    """Return the topics that can be chosen, and what they are called."""
    select = dialogue.page["topic"]["selector"]["select"]
    assert select["custom_value"]
    topics = {option["value"]: option["label"] for option in select["options"]}
    assert dialogue.placeholders["count"] == str(len(topics))
    return topics


def values(dialogue: Dialogue) -> list[str]:
    """Return the lines that show what was received."""
    return dialogue.placeholders["values"].splitlines()


def meanings(dialogue: Dialogue) -> dict[str, str]:
    """Return what each key is taken for in the form."""
    registers: dict[str, str] = dialogue.suggested["registers"]
    return registers


def is_open(dialogue: Dialogue) -> bool:
    """Whether the meanings are seen without a click."""
    expanded: bool = dialogue.page["registers"]["expanded"]
    return expanded


def shown(entry: ConfigEntry[Any], place: str = "") -> dict[str, float]:
    """Return what the sensors of a meter show."""
    if (
        entry.state is not ConfigEntryState.LOADED
        or place not in entry.runtime_data.coordinator.data
    ):
        return {}
    return dict(entry.runtime_data.coordinator.data[place].values)


async def readings(hass: HomeAssistant, entry: ConfigEntry[Any], **expected: float) -> None:
    """Wait until an entry shows readings, these among them."""

    def are_shown() -> bool:
        found = shown(entry)
        return bool(found) and found.items() >= expected.items()

    await settled(hass, are_shown, f"readings {expected}")


async def leave_meter(hass: HomeAssistant, entry: ConfigEntry[Any], **expected: float) -> None:
    """Make sure that an entry shows readings, these among them, and unload it."""
    await readings(hass, entry, **expected)
    await leave(hass, entry)


@asynccontextmanager
async def publishing(
    broker: Broker, content: Content, *, topic: str = "house/meter"
) -> AsyncIterator[ScriptedReader]:
    """A script that takes no commands and publishes the same all the time."""
    async with scripted(broker) as reader, reader.repeating(topic, content):
        yield reader


async def meter_dialogue(hass: HomeAssistant) -> Dialogue:
    """Go on to the question what the values of such a script mean."""
    dialogue = await add(hass, "tasmota")
    await dialogue.answer(topic="house/meter")
    return dialogue
