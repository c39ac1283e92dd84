"""Databases for tests that record: a new one for each, on the server that `--dburl` names."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from typing import Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

_MAINTENANCE: Final = {"postgresql": "postgres", "mysql": "mysql"}
"""A database that is always there, by dialect."""
_DROP: Final = {
    "postgresql": 'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)',
    "mysql": "DROP DATABASE IF EXISTS `{name}`",
}
_CREATE: Final = {
    "postgresql": "CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0",
    "mysql": "CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
}


@contextmanager
def new_database(text_url: str) -> Iterator[str]:
    """Make the database of a URL anew, one for each process that tests, and drop it in the end."""
    url = make_url(text_url)
    url = url.set(database=f"{url.database}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    if url.get_driver_name() == "pymysql":
        _let_pymysql_write_frozen_times()
    _execute(url, _DROP)
    _execute(url, _CREATE)
    yield url.render_as_string(hide_password=False)
    _execute(url, _DROP)


def _execute(url: URL, statements: dict[str, str]) -> None:
    dialect = url.get_backend_name()
    engine = create_engine(
        url.set(database=_MAINTENANCE[dialect]), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(statements[dialect].format(name=url.database)))
    engine.dispose()


def _let_pymysql_write_frozen_times() -> None:
    """Teach it the type of times in a frozen process; psycopg2 knows all that are times."""
    from pymysql.converters import conversions, escape_datetime
    from pytest_homeassistant_custom_component.patch_time import HAFakeDatetime

    conversions[HAFakeDatetime] = escape_datetime
