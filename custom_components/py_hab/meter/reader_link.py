"""The MQTT link to a Tasmota reader: its topics, its messages, and what it reports of itself."""

from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
from typing import TYPE_CHECKING

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
    parse_discovery,
    parse_state,
    parse_status,
    reader_topics,
)
from ..util.texts import excerpt
from .announced_topics import AnnouncedTopics
from .commands import ReaderCommands
from .identities import ReaderIdentities
from .presence import ReaderPresence
from .sleep_pattern import DEEP_SLEEP

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

_LOGGER = logging.getLogger(__name__)


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
        self.announced = AnnouncedTopics(hass, entry, self.topics)

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
        """Process the state of the reader, which may show that it has restarted."""
        if message.retain:
            return
        state = parse_state(message.payload)
        has_restarted = self.presence.see_state(dt_util.utcnow(), state.uptime)
        is_first = self.signal_strength is None and state.signal_strength is not None
        self.signal_strength = state.signal_strength
        if is_first:
            self._listener.info_changed()
        if has_restarted:
            self._handle_restart()

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
        self.announced.async_announced(published.topics, is_retained=message.retain)

    def _update_info(self, info: ReaderInfo) -> None:
        if info != self.info:
            self.info = info
            self._listener.info_changed()
