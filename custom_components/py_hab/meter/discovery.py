"""Finds readers that announce themselves, and offers them to the user.

Each Tasmota device retains an announcement below `tasmota/discovery`. Core's MQTT discovery hands a
message to one integration only, and these to core's `tasmota`. So this subscribes on its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
import re
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.setup import async_when_setup
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_TOPIC, DOMAIN
from ..sml.payload import (
    MalformedMessageError,
    Payload,
    discovered_meters,
    may_have_meter,
    meter_blocks,
)
from ..sml.topics import DISCOVERY, ReaderInfo, parse_discovery

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage

CONF_MAC: Final = "mac"
_READER_DISCOVERY: HassKey[ReaderDiscovery] = HassKey(f"{DOMAIN}_reader_discovery")
_ANNOUNCEMENT: Final = re.compile(rf"{DISCOVERY}/([0-9A-F]{{12}})/(config|sensors)")


@callback
def async_start_reader_discovery(hass: HomeAssistant) -> None:
    """Look for readers from now on, until Home Assistant stops."""
    if _READER_DISCOVERY not in hass.data:
        hass.data[_READER_DISCOVERY] = discovery = ReaderDiscovery(hass)
        discovery.async_start()


@callback
def async_announced_reader(hass: HomeAssistant, mac: str) -> ReaderInfo | None:
    """Return what a reader has announced, by its MAC address in upper case, without colons."""
    discovery = hass.data.get(_READER_DISCOVERY)
    return discovery.devices[mac].reader if discovery and mac in discovery.devices else None


@callback
def async_announced_readers(hass: HomeAssistant) -> dict[str, ReaderInfo]:
    """Return the readers with a meter that have announced themselves, by SENSOR topic.

    Some brokers do not repeat retained announcements for a filter that is already subscribed to.
    """
    discovery = hass.data.get(_READER_DISCOVERY)
    return {
        device.topic: device.reader
        for device in (discovery.devices.values() if discovery else ())
        if device.has_meter and device.reader and device.topic
    }


@dataclass(kw_only=True, slots=True)
class _Device:
    """A Tasmota device that has announced itself."""

    reader: ReaderInfo | None = None
    """What it has announced about itself."""
    has_meter: bool = False
    has_no_sensor: bool = False
    """Whether it has announced no sensor at all. It may be a reader that has not read its meter."""
    unsubscribe: Callable[[], None] | None = None
    """Ends listening to its readings; None if nothing listens."""

    @property
    def topic(self) -> str | None:
        """The topic of its readings."""
        return self.reader.topics.sensor if self.reader and self.reader.topics else None

    def update(self, leaf: str, payload: Payload) -> None:
        """Update with an announcement. One that cannot be parsed withdraws the last one.

        The payload is empty if discovery was switched off.
        """
        try:
            if leaf == "config":
                self.reader = parse_discovery(payload)
            else:
                self.has_meter = bool(discovered_meters(payload))
                self.has_no_sensor = not self.has_meter and may_have_meter(payload)
        except MalformedMessageError:
            self.reader, self.has_meter, self.has_no_sensor = None, False, False

    def end_listening(self) -> None:
        """End listening to its readings."""
        if self.unsubscribe is not None:
            self.unsubscribe()
            self.unsubscribe = None


class ReaderDiscovery:
    """Follows the announcements of all Tasmota devices."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without announcements."""
        self._hass = hass
        self._is_subscribed = False
        self.devices: dict[str, _Device] = {}
        """By MAC address."""

    @callback
    def async_start(self) -> None:
        """Listen as soon as there is an MQTT broker."""
        async_when_setup(self._hass, "mqtt", self._async_mqtt_set_up)
        async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed)

    async def _async_mqtt_set_up(self, hass: HomeAssistant, _component: str) -> None:
        from homeassistant.components import mqtt

        mqtt.async_subscribe_connection_status(hass, self._async_connection_changed)
        if hass.config_entries.async_loaded_entries("mqtt"):
            self._async_connection_changed(mqtt.is_connected(hass))

    @callback
    def _async_connection_changed(self, connected: bool) -> None:
        """Subscribe once. MQTT renews the subscription after each reconnection and reload."""
        if connected and not self._is_subscribed:
            self._is_subscribed = True
            self._hass.async_create_task(self._async_subscribe(), f"{DOMAIN} reader discovery")

    async def _async_subscribe(self) -> None:
        from homeassistant.components import mqtt

        # Core's tasmota subscribes to "#". Some brokers do not repeat retained messages for a filter
        # that the client has already subscribed to.
        for leaf in ("config", "sensors"):
            await mqtt.async_subscribe(self._hass, f"{DISCOVERY}/+/{leaf}", self._async_received)

    @callback
    def _async_received(self, message: ReceiveMessage) -> None:
        """Process an announcement."""
        found = _ANNOUNCEMENT.fullmatch(message.topic)
        if found is None:
            return
        mac, leaf = found.groups()
        device = self.devices.setdefault(mac, _Device())
        topic = device.topic
        device.update(leaf, message.payload)
        if device.topic != topic or not device.has_no_sensor:
            device.end_listening()
        if device.has_no_sensor and device.topic and device.unsubscribe is None:
            device.unsubscribe = lambda: None
            self._hass.async_create_task(
                self._async_listen(mac, device.topic), f"{DOMAIN} reader without sensors"
            )
        self._async_offer(mac)

    async def _async_listen(self, mac: str, topic: str) -> None:
        """Listen to the readings of a device that has announced no sensors.

        A script may not publish the block of a meter until it has read it. Lamps and switches publish
        no readings, so listening to them costs nothing.
        """
        from homeassistant.components import mqtt

        device = self.devices[mac]

        @callback
        def received(message: ReceiveMessage) -> None:
            try:
                blocks = meter_blocks(message.payload)
            except MalformedMessageError:
                return
            if blocks:
                device.has_meter, device.has_no_sensor = True, False
                device.end_listening()
                self._async_offer(mac)

        unsubscribe = await mqtt.async_subscribe(self._hass, topic, received)
        if device.unsubscribe is not None and device.topic == topic:
            device.unsubscribe = unsubscribe
        else:
            unsubscribe()

    @callback
    def _async_offer(self, mac: str) -> None:
        """Offer a reader, unless it is set up, ignored or already offered."""
        device, entries = self.devices[mac], self._hass.config_entries
        if not device.has_meter or device.topic is None:
            return
        if entries.async_entry_for_domain_unique_id(DOMAIN, format_mac(mac)) or any(
            entry.data.get(CONF_TOPIC) == device.topic for entry in entries.async_entries(DOMAIN)
        ):
            return
        # With equal data, Home Assistant does not start a second flow while one is open.
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={CONF_MAC: mac},
        )

    @callback
    def _async_entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Offer a reader again whose entry was removed, or that is no longer ignored."""
        if change is not ConfigEntryChange.REMOVED or entry.domain != DOMAIN:
            return
        for mac, device in self.devices.items():
            if format_mac(mac) == entry.unique_id or device.topic == entry.data.get(CONF_TOPIC):
                self._async_offer(mac)
