"""Polls a FRITZ!Box. Its counterpart for readers, which push, is in `meter/coordinator`."""

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

from .box.errors import ERROR_KEYS, FritzBoxErrors
from .box.ownership import DeviceOwnership
from .box.session import async_keep, async_resume
from .const import DEFAULT_SCAN_INTERVAL, DOMAIN
from .counters.store import CounterStore
from .entry import AnyConfigEntry, EntryData
from .fritzbox.device_stats import DeviceStats
from .fritzbox.devices import ALL_ZERO, Device, DeviceList
from .fritzbox.errors import (
    FritzBoxError,
    InvalidAnswerError,
    LoginRejectedError,
    NotAFritzBoxError,
    RestNotOfferedError,
)
from .fritzbox.login import BoxInfo, LoginRecord, serial_of
from .fritzbox.rest import Overview
from .fritzbox.smart_meters import SmartMeters
from .fritzbox.stale_devices import StaleDevices
from .fritzbox_api import FritzBoxClient
from .meter.coordinator import MeterCoordinator
from .util.records import decode, encode
from .util.texts import clean_text, excerpt

_LOGGER = logging.getLogger(__name__)

type FritzBoxConfigEntry = ConfigEntry[EntryData[FritzBoxCoordinator]]
type PyHabConfigEntry = ConfigEntry[EntryData[FritzBoxCoordinator | MeterCoordinator]]

KEEP_VALUES_FOR: Final = timedelta(minutes=5)
"""How long the last values replace answers that cannot be parsed."""
REST_INTERVAL: Final = timedelta(minutes=15)


LOGIN: Final = "login"
"""Key of the login record among the notes of an entry."""
_SMART_METERS: Final = "smart_meters"
"""Key of what smart meters have shown among the notes of an entry."""


def login_record(entry: AnyConfigEntry, notes: Mapping[str, object]) -> LoginRecord:
    """Return what the notes of an entry say of earlier logins to its box."""
    serial = serial_of(entry.unique_id or "")
    try:
        record = decode(LoginRecord, notes.get(LOGIN))
    except ValueError:
        return LoginRecord(serial=serial)
    return record if record.serial == serial else LoginRecord(serial=serial)


