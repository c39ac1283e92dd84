"""Exports are read again."""

from pathlib import Path

from custom_components.py_hab.history.files.csv_format import Content
from custom_components.py_hab.history.files.csv_reader import read_series, survey
from custom_components.py_hab.history.files.recognition import recognize
from custom_components.py_hab.history.files.table import read_sample
from custom_components.py_hab.history.planning.imported import ImportedMeans, ImportedSums
from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, SumRow
from tests.support.portals import BERLIN, lines

SUMS = "start,end,statistic_id,unit,state,sum,change,origin"
MEANS = "start,end,statistic_id,unit,mean,min,max,origin"


def hour(number: int) -> str:
    """Return the begin and end of an hour."""
    return f"2025-07-01T{number:02}:00:00+02:00,2025-07-01T{number + 1:02}:00:00+02:00"


START = 1_751_320_800
"""2025-07-01T00:00:00+02:00"""


def test_sums_are_read_with_their_origin_and_bad_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    rows = [
        f"{hour(1)},sensor.x,Wh,1500.5,500.5,500.5,measured",
        f"{hour(0)},sensor.x,Wh,1000.0,0.0,0.0,spread",
        f"{hour(2)},sensor.x,Wh,,600,100,imported",
        f"{hour(2)},sensor.x,Wh,1,2,3,imported",
        f"{hour(3)},sensor.x,Wh,1,,3,",
        f"{hour(4)},sensor.x,Wh,1,inf,3,",
        f"{hour(4).replace('T04:00', 'T04:10')},sensor.x,Wh,1,2,3,",
        f"later,{hour(4).split(',')[1]},sensor.x,Wh,1,2,3,",
        "cut off",
    ]
    path.write_text(lines(SUMS, rows=rows[:3], end="\n"))
    form = recognize(read_sample(path), BERLIN)
    assert (form.content, form.unit) == (Content.SUMS, "Wh")
    found = survey(path, form, BERLIN)
    path.write_text(lines(SUMS, rows=rows, end="\n"))
    (hours,) = read_series(path, form, BERLIN, found)
    assert hours.imported == ImportedSums(
        rows=[
            SumRow(START, 1.0, 0.0),
            SumRow(START + HOUR, 1.5005, 0.5005),
            SumRow(START + 2 * HOUR, 0.6, 0.6),
        ],
        origins={START: Origin.SPREAD},
    )
    assert hours.readings == 8
    assert hours.rejected == {"repeated": 1, "not_a_number": 2, "bad_time": 2}
    assert list(read_series(path, form, BERLIN, found, cancelled=lambda: True)) == []


def test_means_are_read_also_without_extremes(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    rows = [f"{hour(0)},sensor.t,°C,20.5,19.0,21.0,", f"{hour(1)},sensor.t,°C,20.5,,,"]
    path.write_text(lines(MEANS, rows=rows, end="\n"), encoding="utf-8")
    form = recognize(read_sample(path), BERLIN)
    (hours,) = read_series(path, form, BERLIN, survey(path, form, BERLIN))
    assert hours.imported == ImportedMeans(
        rows=[MeanRow(START, 20.5, 19.0, 21.0), MeanRow(START + HOUR, 20.5, 20.5, 20.5)]
    )
