"""Requests device statistics from a FRITZ!Box, slowly enough not to overload it."""

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

PAUSE: Final = timedelta(seconds=2)
"""Time between two requests: the box may have to fetch the statistics by radio."""
MAX_READING_AGE: Final = timedelta(seconds=15)
"""Age of a counter reading from which the history can still be calculated backwards: energy counted
since then is unknown. Devices requested within this time share one poll."""


class DeviceStatsFetcher:
    """Requests the device statistics of one box: each device once, one after the other."""

    def __init__(self, coordinator: FritzBoxCoordinator | MeterCoordinator) -> None:
        """Create the fetcher for the box of a coordinator; a meter reader has no statistics."""
        self._coordinator = coordinator
        self._fetched: dict[str, DeviceStats | None] = {}
        self._has_failed = False

    async def async_fetch(self, ain: str | None) -> DeviceStats | None:
        """Return the statistics of a device, None if the box does not report them.

        For a meter, and for None, they are empty. Raises HomeAssistantError if the box blocks the
        login, or if the requests of two devices in a row fail, as the box is busy then.
        """
        if ain is None or not isinstance(self._coordinator, FritzBoxCoordinator):
            return DeviceStats()
        if ain not in self._fetched:
            if self._fetched:
                await asyncio.sleep(PAUSE.total_seconds())
            self._fetched[ain] = await self._async_request(self._coordinator, ain)
        return self._fetched[ain]

    async def _async_request(
        self, coordinator: FritzBoxCoordinator, ain: str
    ) -> DeviceStats | None:
        try:
            stats = await coordinator.async_device_stats(ain)
        except FritzBoxError as err:
            # A single failure may be the fault of the device.
            if self._has_failed or isinstance(err, LoginBlockedError | LoginRejectedError):
                raise HomeAssistantError(
                    translation_domain=DOMAIN, translation_key="no_device_stats"
                ) from err
            _LOGGER.debug("The box does not report the statistics of a device: %s", err)
            self._has_failed = True
            return None
        self._has_failed = False
        stats = _with_time(stats, dt_util.utcnow())
        last = coordinator.last_answer
        if stats.energy and (last is None or dt_util.utcnow() - last > MAX_READING_AGE):
            await coordinator.async_ask()
        return stats


def _with_time(stats: DeviceStats, now: datetime) -> DeviceStats:
    """Return series with a time stamp: without one, a day may end before they are evaluated."""

    def completed(series: tuple[Series, ...]) -> tuple[Series, ...]:
        return tuple(item if item.at else replace(item, at=now) for item in series)

    return DeviceStats(
        energy=completed(stats.energy),
        temperature=completed(stats.temperature),
        humidity=completed(stats.humidity),
    )
