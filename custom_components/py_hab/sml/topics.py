"""The topics of a Tasmota reader, and parsers for what it publishes about itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
import re
from typing import Any, Final, TypeGuard

from ..util.texts import clean_text
from .payload import MalformedMessageError, Payload, load_object

DISCOVERY: Final = "tasmota/discovery"
"""Below this topic, each Tasmota device retains "config" and "sensors" under its MAC address."""
STATUS_FIRMWARE: Final = 2
STATUS_NETWORK: Final = 5
STATUS_SENSORS: Final = 10

_FORBIDDEN: Final = re.compile(r"[#+\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Wildcards, control characters and surrogates."""
_DEFAULT_PREFIXES: Final = ("cmnd", "stat", "tele")


class InvalidTopicError(ValueError):
    """A text is not a valid topic of a reader."""


@dataclass(frozen=True, slots=True)
class ReaderTopics:
    """The topics of one reader."""

    sensor: str
    """The topic of its readings."""
    command: str | None = None
    """The topic for the command STATUS, None if unknown."""
    answer: str | None = None
    """The start of the topics of its answers, for example "stat/tasmota_9282F4"."""

    @property
    def availability(self) -> str:
        """The topic of the retained last will (LWT), "Online" or "Offline"."""
        return f"{self._base}LWT"

    @property
    def state(self) -> str:
        """The topic of the state of the reader, which includes its uptime."""
        return f"{self._base}STATE"

    @property
    def _base(self) -> str:
        return self.sensor[: self.sensor.rfind("/") + 1]

    def status(self, number: int) -> str | None:
        """Return the topic of the answer to STATUS `number`, None if the command topic is unknown."""
        return f"{self.answer}/STATUS{number}" if self.command and self.answer else None


def reader_topics(
    sensor_topic: str, *, command: str | None = None, answer: str | None = None
) -> ReaderTopics:
    """Return the topics that belong to a SENSOR topic such as "tele/tasmota_9282F4/SENSOR".

    The level "tele" can be at any position, because users can change Tasmota's FullTopic. A reader
    with other prefixes publishes its command and answer topics in its discovery message. Raises
    InvalidTopicError for wildcards, empty levels and characters that MQTT forbids.
    """
    topic = sensor_topic.strip()
    for each in filter(None, (topic or "/", command, answer)):
        _check(each)
    if command and answer:
        return ReaderTopics(topic, command, answer)
    base = topic.split("/")[:-1]
    if "tele" not in base:
        return ReaderTopics(topic)
    at = base.index("tele")
    return ReaderTopics(
        topic,
        "/".join([*base[:at], "cmnd", *base[at + 1 :], "STATUS"]),
        "/".join([*base[:at], "stat", *base[at + 1 :]]),
    )


def _check(topic: str) -> None:
    """Raise InvalidTopicError if a text cannot be published or subscribed to."""
    levels = topic.split("/")
    # A FullTopic may start with a slash.
    if not all(levels[1:]) or not levels[-1] or _FORBIDDEN.search(topic):
        raise InvalidTopicError(topic)
    if len(topic.encode()) > 65535:
        raise InvalidTopicError(topic)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderInfo:
    """What a reader publishes about itself. Unknown values are None or empty."""

    mac: str | None = None
    """Twelve hex digits, upper case."""
    address: str | None = None
    """IPv4."""
    version: str | None = None
    """The version of Tasmota."""
    name: str = ""
    topics: ReaderTopics | None = None
    offline: str = "Offline"
    """The payload of the last will when the reader is offline. Users can change it."""


def parse_status(payload: Payload) -> ReaderInfo:
    """Parse the answer to STATUS 2 or 5. Raises MalformedMessageError."""
    message = load_object(payload)
    network, firmware = (_section(message, key) for key in ("StatusNET", "StatusFWR"))
    return ReaderInfo(
        mac=_mac(network.get("Mac")),
        address=_address(network.get("IPAddress")),
        version=clean_text(_text(firmware.get("Version"))) or None,
    )


def parse_discovery(payload: Payload) -> ReaderInfo:
    """Parse a `tasmota/discovery/<MAC>/config` message. Raises MalformedMessageError."""
    config = load_object(payload)
    return ReaderInfo(
        mac=_mac(config.get("mac")),
        address=_address(config.get("ip")),
        version=clean_text(_text(config.get("sw"))) or None,
        name=clean_text(_text(config.get("dn"))) or clean_text(_text(config.get("hn"))),
        topics=_discovered_topics(config),
        offline=_text(config.get("ofln")) or "Offline",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderState:
    """What a reader publishes about its state. Unknown values are None."""

    uptime: timedelta | None = None
    signal_strength: int | None = None
    """Wi-Fi, in dBm."""


def parse_state(payload: Payload) -> ReaderState:
    """Parse the STATE of a reader. One that is malformed contains nothing."""
    try:
        state = load_object(payload)
    except MalformedMessageError:
        return ReaderState()
    uptime, signal = state.get("UptimeSec"), _section(state, "Wifi").get("Signal")
    return ReaderState(
        uptime=timedelta(seconds=uptime) if _is_within(uptime, 0, 2**32 - 1) else None,
        signal_strength=signal if _is_within(signal, -120, 0) else None,
    )


def _is_within(value: object, lowest: int, highest: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _discovered_topics(config: Mapping[str, Any]) -> ReaderTopics | None:
    """Return the topics from FullTopic, its tokens and the prefixes, None if one is missing."""
    full_topic, topic, words = config.get("ft"), config.get("t"), config.get("tp")
    if not (isinstance(full_topic, str) and isinstance(topic, str) and isinstance(words, list)):
        return None
    tokens = {
        "%topic%": topic,
        "%hostname%": _text(config.get("hn")),
        "%id%": _text(config.get("mac"))[-6:],
    }
    for token, text in tokens.items():
        full_topic = full_topic.replace(token, text)
    full_topic = full_topic.rstrip("/")
    prefixes = [_text(word) for word in words[:3]]
    if len(prefixes) < len(_DEFAULT_PREFIXES) or not all(prefixes):
        prefixes = list(_DEFAULT_PREFIXES)
    command, answer, telemetry = (full_topic.replace("%prefix%", word) for word in prefixes)
    try:
        if command == telemetry:
            # Without a prefix, answers and commands cannot be distinguished.
            return reader_topics(f"{telemetry}/SENSOR")
        return reader_topics(f"{telemetry}/SENSOR", command=f"{command}/STATUS", answer=answer)
    except InvalidTopicError:
        return None


def _section(message: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = message.get(key)
    return section if isinstance(section, dict) else {}


def _text(value: object) -> str:
    return value.strip()[:80] if isinstance(value, str) else ""


def _mac(value: object) -> str | None:
    """Return a MAC address, None if it is invalid or all zero (an unused network interface)."""
    mac = re.sub(r"[^0-9A-F]", "", _text(value).upper())
    return mac if len(mac) == 12 and mac.strip("0") else None


def _address(value: object) -> str | None:
    """Return an IPv4 address, None if it is invalid or 0.0.0.0."""
    try:
        address = IPv4Address(_text(value))
    except ValueError:
        return None
    return None if address.is_unspecified else str(address)
