"""The meanings that a user can assign to a published key, as forms and options store them."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from .meter_evidence import METER_QUANTITIES
from .registers import QUANTITIES, KeyMapping, Quantity


class _OtherUnit(NamedTuple):
    """A unit, other than that of the quantity, in which readers may publish it."""

    suffix: str
    """Its name in a choice."""
    factor: float


_OTHER_UNITS: Final = {
    "kWh": _OtherUnit("wh", 0.001),
    "W": _OtherUnit("kw", 1000.0),
    "kvarh": _OtherUnit("varh", 0.001),
    "var": _OtherUnit("kvar", 1000.0),
}
"""By the unit of the quantity."""


_USUAL: Final = (Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT, Quantity.POWER)
"""Quantities of nearly every meter, which are shown first."""
ORDER: Final = tuple(dict.fromkeys((*_USUAL, *QUANTITIES)))
"""The order in which forms show quantities. The last one stands for keys that are not used."""


def _choices() -> dict[str, KeyMapping]:
    choices = {quantity.value: KeyMapping(quantity) for quantity in _USUAL}
    for quantity in ORDER:
        choices[quantity.value] = KeyMapping(quantity)
        if other := _OTHER_UNITS.get(QUANTITIES[quantity].unit):
            choices[f"{quantity.value}_in_{other.suffix}"] = KeyMapping(quantity, other.factor)
    return choices


CHOICES: Final[Mapping[str, KeyMapping]] = _choices()
"""All choices, in the order in which forms show them. The last one ignores a key."""


def choice_of(mapping: KeyMapping) -> str | None:
    """Return the choice that stands for a mapping, None if there is none."""
    return next(
        (
            choice
            for choice, chosen in CHOICES.items()
            if (chosen.quantity, chosen.factor) == (mapping.quantity, mapping.factor)
        ),
        None,
    )


def assigned_mappings(options: object) -> dict[str, KeyMapping]:
    """Return the mappings that the user has assigned to keys; invalid ones are dropped."""
    chosen = options if isinstance(options, Mapping) else {}
    return {
        key: CHOICES[choice]
        for key, choice in chosen.items()
        if isinstance(choice, str) and choice in CHOICES
    }


_IN_BLOCK: Final = " / "
"""Divides the prefix of a block from a key. No script uses it."""


def is_in_block(name: str) -> bool:
    """Whether a choice is stored under the name of a key in one block only."""
    return _IN_BLOCK in name


def key_in_block(prefix: str, key: str) -> str:
    """Return the name under which the choice for a key is stored that holds in one block only."""
    return f"{prefix}{_IN_BLOCK}{key}"


def assigned_in_block(assigned: Mapping[str, KeyMapping], prefix: str) -> dict[str, KeyMapping]:
    """Return the assignments that hold in a block: of its own keys, and of the keys of all blocks."""
    start = key_in_block(prefix, "")
    own = {
        name.removeprefix(start): mapping
        for name, mapping in assigned.items()
        if name.startswith(start)
    }
    return {**assigned, **own}


def is_confirmed_meter(assigned: Mapping[str, KeyMapping], prefix: str) -> bool:
    """Whether the user has said of a key in this block that it is one of an electricity meter."""
    start = key_in_block(prefix, "")
    return any(
        name.startswith(start) and mapping.quantity in METER_QUANTITIES
        for name, mapping in assigned.items()
    )


METER_CHOICES: Final = frozenset(
    choice for choice, mapping in CHOICES.items() if mapping.quantity in METER_QUANTITIES
)
"""Choices that identify a meter: at least one of its keys must have one of these."""
