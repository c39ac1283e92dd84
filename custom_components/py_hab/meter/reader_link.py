"""The MQTT link to a Tasmota reader: its topics, its messages, and what it reports of itself."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
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
    ReaderTopics,
    parse_discovery,
    parse_state,
    parse_status,
    reader_topics,
)
from ..util.texts import clean_text, excerpt
from .commands import ReaderCommands
from .identities import ReaderIdentities
from .presence import ReaderPresence
from .sleep_pattern import DEEP_SLEEP

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

_LOGGER = logging.getLogger(__name__)

FOLLOW_AFTER: Final = timedelta(minutes=5)
"""After this time without a message, a retained announcement of other topics is followed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderListener:
    """The callbacks of a link."""

    reading_received: Callable[[ReceiveMessage], None]
    """Called with each message that contains readings, except retained ones: their age is unknown."""
    availability_changed: Callable[[], object]
    """Called when the reader or the broker may have come online or gone offline."""
    restarted: Callable[[], None]
    """Called when the reader has restarted."""
    info_changed: Callable[[], None]
    """Called when `info` has changed, or the signal strength has become known."""


class ReaderLink:
    """Subscribes to the topics of an entry's reader."""

    def __init__(
        self, hass: HomeAssistant, entry: AnyConfigEntry, listener: ReaderListener
    ) -> None:
        """Initialize for the reader of an entry, without subscribing to topics."""
        self._hass = hass
        self._entry = entry
        self._listener = listener
        self.topics = reader_topics(
            entry.data[CONF_TOPIC],
            command=entry.data.get(CONF_COMMAND_TOPIC),
            answer=entry.data.get(CONF_ANSWER_TOPIC),
        )
        self.commands = ReaderCommands(hass, entry, self.topics.command)
        self.info = ReaderInfo()
        self.identities = ReaderIdentities()
        self.presence = ReaderPresence()
        self.signal_strength: int | None = None
        """Wi-Fi, in dBm; None before the reader has published it."""
        self._uptime = timedelta()
        self._announced: ReaderTopics | None = None
        """Other topics in a retained announcement, which may be of an earlier time."""

    async def async_listen(self) -> None:
        """Subscribe until the entry is unloaded, and ask the reader for all its values."""
        from homeassistant.components import mqtt

        unload = self._entry.async_on_unload
        unload(self.commands.async_cancel)
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
            # Called again after each reconnection of the broker, so that values are fresh at once.
            introduce = self.commands.async_introduce
            unload(mqtt.async_on_subscribe_done(self._hass, answer, 0, introduce))
        if self._entry.unique_id:
            mac = self._entry.unique_id.replace(":", "").upper()
            handlers[f"{DISCOVERY}/{mac}/config"] = self._async_discovery_received
        for topic, handler in handlers.items():
            unload(await mqtt.async_subscribe(self._hass, topic, handler))
        self.presence.connected = mqtt.is_connected(self._hass)
        unload(mqtt.async_subscribe_connection_status(self._hass, self._async_connection_changed))

    # Messages

    @callback
    def _async_reading_received(self, message: ReceiveMessage) -> None:
        if not message.retain:
            self.presence.see_readings(dt_util.utcnow())
            self._listener.reading_received(message)

    @callback
    def _async_connection_changed(self, connected: bool) -> None:
        self.presence.connected = connected
        self._listener.availability_changed()

    @callback
    def _async_availability_received(self, message: ReceiveMessage) -> None:
        now = dt_util.utcnow()
        if message.payload in {self.info.offline, DEEP_SLEEP}:
            self.presence.leave(now, says_so=message.payload == DEEP_SLEEP)
        elif self.presence.come_online(now):
            self._handle_restart()
        self._listener.availability_changed()

    @callback
    def _async_state_received(self, message: ReceiveMessage) -> None:
        """Process the state of the reader. A lower uptime shows that it has restarted."""
        if message.retain:
            return
        self.presence.see(dt_util.utcnow())
        state = parse_state(message.payload)
        is_first = self.signal_strength is None and state.signal_strength is not None
        self.signal_strength = state.signal_strength
        if is_first:
            self._listener.info_changed()
        if state.uptime is not None:
            if state.uptime < self._uptime:
                self._handle_restart()
            self._uptime = state.uptime

    def _handle_restart(self) -> None:
        self.commands.allow_repeats()
        if self.presence.sleeps_regularly:
            # There may be no second reading before it sleeps again.
            return
        # The uptime also falls if a second reader publishes on the same topics.
        self.commands.ask_identity()
        self._listener.restarted()

    @callback
    def _async_status_received(self, message: ReceiveMessage) -> None:
        try:
            published = parse_status(message.payload)
        except MalformedMessageError as err:
            _LOGGER.debug("Unreadable status: %s: %s", err, excerpt(message.payload))
            return
        self.identities.see(published, dt_util.utcnow())
        self._update_info(
            replace(
                self.info,
                # "15.5.0(tasmota)"; the discovery message contains "15.5.0".
                version=(published.version or "").partition("(")[0] or self.info.version,
                address=published.address or self.info.address,
            )
        )

    @callback
    def _async_discovery_received(self, message: ReceiveMessage) -> None:
        """Process the discovery message, and use the topics that it contains."""
        try:
            published = parse_discovery(message.payload)
        except MalformedMessageError as err:
            # The message is empty if discovery was switched off.
            _LOGGER.debug("Unreadable discovery: %s: %s", err, excerpt(message.payload))
            return
        self._update_info(published)
        self._announced = None if published.topics == self.topics else published.topics
        if not message.retain:
            self._follow()

    @callback
    def follow_if_silent(self, now: datetime) -> None:
        """Use the topics of a retained announcement if nothing is received on the known ones."""
        if self.presence.silent_for(now) >= FOLLOW_AFTER:
            self._follow()

    def _follow(self) -> None:
        """Use the announced topics from now on."""
        if self._announced is None:
            return
        topics = {
            CONF_TOPIC: self._announced.sensor,
            CONF_COMMAND_TOPIC: self._announced.command,
            CONF_ANSWER_TOPIC: self._announced.answer,
        }
        config_entries = self._hass.config_entries
        if config_entries.async_update_entry(self._entry, data={**self._entry.data, **topics}):
            _LOGGER.info("%s publishes on other topics now", clean_text(self._entry.title))
            config_entries.async_schedule_reload(self._entry.entry_id)

    def _update_info(self, info: ReaderInfo) -> None:
        if info != self.info:
            self.info = info
            self._listener.info_changed()
