"""Times as portals and programs write them: days, times of day, offsets, unix times."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
import re
from typing import Final, NamedTuple

from .clock import RowError, WallClock, WallTime

EARLIEST: Final = date(2000, 1, 1)
"""Earlier times are those of a clock that was not set."""
_DAY_S: Final = 86400
_MONTHS: Final = {
    name: number
    for names in (
        "jan feb mär apr mai jun jul aug sep okt nov dez",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "jan feb mrz apr mai jun jul aug sep okt nov dez",
    )
    for number, name in enumerate(names.split(), 1)
}
"""Months by the first three letters of their German or English names."""
_OFFSETS: Final = {"Z": 0, "UTC": 0, "GMT": 0, "MEZ": 1, "CET": 1, "MESZ": 2, "CEST": 2}
"""Hours east of UTC."""


class DayOrder(StrEnum):
    """The order in which a day is written."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"
    UNIX = "unix"
    """Seconds or milliseconds since 1970."""


_MONTH_NAME: Final = r"(?P<name>[^\W\d_]{3})[^\W\d_]*"
_WEEKDAY: Final = r"(?:[^\W\d_]{2,10}[.,]?,?\s+)?"
_DAYS: Final[Mapping[DayOrder, tuple[re.Pattern[str], ...]]] = {
    DayOrder.YMD: (
        re.compile(rf"{_WEEKDAY}(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})(?:[-/.](?P<d>\d{{1,2}}))?"),
        re.compile(r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)"),
        re.compile(rf"(?P<y>\d{{4}})[-/. ]+{_MONTH_NAME}(?:[-/. ]+(?P<d>\d{{1,2}}))?"),
    ),
    DayOrder.DMY: (
        re.compile(
            rf"{_WEEKDAY}(?:(?P<d>\d{{1,2}})[-/.]\s?)?(?P<m>\d{{1,2}})[-/.]\s?(?P<y>\d{{4}})"
        ),
        re.compile(rf"{_WEEKDAY}(?P<d>\d{{1,2}})[-/.](?P<m>\d{{1,2}})[-/.](?P<y>\d\d)"),
        re.compile(
            rf"{_WEEKDAY}(?:(?P<d>\d{{1,2}})[-/. ]+)?{_MONTH_NAME}[-/., ]+(?P<y>\d{{4}}|\d\d)"
        ),
    ),
    DayOrder.MDY: (
        re.compile(rf"{_WEEKDAY}(?P<m>\d{{1,2}})[-/.](?:(?P<d>\d{{1,2}})[-/.])?(?P<y>\d{{4}})"),
        re.compile(rf"{_WEEKDAY}(?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}})[-/.](?P<y>\d\d)"),
        re.compile(
            rf"{_WEEKDAY}{_MONTH_NAME}[-/. ]+(?P<d>\d{{1,2}})?(?:st|nd|rd|th)?[, ]+(?P<y>\d{{4}})"
        ),
    ),
}
_CLOCK: Final = re.compile(
    r"[T\s,]*(?P<h>\d{1,2})(?P<pass>[ABab](?=[:.]?\d\d))?[:.]?(?P<m>\d\d)(?:[:.]?(?P<s>\d\d)(?:[.,]\d{1,9})?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?|Uhr|h)?"
    r"\s*\(?(?P<zone>Z|UTC|GMT|MEZ|MESZ|CET|CEST)?\)?\s*(?P<offset>[+-]\d\d(?::?\d\d)?)?"
)
_UNIX: Final = re.compile(r"(\d{9,10})(?:[.,]\d+)?|(\d{12,13})(?:[.,]\d+)?")


class Cut(NamedTuple):
    """A time as its day and the rest."""

    day: str
    clock: str


def cut(text: str) -> Cut:
    """Divide a time into its day and its time of day."""
    colon = text.find(":")
    if colon > 5:
        start = colon - 2 - (text[colon - 1] in "ABab")
        return Cut(text[:start], text[start:])
    if len(text) in (12, 14) and text.isdecimal():
        return Cut(text[:8], text[8:])
    day, mark, clock = text.partition("T")
    return Cut(day, clock) if mark and clock[:1].isdecimal() else Cut(text, "")


class Day(NamedTuple):
    """A day, or the first day of a month."""

    date: date
    is_month: bool


def parse_day(text: str, order: DayOrder) -> Day | None:
    """Return a day or month, None if the text is none in that order."""
    text = text.strip(" ,T")
    for pattern in _DAYS.get(order, ()):
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = found.groupdict()
        name = parts.get("name")
        month = _MONTHS.get(name.lower()) if name else int(parts["m"])
        year = int(parts["y"]) + (2000 if len(parts["y"]) == 2 else 0)
        try:
            return Day(date(year, month or 0, int(parts["d"] or 1)), is_month=parts["d"] is None)
        except ValueError:
            return None
    return None


_NAME_OF_MONTH: Final = re.compile(r"([^\W\d_]{3})[^\W\d_]{0,6}\.?")


def month_number(text: str) -> int | None:
    """Return the number of a month, given by its number or its name; None if the text is none."""
    text = text.strip()
    if text.isdecimal():
        number = int(text)
        return number if 1 <= number <= 12 and len(text) <= 2 else None
    found = _NAME_OF_MONTH.fullmatch(text)
    return _MONTHS.get(found[1].lower()) if found else None


