"""What goes wrong with the answers of the simulated FRITZ!Box, on demand."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
import re
from typing import Final


class Gate:
    """Holds answers back until it is opened."""

    def __init__(self) -> None:
        """Be closed."""
        self._open = asyncio.Event()
        self._reached = asyncio.Event()

    async def reached(self) -> None:
        """Wait until a request stands before the gate."""
        await self._reached.wait()

    def open(self) -> None:
        """Let all requests pass from now on."""
        self._open.set()

    async def passed(self) -> None:
        """Stand before the gate until it is open."""
        self._reached.set()
        await self._open.wait()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one answer."""

    delay: timedelta = timedelta()
    """Real time before anything else happens."""
    gate: Gate | None = None
    """Nothing else happens before this is open."""
    drop: bool = False
    """Close the connection without an answer; the box has not looked at the request."""
    status: int | None = None
    """Answer with this HTTP status; the box has not looked at the request."""
    edit: Callable[[str], str] | None = None
    """Change the text of a true answer."""


CUT: Final = Fault(edit=lambda text: text[: len(text) // 2])
"""The answer ends in the middle."""
MALFORMED: Final = Fault(edit=lambda text: text.replace("</", "<", 1))
"""One end tag is wrong."""
EMPTY_LIST: Final = Fault(edit=lambda text: re.sub(r"(?s)>.*</devicelist>", "></devicelist>", text))
"""A device list without devices."""


@dataclass(kw_only=True)
class _Rule:
    """A fault for the requests that match, so many times."""

    fault: Fault
    path: str | None
    switchcmd: str | None
    times: int | None


class FaultPlan:
    """Which requests the faults are for."""

    def __init__(self) -> None:
        """Plan nothing."""
        self._rules: list[_Rule] = []

    def add(
        self, fault: Fault, *, times: int | None, path: str | None, switchcmd: str | None
    ) -> None:
        """Plan a fault for the next requests that match: so many, or all."""
        self._rules.append(_Rule(fault=fault, path=path, switchcmd=switchcmd, times=times))

    def clear(self) -> None:
        """Plan nothing any more."""
        self._rules.clear()

    def take(self, *, path: str, switchcmd: str | None) -> Fault:
        """Return what happens to this request: the first fault that matches, or nothing."""
        for rule in self._rules:
            if rule.path not in {None, path} or rule.switchcmd not in {None, switchcmd}:
                continue
            if rule.times is not None:
                rule.times -= 1
                if rule.times <= 0:
                    self._rules.remove(rule)
            return rule.fault
        return Fault()
