"""Polls a FRITZ!Box. Its counterpart for readers, which push, is in `meter/coordinator`."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_SCAN_INTERVAL, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .box.counter_readings import CounterReadings
from .box.devices import BoxDevices
from .box.errors import ERROR_KEYS, FritzBoxErrors
from .box.identity import described_box
from .box.login_notes import async_store_login, stored_login
from .box.ownership import DeviceOwnership
from .box.rest_api import REST_INTERVAL, RestApi
from .box.session import async_create_client, async_keep, async_resume
from .const import DEFAULT_SCAN_INTERVAL, DOMAIN
from .counters.store import CounterStore
from .entry import AnyConfigEntry, EntryData
from .fritzbox.device_stats import DeviceStats
from .fritzbox.devices import Device, DeviceList
from .fritzbox.errors import FritzBoxError, InvalidAnswerError, LoginRejectedError
from .fritzbox.login import BoxInfo
from .meter.coordinator import MeterCoordinator
from .util.texts import clean_text, excerpt

_LOGGER = logging.getLogger(__name__)

type FritzBoxConfigEntry = ConfigEntry[EntryData[FritzBoxCoordinator]]
type PyHabConfigEntry = ConfigEntry[EntryData[FritzBoxCoordinator | MeterCoordinator]]

KEEP_VALUES_FOR: Final = timedelta(minutes=5)
"""How long the last values replace answers that cannot be parsed."""


class FritzBoxCoordinator(DataUpdateCoordinator[DeviceList]):
    """Polls all devices of one FRITZ!Box with a single request."""

    config_entry: FritzBoxConfigEntry
    box: BoxInfo
    """Model, version and serial number, read at set-up."""

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry, counters: CounterStore) -> None:
        """Initialize for the box of an entry, without sending anything."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=clean_text(entry.title),
            update_interval=timedelta(
                seconds=entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL.total_seconds())
            ),
            always_update=False,
        )
        self.client = async_resume(hass, entry.entry_id, async_create_client(hass, entry.data))
        self.rest = RestApi(self.client)
        self.last_poll: datetime | None = None
        """When the device list was last requested, with or without success."""
        self.last_answer: datetime | None = None
        """When the box last returned its device list."""
        self.ownership = DeviceOwnership(hass, entry, counters)
        self._devices = BoxDevices(hass, entry)
        self._counters = counters
        self._readings = CounterReadings(counters)
        self._errors = FritzBoxErrors(hass, entry, host=str(self.client.url))
        self._asking: asyncio.Task[None] | None = None

    @property
    def source_identifier(self) -> tuple[str, str]:
        """Identifier of the box in the device registry."""
        return self._devices.box_identifier

    @property
    def owned_devices(self) -> Mapping[str, Device]:
        """The devices of this entry, by AIN. A device that another entry has just taken over is left out."""
        return {
            ain: device
            for ain, device in self.data.devices.items()
            if self.ownership.owns(device.owner_ain)
        }

    @property
    def firmware_version(self) -> str | None:
        """FRITZ!OS of the box; follows an update while running."""
        return (self.data and self.data.firmware_version) or self.box.firmware_version

    # Set-up and shutdown

    @override
    async def _async_setup(self) -> None:
        """Load the counters, and register the box before the devices that refer to it."""
        entry = self.config_entry
        await self._counters.async_load()
        self._readings.restore()
        self.client.record = stored_login(entry, self._counters.notes)
        entry.async_on_unload(self._counters.async_save)
        entry.async_on_unload(partial(async_keep, self.hass, entry.entry_id, self.client))
        entry.async_on_unload(
            self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop)
        )
        try:
            self.box = await described_box(self.client)
        except FritzBoxError as err:
            raise self._to_update_failed(err) from err
        self._devices.async_register_box(self.box, url=str(self.client.url))
        entry.async_on_unload(
            async_track_time_interval(
                self.hass, self._async_update_rest, REST_INTERVAL, cancel_on_shutdown=True
            )
        )

    async def _async_stop(self, _event: Event) -> None:
        # The stored time of the last reading is the start of the gap until the next start.
        await self._counters.async_save()
        await self.client.logout()

    # Requests

    async def async_ask(self) -> None:
        """Poll now. Concurrent callers share one request.

        Raises HomeAssistantError if the entry is unloaded meanwhile.
        """
        asking = self._asking
        if asking is None or asking.done():
            asking = self._asking = self._async_create_task(self.async_refresh(), "asked")
        # Cancelling one of several waiting callers must not cancel the request.
        await asyncio.wait([asking])
        if asking.cancelled():
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded")
        asking.result()

    async def async_device_stats(self, ain: str) -> DeviceStats:
        """Return device statistics, from the REST API if possible. Raises FritzBoxError."""
        stats = await self.rest.async_statistics(ain)
        return await self.client.basic_statistics(ain) if stats is None else stats

    @callback
    def _async_update_rest(self, _now: datetime) -> None:
        """Poll the REST API. The next poll of the device list publishes its answer."""
        # After a refused poll, only the coordinator decides when to log in again.
        if self.last_update_success:
            self._async_create_task(self.rest.async_update(), "REST API")

    @callback
    def _async_create_task(
        self, request: Coroutine[Any, Any, None], what: str
    ) -> asyncio.Task[None]:
        """Send a request unless the entry is unloaded first.

        After that, it would log in again, and save what it has received for an entry that may be
        gone.
        """
        return self.config_entry.async_create_background_task(
            self.hass, request, f"{self.name} - {what}"
        )

    @override
    async def _async_update_data(self) -> DeviceList:
        """Poll the box for its devices."""
        self.last_poll = dt_util.utcnow()
        try:
            answer = await self._async_device_list()
        except InvalidAnswerError as err:
            return self._last_values(err)
        except LoginRejectedError as err:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key=ERROR_KEYS[type(err)]
            ) from err
        except FritzBoxError as err:
            raise self._to_update_failed(err) from err
        if self.last_answer is None:
            await self.rest.async_update()
        self.last_answer = dt_util.utcnow()
        self._errors.clear()
        owned = await self.ownership.async_owned(answer)
        self._devices.async_update(owned)
        accepted = await self._readings.async_accept(owned, self.last_answer)
        return self.rest.with_details(accepted)

    async def _async_device_list(self) -> DeviceList:
        """Return the device list, and save at once what is known from the login."""
        try:
            return await self.client.device_list()
        finally:
            await async_store_login(self._counters, self.client.record)

    def _last_values(self, err: InvalidAnswerError) -> DeviceList:
        """Return the last values if they are recent enough. Raises UpdateFailed otherwise."""
        _LOGGER.debug("Unreadable answer: %s: %s", err, excerpt(err.answer))
        is_fresh = (
            self.last_answer is not None and dt_util.utcnow() - self.last_answer < KEEP_VALUES_FOR
        )
        if not is_fresh or not self.last_update_success:
            raise self._to_update_failed(err) from err
        self._errors.warn_of_unreadable(err)
        return self.data

    def _to_update_failed(self, err: FritzBoxError) -> UpdateFailed:
        interval = self.update_interval or DEFAULT_SCAN_INTERVAL
        return self._errors.to_update_failed(err, interval=interval)
