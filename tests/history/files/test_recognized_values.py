"""Which columns of a table contain energy or power is recognized, or doubted."""

from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.py_hab.history.files.csv_format import Content, Doubt
from tests.support.portals import at, lines

from .test_recognition import QUARTERS, recognized


@pytest.mark.parametrize(
    ("name", "values", "content", "is_certain"),
    [
        ("Wert kWh", [100 + index for index in range(60)], Content.READINGS, True),
        ("Zählerstand kWh", [100, 110, 130], Content.READINGS, True),
        ("Wert kWh", [100, 110, 130], Content.CONSUMPTION, False),
        ("Verbrauch kWh", [100, 110, 130, 170], Content.CONSUMPTION, False),
        ("Verbrauch kWh", [100, 90, 130, 70], Content.CONSUMPTION, True),
        ("Verbrauch kWh", [0, 0, 0, 0], Content.CONSUMPTION, True),
        ("Wert kWh", [0, 0, 0, 0], Content.CONSUMPTION, False),
        ("Zählerstand kWh", [100, 3, 130, 7, 9], Content.CONSUMPTION, False),
        ("Zählerstand kWh", [*range(20), 5, *range(20, 40)], Content.READINGS, False),
        ("Leistung kW", [3, 1, 2], Content.POWER, True),
        ("Verbrauch W", [3, 1, 2], Content.POWER, True),
        ("Leistung kW", list(range(60)), Content.POWER, False),
    ],
)
def test_what_the_values_are(
    tmp_path: Path, name: str, values: list[int], content: Content, is_certain: bool
) -> None:
    start = at("2025-01-01T00:00:00")
    rows = [f"{start + timedelta(days=day):%d.%m.%Y};{value}" for day, value in enumerate(values)]
    form = recognized(tmp_path / "file.csv", lines(f"Tag;{name}", rows=rows))
    assert (form.content, Doubt.CONTENT not in form.doubts) == (content, is_certain)


def test_prices_numbers_and_other_quantities_are_no_values(tmp_path: Path) -> None:
    header = "Nr;Zeit;Verbrauch (kWh);Preis (ct/kWh);Kosten;Temperatur;Spannung (V);Status"
    rows = [
        f"{index};{each:%Y-%m-%d %H:%M};0.{index % 7}5;28.5;0.1;20.5;231;1"
        for index, each in enumerate(QUARTERS)
    ]
    assert recognized(tmp_path / "file.csv", lines(header, rows=rows)).values == (2,)


def test_readings_are_taken_rather_than_the_energy_beside_them(tmp_path: Path) -> None:
    rows = [
        f"{each:%Y-%m-%d %H:%M};{100 + index * 2};2.{index % 3}"
        for index, each in enumerate(QUARTERS)
    ]
    form = recognized(
        tmp_path / "file.csv", lines("Zeit;Zählerstand (kWh);Verbrauch (kWh)", rows=rows)
    )
    assert (form.content, form.values) == (Content.READINGS, (1,))
