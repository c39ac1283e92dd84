"""Tables of energy that a FRITZ!Box has written: each value gets its own time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import accumulate, repeat
from pathlib import Path
from typing import Final

import pytest

from custom_components.py_hab.history.box.calendar import (
    DAY_STEP,
    MONTH_STEP,
    QUARTER_STEP,
    SIX_HOUR_STEP,
)
from custom_components.py_hab.history.files.box_view import device_in, find_view
from custom_components.py_hab.history.files.csv_reader import read_series, survey
from custom_components.py_hab.history.files.recognition import recognize
from custom_components.py_hab.history.files.table import read_sample
from custom_components.py_hab.history.planning.imported import ImportedEnergy
from tests.support.portals import BERLIN, MONTHS, at, german, of_box

WEEKDAYS: Final = ("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So.")

type Back = Callable[[datetime], datetime]
"""From the begin of a period to that of the one before it."""


def an_hour(number: int) -> Back:
    """Return how to go back by a part or a multiple of an hour of real time."""
    step = timedelta(hours=1) / number if number > 0 else timedelta(hours=1) * -number
    return lambda moment: datetime.fromtimestamp(moment.timestamp() - step.total_seconds(), BERLIN)


def six_hours(moment: datetime) -> datetime:
    """Go back to 0, 6, 12 or 18 o'clock."""
    naive = moment.replace(tzinfo=None) - timedelta(hours=6)
    return naive.replace(tzinfo=BERLIN)


def a_day(moment: datetime) -> datetime:
    """Go back to midnight."""
    return (moment.replace(tzinfo=None) - timedelta(days=1)).replace(tzinfo=BERLIN)


def a_month(moment: datetime) -> datetime:
    """Go back to the first of a month."""
    return (moment.replace(tzinfo=None) - timedelta(days=1)).replace(day=1, tzinfo=BERLIN)


def clock(moment: datetime) -> str:
    """Return the label of a quarter of an hour."""
    return f"{moment.hour}:{moment:%M}"


def hour_or_weekday(moment: datetime) -> str:
    """Return the label of six hours."""
    return str(moment.hour) if moment.hour else WEEKDAYS[moment.weekday()]


def day(moment: datetime) -> str:
    """Return the label of a day."""
    return f"{moment.day}.{moment.month}."


def month(moment: datetime) -> str:
    """Return the label of a month."""
    return f"{MONTHS[moment.month - 1]} {moment.year}"


VIEWS: Final = {
    "24 Stunden": (QUARTER_STEP, 96, an_hour(4), clock),
    "1 Woche": (SIX_HOUR_STEP, 28, six_hours, hour_or_weekday),
    "1 Monat": (DAY_STEP, 31, a_day, day),
    "2 Jahre": (MONTH_STEP, 24, a_month, month),
}


def begins(view: str, newest: str) -> list[datetime]:
    """Return the begins of the periods of a view, oldest first, up to the newest one."""
    _, count, back, _ = VIEWS[view]
    return list(accumulate(repeat(back, count - 1), lambda last, go: go(last), initial=at(newest)))[
        ::-1
    ]


def wh(begin: datetime) -> int:
    """Return the energy of a period."""
    return 20 + int(begin.timestamp()) // 900 * 7919 % 31


def imported(path: Path) -> dict[tuple[int, int], float]:
    """Return the kWh of each period that a table contains, of short ones by the hour (unix times)."""
    form = recognize(read_sample(path), BERLIN)
    assert form.view is not None
    assert not form.open_doubts
    (found,) = read_series(path, form, BERLIN, survey(path, form, BERLIN))
    assert isinstance(found.imported, ImportedEnergy)
    assert not found.rejected
    totals = {(each.start, each.end): each.kwh for each in found.imported.totals}
    return totals | {(hour, hour + 3600): kwh for hour, kwh in found.imported.hours.items()}


def write(
    path: Path, view: str, written: str, newest: str, *, part: int, now: str | None = None
) -> None:
    """Write a table; of the newest period, only a part was used."""
    *_, label = VIEWS[view]
    times = begins(view, newest)
    rows = [(label(begin), german(wh(begin) / 1000), "kWh") for begin in times[:-1]]
    path.write_text(
        of_box(view, written, [*rows, (now or label(times[-1]), german(part / 1000), "kWh")])
    )


