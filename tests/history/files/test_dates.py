"""Dates whose parts are in cells of their own."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from custom_components.py_hab.history.files.access import FileReadError
from custom_components.py_hab.history.files.csv_format import Content, DateColumns, Label
from custom_components.py_hab.history.files.csv_reader import read_series, survey
from custom_components.py_hab.history.files.dates import (
    dates_of_wide,
    find_dates,
    is_month,
    is_year,
    wide_dates,
    with_joined,
)
from custom_components.py_hab.history.files.recognition import recognize
from custom_components.py_hab.history.files.table import read_sample
from custom_components.py_hab.history.planning.imported import ImportedEnergy
from tests.support.portals import BERLIN, MONTHS

ABBREVIATED: Final = [name[:3] for name in MONTHS]
YEARS: Final = (2022, 2023, 2024)


def kwh(year: int, month: int) -> int:
    """Return the energy of a month."""
    return 200 + (year * 7 + month * 13) % 100


def of_months(row: str) -> list[str]:
    """Return a row for each month."""
    return [
        row.format(year=year, month=month, name=MONTHS[month - 1], kwh=kwh(year, month))
        for year in YEARS
        for month in range(1, 13)
    ]


def of_years(years: Iterable[int] = YEARS) -> list[str]:
    """Return a row for each year, with a cell for each month and their total."""
    return [
        ";".join(map(str, (year, *amounts, sum(amounts))))
        for year in years
        for amounts in [[kwh(year, month) for month in range(1, 13)]]
    ]


def by_month_and_year() -> list[str]:
    """Return a row for each month, with a cell for each year."""
    return [
        ";".join((name, *(f"{kwh(year, month)},0" for year in YEARS)))
        for month, name in enumerate(MONTHS, 1)
    ]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(["Jahr;Monat;Verbrauch in kWh", *of_months("{year};{month};{kwh},0")], id="1"),
        pytest.param(["Month,Year,Consumption kWh", *of_months("{month:02},{year},{kwh}.0")], id="01"),
        pytest.param(["Monat;Jahr;Energie;kWh", *of_months("{name};{year};{kwh};kWh")], id="Januar"),
        pytest.param(
            ["Jahr;Monat;Verbrauch (kWh)", *of_months("{year};{month};{kwh}"), "2024;Summe;8000"],
            id="with a total",
        ),
        pytest.param(["Verbrauch kWh", ";".join(("Jahr", *MONTHS, "Summe")), *of_years()], id="wide"),
        pytest.param(
            ["Verbrauch kWh", ";".join(("", *ABBREVIATED, "")), *of_years()], id="without a name"
        ),
        pytest.param(
            ["Verbrauch kWh", ";".join(("Monat", *map(str, YEARS))), *by_month_and_year()],
            id="years beside each other",
        ),
    ],
)  # fmt: skip
def test_each_month_gets_its_energy(tmp_path: Path, rows: list[str]) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(rows), "utf-8")
    form = recognize(read_sample(path), BERLIN).with_choices({"content": Content.CONSUMPTION})
    (series,) = survey(path, form, BERLIN)
    (found,) = read_series(path, form, BERLIN, [series])
    assert isinstance(found.imported, ImportedEnergy)
    assert form.unit == "kWh"
    totals = {
        (local.year, local.month): each.kwh
        for each in found.imported.totals
        for local in [datetime.fromtimestamp(each.start, BERLIN)]
    }
    assert totals == {(year, month): kwh(year, month) for year in YEARS for month in range(1, 13)}


@pytest.mark.parametrize(
    ("hours", "label"), [(range(24), Label.BEGIN), (range(1, 25), Label.END)], ids=["0-23", "1-24"]
)
def test_days_and_hours_are_joined_too(tmp_path: Path, hours: range, label: Label) -> None:
    path = tmp_path / "table.csv"
    rows = [f"2026;2;{day};{hour};0.{hour:02}1" for day in range(1, 29) for hour in hours]
    path.write_text("\n".join(["Year;Month;Day;Hour;Usage kWh", *rows]))
    form = recognize(read_sample(path), BERLIN)
    assert form.label is label
    assert form.step == 3600
    (found,) = read_series(path, form, BERLIN, survey(path, form, BERLIN))
    assert isinstance(found.imported, ImportedEnergy)
    first = int(datetime(2026, 2, 1, tzinfo=BERLIN).timestamp())
    expected = [int(f"{hour}1") / 1000 for hour in hours] * 28
    assert dict(found.imported.hours) == pytest.approx(
        {first + 3600 * number: energy for number, energy in enumerate(expected)}
    )


def test_the_day_is_joined_only_where_it_is_one() -> None:
    header = ["Jahr", "Monat", "Tag", "Stunde", "kWh"]
    assert find_dates([header, ["2026", "3", "31", "05:15", "1"]]) == DateColumns(0, 1, 2, 3)
    assert find_dates([header, ["2026", "3", "Mo", "", "1"]]) == DateColumns(0, 1)
    assert find_dates([["Kosten"], header, ["2026", "3"]]) is None
    assert find_dates([["Monat", "kWh"], ["3", "1"]]) is None
    # Here the month is a whole date.
    assert find_dates([["Jahr", "Monat"], ["2026", "2026-03"]]) is None


@pytest.mark.parametrize(
    ("row", "date"),
    [
        (["2026", "3", "", "", "1"], "2026-03"),
        (["2026", "März", "31", "", "1"], "2026-03-31"),
        (["2026", "Dez.", "1", "5", "1"], "2026-12-01 05:00"),
        (["2026", "12", "1", "05:15", "1"], "2026-12-01 05:15"),
    ],
)
def test_a_date_is_put_into_the_cell_of_the_year(row: list[str], date: str) -> None:
    columns = DateColumns(0, 1, 2, 3)
    assert list(with_joined([row], columns)) == [[date, "", "", "", "1"]]


@pytest.mark.parametrize(
    "row",
    [[], ["2026", "3"], ["2026", "13", "", "", "1"], ["Jahr", "Monat", "Tag", "Stunde", "kWh"]],
)
def test_rows_without_a_date_stay_as_they_are(row: list[str]) -> None:
    assert list(with_joined([row], DateColumns(0, 1, 2, 3))) == [row]


def test_numbers_like_years_are_no_header() -> None:
    rows = [["Januar", "2024", "2023"], ["Februar", "2024", "2025"]]
    # The first row is one of data: it begins as those below do.
    assert wide_dates(["1", "2024", "250"], [["2", "2024", "260"]]) == ()
    assert wide_dates(["01.01.2024 00:00", "2024"], [["01.01.2024 00:15", "2024"]]) == ()
    assert wide_dates(["Monat", "2024", "2025"], rows) == ("", "2024", "2025")
    assert dates_of_wide([["01.01.2024", "5", "1"]]) is None
    assert dates_of_wide([]) is None


def test_years_and_months() -> None:
    assert [text for text in ("1999", "2026", " 2026 ", "20260", "") if is_year(text)] == [
        "2026",
        " 2026 ",
    ]
    for text in ("1", "12", "03", "Mai", "mrz", "Sept.", "December", "März"):
        assert is_month(text), text
    for text in ("0", "13", "003", "Summe", "", "3.5", "Ma", "Mai 2026"):
        assert not is_month(text), text


def test_parts_of_a_date_beside_the_whole_date_are_no_energy(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = [f"2026-02-{day:02};2026;2;{day};{day + 100},5" for day in range(1, 29)]
    path.write_text("\n".join(["Datum;Jahr;Monat;Tag;kWh", *rows]))
    form = recognize(read_sample(path), BERLIN)
    assert form.dates is None
    assert form.values == (4,)


def test_a_table_of_months_without_years_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["Monat;kWh", *(f"{name};250" for name in MONTHS)]))
    with pytest.raises(FileReadError):
        recognize(read_sample(path), BERLIN)
