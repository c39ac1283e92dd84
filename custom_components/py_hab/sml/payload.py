"""Parser for the messages of a Tasmota SML reader."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
import json
import math
import re
from typing import Any, Final

from ..util.texts import clean_text
from .key_names import mappings_of_names
from .meter_evidence import Evidence, evidence_of
from .registers import LARGEST

MAX_PAYLOAD: Final = 64 * 1024
"""Bytes. The limit of Tasmota for a message is much lower."""
_DRIVER: Final = re.compile(
    r"(?i:ADS1115|AHT\d+|ANALOG|BH1750|BME\d+|BMP\d+|BUTTON|CCS811|CONTROL|COUNTER|DHT\d+|"
    r"DS18\w+|ENERGY|ESP32|HTU21|INA\d+|LM75AD|MCP\d+|MLX90614|SCD\d+|SHT\w+|SI70\d+|SWITCH|"
    r"TIMERS|VL53\w+|WIFI)(?:[-_]\w+)?"
)
"""JSON objects of Tasmota's other drivers, with a number if there are several."""
_LEGACY_FIELDS: Final = frozenset({"sub_entity", "amount"})
"""Fields of the objects that the legacy server publishes on the topics of readers."""
_ROOT_FIELDS: Final = frozenset({"time", "tempunit", "pressureunit", "speedunit"})
"""Fields beside the objects of a message, in small letters."""
_SWITCHES: Final = re.compile(r"(?i:switch|button|power)\d*")
"""Fields of Tasmota itself whose values are texts."""
_NUMBER: Final = re.compile(r"\s*[+-]?\d{1,15}(?:[.,]\d{1,15})?\s*", re.ASCII)
"""A number in quotes, with a decimal point or comma and without any other separator."""

type Payload = str | bytes | bytearray


class MalformedMessageError(Exception):
    """A payload is not a JSON object in the form that Tasmota publishes."""


@dataclass(kw_only=True, slots=True)
class Block:
    """One JSON object of a message, of a meter or another sensor."""

    prefix: str
    """The name of the object; may be empty."""
    fields: Mapping[str, object]
    """The published values by key."""
    is_status_reply: bool = False
    """Whether the message is a reply to the command STATUS."""

    @property
    def is_complete(self) -> bool:
        """Whether this contains all keys of the meter: an immediate message contains only one."""
        return self.is_status_reply or len(self.fields) > 1

    def numbers(self) -> dict[str, float]:
        """Return the fields that are finite numbers."""
        numbers = {key: number_in(value) for key, value in self.fields.items()}
        return {key: number for key, number in numbers.items() if is_finite(number)}


def number_in(value: object) -> float:
    """Return a published number, NaN for any other value and for numbers beyond `LARGEST`.

    Some scripts publish numbers in quotes.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value.replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) < LARGEST else math.nan


def load_object(payload: Payload) -> dict[str, Any]:
    """Return the JSON object of a message. Raises MalformedMessageError for any other payload."""
    if len(payload) > MAX_PAYLOAD:
        raise MalformedMessageError("too large")
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as err:
        raise MalformedMessageError(f"not JSON: {type(err).__name__}") from err
    if not isinstance(message, dict):
        raise MalformedMessageError("not an object")
    return message


def parse_message(payload: Payload) -> list[Block]:
    """Return the objects of a SENSOR message, or of a reply to STATUS 10, that may be meters.

    An immediate message contains one object with a single key. Raises MalformedMessageError.
    """
    message = load_object(payload)
    # A reply to STATUS 8 or 10 contains the same object one level deeper.
    inner = message.get("StatusSNS", message)
    if not isinstance(inner, dict):
        return []
    objects = {
        prefix: fields
        for prefix, fields in inner.items()
        if isinstance(fields, dict)
        and not _is_driver(prefix)
        and not fields.keys() >= _LEGACY_FIELDS
    }
    root = _root_of(inner)
    if root and (not objects or _is_meter_only(root, objects)):
        objects = root | objects
    return [
        Block(
            prefix=clean_text(prefix),
            fields=_cleaned(fields),
            is_status_reply=inner is not message,
        )
        for prefix, fields in objects.items()
    ]


def _is_meter_only(
    root: Mapping[str, Mapping[str, object]], objects: Mapping[str, Mapping[str, object]]
) -> bool:
    """Whether fields beside the objects are those of a meter, and no object is one."""
    return all(named_evidence(*block) is Evidence.CERTAIN for block in root.items()) and not any(
        named_evidence(*block) is Evidence.CERTAIN for block in objects.items()
    )


def _cleaned(fields: Mapping[str, object]) -> Mapping[str, object]:
    """Return fields with clean keys. Of two keys that differ in invisible characters only, the first."""
    cleaned: dict[str, object] = {}
    for key, value in fields.items():
        cleaned.setdefault(clean_text(key), value)
    return cleaned


def _root_of(message: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Return a message without objects as the block of a meter, with an empty prefix.

    Some scripts publish their values without a block. Tasmota itself has only switches there.
    """
    fields = {
        key: value
        for key, value in message.items()
        if key.casefold() not in _ROOT_FIELDS and not isinstance(value, dict | list)
    }
    is_of_tasmota = fields.keys() >= _LEGACY_FIELDS or any(
        _SWITCHES.fullmatch(key) and math.isnan(number_in(value)) for key, value in fields.items()
    )
    has_number = any(not math.isnan(number_in(value)) for value in fields.values())
    return {"": fields} if has_number and not is_of_tasmota else {}


@lru_cache(maxsize=256)
def _is_driver(prefix: str) -> bool:
    """Whether an object belongs to one of Tasmota's other drivers."""
    return _DRIVER.fullmatch(prefix) is not None


def meter_blocks(payload: Payload) -> list[Block]:
    """Return the objects of a message that may belong to a meter. Raises MalformedMessageError."""
    return [block for block in parse_message(payload) if is_meter(block)]


def is_meter(block: Block) -> bool:
    """Whether a block may be that of an electricity meter, by its name and keys."""
    return named_evidence(block.prefix, block.fields) is not Evidence.NONE


def named_evidence(prefix: str, keys: Iterable[str]) -> Evidence:
    """Return how certain it is that a block is an electricity meter, by its name and keys."""
    names = list(keys)
    return evidence_of(prefix, names, mappings_of_names(prefix, names).get)


def is_finite(value: float) -> bool:
    """Whether a number is finite as a float. JSON allows NaN, and integers of any length."""
    try:
        return math.isfinite(value)
    except OverflowError:
        # An integer of more than 308 digits.
        return False


def discovered_meters(payload: Payload) -> list[Block]:
    """Return the meters in a retained `tasmota/discovery/<MAC>/sensors` message.

    Raises MalformedMessageError.
    """
    sensors = load_object(payload).get("sn")
    return meter_blocks(json.dumps(sensors)) if isinstance(sensors, dict) else []


def may_have_meter(payload: Payload) -> bool:
    """Whether a discovery message shows a meter, or no sensor at all.

    A script may not publish the block of the meter until the meter has been read. Raises
    MalformedMessageError.
    """
    sensors = load_object(payload).get("sn")
    if not isinstance(sensors, dict):
        return False
    return bool(discovered_meters(payload)) or sensors.keys() <= {"Time"}