class Clock(NamedTuple):
    """A time of day."""

    seconds: int
    """Since midnight; 86400 for 24:00."""
    offset: int | None
    """Seconds east of UTC, None if the text does not say it."""
    is_second_pass: bool | None = None
    """Of an hour that occurs twice, which the text calls 2A and 2B; None if it does not say it."""


def parse_clock(text: str) -> Clock | None:
    """Return a time of day, None if the text is none. An empty text is midnight."""
    if not text.strip():
        return Clock(0, None)
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute, second = int(found["h"]), int(found["m"]), int(found["s"] or 0)
    half = (found["half"] or "")[:1].lower()
    if half in ("a", "p"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    seconds = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or seconds > _DAY_S:
        return None
    offset = None if found["zone"] is None else _OFFSETS[found["zone"]] * 3600
    if (written := found["offset"]) is not None:
        digits = written[1:].replace(":", "").ljust(4, "0")
        amount = int(digits[:2]) * 3600 + int(digits[2:]) * 60
        offset = -amount if written[0] == "-" else amount
    letter = found["pass"]
    return Clock(seconds, offset, None if letter is None else letter in "Bb")


def parse_unix(text: str) -> int | None:
    """Return a unix time in seconds, None if the text is none."""
    found = _UNIX.fullmatch(text.strip())
    if found is None:
        return None
    return int(found[1]) if found[1] else int(found[2]) // 1000


def orders_of(texts: Iterable[str]) -> set[DayOrder]:
    """Return the orders in which all of these texts are days or moments."""
    possible = set(DayOrder)
    for text in texts:
        day, clock = cut(text)
        possible = {order for order in possible if _is_in_order(text, day, clock, order)}
    return possible


def _is_in_order(text: str, day: str, clock: str, order: DayOrder) -> bool:
    if order is DayOrder.UNIX:
        return parse_unix(text) is not None
    return parse_day(day, order) is not None and parse_clock(clock) is not None


def standard_time(zone: tzinfo) -> tzinfo:
    """Return the standard time of a zone as a zone without daylight saving time."""
    today = datetime.now(zone)
    offsets = [
        datetime(today.year, month, 1, tzinfo=zone).utcoffset() or timedelta() for month in (1, 7)
    ]
    return timezone(min(offsets))


class Moments:
    """Converts times of one order to unix seconds.

    `days[day] + seconds[clock]` is the unix time of a text whose parts have been parsed before; that
    is much faster. After a KeyError, call `parse`.
    """

    def __init__(self, order: DayOrder, zone: tzinfo) -> None:
        """Create empty caches; times without an offset are local times of a zone."""
        self._order = order
        self._wall = WallClock(zone, earliest=EARLIEST)
        self._zone = zone
        self.days: dict[str, int] = {}
        """Unix times of local midnight, of days on which clocks are not changed."""
        self.seconds: dict[str, int] = {}
        """Seconds since midnight, of times of day without an offset."""
        self._utc_days: dict[str, int] = {}
        self._clocks: dict[str, Clock | None] = {"": Clock(0, None)}

    def parse(self, day: str, clock: str, *, is_end: bool = False) -> WallTime | RowError:
        """Return a time, or why it is not valid.

        `is_end`: the end of an interval may be the moment at which the skipped hour begins.
        """
        if self._order is DayOrder.UNIX:
            unix = parse_unix(day + clock)
            return RowError.BAD_TIME if unix is None else self._checked(unix)
        if clock not in self._clocks and len(self._clocks) < 2 * _DAY_S:
            self._clocks[clock] = parse_clock(clock)
        time = self._clocks.get(clock) or parse_clock(clock)
        if time is None:
            return RowError.BAD_TIME
        if time.offset is not None:
            return self._with_offset(day, time)
        found = parse_day(day, self._order)
        if found is None:
            return RowError.BAD_TIME
        midnight = datetime.combine(found.date, datetime.min.time())
        parsed = self._local(midnight + timedelta(seconds=time.seconds), is_end=is_end)
        if isinstance(parsed, RowError):
            return parsed
        at_midnight = self._wall.days.get(f"{midnight:%Y-%m-%d}".encode())
        if at_midnight is not None:
            self.days[day] = at_midnight
            self.seconds[clock] = time.seconds
        if time.is_second_pass is not None:
            return WallTime(parsed.unix + parsed.repeats_after * time.is_second_pass, 0)
        return parsed

    def _local(self, wall: datetime, *, is_end: bool) -> WallTime | RowError:
        """Return a local time. The end of an interval may be the begin of the skipped hour."""
        parsed = self._wall.parse(f"{wall:%Y-%m-%dT%H:%M:%S}".encode())
        if parsed is RowError.NONEXISTENT_HOUR and is_end:
            before = self._wall.parse(f"{wall - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}".encode())
            if not isinstance(before, RowError):
                return WallTime(before.unix + 1, 0)
        return parsed

    def _with_offset(self, day: str, time: Clock) -> WallTime | RowError:
        midnight = self._utc_days.get(day)
        if midnight is None:
            found = parse_day(day, self._order)
            if found is None:
                return RowError.BAD_TIME
            midnight = int(datetime.combine(found.date, datetime.min.time(), UTC).timestamp())
            self._utc_days[day] = midnight
        return self._checked(midnight + time.seconds - (time.offset or 0))

    def _checked(self, unix: int) -> WallTime | RowError:
        is_valid = self._wall.first <= unix < self._wall.end
        return WallTime(unix, 0) if is_valid else RowError.BAD_TIME
