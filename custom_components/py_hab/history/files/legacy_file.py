"""Opens and checks a legacy file, the SQLite database of the py_hab server, and lists its series.

The file is only read. Neither it nor the files beside it are changed, with one exception: if the
server was interrupted during a write, SQLite may create a `-shm` file beside the `-wal` file.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
import math
import os
from pathlib import Path
import sqlite3
import stat
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import quote

from ...util.texts import clean_text
from .access import FileError, FileReadError, regular_file
from .clock import WallClock
from .hours import DIVISORS

LOCK_TIMEOUT: Final = timedelta(seconds=2)
"""Time to wait until another process has finished writing."""

_MAGIC: Final = b"SQLite format 3\0"
_PAGE: Final = 4096
_COLUMNS: Final = frozenset({"device", "sub_entity", "entity", "time", "amount"})
_DEVICE_COLUMNS: Final = frozenset({"device", "sub_entity", "device_name", "unit", "cumulative"})


_REASONS: Final = {
    sqlite3.SQLITE_BUSY: FileError.LOCKED,
    sqlite3.SQLITE_LOCKED: FileError.LOCKED,
    sqlite3.SQLITE_CORRUPT: FileError.CORRUPT,
    sqlite3.SQLITE_NOTADB: FileError.CORRUPT,
    sqlite3.SQLITE_READONLY: FileError.UNFINISHED,
    sqlite3.SQLITE_ERROR: FileError.NOT_SUCH_A_DATABASE,
}
"""Errors by the primary result code of SQLite, for files that start with its header."""


class SeriesKind(StrEnum):
    """How a series is imported."""

    COUNTER = "counter"
    """As hourly sums, in kWh."""
    MEASUREMENT = "measurement"
    """As hourly means."""
    STATE = "state"
    """Not imported: a window is open or closed."""
    OTHER = "other"
    """Not imported: a counter of something other than energy."""


class SeriesKey(NamedTuple):
    """Identifies a series in a legacy file."""

    device: str
    sub_entity: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LegacySeries:
    """One quantity of one device in a legacy file."""

    device: str
    """The meter id or AIN as it is stored; may be empty."""
    sub_entity: str
    """The quantity, such as `Energy` or `Temperature`."""
    entity: str
    """Kind and last name of the device: `Switch washing machine`."""
    device_name: str
    unit: str
    """As stored in the file. The rows of a counter are in kWh in any case."""
    cumulative: bool
    kind: SeriesKind
    rows: int
    first: datetime | None
    """The time of the first row, None if it is not valid."""
    last: datetime | None
    """The time of the last row, None if it is not valid."""

    @property
    def key(self) -> SeriesKey:
        """The key under which the rows are stored."""
        return SeriesKey(self.device, self.sub_entity)

    @property
    def identity(self) -> dict[str, str]:
        """What names the series in the response of the action."""
        return {"device": self.device, "sub_entity": self.sub_entity}

    @property
    def name(self) -> str:
        """The name for people: device and quantity, as in the file."""
        return " ".join(filter(None, (self.device_name or self.entity, self.sub_entity)))


class _Description(NamedTuple):
    """What a file says about a series."""

    device_name: str
    unit: str
    cumulative: bool


_QUANTITIES: Final = {
    "E_in": _Description("", "kWh", cumulative=True),
    "Energy": _Description("", "kWh", cumulative=True),
    "Power": _Description("", "W", cumulative=False),
    "Temperature": _Description("", "°C", cumulative=False),
    "Battery": _Description("", "%", cumulative=False),
    "Voltage": _Description("", "V", cumulative=False),
    "State": _Description("", "", cumulative=False),
}
"""Descriptions by sub_entity, for series that the table `device_data` does not describe."""
_UNKNOWN: Final = _Description("", "", cumulative=False)

_INSPECT: Final = """
    SELECT found.device, found.sub_entity, newest.entity, rows, first, last
    FROM (
        SELECT device, sub_entity, count(*) AS rows, max(rowid) AS newest,
            min(time) FILTER (WHERE time BETWEEN '2015' AND '2100') AS first,
            max(time) FILTER (WHERE time BETWEEN '2015' AND '2100') AS last
        FROM measurement_data GROUP BY device, sub_entity
    ) AS found
    JOIN measurement_data AS newest ON newest.rowid = found.newest
"""
"""Newer files have an index that contains all of this except the names."""


# Opening


@contextmanager
def open_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for reading only. Raises FileReadError if it cannot be read.

    The path must be resolved. It is refused if a part of it has become a symbolic link since.
    """
    with regular_file(path) as (file, before):
        immutable = _is_immutable(path, file, before.st_size)
        uri = f"file:{quote(os.fsencode(path))}?mode=ro{'&immutable=1' if immutable else ''}"
        try:
            # Several threads use the connection, but only one at a time.
            with closing(
                sqlite3.connect(
                    uri, uri=True, timeout=LOCK_TIMEOUT.total_seconds(), check_same_thread=False
                )
            ) as connection:
                # Texts in a damaged file may not be valid UTF-8.
                connection.text_factory = bytes
                connection.execute("PRAGMA trusted_schema = OFF")
                yield connection
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            raise FileReadError(_REASONS.get(code, FileError.UNREADABLE), error) from error
        try:
            after = path.lstat()
        except OSError as error:
            raise FileReadError(FileError.CHANGED, error) from error
        is_other = not os.path.samestat(before, after)
        was_written = (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size)
        if is_other or (immutable and was_written):
            raise FileReadError(FileError.CHANGED)


