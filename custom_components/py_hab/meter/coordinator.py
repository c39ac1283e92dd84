"""What listens to a Tasmota head on one or more electricity meters."""

import asyncio
from collections.abc import Callable, Mapping, Set as AbstractSet
from datetime import datetime, timedelta
from functools import partial
import logging
import re
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_MAX_POWER,
    CONF_POWER_INTERVAL,
    CONF_PREFIX,
    CONF_REGISTERS,
    DEFAULT_POWER_INTERVAL,
    DOMAIN,
)
from ..counters.guard import DEFAULT_MAX_POWER
from ..counters.store import CounterStore
from ..sml.key_mapping import assigned_registers
from ..sml.key_names import register_of
from ..sml.meter_id import parse_meter_id
from ..sml.meter_index import MeterIndex
from ..sml.payload import Block, MalformedMessageError, is_meter, parse_message
from ..sml.registers import COUNTERS, KeyMapping, Quantity
from .issues import METER_SILENT, Answer, MeterIssues
from .meter import STALE_AFTER, Meter, Replacement
from .reader_link import ReaderLink

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

_LOGGER = logging.getLogger(__name__)

type MeterConfigEntry = ConfigEntry[MeterCoordinator]

LOOK_AFTER_INTERVAL: Final = timedelta(minutes=1)
ASK_AFTER: Final = 300.0
"""Seconds without a word of a meter after which its head is asked: Tasmota's own interval."""


