"""What a change consists of."""

from custom_components.py_hab.history.planning.change import ChangeReason, StatisticRows


def test_reasons_are_called_as_journals_have_them() -> None:
    assert [reason.value for reason in ChangeReason] == [
        "backfill",
        "outage",
        "silence",
        "replacement",
        "import",
        "spike",
        "unit",
        "cost",
    ]


def test_a_statistic_that_nobody_has_written_has_no_rows() -> None:
    rows = StatisticRows(until=0)
    assert not any([rows.hourly, rows.short_term, rows.hours, rows.own, rows.recorded])
