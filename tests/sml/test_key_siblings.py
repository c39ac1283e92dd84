"""What keys mean beside the other keys of their block.

The blocks are made up, in the manner of published scripts: none of them is among the scripts from
which the tables were made.
"""

from typing import Final

import pytest

from custom_components.py_hab.sml.key_names import mapping_of_name, mappings_of_names
from custom_components.py_hab.sml.payload import named_evidence
from custom_components.py_hab.sml.registers import TOTALS, KeyMapping, Quantity

IMPORT = Quantity.ENERGY_IMPORT
EXPORT = Quantity.ENERGY_EXPORT
POWER = Quantity.POWER
SHORT: Final = {"import": IMPORT, "export": EXPORT, "power": POWER}


def found(prefix: str, keys: str) -> dict[str, KeyMapping]:
    """Return what keys divided by blanks mean in one block."""
    return dict(mappings_of_names(prefix, keys.split()))


def totals(prefix: str, keys: str, *, doubtful: bool) -> dict[Quantity, str]:
    """Return the keys of the totals, the doubtful ones or the others."""
    return {
        mapping.quantity: key
        for key, mapping in found(prefix, keys).items()
        if mapping.quantity in TOTALS and mapping.doubtful is doubtful
    }


# Blocks of meters that nobody has seen


@pytest.mark.parametrize(
    ("prefix", "keys", "others"),
    [
        # Iskra
        ("MT175", "import:Bezug_gesamt export:Einspeisung_gesamt power:Leistung_aktuell", "P_L1"),
        ("Z", "import:Stromzaehler_Bezug export:Stromzaehler_Lieferung power:Gesamtleistung", ""),
        ("MT681", "import:MT681_E_in export:MT681_E_out power:MT681_P", "MT681_id"),
        ("SML", "import:obis_180 export:obis_280 power:obis_1670", "obis_3670 obis_9610"),
        # EMH
        ("ED300L", "import:Netzbezug export:Netzeinspeisung power:Netzleistung", ""),
        ("Haus", "import:Wirkarbeit_Bezug power:Wirkleistung", "Wirkarbeit_Bezug_T1"),
        ("eBZD", "import:Stand_Bezug export:Stand_Einspeisung power:akt_Leistung", "Meter_id"),
        # EasyMeter
        ("Q3D", "import:A_plus export:A_minus power:P_ges", "P_L1 P_L2 P_L3"),
        ("Q1A", "import:Energie_Bezug_kWh export:Energie_Lieferung_kWh power:Leistung_W", ""),
        # Logarex
        ("LK13BE", "import:Verbrauch_total power:verbrauch_aktuell", "verbrauch_1d verbrauch_7d"),
        ("LK", "import:consumption_total_kWh export:feed_in_total_kWh power:power_now", "u_l1"),
        ("LK", "import:cons_kWh export:feed_kWh power:watt", ""),
        # Landis+Gyr
        ("E320", "import:import_total export:export_total power:active_power", "import_power"),
        ("E220", "import:Energy_plus export:Energy_minus", "Power_plus Power_minus"),
        ("E450", "import:active_import export:active_export", "reactive_import reactive_export"),
        ("LGZ", "import:Tot_A+ export:Tot_A-", "Act_P+ Act_P-"),
        # Holley
        ("DTZ541", "import:Strombezug export:Stromeinspeisung power:Momentanverbrauch", "Strom_L1"),
        ("DTZ", "import:E_bezug export:E_einspeisung power:P_total", "P_1 P_2 P_3"),
        # DZG
        ("DWS76", "import:energy export:energy_out power:power", "meter_id"),
        ("DVS74", "import:TotalEnergyIn export:TotalEnergyOut power:ActivePower", ""),
        # eBZ
        ("DD3", "import:ZSt_in export:ZSt_out power:Leistung", ""),
        ("MD3", "import:Bezug_Summe export:Lieferung_Summe", "Bezug_HT Bezug_NT Saldo"),
        # Itron
        ("OW", "import:pos_Wirkenergie export:neg_Wirkenergie power:Summenleistung", ""),
        # Apator
        ("Apator", "import:apox_total_in export:apox_total_out power:apox_power", ""),
        ("Norax", "import:norax_total_in export:norax_total_out power:norax_power", ""),
        ("APOX", "import:Verbrauch_ges export:Einsp_ges power:Watt_ges", ""),
        # Kaifa, Siemens, Sagemcom
        ("MA309", "import:Wirkenergie_Bezug export:Wirkenergie_Einspeisung", "Wirkleistung_Bezug"),
        ("TD3511", "import:E_plus export:E_minus", "P_plus P_minus"),
        ("T210", "import:ImportEnergy export:ExportEnergy", "ImportPower ExportPower"),
        # Others
        ("House", "import:grid_import_kwh export:grid_export_kwh power:grid_power_w", "solar_w"),
        ("Strom", "import:Verbrauch_kWh power:Verbrauch_W", ""),
        ("SDM", "import:sdm_import power:sdm_power", "sdm_voltage sdm_current"),
        # Beside a meter: devices, weather, statistics, the reader itself.
        ("Strom", "import:E_in export:E_out power:Power", "PV_power PV_total Akku_in Akku_out"),
        ("Strom", "import:Haus_Bezug power:Haus_Leistung", "WP_Bezug WP_Leistung"),
        ("Strom", "import:total_in power:power", "wallbox_in wallbox_out charge_power"),
        ("Strom", "import:E_in power:Power", "Power_max Power_avg E_in_month E_in_last_month"),
        ("Strom", "import:E_in power:Power", "relay_in relay_out timeout uptime_sec heap"),
        ("Strom", "import:E_in power:Power", "Boiler2_in Boiler2_out Boiler2_Power"),
        ("Strom", "import:E_in power:Power", "Gas_in Wasser_total Heizung_Leistung"),
        ("Strom", "import:Total_in power:Power_Total", "Power_L1 Power_L2 Power_L3"),
    ],
)
def test_the_totals_of_a_meter_are_found(prefix: str, keys: str, others: str) -> None:
    expected = dict(pair.split(":") for pair in keys.split())
    every = f"{' '.join(expected.values())} {others}"
    known = {
        mapping.quantity: key
        for key, mapping in found(prefix, every).items()
        if mapping.quantity in TOTALS
    }
    assert known == {SHORT[short]: key for short, key in expected.items()}


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("Gas", "Gas_Zaehlerstand Gas_Verbrauch"),
        ("Wasser", "Zaehlerstand Durchfluss"),
        ("Waerme", "Energie Leistung Vorlauf Ruecklauf Volumen"),
        ("PV", "PV_Leistung PV_Ertrag_gesamt PV_Ertrag_heute"),
        ("PV", "PV_in PV_out PV_Power"),
        ("WP", "WP_in WP_out"),
        ("M", "Z1_in Z1_out Z2_in Z2_out"),
        ("Relais", "relay_in relay_out"),
        ("Klima", "temp_in temp_out fan_in fan_out"),
        ("X", "in out"),
        ("X", "time_in time_out"),
    ],
)
def test_what_is_no_electricity_meter_does_not_become_one(prefix: str, keys: str) -> None:
    assert not named_evidence(prefix, keys.split())


