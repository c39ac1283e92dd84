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
from ...fritzbox.errors import (
    FritzBoxConnectionError,
    FritzBoxError,
    LoginBlockedError,
    LoginPostponedError,
    LoginRejectedError,
    NotPermittedError,
    OtherBoxError,
    UnsafeChallengeError,
)
from ...meter.coordinator import MeterCoordinator

_LOGGER = logging.getLogger(__name__)

PAUSE: Final = timedelta(seconds=1)
"""Time between two requests: the box may have to fetch the statistics by radio."""
MAX_READING_AGE: Final = timedelta(seconds=15)
"""Age of a counter reading from which the history can still be calculated backwards: energy counted
since then is unknown. Devices requested within this time share one poll."""


class DeviceStatsFetcher:
    """Requests the device statistics of one box: each device once, one after the other."""

    def __init__(self, coordinator: FritzBoxCoordinator | MeterCoordinator) -> None:
        """Create the fetcher for the box of a coordinator; a meter reader has no statistics."""
        self._coordinator = coordinator
        self.fetched: dict[str, DeviceStats | None] = {}
        """By AIN, None if the box has not reported them."""

    async def async_fetch(self, ain: str | None) -> DeviceStats | None:
        """Return the statistics of a device, None if the box does not report them.

        For a meter, and for None, they are empty. Raises HomeAssistantError if the box does not
        answer any more, or does not accept the login.
        """
        if ain is None or not isinstance(self._coordinator, FritzBoxCoordinator):
            return DeviceStats()
        if ain not in self.fetched:
            if self.fetched:
                await asyncio.sleep(PAUSE.total_seconds())
            self.fetched[ain] = await self._async_request(self._coordinator, ain)
        return self.fetched[ain]

    def check(self) -> None:
        """Raise HomeAssistantError if no device was reported: that is no fault of the devices."""
        if len(self.fetched) > 1 and not any(self.fetched.values()):
            raise _no_device_stats()

    async def _async_request(
        self, coordinator: FritzBoxCoordinator, ain: str
    ) -> DeviceStats | None:
        try:
            stats = await coordinator.async_device_stats(ain)
        except (
            LoginBlockedError,
            LoginPostponedError,
            LoginRejectedError,
            NotPermittedError,
            OtherBoxError,
            UnsafeChallengeError,
        ) as err:
            raise _no_device_stats() from err
        except FritzBoxError as err:
            _LOGGER.debug("The box does not report the statistics of a device: %s", err)
            await self._async_check_box(coordinator, err)
            return None
        stats = _with_time(stats, dt_util.utcnow())
        last = coordinator.last_answer
        if stats.energy and (last is None or dt_util.utcnow() - last > MAX_READING_AGE):
            await coordinator.async_ask()
        return stats

    async def _async_check_box(self, coordinator: FritzBoxCoordinator, err: FritzBoxError) -> None:
        """Raise HomeAssistantError if the box itself does not answer after an error."""
        if isinstance(err, FritzBoxConnectionError) and not err.has_answered:
            try:
                await coordinator.client.box_info()
            except FritzBoxConnectionError, OtherBoxError:
                raise _no_device_stats() from err
            except FritzBoxError:
                _LOGGER.debug("The box answers, but does not describe itself")


def _no_device_stats() -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="no_device_stats")


def _with_time(stats: DeviceStats, now: datetime) -> DeviceStats:
    """Return series with a time stamp: without one, a day may end before they are evaluated."""

    def completed(series: tuple[Series, ...]) -> tuple[Series, ...]:
        return tuple(item if item.at else replace(item, at=now) for item in series)

    return DeviceStats(
        energy=completed(stats.energy),
        temperature=completed(stats.temperature),
        humidity=completed(stats.humidity),
    )
