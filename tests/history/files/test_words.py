"""Names of columns say what they contain."""

import pytest

from custom_components.py_hab.history.files.csv_format import Content
from custom_components.py_hab.history.files.words import (
    content_in,
    is_begin,
    is_end,
    is_money,
    is_no_energy,
    is_series,
    unit_among,
    unit_in,
)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("Verbrauch (kWh)", "kWh"),
        ("E [Wh]", "Wh"),
        ("Leistung in kW", "kW"),
        ("power_w", "W"),
        ("Zaehlerstand_Wh", "Wh"),
        ("MWh", "MWh"),
        ("Wert", None),
        ("Wahrer Wert", None),
        ("Warmwasser", None),
    ],
)
def test_a_unit_is_found(text: str, unit: str | None) -> None:
    assert unit_in(text) == unit
    assert unit_among(["x", text]) == unit


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Zählerstand Bezug", Content.READINGS),
        ("Energy total", Content.READINGS),
        ("1-0:1.8.0", Content.READINGS),
        ("Lastgang", Content.CONSUMPTION),
        ("consumption", Content.CONSUMPTION),
        ("Einspeisung", Content.CONSUMPTION),
        ("Leistung", Content.POWER),
        ("Wert", None),
    ],
)
def test_the_content_is_found(name: str, content: Content | None) -> None:
    assert content_in(name) is content


def test_other_columns_are_recognized() -> None:
    assert all(
        map(is_begin, ("von", "Ab-Datum", "start", "from", "Beginn", "Zeit von", "last_changed"))
    )
    assert all(map(is_end, ("bis", "Bis-Zeit", "end", "Ende", "to", "Zeit bis")))
    assert not any(map(is_begin, ("vonnöten", "Abrechnung", "Wert")))
    assert not any(map(is_end, ("Endgerät", "total", "Wert")))
    assert all(map(is_money, ("Preis (ct/kWh)", "Kosten", "unitPrice", "Betrag in €")))
    assert all(map(is_no_energy, ("Status", "Temperatur", "Spannung (V)", "Blindarbeit")))
    assert all(map(is_series, ("entity_id", "OBIS-Kennzahl", "Zählpunkt")))
