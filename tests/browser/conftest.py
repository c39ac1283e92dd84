"""Home Assistant and the browser are real processes, shared by all tests of a run."""

from collections.abc import Iterator
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.conftest import network
from tests.support.browser import Browser, Stage, missing

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["network"]

PLUGIN: Final = "pytest_homeassistant_custom_component.plugins"
"""It is missing beside the newest Home Assistant."""


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Take the place of the test plugin's check: no Home Assistant runs in this process."""


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The place where browser and home run once a test needs them.

    It ends with the last of these tests: other tests run without a network, and would be blamed for
    what the simulated box does in a thread.
    """
    if why := missing():
        pytest.skip(why)
    folder: Path = tmp_path_factory.mktemp("home")
    started = Stage(folder)
    yield started
    started.close()
    if (plugin := sys.modules.get(PLUGIN)) is not None:
        # Between two tests there is no network either.
        plugin.HASocketBlockedError.instances.clear()


@pytest.fixture
def browser(network: None, stage: Stage) -> Browser:
    """A browser in front of a home with a box and a meter."""
    return stage.browser