# The rules


def test_the_name_of_the_block_says_nothing() -> None:
    assert found("MT681", "MT681_Power")["MT681_Power"] == KeyMapping(POWER)
    assert found("mt681", "MT681Power")["MT681Power"] == KeyMapping(POWER)
    # A name that says something is not left out.
    assert "PV_Power" not in found("PV", "PV_Power")
    assert "MT681" not in found("MT681", "MT681")
    assert "MT681x" not in found("MT681", "MT681x")


def test_the_same_word_before_all_keys_says_nothing() -> None:
    assert found("S", "EC_Power EC_E_in")["EC_E_in"] == KeyMapping(IMPORT)
    # One key alone, two words, and a word of another device.
    assert found("S", "EC_Power") == {}
    assert found("S", "EC_Power ED_Total_in") == {"ED_Total_in": KeyMapping(IMPORT, doubtful=True)}
    assert found("S", "PV_Power PV_E_in") == {}


def test_an_abbreviation_is_completed_by_another_key() -> None:
    assert found("S", "power total_in po_L1")["po_L1"] == KeyMapping(
        Quantity.POWER_L1, doubtful=True
    )
    assert "po_L1" not in found("S", "total_in po_L1")
    # Of two words, and a unit in place of another one.
    assert "po_L1" not in found("S", "power positive_total po_L1")
    assert found("S", "kWh_in kW_in")["kW_in"].quantity is Quantity.POWER_IMPORT


@pytest.mark.parametrize(
    ("keys", "quantities"),
    [
        ("E_in E_inoP E_outoP", [IMPORT, EXPORT]),
        ("Power XX_imp XX_exp", [IMPORT, EXPORT]),
        ("P_L1 Pin Pout", [IMPORT, EXPORT]),
        ("kWh_XX_pos kWh_XX_neg", [IMPORT, EXPORT]),
        ("E_in XX_P_in XX_P_out", [Quantity.POWER_IMPORT, Quantity.POWER_EXPORT]),
    ],
)
def test_two_keys_that_differ_in_direction_are_a_pair(
    keys: str, quantities: list[Quantity]
) -> None:
    pair = keys.split()[-2:]
    assert [found("S", keys)[key] for key in pair] == [
        KeyMapping(quantity, doubtful=True) for quantity in quantities
    ]


@pytest.mark.parametrize(
    "keys",
    [
        "E_in XX_in XX_out",  # of anything
        "Power XX_V_in XX_V_out",
        "Power XX_in_L1 XX_out_L1",
        "Power XX1_in XX1_out",
        "Power E_in",
    ],
)
def test_what_is_no_pair_of_totals(keys: str) -> None:
    pair = keys.split()[-2:]
    assert [found("S", keys).get(key) for key in pair] == list(map(mapping_of_name, pair))


