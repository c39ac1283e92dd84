"""What all tests of the history share."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

# The tests of what is pure run where there is no Home Assistant.
if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from custom_components.py_hab.fritzbox.device_stats import DeviceStats
    from homeassistant.components.recorder import Recorder
    from homeassistant.core import HomeAssistant
    from simulator.fritzbox import SimulatedFritzBox
    from tests.support.box_house import House
    from tests.support.passing_time import Time


@pytest.fixture(autouse=True)
def calm(request: pytest.FixtureRequest) -> None:
    """Let nobody wait for a simulated radio."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("no_pause")


@pytest.fixture
def enable_statistics() -> bool:
    """Let the recorder compile statistics every five minutes."""
    return True


@pytest.fixture
async def entry(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> MockConfigEntry:
    """The entry of a box that has counted for some days; its history is due."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    return fritzbox_entry


@pytest.fixture
def age(request: pytest.FixtureRequest) -> timedelta:
    """Fifteen days; two for a `house`, in which each hour takes time."""
    return timedelta(days=2 if "house" in request.fixturenames else 15)


@pytest.fixture
def ains(request: pytest.FixtureRequest) -> Collection[str]:
    """A meter, a plug and a thermostat; no thermostat for a `house`."""
    from simulator.fritzbox_devices import BATH, EXPORT, IMPORT, REFRIGERATOR

    house = {IMPORT.removesuffix("-1"), IMPORT, REFRIGERATOR}
    return house if "house" in request.fixturenames else {*house, EXPORT, BATH}


@pytest.fixture
async def house(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    """A house whose entry is not set up yet."""
    from custom_components.py_hab.coordinator import FritzBoxCoordinator
    from tests.support.box_house import House

    await hass.config.async_set_time_zone("Europe/Berlin")
    house = House(time, hass, box, fritzbox_entry, [], [])
    ask = FritzBoxCoordinator.async_device_stats

    async def asked(coordinator: FritzBoxCoordinator, ain: str) -> DeviceStats:
        house.asked.append(ain)
        if house.on_request:
            await house.on_request.pop(0)()
        return await ask(coordinator, ain)

    monkeypatch.setattr(FritzBoxCoordinator, "async_device_stats", asked)
    return house
