"""What polls a FRITZ!Box; `meter_coordinator` has its like for a meter, which pushes."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_SCAN_INTERVAL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
    EVENT_HOMEASSISTANT_STOP,
)
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .const import DEFAULT_SCAN_INTERVAL, DOMAIN
from .counters.store import CounterStore
from .fritzbox.device_stats import DeviceStats
from .fritzbox.devices import Device, DeviceList
from .fritzbox.login import BoxInfo
from .fritzbox.rest import RestDetails
from .fritzbox.stale_devices import StaleDevices
from .fritzbox_api import (
    FritzBoxClient,
    FritzBoxError,
    InvalidAnswerError,
    LoginRejectedError,
    NotAFritzBoxError,
    RestNotOfferedError,
)
from .fritzbox_errors import ERROR_KEYS, FritzBoxErrors
from .fritzbox_session import async_keep, async_resume
from .meter.coordinator import MeterCoordinator

_LOGGER = logging.getLogger(__name__)

type FritzBoxConfigEntry = ConfigEntry[FritzBoxCoordinator]
type PyHabConfigEntry = ConfigEntry[FritzBoxCoordinator | MeterCoordinator]

FRITZBOX_STALE_AFTER: Final = timedelta(minutes=5)
"""So long the last values stand in for answers that cannot be read."""
REST_INTERVAL: Final = timedelta(minutes=15)


class FritzBoxCoordinator(DataUpdateCoordinator[DeviceList]):
    """Polls one FRITZ!Box: one request, all devices."""

    config_entry: FritzBoxConfigEntry
    box: BoxInfo
    """What the box told about itself at set-up."""

    def __init__(self, hass: HomeAssistant, entry: PyHabConfigEntry) -> None:
        """Prepare for the box of an entry; nothing is sent yet."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=timedelta(
                seconds=entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL.total_seconds())
            ),
            always_update=False,
        )
        self.counters = CounterStore(hass, entry)
        self.client = async_resume(
            hass,
            entry.entry_id,
            FritzBoxClient(
                async_get_clientsession(hass, verify_ssl=entry.data[CONF_VERIFY_SSL]),
                host=entry.data[CONF_HOST],
                username=entry.data[CONF_USERNAME],
                password=entry.data[CONF_PASSWORD],
            ),
        )
        self._rest_details: Mapping[str, RestDetails] | None = {}
        """None for a box without REST API."""

        self._errors = FritzBoxErrors(hass, entry, host=str(self.client.url))
        self._absence = StaleDevices()
        self._last_answer: datetime | None = None
        self._last_poll: datetime | None = None
        self._asking: asyncio.Task[None] | None = None
        self._last_rest_details: datetime | None = None
        self._malformed = False

    @property
    def last_poll(self) -> datetime | None:
        """When the box was last asked for its devices, whatever came of it."""
        return self._last_poll

    @property
    def last_answer(self) -> datetime | None:
        """When it last told them."""
        return self._last_answer

    @property
    def last_rest_details(self) -> datetime | None:
        """When it last told what the device list lacks."""
        return self._last_rest_details

    @property
    def has_rest(self) -> bool:
        """Whether the box has a REST API, as far as we know."""
        return self._rest_details is not None

    @property
    def box_identifier(self) -> tuple[str, str]:
        """Identifier of the box in the device registry."""
        return (DOMAIN, self.config_entry.unique_id or self.config_entry.entry_id)

    @override
    async def _async_setup(self) -> None:
        """Recall the counters, and register the box so that its devices find it."""
        entry = self.config_entry
        await self.counters.async_load()
        entry.async_on_unload(self.counters.async_save)
        entry.async_on_unload(partial(async_keep, self.hass, entry.entry_id, self.client))
        entry.async_on_unload(
            self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop)
        )
        try:
            self.box = await self.client.box_info()
        except NotAFritzBoxError, InvalidAnswerError:
            # Not every model serves its description; the login shows what it is.
            self.box = BoxInfo(model="FRITZ!Box", firmware_version=None, serial="")
        except FritzBoxError as err:
            raise self._failed(err) from err
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={self.box_identifier},
            manufacturer="FRITZ!",
            model=self.box.model,
            name=self.box.model,
            sw_version=self.box.firmware_version,
            serial_number=self.box.serial or None,
            configuration_url=str(self.client.url),
        )

        entry.async_on_unload(
            async_track_time_interval(
                self.hass, self._async_update_rest_details, REST_INTERVAL, cancel_on_shutdown=True
            )
        )

    async def _async_stop(self, _event: Event) -> None:
        # When the counters were read last tells how long they will not have been.
        await self.counters.async_save()
        await self.client.logout()

    async def async_ask(self) -> None:
        """Poll now; who asks while the box is being asked gets the same answer."""
        if self._asking is None or self._asking.done():
            self._asking = self.hass.async_create_task(self.async_refresh(), f"{self.name} asked")
        # Of several that wait, one may be cancelled.
        await asyncio.shield(self._asking)

    async def async_statistics(self, ain: str) -> DeviceStats:
        """Ask what the box remembers of a device: the finest it has. Raises FritzBoxError."""
        rest_details = self._rest_details.get(ain) if self._rest_details else None
        if rest_details is not None and rest_details.unit is not None:
            try:
                found = await self.client.unit_statistics(rest_details.unit)
            except (RestNotOfferedError, InvalidAnswerError) as err:
                _LOGGER.debug("%s does not tell its statistics: %s", self.name, err)
            else:
                if found != DeviceStats():
                    return found
        return await self.client.basic_statistics(ain)

    async def _async_update_rest_details(self, _now: datetime | None = None) -> None:
        """Ask, on a slower clock, for what the device list lacks; it shows with the next poll."""
        # A poll that was refused is not to be followed by a login at another time.
        if self._rest_details is None or not self.last_update_success:
            return
        try:
            self._rest_details = await self.client.rest_details()
            self._last_rest_details = dt_util.utcnow()
        except RestNotOfferedError as err:
            _LOGGER.debug("Nothing more to learn from %s: %s", self.name, err)
            self._rest_details = None
        except FritzBoxError as err:
            # The poll has its own say about a box that is away.
            _LOGGER.debug("%s did not tell more: %s", self.name, err)

    @override
    async def _async_update_data(self) -> DeviceList:
        """Ask the box for its devices; the counters among the values are guarded."""
        self._last_poll = dt_util.utcnow()
        try:
            answer = await self.client.device_list()
        except InvalidAnswerError as err:
            return self._stand_in(err)
        except LoginRejectedError as err:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key=ERROR_KEYS[type(err)]
            ) from err
        except FritzBoxError as err:
            raise self._failed(err) from err
        if self._last_answer is None:
            await self._async_update_rest_details()
        self._last_answer = dt_util.utcnow()
        self._malformed = False
        self._errors.clear()
        self._remove_stale_devices(answer)
        return replace(
            answer,
            devices={
                ain: self._with_accepted_counters(device) for ain, device in answer.devices.items()
            },
        )

    def _remove_stale_devices(self, answer: DeviceList) -> None:
        """Remove devices that the box has not listed for a long time, and note a new FRITZ!OS."""
        registry = dr.async_get(self.hass)
        registered = {
            identifier: device
            for device in dr.async_entries_for_config_entry(registry, self.config_entry.entry_id)
            for domain, identifier in device.identifiers
            if domain == DOMAIN
        }
        box = registered.pop(self.box_identifier[1])
        if answer.firmware_version and answer.firmware_version != box.sw_version:
            registry.async_update_device(box.id, sw_version=answer.firmware_version)
        owners = {device.owner_ain for device in answer.devices.values()}
        gone = self._absence.gone(registered.keys(), owners, dt_util.utcnow())
        for ain in gone:
            registry.async_remove_device(registered[ain].id)
        if gone:
            # Should one come back, it is a new device: its entities must be made anew.
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)

    def _stand_in(self, err: InvalidAnswerError) -> DeviceList:
        """Return the last values in place of an answer that cannot be read, if still fresh."""
        _LOGGER.debug("Unreadable answer: %s: %s", err, err.answer)
        fresh = (
            self._last_answer is not None
            and dt_util.utcnow() - self._last_answer < FRITZBOX_STALE_AFTER
        )
        if not fresh or not self.last_update_success:
            raise self._failed(err) from err
        if not self._malformed:
            self._malformed = True
            _LOGGER.warning("%s sent an answer that cannot be read: %s", self.name, err)
        return self.data

    def _failed(self, err: FritzBoxError) -> UpdateFailed:
        return self._errors.failed(err, interval=self.update_interval or DEFAULT_SCAN_INTERVAL)

    def _with_accepted_counters(self, device: Device) -> Device:
        """Return a device whose counter shows what is believed, with what REST adds."""
        meter = device.power_meter
        if meter is not None and meter.energy is not None:
            meter = replace(meter, energy=self.counters.accepted(device.ain, meter.energy))
        rest_details = self._rest_details.get(device.ain) if self._rest_details else None
        return replace(device, power_meter=meter, rest_details=rest_details)
