"""The quantity and unit that the name of a published key means.

The author of a Tasmota script is free to choose the keys; OBIS codes and units are not published.
A name is taken apart and decided by its parts. The tables here hold the names for which that does
not hold, from published scripts (Tasmota's documentation, bitShake, ottelo9, gPlug, evcc).
`benchmarks/vocabulary.py` measures both against the OBIS codes in those scripts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Final

from .key_meaning import meaning_of
from .key_parts import take_apart
from .key_siblings import meanings_beside
from .key_words import WORDS, Part
from .registers import KeyMapping, Quantity

_KILO: Final = 1000.0
_MILLI: Final = 0.001

_NAMES: Final[tuple[tuple[KeyMapping, str], ...]] = (
    (
        KeyMapping(Quantity.ENERGY_IMPORT),
        """
        ei imp energy energy_sum energy_tot counter dj_tpwrin total meter_reading_total total_summe power_sum power_total_in
        hp_sum ec_counterval elz_pv_1.8.0 timp eti180""",
    ),
    (
        KeyMapping(Quantity.ENERGY_IMPORT, _MILLI),
        "input_total total_consumption zaehlerstand_total",
    ),
    # A script for eBZ's DD3 publishes 1.8.0 with two scales; this one is right without the PIN, e_in
    # with it.
    (KeyMapping(Quantity.ENERGY_IMPORT, doubtful=True), "e_inop"),
    (
        KeyMapping(Quantity.ENERGY_EXPORT),
        "eo einspeisung dj_tpwrout power_total_out elz_pv_2.8.0 texp",
    ),
    (KeyMapping(Quantity.ENERGY_EXPORT, _MILLI), "output_total"),
    # In two scripts of one manufacturer; the names do not contain a direction.
    (
        KeyMapping(Quantity.ENERGY_EXPORT, _MILLI, doubtful=True),
        "total_active_energy wirkenergie_total",
    ),
    (KeyMapping(Quantity.ENERGY_EXPORT, doubtful=True), "e_outop"),
    # A day that is not a period, but the time of the high tariff.
    (KeyMapping(Quantity.ENERGY_IMPORT_T1), "total_day total_day_kwh energy_p1_r1"),
    (KeyMapping(Quantity.ENERGY_IMPORT_T2), "total_night total_tariff energy_p1_r2"),
    (KeyMapping(Quantity.ENERGY_IMPORT_T3), "energy_p1_r3"),
    (KeyMapping(Quantity.ENERGY_EXPORT_T1), "p_out_ht"),
    (KeyMapping(Quantity.POWER), "active_power_total p_tot pt power_total dj_tpwrcurr"),
    (KeyMapping(Quantity.POWER, _KILO), "t_p"),
    (KeyMapping(Quantity.POWER_ABSOLUTE), "power_2 power_b"),
    (
        KeyMapping(Quantity.POWER_IMPORT),
        "power_in p_in power_use_sum hp_use_sum p_import power_c p+",
    ),
    (KeyMapping(Quantity.POWER_IMPORT, _KILO), "pwr_imp power_import pp pi"),
    (KeyMapping(Quantity.POWER_EXPORT), "power_out p_out p_export p- einspeiseleistung"),
    (KeyMapping(Quantity.POWER_EXPORT, _KILO), "pwr_exp power_export pm po einspeisung_akt"),
    (KeyMapping(Quantity.POWER_L3), "ec_powerval"),
    (KeyMapping(Quantity.CURRENT_L1), "current strom"),
    (KeyMapping(Quantity.FREQUENCY), "net_frequency"),
    (
        KeyMapping(Quantity.PHASE_ANGLE_L2_L1),
        """
        phase_angle_l2_l1 angle_l2_l1 angle_ul2_ul1 phasenwinkel_u_l1_l2 phase_l1_l2
        delta_phi_u_l1_l2""",
    ),
    (
        KeyMapping(Quantity.PHASE_ANGLE_L3_L1),
        """
        phase_angle_l3_l1 angle_l3_l1 angle_ul3_ul1 phasenwinkel_u_l1_l3 phase_l1_l3
        delta_phi_u_l1_l3""",
    ),
    (KeyMapping(Quantity.PHASE_ANGLE_L1), "angle_il1_ul1"),
    (KeyMapping(Quantity.PHASE_ANGLE_L2), "angle_il2_ul2"),
    # The last one is a typing error in a script: it reads L3.
    (KeyMapping(Quantity.PHASE_ANGLE_L3), "angle_il3_ul3 angle_il2_ul3"),
    (
        KeyMapping(Quantity.REACTIVE_ENERGY_IMPORT),
        "nrg_reac_imp power_import_reactive bl_bezug blindleistung_im",
    ),
    (KeyMapping(Quantity.REACTIVE_ENERGY_IMPORT, _MILLI), "r+ blindenergie"),
    (
        KeyMapping(Quantity.REACTIVE_ENERGY_EXPORT),
        "nrg_reac_exp power_export_reactive bl_einspeisung blindleistung_ex",
    ),
    (KeyMapping(Quantity.REACTIVE_ENERGY_EXPORT, _MILLI), "r- blindenergie_einsp"),
    (KeyMapping(Quantity.REACTIVE_POWER), "reactive_power qt"),
    (KeyMapping(Quantity.REACTIVE_POWER, _KILO), "reaktive_power_total"),
    (KeyMapping(Quantity.REACTIVE_POWER_IMPORT), "blindleistung"),
    (KeyMapping(Quantity.REACTIVE_POWER_IMPORT, _KILO, doubtful=True), "q+"),
    (KeyMapping(Quantity.REACTIVE_POWER_EXPORT), "blindleistung_einsp"),
    (KeyMapping(Quantity.REACTIVE_POWER_EXPORT, _KILO, doubtful=True), "q-"),
    (KeyMapping(Quantity.METER_ID), "id wert netid znr zid smid"),
    (
        KeyMapping(Quantity.NO_MEASUREMENT),
        """
        hh mm ss tariff tarif tariff_p1 state_code status_code error_code f.f ver fw_check
        software_version energy_active""",
    ),
)
"""Names with one meaning, divided by blanks. Case and separators are ignored."""

SPELLED: Final[dict[str, KeyMapping | None]] = {
    # In W. With a capital letter, it is the current in A.
    "current": KeyMapping(Quantity.POWER, doubtful=True),
    # 16.7.0, in kW in three scripts and in W in one. "power_in" is 1.7.0 in W.
    "Power_in": KeyMapping(Quantity.POWER, _KILO, doubtful=True),
    "Power_Total": KeyMapping(Quantity.POWER, _KILO, doubtful=True),
    # In Wh, in scripts for MetCom.
    "import": KeyMapping(Quantity.ENERGY_IMPORT, _MILLI),
    "importht": KeyMapping(Quantity.ENERGY_IMPORT_T1, _MILLI),
    "importnt": KeyMapping(Quantity.ENERGY_IMPORT_T2, _MILLI),
    "export": KeyMapping(Quantity.ENERGY_EXPORT, _MILLI),
    "exportht": KeyMapping(Quantity.ENERGY_EXPORT_T1, _MILLI),
    "exportnt": KeyMapping(Quantity.ENERGY_EXPORT_T2, _MILLI),
    # Also for m³ and heat.
    "Total": KeyMapping(Quantity.ENERGY_IMPORT, doubtful=True),
    # Energy, in scripts for Hager and Apator. "P_in" and "P_ges" are power.
    "Pges": KeyMapping(Quantity.ENERGY_IMPORT, doubtful=True),
    "Pin": KeyMapping(Quantity.ENERGY_IMPORT, doubtful=True),
    "Pout": KeyMapping(Quantity.ENERGY_EXPORT, doubtful=True),
    # In 17 lines the manufacturer's code. "Meter_id" is the number of the meter in 9 of 10 lines.
    "meter_id": KeyMapping(Quantity.MANUFACTURER),
    "Meter_ID": KeyMapping(Quantity.MANUFACTURER),
    # In var. "Q+" is in kvar.
    "+Q": KeyMapping(Quantity.REACTIVE_POWER_IMPORT, doubtful=True),
    "-Q": KeyMapping(Quantity.REACTIVE_POWER_EXPORT, doubtful=True),
    # In A. "L1" is in W.
    **{f"l{phase}": KeyMapping(Quantity[f"CURRENT_L{phase}"]) for phase in (1, 2, 3)},
    # In W in 7 lines each, in kW in 2. "power_L1" is always in W.
    **{
        f"Power_L{phase}": KeyMapping(Quantity[f"POWER_L{phase}"], doubtful=True)
        for phase in (1, 2, 3)
    },
    # In one script each: "Total_IN" for two tariffs, "Energy" for the day tariff.
    "Total_IN": None,
    "Energy": None,
    # Of an inverter, and kWh that are called power.
    "Active_Power": None,
    "Wirkleistung_total": None,
}
"""Keys whose meaning depends on their case, or on the position of their sign.