class RestPoll:
    """Polls the REST API of a box, at a longer interval than the device list."""

    def __init__(self, client: FritzBoxClient) -> None:
        """Initialize without sending anything."""
        self._client = client
        self.is_offered = True
        """Whether the box has a REST API; True until an answer shows that it has none."""
        self.overview = Overview()
        """The last answer; empty before the first one."""
        self.last_answer: datetime | None = None

    async def async_update(self) -> None:
        """Poll once. Never raises: the poll of the device list reports errors."""
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
        self.rest = RestPoll(self.client)
        self.last_poll: datetime | None = None
        """When the device list was last requested, with or without success."""
        self.last_answer: datetime | None = None
        """When the box last returned its device list."""
        self._counters = counters
        self._errors = FritzBoxErrors(hass, entry, host=str(self.client.url))
        self._stale_devices = StaleDevices()
        self._smart_meters = SmartMeters()
        self.ownership = DeviceOwnership(hass, entry)
        self._asking: asyncio.Task[None] | None = None
        self._is_malformed = False

    @property
    def source_identifier(self) -> tuple[str, str]:
        """Identifier of the box in the device registry."""
        return (DOMAIN, self.config_entry.unique_id or self.config_entry.entry_id)

    @property
    def owned_devices(self) -> Mapping[str, Device]:
        """The devices of this entry, by AIN. Another entry may just have taken one over."""
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
        self.client.record = login_record(entry, self._counters.notes)
        self._smart_meters.restore(self._counters.notes.get(_SMART_METERS))
        entry.async_on_unload(self._counters.async_save)
        entry.async_on_unload(partial(async_keep, self.hass, entry.entry_id, self.client))
        entry.async_on_unload(
            self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop)
        )
        try:
            self.box = await self.client.box_info()
        except NotAFritzBoxError, InvalidAnswerError:
            # Not every model serves its description. The login shows whether it is a FRITZ!Box.
            self.box = BoxInfo(model="FRITZ!Box", firmware_version=None, serial="")
        except FritzBoxError as err:
            raise self._to_update_failed(err) from err
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={self.source_identifier},
            manufacturer="FRITZ!",
            model=self.box.model,
            name=self.box.model,
            sw_version=self.box.firmware_version,
            serial_number=self.box.serial or None,
            configuration_url=str(self.client.url),
        )
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
        """Poll now. Concurrent callers share one request."""
        if self._asking is None or self._asking.done():
            self._asking = self.hass.async_create_task(self.async_refresh(), f"{self.name} asked")
        # Cancelling one of several waiting callers must not cancel the request.
        await asyncio.shield(self._asking)

    async def async_device_stats(self, ain: str) -> DeviceStats:
        """Return device statistics, from the REST API if possible. Raises FritzBoxError."""
        details = self.rest.overview.details.get(ain)
        if self.rest.is_offered and details is not None and details.unit is not None:
            try:
                found = await self.client.unit_statistics(details.unit)
            except (RestNotOfferedError, InvalidAnswerError) as err:
                _LOGGER.debug("%s has no statistics of a unit: %s", self.name, err)
            else:
                if found != DeviceStats():
                    return found
        return await self.client.basic_statistics(ain)

    async def _async_update_rest(self, _now: datetime) -> None:
        """Poll the REST API. The next poll of the device list publishes its answer."""
        # After a refused poll, only the coordinator decides when to log in again.
        if self.last_update_success:
            await self.rest.async_update()

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
        self._is_malformed = False
        self._errors.clear()
        answer = await self.ownership.async_owned(answer)
        self._update_registry(answer)
        accepted = self._with_accepted_counters(answer, self.last_answer)
        if self._counters.must_be_saved:
            await self._counters.async_save()
        return self._with_rest_details(accepted)

    async def _async_device_list(self) -> DeviceList:
        """Return the device list, and save at once what a login has shown."""
        try:
            return await self.client.device_list()
        finally:
            nothing_known = encode(LoginRecord(serial=self.client.record.serial))
            record = encode(self.client.record)
            if record != self._counters.notes.get(LOGIN, nothing_known):
                self._counters.notes[LOGIN] = record
                await self._counters.async_save()

    # Processing of answers

    def _with_accepted_counters(self, answer: DeviceList, now: datetime) -> DeviceList:
        """Judge the counter readings of an answer; return the answer with the accepted readings."""
        devices = dict(answer.devices)
        for ain, device in devices.items():
            meter = device.power_meter
            if meter is None:
                continue
            if ALL_ZERO in device.parse_errors:
                meter = self._smart_meters.with_zero(ain, meter, self._counters.last(ain), now)
            else:
                self._smart_meters.note(ain, meter)
            if meter.energy is not None:
                judgement = self._counters.judge(ain, meter.energy, now)
                meter = replace(meter, energy=judgement.accepted)
            devices[ain] = replace(device, power_meter=meter)
        shown = self._smart_meters.as_stored()
        if shown != self._counters.notes.get(_SMART_METERS, {}):
            self._counters.notes[_SMART_METERS] = shown
            self._counters.schedule_save()
        return replace(answer, devices=devices)

    def _with_rest_details(self, answer: DeviceList) -> DeviceList:
        details = self.rest.overview.details if self.rest.is_offered else {}
        devices = {
            ain: replace(device, rest_details=details.get(ain))
            for ain, device in answer.devices.items()
        }
        return replace(answer, devices=devices)

    def _update_registry(self, answer: DeviceList) -> None:
        """Follow names and versions of firmware, and remove stale devices."""
        registry = dr.async_get(self.hass)
        registered = {
            identifier: device
            for device in dr.async_entries_for_config_entry(registry, self.config_entry.entry_id)
            for domain, identifier in device.identifiers
            if domain == DOMAIN
        }
        box = registered.pop(self.source_identifier[1])
        if answer.firmware_version and answer.firmware_version != box.sw_version:
            registry.async_update_device(box.id, sw_version=answer.firmware_version)
        owners = {device.owner_ain for device in answer.devices.values()}
        for ain in registered.keys() & answer.devices.keys():
            device = answer.devices[ain]
            # Does nothing if nothing has changed. A name that the user has chosen takes precedence.
            registry.async_update_device(
                registered[ain].id, name=device.name, sw_version=device.firmware_version
            )
        for ain in self._stale_devices.update(registered.keys(), owners, dt_util.utcnow()):
            registry.async_remove_device(registered[ain].id)

    def _last_values(self, err: InvalidAnswerError) -> DeviceList:
        """Return the last values if they are recent enough. Raises UpdateFailed otherwise."""
        _LOGGER.debug("Unreadable answer: %s: %s", err, excerpt(err.answer))
        is_fresh = (
            self.last_answer is not None and dt_util.utcnow() - self.last_answer < KEEP_VALUES_FOR
        )
        if not is_fresh or not self.last_update_success:
            raise self._to_update_failed(err) from err
        if not self._is_malformed:
            self._is_malformed = True
            _LOGGER.warning("%s sent an answer that cannot be read: %s", self.name, err)
        return self.data

    def _to_update_failed(self, err: FritzBoxError) -> UpdateFailed:
        interval = self.update_interval or DEFAULT_SCAN_INTERVAL
        return self._errors.to_update_failed(err, interval=interval)
