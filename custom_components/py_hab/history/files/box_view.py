"""Dates the tables of energy that the FRITZ!Box offers for download and sends by mail.

Their rows have times such as `18:15`, `now`, `Mo.`, `12` or `29.5.`. The header contains when the
table was written; from that, rows are dated backwards. The newest one has not ended at that time.
Seen in files of FRITZ!OS 8: quarters of an hour and six hours are aligned to the clock, and the label
is the begin of its period.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, pairwise
import re
from typing import Final

from ...fritzbox.device_stats import Series
from ..box.calendar import (
    DAY_STEP,
    MAX_VALUES,
    MONTH_STEP,
    QUARTER_STEP,
    SIX_HOUR_STEP,
    periods,
)
from .moments import DayOrder, parse_clock, parse_day
from .numbers import DecimalMark, is_number, parse_number
from .table import Row

_WRITTEN: Final = re.compile(r"(\d{1,2}\.\d{1,2}\.\d{4}) (\d{1,2})[-:](\d\d)(?: Uhr)?")
_FILE_NAME: Final = re.compile(r"(.+)_\d{1,2}\.\d{1,2}\.\d{4}_\d{1,2}-\d\d_\w+")
_TRIED: Final = 5
"""Rows among which the header is looked for."""
_DAY: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.?")
_MOST: Final = 0.8
"""The part of the rows whose labels must be those of the dates that they get."""
_LATE: Final = timedelta(minutes=2)
"""Plugs report every two minutes; until then, the box does not begin a new value."""
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class BoxView:
    """A table of the FRITZ!Box."""

    skip: int
    """The number of rows up to the header."""
    header: tuple[str, ...]
    """The names of the columns."""
    unit: str
    decimal: DecimalMark
    step: int
    """Seconds between two rows; those of a day and a month as in device statistics."""
    written: datetime
    """When the box has written the table, in the time zone of the home."""
    is_late: bool
    """Whether the newest period had only just begun: the newest value is still that of the one
    before it, while the labels have moved on."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of `dated` rows."""
        return ("Begin", "End", *self.header[1:])

    def dated(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows with begin and end (ISO 8601) in place of their label."""
        found = list(_data(rows))
        times = _periods(self.step, len(found), self.written, is_late=self.is_late)
        for row, (begin, end) in zip(found, times, strict=True):
            yield [_iso(begin, self.written.tzinfo), _iso(end, self.written.tzinfo), *row[1:]]


def device_in(file_name: str) -> str | None:
    """Return the device after which the page of the FRITZ!Box names a table, without its suffix."""
    found = _FILE_NAME.fullmatch(file_name)
    return found[1] if found else None


def find_view(rows: Sequence[Row], zone: tzinfo) -> BoxView | None:
    """Return what the first rows of a table of the FRITZ!Box say, None for any other table."""
    for number, header in enumerate(rows[:_TRIED]):
        found = next(filter(None, map(_WRITTEN.fullmatch, map(str.strip, header))), None)
        day = parse_day(found[1], DayOrder.DMY) if found else None
        if found is None or day is None or int(found[2]) > 23 or int(found[3]) > 59:
            continue
        written = datetime(
            day.date.year, day.date.month, day.date.day, int(found[2]), int(found[3]), tzinfo=zone
        )
        data = list(_data(rows[number + 1 :]))
        step = _step(data, written)
        if step is None:
            continue
        return BoxView(
            skip=number + 1,
            header=tuple(map(str.strip, header[: len(data[0])])),
            unit=data[0][2].strip(),
            decimal=_decimal(data),
            step=step,
            written=written,
            is_late=_is_late(data, step, written),
        )
    return None


def _decimal(rows: Iterable[Row]) -> DecimalMark:
    """Return the mark of numbers that always have three decimals, and no mark between thousands."""
    has_comma = any("," in row[1] for row in rows)
    return DecimalMark.COMMA if has_comma else DecimalMark.POINT


def _data(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows that have a value with its unit."""
    for row in islice(rows, MAX_VALUES):
        if len(row) > 2 and row[2].strip() in ("Wh", "kWh") and is_number(row[1]):
            yield row


def _step(rows: Sequence[Row], written: datetime) -> int | None:
    """Return the step whose dates the labels of rows belong to, None if there is none."""
    for step, is_label in _LABELS.items():
        times = _periods(step, len(rows), written)
        fit = sum(
            is_label(row[0].strip(), datetime.fromtimestamp(begin, written.tzinfo))
            for row, (begin, _) in zip(rows, times, strict=True)
        )
        if fit > 1 and fit >= _MOST * len(rows):
            return step
    return None


def _is_quarter(label: str, begin: datetime) -> bool:
    clock = parse_clock(label) if ":" in label else None
    return clock is not None and clock.seconds == begin.hour * 3600 + begin.minute * 60


def _is_six_hours(label: str, begin: datetime) -> bool:
    # Midnight is named by the weekday, in the language of the box.
    return label == str(begin.hour) if begin.hour else label.rstrip(".").isalpha()


def _is_day(label: str, begin: datetime) -> bool:
    found = _DAY.fullmatch(label)
    return found is not None and (int(found[1]), int(found[2])) == (begin.day, begin.month)


def _is_month(label: str, begin: datetime) -> bool:
    found = parse_day(label, DayOrder.DMY)
    return found is not None and found.is_month and found.date == begin.date()


_LABELS: Final[dict[int, Callable[[str, datetime], bool]]] = {
    QUARTER_STEP: _is_quarter,
    SIX_HOUR_STEP: _is_six_hours,
    DAY_STEP: _is_day,
    MONTH_STEP: _is_month,
}
"""Whether a label is that of a period, by the step."""


def _periods(
    step: int, count: int, written: datetime, *, is_late: bool = False
) -> list[tuple[int, int]]:
    """Return begin and end of the periods of rows, oldest first (unix times)."""
    # The table does not say the second: until the end of the minute.
    until = int((written + _MINUTE).timestamp())
    if is_late:
        until, _ = _periods(step, 1, written)[0]
    if step == QUARTER_STEP:
        newest = (until - 1) // step * step
        begins = [newest - step * back for back in reversed(range(count))]
        return list(pairwise([*begins, until]))
    anchor = datetime.fromtimestamp(until, UTC) - timedelta.resolution
    values = Series(step=step, values=(0.0,) * count, at=None)
    zone = written.tzinfo or UTC
    begins = [each.start for each in periods(values, anchor, anchor, zone)][::-1]
    return list(pairwise([*begins, until]))


def _is_late(rows: Sequence[Row], step: int, written: datetime) -> bool:
    """Whether the newest value is that of the period before the one that has just begun.

    Of a period of seconds, it would be more than what was used before it in the same time.
    """
    begin, _ = _periods(step, 1, written)[0]
    elapsed = written - datetime.fromtimestamp(begin, UTC)
    if elapsed >= _LATE:
        return False
    decimal = _decimal(rows)
    newest, before = (parse_number(row[1], decimal) or 0.0 for row in (rows[-1], rows[-2]))
    return newest > before * ((elapsed + _MINUTE) / timedelta(seconds=step))


def _iso(unix: int, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(unix, zone).isoformat(" ", "minutes")
