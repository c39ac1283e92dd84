"""Time that passes for the simulated home and for Home Assistant together."""

from datetime import timedelta
from typing import Protocol

from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from simulator.home import ManualClock


class _FrozenTime(Protocol):
    def tick(self, delta: timedelta) -> object:
        """Move the time of the process."""


class Time:
    """Moves the clock of the home and the time of the process forward, and lets both act.

    The time of the process goes on by itself as well, a little: whoever sleeps or waits for a
    socket in between is none the wiser.
    """

    def __init__(self, frozen: _FrozenTime, clock: ManualClock) -> None:
        self._frozen = frozen
        self._clock = clock

    async def passes(
        self, hass: HomeAssistant, duration: timedelta, *, step: timedelta = timedelta(minutes=1)
    ) -> None:
        """Let time pass, step by step; in each step everything happens that is due."""
        # A step of this time is not a callback that has taken too long.
        hass.loop.slow_callback_duration = float("inf")
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
