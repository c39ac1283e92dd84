"""What a house connection allows, and what a wrapped number is."""

import pytest

from custom_components.py_hab.sml.plausibility import (
    Range,
    moduli_within,
    modulus_of,
    plausible_ranges,
)
from custom_components.py_hab.sml.registers import Quantity

WATTS = Range(-43_500.0, 43_500.0)


@pytest.mark.parametrize(
    ("quantity", "plausible", "implausible"),
    [
        (Quantity.POWER, -43_500.0, 43_501.0),
        (Quantity.POWER_L1, 14_000.0, 65_000.0),
        (Quantity.VOLTAGE_L2, 0.0, 400.0),
        (Quantity.CURRENT_N, -63.0, 655.35),
        (Quantity.FREQUENCY, 50.0, 0.0),
        (Quantity.REACTIVE_POWER, -900.0, 4e9),
        (Quantity.PHASE_ANGLE_L1, 359.0, "?"),
    ],
)
def test_what_a_connection_allows(
    quantity: Quantity, plausible: float, implausible: object
) -> None:
    ranges = plausible_ranges(43.5)
    assert plausible in ranges[quantity]
    assert implausible not in ranges[quantity]


@pytest.mark.parametrize(
    ("number", "modulus"),
    [
        (65_536 - 200, 2**16),
        (2**24 - 4000, 2**24),
        (2**32 - 200, 2**32),
        (2**32 / 10 - 200, 2**32 / 10),
        (65_536 - 43_501, None),
        (100_000, None),
    ],
)
def test_a_wrapped_number_is_recognized(number: float, modulus: float | None) -> None:
    assert modulus_of(number, WATTS) == (None if modulus is None else pytest.approx(modulus))


def test_small_moduli_are_plausible_powers() -> None:
    assert pytest.approx(6553.6) in moduli_within(5000)
    assert pytest.approx(6553.6) not in moduli_within(3000)
