"""Reads a table as text (CSV) row by row, in constant memory.

Nothing is assumed of the file: a line may be longer than memory, a quotation mark may never be
closed, and bytes may be invalid in the encoding of the rest.
"""

import codecs
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
import csv
from dataclasses import dataclass
from io import IncrementalNewlineDecoder
from pathlib import Path
from typing import BinaryIO, Final

from .access import FileError, FileReadError, regular_file

CHUNK: Final = 1 << 18
"""Bytes that are read at once; a cancellation takes effect between chunks."""
MAX_ROW: Final = 1 << 20
"""Characters of the longest row. That of a year of quarter hours in one row has fewer."""
_HEAD: Final = 1 << 18
"""Bytes from the beginning of a file from which its form is recognized."""
_PART: Final = 1 << 15
"""Bytes of each further part of a file from which its form is recognized."""
_PARTS: Final = 4
_BINARY: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")
"""The first bytes of spreadsheets (new and old), documents and packed files."""
_DATABASE: Final = b"SQLite format 3\0"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks and their encodings."""
ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
DELIMITERS: Final = (";", ",", "\t", "|")

type Row = list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How the cells of a table are written."""

    encoding: str
    delimiter: str
    is_quoted: bool
    """Whether quotation marks enclose cells. Otherwise they are characters like all others, so that
    a single one cannot swallow the rows after it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Some lines of a file."""

    encoding: str
    head: list[str]
    """The first lines."""
    parts: list[list[str]]
    """Lines from further parts of the file, up to its last ones."""
    size: int
    """Bytes of the file."""

    def rows(self, delimiter: str) -> list[Row]:
        """Return the first rows."""
        return list(rows_of(self.head, self.dialect(delimiter)))

    def all_rows(self, delimiter: str) -> Iterator[list[Row]]:
        """Yield the rows of each part of the file, the first ones first."""
        dialect = self.dialect(delimiter)
        yield from (list(rows_of(lines, dialect)) for lines in (self.head, *self.parts))

    def dialect(self, delimiter: str) -> Dialect:
        """Return the dialect with a delimiter."""
        marks = (f'{delimiter}"', f'"{delimiter}')
        is_quoted = any(
            line.startswith('"') or any(mark in line for mark in marks) for line in self.head
        )
        return Dialect(encoding=self.encoding, delimiter=delimiter, is_quoted=is_quoted)


def read_sample(path: Path, encoding: str | None = None) -> Sample:
    """Return some lines of a file. Raises FileReadError if it cannot be read, or is no text."""
    with regular_file(path) as (file, status):
        try:
            head = file.read(_HEAD)
            size = status.st_size
            encoding = encoding or _encoding(head)
            found: list[list[str]] = []
            step = max((size - _HEAD) // _PARTS, _PART)
            # Even, as UTF-16 has two bytes for most characters.
            for start in range(_HEAD + (step - _PART) // 2 * 2, size, step // 2 * 2):
                file.seek(start)
                found.append(_lines(file.read(_PART), encoding, is_start=False)[1:])
        except OSError as error:
            raise FileReadError(FileError.UNREADABLE, error) from error
    lines = _lines(head, encoding, is_start=True)
    if size > _HEAD:
        # Both ends of a part may be in the middle of a row.
        lines.pop()
        found = [part[:-1] for part in found]
    if not lines:
        raise FileReadError(FileError.NOT_A_TABLE)
    return Sample(encoding=encoding, head=lines, parts=[part for part in found if part], size=size)


def _encoding(head: bytes) -> str:
    """Return the encoding of a text. Raises FileReadError if it is none."""
    if not head.strip():
        raise FileReadError(FileError.EMPTY)
    if head.startswith(_DATABASE):
        raise FileReadError(FileError.NOT_A_DATABASE)
    if head.startswith(_BINARY):
        raise FileReadError(FileError.SPREADSHEET)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even or odd:
        # Of Latin letters and digits in UTF-16, one byte in two is 0.
        for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
            if zeros > len(head) // 4 and not others:
                return encoding
        raise FileReadError(FileError.SPREADSHEET)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _lines(data: bytes, encoding: str, *, is_start: bool) -> list[str]:
    if not is_start:
        # Only the first part has a byte order mark.
        encoding = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    return data.decode(encoding, errors="replace").splitlines()


@contextmanager
def open_table(
    path: Path,
    dialect: Dialect,
    *,
    progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Iterator[Row]]:
    """Open a table, and return its rows. Raises FileReadError, also while they are read.

    `progress` is called with the part of the file that was read. The rows end once `cancelled`
    returns True.
    """
    with regular_file(path) as (file, status):
        size = status.st_size or 1

        def chunks() -> Iterator[bytes]:
            done = 0
            while not cancelled() and (chunk := _read(file)):
                done += len(chunk)
                yield chunk
                progress(done / size)

        yield rows_of(_whole_lines(chunks(), dialect.encoding), dialect)


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(CHUNK)
    except OSError as error:
        raise FileReadError(FileError.UNREADABLE, error) from error


def _whole_lines(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Yield the lines of a text. Raises FileReadError if one has no end."""
    decoder = IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(encoding)(errors="replace"), translate=True
    )
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        if len(rest) > MAX_ROW:
            raise FileReadError(FileError.NOT_A_TABLE)
        yield from lines
    yield from (rest + decoder.decode(b"", final=True)).split("\n")


def rows_of(lines: Iterable[str], dialect: Dialect) -> Iterator[Row]:
    """Yield the rows of lines; one that cannot be read has no cells, as an empty line has."""
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quoting=csv.QUOTE_MINIMAL if dialect.is_quoted else csv.QUOTE_NONE,
    )
    while True:
        try:
            yield from reader
        except csv.Error:
            # A cell is longer than the module allows. It goes on with the next line.
            yield []
        else:
            return
