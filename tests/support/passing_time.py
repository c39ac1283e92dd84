"""Time that passes for the simulated home and for Home Assistant together."""

import asyncio
from datetime import timedelta
from selectors import SelectorKey
from typing import Any, Protocol

from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from simulator.home import ManualClock


class _FrozenTime(Protocol):
    def tick(self, delta: timedelta) -> object:
        """Move the time of the process."""


class Time:
    """Moves the clock of the home and the time of the process forward, and lets both act.

    The time of the process also passes, a little, while the event loop waits for a timer and
    nothing else happens: whoever sleeps wakes up. It stands while there is something to do, so
    that the same is due on a machine that is slow or busy.
    """

    def __init__(self, frozen: _FrozenTime, clock: ManualClock) -> None:
        """Move these; the event loop that runs lives in the time of the process."""
        self._frozen = frozen
        self._clock = clock
        loop: Any = asyncio.get_running_loop()
        self._select = loop._selector.select
        loop._selector.select = self._wait

    def set_clock(self, by: timedelta) -> None:
        """Set the clock of Home Assistant's machine forward or back, while no time passes."""
        self._frozen.tick(by)

    def _wait(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Return what has happened, in place of the event loop's selector."""
        events: list[tuple[SelectorKey, int]] = self._select(timeout)
        if timeout and not events:
            self._frozen.tick(timedelta(seconds=timeout))
        return events

    async def passes(
        self, hass: HomeAssistant, duration: timedelta, *, step: timedelta = timedelta(minutes=1)
    ) -> None:
        """Let time pass, step by step; in each step everything happens that is due."""
        while duration:
            part = min(duration, step)
            duration -= part
            self._clock.advance(part)
            self._frozen.tick(part)
            async_fire_time_changed(hass, dt_util.utcnow())
            # A poll is a background task, and so is a search for a broker that is gone.
            await hass.async_block_till_done(
                wait_background_tasks="mqtt" not in hass.config.components
            )