def _is_immutable(path: Path, file: BinaryIO, size: int) -> bool:
    """Check the header of a file, and return whether it can be opened as immutable.

    Even for reading, SQLite creates files beside a database with a write-ahead log. If they do not
    exist, no process has the database open, and it is complete without them. Raises FileReadError
    if the file is not a complete database.
    """
    try:
        page = file.read(_PAGE)
        has_log = [_has_log(path, suffix) for suffix in ("-wal", "-shm", "-journal")]
    except OSError as error:
        raise FileReadError(FileError.UNREADABLE, error) from error
    if not page:
        raise FileReadError(FileError.EMPTY, path)
    if not page.startswith(_MAGIC):
        raise FileReadError(
            FileError.ENCRYPTED if _is_noise(page, size) else FileError.NOT_A_DATABASE, path
        )
    if len(page) < 100:
        raise FileReadError(FileError.CUT_OFF, path)
    # The database header, see sqlite.org/fileformat2.html, section 1.3.
    page_size = int.from_bytes(page[16:18])
    page_size = 65536 if page_size == 1 else page_size
    pages = int.from_bytes(page[28:32]) if page[24:28] == page[92:96] else 0
    if pages * page_size > size and not any(has_log):
        raise FileReadError(FileError.CUT_OFF, f"{size} of {pages * page_size} bytes")
    return page[18:19] == b"\2" and not any(has_log)


def _has_log(path: Path, suffix: str) -> bool:
    """Whether a log of SQLite exists beside a database. Raises OSError if it is no regular file.

    SQLite would open a named pipe under that name, and wait for ever.
    """
    try:
        is_regular = stat.S_ISREG((path.parent / (path.name + suffix)).lstat().st_mode)
    except FileNotFoundError:
        return False
    if not is_regular:
        raise OSError("not a regular file")
    return True


def _is_noise(page: bytes, size: int) -> bool:
    """Whether a file consists of whole pages, the first of which contains random bytes."""
    if size % 512 or len(page) < 512:
        return False
    # Pearson's chi-squared test for a uniform distribution of byte values: with 255 degrees of
    # freedom the statistic has mean 255 and variance 2 * 255; accepted within 6 standard deviations.
    expected = len(page) / 256
    counts = Counter(page)
    chi_squared = sum((counts[value] - expected) ** 2 for value in range(256)) / expected
    return abs(chi_squared - 255) < 6 * math.sqrt(2 * 255)


# Listing series


def inspect_file(path: Path, zone: tzinfo) -> list[LegacySeries]:
    """Return the series of a file whose times are local times of `zone`.

    Raises FileReadError if the file cannot be read.
    """
    clock = WallClock(zone)
    with open_file(path) as connection:
        if _COLUMNS - _columns(connection, "measurement_data"):
            raise FileReadError(FileError.NOT_SUCH_A_DATABASE, path)
        described = _described(connection)
        found = connection.execute(_INSPECT).fetchall()
    series: dict[SeriesKey, LegacySeries] = {}
    for device, sub_entity, entity, rows, first, last in found:
        try:
            key = SeriesKey((device or b"").decode(), sub_entity.decode())
        except AttributeError, UnicodeDecodeError:
            # Without a valid name the rows belong to no series.
            continue
        about = described.get(key) or _QUANTITIES.get(key.sub_entity, _UNKNOWN)
        one = LegacySeries(
            device=key.device,
            sub_entity=key.sub_entity,
            entity=clean_text(_text(entity)),
            device_name=clean_text(about.device_name),
            unit=about.unit,
            cumulative=about.cumulative,
            kind=_kind(key.sub_entity, about),
            rows=rows,
            first=clock.local(first),
            last=clock.local(last),
        )
        # A missing device is stored as NULL or as an empty text; both are one series.
        series[key] = _combined(one, series[key]) if key in series else one
    return list(series.values())


def _combined(one: LegacySeries, other: LegacySeries) -> LegacySeries:
    """Return one series for the rows of two that have the same key."""
    firsts = [each.first for each in (one, other) if each.first]
    lasts = [each.last for each in (one, other) if each.last]
    return replace(
        one,
        rows=one.rows + other.rows,
        first=min(firsts, default=None),
        last=max(lasts, default=None),
    )


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the names of the columns of a table, none if it does not exist."""
    found = connection.execute(
        "SELECT info.name FROM pragma_table_list(?) AS list JOIN pragma_table_info(?) AS info"
        " WHERE list.schema = 'main' AND list.type = 'table' AND NOT list.wr",
        (table, table),
    )
    return {_text(name).lower() for (name,) in found}


def _described(connection: sqlite3.Connection) -> dict[SeriesKey, _Description]:
    """Return the descriptions of series that the file contains."""
    if _DEVICE_COLUMNS - _columns(connection, "device_data"):
        return {}
    return {
        SeriesKey(_text(device), _text(sub_entity)): _Description(
            _text(name), clean_text(_text(unit), length=20), cumulative=cumulative == 1
        )
        for device, sub_entity, name, unit, cumulative in connection.execute(
            "SELECT device, sub_entity, device_name, unit, cumulative FROM device_data"
        )
        if unit is not None and cumulative is not None
    }


def _text(stored: object) -> str:
    """Return a stored text, an empty one for any other type."""
    return stored.decode(errors="replace") if isinstance(stored, bytes) else ""


def _kind(sub_entity: str, about: _Description) -> SeriesKind:
    if sub_entity == "State":
        return SeriesKind.STATE
    if about.cumulative:
        return SeriesKind.COUNTER if about.unit in DIVISORS else SeriesKind.OTHER
    return SeriesKind.MEASUREMENT
