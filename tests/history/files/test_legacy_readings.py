"""The readings of a legacy file, as hours of its series."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
import sqlite3
from typing import Any, Final

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.py_hab.history.files import legacy_readings
from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.legacy_file import (
    inspect_file,
)
from custom_components.py_hab.history.files.legacy_readings import read_hours
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, SumRow
from tests.support.legacy_files import (
    BERLIN,
    EVERY,
    METER,
    PLUG,
    START,
    THERMOSTAT,
    WINDOW,
    Row,
    Years,
    at,
    day,
    hours,
    in_wal,
    local,
    sums,
    unchanged,
    write,
)

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")


SHARED: Final = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The folder of the test serves all examples."""


def known(years: Years, truth: dict[int, float]) -> Iterator[tuple[int, float]]:
    """Yield the hours whose end somebody has measured."""
    for start, kwh in truth.items():
        if not any(gone - EVERY <= start + HOUR <= back for gone, back in years.outages):
            yield start, kwh


def test_half_a_year_is_as_it_was(path: Path) -> None:
    """Over both changes of the clock, and through whatever happens in a house."""
    years = Years(
        start=at("2023-10-25T10:00:03"),
        end=at("2024-04-04T10:00:03"),
        outages=[
            (at("2023-12-24T16:00:00"), at("2023-12-26T09:30:00")),
            (at("2024-03-31T00:30:00"), at("2024-03-31T03:30:00")),
        ],
        swap=at("2024-02-12T11:10:00"),
        plug_in_wh=(0, at("2023-12-05T05:05:05")),
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
        start=at("2024-10-20T10:00:03"),
        end=at("2024-11-05T10:00:03"),
        garbage=0.02,
        disorder=0.05,
    )
    found = hours(write(path, years.rows()))
    imported = found[METER, "E_in"]
    rows = sums(imported)
    assert imported.rejected.total() > 30
    assert set(imported.rejected) == {"zero", "implausible_rise", "negative", "decreased"}
    for start, kwh in years.consumed.items():
        assert rows[start] == pytest.approx(kwh, abs=0.5)
    end = max(years.consumed)
    assert rows[end] == pytest.approx(years.consumed[end], abs=0.5)


def test_windows_and_other_counters_have_no_hours(path: Path) -> None:
    rows = [*day([0.0, 1.0], "State", WINDOW), *day([1.0, 2.0], "Gas")]
    found = hours(write(path, rows, described=((METER, "Gas", "", "m³", 1),)))
    assert [series.rows for series in found.values()] == [[], []]
    assert [series.readings for series in found.values()] == [2, 2]


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


@pytest.mark.parametrize("prepare", [lambda path: path, in_wal])
def test_reading_changes_nothing_and_reports_the_same_twice(
    path: Path, prepare: Callable[[Path], Path]
) -> None:
    prepare(write(path, day([float(index) for index in range(500)])))
    with unchanged(path.parent):
        assert hours(path) == hours(path)


def test_a_writer_who_comes_meanwhile_is_noticed(path: Path) -> None:
    in_wal(write(path, day([1.0, 2.0])))
    found = inspect_file(path, BERLIN)
    reading = read_hours(path, BERLIN, found)
    next(reading)
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("UPDATE measurement_data SET amount = 3")
    with pytest.raises(FileReadError) as refused:
        next(reading)
    assert refused.value.reason is FileError.CHANGED


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
    reported: list[int] = []
    parts = list(read_hours(path, BERLIN, inspect_file(path, BERLIN), progress=reported.append))
    assert {each.series.key: each for each in parts} == whole
    assert reported == sorted(reported)
    assert reported[-1] == len(rows)


def test_only_what_is_wanted_is_read(path: Path) -> None:
    write(path, [*day([1.0, 2.0]), *day([1.0, 2.0], "Power")])
    wanted = [series for series in inspect_file(path, BERLIN) if series.sub_entity == "Power"]
    reported: list[int] = []
    [only] = read_hours(path, BERLIN, wanted, progress=reported.append)
    assert only.series.sub_entity == "Power"
    assert reported == [2]
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
    with suppress(FileReadError):
        hours(path)