None: the name of the key does not determine its meaning.
"""


@dataclass(frozen=True, slots=True)
class Family:
    """Keys that differ in a digit: the phase or the tariff."""

    pattern: str
    """Of a folded key."""
    quantity: str
    """The quantity, with # for the digit."""
    factor: float = 1.0
    doubtful: bool = False

    def matches(self, folded: str) -> bool:
        """Whether a folded key belongs to this family."""
        return re.fullmatch(self.pattern, folded) is not None

    def mapping_of(self, folded: str) -> KeyMapping:
        """Return what a key of this family means."""
        quantity = self.quantity.replace("#", re.sub(r"\D", "", folded))
        return KeyMapping(Quantity(quantity), self.factor, self.doubtful)


_FAMILIES: Final = (
    Family(r"l[1-3]", "power_l#"),
    # In a script that reads all possible registers, in addition to "power_L1".
    Family(r"wattl[1-3]b", "power_l#", doubtful=True),
    Family(r"l[1-3]p", "power_l#", _KILO),
    Family(r"pfactor[lp][1-3]", "power_factor_l#"),
    Family(
        r"(?:phaseangle|angle|phase|phasenwinkeliu|deltaphiiu)[lp][1-3]",
        "phase_angle_l#",
    ),
    Family(r"(?:power|hp)t[1-4]|ei[1-4]", "energy_import_t#"),
    Family(r"eo[1-4]", "energy_export_t#"),
    # kWh of the last 1, 7, 30 and 365 days, which can fall; of past months and seasons by tariff.
    Family(r"[a-z]+\d{1,3}d|mo(?:enrg|nrg|pw).*|totalt[12][12]", "no_measurement"),
    # Reactive energy and power by quadrant.
    Family(
        r"(?:nrgreac|pwrreac|energyactive|powerreactive)q[1-4]",
        "no_measurement",
    ),
)
"""The first pattern that matches is used."""

