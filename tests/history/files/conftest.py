"""Fixtures of the tests of legacy files."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file of the py_hab server is to be written."""
    return tmp_path / "datenbank.db"
