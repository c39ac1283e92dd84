"""Entries whose history is changed in dialogs, on a real recorder."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import timedelta
from pathlib import Path
import tempfile
from typing import Any

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.py_hab.flows import progress
from custom_components.py_hab.history import maintenance
from custom_components.py_hab.history.box import fetch
from custom_components.py_hab.history.sources import sources
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from simulator.fritzbox_devices import BATH, EXPORT, IMPORT, REFRIGERATOR, WORKSHOP
from tests.support.first_run import was_set_up_before
from tests.support.legacy_files import METER
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time

type Upload = Callable[[Path], Awaitable[str]]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulated radio needs no rest, and a page hardly any time to begin to listen."""
    monkeypatch.setattr(fetch, "PAUSE", timedelta(0))
    monkeypatch.setattr(progress, "SHOWN_FOR", timedelta(milliseconds=10))


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of temporary files for this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def ains() -> Collection[str]:
    """A meter, two plugs and a thermostat."""
    return {IMPORT.removesuffix("-1"), IMPORT, EXPORT, REFRIGERATOR, WORKSHOP, BATH}


@pytest.fixture
async def box_entry(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> MockConfigEntry:
    """A box whose history was completed an hour ago."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    await was_set_up_before(hass, fritzbox_entry, ago=timedelta(hours=1))
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    return fritzbox_entry


@pytest.fixture
async def meter(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mock_hass_config: None,
    mqtt_client_mock: Any,
) -> AsyncIterator[MockConfigEntry]:
    """The meter that the py_hab server read as well."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    mocked_reader = MockedReader(time, hass, mqtt_client_mock)
    mocked_reader.blocks["MT681"] |= {"E_in": 15119.035, "Meter_id": METER}
    await mocked_reader.connect()
    entry = mocked_reader.entry(prefix="MT681", power_interval=5)
    await mocked_reader.set_up(entry)
    yield entry
    await mocked_reader.disconnect()


@pytest.fixture
def upload(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Upload:
    """Send a file as the frontend does; return how it is called from now on."""

    async def send(path: Path) -> str:
        assert await async_setup_component(hass, "file_upload", {})
        client = await hass_client()
        form = aiohttp.FormData()
        form.add_field(
            "file", await hass.async_add_executor_job(path.read_bytes), filename=path.name
        )
        response = await client.post("/api/file_upload", data=form)
        file_id: str = (await response.json())["file_id"]
        return file_id

    return send


@pytest.fixture
def temperatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maintain the temperatures only: the counters' years have tests of their own."""
    monkeypatch.setattr(
        maintenance,
        "sources",
        lambda *args: [item for item in sources(*args) if item.statistic.unit == "°C"],
    )
