"""What all tests of the history share."""

from collections.abc import Iterator
import logging

import pytest


@pytest.fixture(autouse=True)
def quiet_database() -> Iterator[None]:
    """Leave the statements of the database out of the log: thousands of rows are written here."""
    engine = logging.getLogger("sqlalchemy.engine")
    level = engine.level
    engine.setLevel(logging.WARNING)
    yield
    engine.setLevel(level)
