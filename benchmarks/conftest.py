"""The benchmarks that need a Home Assistant live in the world of the tests."""

import logging

import pytest

from tests.support.home_assistant import (
    box,
    clock,
    fritzbox_entry,
    home,
    time,
    with_custom_integrations,
)

__all__ = ["box", "clock", "fritzbox_entry", "home", "no_logs", "time", "with_custom_integrations"]


@pytest.fixture(autouse=True)
def no_logs() -> None:
    """Keep the log of every statement of the database out of the way."""
    logging.disable(logging.INFO)
