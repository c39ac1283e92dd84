"""Asks a FRITZ!Box for its device statistics, without keeping it from its work."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from ...coordinator import FritzBoxCoordinator
from ...fritzbox.device_stats import DeviceStats, Series
from ...fritzbox_api import FritzBoxError, LoginBlockedError, LoginRejectedError
from ...meter.coordinator import MeterCoordinator

_LOGGER = logging.getLogger(__name__)

PAUSE: Final = 2.0
"""Seconds between two questions to the box: it may fetch the statistics by radio."""
FRESH: Final = timedelta(seconds=15)
"""How old a counter reading may be from which the past is followed back: what was counted since is
unknown. The devices that are asked within this time share one."""


class DeviceStatsFetcher:
    """Asks a box for its device statistics: each device once, one after the other, and slowly."""

    def __init__(self, coordinator: FritzBoxCoordinator | MeterCoordinator) -> None:
        """Ask the box of a coordinator, if it is one; a reader has no statistics."""
        self._coordinator = coordinator
        self._fetched: dict[str, DeviceStats | None] = {}
        self._has_failed = False

    async def async_fetch(self, ain: str | None) -> DeviceStats | None:
        """Return the statistics of a device, None if the box does not report them.

        Raises HomeAssistantError when two devices in a row fail: the box is busy.
        """
        if ain is None or not isinstance(self._coordinator, FritzBoxCoordinator):
            return DeviceStats()
        if ain not in self._fetched:
            if self._fetched:
                await asyncio.sleep(PAUSE)
            self._fetched[ain] = await self._async_ask(self._coordinator, ain)
        return self._fetched[ain]

    async def _async_ask(self, coordinator: FritzBoxCoordinator, ain: str) -> DeviceStats | None:
        try:
            stats = await coordinator.async_device_stats(ain)
        except FritzBoxError as err:
            # One device may be out of order; a box that blocks logins reports none.
            if self._has_failed or isinstance(err, LoginBlockedError | LoginRejectedError):
                raise HomeAssistantError(
                    translation_domain=DOMAIN, translation_key="box_does_not_tell"
                ) from err
            _LOGGER.debug("The box does not report the statistics of a device: %s", err)
            self._has_failed = True
            return None
        self._has_failed = False
        stats = _with_time(stats, dt_util.utcnow())
        last = coordinator.last_answer
        if stats.energy and (last is None or dt_util.utcnow() - last > FRESH):
            await coordinator.async_ask()
        return stats


def _with_time(stats: DeviceStats, now: datetime) -> DeviceStats:
    """Return series with the time up to which they reach, so that no new day begins meanwhile."""

    def with_time(series: tuple[Series, ...]) -> tuple[Series, ...]:
        return tuple(item if item.at else replace(item, at=now) for item in series)

    return DeviceStats(
        energy=with_time(stats.energy),
        temperature=with_time(stats.temperature),
        humidity=with_time(stats.humidity),
    )