def test_energy_of_a_pair_in_watt_hours() -> None:
    assert found("S", "Wh_XXin Wh_XXout")["Wh_XXout"] == KeyMapping(EXPORT, 0.001, doubtful=True)


def test_a_sum_beside_tariffs_is_that_of_energy() -> None:
    assert totals("S", "Power_T1 Power_T2 Power_Summe Power_L1", doubtful=True) == {
        IMPORT: "Power_Summe"
    }
    assert totals("S", "Power_L1 Power_L2 Power_Summe", doubtful=True) == {}


def test_a_meter_without_an_import_counter_has_one_after_all() -> None:
    assert totals("S", "Pges Total_out", doubtful=True)[IMPORT] == "Pges"
    assert totals("S", "Wirkarbeit Leistung", doubtful=True) == {IMPORT: "Wirkarbeit"}
    assert totals("S", "E_in Wirkarbeit Leistung", doubtful=True) == {}


def test_the_second_counter_may_lack_its_direction() -> None:
    assert totals("S", "Total_Consumption Total_Active_Energy", doubtful=True) == {
        EXPORT: "Total_Active_Energy"
    }
    assert totals("S", "Haus_Verbrauch_kWh Solar_Feed", doubtful=True) == {EXPORT: "Solar_Feed"}
    # The export counter is there, or there are two that it might be.
    assert totals("S", "E_in E_out Wirkenergie_gesamt", doubtful=True) == {}
    assert totals("S", "E_in Wirkenergie_gesamt Wirkenergie_Summe", doubtful=True) == {}


@pytest.mark.parametrize("key", ["P_sum", "Sum_P", "PAktuell", "Psum"])
def test_a_meter_without_a_power_has_one_after_all(key: str) -> None:
    assert totals("S", f"E_in {key}", doubtful=True) == {POWER: key}
    assert totals("S", f"E_in Power {key}", doubtful=True) == {}


def test_a_stands_for_active_energy_in_a_pair() -> None:
    assert totals("S", "A_in A_out P", doubtful=True) == {IMPORT: "A_in", EXPORT: "A_out"}


def test_a_single_power_in_is_the_power_with_its_sign() -> None:
    assert found("S", "Total_in Power_in")["Power_in"].quantity is POWER
    assert found("S", "E_in P_in")["P_in"].quantity is Quantity.POWER_IMPORT
    both = found("S", "Total_in power_in power_out")
    assert both["power_in"].quantity is Quantity.POWER_IMPORT


@pytest.mark.parametrize(
    ("keys", "mapping"),
    [
        ("total current", KeyMapping(POWER, doubtful=True)),
        ("total Current", KeyMapping(POWER, doubtful=True)),
        ("total voltage_l1 amperage_l1 current", KeyMapping(POWER, doubtful=True)),
        ("total power current", KeyMapping(Quantity.CURRENT_L1)),
        ("total voltage current", KeyMapping(Quantity.CURRENT_L1)),
        ("total current_L2 current", KeyMapping(Quantity.CURRENT_L1)),
    ],
)
def test_current_is_power_or_amperes(keys: str, mapping: KeyMapping) -> None:
    assert found("S", keys)[keys.rsplit(maxsplit=1)[-1]] == mapping


def test_the_present_value_is_the_power() -> None:
    assert found("S", "total_in aktuell")["aktuell"] == KeyMapping(POWER, doubtful=True)
    assert "aktuell" not in found("S", "total_in power aktuell")
    assert "aktuell" not in found("S", "aktuell")


def test_keys_beyond_any_meter_are_taken_by_their_names_alone() -> None:
    many = ["x" * number for number in range(1, 500)]
    assert mappings_of_names("S", [*many, "E_in"]) == {"E_in": KeyMapping(IMPORT)}


@pytest.mark.parametrize(
    ("keys", "meanings"),
    [
        (
            "energy_delivered_tariff1 energy_returned_tariff1 power_delivered power_returned",
            ["energy_import_t1", "energy_export_t1", "power_import", "power_export"],
        ),
        ("Lieferung_kWh Ruecklieferung_kWh", ["energy_import", "energy_export"]),
        ("Bezug_kWh Lieferung_kWh", ["energy_import", "energy_export"]),
        ("total_consumed_kwh total_delivered_kwh", ["energy_import", "energy_export"]),
    ],
)
def test_what_is_delivered_is_drawn_if_something_else_is_returned(
    keys: str, meanings: list[str]
) -> None:
    assert [found("S", keys)[key].quantity for key in keys.split()] == meanings


@pytest.mark.parametrize(
    ("counter", "other"),
    [
        ("E_in", "Garage_E_in"),
        ("Netz_1_8_0", "PV_1_8_0"),
        ("1_8_0", "Stichtag_1_8_0"),
        ("Import_kWh", "Total_kWh"),
        ("E_in", "Energy_total"),
    ],
)
def test_a_meter_has_one_counter_for_each_direction(counter: str, other: str) -> None:
    named = found("S", f"{other} {counter} Power")
    assert named[counter] == mapping_of_name(counter)
    assert named[other] == KeyMapping(Quantity.NO_MEASUREMENT)
