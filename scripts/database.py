"""A throw-away database server around a command: PostgreSQL or MariaDB, of Debian's packages.

    python -m scripts.database postgresql|mariadb COMMAND ...

The command gets `--dburl=URL` as its last argument. The server can only be reached from this
machine, it has a folder of its own, and both are gone when the command ends.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import pwd
import shutil
import signal
from socket import socket
import subprocess
import sys
import tempfile
import time
from typing import Final

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

PATIENCE: Final = 60.0
"""Seconds that a server may take to start."""
NAME: Final = "py_hab_tests"
"""The database; tests make and drop it themselves."""


class DatabaseError(Exception):
    """There is no server; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of server, as Debian has it."""

    package: str
    user: str
    """Neither of them runs as root."""
    programs: tuple[str, ...]
    """Patterns of files that make a data folder, and that serve it; the newest is taken."""
    make: tuple[str, ...]
    serve: tuple[str, ...]
    """Their arguments; `{folder}` is the server's own, `{port}` a free one."""
    url: str
    maintenance: str
    """A database that is always there."""
    stop: signal.Signals


KINDS: Final = {
    "postgresql": Kind(
        package="postgresql",
        user="postgres",
        programs=("/usr/lib/postgresql/*/bin/initdb", "/usr/lib/postgresql/*/bin/postgres"),
        make=(
            *("-D", "{folder}/data", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"),
            *("--auth=trust", "--no-sync"),
        ),
        serve=(
            *("-D", "{folder}/data", "-k", "{folder}", "-c", "listen_addresses="),
            *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
        ),
        url="postgresql://postgres@/{name}?host={folder}",
        maintenance="postgres",
        stop=signal.SIGINT,
    ),
    "mariadb": Kind(
        package="mariadb-server",
        user="mysql",
        programs=("/usr/bin/mariadb-install-db", "/usr/sbin/mariadbd"),
        make=(
            *("--no-defaults", "--datadir={folder}/data", "--skip-test-db"),
            "--auth-root-authentication-method=normal",
        ),
        serve=(
            *("--no-defaults", "--datadir={folder}/data", "--socket={folder}/socket"),
            *("--bind-address=127.0.0.1", "--port={port}", "--pid-file={folder}/pid"),
            "--innodb-flush-log-at-trx-commit=0",
        ),
        # The guard of pytest-socket knows no other addresses for clients written in Python.
        url="mysql+pymysql://root@127.0.0.1:{port}/{name}",
        maintenance="mysql",
        stop=signal.SIGTERM,
    ),
}


@contextmanager
def running(kind: Kind) -> Iterator[str]:
    """Run a server; yield the URL of a database on it that does not exist yet."""
    make, serve = (_program(kind, pattern) for pattern in kind.programs)
    user = _user(kind)
    # The path of a Unix socket is short.
    folder = Path(tempfile.mkdtemp(prefix="hab-"))
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        facts = {"folder": str(folder), "port": free.getsockname()[1]}
    try:
        if user is not None:
            shutil.chown(folder, user)
        with (folder / "log").open("wb") as log:

            def arguments(program: str, templates: Sequence[str]) -> list[str]:
                return [program, *(template.format(**facts) for template in templates)]

            def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
                return subprocess.Popen(
                    command, cwd=folder, stdout=log, stderr=log, user=user, start_new_session=True
                )

            if start(arguments(make, kind.make)).wait() != 0:
                raise DatabaseError(f"{make} failed:\n{(folder / 'log').read_text()}")
            server = start(arguments(serve, kind.serve))
            try:
                _wait_for(server, kind.url.format(name=kind.maintenance, **facts), folder)
                yield kind.url.format(name=NAME, **facts)
            finally:
                server.send_signal(kind.stop)
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(kind: Kind, pattern: str) -> str:
    found = sorted(Path("/").glob(pattern.lstrip("/")))
    if not found:
        raise DatabaseError(
            f"{pattern} is missing; it is in Debian's package {kind.package}:\n"
            f"  apt-get install -y --no-install-recommends {kind.package}"
        )
    return str(found[-1])


def _user(kind: Kind) -> str | None:
    """Return as whom the server is to run, None for ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(kind.user).pw_name
    except KeyError:
        return "nobody"


def _wait_for(server: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    engine = create_engine(make_url(url), poolclass=NullPool)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            engine.connect().close()
        except OperationalError as err:
            if server.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text()
                raise DatabaseError(f"The server did not start:\n{log}") from err
            time.sleep(0.1)
        else:
            return


def main(arguments: Sequence[str]) -> int:
    """Run a command beside a server; return its exit code."""
    if len(arguments) < 2 or arguments[0] not in KINDS:
        print(f"usage: python -m scripts.database {'|'.join(KINDS)} COMMAND ...", file=sys.stderr)
        return 2
    # Whoever ends us, ends the server as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with running(KINDS[arguments[0]]) as url:
            return subprocess.call([*arguments[1:], f"--dburl={url}"])
    except DatabaseError as err:
        print(f"{arguments[0]}: {err}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
