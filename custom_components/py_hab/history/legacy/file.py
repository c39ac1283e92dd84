"""The database file of the old server: open and check it, tell what is in it, read it.

It is only ever read: nothing of it, nor beside it, is changed. A file that the old server has left
in the middle of a write may get a `-shm` beside its `-wal`, by SQLite.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum
import math
from pathlib import Path
import sqlite3
from typing import Final
from urllib.parse import quote

from .clock import WallClock
from .hours import DIVISORS

PATIENCE: Final = 2.0
"""Seconds to wait for whoever is writing."""

_MAGIC: Final = b"SQLite format 3\0"
_PAGE: Final = 4096
_COLUMNS: Final = frozenset({"device", "sub_entity", "entity", "time", "amount"})
_DEVICE_COLUMNS: Final = frozenset({"device", "sub_entity", "device_name", "unit", "cumulative"})


class FileError(StrEnum):
    """Why a file cannot be read."""

    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"
    """No permission, or a disk that fails."""
    EMPTY = "empty"
    NOT_A_DATABASE = "not_a_database"
    ENCRYPTED = "encrypted"
    """As well as can be told: whole pages of noise."""
    CUT_OFF = "cut_off"
    """Shorter than it says, as a copy that was not finished."""
    CORRUPT = "corrupt"
    LOCKED = "locked"
    """Somebody is writing and does not stop."""
    UNFINISHED = "unfinished"
    """A write that only a program that may change the file can undo: start the old server once."""
    CHANGED = "changed"
    """Somebody has begun to write while it was read."""
    NOT_SUCH_A_DATABASE = "not_such_a_database"
    """Tables or columns of the old server are missing."""


_REASONS: Final = {
    sqlite3.SQLITE_BUSY: FileError.LOCKED,
    sqlite3.SQLITE_LOCKED: FileError.LOCKED,
    sqlite3.SQLITE_CORRUPT: FileError.CORRUPT,
    sqlite3.SQLITE_NOTADB: FileError.CORRUPT,
    sqlite3.SQLITE_READONLY: FileError.UNFINISHED,
    sqlite3.SQLITE_ERROR: FileError.NOT_SUCH_A_DATABASE,
}
"""By SQLite's primary result code, of a file that begins as a database does."""


class LegacyFileError(Exception):
    """The file cannot be read."""

    def __init__(self, reason: FileError, detail: object = "") -> None:
        """Keep why."""
        super().__init__(f"{reason}: {detail}" if detail else reason.value)
        self.reason = reason


class SeriesKind(StrEnum):
    """What becomes of a series."""

    COUNTER = "counter"
    """Hourly sums, in kWh."""
    MEASUREMENT = "measurement"
    """Hourly means."""
    STATE = "state"
    """No hourly rows: a window is open or closed."""
    OTHER = "other"
    """No hourly rows either: a counter of something that is not energy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LegacySeries:
    """What the old server has stored of one quantity of one device."""

    device: str
    """Meter id or AIN as they are stored; may be empty."""
    sub_entity: str
    entity: str
    """What the device was called last, behind its kind: `Switch washing machine`."""
    device_name: str
    unit: str
    """As the file tells it; a counter's rows are kWh whatever it tells."""
    cumulative: bool
    kind: SeriesKind
    rows: int
    first: datetime | None
    """Times of the first and last row, None if that is none."""
    last: datetime | None

    @property
    def key(self) -> tuple[str, str]:
        """What rows are found by."""
        return self.device, self.sub_entity


_QUANTITIES: Final = {
    "E_in": ("kWh", True),
    "Energy": ("kWh", True),
    "Power": ("W", False),
    "Temperature": ("°C", False),
    "Battery": ("%", False),
    "Voltage": ("V", False),
    "State": ("", False),
}
"""Unit and whether it is a counter, of series that `device_data` does not describe."""

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
"""Newer files have an index in which all of it can be read, but for the names."""


# Opening


