"""Tables are read in constant memory, whatever they contain."""

from pathlib import Path

import pytest

from custom_components.py_hab.history.files import access, table
from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.table import (
    Dialect,
    open_table,
    read_sample,
    rows_of,
)

PLAIN = Dialect(encoding="utf-8", delimiter=";", is_quoted=False)
QUOTED = Dialect(encoding="utf-8", delimiter=";", is_quoted=True)


def all_rows(path: Path, dialect: Dialect) -> list[list[str]]:
    """Return the rows of a file."""
    with open_table(path, dialect) as rows:
        return list(rows)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
@pytest.mark.parametrize("size", [1, 7, 1 << 18])
def test_lines_end_in_any_way_wherever_a_chunk_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, encoding: str, size: int
) -> None:
    monkeypatch.setattr(table, "CHUNK", size)
    path = tmp_path / "file.csv"
    path.write_bytes(end.join(["Zähler;1", "Größe;2", "ü;3"]).encode(encoding))
    found = Dialect(encoding=encoding, delimiter=";", is_quoted=False)
    assert all_rows(path, found) == [["Zähler", "1"], ["Größe", "2"], ["ü", "3"]]
    sample = read_sample(path)
    assert sample.encoding == encoding
    assert sample.rows(";")[1] == ["Größe", "2"]


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROW", 100)
    monkeypatch.setattr(table, "CHUNK", 60)
    path = tmp_path / "file.csv"
    path.write_text("x" * 1000)
    with pytest.raises(FileReadError) as refused:
        all_rows(path, PLAIN)
    assert refused.value.reason is FileError.NOT_A_TABLE


def test_an_open_quotation_swallows_no_more_than_a_part() -> None:
    assert list(rows_of(['a;"b', "c;d"], PLAIN)) == [["a", '"b'], ["c", "d"]]
    assert list(rows_of(['a;"b;c"', "d;e"], QUOTED)) == [["a", "b;c"], ["d", "e"]]
    rows = list(rows_of(['a;"b', *(["x" * 1000] * 200), "c;d"], QUOTED))
    assert rows[0] == []
    assert rows[-1] == ["c", "d"]


def test_a_sample_has_lines_from_all_parts_of_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("".join(f"{number};{number}\n" for number in range(200_000)))
    sample = read_sample(path)
    first, *parts = sample.all_rows(";")
    assert first[0] == ["0", "0"]
    assert len(parts) >= 4
    assert all(row[0] == row[1] for rows in (first, *parts) for row in rows)
    assert int(parts[-1][-1][0]) > 190_000
    assert sum(map(len, parts)) < 30_000


def test_invalid_bytes_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"a;1\n\xff\xfe;2\n")
    assert all_rows(path, PLAIN)[1] == ["\ufffd\ufffd", "2"]


def test_it_is_reported_how_much_was_read_and_stopped_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "CHUNK", 10)
    path = tmp_path / "file.csv"
    path.write_text("abcd;1234\n" * 10)
    parts: list[float] = []
    with open_table(path, PLAIN, progress=parts.append) as rows:
        assert len(list(rows)) == 11
    assert parts == pytest.approx([number / 10 for number in range(1, 11)])
    with open_table(path, PLAIN, cancelled=lambda: True) as rows:
        assert list(rows) == [[]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", FileError.EMPTY),
        (b" \n\n", FileError.EMPTY),
        (b"PK\x03\x04xx", FileError.SPREADSHEET),
        (b"\0\1\2\3" * 10, FileError.SPREADSHEET),
        (b"SQLite format 3\0", FileError.NOT_A_DATABASE),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, reason: FileError) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(FileReadError) as refused:
        read_sample(path)
    assert refused.value.reason is reason


def test_a_single_line_that_is_too_long_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("x" * 300_000)
    with pytest.raises(FileReadError) as refused:
        read_sample(path)
    assert refused.value.reason is FileError.NOT_A_TABLE


class Failing:
    """A file on a disk that fails."""

    def read(self, _: int) -> bytes:
        raise OSError(5, "Input/output error")


def test_a_disk_that_fails_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.csv"
    path.write_text("a;1\n")
    opened = access.regular_file

    class Opened:
        def __init__(self, path: Path) -> None:
            self._real = opened(path)

        def __enter__(self) -> tuple[Failing, object]:
            return Failing(), self._real.__enter__()[1]

        def __exit__(self, *error: object) -> None:
            self._real.__exit__(None, None, None)

    monkeypatch.setattr(table, "regular_file", Opened)
    for read in (lambda: read_sample(path), lambda: all_rows(path, PLAIN)):
        with pytest.raises(FileReadError) as refused:
            read()
        assert refused.value.reason is FileError.UNREADABLE
