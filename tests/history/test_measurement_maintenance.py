"""What a run writes of temperatures and of power from before set-up, in a real recorder."""

from typing import Final

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.statistics.origin import async_origins
from homeassistant.core import HomeAssistant
from simulator.home import Home
from tests.support.api import act
from tests.support.living import recorded, rows

TEMPERATURE: Final = "sensor.bad_temperature"


async def test_the_hours_of_a_temperature_are_completed_once(
    hass: HomeAssistant, entry: MockConfigEntry, home: Home
) -> None:
    done = {item["entity_id"]: item for item in (await act(hass, "backfill"))["entities"]}
    await recorded(hass)
    found = await rows(hass, TEMPERATURE)
    assert done[TEMPERATURE]["rows"] == len(found) >= 20
    assert all(5 < row["mean"] < 35 for row in found)
    assert set((await async_origins(hass, TEMPERATURE)).values()) == {Origin.REPORTED}
    again = {item["entity_id"]: item for item in (await act(hass, "backfill"))["entities"]}
    assert again[TEMPERATURE]["rows"] == 0
    assert await rows(hass, TEMPERATURE) == found
