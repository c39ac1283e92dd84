"""The quantity and unit that the name of a published key means.

The author of a Tasmota script is free to choose the keys; OBIS codes and units are not published.
The tables contain the keys of published scripts (Tasmota's documentation, bitShake, ottelo9, gPlug,
evcc), compared without case and separators. `benchmarks/vocabulary.py` measures them against the
OBIS codes in those scripts.
"""

from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Final

from .registers import KeyMapping, Quantity

_KILO: Final = 1000.0
_MILLI: Final = 0.001

_NAMES: Final[tuple[tuple[KeyMapping, str], ...]] = (
    (
        KeyMapping(Quantity.ENERGY_IMPORT),
        """
        e_in total_in import_active total_kwh energy_imported kwh_in enrg_imp energy_import ei imp
        counter counter_pos verbrauch_summe zaehlerstand_180 pos_active_total total_consumed_kwh
        pos_wirk_tariflos dj_tpwrin energy energy_sum energy_in total meter_reading_total
        total_summe power_sum power_total_in hp_sum ec_counterval elz_pv_1.8.0 a+ zaehler_a+ timp
        energy_tot eti180 real_energy_consumed gesamtverbrauch""",
    ),
    (
        KeyMapping(Quantity.ENERGY_IMPORT, _MILLI),
        "import input_total total_consumption zaehlerstand_total",
    ),
    # pges: elsewhere "P" is power. bezug: power in one script. zaehlerstand: m³ for a water meter.
    # e_inop: a script for eBZ's DD3 publishes 1.8.0 with two scales; this one is right without the
    # PIN, e_in with it.
    (KeyMapping(Quantity.ENERGY_IMPORT, doubtful=True), "pges bezug zaehlerstand e_inop"),
    (
        KeyMapping(Quantity.ENERGY_EXPORT),
        """
        e_out total_out export_active export_total_kwh total_kwh_out energy_exported kwh_out
        enrg_exp energy_export eo en_out counter_neg einspeisung einspeisung_summe
        einspeisung_ges zaehlerstand_280 neg_active_total total_delivered_kwh neg_wirk_tariflos
        dj_tpwrout energy_supply energy_out total_einsp power_total_out elz_pv_2.8.0 a-
        zaehler_a- texp energy_tot_export eto280 real_energy_delivered gesamteinspeisung""",
    ),
    (KeyMapping(Quantity.ENERGY_EXPORT, _MILLI), "export output_total"),
    # In two scripts of one manufacturer; the names do not contain a direction.
    (
        KeyMapping(Quantity.ENERGY_EXPORT, _MILLI, doubtful=True),
        "total_active_energy wirkenergie_total",
    ),
    (KeyMapping(Quantity.ENERGY_EXPORT, doubtful=True), "e_outop"),
    (
        KeyMapping(Quantity.ENERGY_IMPORT_T1),
        """
        e_in_ht ht_total_in total_in_ht total_day total_day_kwh energy_p1_r1""",
    ),
    (KeyMapping(Quantity.ENERGY_IMPORT_T1, _MILLI), "import_ht"),
    (
        KeyMapping(Quantity.ENERGY_IMPORT_T2),
        """
        e_in_nt nt_total_in total_in_nt total_night total_night_kwh total_tariff energy_p1_r2""",
    ),
    (KeyMapping(Quantity.ENERGY_IMPORT_T2, _MILLI), "import_nt"),
    (KeyMapping(Quantity.ENERGY_IMPORT_T3), "energy_p1_r3"),
    (KeyMapping(Quantity.ENERGY_EXPORT_T1), "e_out_ht total_out_ht p_out_ht"),
    (KeyMapping(Quantity.ENERGY_EXPORT_T1, _MILLI), "export_ht"),
    (KeyMapping(Quantity.ENERGY_EXPORT_T2), "e_out_nt total_out_nt"),
    (KeyMapping(Quantity.ENERGY_EXPORT_T2, _MILLI), "export_nt"),
    (
        KeyMapping(Quantity.POWER),
        """
        power power_curr power_cur curr_w curr_power actual_power leistung momentanwirkleistung
        momentanleistung momentanverbrauch aktuelle_wirkleistung current_consumption watt_summe
        current_power current_active_power active_power_total effective_power p p_l1_l2_l3 p_tot
        pt power_total dj_tpwrcurr""",
    ),
    (KeyMapping(Quantity.POWER, _KILO), "kw_l1+l2+l3 t_p"),
    (KeyMapping(Quantity.POWER_ABSOLUTE), "power_2 power_b"),
    (
        KeyMapping(Quantity.POWER_IMPORT),
        "power_in p_in power_use_sum hp_use_sum p_import power_c p+",
    ),
    (KeyMapping(Quantity.POWER_IMPORT, _KILO), "kw_in pwr_imp power_import pp pi"),
    (KeyMapping(Quantity.POWER_EXPORT), "power_out p_out p_export p- einspeiseleistung"),
    (KeyMapping(Quantity.POWER_EXPORT, _KILO), "kw_out pwr_exp power_export pm po einspeisung_akt"),
    (KeyMapping(Quantity.POWER_L3), "ec_powerval"),
    (KeyMapping(Quantity.VOLTAGE_L1), "voltage volt"),
    (KeyMapping(Quantity.CURRENT_L1), "current strom"),
    (KeyMapping(Quantity.CURRENT_N), "i_n current_n"),
    (
        KeyMapping(Quantity.FREQUENCY),
        "freq frequency hz net_frequency netz_frequenz grid_frequency frequenz frequency_p1",
    ),
    (
        KeyMapping(Quantity.POWER_FACTOR),
        "factor power_factor p_faktor leistungsfaktor p_factor pf pft",
    ),
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
        "kvarh_in nrg_reac_imp power_import_reactive bl_bezug blindleistung_im",
    ),
    (KeyMapping(Quantity.REACTIVE_ENERGY_IMPORT, _MILLI), "r+ blindenergie"),
    (
        KeyMapping(Quantity.REACTIVE_ENERGY_EXPORT),
        "kvarh_out nrg_reac_exp power_export_reactive bl_einspeisung blindleistung_ex",
    ),
    (KeyMapping(Quantity.REACTIVE_ENERGY_EXPORT, _MILLI), "r- blindenergie_einsp"),
    (KeyMapping(Quantity.REACTIVE_POWER), "reactive_power qt"),
    (KeyMapping(Quantity.REACTIVE_POWER, _KILO), "reaktive_power_total"),
    (KeyMapping(Quantity.REACTIVE_POWER_IMPORT), "blindleistung"),
    (KeyMapping(Quantity.REACTIVE_POWER_IMPORT, _KILO), "kvar_in"),
    (KeyMapping(Quantity.REACTIVE_POWER_IMPORT, _KILO, doubtful=True), "q+"),
    (KeyMapping(Quantity.REACTIVE_POWER_EXPORT), "blindleistung_einsp"),
    (KeyMapping(Quantity.REACTIVE_POWER_EXPORT, _KILO), "kvar_out"),
    (KeyMapping(Quantity.REACTIVE_POWER_EXPORT, _KILO, doubtful=True), "q-"),
    (
        KeyMapping(Quantity.METER_ID),
        """
        meter_number meter_id server_id serialnr serial id wert netid znr zid zaehlernummer smid""",
    ),
    (
        KeyMapping(Quantity.NO_MEASUREMENT),
        """
        year month day hh mm ss time zeit date datum uhrzeit timestamp tariff tarif tariff_p1
        status state_code status_code error_code f.f ver fw_check firmware_version
        software_version total_reset energy_active""",
    ),
)
"""Names with one meaning, divided by blanks. Case and separators are ignored."""

