"""First stage of a meter: which quantity each published key means, and its value in our unit."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import math
from typing import Any, Final, Self

from ..records import decode_values, encode
from ..sml.inference import KeyInference
from ..sml.key_names import register_of
from ..sml.meter_id import MeterIdentity
from ..sml.payload import Block, number_in
from ..sml.registers import COUNTERS, QUANTITIES, KeyMapping, Quantity, QuantityKind

MAX_UNKNOWN: Final = 64
"""Keys; no meter has as many registers."""
MAX_UNKNOWN_TEXT: Final = 80
"""Characters kept of an unknown key's value."""
OTHER_UNIT_AFTER: Final = 3
"""Readings in a row beyond the connection's power that prove another unit."""
POWERS: Final = frozenset(quantity for quantity, info in QUANTITIES.items() if info.unit == "W")
_IDENTITIES: Final = frozenset({Quantity.METER_ID, Quantity.MANUFACTURER})


@dataclass(frozen=True, slots=True)
class KeyReading:
    """What one key of a message says, in its quantity's unit; may be NaN or infinite."""

    key: str
    value: float


type Readings = dict[Quantity, list[KeyReading]]
"""The numbers of a message. Some scripts publish a quantity under several keys."""


@dataclass(kw_only=True, slots=True)
class LearnedKeys:
    """What is remembered of a meter's keys over restarts."""

    inferred: dict[str, KeyMapping] = field(default_factory=dict)
    """Units that the values have proven, and whatever earlier versions have adopted."""
    absolute_power: bool = False
    """Whether the power is published without its sign."""
    keys: dict[Quantity, str] = field(default_factory=dict)
    """Under which key each quantity was published."""

    @classmethod
    def from_stored(cls, stored: object) -> Self:
        """Return what was stored, as far as it makes sense."""
        sections = stored if isinstance(stored, dict) else {}
        findings = decode_values(tuple[Quantity, float], sections.get("findings"))
        keys = decode_values(str, sections.get("keys"))
        return cls(
            inferred={
                key: KeyMapping(quantity, factor)
                for key, (quantity, factor) in findings.items()
                if factor > 0
            },
            absolute_power=sections.get("absolute_power") is True,
            keys={Quantity(name): key for name, key in keys.items() if name in Quantity},
        )

    def as_stored(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "findings": {key: [item.quantity, item.factor] for key, item in self.inferred.items()},
            "absolute_power": self.absolute_power,
            "keys": encode(self.keys),
        }


class KeyResolver:
    """Turns the fields of one meter's blocks into readings of quantities.

    The user's assignment goes before what the values have shown, and that before the key's name.
    """

    def __init__(self, assigned: Mapping[str, KeyMapping], *, max_power: float) -> None:
        """Begin without any key; `max_power` (kW) is what the connection allows."""
        self._assigned = assigned
        self._max_power = max_power
        self.inference = KeyInference(self.mapping_of)
        self.inferred: dict[str, KeyMapping] = {}
        """Units that the values have proven, and whatever earlier versions have adopted."""
        self.unknown: dict[str, str] = {}
        """Keys without a meaning, and their newest values as text."""
        self.identity = MeterIdentity()
        self._beyond: Counter[str] = Counter()
        """How often in a row a key was beyond the connection's power."""

    def mapping_of(self, key: str) -> KeyMapping | None:
        """Return what a key means, None if unknown."""
        return self._assigned.get(key) or self.inferred.get(key) or register_of(key)

    @property
    def suggestions(self) -> dict[str, KeyMapping]:
        """What the values suggest that keys mean; in use once the user has confirmed it."""
        suggested = self.inference.suggestions.items()
        return {key: mapping for key, mapping in suggested if key not in self._assigned}

    def is_reassigned(self, key: str, quantity: Quantity) -> bool:
        """Whether the user has given a key another meaning than this one."""
        return key in self._assigned and self._assigned[key].quantity is not quantity

    def resolve(self, block: Block) -> Readings:
        """Return the readings of a block; keep its identity and its unknown keys."""
        certain: Readings = {}
        doubtful: Readings = {}
        for key, value in block.fields.items():
            mapping = self.mapping_of(key)
            if mapping is None:
                self._keep_unknown(key, value)
            elif mapping.quantity in _IDENTITIES:
                self.identity.update(value)
            elif QUANTITIES[mapping.quantity].kind is not QuantityKind.NONE:
                number = number_in(value)
                target = doubtful if mapping.doubtful else certain
                factor = self._factor(key, mapping, number) if mapping.doubtful else mapping.factor
                target.setdefault(mapping.quantity, []).append(KeyReading(key, number * factor))
        for quantity, readings in doubtful.items():
            # A counter is booked for ever: with nothing but a doubtful key, it waits for the user.
            if quantity in certain or quantity not in COUNTERS:
                certain.setdefault(quantity, []).extend(readings)
            else:
                for reading in readings:
                    self._keep_unknown(reading.key, block.fields[reading.key])
        _drop_copies_of_counters(certain)
        return certain

    def infer(self, block: Block, now: datetime) -> None:
        """Learn from the numbers of a block."""
        if not self.inference.settled:
            self.inference.observe(now, block.numbers())
            self.inferred |= self.inference.inferred

    def _factor(self, key: str, mapping: KeyMapping, number: float) -> float:
        """Return the factor of a doubtful key.

        What would be more than the house can draw is in W, though other scripts have it in kW.
        """
        if mapping.quantity not in POWERS:
            return mapping.factor
        if abs(number) * mapping.factor <= 1000 * self._max_power:
            self._beyond.pop(key, None)
            return mapping.factor
        # A single one is a glitch; what was inferred stays.
        self._beyond[key] += 1
        if self._beyond[key] < OTHER_UNIT_AFTER:
            return math.nan
        self.inferred[key] = KeyMapping(mapping.quantity)
        return 1.0

    def _keep_unknown(self, key: str, value: object) -> None:
        if key in self.unknown or len(self.unknown) < MAX_UNKNOWN:
            is_shown = isinstance(value, str | int | float)
            self.unknown[key] = str(value)[:MAX_UNKNOWN_TEXT] if is_shown else ""


def _drop_copies_of_counters(readings: Readings) -> None:
    """Drop a "power" that shows what a counter shows: some scripts publish it under that name."""
    if Quantity.POWER not in readings:
        return
    counted = {
        reading.value for quantity in readings.keys() & COUNTERS for reading in readings[quantity]
    }
    genuine = [
        reading
        for reading in readings[Quantity.POWER]
        if not reading.value or reading.value not in counted
    ]
    if genuine:
        readings[Quantity.POWER] = genuine
    else:
        del readings[Quantity.POWER]
