"""The report of the import of a series."""

from custom_components.py_hab.history.files.csv_format import CsvKey, CsvSeries
from custom_components.py_hab.history.files.series import SeriesReport
from tests.history.files.test_csv_format import FORMAT


def test_a_report_names_its_series_and_rounds_its_energy() -> None:
    series = CsvSeries(
        key=CsvKey("", 1),
        name="Wert",
        column="Wert",
        unit=FORMAT.unit,
        content=FORMAT.content,
        rows=4,
        first=None,
        last=None,
    )
    report = SeriesReport(series=series, statistic_id="py_hab:x", energy=1.23456, rows=2)
    assert report.as_json() == {
        "series": "",
        "column": "Wert",
        "statistic_id": "py_hab:x",
        "rows": 2,
        "energy": 1.235,
        "readings": 0,
        "rejected": {},
        "not_recorded": None,
    }
    assert SeriesReport(series=series, statistic_id=None).as_json()["energy"] is None
