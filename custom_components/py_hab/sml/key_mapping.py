"""What a user may say that a key of the reader's means, as forms and options hold it."""

from collections.abc import Mapping
from typing import Final

from .payload import METER_QUANTITIES
from .registers import QUANTITIES, KeyMapping, Quantity, QuantityKind

_OTHER_UNITS: Final = {
    "kWh": ("wh", 0.001),
    "W": ("kw", 1000.0),
    "kvarh": ("varh", 0.001),
    "var": ("kvar", 1000.0),
}
"""In what else than the role's unit a reader may publish, and what to multiply by."""


def _choices() -> dict[str, KeyMapping]:
    choices: dict[str, KeyMapping] = {}
    for quantity, info in QUANTITIES.items():
        if info.kind is QuantityKind.NONE:
            continue
        choices[quantity.value] = KeyMapping(quantity)
        if info.unit in _OTHER_UNITS:
            unit, factor = _OTHER_UNITS[info.unit]
            choices[f"{quantity.value}_in_{unit}"] = KeyMapping(quantity, factor)
    choices[Quantity.NO_MEASUREMENT.value] = KeyMapping(Quantity.NO_MEASUREMENT)
    return choices


CHOICES: Final[Mapping[str, KeyMapping]] = _choices()
"""All choices, in the order in which forms show them; the last one ignores a key."""


def choice_of(register: KeyMapping) -> str | None:
    """Return the choice that stands for a register, None if there is none."""
    return next(
        (
            choice
            for choice, chosen in CHOICES.items()
            if (chosen.quantity, chosen.factor) == (register.quantity, register.factor)
        ),
        None,
    )


def assigned_registers(options: object) -> dict[str, KeyMapping]:
    """Return what the options of an entry say that keys mean."""
    chosen = options if isinstance(options, Mapping) else {}
    return {
        key: CHOICES[choice]
        for key, choice in chosen.items()
        if isinstance(choice, str) and choice in CHOICES
    }


METER_CHOICES: Final = frozenset(
    choice for choice, register in CHOICES.items() if register.quantity in METER_QUANTITIES
)
"""Choices of which one at least makes a meter."""
