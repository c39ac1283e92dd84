"""The registers of an electricity meter: their quantities and units.

OBIS codes are given as value groups C, D and E (IEC 62056-61).
"""

from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final

LARGEST: Final = 1e12
"""Limit for published numbers. No meter shows larger ones, and their sums could overflow."""


class Quantity(StrEnum):
    """The quantity of a register. Its value is part of unique ids and translation keys."""

    ENERGY_IMPORT = "energy_import"
    """OBIS 1.8.0, energy drawn from the grid, all tariffs."""
    ENERGY_EXPORT = "energy_export"
    """OBIS 2.8.0, energy fed into the grid, all tariffs."""
    ENERGY_IMPORT_T1 = "energy_import_t1"
    """OBIS 1.8.1, often the high tariff (HT)."""
    ENERGY_IMPORT_T2 = "energy_import_t2"
    """OBIS 1.8.2, often the low tariff (NT)."""
    ENERGY_IMPORT_T3 = "energy_import_t3"
    ENERGY_IMPORT_T4 = "energy_import_t4"
    ENERGY_EXPORT_T1 = "energy_export_t1"
    """OBIS 2.8.1."""
    ENERGY_EXPORT_T2 = "energy_export_t2"
    ENERGY_EXPORT_T3 = "energy_export_t3"
    ENERGY_EXPORT_T4 = "energy_export_t4"
    POWER = "power"
    """OBIS 16.7.0, positive while drawing from the grid."""
    POWER_ABSOLUTE = "power_absolute"
    """OBIS 15.7.0, without a sign: positive also while feeding in."""
    POWER_IMPORT = "power_import"
    """OBIS 1.7.0, 0 while feeding in."""
    POWER_EXPORT = "power_export"
    """OBIS 2.7.0, 0 while drawing."""
    POWER_L1 = "power_l1"
    """OBIS 36.7.0, or 21.7.0 where the meter has no sign."""
    POWER_L2 = "power_l2"
    POWER_L3 = "power_l3"
    VOLTAGE_L1 = "voltage_l1"
    """OBIS 32.7.0."""
    VOLTAGE_L2 = "voltage_l2"
    VOLTAGE_L3 = "voltage_l3"
    CURRENT_L1 = "current_l1"
    """OBIS 31.7.0."""
    CURRENT_L2 = "current_l2"
    CURRENT_L3 = "current_l3"
    CURRENT_N = "current_n"
    """OBIS 91.7.0, in the neutral conductor."""
    FREQUENCY = "frequency"
    """OBIS 14.7.0."""
    POWER_FACTOR = "power_factor"
    """OBIS 13.7.0."""
    POWER_FACTOR_L1 = "power_factor_l1"
    """OBIS 33.7.0."""
    POWER_FACTOR_L2 = "power_factor_l2"
    POWER_FACTOR_L3 = "power_factor_l3"
    PHASE_ANGLE_L2_L1 = "phase_angle_l2_l1"
    """OBIS 81.7.1, between the voltages of L2 and L1."""
    PHASE_ANGLE_L3_L1 = "phase_angle_l3_l1"
    """OBIS 81.7.2, between the voltages of L3 and L1."""
    PHASE_ANGLE_L1 = "phase_angle_l1"
    """OBIS 81.7.4, between current and voltage."""
    PHASE_ANGLE_L2 = "phase_angle_l2"
    """OBIS 81.7.15."""
    PHASE_ANGLE_L3 = "phase_angle_l3"
    """OBIS 81.7.26."""
    REACTIVE_ENERGY_IMPORT = "reactive_energy_import"
    """OBIS 3.8.0."""
    REACTIVE_ENERGY_EXPORT = "reactive_energy_export"
    """OBIS 4.8.0."""
    REACTIVE_POWER = "reactive_power"
    """OBIS 131.7.0, with a sign."""
    REACTIVE_POWER_IMPORT = "reactive_power_import"
    """OBIS 3.7.0."""
    REACTIVE_POWER_EXPORT = "reactive_power_export"
    """OBIS 4.7.0."""
    METER_ID = "meter_id"
    """OBIS 96.1.0, 0.0.9 or 0.0.0, the number of the meter."""
    MANUFACTURER = "maker"
    """OBIS 96.50.1, the code of the manufacturer, which does not identify a meter."""
    NO_MEASUREMENT = "no_measurement"
    """Known to be none of the above, so that its values are not used as evidence for one of them.

    Clock, current tariff, status, maxima, past days or months, quadrants, apparent power.
    """


class QuantityKind(StrEnum):
    """How the values of a quantity can be processed."""

    COUNTER = "counter"
    """Cumulative."""
    MEASUREMENT = "measurement"
    """Can be averaged."""
    ANGLE = "angle"
    """Cannot be averaged arithmetically: the mean of 359° and 1° is not 180°."""
    TEXT = "text"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class QuantityInfo:
    """Kind and unit of a quantity."""

    kind: QuantityKind
    unit: str
    """kWh, W, V, A, Hz, °, kvarh, var, or empty."""


_INFOS: Final[tuple[tuple[QuantityInfo, str], ...]] = (
    (QuantityInfo(QuantityKind.COUNTER, "kWh"), r"energy_.*"),
    (QuantityInfo(QuantityKind.COUNTER, "kvarh"), r"reactive_energy_.*"),
    (QuantityInfo(QuantityKind.MEASUREMENT, ""), r"power_factor.*"),
    (QuantityInfo(QuantityKind.MEASUREMENT, "W"), r"power.*"),
    (QuantityInfo(QuantityKind.MEASUREMENT, "var"), r"reactive_power.*"),
    (QuantityInfo(QuantityKind.MEASUREMENT, "V"), r"voltage_.*"),
    (QuantityInfo(QuantityKind.MEASUREMENT, "A"), r"current_.*"),
    (QuantityInfo(QuantityKind.MEASUREMENT, "Hz"), r"frequency"),
    (QuantityInfo(QuantityKind.ANGLE, "°"), r"phase_angle_.*"),
    (QuantityInfo(QuantityKind.TEXT, ""), r"meter_id|maker"),
    (QuantityInfo(QuantityKind.NONE, ""), r"no_measurement"),
)
"""By pattern for the value of the quantity; the first match is used."""
QUANTITIES: Final[dict[Quantity, QuantityInfo]] = {
    quantity: next(info for info, pattern in _INFOS if re.fullmatch(pattern, quantity))
    for quantity in Quantity
}
COUNTERS: Final = frozenset(
    quantity for quantity in Quantity if QUANTITIES[quantity].kind is QuantityKind.COUNTER
)
"""Quantities that are cumulative."""
FED_IN: Final = frozenset(
    {
        Quantity.ENERGY_EXPORT,
        Quantity.ENERGY_EXPORT_T1,
        Quantity.ENERGY_EXPORT_T2,
        Quantity.ENERGY_EXPORT_T3,
        Quantity.ENERGY_EXPORT_T4,
    }
)
"""Counters of the energy that the home feeds in."""
TOTALS: Final = frozenset({Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT, Quantity.POWER})
"""The main quantities of a meter. A key must never be mapped to one of these by mistake."""


@dataclass(frozen=True, slots=True)
class KeyMapping:
    """The quantity of a published key, and the conversion of its numbers."""

    quantity: Quantity
    factor: float = 1.0
    """Published number * factor is the number in the unit of the quantity."""
    doubtful: bool = False
    """Whether other scripts publish another quantity, or another unit, under this key.

    Keys that are not doubtful take precedence. A doubtful counter is not used until the user
    confirms it.
    """
