"""Files from outside are opened and written with care."""

from pathlib import Path

import pytest

from custom_components.py_hab.history.files.access import (
    FileError,
    FileReadError,
    regular_file,
    write_file,
)


def test_a_file_is_opened_with_its_status(tmp_path: Path) -> None:
    path = tmp_path.resolve() / "file"
    path.write_bytes(b"content")
    with regular_file(path) as (file, status):
        assert (file.read(), status.st_size) == (b"content", 7)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path.resolve() / "link"
    path.symlink_to(tmp_path / "target")
    (tmp_path / "target").write_bytes(b"content")
    with pytest.raises(FileReadError) as refused, regular_file(path):
        pass
    assert refused.value.reason is FileError.NOT_FOUND


def test_a_file_is_written_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"one", overwrite=False)
    with pytest.raises(FileExistsError):
        write_file(path, b"two", overwrite=False)
    assert path.read_bytes() == b"one"
    write_file(path, b"two", overwrite=True)
    assert path.read_bytes() == b"two"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_an_error_says_its_reason() -> None:
    assert str(FileReadError(FileError.EMPTY)) == "empty"
    assert str(FileReadError(FileError.EMPTY, "x")) == "empty: x"
