"""The quantity and unit that follow from the parts of a key."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from .key_parts import KeyParts
from .key_words import Part
from .registers import COUNTERS, QUANTITIES, KeyMapping, Quantity

_KILO: Final = 1000.0
_MILLI: Final = 0.001
_NO_MEASUREMENT: Final = KeyMapping(Quantity.NO_MEASUREMENT)

_OBIS: Final[dict[str, KeyMapping]] = {
    "1.8.0": KeyMapping(Quantity.ENERGY_IMPORT),
    "2.8.0": KeyMapping(Quantity.ENERGY_EXPORT),
    **{f"1.8.{rate}": KeyMapping(Quantity[f"ENERGY_IMPORT_T{rate}"]) for rate in (1, 2, 3, 4)},
    **{f"2.8.{rate}": KeyMapping(Quantity[f"ENERGY_EXPORT_T{rate}"]) for rate in (1, 2, 3, 4)},
    "16.7.0": KeyMapping(Quantity.POWER),
    "15.7.0": KeyMapping(Quantity.POWER_ABSOLUTE),
    # 1.7.0 is in kW in 9 scripts and in W in 3; 2.7.0 is in W in 3 and in kW in 2.
    "1.7.0": KeyMapping(Quantity.POWER_IMPORT, _KILO, doubtful=True),
    "2.7.0": KeyMapping(Quantity.POWER_EXPORT, doubtful=True),
    "36.7.0": KeyMapping(Quantity.POWER_L1),
    "56.7.0": KeyMapping(Quantity.POWER_L2),
    "76.7.0": KeyMapping(Quantity.POWER_L3),
    # Only scripts for Modbus meters use these names, and publish kW. Elsewhere 21.7.0 is in W.
    "21.7.0": KeyMapping(Quantity.POWER_L1, _KILO, doubtful=True),
    "41.7.0": KeyMapping(Quantity.POWER_L2, _KILO, doubtful=True),
    "61.7.0": KeyMapping(Quantity.POWER_L3, _KILO, doubtful=True),
    "32.7.0": KeyMapping(Quantity.VOLTAGE_L1),
    "52.7.0": KeyMapping(Quantity.VOLTAGE_L2),
    "72.7.0": KeyMapping(Quantity.VOLTAGE_L3),
    "31.7.0": KeyMapping(Quantity.CURRENT_L1),
    "51.7.0": KeyMapping(Quantity.CURRENT_L2),
    "71.7.0": KeyMapping(Quantity.CURRENT_L3),
    "91.7.0": KeyMapping(Quantity.CURRENT_N),
    "14.7.0": KeyMapping(Quantity.FREQUENCY),
    "13.7.0": KeyMapping(Quantity.POWER_FACTOR),
    "33.7.0": KeyMapping(Quantity.POWER_FACTOR_L1),
    "53.7.0": KeyMapping(Quantity.POWER_FACTOR_L2),
    "73.7.0": KeyMapping(Quantity.POWER_FACTOR_L3),
    "81.7.1": KeyMapping(Quantity.PHASE_ANGLE_L2_L1),
    "81.7.2": KeyMapping(Quantity.PHASE_ANGLE_L3_L1),
    "81.7.4": KeyMapping(Quantity.PHASE_ANGLE_L1),
    "81.7.15": KeyMapping(Quantity.PHASE_ANGLE_L2),
    "81.7.26": KeyMapping(Quantity.PHASE_ANGLE_L3),
    "3.8.0": KeyMapping(Quantity.REACTIVE_ENERGY_IMPORT),
    "4.8.0": KeyMapping(Quantity.REACTIVE_ENERGY_EXPORT),
    "131.7.0": KeyMapping(Quantity.REACTIVE_POWER),
    "3.7.0": KeyMapping(Quantity.REACTIVE_POWER_IMPORT, _KILO),
    "4.7.0": KeyMapping(Quantity.REACTIVE_POWER_EXPORT, _KILO),
    "96.1.0": KeyMapping(Quantity.METER_ID),
    "0.0.9": KeyMapping(Quantity.METER_ID),
    "0.0.0": KeyMapping(Quantity.METER_ID),
    "c.1.0": KeyMapping(Quantity.METER_ID),
    "96.50.1": KeyMapping(Quantity.MANUFACTURER),
}
"""By value groups C, D and E of the OBIS code (IEC 62056-61), in the unit that such keys use."""


class Kind(Enum):
    """What a key measures."""

    ENERGY = auto()
    POWER = auto()
    VOLTAGE = auto()
    CURRENT = auto()
    FREQUENCY = auto()
    FACTOR = auto()
    REACTIVE_ENERGY = auto()
    REACTIVE_POWER = auto()
    METER_ID = auto()


class _Unit(NamedTuple):
    kind: Kind
    factor: float
    """Leads to our unit."""


_UNITS: Final[Mapping[Part, _Unit]] = {
    Part.KWH: _Unit(Kind.ENERGY, 1.0),
    Part.WH: _Unit(Kind.ENERGY, _MILLI),
    Part.MWH: _Unit(Kind.ENERGY, _KILO),
    Part.W: _Unit(Kind.POWER, 1.0),
    Part.KW: _Unit(Kind.POWER, _KILO),
    Part.V: _Unit(Kind.VOLTAGE, 1.0),
    Part.A: _Unit(Kind.CURRENT, 1.0),
    Part.HZ: _Unit(Kind.FREQUENCY, 1.0),
    Part.KVARH: _Unit(Kind.REACTIVE_ENERGY, 1.0),
    Part.VARH: _Unit(Kind.REACTIVE_ENERGY, _MILLI),
    Part.KVAR: _Unit(Kind.REACTIVE_POWER, _KILO),
    Part.VAR: _Unit(Kind.REACTIVE_POWER, 1.0),
}
_KIND_OF_UNIT: Final[Mapping[str, Kind]] = {
    "kWh": Kind.ENERGY,
    "W": Kind.POWER,
    "V": Kind.VOLTAGE,
    "A": Kind.CURRENT,
    "Hz": Kind.FREQUENCY,
    "kvarh": Kind.REACTIVE_ENERGY,
    "var": Kind.REACTIVE_POWER,
}
"""By our unit of a quantity."""
_NOUNS: Final[Mapping[Part, Kind]] = {
    Part.ENERGY: Kind.ENERGY,
    Part.POWER: Kind.POWER,
    Part.VOLTAGE: Kind.VOLTAGE,
    Part.CURRENT: Kind.CURRENT,
    Part.FREQUENCY: Kind.FREQUENCY,
}
_NOW: Final = frozenset({Part.NOW, Part.CURRENT_OR_NOW})
_TOTALS: Final = frozenset({Part.TOTAL, Part.SUM})
_TARIFFS: Final = frozenset({Part.HIGH_TARIFF, Part.LOW_TARIFF})
_DIRECTIONS: Final = frozenset({Part.IMPORT, Part.EXPORT, Part.CONSUMPTION})
"""Words that are a direction without any other word."""
_OF_ENERGY: Final = _DIRECTIONS | _TOTALS | _TARIFFS | {Part.READING, Part.METER, Part.NO_TARIFF}
"""Words of energy, as long as no other word says that they are of something else."""
_NEUTRAL: Final = _NOW | {Part.NET, Part.METER, Part.PHASE, Part.NEUTRAL}
_CURRENT_WORDS: Final = frozenset({Part.CURRENT, Part.CURRENT_OR_NOW, Part.ELECTRICITY, Part.A})
_VAGUE: Final = _NOW | {Part.INPUT, Part.OUTPUT}
"""Words that are used for devices, or for power."""
_LETTERS: Final = frozenset({"u", "v", "i"})
"""Symbols that are clear only beside a phase."""
_POWER_FOR_ENERGY: Final = frozenset({"power", "p"})
"""Words for power that scripts also use for energy."""


def meaning_of(key: KeyParts) -> KeyMapping | None:
    """Return what a key means by its parts, None if they do not determine it."""
    if Part.OTHER_MEDIUM in key.parts or (Part.OTHER_DEVICE in key.parts and not key.obis):
        return None
    if key.parts & {Part.PERIOD, Part.NO_MEASUREMENT}:
        return _NO_MEASUREMENT
    if key.is_ambiguous or not (key.parts or key.obis):
        return None
    if key.obis:
        return _meaning_of_obis(key)
    kind = _kind(key)
    mapping = _MEANINGS[kind](key) if kind else None
    return _despite_unknown_words(key, mapping) if key.is_unknown else mapping


def _despite_unknown_words(key: KeyParts, mapping: KeyMapping | None) -> KeyMapping | None:
    """Return an energy whose direction is clear, for the user to confirm; nothing else."""
    if mapping is None or mapping.quantity not in COUNTERS or not _direction(key):
        return None
    is_clear = key.parts & {Part.ENERGY, *_TOTALS, *_UNITS}
    return KeyMapping(mapping.quantity, mapping.factor, doubtful=True) if is_clear else None


def _meaning_of_obis(key: KeyParts) -> KeyMapping | None:
    """Return what an OBIS code means; a unit beside it says how its number is scaled."""
    mapping = None if key.is_past else _OBIS.get(key.obis or "")
    if mapping is None:
        return _NO_MEASUREMENT
    is_foreign = key.is_unknown or Part.OTHER_DEVICE in key.parts
    unit = _unit(key)
    if unit is None:
        return KeyMapping(mapping.quantity, mapping.factor, mapping.doubtful or is_foreign)
    if _KIND_OF_UNIT.get(QUANTITIES[mapping.quantity].unit) is not unit.kind:
        return None
    return KeyMapping(mapping.quantity, unit.factor, is_foreign)


# Kinds


def _unit(key: KeyParts) -> _Unit | None:
    """Return the unit in a key, None without one."""
    return next((unit for part, unit in _UNITS.items() if part in key.parts), None)


def _kind(key: KeyParts) -> Kind | None:
    """Return what a key measures, None if its words contradict each other or do not say."""
    if Part.FACTOR in key.parts:
        return Kind.FACTOR
    units = {_UNITS[part].kind for part in key.parts & _UNITS.keys()}
    nouns = {_NOUNS[part] for part in key.parts & _NOUNS.keys()}
    if Part.REACTIVE in key.parts:
        nouns = {_REACTIVE[noun] for noun in nouns & _REACTIVE.keys()}
    # Some authors call kWh "power". The unit is right.
    kinds = units if units and nouns <= {Kind.ENERGY, Kind.POWER} else units | nouns
    if kinds:
        return kinds.pop() if len(kinds) == 1 else None
    return _kind_without_noun(key.parts, has_tariff=bool(key.tariffs))


_REACTIVE: Final[Mapping[Kind, Kind]] = {
    Kind.ENERGY: Kind.REACTIVE_ENERGY,
    Kind.POWER: Kind.REACTIVE_POWER,
}


def _kind_without_noun(parts: set[Part], *, has_tariff: bool) -> Kind | None:
    """Return what directions, totals and the like measure."""
    if Part.REACTIVE in parts:
        return None
    if parts & {Part.SERIAL, Part.NUMBER}:
        return Kind.METER_ID if parts & {Part.SERIAL, Part.METER} else None
    if parts & _DIRECTIONS and parts & _NOW:
        return Kind.POWER
    if parts & _CURRENT_WORDS and not parts & (_OF_ENERGY - _TOTALS):
        return Kind.CURRENT
    return Kind.ENERGY if has_tariff or parts & _OF_ENERGY else None


# Meanings of each kind


def _direction(key: KeyParts) -> str | None:
    """Return "import" or "export", "" for no direction, None for both of them."""
    inward = bool(key.parts & {Part.IMPORT, Part.INWARD, Part.INPUT})
    outward = bool(key.parts & {Part.EXPORT, Part.OUTWARD, Part.OUTPUT})
    if inward and outward:
        return None
    return ("import" if inward else "") or ("export" if outward else "")


def _tariff(key: KeyParts) -> str | None:
    """Return the end of a quantity's name for a tariff, "" for all tariffs, None if unclear."""
    tariffs = key.tariffs | {
        tariff
        for part, tariff in ((Part.HIGH_TARIFF, 1), (Part.LOW_TARIFF, 2))
        if part in key.parts
    }
    if not tariffs:
        return None if Part.TARIFF in key.parts else ""
    number = tariffs.pop()
    if tariffs:
        return None
    return f"_t{number}" if number else ""


