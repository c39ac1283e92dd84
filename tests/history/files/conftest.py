"""Fixtures of the tests of files."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# Most tests of files run without Home Assistant.
if TYPE_CHECKING:
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from homeassistant.components.recorder import Recorder
    from homeassistant.core import HomeAssistant
    from tests.support.mocked_reader import MockedReader
    from tests.support.passing_time import Time


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file of the py_hab server is to be written."""
    return tmp_path / "datenbank.db"


@pytest.fixture
async def reader(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mock_hass_config: None,
    mqtt_client_mock: Any,
) -> AsyncIterator[MockedReader]:
    """The reader of the meter of the house, which the py_hab server read as well."""
    from tests.support.legacy_files import METER
    from tests.support.mocked_reader import MockedReader

    await hass.config.async_set_time_zone("Europe/Berlin")
    reader = MockedReader(time, hass, mqtt_client_mock)
    reader.blocks["MT681"] |= {"E_in": 4400.0, "Meter_id": METER}
    await reader.connect()
    yield reader
    await reader.disconnect()


@pytest.fixture
async def meter(reader: MockedReader) -> MockConfigEntry:
    """The entry of the reader."""
    entry = reader.entry(prefix="MT681", power_interval=5, history=False)
    await reader.set_up(entry)
    return entry
