"""The quantities of a meter, their kinds and units."""

import pytest

from custom_components.py_hab.sml.registers import (
    COUNTERS,
    QUANTITIES,
    TOTALS,
    KeyMapping,
    Quantity,
    QuantityInfo,
    QuantityKind,
)

IMPORT = Quantity.ENERGY_IMPORT


EXPORT = Quantity.ENERGY_EXPORT


POWER = Quantity.POWER


METER_ID = Quantity.METER_ID


@pytest.mark.parametrize(
    ("quantity", "info"),
    [
        (IMPORT, QuantityInfo(QuantityKind.COUNTER, "kWh")),
        (Quantity.ENERGY_EXPORT_T4, QuantityInfo(QuantityKind.COUNTER, "kWh")),
        (Quantity.REACTIVE_ENERGY_IMPORT, QuantityInfo(QuantityKind.COUNTER, "kvarh")),
        (POWER, QuantityInfo(QuantityKind.MEASUREMENT, "W")),
        (Quantity.POWER_L3, QuantityInfo(QuantityKind.MEASUREMENT, "W")),
        (Quantity.POWER_FACTOR, QuantityInfo(QuantityKind.MEASUREMENT, "")),
        (Quantity.POWER_FACTOR_L1, QuantityInfo(QuantityKind.MEASUREMENT, "")),
        (Quantity.REACTIVE_POWER, QuantityInfo(QuantityKind.MEASUREMENT, "var")),
        (Quantity.VOLTAGE_L1, QuantityInfo(QuantityKind.MEASUREMENT, "V")),
        (Quantity.CURRENT_N, QuantityInfo(QuantityKind.MEASUREMENT, "A")),
        (Quantity.FREQUENCY, QuantityInfo(QuantityKind.MEASUREMENT, "Hz")),
        (Quantity.PHASE_ANGLE_L2_L1, QuantityInfo(QuantityKind.ANGLE, "°")),
        (METER_ID, QuantityInfo(QuantityKind.TEXT, "")),
        (Quantity.MANUFACTURER, QuantityInfo(QuantityKind.TEXT, "")),
        (Quantity.NO_MEASUREMENT, QuantityInfo(QuantityKind.NONE, "")),
    ],
)
def test_quantities(quantity: Quantity, info: QuantityInfo) -> None:
    assert QUANTITIES[quantity] == info


def test_every_quantity_has_a_kind_and_a_unit() -> None:
    assert QUANTITIES.keys() == set(Quantity)
    assert {quantity for quantity in Quantity if "energy" in quantity} == COUNTERS
    assert {IMPORT, EXPORT, POWER} == TOTALS


def test_each_kind_of_quantity_has_its_units() -> None:
    units: dict[QuantityKind, set[str]] = {}
    for info in QUANTITIES.values():
        units.setdefault(info.kind, set()).add(info.unit)
    assert units == {
        QuantityKind.COUNTER: {"kWh", "kvarh"},
        QuantityKind.MEASUREMENT: {"W", "var", "V", "A", "Hz", ""},
        QuantityKind.ANGLE: {"°"},
        QuantityKind.TEXT: {""},
        QuantityKind.NONE: {""},
    }


def test_a_mapping_takes_numbers_as_they_are_unless_it_says_otherwise() -> None:
    mapping = KeyMapping(POWER)
    assert (mapping.factor, mapping.doubtful) == (1.0, False)
    assert mapping == KeyMapping(POWER, 1.0)
    assert len({mapping, KeyMapping(POWER), KeyMapping(POWER, 1000.0)}) == 2
