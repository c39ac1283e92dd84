"""What follows from the parts of a key."""

import pytest

from custom_components.py_hab.sml.key_meaning import meaning_of
from custom_components.py_hab.sml.key_parts import take_apart
from custom_components.py_hab.sml.registers import KeyMapping, Quantity

IMPORT = Quantity.ENERGY_IMPORT
EXPORT = Quantity.ENERGY_EXPORT
POWER = Quantity.POWER


def meaning(key: str) -> KeyMapping | None:
    """Return what a key means by its parts alone."""
    return meaning_of(take_apart(key))


@pytest.mark.parametrize(
    ("keys", "mapping"),
    [
        ("bezug_gesamt Netzbezug energy_forward grid_import_kwh SumImport", KeyMapping(IMPORT)),
        ("einspeisung_gesamt energyExport Exported_energy A-", KeyMapping(EXPORT)),
        ("Zaehler_kWh E_Total_kWh consumed_kWh Strom_kWh kWh", KeyMapping(IMPORT)),
        ("1.8.0_Wh Bezug_Wh Total_in_Wh", KeyMapping(IMPORT, 0.001)),
        ("Bezug_HT energy_T1 import_t1_kwh HT_E_in A+_T1", KeyMapping(Quantity.ENERGY_IMPORT_T1)),
        ("Einspeisung_Tarif_2 E_exp_NT", KeyMapping(Quantity.ENERGY_EXPORT_T2)),
        ("P_total_W Netzleistung grid_power aktueller_Verbrauch Verbrauch_W", KeyMapping(POWER)),
        ("Leistung_kW kW_total L1_L2_L3_kW", KeyMapping(POWER, 1000)),
        ("Netzbezug_W P+_W", KeyMapping(Quantity.POWER_IMPORT)),
        ("Einspeisung_kW", KeyMapping(Quantity.POWER_EXPORT, 1000)),
        ("phase1_power LeistungL1 P_L1_W L1_Watt", KeyMapping(Quantity.POWER_L1)),
        ("U_L2_V L2_Volt Spannung_L2", KeyMapping(Quantity.VOLTAGE_L2)),
        ("I_L3_A L3_Ampere Strom_L3", KeyMapping(Quantity.CURRENT_L3)),
        ("Amperage Strom_A", KeyMapping(Quantity.CURRENT_L1)),
        ("Neutral_Ampere", KeyMapping(Quantity.CURRENT_N)),
        ("Netzfrequenz_Hz grid_freq", KeyMapping(Quantity.FREQUENCY)),
        ("Power_Factor_L2", KeyMapping(Quantity.POWER_FACTOR_L2)),
        ("Import_kvarh", KeyMapping(Quantity.REACTIVE_ENERGY_IMPORT)),
        ("kvar_export", KeyMapping(Quantity.REACTIVE_POWER_EXPORT, 1000)),
        ("Zaehler_Nummer SerialNumber Server-ID", KeyMapping(Quantity.METER_ID)),
    ],
)
def test_meanings(keys: str, mapping: KeyMapping) -> None:
    assert {key: meaning(key) for key in keys.split()} == dict.fromkeys(keys.split(), mapping)


@pytest.mark.parametrize(
    ("keys", "quantity"),
    [
        ("Bezug Zaehlerstand Total Consumed input_total total_consumption Energie", IMPORT),
        ("Wohnung_E_in Keller_Total_in WP_1.8.0 MWh_in", IMPORT),
        ("Einspeisung Lieferung output_total", EXPORT),
        ("power_total P_ges", POWER),
        ("power_in P_in bezug_aktuell", Quantity.POWER_IMPORT),
        ("Power_T1", Quantity.ENERGY_IMPORT_T1),
        ("Power_total_in", IMPORT),
    ],
)
def test_what_may_be_something_else_is_doubtful(keys: str, quantity: Quantity) -> None:
    found = {key: meaning(key) for key in keys.split()}
    assert {mapping.quantity for mapping in found.values() if mapping} == {quantity}, found
    assert all(mapping and mapping.doubtful for mapping in found.values()), found


@pytest.mark.parametrize(
    "key",
    [
        # Both directions, both tariffs, two phases.
        *["in_out_kWh", "HT_NT_kWh", "V_L1_L2", "P_L1_L2", "E_in_L1"],
        # Contradictions.
        *["1.8.0_W", "16.7.0_kWh", "Volt_W", "kWh_W", "Energy_Power", "Voltage_total"],
        # Other media and devices.
        *["Gas_kWh", "Water_total", "heat_energy", "temp_in", "Volumen", "PV_Power", "Akku_kWh"],
        *["Wallbox_1_kWh", "Gas_1.8.0"],
        # Of a device, or of anything.
        *["Input_Power", "in", "out", "U", "I", "A", "Strom", "Wert_A", "W_total", "Tariflos"],
        *["Active_Energy", "Power_sum", "P_in_L1", "Power_counter", "Curr_summ", "Tarif_kWh"],
        *["reactive_in", "Blindarbeit", "Nummer", "Freq_total", "Moebel", "Sensor_L1", "Saldo"],
        *["M1_kWh", "E_in_9", "in_out_kvarh", "in_out_W", "in_out_kvar"],
    ],
)
def test_what_the_parts_do_not_determine_is_not_guessed(key: str) -> None:
    assert meaning(key) is None


@pytest.mark.parametrize(
    "key",
    [
        *["E_in_today", "Verbrauch_heute_kWh", "Bezug_Monat", "total_7d", "1.8.0*97", "9.9.9"],
        *["P_max", "Peak_W", "Scheinleistung", "current_limit", "kvarh_in_T1", "kvar_L1"],
    ],
)
def test_periods_maxima_and_the_like_are_no_measurement(key: str) -> None:
    assert meaning(key) == KeyMapping(Quantity.NO_MEASUREMENT)
