"""What a Tasmota SML reader publishes: topics, and payloads as blocks of fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
import json
import math
import re
from typing import Any, Final

from .key_names import register_of
from .registers import COUNTERS, LARGEST, KeyMapping, Quantity

DEFAULT_TELE_PERIOD: Final = timedelta(seconds=300)
"""How often Tasmota publishes SENSOR unless told otherwise."""
MAX_PAYLOAD: Final = 64 * 1024
"""Bytes; Tasmota's own limit for a message is far below."""
_DRIVER: Final = re.compile(
    r"(?i:ADS1115|AHT\d+|ANALOG|BH1750|BME\d+|BMP\d+|BUTTON|CCS811|CONTROL|COUNTER|DHT\d+|"
    r"DS18\w+|ENERGY|ESP32|HTU21|INA\d+|LM75AD|MCP\d+|MLX90614|SCD\d+|SHT\w+|SI70\d+|SWITCH|"
    r"TIMERS|VL53\w+|WIFI)(?:[-_]\w+)?"
)
"""Objects beside the meter's: Tasmota's own drivers, numbered where there are several."""
_SERVER_FIELDS: Final = frozenset({"sub_entity", "amount"})
"""What the old py_hab server publishes on the topics of readers, under names of its own."""
METER_QUANTITIES: Final = COUNTERS | {
    Quantity.POWER,
    Quantity.POWER_ABSOLUTE,
    Quantity.POWER_IMPORT,
    Quantity.POWER_EXPORT,
}
"""Registers that tell an electricity meter from any other sensor."""


type Payload = str | bytes | bytearray


class MalformedMessageError(Exception):
    """A payload is not the JSON object that Tasmota sends."""


@dataclass(kw_only=True, slots=True)
class Block:
    """One object of a message: what it says of one meter, or of something else."""

    prefix: str
    """Name of the object; may be empty."""
    fields: Mapping[str, object]
    """What was published, by key."""
    is_status_reply: bool = False
    """Whether it is an answer to STATUS."""

    @property
    def is_whole(self) -> bool:
        """Whether this is all that the reader knows: an immediate message holds one key only."""
        return self.is_status_reply or len(self.fields) > 1

    def numbers(self) -> dict[str, float]:
        """Return the fields that are numbers to reckon with."""
        numbers = {key: number_in(value) for key, value in self.fields.items()}
        return {key: number for key, number in numbers.items() if is_finite(number)}


def number_in(value: object) -> float:
    """Return a published number, NaN for what is none, or none that a meter can show."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) < LARGEST else math.nan


def load_object(payload: Payload) -> dict[str, Any]:
    """Return the JSON object of a message. Raises MalformedMessageError."""
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
    """Return the objects of a SENSOR message or an answer to STATUS 10 that may be meters'.

    An immediate message holds one object with a single key. Raises MalformedMessageError.
    """
    message = load_object(payload)
    # The answer to STATUS 8 or 10 holds the same object one level deeper.
    inner = message.get("StatusSNS", message)
    return [
        Block(prefix=prefix, fields=fields, is_status_reply=inner is not message)
        for prefix, fields in (inner.items() if isinstance(inner, dict) else ())
        if isinstance(fields, dict)
        and not _is_driver(prefix)
        and not fields.keys() >= _SERVER_FIELDS
    ]


@lru_cache(maxsize=256)
def _is_driver(prefix: str) -> bool:
    """Whether an object is that of one of Tasmota's own drivers."""
    return _DRIVER.fullmatch(prefix) is not None


def meter_blocks(payload: Payload, knows: Callable[[str], KeyMapping | None]) -> list[Block]:
    """Return the objects of a message that are a meter's: they hold a register that tells one.

    Raises MalformedMessageError.
    """
    return [block for block in parse_message(payload) if is_meter(block, knows)]


def is_meter(block: Block, knows: Callable[[str], KeyMapping | None]) -> bool:
    """Whether a block holds energy, power or the number of a meter; `knows` tells registers."""
    return any(
        register is not None and register.quantity in METER_QUANTITIES
        for register in map(knows, block.fields)
    )


def is_finite(value: float) -> bool:
    """Whether a number is one to reckon with; JSON allows NaN, and integers without end."""
    try:
        return math.isfinite(value)
    except OverflowError:
        # An integer of more than 308 digits.
        return False


def discovered_meters(payload: Payload) -> list[Block]:
    """Return the meters in a retained `tasmota/discovery/<MAC>/sensors`.

    Raises MalformedMessageError.
    """
    sensors = load_object(payload).get("sn")
    return meter_blocks(json.dumps(sensors), register_of) if isinstance(sensors, dict) else []


def may_have_meter(payload: Payload) -> bool:
    """Whether a discovery message shows a meter, or no sensor at all: then it may come later.

    A script may keep the meter's block back until the meter was read. Raises
    MalformedMessageError.
    """
    sensors = load_object(payload).get("sn")
    if not isinstance(sensors, dict):
        return False
    return bool(discovered_meters(payload)) or sensors.keys() <= {"Time"}
