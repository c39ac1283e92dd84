"""Clients of a simulated box, what they make it hear, and what answers in its stead."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import pytest

from custom_components.py_hab.fritzbox.connection import MAX_ANSWER_BYTES
from custom_components.py_hab.fritzbox_api import FritzBoxClient
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, Fault, SimulatedFritzBox

LIST: Final = "getdevicelistinfos"
LOGIN_PAGE: Final = "/login_sid.lua"
DROPPED: Final = Fault(drop=True)
TOO_LARGE: Final = Fault(edit=lambda text: text + " " * MAX_ANSWER_BYTES)


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session without Home Assistant."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(session: aiohttp.ClientSession, box: SimulatedFritzBox) -> FritzBoxClient:
    """A client of the simulated box with the right credentials."""
    return client_for(session, box)


def client_for(
    session: aiohttp.ClientSession,
    box: SimulatedFritzBox,
    username: str = DEFAULT_USER,
    password: str = DEFAULT_PASSWORD,
) -> FritzBoxClient:
    return FritzBoxClient(session, host=box.url, username=username, password=password)


def client_of(session: aiohttp.ClientSession, host: str) -> FritzBoxClient:
    return FritzBoxClient(session, host=host, username=DEFAULT_USER, password=DEFAULT_PASSWORD)


def attempts(fault: Fault) -> int:
    """Return how often a GET is sent: aiohttp repeats one whose connection was closed."""
    return 2 if fault.drop else 1


def news(box: SimulatedFritzBox) -> list[str]:
    """Return in words what the box was asked since the last time."""
    words = []
    for request in box.requests:
        match request.path:
            case "/login_sid.lua" if request.method == "POST":
                words.append("log in")
            case "/login_sid.lua":
                words.append("get challenge" if request.sid_valid is None else "verify")
            case "/webservices/homeautoswitch.lua":
                words.append("list" if request.sid_valid else "list with a dead SID")
            case path:
                words.append(path)
    box.requests.clear()
    return words


@asynccontextmanager
async def answering(text: bytes) -> AsyncIterator[str]:
    """Listen on a port, send this to everybody, and close; yield the address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(text)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
