"""The link to one Tasmota reader over MQTT: whether it is there, what it is, how it is asked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..const import CONF_ANSWER_TOPIC, CONF_COMMAND_TOPIC, CONF_TOPIC
from ..entry import AnyConfigEntry
from ..sml.payload import MalformedMessageError
from ..sml.topics import (
    DISCOVERY,
    STATUS_FIRMWARE,
    STATUS_NETWORK,
    STATUS_SENSORS,
    ReaderInfo,
    parse_discovery,
    parse_status,
    parse_uptime,
    reader_topics,
)

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

_LOGGER = logging.getLogger(__name__)

REPEAT_AFTER: Final = timedelta(seconds=5)
MAX_REPEATS: Final = 3
"""How often a reader is asked again because a counter waits for confirmation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderListener:
    """Whom a link calls."""

    reading_received: Callable[[ReceiveMessage], None]
    """With every message that holds readings, except retained ones: their age is unknown."""
    availability_changed: Callable[[], object]
    """When the reader or the broker comes or goes."""
    restarted: Callable[[], None]
    """When the reader has restarted."""
    info_changed: Callable[[], None]
    """When the reader has published something new about itself."""


class ReaderLink:
    """Listens to the reader of an entry, and asks it."""

    def __init__(
        self, hass: HomeAssistant, entry: AnyConfigEntry, listener: ReaderListener
    ) -> None:
        """Prepare for the reader of an entry; nothing is subscribed yet."""
        self._hass = hass
        self._entry = entry
        self._listener = listener
        self.topics = reader_topics(
            entry.data[CONF_TOPIC],
            command=entry.data.get(CONF_COMMAND_TOPIC),
            answer=entry.data.get(CONF_ANSWER_TOPIC),
        )
        self.info = ReaderInfo()
        self.online = True
        """Whether the reader is there, by its last will or a later message."""
        self.connected = False
        """Whether the broker is there."""
        self.last_seen: datetime | None = None
        """When the reader last published anything."""
        self._asked: datetime | None = None
        self._uptime = timedelta()
        self._repeats = 0
        self._cancel_repeat: CALLBACK_TYPE | None = None

    @property
    def is_available(self) -> bool:
        """Whether the broker and the reader are there."""
        return self.online and self.connected

    async def async_listen(self) -> None:
        """Subscribe until the entry is unloaded, and ask the reader for everything it knows."""
        from homeassistant.components import mqtt

        unload = self._entry.async_on_unload
        unload(self._do_not_ask_again)
        handlers = {
            self.topics.availability: self._async_availability_received,
            self.topics.sensor: self._async_reading_received,
            self.topics.state: self._async_state_received,
        }
        for number in (STATUS_FIRMWARE, STATUS_NETWORK):
            if answer := self.topics.status(number):
                handlers[answer] = self._async_status_received
        if answer := self.topics.status(STATUS_SENSORS):
            handlers[answer] = self._async_reading_received
            # Fires again whenever the broker has been away: values are fresh within a second.
            unload(mqtt.async_on_subscribe_done(self._hass, answer, 0, self._async_introduce))
        if self._entry.unique_id:
            mac = self._entry.unique_id.replace(":", "").upper()
            handlers[f"{DISCOVERY}/{mac}/config"] = self._async_discovery_received
        for topic, handler in handlers.items():
            unload(await mqtt.async_subscribe(self._hass, topic, handler))
        self.connected = mqtt.is_connected(self._hass)
        unload(mqtt.async_subscribe_connection_status(self._hass, self._async_connection_changed))

    # What it sends

    def ask(self, *, unless_within: timedelta = timedelta()) -> None:
        """Ask for all values, unless the reader was asked within a time."""
        if self._asked is None or dt_util.utcnow() - self._asked >= unless_within:
            self._ask(STATUS_SENSORS)

    def ask_again(self) -> None:
        """Ask once more when the reader has had time for another telegram of its meter."""
        if self._cancel_repeat is not None or self._repeats >= MAX_REPEATS:
            return
        self._repeats += 1

        @callback
        def ask(_now: datetime) -> None:
            self._cancel_repeat = None
            self._ask(STATUS_SENSORS)

        self._cancel_repeat = async_call_later(self._hass, REPEAT_AFTER, ask)

    @callback
    def _do_not_ask_again(self) -> None:
        if self._cancel_repeat is not None:
            self._cancel_repeat()

    @callback
    def _async_introduce(self) -> None:
        """Ask the reader for all values, and about itself."""
        self._repeats = 0
        for number in (STATUS_SENSORS, STATUS_FIRMWARE, STATUS_NETWORK):
            self._ask(number)

    def _ask(self, number: int) -> None:
        from homeassistant.components import mqtt

        self._asked = dt_util.utcnow()
        if self.topics.command and mqtt.is_connected(self._hass):
            self._entry.async_create_task(
                self._hass,
                mqtt.async_publish(self._hass, self.topics.command, str(number), 0, False),
            )

    # What it receives

    @callback
    def _async_reading_received(self, message: ReceiveMessage) -> None:
        if not message.retain:
            self.last_seen = dt_util.utcnow()
            self._listener.reading_received(message)

    @callback
    def _async_connection_changed(self, connected: bool) -> None:
        self.connected = connected
        self._listener.availability_changed()

    @callback
    def _async_availability_received(self, message: ReceiveMessage) -> None:
        online = message.payload != self.info.offline
        if online and not self.online:
            self._handle_restart()
        self.online = online
        self._listener.availability_changed()

    @callback
    def _async_state_received(self, message: ReceiveMessage) -> None:
        """Note that the reader is alive; an uptime that falls shows that it has restarted."""
        if message.retain:
            return
        self.last_seen = dt_util.utcnow()
        uptime = parse_uptime(message.payload)
        if uptime is not None:
            if uptime < self._uptime:
                self._handle_restart()
            self._uptime = uptime

    def _handle_restart(self) -> None:
        self._repeats = 0
        self._listener.restarted()

    @callback
    def _async_status_received(self, message: ReceiveMessage) -> None:
        try:
            published = parse_status(message.payload)
        except MalformedMessageError as err:
            _LOGGER.debug("Unreadable status: %s: %s", err, message.payload)
            return
        self._update_info(
            replace(
                self.info,
                # "15.5.0(tasmota)", where the discovery message has "15.5.0".
                version=(published.version or "").partition("(")[0] or self.info.version,
                address=published.address or self.info.address,
            )
        )

    @callback
    def _async_discovery_received(self, message: ReceiveMessage) -> None:
        """Follow the reader: its discovery message holds topics, version and address."""
        try:
            published = parse_discovery(message.payload)
        except MalformedMessageError as err:
            # Empty where discovery was switched off.
            _LOGGER.debug("Unreadable discovery: %s: %s", err, message.payload)
            return
        self._update_info(published)
        if published.topics is None or published.topics == self.topics:
            return
        topics = {
            CONF_TOPIC: published.topics.sensor,
            CONF_COMMAND_TOPIC: published.topics.command,
            CONF_ANSWER_TOPIC: published.topics.answer,
        }
        config_entries = self._hass.config_entries
        if config_entries.async_update_entry(self._entry, data={**self._entry.data, **topics}):
            _LOGGER.info("%s publishes on other topics now", self._entry.title)
            config_entries.async_schedule_reload(self._entry.entry_id)

    def _update_info(self, info: ReaderInfo) -> None:
        if info != self.info:
            self.info = info
            self._listener.info_changed()
