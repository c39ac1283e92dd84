"""The legacy file: which series it contains, and why a file cannot be read."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
import random
import sqlite3
from typing import Any, Final

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.py_hab.history.legacy import readings as legacy_readings
from custom_components.py_hab.history.legacy.file import (
    FileError,
    LegacyFileError,
    LegacySeries,
    SeriesKind,
    inspect_file,
)
from custom_components.py_hab.history.legacy.readings import HourlySeries, read_hours
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, SumRow
from tests.support.legacy_files import (
    BERLIN,
    DESCRIBED,
    EVERY,
    METER,
    PLUG,
    THERMOSTAT,
    WINDOW,
    Row,
    Years,
    at,
    local,
    write,
)

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

SHARED: Final = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The folder of the test serves all examples."""
START: Final = at("2025-02-01T10:00:03")


def hours(path: Path) -> dict[tuple[str, str], HourlySeries]:
    """Return all that a file gives, by series."""
    return {each.series.key: each for each in read_hours(path, BERLIN, inspect_file(path, BERLIN))}


def refusal(path: Path) -> FileError:
    """Return why a file is not read."""
    with pytest.raises(LegacyFileError) as refused:
        inspect_file(path, BERLIN)
    return refused.value.reason


def sums(series: HourlySeries) -> dict[int, float]:
    """Return the sum at the end of each hour, by the start of the hour."""
    return {row.start: row.sum for row in series.rows if isinstance(row, SumRow)}


