"""What a user may say that a key of the reader's means, as forms and options hold it."""

from collections.abc import Mapping
from typing import Final

from .sml_registers import QUANTITIES, Kind, Register, Role
from .tasmota_sml import METER_ROLES

_OTHER_UNITS: Final = {
    "kWh": ("wh", 0.001),
    "W": ("kw", 1000.0),
    "kvarh": ("varh", 0.001),
    "var": ("kvar", 1000.0),
}
"""In what else than the role's unit a reader may publish, and what to multiply by."""


def _choices() -> dict[str, Register]:
    choices: dict[str, Register] = {}
    for role, quantity in QUANTITIES.items():
        if quantity.kind is Kind.NONE:
            continue
        choices[role.value] = Register(role)
        if quantity.unit in _OTHER_UNITS:
            unit, factor = _OTHER_UNITS[quantity.unit]
            choices[f"{role.value}_in_{unit}"] = Register(role, factor)
    choices[Role.NO_MEASUREMENT.value] = Register(Role.NO_MEASUREMENT)
    return choices


CHOICES: Final[Mapping[str, Register]] = _choices()
"""All choices, in the order in which forms show them; the last one ignores a key."""


def choice_of(register: Register) -> str | None:
    """Return the choice that stands for a register, None if there is none."""
    return next(
        (
            choice
            for choice, chosen in CHOICES.items()
            if (chosen.role, chosen.factor) == (register.role, register.factor)
        ),
        None,
    )


def assigned_registers(options: object) -> dict[str, Register]:
    """Return what the options of an entry say that keys mean."""
    chosen = options if isinstance(options, Mapping) else {}
    return {
        key: CHOICES[choice]
        for key, choice in chosen.items()
        if isinstance(choice, str) and choice in CHOICES
    }


METER_CHOICES: Final = frozenset(
    choice for choice, register in CHOICES.items() if register.role in METER_ROLES
)
"""Choices of which one at least makes a meter."""
