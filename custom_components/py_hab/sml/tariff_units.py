"""The unit of the counters of tariffs, which follows from that of their total."""

from collections.abc import Callable, Mapping
from typing import Final

from .registers import KeyMapping, Quantity

TOLERANCE: Final = 0.005
"""Relative; by how much the sum of the tariffs may differ from their total."""
_TARIFFS: Final = {
    total: [Quantity(f"{total}_t{number}") for number in (1, 2, 3, 4)]
    for total in (Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT)
}

type MappingOf = Callable[[str], KeyMapping | None]


def units_of_tariffs(
    numbers: Mapping[str, float], mapping_of: MappingOf, named: MappingOf
) -> dict[str, KeyMapping]:
    """Return the mappings of tariffs whose total has another unit than its name says.

    The published numbers of the tariffs must amount to that of the total: they have one unit then.
    numbers: the published numbers of one message.
    mapping_of: returns what a key means, with the unit that is proven or that the user has chosen.
    named: returns what a key means by its name.
    """
    found: dict[str, KeyMapping] = {}
    mappings = {key: mapping for key in numbers if (mapping := mapping_of(key))}
    for total, mapping in mappings.items():
        by_name = named(total)
        if by_name is None or mapping.factor == by_name.factor:
            continue
        tariffs = [
            key
            for key, other in mappings.items()
            if other.quantity in _TARIFFS.get(mapping.quantity, ())
        ]
        if abs(sum(numbers[key] for key in tariffs) - numbers[total]) <= TOLERANCE * numbers[total]:
            found |= {
                key: KeyMapping(mappings[key].quantity, mapping.factor)
                for key in tariffs
                if mappings[key].factor == by_name.factor
            }
    return found