class MeterCoordinator(DataUpdateCoordinator[Mapping[str, Meter]]):
    """Receives what one head publishes about its meters, by their places ("" for the first)."""

    config_entry: MeterConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Prepare for the head of an entry; nothing is subscribed yet."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.link = ReaderLink(
            hass,
            entry,
            reading_received=self._async_reading_received,
            changed=self._tell_availability,
            restarted=self._async_restarted,
            introduced=self._async_introduced,
        )
        self._max_power: float = entry.options.get(CONF_MAX_POWER, DEFAULT_MAX_POWER)
        self._interval: float = entry.options.get(CONF_POWER_INTERVAL, DEFAULT_POWER_INTERVAL)
        self._assigned = assigned_registers(entry.options.get(CONF_REGISTERS))
        self.counters = CounterStore(hass, entry, max_power=self._max_power)
        self.notices = MeterIssues(hass, entry)
        self.data = self._meters = dict[str, Meter]()
        self._meter_indices = MeterIndex(entry.data.get(CONF_PREFIX))
        self.unreadable = 0
        """Messages that were no JSON."""
        self._learned: dict[str, Any] = {}
        self._replacement_listeners: list[Callable[[str, Replacement], None]] = []
        self._listening_since = dt_util.utcnow().timestamp()
        self._available: frozenset[tuple[str, Quantity]] = frozenset()
        """As last told to the entities."""
        self._was_heard = False
        self._malformed = False
        self._waiting: set[asyncio.Future[None]] = set()

    # What the entities ask

    @property
    def available(self) -> bool:
        """Whether anything is known of a meter at this moment."""
        return bool(self._available)

    def is_available(self, meter_index: str, quantity: Quantity) -> bool:
        """Whether broker and head are there, and a register was heard of lately."""
        return (meter_index, quantity) in self._available

    def identifier(self, meter_index: str) -> str:
        """Return what tells a meter from all others in the registries."""
        first = self.config_entry.unique_id or self.config_entry.entry_id
        return f"{first}_{meter_index}" if meter_index else first

    def unique_id(self, meter_index: str, key: str) -> str:
        """Return the unique id of an entity of a meter."""
        return f"{self.identifier(meter_index)}_{key}"

    @callback
    def async_on_replacement(self, listener: Callable[[str, Replacement], None]) -> CALLBACK_TYPE:
        """Call a listener with place and replacement when a counter goes on from elsewhere."""
        self._replacement_listeners.append(listener)
        return partial(self._replacement_listeners.remove, listener)

    def name_of(self, meter_index: str) -> str:
        """Return what a meter is called: the first as its entry, others as their script has it."""
        prefix = self._meter_indices.prefixes.get(meter_index, "").strip()
        return (
            (prefix or f"{self.config_entry.title} {meter_index}")
            if meter_index
            else (self.config_entry.title)
        )

    # Life

    @override
    async def _async_setup(self) -> None:
        """Subscribe to the head, then ask it for its values."""
        # Imported here: a home without a meter needs no MQTT, and loading it takes time.
        from homeassistant.components import mqtt

        if not await mqtt.async_wait_for_mqtt_client(self.hass):
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN, translation_key="mqtt_not_available"
            )
        await self._async_recall()
        entry = self.config_entry
        entry.async_on_unload(self._async_save)
        entry.async_on_unload(
            self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_save)
        )
        entry.async_on_unload(self.notices.clear)
        await self.link.async_listen()
        entry.async_on_unload(
            async_track_time_interval(
                self.hass, self._async_look_after, LOOK_AFTER_INTERVAL, cancel_on_shutdown=True
            )
        )

    async def _async_recall(self) -> None:
        """Take over what an earlier run has left."""
        await self.counters.async_load()
        notes = self.counters.notes
        self._meter_indices.recall(notes.get("meters"))
        self.notices.recall(notes.get("replacements"))
        learned = notes.get("learned")
        self._learned = learned if isinstance(learned, dict) else {}
        for meter_index in self._meter_indices.prefixes:
            self._meter(meter_index)

    async def _async_save(self, _event: Event | None = None) -> None:
        self.counters.notes = self._notes()
        await self.counters.async_save()

    def _notes(self) -> dict[str, Any]:
        return {
            "meters": self._meter_indices.notes,
            "learned": {
                meter_index: meter.notes
                for meter_index, meter in self._meters.items()
                if meter_index in self._meter_indices.prefixes
            },
            "replacements": [*self.notices.replacements],
        }

    def _meter(self, meter_index: str) -> Meter:
        """Return the meter in a place; one that is new gets its device."""
        if meter_index not in self._meters:
            meter = Meter(
                meter_index,
                assigned=self._assigned,
                counters=self.counters,
                interval=self._interval,
                max_power=self._max_power,
            )
            meter.recall(self._learned.get(meter_index))
            for quantity in meter.forget_reassigned():
                self._remove_entity(meter_index, quantity)
            for quantity in COUNTERS:
                if self.counters.last(meter.counter_key(quantity)) is None:
                    self.counters.quarantine(meter.counter_key(quantity))
            self._meters[meter_index] = meter
            self._update_device(meter_index)
        return self._meters[meter_index]

    @callback
    def async_forget(self, identifiers: AbstractSet[str]) -> bool:
        """Forget a meter that the user removes; return whether there is nothing of it any more.

        The first meter stays as long as its entry, others as long as they are heard of.
        """
        for meter_index, meter in self._meters.items():
            if self.identifier(meter_index) in identifiers:
                if not meter_index or any(
                    (meter_index, quantity) in self._available for quantity in meter.values
                ):
                    return False
                self._meter_indices.forget(meter_index)
                self.counters.forget(*map(meter.counter_key, COUNTERS))
                self.notices.forget(meter_index)
                self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        return True

    def _remove_entity(self, meter_index: str, quantity: Quantity) -> None:
        """Remove the sensor of a register that the user says there is none of."""
        registry = er.async_get(self.hass)
        entity_id = registry.async_get_entity_id(
            Platform.SENSOR, DOMAIN, self.unique_id(meter_index, quantity)
        )
        if entity_id is not None:
            registry.async_remove(entity_id)

    def register_of(self, key: str) -> KeyMapping | None:
        """Return what the user says that a key means, else what its name says."""
        return self._assigned.get(key) or register_of(key)

    @override
    async def _async_update_data(self) -> Mapping[str, Meter]:
        """Return what has been heard; values come as messages."""
        return self._meters

    async def async_ask(self, patience: float) -> None:
        """Ask the head for all values, and wait for them. Raises TimeoutError after `patience` s.

        Who asks while others wait gets the same answer.
        """
        answer = self.hass.loop.create_future()
        first = not self._waiting
        self._waiting.add(answer)
        try:
            if first:
                self.link.ask_at_most_every(0.0)
            async with asyncio.timeout(patience):
                await answer
        finally:
            self._waiting.discard(answer)

    # What it receives

    @callback
    def _async_restarted(self) -> None:
        """Have the next counters confirmed: a head that has just started reads its meter anew."""
        self.counters.quarantine(
            *(
                meter.counter_key(quantity)
                for meter in self._meters.values()
                for quantity in COUNTERS
            )
        )

    @callback
    def _async_introduced(self) -> None:
        for meter_index in self._meters:
            self._update_device(meter_index)

    @callback
    def _async_reading_received(self, message: ReceiveMessage) -> None:
        """Take over the values that a message holds."""
        now = dt_util.utcnow().timestamp()
        try:
            blocks = parse_message(message.payload)
        except MalformedMessageError as err:
            self._report_malformed(err, message)
            return
        changed = unconfirmed = False
        became_available = not self.link.online
        assigned = self._assign(blocks)
        for meter_index, block in assigned:
            meter = self._meter(meter_index)
            known = (meter.number, meter.manufacturer)
            taken = meter.take(block, now)
            changed |= taken.changed
            became_available |= taken.became_available
            unconfirmed |= taken.unconfirmed
            if (meter.number, meter.manufacturer) != known:
                self._update_device(meter_index)
            for replacement in taken.replacements:
                changed = True
                self._tell_replacement(meter_index, replacement)
            self._malformed = False
            # The broker may tell the end of an old connection after the start of the new one.
            self.link.online = True
        if assigned:
            self._tell_waiting()
        if unconfirmed:
            self.link.ask_again()
        told = became_available and self._tell_availability()
        if changed and not told:
            self.async_update_listeners()

    def _tell_waiting(self) -> None:
        """Tell those who have asked for values that they are there."""
        for answer in self._waiting:
            if not answer.done():
                answer.set_result(None)

    def _assign(self, blocks: list[Block]) -> list[tuple[str, Block]]:
        """Return the meters' blocks of a message and their places."""
        prefixes = self._meter_indices.prefixes.values()
        return self._meter_indices.assign(
            [
                block
                for block in blocks
                if block.prefix in prefixes or is_meter(block, self.register_of)
            ],
            self._number_in,
        )

    def _number_in(self, block: Block) -> str | None:
        for key, value in block.fields.items():
            register = self.register_of(key)
            if register is not None and register.quantity is Quantity.METER_ID:
                number = parse_meter_id(value)
                return number.number if number else None
        return None

    def _report_malformed(self, err: MalformedMessageError, message: ReceiveMessage) -> None:
        self.unreadable += 1
        _LOGGER.debug("Unreadable message: %s: %s", err, message.payload)
        if not self._malformed:
            self._malformed = True
            _LOGGER.warning("%s sent a message that cannot be read: %s", self.name, err)

    # What it tells

    def _tell_replacement(self, meter_index: str, replacement: Replacement) -> None:
        _LOGGER.info(
            "%s: %s goes on from %s kWh after %s kWh (%s)",
            self.name_of(meter_index),
            replacement.quantity,
            replacement.now,
            replacement.before,
            replacement.verdict,
        )
        key = self._meters[meter_index].counter_key(replacement.quantity)
        gaps = [gap for gap in self.counters.gaps if gap.key == key and not gap.goes_on]
        self.notices.async_report_replacement(
            meter_index, self.name_of(meter_index), replacement, gaps[-1] if gaps else None
        )
        for listener in self._replacement_listeners:
            listener(meter_index, replacement)
        self.counters.schedule_save()

    @callback
    def async_answer(
        self, meter_index: str, answer: Answer, counted: Mapping[str, float] | None = None
    ) -> None:
        """Keep what the user says of a counter that went on from another reading.

        `counted` are the kWh, by role, that both meters have counted in between.
        """
        for gap in self.notices.answer(meter_index, answer, counted):
            self.counters.add_gap(gap)
        self.counters.notes = self._notes()
        self.counters.schedule_save()

    def _tell_availability(self) -> bool:
        """Tell the entities when registers go or come back; return whether they were told."""
        now = dt_util.utcnow().timestamp()
        available = frozenset(
            (meter_index, quantity)
            for meter_index, meter in self._meters.items()
            for quantity in meter.values
            if self.link.online and self.link.connected and meter.is_fresh(quantity, now)
        )
        if available == self._available:
            return False
        before, self._available = self._available, available
        if self._was_heard and bool(before) != bool(available):
            _LOGGER.info("%s is %s", self.name, "available again" if available else "unavailable")
        self._was_heard |= bool(available)
        self.async_update_listeners()
        return True

    def _update_device(self, meter_index: str) -> None:
        """Tell the device registry what is known of a meter and its head."""
        meter = self._meters[meter_index]
        prefix = self._meter_indices.prefixes.get(meter_index, "").strip()
        if meter.number is not None:
            self._meter_indices.note_number(meter_index, meter.number.number)
        number, reader = meter.number, self.link.info
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            identifiers={(DOMAIN, self.identifier(meter_index))},
            name=self.name_of(meter_index),
            manufacturer=(number and number.manufacturer) or meter.manufacturer,
            # Scripts name the block after the meter, or "SML", "Strom", "Home" ...
            model=prefix if re.search(r"\d", prefix) else None,
            serial_number=number.number if number else None,
            sw_version=reader.version,
            configuration_url=f"http://{reader.address}" if reader.address else None,
        )

    @callback
    def _async_look_after(self, _now: datetime) -> None:
        """Once a minute: who has fallen silent, and what is wrong with meters and head."""
        now = dt_util.utcnow().timestamp()
        self._tell_availability()
        heard = [meter.heard or 0.0 for meter in self._meters.values()]
        if now - min(heard, default=0.0) >= ASK_AFTER:
            # Telemetry may be off or rare, or the meter's name may have changed.
            self.link.ask_at_most_every(ASK_AFTER)
        for meter_index, meter in self._meters.items():
            silent_since = max(meter.heard or 0.0, self._listening_since)
            silent = (
                self.link.online
                and self.link.connected
                and now - silent_since >= STALE_AFTER
                and now - self.link.heard < STALE_AFTER
            )
            problems: set[str] = {*meter.problems, METER_SILENT} if silent else {*meter.problems}
            self.notices.async_update(meter_index, self.name_of(meter_index), problems)
        notes = self._notes()
        if notes != self.counters.notes:
            self.counters.notes = notes
            self.counters.schedule_save()
