"""The hours of a statistic, as they are stored and as they are shown."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.api.hourly import Hours, read_hourly
from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from tests.support.measured_home import ENERGY, POWER, TEMPERATURE, this_hour, write_hours


async def hours(hass: HomeAssistant, statistic_id: str, *, as_stored: bool) -> Hours | None:
    def read() -> Hours | None:
        return read_hourly(hass, statistic_id, None, this_hour(), as_stored=as_stored)

    return await get_instance(hass).async_add_executor_job(read)


@pytest.mark.parametrize("as_stored", [True, False])
async def test_a_counter_of_energy_has_a_mean_power(
    hass: HomeAssistant, entry: MockConfigEntry, *, as_stored: bool
) -> None:
    await write_hours(hass)
    found = await hours(hass, ENERGY, as_stored=as_stored)
    assert found is not None
    assert (found.unit, found.is_energy) == ("W", True)
    assert list(found.values) == sorted(found.values)
    assert round(found.values[int(this_hour().timestamp()) - 3600], 6) == 100.0


@pytest.mark.parametrize(
    ("as_stored", "temperature", "power"),
    [(True, ("°C", 20.0), ("W", 20.0)), (False, ("°F", 68.0), ("W", 20.0))],
)
async def test_a_measurement_is_in_the_unit_that_was_asked_for(
    hass: HomeAssistant, entry: MockConfigEntry, *, as_stored: bool, temperature: Any, power: Any
) -> None:
    await write_hours(hass, TEMPERATURE, "°C")
    await write_hours(hass, POWER, "W")
    hass.states.async_set(TEMPERATURE, "68", {"unit_of_measurement": "°F"})
    hass.states.async_set(POWER, "0.02", {"unit_of_measurement": "kW"})
    for statistic_id, expected in ((TEMPERATURE, temperature), (POWER, power)):
        found = await hours(hass, statistic_id, as_stored=as_stored)
        assert found is not None
        assert (found.unit, next(iter(found.values.values()))) == expected
        assert not found.is_energy


async def test_an_unknown_statistic_has_no_hours(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert await hours(hass, "sensor.nobody_knows", as_stored=True) is None
