"""Tables that portals and people lay out in a way of their own: each hour gets what is its own."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from custom_components.py_hab.history.files.csv_format import (
    Content,
    CsvFormat,
    Doubt,
    FileZone,
    Label,
)
from custom_components.py_hab.history.files.csv_reader import read_series, survey
from custom_components.py_hab.history.files.recognition import recognize
from custom_components.py_hab.history.files.table import read_sample
from custom_components.py_hab.history.planning.imported import ImportedEnergy, ImportedReadings
from tests.support.portals import BERLIN, amount, at, german, lines, quarters

MARCH: Final = list(quarters(at("2026-03-01T00:00:00"), 3 * 96))
OCTOBER: Final = list(quarters(at("2025-10-25T00:00:00"), 3 * 96 + 4))
"""Three days, one of which has 25 hours."""
SPRING: Final = list(quarters(at("2026-03-28T00:00:00"), 3 * 96 - 4))
QUARTER: Final = timedelta(minutes=15)

type Cells = Callable[[datetime], str]


def local(moment: datetime) -> datetime:
    """Return a time in Berlin."""
    return moment.astimezone(BERLIN)


def rows_of(moments: Sequence[datetime], cells: Cells) -> list[str]:
    """Return a row for each quarter of an hour: its cells, and its energy."""
    return [f"{cells(moment)};{german(amount(moment))}" for moment in moments]


def write(folder: Path, head: str, rows: list[str]) -> Path:
    """Write a table."""
    path = folder / "table.csv"
    path.write_text(lines(head, rows=rows))
    return path


def imported(path: Path) -> tuple[CsvFormat, dict[str, dict[int, float]]]:
    """Return how a table is read, and the kWh of each hour of each series."""
    form = recognize(read_sample(path), BERLIN)
    found: dict[str, dict[int, float]] = {}
    for each in read_series(path, form, BERLIN, survey(path, form, BERLIN)):
        assert isinstance(each.imported, ImportedEnergy)
        assert not each.imported.totals
        found[each.series.name] = dict(each.imported.hours)
    return form, found


def truth(moments: Sequence[datetime], scale: float = 1.0) -> dict[int, float]:
    """Return the kWh of each hour."""
    hours: defaultdict[int, float] = defaultdict(float)
    for moment in moments:
        hours[int(moment.timestamp()) // 3600 * 3600] += amount(moment, scale)
    return dict(hours)


def lettered(moment: datetime) -> str:
    """Return a time whose hour has a letter if it occurs twice."""
    begin = local(moment)
    is_doubled = begin.replace(fold=1 - begin.fold).utcoffset() != begin.utcoffset()
    letter = "AB"[begin.fold] if is_doubled and begin.month == 10 else ""
    return f"{begin:%d.%m.%Y};{begin:%H}{letter}:{begin:%M}"


def ends_by_adding(moment: datetime) -> str:
    """Return the end of an interval without a thought for the clock change: 01:45 ends at 02:00."""
    return f"{local(moment).replace(tzinfo=None) + QUARTER:%d.%m.%Y %H:%M}"


def range_of_moments(moment: datetime) -> str:
    """Return begin and end in one cell."""
    return f"{local(moment):%d.%m.%Y %H:%M} - {local(moment + QUARTER):%d.%m.%Y %H:%M}"


def with_end(moment: datetime) -> str:
    """Return a time, and the end of its interval without a day."""
    return f"{local(moment):%d.%m.%Y %H:%M} - {local(moment + QUARTER):%H:%M}"


def range_of_clocks(mark: str) -> Cells:
    """Return begin and end on the clock in one cell, beside the day."""
    return lambda moment: f"{local(moment):%d.%m.%Y};{local(moment):%H:%M}{mark}{_end(moment)}"


def _end(moment: datetime) -> str:
    return f"{local(moment + QUARTER):%H:%M}"


@pytest.mark.parametrize(
    ("head", "moments", "cells"),
    [
        pytest.param("Datum;Zeit von;kWh", OCTOBER, lettered, id="2A and 2B"),
        pytest.param("Zeit bis;kWh", SPRING, ends_by_adding, id="an end that the clock skips"),
        pytest.param("Zeitraum;kWh", MARCH, range_of_moments, id="two moments in a cell"),
        pytest.param("Zeit;kWh", MARCH, with_end, id="a moment and an end in a cell"),
        *(
            pytest.param("Datum;Zeit;kWh", MARCH, range_of_clocks(mark), id=f"00:00{mark}00:15")
            for mark in (" - ", "-", " \u2013 ", " bis ")
        ),
    ],
)
def test_each_hour_is_right_however_times_are_written(
    tmp_path: Path, head: str, moments: Sequence[datetime], cells: Cells
) -> None:
    form, found = imported(write(tmp_path, head, rows_of(moments, cells)))
    assert not form.open_doubts
    (hours,) = found.values()
    assert hours == pytest.approx(truth(moments))


def test_a_table_in_standard_time_says_so_in_its_header(tmp_path: Path) -> None:
    path = write(
        tmp_path, "Zeit (MEZ);kWh", rows_of(MARCH, lambda at: f"{local(at):%d.%m.%Y %H:%M}")
    )
    assert imported(path)[0].zone is FileZone.STANDARD


def test_the_two_passes_of_an_hour_that_were_sorted_into_each_other(tmp_path: Path) -> None:
    moments = sorted(OCTOBER, key=lambda moment: local(moment).replace(tzinfo=None))
    rows = rows_of(moments, lambda at: f"{local(at):%d.%m.%Y %H:%M}")
    (hours,) = imported(write(tmp_path, "Von;kWh", rows))[1].values()
    assert hours == pytest.approx(truth(OCTOBER))


def _of_two_meters(cells: Callable[[str, datetime], str]) -> Iterator[str]:
    for name, scale in (("Keller", 1.0), ("Dach", 0.5)):
        for moment in MARCH:
            yield f"{cells(name, moment)};{german(amount(moment, scale))}"


@pytest.mark.parametrize("head", ["Ort;Zeit;kWh", "Zähler;Zeit;kWh"])
def test_what_tells_rows_of_the_same_time_apart_names_their_series(
    tmp_path: Path, head: str
) -> None:
    rows = list(_of_two_meters(lambda name, at: f"{name};{local(at):%d.%m.%Y %H:%M}"))
    form, found = imported(write(tmp_path, head, rows))
    assert not form.open_doubts
    assert found == {
        "Keller": pytest.approx(truth(MARCH)),
        "Dach": pytest.approx(truth(MARCH, 0.5)),
    }


def test_registers_of_several_meters_are_told_apart_by_two_columns(tmp_path: Path) -> None:
    rows = [
        f"{meter};{obis};{local(moment):%d.%m.%Y %H:%M};{german(amount(moment, scale))}"
        for meter, obis, scale in (
            ("A1", "1.29.0", 1.0),
            ("A1", "2.29.0", 0.5),
            ("B2", "1.29.0", 0.25),
            ("B2", "2.29.0", 0.1),
        )
        for moment in MARCH
    ]
    _, found = imported(write(tmp_path, "Zählernummer;OBIS;Zeit;kWh", rows))
    assert found == {
        name: pytest.approx(truth(MARCH, scale))
        for name, scale in (
            ("A1 1.29.0", 1.0),
            ("A1 2.29.0", 0.5),
            ("B2 1.29.0", 0.25),
            ("B2 2.29.0", 0.1),
        )
    }


def test_a_value_that_is_there_twice_with_another_status_is_imported_once(tmp_path: Path) -> None:
    rows = [
        f"{row};{status}"
        for row in rows_of(MARCH, lambda at: f"{local(at):%d.%m.%Y %H:%M}")
        for status in ("vorläufig", "endgültig")
    ]
    form, found = imported(write(tmp_path, "Zeit;kWh;Qualität", rows))
    assert not form.open_doubts
    assert list(found.values()) == [pytest.approx(truth(MARCH))]


@pytest.mark.parametrize(("name", "per_day"), [("Viertelstunde", 96), ("Stunde", 24)])
def test_the_number_of_an_interval_is_no_energy_and_leaves_doubt(
    tmp_path: Path, name: str, per_day: int
) -> None:
    moments = MARCH[:: 96 // per_day]
    rows = [
        f"{local(moment):%d.%m.%Y};{number % per_day + 1};{german(amount(moment))}"
        for number, moment in enumerate(moments)
    ]
    form = recognize(read_sample(write(tmp_path, f"Datum;{name};Verbrauch kWh", rows)), BERLIN)
    assert form.values == (2,)
    assert form.open_doubts == {Doubt.SERIES}
    assert not form.with_choices({"series": None}).open_doubts


def test_a_unit_in_a_cell_applies_to_its_number(tmp_path: Path) -> None:
    rows = [
        f"{local(moment):%d.%m.%Y %H:%M};"
        + (f"{round(1000 * amount(moment))} Wh" if number % 2 else f"{german(amount(moment))} kWh")
        for number, moment in enumerate(MARCH)
    ]
    (hours,) = imported(write(tmp_path, "Zeit;Energie", rows))[1].values()
    assert hours == pytest.approx(truth(MARCH))


def test_readings_that_go_on_with_another_meter_are_readings(tmp_path: Path) -> None:
    reading, rows, counted = 54_321.0, [], 0.0
    for number, moment in enumerate(MARCH):
        if number == 100:
            reading = 3.2
        rows.append(f"{local(moment):%d.%m.%Y %H:%M};{german(reading)}")
        reading += amount(moment)
        # Between the last reading of a meter and the first one of the next, nothing is known.
        counted += amount(moment) if number not in (99, len(MARCH) - 1) else 0.0
    path = write(tmp_path, "Zeit;Zählerstand kWh", rows)
    form = recognize(read_sample(path), BERLIN)
    assert (form.content, form.open_doubts) == (Content.READINGS, frozenset())
    (hours,) = read_series(path, form, BERLIN, survey(path, form, BERLIN))
    assert isinstance(hours.imported, ImportedReadings)
    assert hours.imported.rows[-1].sum == pytest.approx(counted)


@pytest.mark.parametrize("name", ["Photovoltaik", "Privatverbrauch", "Generated energy"])
def test_a_word_within_another_one_says_nothing(tmp_path: Path, name: str) -> None:
    rows = [
        f"{row};kWh" for row in rows_of(MARCH, lambda moment: f"{local(moment):%d.%m.%Y %H:%M}")
    ]
    form, found = imported(write(tmp_path, f"Zeit;{name};Einheit", rows))
    assert form.label is Label.BEGIN
    assert found == {name: pytest.approx(truth(MARCH))}