_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def _folded(key: str) -> str:
    """Return a key without case, blanks and separators, in which scripts differ.

    A sign at the start or the end is kept: "+P" and "-P" are the two directions of power.
    """
    plain = key.strip().casefold().translate(_UMLAUTS)
    return re.sub(r"[^a-z0-9]", "", plain) + re.sub(r"[^+-]", "", plain[:1] + plain[1:][-1:])


class KeyNames:
    """Interprets the names of keys by names with an exceptional meaning and by their words."""

    def __init__(
        self,
        spelled: Mapping[str, KeyMapping | None],
        names: Mapping[str, KeyMapping],
        families: tuple[Family, ...],
        words: Mapping[str, Part],
    ) -> None:
        """Initialize with exceptions and words."""
        self._spelled = spelled
        self._names = names
        self._families = families
        self._words = words

    def mapping_of(self, key: str) -> KeyMapping | None:
        """Return what the name of a key means, None if that is unknown."""
        spelled = key.strip()
        if spelled in self._spelled:
            return self._spelled[spelled]
        folded = _folded(key)
        if mapping := self._names.get(folded):
            return mapping
        for family in self._families:
            if family.matches(folded):
                return family.mapping_of(folded)
        return meaning_of(take_apart(key, self._words))

    def mappings_of(self, prefix: str, keys: Iterable[str]) -> dict[str, KeyMapping]:
        """Return what the keys of one block mean, by their names and beside each other.

        prefix: the name of the block.
        """
        published = list(keys)
        by_name = {key: mapping for key in published if (mapping := self.mapping_of(key))}
        return by_name | meanings_beside(published, prefix, self.mapping_of, self._words)


NAMES: Final[Mapping[str, KeyMapping]] = {
    _folded(name): mapping for mapping, names in _NAMES for name in names.split()
}
_ALL: Final = KeyNames(SPELLED, NAMES, _FAMILIES, WORDS)


# Bounded, because any client of the broker can publish any number of keys.
@lru_cache(maxsize=1024)
def mapping_of_name(key: str) -> KeyMapping | None:
    """Return what the name of a key means, None if that is unknown."""
    return _ALL.mapping_of(key)


def mappings_of_names(prefix: str, keys: Iterable[str]) -> Mapping[str, KeyMapping]:
    """Return what the keys of one block mean; prefix: the name of the block."""
    return _mappings_of_names(prefix, tuple(keys))


# A reader publishes the same keys in each message.
@lru_cache(maxsize=128)
def _mappings_of_names(prefix: str, keys: tuple[str, ...]) -> Mapping[str, KeyMapping]:
    return _ALL.mappings_of(prefix, keys)
