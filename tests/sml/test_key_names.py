"""Which register of the meter a published key means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks.vocabulary import (
    Measurement,
    author_of,
    cross_validate,
    manufacturer_of,
    measure,
    names_of_others,
    read,
)
from custom_components.py_hab.sml.key_names import _FAMILIES, _NAMES, _folded, mapping_of_name
from custom_components.py_hab.sml.registers import (
    TOTALS,
    KeyMapping,
    Quantity,
)
from tests.support.captures import name_of, there

IMPORT = Quantity.ENERGY_IMPORT
EXPORT = Quantity.ENERGY_EXPORT
POWER = Quantity.POWER
METER_ID = Quantity.METER_ID


def quantities(keys: str) -> list[Quantity | None]:
    """Return what keys divided by blanks mean."""
    return [mapping.quantity if (mapping := mapping_of_name(key)) else None for key in keys.split()]


# The vocabularies


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("E_in Power Meter_id", [IMPORT, POWER, METER_ID]),
        ("E_in E_out Power server_id", [IMPORT, EXPORT, POWER, METER_ID]),
        ("Total_in Total_out Power_curr Meter_Number", [IMPORT, EXPORT, POWER, METER_ID]),
        ("Total_in Total_out Power_cur meter_number", [IMPORT, EXPORT, POWER, METER_ID]),
        ("ImportActive ExportActive Power", [IMPORT, EXPORT, POWER]),
        ("total_kwh export_total_kwh curr_w", [IMPORT, EXPORT, POWER]),
        ("Ei Eo SMid", [IMPORT, EXPORT, METER_ID]),
        ("DJ_TPWRIN DJ_TPWROUT DJ_TPWRCURR", [IMPORT, EXPORT, POWER]),
        ("Verbrauch_Summe Einspeisung_Summe Watt_Summe", [IMPORT, EXPORT, POWER]),
        ("counter_pos counter_neg aktuelle_Wirkleistung", [IMPORT, EXPORT, POWER]),
        ("TotalIn TotalOut CurrPower", [IMPORT, EXPORT, POWER]),
        ("Power_total_in Power_total_out power", [IMPORT, EXPORT, POWER]),
    ],
    ids=[
        "the old py_hab server",
        "bitShake",
        "Tasmota's documentation",
        "Tasmota's documentation, older",
        "ottelo9",
        "evcc",
        "gPlug",
        "macros",
        "German",
        "counters",
        "without separators",
        "energy that is called power",
    ],
)
def test_the_vocabularies_are_known(keys: str, expected: list[Quantity]) -> None:
    assert quantities(keys) == expected
    assert all((mapping_of_name(key) or KeyMapping(POWER, 0)).factor == 1 for key in keys.split())


@pytest.mark.parametrize(
    ("keys", "quantity"),
    [
        ("power_L1 Power_p1 P1 L1 Watt_L1 wirkleistung_l1 eff_power_l1 P_L1", Quantity.POWER_L1),
        ("Power_L2_curr Power_curr_p2 Active_Power_L2 L2_Power 56_7_0", Quantity.POWER_L2),
        ("Volt_p1 volt_l1 voltage_L1 volts_l1 Spannung_L1 Volt_L1_curr U1 V1", Quantity.VOLTAGE_L1),
        ("V_L3 ul3 VoltageP3 L3Spannung Voltage_L3-N L3-N_Voltage 72-7-0", Quantity.VOLTAGE_L3),
        ("Voltage", Quantity.VOLTAGE_L1),
        ("Curr_p1 Current_L1 amp_p1 curr_L1 Amperage_p1 I_L1 I1 il1 strom_l1", Quantity.CURRENT_L1),
        ("Current", Quantity.CURRENT_L1),
        ("l2 Amperage_L2_curr L2Strom CurrentP2", Quantity.CURRENT_L2),
        ("I_N 91-7-0", Quantity.CURRENT_N),
        ("frequency Freq HZ net_frequency Netz_Frequenz", Quantity.FREQUENCY),
        ("factor power_factor Leistungsfaktor", Quantity.POWER_FACTOR),
        ("CosPhi_L2 PF_L2 53_7_0", Quantity.POWER_FACTOR_L2),
        ("phase_angle_L2_L1 angle_ul2_ul1 phasenwinkel_u_l1_l2", Quantity.PHASE_ANGLE_L2_L1),
        ("phase_l1_l3 delta_phi_U_L1-L3", Quantity.PHASE_ANGLE_L3_L1),
        ("phase_angle_L1 phase_angle_p1 phase_l1 Delta_Phi_I_U_L1", Quantity.PHASE_ANGLE_L1),
        ("angle_il2_ul3 angle_L3", Quantity.PHASE_ANGLE_L3),
        ("Power2 PowerB 15_7_0", Quantity.POWER_ABSOLUTE),
        ("power_in P_in PowerC +P P+", Quantity.POWER_IMPORT),
        ("power_out P_out -P P- Einspeiseleistung", Quantity.POWER_EXPORT),
    ],
)
def test_more_than_the_totals(keys: str, quantity: Quantity) -> None:
    assert set(quantities(keys)) == {quantity}


def test_a_blank_before_the_key_is_no_part_of_it() -> None:
    assert mapping_of_name(" amperage_l1") == KeyMapping(Quantity.CURRENT_L1)
    assert mapping_of_name(" E_in ") == KeyMapping(IMPORT)
    assert mapping_of_name(" 1_8_0 ") == KeyMapping(IMPORT)


@pytest.mark.parametrize("key", ["E_in", "e_in", "E_IN", "E in", "E-in", "e.in", "E__in", "Ein"])
def test_case_blanks_and_separators_make_no_difference(key: str) -> None:
    assert mapping_of_name(key) == KeyMapping(IMPORT)


def test_umlauts_may_be_written_out() -> None:
    assert (
        mapping_of_name("Zählerstand_180")
        == mapping_of_name("zaehlerstand_180")
        == KeyMapping(IMPORT)
    )
    assert mapping_of_name("ZÄHLER_A+") == KeyMapping(IMPORT)


# OBIS codes as keys


@pytest.mark.parametrize(
    "key",
    ["1_8_0", "1-8-0", "1.8.0", "1-0:1.8.0", "1_0_1_8_0", "1-0:1.8.0*255", "1.8.0*00", "1-1:1.8.0"],
)
def test_shapes_of_obis_codes(key: str) -> None:
    assert mapping_of_name(key) == KeyMapping(IMPORT)


@pytest.mark.parametrize(
    ("keys", "quantity"),
    [
        ("2_8_0 2-8-0 2.8.0", EXPORT),
        ("16_7_0 16-7-0 1-0:16.7.0*255", POWER),
        ("96_1_0 0_0_9 0.0.0 C.1.0 1_0_96_1_0 0-0:96.1.0", METER_ID),
        ("96.50.1", Quantity.MANUFACTURER),
        ("1_8_1 1-8-1", Quantity.ENERGY_IMPORT_T1),
        ("2.8.2 2_8_2", Quantity.ENERGY_EXPORT_T2),
        ("81_7_26", Quantity.PHASE_ANGLE_L3),
        ("131.7.0", Quantity.REACTIVE_POWER),
        # Another register, or another period, than the ones that we read.
        (
            "1.8.0*97 1.8.0*01 2.8.0_98 15_8_0 1_6_1 1-5-0 9_7_0 0.3.0 C.2.9",
            Quantity.NO_MEASUREMENT,
        ),
    ],
)
def test_obis_codes_name_their_register(keys: str, quantity: Quantity) -> None:
    assert set(quantities(keys)) == {quantity}


@pytest.mark.parametrize(
    "key", ["1.8", "1.8.0.0", "2-0:1.8.0", "\N{ARABIC-INDIC DIGIT ONE}.8.0", ".8.1", "1.8.0000"]
)
def test_what_is_no_obis_code(key: str) -> None:
    assert mapping_of_name(key) is None


# Traps


@pytest.mark.parametrize(
    "key",
    [
        *["total_1d", "total_7d", "total_30d", "total_365d", "E_in_7d", "E_out_1d"],
        *[" E_in_7d", " E_in_365d", "total_reset", "mo_enrg_imp", "mo_enrg_expt1", "Total_T1-2"],
        *["Verbrauch Tag", "Einspeisung_Monat"],
    ],
)
def test_energy_of_a_period_falls_and_is_no_counter(key: str) -> None:
    assert mapping_of_name(key) == KeyMapping(Quantity.NO_MEASUREMENT)


@pytest.mark.parametrize(
    "key",
    ["year", "month", "day", "hh", "mm", "ss", "zeit", "timestamp", "time-stamp", "0_9_1"],
)
def test_the_meters_clock_is_no_measurement(key: str) -> None:
    assert mapping_of_name(key) == KeyMapping(Quantity.NO_MEASUREMENT)


@pytest.mark.parametrize(
    "key",
    [
        *["tariff", "F.F", "Status", "maximport", "1_6_1", "current_limit_1", "FwCheck"],
        *["energy_active", "energy_active_q1", "nrg_reac_q4", "pwr_reac_q2", "kvarh_IN_T1"],
    ],
)
def test_status_maxima_and_quadrants_are_no_measurement(key: str) -> None:
    assert mapping_of_name(key) == KeyMapping(Quantity.NO_MEASUREMENT)


@pytest.mark.parametrize(
    ("keys", "quantity"),
    [
        ("E_inHT HT_Total_in Total_inHT E_in-HT Total_day t1_Bezug", Quantity.ENERGY_IMPORT_T1),
        ("Ei1 enrg_imp_t1 energy_import_t1 kWh_IN_T1 pos_wirk_tarif_1", Quantity.ENERGY_IMPORT_T1),
        ("Verbrauch_T1 Power_T1 Total_Tarif1", Quantity.ENERGY_IMPORT_T1),
        ("E_inNT NT_Total_in EinNT total_night_kwh TotalTariff", Quantity.ENERGY_IMPORT_T2),
        ("energy_import_t4", Quantity.ENERGY_IMPORT_T4),
        ("E_outHT PoutHT energy_export_t1 neg_wirk_tarif_1", Quantity.ENERGY_EXPORT_T1),
        ("Eo2 EoutNT t2_Einspeisung", Quantity.ENERGY_EXPORT_T2),
    ],
)
def test_a_tariff_is_not_the_total(keys: str, quantity: Quantity) -> None:
    assert set(quantities(keys)) == {quantity}


@pytest.mark.parametrize(
    ("key", "mapping"),
    [
        ("kW_L1+L2+L3", KeyMapping(POWER, 1000)),
        ("Power_in", KeyMapping(POWER, 1000, doubtful=True)),
        ("Pi", KeyMapping(Quantity.POWER_IMPORT, 1000)),
        ("Po", KeyMapping(Quantity.POWER_EXPORT, 1000)),
        ("kW_IN", KeyMapping(Quantity.POWER_IMPORT, 1000)),
        ("pwr_imp", KeyMapping(Quantity.POWER_IMPORT, 1000)),
        ("power_import", KeyMapping(Quantity.POWER_IMPORT, 1000)),
        ("Pp", KeyMapping(Quantity.POWER_IMPORT, 1000)),
        ("Pm", KeyMapping(Quantity.POWER_EXPORT, 1000)),
        ("kW_L3", KeyMapping(Quantity.POWER_L3, 1000)),
        ("1_7_0", KeyMapping(Quantity.POWER_IMPORT, 1000, doubtful=True)),
        ("2_7_0", KeyMapping(Quantity.POWER_EXPORT, 1, doubtful=True)),
        ("41_7_0", KeyMapping(Quantity.POWER_L2, 1000, doubtful=True)),
        ("kvar_IN", KeyMapping(Quantity.REACTIVE_POWER_IMPORT, 1000)),
        ("Q-", KeyMapping(Quantity.REACTIVE_POWER_EXPORT, 1000, doubtful=True)),
        ("-Q", KeyMapping(Quantity.REACTIVE_POWER_EXPORT, doubtful=True)),
    ],
)
def test_kilowatts_become_watts(key: str, mapping: KeyMapping) -> None:
    assert mapping_of_name(key) == mapping


@pytest.mark.parametrize(
    ("key", "mapping"),
    [
        ("import", KeyMapping(IMPORT, 0.001)),
        ("export", KeyMapping(EXPORT, 0.001)),
        ("importnt", KeyMapping(Quantity.ENERGY_IMPORT_T2, 0.001)),
        ("input_total", KeyMapping(IMPORT, 0.001)),
        ("Total_Consumption", KeyMapping(IMPORT, 0.001)),
        ("Total_Active_Energy", KeyMapping(EXPORT, 0.001, doubtful=True)),
        ("Blindenergie", KeyMapping(Quantity.REACTIVE_ENERGY_IMPORT, 0.001)),
        ("Blindenergie einsp", KeyMapping(Quantity.REACTIVE_ENERGY_EXPORT, 0.001)),
        ("+R", KeyMapping(Quantity.REACTIVE_ENERGY_IMPORT, 0.001)),
        ("power_import_reactive", KeyMapping(Quantity.REACTIVE_ENERGY_IMPORT)),
    ],
)
def test_watt_hours_become_kilowatt_hours(key: str, mapping: KeyMapping) -> None:
    assert mapping_of_name(key) == mapping


@pytest.mark.parametrize(
    ("key", "mapping"),
    [
        ("current", KeyMapping(POWER, doubtful=True)),
        ("current_consumption", KeyMapping(POWER)),
        ("current_power", KeyMapping(POWER)),
        ("Current_L1", KeyMapping(Quantity.CURRENT_L1)),
        ("Pin", KeyMapping(IMPORT, doubtful=True)),
        ("Pges", KeyMapping(IMPORT, doubtful=True)),
        ("P_in", KeyMapping(Quantity.POWER_IMPORT)),
        ("power_in", KeyMapping(Quantity.POWER_IMPORT)),
        ("L1", KeyMapping(Quantity.POWER_L1)),
        ("l1", KeyMapping(Quantity.CURRENT_L1)),
        ("Power_L1", KeyMapping(Quantity.POWER_L1, doubtful=True)),
        ("power_L1", KeyMapping(Quantity.POWER_L1)),
        ("Watt_L1B", KeyMapping(Quantity.POWER_L1, doubtful=True)),
        ("E_inoP", KeyMapping(IMPORT, doubtful=True)),
        ("Zählerstand", KeyMapping(IMPORT, doubtful=True)),
        ("Total", KeyMapping(IMPORT, doubtful=True)),
        ("total", KeyMapping(IMPORT)),
    ],
)
def test_names_that_mislead(key: str, mapping: KeyMapping) -> None:
    assert mapping_of_name(key) == mapping


@pytest.mark.parametrize(
    ("key", "quantity"),
    [
        ("meter_id", Quantity.MANUFACTURER),
        ("Meter_ID", Quantity.MANUFACTURER),
        ("96_50_1", Quantity.MANUFACTURER),
        ("Meter_id", METER_ID),
        ("MeterId", METER_ID),
        ("Zählernummer", METER_ID),
        ("Wert", METER_ID),
        ("ID", METER_ID),
    ],
)
def test_the_manufacturer_code_is_no_identity(key: str, quantity: Quantity) -> None:
    assert mapping_of_name(key) == KeyMapping(quantity)


def test_a_sign_shows_a_direction() -> None:
    assert quantities("+A -A A+ A-") == [IMPORT, EXPORT, IMPORT, EXPORT]
    assert quantities("zaehler_a+ zaehler_a-") == [IMPORT, EXPORT]
    assert quantities("A P- +E_in Power+ + - +-") == [None, Quantity.POWER_EXPORT, *[None] * 5]


@pytest.mark.parametrize(
    "key",
    [
        *["", " ", "_", "Temperature", "unknown", "HI", "sens1", "V_L1-L2", "Volt_2", "volt_p4"],
        # One object for two meters, or for three devices.
        *["M1_PRMS_total", "Sensor-1-kWh", "C1ActivePower"],
        # Both directions under one key: Python's json keeps the last.
        "Tariflos",
        # Both tariffs under one key; and one tariff under the name of all.
        *["Total_IN", "Energy"],
        # An inverter's; and energy that is called power.
        *["Active_Power", "Output_Power", "Wirkleistung_total", "L1Wirkenergie"],
    ],
)
def test_what_the_tables_do_not_hold_is_not_guessed(key: str) -> None:
    assert mapping_of_name(key) is None


# The tables


def test_no_name_is_there_twice() -> None:
    names = [_folded(name) for _, names in _NAMES for name in names.split()]
    assert len(names) == len(set(names))
    assert "" not in names


def test_families_lead_to_quantities() -> None:
    for family in _FAMILIES:
        assert Quantity(family.quantity.replace("#", "1"))


# Lines of scripts


@dataclass(frozen=True, kw_only=True)
class Scripts:
    """What is known of a file with lines of scripts."""

    lines: int
    without_code: int
    """Lines whose code is not one of an electricity meter."""
    each_total: int
    """Lines of each total at least."""
    relatives: Mapping[tuple[str, str], int]
    """(key, OBIS code): lines of the same kind that bear a total's name; the name is ambiguous."""
    contradictions: Mapping[tuple[str, str, str], int]
    """Lines that are not measured: OBIS code and unit cannot both be true."""
    missed: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Totals that are not recognised."""


OURS: Final = Scripts(
    lines=51,
    without_code=3,
    each_total=4,
    relatives={("Total_in", "1.8.1"): 1},
    contradictions={("Power", "1-0:1.8.0*255", "W"): 1},
)
PUBLISHED: Final = Scripts(
    lines=3178,
    without_code=17,
    each_total=151,
    relatives={
        # Scripts that publish a tariff (1.8.1, 2.8.1) under the name of the total, and no total:
        # MT174, TD-3511 and AS1440 in the documentation; ottelo9's AS1350, MT671 and ZMD120.
        ("Total_in", "1.8.1"): 4,
        ("Total_out", "2.8.1"): 4,
        ("ImportActive", "1.8.1"): 3,
        ("ExportActive", "2.8.1"): 1,
        # LK11BL counts both directions in one register, and has no other.
        ("total", "15.8.0"): 3,
        # Power of meters that report no sign, 0 or absolute while feeding in; they have no 16.7.0.
        ("Power", "1.7.0"): 11,
        ("Power", "15.7.0"): 3,
        ("Power_cur", "15.7.0"): 2,
        ("Power_curr", "15.7.0"): 2,
        # DZG's WS7612 and DWS7412 have a single phase: L1 is all there is.
        ("Power", "36.7.0"): 1,
        ("power", "36.7.0"): 2,
    },
    contradictions={
        # ottelo9's ACE3000, LK13BD, LK13BO, ZE314; 20EC3gr; ZMD120: the counter as "Power", in W.
        ("Power", "1.8.0", "W"): 4,
        ("Power", "1.8.0*00", "W"): 1,
        ("Power", "1.8.1", "W"): 1,
        # ottelo9's EHZ161: a current, in W.
        ("Power", "1-0:31.7.0*255", "W"): 1,
        # The documentation's E650: its phases' power, in kWh.
        ("36-7-0", "1-1:36.7.0", "kWh"): 1,
        ("56-7-0", "1-1:56.7.0", "kWh"): 1,
        ("76-7-0", "1-1:76.7.0", "kWh"): 1,
    },
    # ED300L: one key for both directions, so the missing totals are deliberate.
    missed={("Tariflos", "1.8.0"): 2, ("Tariflos", "2.8.0"): 2},
)
SCRIPTS: Final = there({"sml_descriptors.jsonl": OURS}, {"sml_descriptors.jsonl": PUBLISHED})


@cache
def measured(path: Path) -> Measurement:
    return measure(read(path))


@pytest.mark.parametrize(("path", "known"), SCRIPTS.items(), ids=name_of)
@pytest.mark.parametrize("quantity", sorted(TOTALS))
def test_totals_of_scripts_are_recognised(path: Path, known: Scripts, quantity: Quantity) -> None:
    assert measured(path).lines[quantity] >= known.each_total
    assert measured(path).share(quantity) >= 0.99


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_nothing_of_another_kind_is_taken_for_a_total(path: Path) -> None:
    assert measured(path).strangers == {}


@pytest.mark.parametrize(("path", "known"), SCRIPTS.items(), ids=name_of)
def test_every_key_that_is_taken_for_its_relative_is_listed(path: Path, known: Scripts) -> None:
    assert measured(path).relatives == known.relatives


@pytest.mark.parametrize(("path", "known"), SCRIPTS.items(), ids=name_of)
def test_what_is_not_measured_is_listed(path: Path, known: Scripts) -> None:
    found = measured(path)
    assert found.contradicting == known.contradictions
    assert found.missed == known.missed
    assert found.lines.total() + found.outside.total() == known.lines
    assert found.outside["no code of an electricity meter"] == known.without_code


# Families of scripts that are left out


def test_what_only_a_left_out_family_has_contributed_does_not_count() -> None:
    others = names_of_others(["Total_in", "E_in"], with_language=True)
    assert others.mapping_of("E_in") == mapping_of_name("E_in")
    assert others.mapping_of("Zaehler_kWh") == mapping_of_name("Zaehler_kWh")
    # An exception, an abbreviation, and a family of names of scripts that are not among these.
    assert mapping_of_name("DJ_TPWRIN") is not None
    assert others.mapping_of("DJ_TPWRIN") is None
    assert mapping_of_name("en_out") is not None
    assert others.mapping_of("en_out") is None
    assert mapping_of_name("Ei1") is not None
    assert others.mapping_of("Ei1") is None
    strict = names_of_others(["Total_in"], with_language=False)
    assert strict.mapping_of("Total_in") == mapping_of_name("Total_in")
    assert strict.mapping_of("Zaehler_kWh") is None


def test_each_family_is_measured_without_its_own_names() -> None:
    lines = [
        {"meter": meter, "vocabulary": "docs", "key": key, "obis": "1.8.0", "unit": "kWh"}
        for meter, key in (("A meter", "en_in"), ("Beta 7", "Total_in"), ("Gamma", "DJ_TPWRIN"))
    ]
    result = cross_validate(lines, manufacturer_of)
    assert result.lines[IMPORT] == 3
    assert result.missed == {("en_in", "1.8.0"): 1, ("DJ_TPWRIN", "1.8.0"): 1}
    assert cross_validate([*lines, *lines], author_of).lines[IMPORT] == 6


def test_families_are_manufacturers_and_authors() -> None:
    line = {"meter": "2 * Honeywell AS2020 (SML)", "vocabulary": "docs-crawl"}
    assert manufacturer_of(line) == "elster"
    assert author_of(line) == "docs"
    assert manufacturer_of({"meter": "7"}) == "7"


@pytest.mark.parametrize("path", there({}, {"sml_descriptors.jsonl": PUBLISHED}), ids=name_of)
@pytest.mark.parametrize("family_of", [manufacturer_of, author_of])
def test_scripts_of_a_left_out_family_are_recognised(
    path: Path, family_of: Callable[[dict[str, Any]], str]
) -> None:
    """The rest is `Tariflos`: a script publishes both directions under this key."""
    result = cross_validate(read(path), family_of)
    assert result.strangers == {}
    assert min(result.share(total) for total in TOTALS) > 0.99
    assert min(result.share_of_decidable(total) for total in TOTALS) == 1
