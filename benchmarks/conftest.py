"""The benchmarks that need a Home Assistant live in the world of the tests."""

import logging
from typing import Any

import pytest

from tests.support.home_assistant import (
    age,
    ains,
    box,
    clock,
    fritzbox_entry,
    home,
    no_pause,
    time,
    with_custom_integrations,
)

__all__ = [
    "age",
    "ains",
    "box",
    "clock",
    "fritzbox_entry",
    "home",
    "no_logs",
    "no_pause",
    "time",
    "with_custom_integrations",
]


@pytest.fixture(autouse=True)
def no_logs() -> None:
    """Keep the log of every statement of the database out of the way."""
    logging.disable(logging.INFO)


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Let the recorder commit as it does at home."""
    return {"commit_interval": 5}
