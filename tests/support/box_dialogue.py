"""The dialogues about a FRITZ!Box: its form, and boxes that differ."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, Fault, Identity, SimulatedFritzBox
from tests.support.dialogue import Dialogue

SERIAL = "38:10:d5:5e:7a:1c"
DESCRIPTION = "/jason_boxinfo.xml"
HIDDEN = Fault(status=404)
QUICK: dict[str, Any] = {"iterations": (1000, 1000)}
"""A login that costs little time."""


def identity(serial: str = SERIAL) -> Identity:
    """Return what a box with this MAC address reports."""
    return Identity(serial=serial.replace(":", "").upper())


@asynccontextmanager
async def running(box: SimulatedFritzBox) -> AsyncIterator[SimulatedFritzBox]:
    """Let a box run for a while."""
    await box.start()
    yield box
    await box.stop()


async def move(box: SimulatedFritzBox) -> None:
    """Give a box another address."""
    await box.stop()
    await box.start()


async def fill_in(
    dialogue: Dialogue,
    host: str,
    username: str = DEFAULT_USER,
    password: str = DEFAULT_PASSWORD,
    *,
    verify_ssl: bool = True,
) -> None:
    """Fill in the form for a box."""
    await dialogue.answer(
        host=host,
        username=username,
        password=password,
        additional_settings={"verify_ssl": verify_ssl},
    )
