"""Receives the values of one or more electricity meters from a Tasmota reader."""

from collections.abc import Mapping, Set as AbstractSet
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_MAX_POWER,
    CONF_POWER_INTERVAL,
    DEFAULT_POWER_INTERVAL,
    DOMAIN,
)
from ..counters.guard import DEFAULT_MAX_POWER
from ..counters.store import CounterStore
from ..counters.verdict import Verdict
from ..entry import AnyConfigEntry, EntryData
from ..sml.payload import Block
from ..sml.registers import COUNTERS, Quantity
from ..util.records import encode
from ..util.texts import clean_text
from .availability import Availability
from .block_router import BlockRouter
from .counter_stage import Replacement
from .devices import MeterDevices
from .issues import METER_SILENT, MeterIssues
from .key_resolver import LearnedKeys
from .meter import Meter, MeterUpdate
from .reader_link import ReaderLink, ReaderListener
from .replacements import Answer, Replacements

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

_LOGGER = logging.getLogger(__name__)

type MeterConfigEntry = ConfigEntry[EntryData[MeterCoordinator]]

CHECK_INTERVAL: Final = timedelta(minutes=1)
ASK_AFTER: Final = timedelta(minutes=5)
"""After this time without a message about a meter, the reader is asked. The default interval of
Tasmota."""