def _energy(key: KeyParts) -> KeyMapping | None:
    direction, tariff, unit = _direction(key), _tariff(key), _unit(key)
    if direction is None or tariff is None or key.phases:
        return None
    if not direction and Part.ACTIVE in key.parts and Part.CONSUMPTION not in key.parts:
        # 1.8.0, 2.8.0 or 15.8.0, the sum of both.
        return None
    if not direction and Part.NO_TARIFF in key.parts:
        return None
    quantity = Quantity(f"energy_{direction or 'import'}{tariff}")
    return KeyMapping(
        quantity,
        unit.factor if unit else 1.0,
        Part.MWH in key.parts or (unit is None and not _is_electric_energy(key)),
    )


def _is_electric_energy(key: KeyParts) -> bool:
    """Whether words without a unit say that they are of energy, and that in kWh."""
    if key.parts & _VAGUE:
        return False
    if Part.POWER in key.parts or key.words & {"consumption", "usage"}:
        return False
    if key.tariffs or key.parts & _TARIFFS:
        return bool(key.parts & (_OF_ENERGY | {Part.ENERGY, Part.INWARD, Part.OUTWARD}) - _TARIFFS)
    has_direction = bool(_direction(key)) or Part.CONSUMPTION in key.parts
    return has_direction and len(key.parts) > 1


