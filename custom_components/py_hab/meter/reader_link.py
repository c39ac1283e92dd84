"""The link to one Tasmota head over MQTT: whether it is there, what it is, how it is asked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
import logging
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..const import CONF_ANSWER_TOPIC, CONF_COMMAND_TOPIC, CONF_TOPIC
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

REPEAT_AFTER: Final = 5.0
"""Seconds."""
MAX_REPEATS: Final = 3
"""So often a head is asked again because a counter wants to be confirmed."""


class ReaderLink:
    """Listens to the head of an entry, and asks it.

    `reading_received` gets every message with readings, but for those that the broker has
    remembered: nobody knows how old they are. `changed` is called when head or broker come or go,
    `restarted` when the head has started anew, `introduced` when it has told who it is.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        *,
        reading_received: Callable[[ReceiveMessage], None],
        changed: Callable[[], object],
        restarted: Callable[[], None],
        introduced: Callable[[], None],
    ) -> None:
        """Prepare for the head of an entry; nothing is subscribed yet."""
        self._hass = hass
        self._entry = entry
        self._reading_received = reading_received
        self._changed = changed
        self._restarted = restarted
        self._introduced = introduced
        self.topics = reader_topics(
            entry.data[CONF_TOPIC],
            command=entry.data.get(CONF_COMMAND_TOPIC),
            answer=entry.data.get(CONF_ANSWER_TOPIC),
        )
        self.info = ReaderInfo()
        self.online = True
        """Whether the head is there, as the broker or the head itself has told last."""
        self.connected = False
        """Whether the broker is there."""
        self.heard = 0.0
        """When the head has published anything, in unix time."""
        self._asked = 0.0
        self._uptime = 0.0
        self._repeats = 0
        self._cancel_repeat: CALLBACK_TYPE | None = None

    async def async_listen(self) -> None:
        """Subscribe until the entry is unloaded, and ask the head for everything it knows."""
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

    def ask_at_most_every(self, seconds: float) -> None:
        """Ask for all values, unless that was done not so long ago."""
        if dt_util.utcnow().timestamp() - self._asked >= seconds:
            self._ask(STATUS_SENSORS)

    def ask_again(self) -> None:
        """Ask once more when the head has had time for another telegram of its meter."""
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
        """Ask the head for all values, and who it is."""
        self._repeats = 0
        for number in (STATUS_SENSORS, STATUS_FIRMWARE, STATUS_NETWORK):
            self._ask(number)

    def _ask(self, number: int) -> None:
        from homeassistant.components import mqtt

        self._asked = dt_util.utcnow().timestamp()
        if self.topics.command and mqtt.is_connected(self._hass):
            self._entry.async_create_task(
                self._hass,
                mqtt.async_publish(self._hass, self.topics.command, str(number), 0, False),
            )

    # What it receives

    @callback
    def _async_reading_received(self, message: ReceiveMessage) -> None:
        if not message.retain:
            self.heard = dt_util.utcnow().timestamp()
            self._reading_received(message)

    @callback
    def _async_connection_changed(self, connected: bool) -> None:
        self.connected = connected
        self._changed()

    @callback
    def _async_availability_received(self, message: ReceiveMessage) -> None:
        online = message.payload != self.info.offline
        if online and not self.online:
            self._handle_restart()
        self.online = online
        self._changed()

    @callback
    def _async_state_received(self, message: ReceiveMessage) -> None:
        """Note that the head lives; an uptime that falls is that of a head which has started."""
        if message.retain:
            return
        self.heard = dt_util.utcnow().timestamp()
        uptime = parse_uptime(message.payload)
        if uptime is not None:
            if uptime < self._uptime:
                self._handle_restart()
            self._uptime = uptime

    def _handle_restart(self) -> None:
        self._repeats = 0
        self._restarted()

    @callback
    def _async_status_received(self, message: ReceiveMessage) -> None:
        try:
            told = parse_status(message.payload)
        except MalformedMessageError as err:
            _LOGGER.debug("Unreadable status: %s: %s", err, message.payload)
            return
        self._know(
            replace(
                self.info,
                # "15.5.0(tasmota)", where the discovery message has "15.5.0".
                version=(told.version or "").partition("(")[0] or self.info.version,
                address=told.address or self.info.address,
            )
        )

    @callback
    def _async_discovery_received(self, message: ReceiveMessage) -> None:
        """Follow the head: its discovery message tells topics, version and address."""
        try:
            told = parse_discovery(message.payload)
        except MalformedMessageError as err:
            # Empty where discovery was switched off.
            _LOGGER.debug("Unreadable discovery: %s: %s", err, message.payload)
            return
        self._know(told)
        if told.topics is None or told.topics == self.topics:
            return
        topics = {
            CONF_TOPIC: told.topics.sensor,
            CONF_COMMAND_TOPIC: told.topics.command,
            CONF_ANSWER_TOPIC: told.topics.answer,
        }
        config_entries = self._hass.config_entries
        if config_entries.async_update_entry(self._entry, data={**self._entry.data, **topics}):
            _LOGGER.info("%s publishes on other topics now", self._entry.title)
            config_entries.async_schedule_reload(self._entry.entry_id)

    def _know(self, info: ReaderInfo) -> None:
        if info != self.info:
            self.info = info
            self._introduced()