class MeterCoordinator(DataUpdateCoordinator[Mapping[str, Meter]]):
    """The meters of one reader, by meter index ("" for the first one)."""

    config_entry: MeterConfigEntry

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry, counters: CounterStore) -> None:
        """Initialize for the reader of an entry, without subscribing to topics."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=clean_text(entry.title))
        self.data = self._meters = dict[str, Meter]()
        self.link = ReaderLink(
            hass,
            entry,
            ReaderListener(
                reading_received=self._async_reading_received,
                availability_changed=self._async_update_availability,
                restarted=self._async_quarantine,
                info_changed=self._async_update_devices,
            ),
        )
        self.router = BlockRouter(entry)
        self.devices = MeterDevices(hass, entry)
        self.replacements = Replacements()
        self._counters = counters
        self._issues = MeterIssues(hass, entry.entry_id)
        self._availability = Availability(self.name)

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

    def name_of(self, meter_index: str) -> str:
        """Return the name of a meter."""
        return self.devices.name_of(meter_index, self.router.prefix_of(meter_index))

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
        await self._async_restore()
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
        return self._meters

    async def _async_restore(self) -> None:
        """Restore counters, meters, learned keys and replacements of earlier runs."""
        await self._counters.async_load()
        notes = self._counters.notes
        self.router.restore(notes.get("meters"), notes.get("removed"))
        self.replacements.restore(notes.get("replacements"))
        learned = notes.get("learned")
        for meter_index in self.router.meter_indices:
            stored = learned.get(meter_index) if isinstance(learned, dict) else None
            self._add_meter(meter_index, LearnedKeys.from_stored(stored))
            self._ask_about_replacement(meter_index)

    async def _async_save(self, _event: Event | None = None) -> None:
        self._counters.notes = self._notes()
        await self._counters.async_save()

    def _notes(self) -> dict[str, Any]:
        """Return what is stored in addition to the counters, in JSON form."""
        return {
            "meters": self.router.as_stored(),
            "removed": self.router.removed,
            "learned": {
                meter_index: self._meters[meter_index].learned.as_stored()
                for meter_index in self.router.meter_indices
                if meter_index in self._meters
            },
            "replacements": encode(self.replacements.records),
        }

    def _add_meter(self, meter_index: str, learned: LearnedKeys) -> Meter:
        """Create a meter with what was learned in earlier runs, and register its device."""
        options = self.config_entry.options
        meter = Meter(
            meter_index,
            assigned=self.router.assigned_to(meter_index),
            counters=self._counters,
            power_interval=timedelta(
                seconds=options.get(CONF_POWER_INTERVAL, DEFAULT_POWER_INTERVAL)
            ),
            max_power=options.get(CONF_MAX_POWER, DEFAULT_MAX_POWER),
        )
        for quantity in meter.restore(learned):
            self.devices.async_remove_sensor(meter_index, quantity)
        for key in meter.counter_keys:
            if self._counters.last(key) is None:
                self._counters.quarantine(key)
        replaced_at = self.replacements.last_at(meter_index)
        if replaced_at is not None:
            keys = meter.counter_keys
            self._counters.expect(Verdict.REPLACED, *keys, since=replaced_at)
        self._meters[meter_index] = meter
        self._update_device(meter_index)
        return meter

    @callback
    def async_forget(self, identifiers: AbstractSet[str]) -> bool:
        """Remove the meter whose device the user removes; return whether that is possible.

        The reader and the first meter exist as long as the entry, others as long as they are received
        with more than a counter, which meters of water and gas have as well.
        """
        if self.source_identifier[1] in identifiers:
            return False
        for meter_index, meter in self._meters.items():
            if self.devices.identifier(meter_index) in identifiers:
                if not meter_index or self._is_certain(meter_index):
                    return False
                is_silent = meter.is_silent(self.link.since, dt_util.utcnow())
                is_published = meter.last_seen is not None and not is_silent
                is_published |= self.router.is_refused(meter_index)
                self.router.forget(meter_index, is_published=is_published)
                self._counters.forget(*meter.counter_keys)
                self._issues.async_forget(meter_index)
                self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        return True

    def _is_certain(self, meter_index: str) -> bool:
        """Whether a meter is received, and publishes more than a counter."""
        return any(
            self.is_available(meter_index, quantity)
            for quantity in self._meters[meter_index].values
            if quantity not in COUNTERS
        )

    # Messages

    @callback
    def _async_quarantine(self) -> None:
        """Require confirmation of the next readings, because the reader has restarted."""
        for meter in self._meters.values():
            self._counters.quarantine(*meter.counter_keys)

    @callback
    def _async_reading_received(self, message: ReceiveMessage) -> None:
        """Process the values of a message."""
        blocks = self.router.blocks_of(message.payload)
        if not blocks:
            return
        now = dt_util.utcnow()
        updates = [self._update(meter_index, block, now) for meter_index, block in blocks]
        was_online, self.link.online = self.link.online, True
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
        for meter in self._meters.values():
            meter.show_withheld(dt_util.utcnow())
        if not self._async_update_availability():
            self.async_update_listeners()

    def _update(self, meter_index: str, block: Block, now: datetime) -> MeterUpdate:
        """Update a meter with a block; register its identity and report replaced counters."""
        meter = self._meters.get(meter_index) or self._add_meter(meter_index, LearnedKeys())
        update = meter.update(block, now)
        if update.has_new_identity:
            self._update_device(meter_index)
        for replacement in update.replacements:
            self._report_replacement(meter_index, replacement)
        return update

    # Reports

    def _report_replacement(self, meter_index: str, replacement: Replacement) -> None:
        name = self.name_of(meter_index)
        _LOGGER.info(
            "%s: %s continues from %s kWh after %s kWh (%s)",
            name,
            replacement.quantity,
            replacement.now,
            replacement.before,
            replacement.verdict,
        )
        self.replacements.add(meter_index, replacement, dt_util.utcnow())
        if replacement.is_question:
            self._ask_about_replacement(meter_index)
        self._counters.schedule_save()

    def _ask_about_replacement(self, meter_index: str) -> None:
        """Ask about the first unanswered replacement of a meter, and about no other one.

        The question and the replacement are stored in different files, which a crash may leave at
        different times.
        """
        unanswered = self.replacements.unanswered(meter_index)
        if unanswered:
            name = self.name_of(meter_index)
            self._issues.async_ask_about_replacement(meter_index, name, unanswered[0])
        else:
            self._issues.async_forget(meter_index)

    async def async_answer(
        self, meter_index: str, answer: Answer, counted: Mapping[Quantity, float]
    ) -> None:
        """Save the user's answer about the replaced counters of a meter.

        `counted` is the energy of each counter in kWh between the two readings of its replacement.
        """
        for gap in self.replacements.answer(meter_index, answer, counted):
            self._counters.add_gap(gap)
        await self._async_save()

    @callback
    def _async_update_availability(self) -> bool:
        """Update the entities if the availability has changed; return whether they were updated."""
        changed = self._availability.update(
            self._meters,
            self.link.last_awake(dt_util.utcnow()),
            is_reachable=self.link.is_available,
        )
        if changed:
            self.async_update_listeners()
        return changed

    @callback
    def _async_update_devices(self) -> None:
        """Update the devices and what is shown of the reader itself."""
        self.async_update_listeners()
        for meter_index in self._meters:
            self._update_device(meter_index)

    def _update_device(self, meter_index: str) -> None:
        identity = self._meters[meter_index].identity
        if identity.number is not None:
            self.router.set_number(meter_index, identity.number.number)
        prefix = self.router.prefix_of(meter_index)
        self.devices.async_update(meter_index, prefix, identity, self.link.info)

    @callback
    def _async_check(self, _now: datetime) -> None:
        """Check availability and problems of the meters; ask the reader if a meter is missing."""
        now = dt_util.utcnow()
        self._async_update_availability()
        last_seen = [meter.last_seen for meter in self._meters.values()]
        if not last_seen or any(at is None or now - at >= ASK_AFTER for at in last_seen):
            # Telemetry may be off or infrequent, or the prefix of the meter may have changed.
            self.link.commands.ask(unless_within=ASK_AFTER)
        self.link.follow_if_silent(now)
        for meter_index, meter in self._meters.items():
            problems: set[str] = {*meter.problems}
            is_silent = meter.is_silent(self.link.since, now)
            if (
                is_silent
                and self.link.is_publishing(now)
                and not self.router.is_refused(meter_index)
            ):
                problems.add(METER_SILENT)
            name = self.name_of(meter_index)
            self._issues.async_update(meter_index, name, problems)
            self._issues.async_update_waiting(meter_index, name, meter.waiting_counter(now))
        sharing = self.link.identities.sharing
        if sharing:
            # The user may have given one of the readers another topic.
            self.link.commands.ask_identity()
        self._issues.async_update_sharing(self.name, self.link.topics.sensor, sharing)
        notes = self._notes()
        if notes != self._counters.notes:
            self._counters.notes = notes
            self._counters.schedule_save()
