"""A meter that is new in py_hab, and that another sensor has recorded for two days."""

from typing import Final

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant

from .living import recorded
from .measured_home import HOUR, this_hour
from .mocked_reader import MockedReader

OLD: Final = "sensor.old_meter"
HOURS: Final = 48
COUNTER: Final = "sensor.mt681_energy_import"
READING: Final = 15119.035
"""What the meter shows now."""


async def recorded_by_another_sensor(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> MockConfigEntry:
    """Set the meter up, and write what the other sensor has recorded."""
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    first = this_hour() - HOURS * HOUR
    async_import_statistics(
        hass,
        new_metadata(Statistic(id=OLD, unit="kWh", has_sum=True)),
        [
            StatisticData(
                start=first + number * HOUR,
                state=READING - (HOURS - 1 - number) / 4,
                # The reader has sent a single zero on the first day.
                sum=number / 4 + (READING if number > 12 else 0.0),
            )
            for number in range(HOURS)
        ],
    )
    await recorded(hass)
    return entry