def day(amounts: list[Any], sub_entity: str = "E_in", device: str | None = METER) -> list[Row]:
    """Return readings of one series, every ten minutes."""
    return [
        (device, "X", sub_entity, local(START + EVERY * index), amount)
        for index, amount in enumerate(amounts)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "datenbank.db"


# Three years


def known(years: Years, truth: dict[int, float]) -> Iterator[tuple[int, float]]:
    """Yield the hours whose end somebody has measured."""
    for start, kwh in truth.items():
        if not any(gone - EVERY <= start + HOUR <= back for gone, back in years.outages):
            yield start, kwh


def test_three_years_are_as_they_were(path: Path) -> None:
    years = Years(
        start=at("2022-06-01T10:00:03"),
        end=at("2025-06-01T10:00:03"),
        outages=[
            (at("2022-12-24T16:00:00"), at("2022-12-26T09:30:00")),
            (at("2024-03-31T00:30:00"), at("2024-03-31T03:30:00")),
        ],
        swap=at("2024-02-12T11:10:00"),
        plug_in_wh=(0, at("2023-05-05T05:05:05")),
    )
    found = hours(write(path, years.rows(), index=False))

    imported = sums(found[METER, "E_in"])
    first, last = min(imported), max(imported)
    assert list(imported) == list(range(first, last + 1, HOUR))
    assert years.swap is not None
    lost = 0.0
    for start, kwh in known(years, years.consumed):
        if start + HOUR > years.swap and not lost:
            lost = kwh - imported[start]
            # The old meter's last ten minutes nobody knows.
            assert 0 < lost < 0.71
        assert imported[start] == pytest.approx(kwh - lost, abs=2e-4), local(start)

    washed = sums(found[PLUG, "Energy"])
    assert found[PLUG, "Energy"].stored_in == ("Wh", "kWh")
    for start, kwh in known(years, years.washed):
        assert washed[start] == pytest.approx(kwh, abs=2e-3), local(start)

    warm = {row.start: row for row in found[THERMOSTAT, "Temperature"].rows}
    for start, celsius in years.warmth.items():
        row = warm.get(start)
        if any(gone - HOUR < start < back for gone, back in years.outages):
            continue
        assert isinstance(row, MeanRow), local(start)
        assert celsius[-1] in (row.min, row.max)

    # Nothing changed, so that two readings are left of all.
    battery = found[THERMOSTAT, "Battery"]
    assert battery.readings == 2
    assert {row.mean for row in battery.rows if isinstance(row, MeanRow)} == {80.0}
    assert len(battery.rows) == (years.end - years.start) // HOUR + 1
    for series in found.values():
        assert series.rejected.total() == 0


def test_garbage_and_disorder_change_little(path: Path) -> None:
    years = Years(
        start=at("2024-10-01T10:00:03"),
        end=at("2024-11-10T10:00:03"),
        garbage=0.02,
        disorder=0.05,
    )
    found = hours(write(path, years.rows()))
    imported = found[METER, "E_in"]
    rows = sums(imported)
    assert imported.rejected.total() > 50
    assert set(imported.rejected) == {"zero", "implausible_rise", "negative", "decreased"}
    for start, kwh in years.consumed.items():
        assert rows[start] == pytest.approx(kwh, abs=0.5)
    end = max(years.consumed)
    assert rows[end] == pytest.approx(years.consumed[end], abs=0.5)


# What is in it


def test_a_file_tells_its_series(path: Path) -> None:
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


def test_windows_and_other_counters_have_no_hours(path: Path) -> None:
    rows = [*day([0.0, 1.0], "State", WINDOW), *day([1.0, 2.0], "Gas")]
    found = hours(write(path, rows, described=((METER, "Gas", "", "m³", 1),)))
    assert [series.rows for series in found.values()] == [[], []]
    assert [series.readings for series in found.values()] == [2, 2]


def test_a_file_without_rows_has_no_series(path: Path) -> None:
    assert inspect_file(write(path, []), BERLIN) == []
    assert hours(path) == {}


# Nonsense


def test_rows_of_nonsense_are_counted(path: Path) -> None:
    nonsense: list[tuple[Any, Any]] = [
        (None, 1.0),
        ("", 1.0),
        ("yesterday", 1.0),
        ("2025-02-30T10:00:00", 1.0),
        ("2025-02-01T24:00:00", 1.0),
        ("2025-02-01 10:00:00", 1.0),
        ("2025-02-01T10:00:00Z", 1.0),
        ("1970-01-01T00:00:10", 1.0),
        ("2098-01-01T00:00:10", 1.0),
        (b"\xff\xfe2025-02-01T10", 1.0),
        (20250201, 1.0),
        ("2025-03-30T02:30:00", 1.0),
        (local(START + 3000), None),
        (local(START + 3000), "much"),
        (local(START + 3000), b"\x00"),
        (local(START + 3000), 9e999),
        (local(START + 3000), -9e999),
        (local(START + 3000), -3.0),
    ]
    rows = day([100.0 + index / 10 for index in range(30)])
    rows[5:5] = [(METER, "X", "E_in", time, amount) for time, amount in nonsense]
    for affinity in (True, False):
        path.unlink(missing_ok=True)
        [series] = hours(write(path, rows, affinity=affinity)).values()
        assert series.rejected == Counter(
            bad_time=11, nonexistent_hour=1, not_a_number=3, not_finite=2, negative=1
        )
        assert series.readings == len(rows)
        end = series.rows[-1]
        assert isinstance(end, SumRow)
        assert end.sum == pytest.approx(2.9)
        assert end.state == 102.9


def test_measurements_out_of_the_world_are_counted(path: Path) -> None:
    rows = day([20.0, 9e999, -300.0, 20.0], "Temperature", THERMOSTAT)
    [series] = hours(write(path, rows)).values()
    assert series.rejected == Counter(out_of_range=2)
    assert [row.min for row in series.rows if isinstance(row, MeanRow)] == [20.0]


def test_rows_without_a_name_are_nobodys(path: Path) -> None:
    rows = [*day([1.0, 2.0]), (METER, "X", None, local(START), 1.0)]
    write(path, rows)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE measurement_data SET device = CAST(x'ff' AS TEXT) WHERE amount = 2"
        )
    [series] = hours(path).values()
    assert series.readings == 1


# Refusals


def test_there_is_no_file(path: Path) -> None:
    assert refusal(path) is FileError.NOT_FOUND
    write(path, [])
    assert refusal(path / "x") is FileError.NOT_FOUND


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert refusal(tmp_path) is FileError.NOT_A_DATABASE


