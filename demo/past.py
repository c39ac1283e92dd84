"""The past of an electricity meter, as Home Assistant would have recorded it: for pictures.

A FRITZ!Box stores totals of days and months, so most hours of its history are spread. The hours of
a meter that Home Assistant has recorded for a year are measured.
"""

from datetime import datetime, timedelta
from typing import Final

from demo.hass import Hass
from simulator.home import Home

HOUR: Final = timedelta(hours=1)
YEAR: Final = timedelta(days=367)
"""A year, and two days before it: the first hour holds the whole sum, and is not shown."""
COUNTERS: Final = {
    "export": "sensor.electricity_meter_energy_export",
    "import": "sensor.electricity_meter_energy_import",
}


async def add_past(hass: Hass, home: Home, now: datetime) -> None:
    """Write a year of hours, up to the present one, before the meter is added.

    The sums end at 0, from where Home Assistant continues them.
    """
    end = now.replace(minute=0, second=0, microsecond=0)
    hours = [end - YEAR + number * HOUR for number in range(YEAR // HOUR)]
    for series, entity_id in COUNTERS.items():
        total = home.energy(series, end)
        await hass.ws(
            "recorder/import_statistics",
            metadata={
                "statistic_id": entity_id,
                "source": "recorder",
                "name": None,
                "mean_type": 0,
                "has_sum": True,
                "unit_class": "energy",
                "unit_of_measurement": "kWh",
            },
            stats=[
                {
                    "start": hour.isoformat(),
                    "state": home.energy(series, hour + HOUR) / 1000,
                    "sum": (home.energy(series, hour + HOUR) - total) / 1000,
                }
                for hour in hours
            ],
        )

    async def is_written() -> bool:
        found = await hass.ws(
            "recorder/statistics_during_period",
            start_time=hours[-1].isoformat(),
            statistic_ids=list(COUNTERS.values()),
            period="hour",
        )
        return len(found) == len(COUNTERS)

    # Home Assistant writes row by row.
    await hass.wait_for(is_written, "a year of hours", seconds=600)