@contextmanager
def open_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file to be read only; whatever goes wrong becomes a ServerFileError."""
    immutable = _is_at_rest(path)
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if immutable else ''}"
    before = path.stat()
    try:
        # One after the other, several threads may use it.
        with closing(
            sqlite3.connect(uri, uri=True, timeout=PATIENCE, check_same_thread=False)
        ) as connection:
            # Garbage need not be UTF-8.
            connection.text_factory = bytes
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        raise LegacyFileError(_REASONS.get(code, FileError.UNREADABLE), error) from error
    after = path.stat()
    if immutable and (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise LegacyFileError(FileError.CHANGED)


def _is_at_rest(path: Path) -> bool:
    """Check that a file begins as a database, and tell whether SQLite need not look for writers.

    A database that uses a write-ahead log gets new files beside it even if it is only read. They
    are not there if nobody has it open, and all of it is in the file.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            page = file.read(_PAGE)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LegacyFileError(FileError.NOT_FOUND, path) from error
    except IsADirectoryError as error:
        raise LegacyFileError(FileError.NOT_A_DATABASE, path) from error
    except OSError as error:
        raise LegacyFileError(FileError.UNREADABLE, error) from error
    if not page:
        raise LegacyFileError(FileError.EMPTY, path)
    if not page.startswith(_MAGIC):
        raise LegacyFileError(
            FileError.ENCRYPTED if _is_noise(page, size) else FileError.NOT_A_DATABASE, path
        )
    if len(page) < 100:
        raise LegacyFileError(FileError.CUT_OFF, path)
    has_log = any(
        (path.parent / (path.name + suffix)).exists() for suffix in ("-wal", "-shm", "-journal")
    )
    # Header of a database file (sqlite.org/fileformat2.html, 1.3).
    page_size = int.from_bytes(page[16:18])
    page_size = 65536 if page_size == 1 else page_size
    pages = int.from_bytes(page[28:32]) if page[24:28] == page[92:96] else 0
    if pages * page_size > size and not has_log:
        raise LegacyFileError(FileError.CUT_OFF, f"{size} of {pages * page_size} bytes")
    return page[18:19] == b"\2" and not has_log


def _is_noise(page: bytes, size: int) -> bool:
    """Whether a file consists of whole pages, and the first of them shows no pattern."""
    if size % 512 or len(page) < 512:
        return False
    # Of noise, a byte's value comes len / 256 times, give or take; 6 times the usual deviation.
    expected = len(page) / 256
    counts = Counter(page)
    spread = sum((counts[value] - expected) ** 2 for value in range(256)) / expected
    return abs(spread - 255) < 6 * math.sqrt(2 * 255)


# What is in it


def inspect(path: Path, zone: tzinfo) -> list[LegacySeries]:
    """Return the series of a file, whose times are local ones of a zone.

    Raises ServerFileError.
    """
    clock = WallClock(zone)
    with open_file(path) as connection:
        if _COLUMNS - _columns(connection, "measurement_data"):
            raise LegacyFileError(FileError.NOT_SUCH_A_DATABASE, path)
        described = _described(connection)
        found = connection.execute(_INSPECT).fetchall()
    series: dict[tuple[str, str], LegacySeries] = {}
    for device, sub_entity, entity, rows, first, last in found:
        try:
            key = (device or b"").decode(), sub_entity.decode()
        except AttributeError, UnicodeDecodeError:
            # Rows of nothing that could be named.
            continue
        name, unit, cumulative = described.get(key, ("", *_QUANTITIES.get(key[1], ("", False))))
        one = LegacySeries(
            device=key[0],
            sub_entity=key[1],
            entity=_text(entity),
            device_name=name,
            unit=unit,
            cumulative=cumulative,
            kind=_kind(key[1], unit, cumulative=cumulative),
            rows=rows,
            first=clock.local(first),
            last=clock.local(last),
        )
        # Without a device is without a device, NULL or an empty text.
        series[key] = _together(one, series[key]) if key in series else one
    return list(series.values())


def _together(one: LegacySeries, other: LegacySeries) -> LegacySeries:
    """Return what is known of rows of the same series."""
    firsts = [each.first for each in (one, other) if each.first]
    lasts = [each.last for each in (one, other) if each.last]
    return replace(
        one,
        rows=one.rows + other.rows,
        first=min(firsts, default=None),
        last=max(lasts, default=None),
    )


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the names of a table's columns, none if there is no such table."""
    found = connection.execute(
        "SELECT info.name FROM pragma_table_list(?) AS list JOIN pragma_table_info(?) AS info"
        " WHERE list.schema = 'main' AND list.type = 'table' AND NOT list.wr",
        (table, table),
    )
    return {_text(name).lower() for (name,) in found}


def _described(connection: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str, bool]]:
    """Return device name, unit and whether it is a counter, by series, as far as the file tells."""
    if _DEVICE_COLUMNS - _columns(connection, "device_data"):
        return {}
    return {
        (_text(device), _text(sub_entity)): (_text(name), _text(unit).strip(), cumulative == 1)
        for device, sub_entity, name, unit, cumulative in connection.execute(
            "SELECT device, sub_entity, device_name, unit, cumulative FROM device_data"
        )
        if unit is not None and cumulative is not None
    }


def _text(stored: object) -> str:
    """Return a text of the file, empty if it is none."""
    return stored.decode(errors="replace") if isinstance(stored, bytes) else ""


def _kind(sub_entity: str, unit: str, *, cumulative: bool) -> SeriesKind:
    if sub_entity == "State":
        return SeriesKind.STATE
    if cumulative:
        return SeriesKind.COUNTER if unit in DIVISORS else SeriesKind.OTHER
    return SeriesKind.MEASUREMENT