def _power(key: KeyParts) -> KeyMapping | None:
    if key.tariffs or key.parts & _TARIFFS:
        # There is no power of a tariff: some scripts call energy so.
        return _energy(key) if _unit(key) is None else None
    if (
        key.parts & {Part.INPUT, Part.OUTPUT, Part.READING}
        or (direction := _direction(key)) is None
    ):
        return None
    if len(key.phases) in {1, 2}:
        return None if direction or len(key.phases) > 1 else _of_phase("power", key)
    return _power_of_all_phases(key, direction)


def _power_of_all_phases(key: KeyParts, direction: str) -> KeyMapping | None:
    unit = _unit(key)
    is_total = bool(key.parts & _TOTALS)
    if unit is None and key.words & _POWER_FOR_ENERGY and not key.parts & (_NOW | {Part.ACTIVE}):
        if is_total and direction:
            return _energy(key)
        if Part.SUM in key.parts:
            return None
    quantity = Quantity(f"power_{direction}") if direction else Quantity.POWER
    is_doubtful = unit is None and (bool(direction) or is_total)
    return KeyMapping(quantity, unit.factor if unit else 1.0, is_doubtful)


def _of_phase(name: str, key: KeyParts) -> KeyMapping | None:
    """Return the quantity of the one phase that a key names."""
    unit = _unit(key)
    if len(key.phases) != 1:
        return None
    (phase,) = key.phases
    return KeyMapping(Quantity(f"{name}_l{phase}"), unit.factor if unit else 1.0)


