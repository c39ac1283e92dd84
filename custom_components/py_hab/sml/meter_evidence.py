"""Whether a block of a message is an electricity meter.

Readers for water, gas and heat publish the same words: "Total_in", "Energie", "Leistung". A block is
certainly an electricity meter by a second word, or by one that is said of electricity only.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import lru_cache
from typing import Final

from .key_parts import take_apart
from .key_words import Part
from .registers import COUNTERS, KeyMapping, Quantity

POWERS: Final = frozenset(
    {
        Quantity.POWER,
        Quantity.POWER_ABSOLUTE,
        Quantity.POWER_IMPORT,
        Quantity.POWER_EXPORT,
    }
)
METER_QUANTITIES: Final = COUNTERS | POWERS
"""Quantities without which nothing is an electricity meter."""
_NOT_ONLY_ELECTRIC: Final = frozenset(
    {
        *POWERS,
        *(Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT),
        *(Quantity.METER_ID, Quantity.MANUFACTURER, Quantity.NO_MEASUREMENT),
    }
)
"""Quantities that a heat meter has as well. All others are those of electricity."""
_ELECTRIC_WORDS: Final = frozenset({Part.ENERGY, Part.KWH, Part.ACTIVE, Part.REACTIVE})
_FLUIDS: Final = frozenset(
    {
        *("gas", "erdgas", "gasuhr", "oil", "oel"),
        *("water", "wasser", "wasseruhr", "kaltwasser", "warmwasser", "trinkwasser", "regenwasser"),
        "brauchwasser",
    }
)
"""In the name of a block. "Heizung" may be the electricity meter of a heat pump."""
_HEAT: Final = frozenset(
    {
        *("waerme", "waermemenge", "waermemengen", "fernwaerme", "wmz", "heat"),
        *("kaelte", "cooling"),
    }
)
"""In the name of a block, with the same words for energy and power as electricity has."""

type MappingOf = Callable[[str], KeyMapping | None]


class Evidence(IntEnum):
    """How certain it is that a block is an electricity meter."""

    NONE = 0
    POSSIBLE = 1
    """By one word that others use, too. It needs the user's yes, or to be the only one."""
    CERTAIN = 2


def evidence_of(prefix: str, keys: Iterable[str], mapping_of: MappingOf) -> Evidence:
    """Return how certain it is that a block with these keys is an electricity meter."""
    mappings = {key: mapping for key in keys if (mapping := mapping_of(key)) is not None}
    quantities = {mapping.quantity for mapping in mappings.values()}
    if not quantities & METER_QUANTITIES or is_other_medium(prefix, keys, mapping_of):
        return Evidence.NONE
    counters = {
        key
        for key, mapping in mappings.items()
        if mapping.quantity in COUNTERS and not mapping.doubtful
    }
    kinds = (
        bool(counters),
        bool(quantities & POWERS),
        Quantity.METER_ID in quantities,
        bool(quantities - _NOT_ONLY_ELECTRIC),
    )
    is_certain = sum(kinds) > 1 or any(map(_is_electric_name, counters))
    if is_certain and _is_named_otherwise(prefix):
        # Gas meters and heat meters have kWh and kW, too, but no direction.
        is_certain = bool(quantities - _NOT_ONLY_ELECTRIC) or any(map(_is_directed, mappings))
    return Evidence.CERTAIN if is_certain else Evidence.POSSIBLE


def is_other_medium(prefix: str, keys: Iterable[str], mapping_of: MappingOf) -> bool:
    """Whether a block measures gas, water or heat, by its name or its other keys.

    The block of an electricity meter may contain a temperature, or pulses of a gas meter.
    """
    quantities = {key: mapping.quantity for key in keys if (mapping := mapping_of(key)) is not None}
    if set(quantities.values()) - _NOT_ONLY_ELECTRIC or _is_electricity(prefix):
        return False
    if any(quantity in METER_QUANTITIES and _has_code(key) for key, quantity in quantities.items()):
        return False
    if any(map(_is_of_other_medium, keys)):
        return True
    return _is_fluid(prefix) and not POWERS.intersection(quantities.values())


# Bounded, because any client of the broker can publish any number of names.
@lru_cache(maxsize=512)
def _is_of_other_medium(key: str) -> bool:
    return Part.OTHER_MEDIUM in take_apart(key).parts


@lru_cache(maxsize=256)
def _is_electricity(prefix: str) -> bool:
    parts = take_apart(prefix).parts
    return Part.ELECTRICITY in parts and Part.OTHER_MEDIUM not in parts


@lru_cache(maxsize=256)
def _is_fluid(prefix: str) -> bool:
    return bool(take_apart(prefix).words & _FLUIDS)


@lru_cache(maxsize=256)
def _is_named_otherwise(prefix: str) -> bool:
    """Whether a block has the name of another medium. "Waermestrom" is electricity."""
    parts = take_apart(prefix)
    return Part.ELECTRICITY not in parts.parts and bool(parts.words & (_FLUIDS | _HEAT))


@lru_cache(maxsize=512)
def _has_code(key: str) -> bool:
    """Whether a key contains the OBIS code of an electricity meter."""
    return take_apart(key).obis is not None


@lru_cache(maxsize=512)
def _is_directed(key: str) -> bool:
    """Whether a key says that energy is drawn or fed in, with a word or its OBIS code."""
    return _has_code(key) or take_apart(key).has_direction


@lru_cache(maxsize=512)
def _is_electric_name(key: str) -> bool:
    """Whether a counter's name is one of electricity only: with its OBIS code, or "energy"."""
    return _has_code(key) or bool(take_apart(key).parts & _ELECTRIC_WORDS)
