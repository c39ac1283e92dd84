"""The legacy file: which series it contains, and why a file cannot be read."""

from contextlib import closing
from datetime import datetime, timedelta
import os
from pathlib import Path
import random
import sqlite3
from typing import Any

import pytest

from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.legacy_file import (
    LegacySeries,
    SeriesKind,
    inspect_file,
)
from custom_components.py_hab.history.files.legacy_readings import read_hours
from tests.support.legacy_files import (
    BERLIN,
    DESCRIBED,
    METER,
    PLUG,
    START,
    THERMOSTAT,
    WINDOW,
    Row,
    day,
    hours,
    in_wal,
    local,
    write,
)


def refusal(path: Path) -> FileError:
    """Return why a file is not read."""
    with pytest.raises(FileReadError) as refused:
        inspect_file(path, BERLIN)
    return refused.value.reason


# What is in it


def test_a_file_reports_its_series(path: Path) -> None:
    rows = [
        *day([1.0, 2.0, 3.0]),
        *day([20.0], "Temperature", THERMOSTAT),
        *day([1.0], "State", WINDOW),
        *day([5.0], "Energy", None),
        *day([6.0, 7.0], "Energy", ""),
        *day([1.0], "Gas", METER),
        *day([1.0], "Humidity", METER),
        (METER, "X", None, local(START), 1.0),
    ]
    found: dict[tuple[str, str], LegacySeries] = {
        series.key: series
        for series in inspect_file(
            write(path, rows, described=(*DESCRIBED, (METER, "Gas", "MT681", "m³", 1))), BERLIN
        )
    }
    assert found[METER, "E_in"] == LegacySeries(
        device=METER,
        sub_entity="E_in",
        entity="X",
        device_name="MT681",
        unit="kWh",
        cumulative=True,
        kind=SeriesKind.COUNTER,
        rows=3,
        first=datetime(2025, 2, 1, 11, 0, 3, tzinfo=BERLIN),
        last=datetime(2025, 2, 1, 11, 20, 3, tzinfo=BERLIN),
    )
    assert {key: series.kind for key, series in found.items()} == {
        (METER, "E_in"): SeriesKind.COUNTER,
        (METER, "Gas"): SeriesKind.OTHER,
        (METER, "Humidity"): SeriesKind.MEASUREMENT,
        (THERMOSTAT, "Temperature"): SeriesKind.MEASUREMENT,
        (WINDOW, "State"): SeriesKind.STATE,
        ("", "Energy"): SeriesKind.COUNTER,
    }
    assert found["", "Energy"].rows == 3


def test_a_renamed_device_goes_by_its_last_name(path: Path) -> None:
    rows: list[Row] = [
        (PLUG, "Switch old", "Energy", local(START + 600), 1.0),
        (PLUG, "Switch new", "Energy", local(START), 1.0),
    ]
    [series] = inspect_file(write(path, rows), BERLIN)
    assert series.entity == "Switch new"


@pytest.mark.parametrize("described", [None, ()])
def test_series_that_nobody_describes_are_known_by_name(path: Path, described: Any) -> None:
    rows = [*day([1.0]), *day([20.0], "Temperature"), *day([1.0], "Mystery")]
    found = inspect_file(write(path, rows, described=described, statistics=False), BERLIN)
    assert {each.sub_entity: (each.unit, each.kind) for each in found} == {
        "E_in": ("kWh", SeriesKind.COUNTER),
        "Temperature": ("°C", SeriesKind.MEASUREMENT),
        "Mystery": ("", SeriesKind.MEASUREMENT),
    }


def test_a_file_without_rows_has_no_series(path: Path) -> None:
    assert inspect_file(write(path, []), BERLIN) == []
    assert hours(path) == {}


# Refusals


def test_there_is_no_file(path: Path) -> None:
    assert refusal(path) is FileError.NOT_FOUND
    write(path, [])
    assert refusal(path / "x") is FileError.NOT_FOUND


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) is FileError.NOT_FOUND


def test_a_disk_that_fails_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, [])

    def fail(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", fail)
    assert refusal(path) is FileError.UNREADABLE


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", FileError.EMPTY),
        (b"device;time;amount\n" * 1000, FileError.NOT_A_DATABASE),
        (b"\0" * 8192, FileError.NOT_A_DATABASE),
        (random.Random(3).randbytes(8192), FileError.ENCRYPTED),
        (random.Random(3).randbytes(8191), FileError.NOT_A_DATABASE),
        (b"SQLite format 3\0", FileError.CUT_OFF),
        (b"SQLite format 3\0" + b"\xff" * 8192, FileError.CUT_OFF),
        (b"SQLite format 3\0" + b"\0" * 8192, FileError.CORRUPT),
    ],
    ids=["empty", "text", "zeros", "noise", "noise_in_no_pages", "header", "ones", "no_pages"],
)
def test_other_files_are_refused(path: Path, content: bytes, reason: FileError) -> None:
    path.write_bytes(content)
    assert refusal(path) is reason


def test_a_file_that_is_cut_off_is_refused(path: Path) -> None:
    write(path, day([float(index) for index in range(500)]))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert refusal(path) is FileError.CUT_OFF


def test_a_broken_file_is_refused(path: Path) -> None:
    write(path, day([float(index) for index in range(500)]), index=False)
    content = bytearray(path.read_bytes())
    found = inspect_file(path, BERLIN)
    content[8192:-8192] = b"\xa5" * (len(content) - 16384)
    path.write_bytes(content)
    with pytest.raises(FileReadError) as refused:
        list(read_hours(path, BERLIN, found))
    assert refused.value.reason is FileError.CORRUPT


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE states (state_id INTEGER PRIMARY KEY)",
        "CREATE TABLE measurement_data (device, sub_entity, time, amount)",
        "CREATE VIEW measurement_data AS SELECT 1 device, 2 sub_entity, 3 entity, 4 time, 5 amount",
        "CREATE TABLE measurement_data (device, sub_entity, entity, time PRIMARY KEY, amount) WITHOUT ROWID",
    ],
)
def test_other_databases_are_refused(path: Path, schema: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(schema)
    assert refusal(path) is FileError.NOT_SUCH_A_DATABASE


def test_a_file_that_is_being_written_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "custom_components.py_hab.history.files.legacy_file.LOCK_TIMEOUT", timedelta(seconds=0.05)
    )
    write(path, day([1.0]))
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert refusal(path) is FileError.LOCKED
    assert len(inspect_file(path, BERLIN)) == 1


def test_a_write_that_was_never_finished_is_not_read(path: Path, tmp_path: Path) -> None:
    write(path, day([float(index) for index in range(2000)]))
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA cache_size = 2")
        writer.execute("UPDATE measurement_data SET amount = amount + 1")
        copy = tmp_path / "copy.db"
        copy.write_bytes(path.read_bytes())
        (tmp_path / "copy.db-journal").write_bytes((tmp_path / "datenbank.db-journal").read_bytes())
    assert refusal(copy) is FileError.UNFINISHED


# The file stays as it is


def test_what_a_write_ahead_log_holds_is_read(path: Path) -> None:
    in_wal(write(path, day([1.0, 2.0])))
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute(
            "INSERT INTO measurement_data SELECT 'new', device, topic, entity, 'E_out',"
            " time, amount FROM measurement_data LIMIT 1"
        )
        writer.commit()
        assert len(inspect_file(path, BERLIN)) == 2
