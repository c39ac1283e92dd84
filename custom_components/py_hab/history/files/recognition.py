"""Recognizes how a table is written, from some of its rows."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo

from ..planning.rows import HOUR
from .access import FileError, FileReadError
from .box_view import BoxView, find_view
from .columns import columns_of
from .csv_format import EXPORT_COLUMNS, Content, CsvFormat, Doubt, TimeColumns
from .layout import TRIED, Layout, find_layout
from .moments import DayOrder
from .recognized_times import RecognizedTimes
from .recognized_values import RecognizedValues
from .series_columns import find_series, series_name
from .steps import usual_step
from .table import DELIMITERS, Dialect, Row, Sample


def recognize(sample: Sample, zone: tzinfo, delimiter: str | None = None) -> CsvFormat:
    """Return how the table is written. Raises FileReadError if it cannot be understood."""
    for each in (delimiter,) if delimiter else DELIMITERS:
        if (view := find_view(sample.rows(each), zone)) is not None:
            return _of_box(sample.dialect(each), view)
    table = find_layout(sample, delimiter)
    if table.names[: len(EXPORT_COLUMNS)] == EXPORT_COLUMNS:
        try:
            return _exported(sample, table)
        except KeyError, ValueError:
            # Somebody else's file with the same names.
            pass
    return _recognized(sample, table, zone)


def _of_box(dialect: Dialect, view: BoxView) -> CsvFormat:
    """Return the format of a table of the FRITZ!Box."""
    return CsvFormat(
        dialect=dialect,
        skip=view.skip,
        columns=view.names,
        view=view,
        begin=TimeColumns(day=0),
        end=TimeColumns(day=1),
        order=DayOrder.YMD,
        values=(2,),
        units=3,
        decimal=view.decimal,
        content=Content.CONSUMPTION,
        unit=view.unit,
    )


def _exported(sample: Sample, table: Layout) -> CsvFormat:
    """Return the format of an export by py_hab."""
    names = {name: index for index, name in enumerate(table.names)}
    is_sum = "sum" in names
    starts, ends = (
        [datetime.fromisoformat(row[column]).timestamp() for row in table.rows[:TRIED]]
        for column in (0, 1)
    )
    is_hourly = {end - start for start, end in zip(starts, ends, strict=True)} == {HOUR}
    if is_hourly:
        content, value = (Content.SUMS, "sum") if is_sum else (Content.MEANS, "mean")
    elif is_sum:
        content, value = Content.CONSUMPTION, "change"
    else:
        raise FileReadError(FileError.NO_VALUES)
    return CsvFormat(
        dialect=sample.dialect(table.delimiter),
        skip=table.skip,
        columns=table.names,
        begin=TimeColumns(day=names["start"]),
        end=None if is_hourly else TimeColumns(day=names["end"]),
        order=DayOrder.YMD,
        values=(names[value],),
        series=names["statistic_id"],
        units=names["unit"],
        content=content,
        unit=table.rows[0][names["unit"]],
        step=HOUR if is_hourly else usual_step([round(start) for start in starts]),
    )


def _recognized(sample: Sample, table: Layout, zone: tzinfo) -> CsvFormat:
    """Return the format of any other table. Raises FileReadError if it lacks times or values."""
    columns = columns_of(table.rows, table.names)
    times = RecognizedTimes(table, columns, zone)
    values = RecognizedValues(table, columns, times)
    begin = times.begin
    series = find_series(
        columns,
        table.all_rows,
        times=[begin.day] if begin.clock is None else [begin.day, begin.clock],
        values=values.possible,
        used={*times.columns, values.units},
    )
    rows = _rows_of_one(table.rows, series.columns)
    timed = times.in_order(rows)
    moments = [at for at, _ in timed]
    step = usual_step(moments) or times.shortest_step(rows)
    label = times.label(moments, step)
    used = values.of([row for _, row in timed])
    doubts = times.doubts | values.doubts | used.doubts
    if not series.is_certain and used.content is not Content.READINGS:
        doubts.add(Doubt.SERIES)
    return CsvFormat(
        dialect=sample.dialect(table.delimiter),
        skip=table.skip,
        columns=table.names,
        times=table.times,
        ranges=table.ranges,
        dates=table.dates,
        begin=begin,
        end=times.end,
        is_end_included=times.is_end_included(rows),
        label=label,
        order=times.order,
        zone=times.zone(),
        values=used.columns,
        series=next(iter(series.columns), None),
        subseries=series.columns[1:],
        units=values.units,
        decimal=values.decimal,
        content=used.content,
        unit=used.unit,
        step=step,
        doubts=frozenset(doubts),
    )


def _rows_of_one(rows: Sequence[Row], series: Sequence[int]) -> list[Row]:
    """Return the rows of the most frequent series."""
    (name, _), *_ = Counter(series_name(row, series) for row in rows).most_common()
    return [row for row in rows if series_name(row, series) == name]
