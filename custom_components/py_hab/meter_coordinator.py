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

from .const import (
    CONF_MAX_POWER,
    CONF_POWER_INTERVAL,
    CONF_PREFIX,
    CONF_REGISTERS,
    DEFAULT_POWER_INTERVAL,
    DOMAIN,
)
from .counter import DEFAULT_MAX_POWER
from .counter_memory import CounterMemory
from .head_link import HeadLink
from .meter import STALE_AFTER, Meter, Replacement
from .meter_id import parse_meter_id
from .meter_notices import METER_SILENT, Answer, MeterNotices
from .meter_places import MeterPlaces
from .register_choice import assigned_registers
from .sml_registers import COUNTERS, Register, Role
from .sml_vocabulary import register_of
from .tasmota_sml import Block, MalformedMessageError, is_meter, parse_message

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
        self.link = HeadLink(
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
        self.counters = CounterMemory(hass, entry, max_power=self._max_power)
        self.notices = MeterNotices(hass, entry)
        self.data = self._meters = dict[str, Meter]()
        self._places = MeterPlaces(entry.data.get(CONF_PREFIX))
        self.unreadable = 0
        """Messages that were no JSON."""
        self._learned: dict[str, Any] = {}
        self._replacement_listeners: list[Callable[[str, Replacement], None]] = []
        self._listening_since = dt_util.utcnow().timestamp()
        self._available: frozenset[tuple[str, Role]] = frozenset()
        """As last told to the entities."""
        self._was_heard = False
        self._malformed = False
        self._waiting: set[asyncio.Future[None]] = set()

    # What the entities ask

    @property
    def available(self) -> bool:
        """Whether anything is known of a meter at this moment."""
        return bool(self._available)

    def is_available(self, place: str, role: Role) -> bool:
        """Whether broker and head are there, and a register was heard of lately."""
        return (place, role) in self._available

    def identifier(self, place: str) -> str:
        """Return what tells a meter from all others in the registries."""
        first = self.config_entry.unique_id or self.config_entry.entry_id
        return f"{first}_{place}" if place else first

    def unique_id(self, place: str, key: str) -> str:
        """Return the unique id of an entity of a meter."""
        return f"{self.identifier(place)}_{key}"

    @callback
    def async_on_replacement(self, listener: Callable[[str, Replacement], None]) -> CALLBACK_TYPE:
        """Call a listener with place and replacement when a counter goes on from elsewhere."""
        self._replacement_listeners.append(listener)
        return partial(self._replacement_listeners.remove, listener)

    def name_of(self, place: str) -> str:
        """Return what a meter is called: the first as its entry, others as their script has it."""
        prefix = self._places.prefixes.get(place, "").strip()
        return (
            (prefix or f"{self.config_entry.title} {place}") if place else (self.config_entry.title)
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
        self._places.recall(notes.get("meters"))
        self.notices.recall(notes.get("replacements"))
        learned = notes.get("learned")
        self._learned = learned if isinstance(learned, dict) else {}
        for place in self._places.prefixes:
            self._meter(place)

    async def _async_save(self, _event: Event | None = None) -> None:
        self.counters.notes = self._notes()
        await self.counters.async_save()

    def _notes(self) -> dict[str, Any]:
        return {
            "meters": self._places.notes,
            "learned": {
                place: meter.notes
                for place, meter in self._meters.items()
                if place in self._places.prefixes
            },
            "replacements": [*self.notices.replacements],
        }

    def _meter(self, place: str) -> Meter:
        """Return the meter in a place; one that is new gets its device."""
        if place not in self._meters:
            meter = Meter(
                place,
                assigned=self._assigned,
                counters=self.counters,
                interval=self._interval,
                max_power=self._max_power,
            )
            meter.recall(self._learned.get(place))
            for role in meter.forget_reassigned():
                self._remove_entity(place, role)
            for role in COUNTERS:
                if self.counters.last(meter.counter_key(role)) is None:
                    self.counters.quarantine(meter.counter_key(role))
            self._meters[place] = meter
            self._update_device(place)
        return self._meters[place]

    @callback
    def async_forget(self, identifiers: AbstractSet[str]) -> bool:
        """Forget a meter that the user removes; return whether there is nothing of it any more.

        The first meter stays as long as its entry, others as long as they are heard of.
        """
        for place, meter in self._meters.items():
            if self.identifier(place) in identifiers:
                if not place or any((place, role) in self._available for role in meter.values):
                    return False
                self._places.forget(place)
                self.counters.forget(*map(meter.counter_key, COUNTERS))
                self.notices.forget(place)
                self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        return True

    def _remove_entity(self, place: str, role: Role) -> None:
        """Remove the sensor of a register that the user says there is none of."""
        registry = er.async_get(self.hass)
        entity_id = registry.async_get_entity_id(
            Platform.SENSOR, DOMAIN, self.unique_id(place, role)
        )
        if entity_id is not None:
            registry.async_remove(entity_id)

    def register_of(self, key: str) -> Register | None:
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
            *(meter.counter_key(role) for meter in self._meters.values() for role in COUNTERS)
        )

    @callback
    def _async_introduced(self) -> None:
        for place in self._meters:
            self._update_device(place)

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
        revived = not self.link.online
        assigned = self._assign(blocks)
        for place, block in assigned:
            meter = self._meter(place)
            known = (meter.number, meter.maker)
            taken = meter.take(block, now)
            changed |= taken.changed
            revived |= taken.revived
            unconfirmed |= taken.unconfirmed
            if (meter.number, meter.maker) != known:
                self._update_device(place)
            for replacement in taken.replacements:
                changed = True
                self._tell_replacement(place, replacement)
            self._malformed = False
            # The broker may tell the end of an old connection after the start of the new one.
            self.link.online = True
        if assigned:
            self._tell_waiting()
        if unconfirmed:
            self.link.ask_again()
        told = revived and self._tell_availability()
        if changed and not told:
            self.async_update_listeners()

    def _tell_waiting(self) -> None:
        """Tell those who have asked for values that they are there."""
        for answer in self._waiting:
            if not answer.done():
                answer.set_result(None)

    def _assign(self, blocks: list[Block]) -> list[tuple[str, Block]]:
        """Return the meters' blocks of a message and their places."""
        prefixes = self._places.prefixes.values()
        return self._places.assign(
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
            if register is not None and register.role is Role.METER_ID:
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

    def _tell_replacement(self, place: str, replacement: Replacement) -> None:
        _LOGGER.info(
            "%s: %s goes on from %s kWh after %s kWh (%s)",
            self.name_of(place),
            replacement.role,
            replacement.now,
            replacement.before,
            replacement.verdict,
        )
        key = self._meters[place].counter_key(replacement.role)
        gaps = [gap for gap in self.counters.gaps if gap.key == key and not gap.goes_on]
        self.notices.tell_replacement(
            place, self.name_of(place), replacement, gaps[-1] if gaps else None
        )
        for listener in self._replacement_listeners:
            listener(place, replacement)
        self.counters.schedule_save()

    @callback
    def async_answer(
        self, place: str, answer: Answer, counted: Mapping[str, float] | None = None
    ) -> None:
        """Keep what the user says of a counter that went on from another reading.

        `counted` are the kWh, by role, that both meters have counted in between.
        """
        for gap in self.notices.answer(place, answer, counted):
            self.counters.add_gap(gap)
        self.counters.notes = self._notes()
        self.counters.schedule_save()

    def _tell_availability(self) -> bool:
        """Tell the entities when registers go or come back; return whether they were told."""
        now = dt_util.utcnow().timestamp()
        available = frozenset(
            (place, role)
            for place, meter in self._meters.items()
            for role in meter.values
            if self.link.online and self.link.connected and meter.is_fresh(role, now)
        )
        if available == self._available:
            return False
        before, self._available = self._available, available
        if self._was_heard and bool(before) != bool(available):
            _LOGGER.info("%s is %s", self.name, "available again" if available else "unavailable")
        self._was_heard |= bool(available)
        self.async_update_listeners()
        return True

    def _update_device(self, place: str) -> None:
        """Tell the device registry what is known of a meter and its head."""
        meter = self._meters[place]
        prefix = self._places.prefixes.get(place, "").strip()
        if meter.number is not None:
            self._places.note_number(place, meter.number.number)
        number, head = meter.number, self.link.info
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            identifiers={(DOMAIN, self.identifier(place))},
            name=self.name_of(place),
            manufacturer=(number and number.manufacturer) or meter.maker,
            # Scripts name the block after the meter, or "SML", "Strom", "Home" ...
            model=prefix if re.search(r"\d", prefix) else None,
            serial_number=number.number if number else None,
            sw_version=head.version,
            configuration_url=f"http://{head.address}" if head.address else None,
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
        for place, meter in self._meters.items():
            silent_since = max(meter.heard or 0.0, self._listening_since)
            silent = (
                self.link.online
                and self.link.connected
                and now - silent_since >= STALE_AFTER
                and now - self.link.heard < STALE_AFTER
            )
            troubles: set[str] = {*meter.troubles, METER_SILENT} if silent else {*meter.troubles}
            self.notices.tell_troubles(place, self.name_of(place), troubles)
        notes = self._notes()
        if notes != self.counters.notes:
            self.counters.notes = notes
            self.counters.schedule_save()
