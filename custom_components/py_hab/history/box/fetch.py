"""Asks a FRITZ!Box what it remembers of its devices, without keeping it from its work."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from ...coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ...fritzbox.device_stats import DeviceStats, Series
from ...fritzbox_api import FritzBoxError, LoginBlockedError, LoginRejectedError

_LOGGER = logging.getLogger(__name__)

PAUSE: Final = 2.0
"""Seconds between two questions to the box: statistics are fetched over its radio."""
FRESH: Final = timedelta(seconds=15)
"""How old a reading may be, from which the past is followed back: nobody knows what was counted
since. The devices asked in this time share one."""


class DeviceStatsFetcher:
    """Asks a box what it remembers: each device once, one after the other, and slowly."""

    def __init__(self, entry: PyHabConfigEntry) -> None:
        """Ask the box of an entry, if it is one."""
        self._coordinator = entry.runtime_data
        self._told: dict[str, DeviceStats | None] = {}
        self._failed = False

    async def async_fetch(self, ain: str | None) -> DeviceStats | None:
        """Return what the box remembers of a device, None if it does not tell.

        Raises HomeAssistantError when it does not tell of two devices in a row: it is busy.
        """
        if ain is None or not isinstance(self._coordinator, FritzBoxCoordinator):
            return DeviceStats()
        if ain not in self._told:
            if self._told:
                await asyncio.sleep(PAUSE)
            self._told[ain] = await self._async_ask(self._coordinator, ain)
        return self._told[ain]

    async def _async_ask(self, coordinator: FritzBoxCoordinator, ain: str) -> DeviceStats | None:
        try:
            told = await coordinator.async_statistics(ain)
        except FritzBoxError as err:
            # One device may be out of order; a box that blocks logins tells of none.
            if self._failed or isinstance(err, LoginBlockedError | LoginRejectedError):
                raise HomeAssistantError(
                    translation_domain=DOMAIN, translation_key="box_does_not_tell"
                ) from err
            _LOGGER.debug("The box does not tell what it remembers of a device: %s", err)
            self._failed = True
            return None
        self._failed = False
        told = _stamped(told, dt_util.utcnow())
        last = coordinator.last_answer
        if told.energy and (last is None or dt_util.utcnow() - last > FRESH):
            await coordinator.async_ask()
        return told


def _stamped(told: DeviceStats, now: datetime) -> DeviceStats:
    """Return series that all tell up to when they reach: else a new day would have begun since."""

    def stamped(series: tuple[Series, ...]) -> tuple[Series, ...]:
        return tuple(item if item.at else replace(item, at=now) for item in series)

    return DeviceStats(
        energy=stamped(told.energy),
        temperature=stamped(told.temperature),
        humidity=stamped(told.humidity),
    )
