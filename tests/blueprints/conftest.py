"""What the tests of the blueprints share."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.core import HomeAssistant
from tests.support.blueprints import Blueprints
from tests.support.passing_time import Time
from tests.support.watching import warnings

MINUTE: Final = timedelta(minutes=1)


@pytest.fixture
async def blueprints(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[Blueprints]:
    """The blueprints of this repository, to be imported. Nothing may warn of what they do."""
    blueprints = Blueprints(hass, hass_ws_client, tmp_path, monkeypatch)
    yield blueprints
    assert warnings(caplog, after_test=True) == []
    await blueprints.end()


class Passes(Protocol):
    """Lets time pass, and automations act in it."""

    async def __call__(self, duration: timedelta, *, step: timedelta = MINUTE) -> None:
        """Let time pass step by step."""


@pytest.fixture
def passes(time: Time, hass: HomeAssistant, blueprints: Blueprints) -> Passes:
    """Time that passes for the home, Home Assistant and its automations."""

    async def passes(duration: timedelta, *, step: timedelta = MINUTE) -> None:
        for _ in range(duration // step):
            await time.passes(hass, step, step=step)
            await blueprints.acted()

    return passes
