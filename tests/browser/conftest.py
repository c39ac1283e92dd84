"""Home Assistant and the browser are real processes, shared by all tests of a run."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import network
from tests.support.browser import Browser, Stage, missing

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["network"]


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Take the place of the test plugin's check: no Home Assistant runs in this process."""


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The place where browser and home run once a test needs them."""
    if why := missing():
        pytest.skip(why)
    folder: Path = tmp_path_factory.mktemp("home")
    started = Stage(folder)
    yield started
    started.close()


@pytest.fixture
def browser(network: None, stage: Stage) -> Browser:
    """A browser in front of a home with a box and a meter."""
    return stage.browser
