"""Receives the values of one or more electricity meters from a Tasmota reader."""

from collections.abc import Mapping, Set as AbstractSet
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..counters.store import CounterStore
from ..entry import AnyConfigEntry, EntryData
from ..sml.payload import Block
from ..sml.registers import COUNTERS, Quantity
from ..util.texts import clean_text
from .availability import Availability
from .devices import MeterDevices
from .issues import MeterIssues
from .key_resolver import LearnedKeys
from .meter import Meter, MeterUpdate
from .meter_set import MeterSet
from .reader_link import ReaderLink, ReaderListener
from .replacement_reports import ReplacementReports
from .supervision import MeterSupervision

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

_LOGGER = logging.getLogger(__name__)

type MeterConfigEntry = ConfigEntry[EntryData[MeterCoordinator]]

CHECK_INTERVAL: Final = timedelta(minutes=1)


class MeterCoordinator(DataUpdateCoordinator[Mapping[str, Meter]]):
    """The meters of one reader, by meter index ("" for the first one)."""

    config_entry: MeterConfigEntry

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry, counters: CounterStore) -> None:
        """Initialize for the reader of an entry, without subscribing to topics."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=clean_text(entry.title))
        self._issues = MeterIssues(hass, entry.entry_id)
        self._availability = Availability(self.name)
        self.devices = MeterDevices(hass, entry)
        self.data = self.meters = MeterSet(entry, counters, self.devices)
        self.reports = ReplacementReports(self.meters, self._issues, counters)
        self.link = ReaderLink(
            hass,
            entry,
            ReaderListener(
                reading_received=self._async_reading_received,
                availability_changed=self._async_update_availability,
                restarted=self.meters.quarantine,
                info_changed=self._async_update_devices,
            ),
        )
        self._supervision = MeterSupervision(self.meters, self.link, self._issues, self.name)

    # State for entities

    @property
    def available(self) -> bool:
        """Whether any quantity of a meter is available."""
        return bool(self._availability)

    @property
    def source_identifier(self) -> tuple[str, str]:
        """Identifier of the reader in the device registry."""
        return self.devices.reader_identifier

    def is_available(self, meter_index: str, quantity: Quantity) -> bool:
        """Whether broker and reader are online, and a quantity was received recently."""
        return (meter_index, quantity) in self._availability

    # Set-up and shutdown

    @override
    async def _async_setup(self) -> None:
        """Restore the meters and subscribe to the reader, which is then asked for its values."""
        # Imported here because a home without a meter does not need MQTT.
        from homeassistant.components import mqtt

        if not await mqtt.async_wait_for_mqtt_client(self.hass):
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN, translation_key="mqtt_not_available"
            )
        self.devices.async_update_reader(self.link.info)
        await self.meters.async_restore()
        for meter_index in self.meters:
            self._update_device(meter_index)
            self.reports.async_ask(meter_index)
        unload = self.config_entry.async_on_unload
        unload(self._async_save)
        unload(self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_save))
        unload(self._issues.async_clear)
        await self.link.async_listen()
        unload(
            async_track_time_interval(
                self.hass, self._async_check, CHECK_INTERVAL, cancel_on_shutdown=True
            )
        )

    @override
    async def _async_update_data(self) -> Mapping[str, Meter]:
        """Return the meters. Their values are received as messages."""
        return self.meters

    async def _async_save(self, _event: Event | None = None) -> None:
        await self.meters.async_save()

    @callback
    def async_forget(self, identifiers: AbstractSet[str]) -> bool:
        """Remove the meter whose device the user removes; return whether that is possible.

        The reader and the first meter exist as long as the entry, others as long as they are received
        with more than a counter, which meters of water and gas have as well.
        """
        if self.source_identifier[1] in identifiers:
            return False
        for meter_index, meter in self.meters.items():
            if self.devices.identifier(meter_index) in identifiers:
                if not meter_index or self._is_certain(meter_index):
                    return False
                is_silent = meter.freshness.is_silent(self.link.presence.since, dt_util.utcnow())
                is_published = meter.freshness.last_seen is not None and not is_silent
                is_published |= self.meters.router.is_refused(meter_index)
                self.meters.forget(meter_index, is_published=is_published)
                self._issues.async_forget(meter_index)
                self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        return True

    def _is_certain(self, meter_index: str) -> bool:
        """Whether a meter is received, and publishes more than a counter."""
        return any(
            self.is_available(meter_index, quantity)
            for quantity in self.meters[meter_index].values
            if quantity not in COUNTERS
        )

    # Messages

    @callback
    def _async_reading_received(self, message: ReceiveMessage) -> None:
        """Process the values of a message."""
        blocks = self.meters.router.blocks_of(message.payload)
        if not blocks:
            return
        now = dt_util.utcnow()
        updates = [self._update(meter_index, block, now) for meter_index, block in blocks]
        presence = self.link.presence
        was_online, presence.online = presence.online, True
        self.link.commands.answered()
        if any(update.is_unconfirmed for update in updates):
            self.link.commands.ask_again()
        if any(update.replacements for update in updates):
            # Nothing is shown before: the old reading would be shown as if it were a new one.
            self.config_entry.async_create_task(self.hass, self._async_save_and_show())
            return
        # A last will may arrive after the reader has reconnected: a message shows that it is online.
        may_be_available = not was_online or any(update.became_available for update in updates)
        has_updated = may_be_available and self._async_update_availability()
        if not has_updated and any(update.changed for update in updates):
            self.async_update_listeners()

    async def _async_save_and_show(self) -> None:
        """Save, and then show the counters that continue from another reading."""
        await self._async_save()
        for meter in self.meters.values():
            meter.show_withheld(dt_util.utcnow())
        if not self._async_update_availability():
            self.async_update_listeners()

    def _update(self, meter_index: str, block: Block, now: datetime) -> MeterUpdate:
        """Update a meter with a block; register its identity and report replaced counters."""
        if meter_index not in self.meters:
            self.meters.async_add(meter_index, LearnedKeys())
            self._update_device(meter_index)
        meter = self.meters[meter_index]
        update = meter.update(block, now)
        if update.has_new_identity:
            self._update_device(meter_index)
        for replacement in update.replacements:
            self.reports.async_report(meter_index, replacement, now)
        return update

    @callback
    def _async_update_availability(self) -> bool:
        """Update the entities if the availability has changed; return whether they were updated."""
        changed = self._availability.update(
            self.meters,
            self.link.presence.last_awake(dt_util.utcnow()),
            is_reachable=self.link.presence.is_available,
        )
        if changed:
            self.async_update_listeners()
        return changed

    @callback
    def _async_update_devices(self) -> None:
        """Update the devices and what is shown of the reader itself."""
        self.async_update_listeners()
        for meter_index in self.meters:
            self._update_device(meter_index)

    def _update_device(self, meter_index: str) -> None:
        identity, router = self.meters[meter_index].identity, self.meters.router
        if identity.number is not None:
            router.index.set_number(meter_index, identity.number.number)
        prefix = router.index.prefix_of(meter_index)
        self.devices.async_update(meter_index, prefix, identity, self.link.info)

    @callback
    def _async_check(self, _now: datetime) -> None:
        """Check availability and problems of the meters; ask the reader if a meter is missing."""
        self._async_update_availability()
        self._supervision.async_check(dt_util.utcnow())
        self.meters.async_save_if_changed()
