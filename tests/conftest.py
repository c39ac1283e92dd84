"""What all tests share; everything else only where Home Assistant may be imported."""

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime
import gc
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from hypothesis import settings
import pytest

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

LONG: Final = {"e2e", "worlds"}
"""Folders of tests that take seconds each."""
BROWSER: Final = "browser"
"""The folder of tests that share a browser."""
START: Final = datetime(2026, 3, 20, 18, 7, 33, tzinfo=UTC)

pytest_plugins = (
    []
    if "tests.support.pure" in sys.modules
    else ["tests.support.home_assistant", "tests.support.box_clients"]
)

# The same few examples each time; every night many that nobody has seen before.
settings.register_profile("quick", max_examples=50, derandomize=True, database=None, deadline=None)
settings.register_profile(
    "thorough", max_examples=300, database=None, deadline=None, print_blob=True
)
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `scripts/test --thorough` asks for."""
    parser.addoption(
        "--loop-debug", action="store_true", help="run Home Assistant in asyncio's debug mode"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal out the long tests: each process begins with its share of them.

    A process that is done takes tests from the end of another one's; a long one would be left. Those
    that share a browser stay in one process.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    in_browser = [item for item in items if BROWSER in item.nodeid.split("/")]
    long = [item for item in items if LONG.intersection(item.nodeid.split("/"))]
    others = {*in_browser, *long}
    short = [item for item in items if item not in others]
    share = -(-len(short) // processes)
    items[:] = in_browser + [
        item
        for number in range(processes)
        for item in (*long[number::processes], *short[number * share : (number + 1) * share])
    ]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Collect no garbage while tests are collected, all of which stays: it would take half the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def _sendable(data: Any) -> Any:
    """Return what a report consists of with half surrogates replaced."""
    match data:
        case str():
            return data.encode(errors="replace").decode()
        case dict():
            return {key: _sendable(value) for key, value in data.items()}
        case list() | tuple():
            return type(data)(_sendable(value) for value in data)
    return data


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Send reports whose captured log shows text that is not Unicode.

    Processes send each other UTF-8, and pytest-xdist ends with an error where that fails.
    """
    return _sendable((yield))


async def settled(hass: HomeAssistant, ready: Any, what: str) -> None:
    """Wait until something outside the event loop (a broker, a box) has had its effect."""
    try:
        async with asyncio.timeout(20):
            while not ready():
                await hass.async_block_till_done()
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"waited in vain for {what}")
