"""Series of tables of any size are read in constant memory."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
import random

import pytest

from custom_components.py_hab.history.files import csv_reader
from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.csv_format import Content, CsvFormat, CsvHours
from custom_components.py_hab.history.files.csv_reader import read_series, survey
from custom_components.py_hab.history.files.recognition import recognize
from custom_components.py_hab.history.files.table import read_sample
from custom_components.py_hab.history.planning.imported import ImportedEnergy, ImportedReadings
from tests.support.portals import BERLIN, PORTALS, at, lines, quarters


def form_of(path: Path) -> CsvFormat:
    """Return how a file is written."""
    return recognize(read_sample(path), BERLIN)


def read(path: Path) -> list[CsvHours]:
    """Return what is imported of all series of a file."""
    form = form_of(path)
    return list(read_series(path, form, BERLIN, survey(path, form, BERLIN)))


@pytest.mark.parametrize("make", PORTALS, ids=lambda make: make.__name__)
def test_the_energy_of_each_series_is_that_of_the_portal(tmp_path: Path, make: object) -> None:
    assert callable(make)
    portal = make()
    path = tmp_path / f"{portal.name}.csv"
    path.write_bytes(portal.data)
    found = {each.series.name: each for each in read(path)}
    assert found.keys() == portal.series.keys()
    for name, truth in portal.series.items():
        imported = found[name].imported
        if isinstance(imported, ImportedEnergy):
            total = sum(imported.hours.values()) + sum(each.kwh for each in imported.totals)
        else:
            assert isinstance(imported, ImportedReadings)
            total = imported.rows[-1].sum
        assert total == pytest.approx(sum(truth.values()))


def table(rows: Sequence[str]) -> str:
    """Return a table of readings."""
    return lines("Zeit;Zählerstand (kWh)", rows=list(rows))


def readings(count: int) -> list[str]:
    """Return readings every quarter of an hour, over the change of clocks."""
    moments = quarters(at("2025-10-20T00:00:00"), count)
    return [f"{each:%d.%m.%Y %H:%M};{1000 + index / 4:.2f}" for index, each in enumerate(moments)]


@pytest.mark.parametrize("limit", [10**9, 300, 100])
@pytest.mark.parametrize("order", ["ascending", "descending", "days shuffled"])
def test_the_result_is_the_same_in_any_order_and_in_any_number_of_scans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, order: str
) -> None:
    monkeypatch.setattr(csv_reader, "VALUES_PER_SCAN", limit)
    rows = readings(1000)
    if order == "descending":
        rows.reverse()
    elif order == "days shuffled":
        days = [rows[index : index + 96] for index in range(0, 576, 96)] + [rows[576:]]
        random.Random(5).shuffle(days)
        rows = [row for day in days for row in day]
    path = tmp_path / "file.csv"
    path.write_text(table(rows))
    (found,) = read(path)
    assert (found.readings, found.rejected) == (1000, {})
    assert isinstance(found.imported, ImportedReadings)
    assert len(found.imported.rows) == 250
    for number, row in enumerate(found.imported.rows[:-1]):
        assert row.sum == pytest.approx(number + 1)


def test_rows_without_a_time_are_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reader, "VALUES_PER_SCAN", 100)
    path = tmp_path / "file.csv"
    path.write_text(table([*readings(500), "Summe;5"]))
    (found,) = read(path)
    assert (found.readings, found.rejected.total()) == (501, 1)


def test_several_series_are_read_in_several_scans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(PORTALS[1]().data)
    whole = read(path)
    monkeypatch.setattr(csv_reader, "VALUES_PER_SCAN", 300)
    assert read(path) == whole
    parts: list[float] = []
    form = form_of(path)
    found = survey(path, form, BERLIN, progress=parts.append)
    assert parts == [1.0]
    parts.clear()
    list(read_series(path, form, BERLIN, found, progress=parts.append))
    assert parts == [0.5, 1.0]


def test_nothing_more_is_read_once_it_was_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(PORTALS[1]().data)
    form = form_of(path)
    found = survey(path, form, BERLIN)
    assert list(read_series(path, form, BERLIN, found, cancelled=lambda: True)) == []
    assert survey(path, form, BERLIN, cancelled=lambda: True) == []


def test_a_column_of_names_that_names_no_series_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    start = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [f"{start + timedelta(hours=hour):%Y-%m-%d %H:%M};1.5;{hour}" for hour in range(300)]
    path.write_text(lines("Zeit;Verbrauch kWh;text", rows=rows))
    form = form_of(path).with_choices({"series": 2, "content": Content.CONSUMPTION})
    with pytest.raises(FileReadError) as refused:
        survey(path, form, BERLIN)
    assert refused.value.reason is FileError.TOO_MANY_SERIES


def test_of_equal_times_the_first_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    rows = [
        f"{each:%d.%m.%Y %H:%M};0,2{index % 9}"
        for index, each in enumerate(quarters(at("2025-11-01T00:00:00"), 96))
    ]
    path.write_text(lines("von;Verbrauch (kWh)", rows=[*rows[:50], rows[49], *rows[50:]]))
    (found,) = read(path)
    assert found.rejected == {"repeated": 1}


def test_a_file_without_a_name_in_it_is_called_by_its_own(tmp_path: Path) -> None:
    path = tmp_path / "garage.csv"
    rows = [
        f"{each:%d.%m.%Y %H:%M};0,2{index % 9} kWh"
        for index, each in enumerate(quarters(at("2025-11-01T00:00:00"), 96))
    ]
    path.write_text("\n".join(rows))
    assert [series.name for series in survey(path, form_of(path), BERLIN)] == ["garage"]
