"""Which measurements a house connection allows, and powers whose negative numbers have wrapped.

Some meters, or their scripts, publish a negative number as an unsigned one: 65,536 - x W for the
feed-in of x W, or 6,553.6 - x W if the register counts in 0.1 W.
"""

from typing import Final, NamedTuple

from .registers import QUANTITIES, Quantity

LARGEST_KWH: Final = 1e6
"""kWh. The display of a meter has six digits before the decimal point, and no home fills them."""
_LOWEST_VOLTAGE: Final = 230.0 * 0.85
"""V. The current of a connection is highest at the lowest voltage (EN 50160)."""
_MODULI: Final = tuple(
    sorted(2**bits * scale for bits in (16, 24, 32) for scale in (1.0, 0.1, 0.01, 0.001))
)
"""By how much a wrapped number is too high: the width of the register times its scale."""


class Range(NamedTuple):
    """The lowest and the highest plausible number."""

    lowest: float
    highest: float

    def __contains__(self, number: object) -> bool:
        """Whether a number is plausible."""
        return isinstance(number, int | float) and self.lowest <= number <= self.highest


_ANY: Final = Range(float("-inf"), float("inf"))


def plausible_ranges(max_power: float) -> dict[Quantity, Range]:
    """Return what a connection of `max_power` kW allows, for every quantity."""
    watts = 1000 * max_power
    amperes = watts / _LOWEST_VOLTAGE
    by_unit = {
        "W": Range(-watts, watts),
        "var": Range(-watts, watts),
        # A phase of a three-phase meter may be unused.
        "V": Range(0.0, 300.0),
        "A": Range(-amperes, amperes),
        # Off-grid inverters leave the 1 Hz of the grid.
        "Hz": Range(40.0, 70.0),
    }
    return {quantity: by_unit.get(info.unit, _ANY) for quantity, info in QUANTITIES.items()}


def modulus_of(number: float, plausible: Range) -> float | None:
    """Return by how much a number is too high if it is a wrapped feed-in, None if it is none."""
    return next(
        (
            modulus
            for modulus in _MODULI
            if modulus / 2 < number <= modulus and number - modulus in plausible
        ),
        None,
    )


def moduli_within(highest: float) -> tuple[float, ...]:
    """Return the moduli whose wrapped numbers are plausible, so that their size proves nothing."""
    return tuple(modulus for modulus in _MODULI if modulus / 2 < highest)
