"""Opens files from outside: regular files only, for reading only, without waiting for anything."""

from collections.abc import Iterator
import contextlib
from contextlib import contextmanager
from enum import StrEnum
import errno
import os
from pathlib import Path
import secrets
import stat
from typing import BinaryIO, Final


class FileError(StrEnum):
    """Why a file cannot be read."""

    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"
    """The permission is missing, or the disk fails."""
    EMPTY = "empty"
    NOT_A_DATABASE = "not_a_database"
    ENCRYPTED = "encrypted"
    """The file seems to be encrypted: it consists of whole pages of noise."""
    CUT_OFF = "cut_off"
    """The file is shorter than its header says, as an unfinished copy is."""
    CORRUPT = "corrupt"
    LOCKED = "locked"
    """Another process keeps writing."""
    UNFINISHED = "unfinished"
    """The file contains an interrupted write, which SQLite can only roll back if it may write to the
    file: the server must be started once."""
    CHANGED = "changed"
    """Another process wrote to the file while it was read."""
    NOT_SUCH_A_DATABASE = "not_such_a_database"
    """Tables or columns of the py_hab server are missing."""
    SPREADSHEET = "spreadsheet"
    """A spreadsheet or another file of a program, not a table as text."""
    NOT_A_TABLE = "not_a_table"
    """No delimiter makes columns of it."""
    NO_TIMES = "no_times"
    """No column contains times."""
    NO_VALUES = "no_values"
    """No column contains numbers."""
    TOO_MANY_SERIES = "too_many_series"
    """The column that is to name the series contains something else."""


_NO_SUCH_NAME: Final = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO})
"""Errors of names that no regular file has: too long, a circle of links, a socket."""


class FileReadError(Exception):
    """The file cannot be read."""

    def __init__(self, reason: FileError, detail: object = "") -> None:
        """Create the error for a reason."""
        super().__init__(f"{reason}: {detail}" if detail else reason.value)
        self.reason = reason


@contextmanager
def regular_file(path: Path) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Open a regular file, and return it with its status. Raises FileReadError.

    Opening never waits, as that of a named pipe would, and nothing but a regular file is opened: a
    device may react to it.
    """
    try:
        if path.resolve() != path or not stat.S_ISREG(path.lstat().st_mode):
            raise FileReadError(FileError.NOT_FOUND, path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        # A ValueError for a path with NUL, or with characters that no file name can have.
        raise FileReadError(FileError.NOT_FOUND, error) from error
    except OSError as error:
        reason = FileError.NOT_FOUND if error.errno in _NO_SUCH_NAME else FileError.UNREADABLE
        raise FileReadError(reason, error) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            # It was exchanged after it was checked.
            raise FileReadError(FileError.NOT_FOUND, path)
        yield file, status


def write_file(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file as a whole or not at all; its folder must be resolved.

    No symbolic link is followed. Raises FileExistsError if something has that name, unless it is a
    regular file that is to be overwritten; OSError if the file cannot be written.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    temporary = f".{secrets.token_hex(8)}.tmp"
    try:
        if _exists(path.name, folder, but_files=overwrite):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path.name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(temporary, flags, 0o644, dir_fd=folder), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if overwrite:
                os.replace(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
            else:
                # Unlike renaming, this fails if the name was taken meanwhile.
                os.link(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
    finally:
        os.close(folder)


def _exists(name: str, folder: int, *, but_files: bool) -> bool:
    """Whether a folder contains a name, for which regular files may not count."""
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return False
    return not (but_files and stat.S_ISREG(mode))
