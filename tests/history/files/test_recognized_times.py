"""How times of a table are written is recognized, or doubted."""

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from custom_components.py_hab.history.files.csv_format import Doubt, Label, TimeColumns
from tests.support.portals import at, lines

from .test_recognition import QUARTERS, recognized


@pytest.mark.parametrize(
    ("header", "first", "label", "is_certain"),
    [
        ("Zeit", 0, Label.BEGIN, True),
        ("Zeit", 1, Label.END, True),
        ("Zeit", 7, Label.BEGIN, False),
        ("bis", 0, Label.END, True),
        ("Intervallende bis", 7, Label.END, True),
        ("von", 7, Label.BEGIN, True),
    ],
)
def test_which_end_of_the_interval_the_time_is(
    tmp_path: Path, header: str, first: int, label: Label, is_certain: bool
) -> None:
    rows = [
        f"{each:%d.%m.%Y %H:%M};0,{index % 7}5"
        for index, each in enumerate(QUARTERS[first : first + (96 if first < 2 else 50)])
    ]
    form = recognized(tmp_path / "file.csv", lines(f"{header};Verbrauch kWh", rows=rows))
    assert (form.label, Doubt.LABEL not in form.doubts) == (label, is_certain)


def test_of_two_times_the_one_with_an_offset_is_taken(tmp_path: Path) -> None:
    rows = [
        f"{each:%d.%m.%Y %H:%M};{each.astimezone(UTC):%Y-%m-%dT%H:%MZ};1,{index % 7}"
        for index, each in enumerate(QUARTERS)
    ]
    form = recognized(tmp_path / "file.csv", lines("lokal;utc;Verbrauch kWh", rows=rows))
    assert (form.begin, form.end) == (TimeColumns(day=1), None)


@pytest.mark.parametrize("is_included", [True, False])
def test_whether_the_last_day_belongs_to_the_interval(tmp_path: Path, is_included: bool) -> None:
    start = at("2025-01-01T00:00:00")
    days = [start + timedelta(days=7 * week) for week in range(10)]
    rows = [
        f"{day:%d.%m.%Y};{day + timedelta(days=6 if is_included else 7):%d.%m.%Y};7{week % 3},5"
        for week, day in enumerate(days)
    ]
    form = recognized(tmp_path / "file.csv", lines("von;bis;Verbrauch kWh", rows=rows))
    assert form.end == TimeColumns(day=1)
    assert form.is_end_included is is_included


def test_from_midnight_to_midnight_either_end_of_the_interval_is_possible(tmp_path: Path) -> None:
    rows = [f"{each:%d.%m.%Y %H:%M};0,{each.minute}" for each in QUARTERS[:97]]
    form = recognized(tmp_path / "file.csv", lines("Zeit;Verbrauch kWh", rows=rows))
    assert form.label is Label.BEGIN
    assert Doubt.LABEL in form.doubts