def test_a_disk_that_fails_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, [])

    def fail(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", fail)
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
    with pytest.raises(LegacyFileError) as refused:
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
        "custom_components.py_hab.history.legacy.file.LOCK_TIMEOUT", timedelta(seconds=0.05)
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


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Fail if anything in a folder changes."""

    def look() -> dict[str, tuple[bytes, int]]:
        return {
            path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()
        }

    before = look()
    yield
    assert look() == before


def in_wal(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return path


@pytest.mark.parametrize("prepare", [lambda path: path, in_wal])
def test_reading_changes_nothing_and_tells_the_same_twice(
    path: Path, prepare: Callable[[Path], Path]
) -> None:
    prepare(write(path, day([float(index) for index in range(500)])))
    with unchanged(path.parent):
        assert hours(path) == hours(path)


def test_what_a_write_ahead_log_holds_is_read(path: Path) -> None:
    in_wal(write(path, day([1.0, 2.0])))
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute(
            "INSERT INTO measurement_data SELECT 'new', device, topic, entity, 'E_out',"
            " time, amount FROM measurement_data LIMIT 1"
        )
        writer.commit()
        assert len(inspect_file(path, BERLIN)) == 2


def test_a_writer_who_comes_meanwhile_is_noticed(path: Path) -> None:
    in_wal(write(path, day([1.0, 2.0])))
    found = inspect_file(path, BERLIN)
    reading = read_hours(path, BERLIN, found)
    next(reading)
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("UPDATE measurement_data SET amount = 3")
    with pytest.raises(LegacyFileError) as refused:
        next(reading)
    assert refused.value.reason is FileError.CHANGED


# Streaming


def test_few_rows_are_held_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        row
        for device in ("a", "b", "c")
        for sub_entity in ("E_in", "Power")
        for row in day([float(index) for index in range(100)], sub_entity, device)
    ]
    write(path, rows)
    whole = hours(path)
    monkeypatch.setattr(legacy_readings, "ROWS_PER_SCAN", 450)
    monkeypatch.setattr(legacy_readings, "CHUNK", 30)
    told: list[int] = []
    parts = list(read_hours(path, BERLIN, inspect_file(path, BERLIN), progress=told.append))
    assert {each.series.key: each for each in parts} == whole
    assert told == sorted(told)
    assert told[-1] == len(rows)


def test_only_what_is_wanted_is_read(path: Path) -> None:
    write(path, [*day([1.0, 2.0]), *day([1.0, 2.0], "Power")])
    wanted = [series for series in inspect_file(path, BERLIN) if series.sub_entity == "Power"]
    told: list[int] = []
    [only] = read_hours(path, BERLIN, wanted, progress=told.append)
    assert only.series.sub_entity == "Power"
    assert told == [2]
    assert list(read_hours(path, BERLIN, [])) == []


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_it_can_be_stopped_anywhere(path: Path, after: int) -> None:
    write(path, [*day([1.0, 2.0]), *day([1.0, 2.0], "Power")])
    whole = hours(path)
    asked = iter(range(100))
    found = list(
        read_hours(path, BERLIN, inspect_file(path, BERLIN), cancelled=lambda: next(asked) >= after)
    )
    assert len(found) == max(after - 1, 0)
    assert all(each == whole[each.series.key] for each in found)


# Anything at all


TEXTS: Final = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.binary(max_size=20),
    st.sampled_from([METER, "E_in", "Power"]),
)
TIMES: Final = st.one_of(
    TEXTS,
    st.integers(at("2024-10-26T20:00:00"), at("2024-10-27T04:00:00")).map(local),
    st.integers(at("2024-03-30T20:00:00"), at("2024-04-01T04:00:00")).map(local),
)
AMOUNTS: Final = st.one_of(st.none(), st.floats(), st.integers(-9, 9**15), st.text(max_size=3))


@SHARED
@given(
    rows=st.lists(
        st.tuples(st.sampled_from([METER, "", None]), TEXTS, TEXTS, TIMES, AMOUNTS), max_size=40
    ),
    affinity=st.booleans(),
)
def test_no_rows_can_break_it(tmp_path_factory: Any, rows: list[Row], affinity: bool) -> None:
    path = tmp_path_factory.mktemp("rows") / "x.db"
    for series in hours(write(path, rows, affinity=affinity)).values():
        assert series.readings == series.series.rows
        assert series.rejected.total() <= series.readings
        starts = [row.start for row in series.rows]
        assert starts == sorted(set(starts))
        totals = list(sums(series).values())
        assert totals == sorted(totals)


@SHARED
@given(data=st.data())
def test_no_bytes_can_break_it(tmp_path_factory: Any, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("bytes") / "x.db"
    write(path, day([float(index) for index in range(200)]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 30))):
        where = data.draw(st.integers(0, len(content) - 1) | st.integers(0, 200))
        content[where] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(LegacyFileError):
        hours(path)