_SPELLED: Final[dict[str, KeyMapping | None]] = {
    # In W. With a capital letter, it is the current in A.
    "current": KeyMapping(Quantity.POWER, doubtful=True),
    # 16.7.0, in kW in three scripts and in W in one. "power_in" is 1.7.0 in W.
    "Power_in": KeyMapping(Quantity.POWER, _KILO, doubtful=True),
    "Power_Total": KeyMapping(Quantity.POWER, _KILO, doubtful=True),
    # Also for m³ and heat.
    "Total": KeyMapping(Quantity.ENERGY_IMPORT, doubtful=True),
    # Energy, in scripts for Hager. "P_in" is power.
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
}
"""Keys whose meaning depends on their case, or on the position of their sign.

None: the name of the key does not determine its meaning.
"""


@dataclass(frozen=True, slots=True)
class _Family:
    """Keys that differ in a digit: the phase or the tariff."""

    pattern: str
    """Of a folded key."""
    quantity: str
    """The quantity, with # for the digit."""
    factor: float = 1.0
    doubtful: bool = False


_FAMILIES: Final = (
    _Family(
        (
            r"(?:power|powercurr|watt|p|leistung|wirkleistung|effpower|activepower)[lp][1-3]"
            r"|powerl[1-3]curr|[lp][1-3]|l[1-3]power"
        ),
        "power_l#",
    ),
    # In a script that reads all possible registers, in addition to "power_L1".
    _Family(r"wattl[1-3]b", "power_l#", doubtful=True),
    _Family(r"kwl[1-3]|l[1-3]p", "power_l#", _KILO),
    _Family(
        (
            r"(?:voltage|volts?|spannung)[lp][1-3](?:curr|n)?"
            r"|[uv]l?[1-3]|l[1-3]n?(?:voltage|spannung|v)"
        ),
        "voltage_l#",
    ),
    _Family(
        r"(?:current|curr|amp|amperage|strom)[lp][1-3](?:curr)?|il?[1-3]|l[1-3](?:strom|i)",
        "current_l#",
    ),
    _Family(r"(?:powerfactor|pfactor|pf|cosphi)[lp][1-3]", "power_factor_l#"),
    _Family(
        r"(?:phaseangle|angle|phase|phasenwinkeliu|deltaphiiu)[lp][1-3]",
        "phase_angle_l#",
    ),
    _Family(
        (
            r"(?:energyimport|enrgimp|kwhin|totalin|ein|verbrauch|poswirk|energy|energie|power|hp"
            r"|total)t(?:arif)?[1-4]|t[1-4]bezug|ei[1-4]"
        ),
        "energy_import_t#",
    ),
    _Family(
        (
            r"(?:energyexport|enrgexp|kwhout|totalout|eout|einspeisung|negwirk)t(?:arif)?[1-4]"
            r"|t[1-4]einspeisung|eo[1-4]"
        ),
        "energy_export_t#",
    ),
    # kWh of the last 1, 7, 30 and 365 days, which can fall; of past months and seasons by tariff.
    _Family(r"[a-z]+\d{1,3}d|mo(?:enrg|nrg|pw).*|totalt[12][12]", "no_measurement"),
    _Family(
        r"(?:verbrauch|einspeisung|bezug)(?:heute|gestern|tag|woche|monat|jahr)",
        "no_measurement",
    ),
    # Reactive energy and power by quadrant or tariff; limits and maxima.
    _Family(
        (
            r"(?:nrgreac|pwrreac|energyactive|powerreactive)q[1-4]|kvarh(?:in|out)t[1-4]"
            r"|currentlimit\d|max(?:import|export|power)"
        ),
        "no_measurement",
    ),
)
"""The first pattern that matches is used."""

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
_OBIS_KEY: Final = re.compile(
    r"(?:[01][-_.][01][-_.:])?"  # A, B: electricity or general, channel 0 or 1
    r"(\d{1,3}|[cf])[-_.](\d{1,2})[-_.](\d{1,3})"  # C, D, E
    r"(?:[*_](\d{1,3}))?",  # F: 255 or 00 for the present, otherwise a past period
    re.ASCII,
)
_NOW: Final = (None, "255", "00")

