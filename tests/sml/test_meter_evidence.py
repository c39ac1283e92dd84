"""Whether a block is that of an electricity meter."""

import pytest

from custom_components.py_hab.sml.key_names import mapping_of_name
from custom_components.py_hab.sml.meter_evidence import Evidence, evidence_of


@pytest.mark.parametrize(
    ("prefix", "keys", "evidence"),
    [
        ("", "Total_in Power_curr", Evidence.CERTAIN),
        ("", "Total_in Meter_Number", Evidence.CERTAIN),
        ("", "Total_in Volt_p1", Evidence.CERTAIN),
        ("", "E_in", Evidence.CERTAIN),
        ("", "1_8_0", Evidence.CERTAIN),
        ("", "Zaehler_kWh", Evidence.CERTAIN),
        ("", "enrg_imp_t1", Evidence.CERTAIN),
        ("", "Total_in", Evidence.POSSIBLE),
        ("", "total", Evidence.POSSIBLE),
        ("", "Power", Evidence.POSSIBLE),
        ("", "Zaehlerstand", Evidence.POSSIBLE),
        ("Heizung", "Total_in Power_curr", Evidence.CERTAIN),
        ("Heizung", "Total_in", Evidence.POSSIBLE),
        ("Wasser", "Total_in", Evidence.NONE),
        ("Gas", "E_in", Evidence.NONE),
        ("Gas", "E_in Power", Evidence.CERTAIN),
        ("Erdgas", "Zaehlerstand Energie_kWh Leistung_kW", Evidence.POSSIBLE),
        ("Waermemengenzaehler", "kWh kW", Evidence.POSSIBLE),
        ("Warmwasser", "kWh Power", Evidence.POSSIBLE),
        ("Warmwasser", "E_in Power Volt_p1", Evidence.CERTAIN),
        ("Waermestrom", "Total_in Power_curr", Evidence.CERTAIN),
        ("Waermepumpe", "Total_in Power_curr", Evidence.CERTAIN),
        ("", "Total_in Volume", Evidence.NONE),
        ("", "Energie Leistung Volumen", Evidence.NONE),
        ("", "Total_in Power Temperature Volt_p1", Evidence.CERTAIN),
        ("Strom", "E_in E_out Power Gas", Evidence.CERTAIN),
        ("Stromzaehler", "Total_in Temperature", Evidence.POSSIBLE),
        ("Haus", "1_8_0 16_7_0 Temperature", Evidence.CERTAIN),
        ("WMZ", "96_1_0 Energie Volumen", Evidence.NONE),
        ("Strom_Gas", "Total_in Volumen", Evidence.NONE),
        ("", "Volt_p1 Power_p1", Evidence.NONE),
        ("", "Temperature Humidity", Evidence.NONE),
        ("", "", Evidence.NONE),
    ],
)
def test_evidence(prefix: str, keys: str, evidence: Evidence) -> None:
    assert evidence_of(prefix, keys.split(), mapping_of_name) is evidence
