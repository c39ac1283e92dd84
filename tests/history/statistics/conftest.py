"""Fixtures of the tests of the editor of statistics."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

# Some tests run without Home Assistant.
if TYPE_CHECKING:
    from freezegun.api import FrozenDateTimeFactory

    from custom_components.py_hab.history.statistics.editor import StatisticsEditor
    from homeassistant.components.recorder import Recorder
    from homeassistant.core import HomeAssistant


@pytest.fixture
async def just_started(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """Start Home Assistant a minute before T0, with an empty database and no journal."""
    from homeassistant.setup import async_setup_component
    from tests.support.living import T0, recorded

    freezer.move_to(T0 - timedelta(minutes=1))
    assert await async_setup_component(hass, "sensor", {})
    await recorded(hass)


@pytest.fixture
async def statistics_editor(just_started: None, hass: HomeAssistant) -> StatisticsEditor:
    """The editor of a Home Assistant that has just started."""
    from custom_components.py_hab.history.statistics.editor import async_setup_editor, get_editor

    await async_setup_editor(hass)
    return get_editor(hass)