@pytest.mark.parametrize(
    ("view", "written", "newest"),
    [
        ("1 Woche", "29.05.2025 17-56", "2025-05-29T12:00:00"),
        ("1 Woche", "28.10.2025 07-30", "2025-10-28T06:00:00"),
        ("1 Monat", "29.05.2025 17:57", "2025-05-29T00:00:00"),
        ("1 Monat", "12.01.2025 08:55", "2025-01-12T00:00:00"),
        ("1 Monat", "12.04.2025 23:59", "2025-04-12T00:00:00"),
        ("1 Monat", "1.3.2024 1-30", "2024-03-01T00:00:00"),
        ("2 Jahre", "29.05.2025 17-57", "2025-05-01T00:00:00"),
    ],
)
def test_each_period_gets_its_energy_and_the_newest_ends_when_it_was_written(
    tmp_path: Path, view: str, written: str, newest: str
) -> None:
    path = tmp_path / "table.csv"
    write(path, view, written, newest, part=3)
    times = begins(view, newest)
    at_last = datetime.strptime(written.replace(":", "-"), "%d.%m.%Y %H-%M").replace(tzinfo=BERLIN)
    ends = [*times[1:], at_last + timedelta(minutes=1)]
    expected = {
        (int(begin.timestamp()), int(end.timestamp())): 0.003
        if end is ends[-1]
        else wh(begin) / 1000
        for begin, end in zip(times, ends, strict=True)
    }
    assert imported(path) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("written", "newest"),
    [
        ("29.05.2025 17-52", "2025-05-29T17:45:00"),
        ("26.10.2025 14-05", "2025-10-26T14:00:00"),
        ("30.03.2025 14-05", "2025-03-30T14:00:00"),
        ("02.01.2025 00-10", "2025-01-02T00:00:00"),
    ],
)
def test_each_hour_gets_its_quarters(tmp_path: Path, written: str, newest: str) -> None:
    path = tmp_path / "table.csv"
    write(path, "24 Stunden", written, newest, part=3, now="jetzt")
    expected: dict[int, float] = {}
    times = begins("24 Stunden", newest)
    for begin in times:
        hour = int(begin.timestamp()) // 3600 * 3600
        energy = 3 if begin == times[-1] else wh(begin)
        expected[hour] = expected.get(hour, 0.0) + energy / 1000
    assert {start: kwh for (start, _), kwh in imported(path).items()} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("view", "written", "newest", "now"),
    [
        ("24 Stunden", "29.05.2025 18-00", "2025-05-29T18:00:00", "jetzt"),
        ("1 Woche", "29.05.2025 18-01", "2025-05-29T18:00:00", None),
        ("1 Monat", "29.05.2025 00-00", "2025-05-29T00:00:00", None),
        ("2 Jahre", "01.05.2025 00-01", "2025-05-01T00:00:00", None),
    ],
)
def test_values_that_have_not_moved_on_with_their_labels_are_put_back(
    tmp_path: Path, view: str, written: str, newest: str, now: str | None
) -> None:
    # Seconds after it has begun, nothing can have used as much in the newest period.
    path = tmp_path / "table.csv"
    write(path, view, written, newest, part=27, now=now)
    *_, end = sorted(end for _, end in imported(path))
    assert end == at(newest).timestamp()
    # With nothing used, or a little, it has begun.
    write(path, view, written, newest, part=0, now=now)
    *_, begin = sorted(begin for begin, _ in imported(path))
    assert begin == at(newest).timestamp()


@pytest.mark.parametrize(
    "rows",
    [
        [["Zeit", "kWh"], ["01.01.2025 00:00", "1,0"]],
        [["Stand", "29.05.2025 17-57 Uhr"], ["Tag", "kWh"], ["29.5.", "1,0"]],
        [["Datum", "Energie", "29.05.2025 17-57 Uhr"], ["1.5.", "1,0", "kWh"], ["3.5.", "1,0", "kWh"]],
        [["Datum", "Energie", "31.02.2025 17-57 Uhr"], ["28.2.", "1,0", "kWh"], ["1.3.", "1", "kWh"]],
        [["Datum", "Energie", "29.05.2025 24-57 Uhr"], ["28.5.", "1,0", "kWh"], ["29.5.", "1", "kWh"]],
        [["Datum", "Wert", "29.05.2025 17-57 Uhr"], ["28.5.", "21,5", "°C"], ["29.5.", "21", "°C"]],
        [["Datum", "Energie", "29.05.2025 17-57 Uhr"]],
        [],
    ],
)  # fmt: skip
def test_other_tables_are_none_of_the_box(rows: list[list[str]]) -> None:
    assert find_view(rows, BERLIN) is None


def test_the_form_names_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write(path, "1 Monat", "29.05.2025 17-57", "2025-05-29T00:00:00", part=3)
    form = recognize(read_sample(path), BERLIN, ";")
    assert form.columns[:4] == ("Begin", "End", "Energie", "Einheit")
    assert len(form.columns) == 8


def test_numbers_may_have_a_point(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write(path, "1 Monat", "29.05.2025 17-57", "2025-05-29T00:00:00", part=3)
    expected = imported(path)
    path.write_text(path.read_text().replace(",", "."))
    assert imported(path) == expected


@pytest.mark.parametrize(
    ("file_name", "device"),
    [
        ("Fridge_29.05.2025_17-57_month", "Fridge"),
        ("Washing_machine_1.1.2026_0-05_24h", "Washing_machine"),
        ("20241031_235054_id00031_1month", None),
        ("month", None),
    ],
)
def test_the_page_of_the_box_names_a_table_after_its_device(
    file_name: str, device: str | None
) -> None:
    assert device_in(file_name) == device