def _voltage(key: KeyParts) -> KeyMapping | None:
    if key.parts - _NEUTRAL - {Part.VOLTAGE, Part.V}:
        return None
    if key.phases:
        return _of_phase("voltage", key)
    return None if key.words & _LETTERS else KeyMapping(Quantity.VOLTAGE_L1)


def _current(key: KeyParts) -> KeyMapping | None:
    if key.parts - _NEUTRAL - _CURRENT_WORDS:
        return None
    if key.phases:
        return _of_phase("current", key)
    if Part.NEUTRAL in key.parts:
        return KeyMapping(Quantity.CURRENT_N)
    # "Strom" and "current" alone are said of energy and power, too; a letter may be anything.
    words = key.parts & {Part.ELECTRICITY, Part.CURRENT_OR_NOW}
    is_clear = Part.CURRENT in key.parts or (Part.A in key.parts and words)
    return KeyMapping(Quantity.CURRENT_L1) if is_clear and not key.words & _LETTERS else None


def _frequency(key: KeyParts) -> KeyMapping | None:
    is_clear = not key.parts - _NEUTRAL - {Part.FREQUENCY, Part.HZ}
    return KeyMapping(Quantity.FREQUENCY) if is_clear else None


def _power_factor(key: KeyParts) -> KeyMapping | None:
    return _of_phase("power_factor", key) if key.phases else KeyMapping(Quantity.POWER_FACTOR)


def _reactive_energy(key: KeyParts) -> KeyMapping | None:
    return _reactive("reactive_energy", key) if _direction(key) else None


def _reactive_power(key: KeyParts) -> KeyMapping | None:
    return _reactive("reactive_power", key)


def _reactive(name: str, key: KeyParts) -> KeyMapping | None:
    direction, unit = _direction(key), _unit(key)
    if key.phases or key.tariffs or key.parts & _TARIFFS:
        return _NO_MEASUREMENT
    if direction is None:
        return None
    quantity = Quantity(f"{name}_{direction}" if direction else name)
    return KeyMapping(quantity, unit.factor if unit else 1.0, unit is None)


def _meter_id(_key: KeyParts) -> KeyMapping:
    return KeyMapping(Quantity.METER_ID)


_MEANINGS: Final[Mapping[Kind, Callable[[KeyParts], KeyMapping | None]]] = {
    Kind.ENERGY: _energy,
    Kind.POWER: _power,
    Kind.VOLTAGE: _voltage,
    Kind.CURRENT: _current,
    Kind.FREQUENCY: _frequency,
    Kind.FACTOR: _power_factor,
    Kind.REACTIVE_ENERGY: _reactive_energy,
    Kind.REACTIVE_POWER: _reactive_power,
    Kind.METER_ID: _meter_id,
}
