"""Reads from the REST API of a box what its device list lacks. FRITZ!OS 8.20 and newer have one."""

from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.util import dt as dt_util

from ..fritzbox.device_stats import DeviceStats
from ..fritzbox.devices import DeviceList
from ..fritzbox.errors import FritzBoxError, InvalidAnswerError, RestNotOfferedError
from ..fritzbox.rest import Overview
from ..fritzbox_api import FritzBoxClient

_LOGGER = logging.getLogger(__name__)

REST_INTERVAL: Final = timedelta(minutes=15)
"""How often the overview is requested. What it contains changes slowly."""


class RestApi:
    """Polls the overview of a box, and reads the statistics of its units."""

    def __init__(self, client: FritzBoxClient) -> None:
        """Initialize without sending anything."""
        self._client = client
        self.is_offered = True
        """Whether the box has a REST API; True until an answer shows that it has none."""
        self.overview = Overview()
        """The last answer; empty before the first one."""
        self.last_answer: datetime | None = None
        """When the box last returned its overview."""

    async def async_update(self) -> None:
        """Request the overview. Never raises: the poll of the device list reports errors."""
        if not self.is_offered:
            return
        try:
            self.overview = await self._client.overview()
            self.last_answer = dt_util.utcnow()
        except RestNotOfferedError as err:
            _LOGGER.debug("No REST API: %s", err)
            self.is_offered = False
        except FritzBoxError as err:
            _LOGGER.debug("The REST API did not answer: %s", err)

    def with_details(self, answer: DeviceList) -> DeviceList:
        """Return a device list with the details from the last overview."""
        details = self.overview.details if self.is_offered else {}
        devices = {
            ain: replace(device, rest_details=details.get(ain))
            for ain, device in answer.devices.items()
        }
        return replace(answer, devices=devices)

    async def async_statistics(self, ain: str) -> DeviceStats | None:
        """Return the statistics of a device, None if the REST API has none and AHA must be asked.

        Raises FritzBoxError if the box does not answer.
        """
        details = self.overview.details.get(ain)
        if not self.is_offered or details is None or details.unit is None:
            return None
        try:
            stats = await self._client.unit_statistics(details.unit)
        except (RestNotOfferedError, InvalidAnswerError) as err:
            _LOGGER.debug("No statistics of a unit: %s", err)
            return None
        return None if stats == DeviceStats() else stats