_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_NO_MEASUREMENT: Final = KeyMapping(Quantity.NO_MEASUREMENT)


def _folded(key: str) -> str:
    """Return a key without case, blanks and separators, in which scripts differ.

    A sign at the start or the end is kept: "+P" and "-P" are the two directions of power.
    """
    plain = key.strip().casefold().translate(_UMLAUTS)
    return re.sub(r"[^a-z0-9]", "", plain) + re.sub(r"[^+-]", "", plain[:1] + plain[1:][-1:])


_BY_NAME: Final = {_folded(name): mapping for mapping, names in _NAMES for name in names.split()}


# Bounded, because any client of the broker can publish any number of keys.
@lru_cache(maxsize=1024)
def mapping_of_name(key: str) -> KeyMapping | None:
    """Return what the name of a key means, None if that is unknown."""
    spelled = key.strip()
    if spelled in _SPELLED:
        return _SPELLED[spelled]
    folded = _folded(key)
    if mapping := _BY_NAME.get(folded):
        return mapping
    if match := _OBIS_KEY.fullmatch(spelled.casefold()):
        *code, period = match.groups()
        return _OBIS.get(".".join(code), _NO_MEASUREMENT) if period in _NOW else _NO_MEASUREMENT
    for family in _FAMILIES:
        if re.fullmatch(family.pattern, folded):
            quantity = family.quantity.replace("#", re.sub(r"\D", "", folded))
            return KeyMapping(Quantity(quantity), family.factor, family.doubtful)
    return None
