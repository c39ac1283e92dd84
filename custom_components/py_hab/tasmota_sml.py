"""What a Tasmota SML reader publishes: topics, and payloads as typed readings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
import json
import math
import re
from typing import Any, Final

from .sml_vocabulary import Role, register_of

DEFAULT_TELE_PERIOD: Final = timedelta(seconds=300)
"""How often Tasmota publishes SENSOR unless told otherwise."""
MAX_PAYLOAD: Final = 64 * 1024
"""Bytes; Tasmota's own limit for a message is far below."""
_DRIVERS: Final = frozenset(
    {
        "ANALOG",
        "BME280",
        "COUNTER",
        "DHT11",
        "DS18B20",
        "ENERGY",
        "ESP32",
        "HKR",
        "HTU21",
        "SHT3X",
        "SI7021",
        "STATUSSNS",
        "SWITCH",
        "BUTTON",
        "CONTROL",
    }
)
"""Objects beside the meter's: Tasmota's own drivers, and what the old py_hab server publishes."""


_FORBIDDEN: Final = re.compile(r"[#+\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Wildcards, control characters and halves of characters."""


type Payload = str | bytes | bytearray


class MalformedMessageError(Exception):
    """A payload is not the JSON object that Tasmota sends."""


class InvalidTopicError(ValueError):
    """A text is not a topic that a reader publishes on."""


@dataclass(frozen=True, slots=True)
class ReaderTopics:
    """The topics of one reader, derived from its SENSOR topic."""

    sensor: str
    availability: str
    """LWT: retained "Online" or "Offline"."""
    command: str | None
    """Where commands go, None if the topic has no level "tele" to replace."""
    status: Mapping[int, str]
    """Where the answers to STATUS 5 and 10 arrive; empty without `command`."""


def reader_topics(sensor_topic: str) -> ReaderTopics:
    """Return the topics that belong to a SENSOR topic such as "tele/tasmota_9282F4/SENSOR".

    The level "tele" may stand anywhere (Tasmota's FullTopic is free). Raises
    InvalidTopicError for wildcards, empty levels and characters that MQTT forbids.
    """
    topic = sensor_topic.strip()
    levels = topic.split("/")
    if not all(levels) or _FORBIDDEN.search(topic) or len(topic.encode()) > 65535:
        raise InvalidTopicError(sensor_topic)
    base = levels[:-1]
    availability = "/".join([*base, "LWT"])
    if "tele" not in base:
        return ReaderTopics(topic, availability, None, {})
    at = base.index("tele")
    command = "/".join([*base[:at], "cmnd", *base[at + 1 :], "STATUS"])
    answer = "/".join([*base[:at], "stat", *base[at + 1 :]])
    return ReaderTopics(
        topic, availability, command, {number: f"{answer}/STATUS{number}" for number in (5, 10)}
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one message says of one meter."""

    prefix: str
    """Name of the meter's object in the message; may be empty."""
    values: Mapping[Role, float]
    """kWh or W; only what the message holds."""
    keys: Mapping[Role, str]
    """Under which key each value was published."""
    meter_id: str | None
    unknown: Mapping[str, str]
    """Keys that mean nothing to us, and their values as text."""
    unread: tuple[tuple[str, str], ...] = ()
    """(key, reason) of known keys without a number to believe."""


def _load(payload: Payload) -> dict[str, Any]:
    if len(payload) > MAX_PAYLOAD:
        raise MalformedMessageError("too large")
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as err:
        raise MalformedMessageError(f"not JSON: {type(err).__name__}") from err
    if not isinstance(message, dict):
        raise MalformedMessageError("not an object")
    # The answer to STATUS 10 holds the same object one level deeper.
    inner = message.get("StatusSNS", message)
    return inner if isinstance(inner, dict) else {}


def parse_message(payload: Payload) -> list[Reading]:
    """Return the readings of a SENSOR message or an answer to STATUS 10, one for each meter.

    An immediate message holds a single key; a message of other sensors gives an empty list.
    Raises MalformedMessageError.
    """
    readings = (
        _reading(prefix, block)
        for prefix, block in _load(payload).items()
        if isinstance(block, dict) and prefix.upper() not in _DRIVERS
    )
    return [reading for reading in readings if reading.values or reading.unread]


def _reading(prefix: str, block: Mapping[str, Any]) -> Reading:
    values: dict[Role, float] = {}
    keys: dict[Role, str] = {}
    unknown: dict[str, str] = {}
    unread: list[tuple[str, str]] = []
    meter_id: str | None = None
    for key, value in block.items():
        register = register_of(key)
        if register is None:
            unknown[key] = str(value)[:80]
        elif register.role is Role.METER_ID:
            # 0 and "" stand there until the meter has told its number.
            meter_id = (str(value).strip() if value else "") or meter_id
        elif isinstance(value, bool) or not isinstance(value, int | float):
            unread.append((key, "not a number"))
        elif not _is_finite(value):
            unread.append((key, "not finite"))
        else:
            values[register.role] = float(value) * register.factor
            keys[register.role] = key
    return Reading(
        prefix=prefix,
        values=values,
        keys=keys,
        meter_id=meter_id,
        unknown=unknown,
        unread=tuple(unread),
    )


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        # An integer of more than 308 digits.
        return False


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderIdentity:
    """What tells one reader from another, from Tasmota's answer to STATUS 5."""

    mac: str | None
    """Twelve hex digits, upper case."""
    address: str | None


def parse_identity(payload: Payload) -> ReaderIdentity:
    """Read the answer to STATUS 5. Raises MalformedMessageError."""
    network = _load(payload).get("StatusNET")
    fields = network if isinstance(network, dict) else {}
    mac = re.sub(r"[^0-9A-F]", "", str(fields.get("Mac", "")).upper())
    return ReaderIdentity(
        # All zero where Tasmota has no network of that kind.
        mac=mac if len(mac) == 12 and mac.strip("0") else None,
        address=_address(str(fields.get("IPAddress", ""))),
    )


def _address(text: str) -> str | None:
    """Return an IPv4 address, None for 0.0.0.0 and for what is none."""
    try:
        return None if IPv4Address(text).is_unspecified else text
    except ValueError:
        return None


def discovered_sensor_topic(payload: Payload) -> str | None:
    """Return the SENSOR topic from a retained `tasmota/discovery/<MAC>/config`, if it has one.

    Raises MalformedMessageError.
    """
    config = _load(payload)
    full_topic, topic, prefixes = config.get("ft"), config.get("t"), config.get("tp")
    if not (isinstance(full_topic, str) and isinstance(topic, str) and isinstance(prefixes, list)):
        return None
    tokens = {
        "%prefix%": str(prefixes[2]) if len(prefixes) > 2 else "tele",
        "%topic%": topic,
        "%hostname%": str(config.get("hn", "")),
        "%id%": str(config.get("mac", ""))[-6:],
    }
    for token, text in tokens.items():
        full_topic = full_topic.replace(token, text)
    return f"{full_topic.rstrip('/')}/SENSOR"


def discovered_meters(payload: Payload) -> list[Reading]:
    """Return the meters in a retained `tasmota/discovery/<MAC>/sensors`.

    Raises MalformedMessageError.
    """
    sensors = _load(payload).get("sn")
    return parse_message(json.dumps(sensors)) if isinstance(sensors, dict) else []
