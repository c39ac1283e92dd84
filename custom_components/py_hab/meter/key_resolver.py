"""First stage of a meter: converts published keys and values to readings of quantities."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import math
from typing import Any, Final, Self

from ..sml.inference import KeyInference
from ..sml.key_names import mappings_of_names
from ..sml.key_siblings import MAX_SIBLINGS
from ..sml.meter_id import MeterIdentity
from ..sml.payload import Block, number_in
from ..sml.registers import COUNTERS, QUANTITIES, KeyMapping, Quantity, QuantityKind
from ..sml.tariff_units import units_of_tariffs
from ..util.records import decode_values, encode
from ..util.texts import MAX_TEXT, clean_text
from .key_mappings import KeyMappings, UnitChange

MAX_UNKNOWN: Final = 64
"""Keys. No meter has as many registers."""
OTHER_UNIT_AFTER: Final = 3
"""How many consecutive readings must exceed the power of the house connection to prove another
unit."""
POWERS: Final = frozenset(quantity for quantity, info in QUANTITIES.items() if info.unit == "W")
"""Quantities in W."""
_IDENTITIES: Final = frozenset({Quantity.METER_ID, Quantity.MANUFACTURER})


@dataclass(frozen=True, slots=True)
class KeyReading:
    """The value of one key in the unit of its quantity; may be NaN or infinite."""

    key: str
    value: float


type Readings = dict[Quantity, list[KeyReading]]
"""The readings of a message by quantity. Some scripts publish a quantity under several keys."""


@dataclass(kw_only=True, slots=True)
class LearnedKeys:
    """What is stored about the keys of a meter."""

    inferred: dict[str, KeyMapping] = field(default_factory=dict)
    """Units that the values have proven, and mappings that earlier versions have inferred."""
    absolute_power: bool = False
    """Whether the power is published without its sign."""
    modulus: float | None = None
    """By how much a power is too high while feeding in, None if its negative numbers are right."""
    keys: dict[Quantity, str] = field(default_factory=dict)
    """The key under which each quantity was published."""
    factors: dict[Quantity, float] = field(default_factory=dict)
    """The factor with which the last reading of each counter was accepted."""
    units: dict[str, UnitChange] = field(default_factory=dict)
    """Units that have changed while the key was in use."""

    @classmethod
    def from_stored(cls, stored: object) -> Self:
        """Return learned keys from their JSON form; invalid entries are dropped."""
        sections = stored if isinstance(stored, dict) else {}
        findings = decode_values(tuple[Quantity, float], sections.get("findings"))
        keys = decode_values(str, sections.get("keys"))
        modulus = sections.get("modulus")
        return cls(
            inferred={
                key: KeyMapping(quantity, factor)
                for key, (quantity, factor) in findings.items()
                if factor > 0
            },
            absolute_power=sections.get("absolute_power") is True,
            modulus=modulus if isinstance(modulus, float) and 0 < modulus < math.inf else None,
            keys={Quantity(name): key for name, key in keys.items() if name in Quantity},
            factors={
                Quantity(name): factor
                for name, factor in decode_values(float, sections.get("factors")).items()
                if name in Quantity and factor > 0
            },
            units=decode_values(UnitChange, sections.get("units")),
        )

    def as_stored(self) -> dict[str, Any]:
        """Return the learned keys in JSON form."""
        return {
            "findings": {key: [item.quantity, item.factor] for key, item in self.inferred.items()},
            "absolute_power": self.absolute_power,
            "modulus": self.modulus,
            "keys": encode(self.keys),
            "factors": encode(self.factors),
            "units": encode(self.units),
        }


class KeyResolver:
    """Converts the fields of a meter's blocks to readings of quantities."""

    def __init__(self, assigned: Mapping[str, KeyMapping], *, max_power: float) -> None:
        """Start without keys. `max_power` is the power of the house connection in kW."""
        self.mappings = KeyMappings(assigned)
        self._max_power = max_power
        self.inference = self._new_inference()
        self._published: dict[str, None] = {}
        """The keys that were published so far, in their order."""
        self.unknown: dict[str, str] = {}
        """The newest values of unknown keys, as text."""
        self.identity = MeterIdentity()
        self._beyond: Counter[str] = Counter()
        """How many consecutive readings of a key have exceeded the power of the house connection."""

    def is_proven(self, key: str) -> bool:
        """Whether somebody but its name vouches for the unit of a counter."""
        return self.mappings.has_evidence(key) or self.inference.is_proven(key)

    def change_unit(self, key: str, ratio: float) -> None:
        """Multiply the factor of a key: it is published in another unit from now on."""
        self.mappings.change_unit(key, ratio)
        self.restart_inference()

    def restart_inference(self) -> None:
        """Begin again to infer, because earlier values of a counter are in another unit."""
        self.inference = self._new_inference()

    def _new_inference(self) -> KeyInference:
        return KeyInference(self.mappings.mapping_of, is_assigned=self.mappings.is_assigned)

    @property
    def suggestions(self) -> dict[str, KeyMapping]:
        """Mappings that the values suggest. They are not used until the user assigns them."""
        suggested = self.inference.suggestions.items()
        return {key: item for key, item in suggested if not self.mappings.is_assigned(key)}

    def resolve(self, block: Block) -> Readings:
        """Return the readings of a block. Also updates `mappings.named`, `identity` and `unknown`."""
        self._interpret_names(block)
        certain: Readings = {}
        doubtful: Readings = {}
        for key, value in block.fields.items():
            mapping = self.mappings.mapping_of(key)
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
            # Statistics of a wrong counter would be permanent, so the user must confirm a doubtful key.
            if quantity in certain or quantity not in COUNTERS:
                certain.setdefault(quantity, []).extend(readings)
            else:
                for reading in readings:
                    self._keep_unknown(reading.key, block.fields[reading.key])
        _drop_copies_of_counters(certain)
        return certain

    def _interpret_names(self, block: Block) -> None:
        """Interpret the names of keys anew if a block has keys that were not published before."""
        if block.fields.keys() <= self._published.keys() or len(self._published) >= MAX_SIBLINGS:
            return
        self._published |= dict.fromkeys(block.fields)
        named = mappings_of_names(block.prefix, self._published)
        before, self.mappings.named = self.mappings.named, named
        if any(named.get(key) != mapping for key, mapping in before.items()):
            self.restart_inference()
        for key in named:
            self.unknown.pop(key, None)

    def infer(self, block: Block, now: datetime) -> None:
        """Use the numbers of a block, received at `now`, for inference."""
        numbers, mappings = block.numbers(), self.mappings
        if not self.inference.settled:
            self.inference.observe(now, numbers)
            mappings.inferred |= self.inference.inferred
        tariffs = units_of_tariffs(numbers, mappings.mapping_of, mappings.mapping_by_name)
        mappings.inferred |= {
            key: mapping
            for key, mapping in tariffs.items()
            if not mappings.is_assigned(key) and key not in mappings.units
        }

    def _factor(self, key: str, mapping: KeyMapping, number: float) -> float:
        """Return the factor of a doubtful key for a number; NaN rejects the number.

        A power that would exceed the house connection in kW is in W.
        """
        if mapping.quantity not in POWERS:
            return mapping.factor
        if abs(number) * mapping.factor <= 1000 * self._max_power:
            self._beyond.pop(key, None)
            return mapping.factor
        # A single one is a glitch. The inferred unit is permanent.
        self._beyond[key] += 1
        if self._beyond[key] < OTHER_UNIT_AFTER:
            return math.nan
        self.mappings.inferred[key] = KeyMapping(mapping.quantity)
        return 1.0

    def _keep_unknown(self, key: str, value: object) -> None:
        if key in self.unknown or len(self.unknown) < MAX_UNKNOWN:
            is_shown = isinstance(value, str | int | float)
            self.unknown[key] = clean_text(str(value)[:MAX_TEXT]) if is_shown else ""


def _drop_copies_of_counters(readings: Readings) -> None:
    """Drop a "power" that equals a counter: some scripts publish a counter under that name."""
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
