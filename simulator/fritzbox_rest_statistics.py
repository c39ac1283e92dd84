"""What the simulated FRITZ!Box stores of a unit, as its REST API reports it.

Names, units and lengths follow AVM's "FRITZ! Smart Home REST API" 0.9.5 (2025-08-07),
helper_statistics_unit: °C, mV, mW, Wh and %, the newest value first. Steps of energy follow the
clock on the wall, as in tables that boxes have written; AVM calls the times of quarters of an hour
"approximate".
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Final

from simulator.fritzbox_devices import Device, Hygrometer, Meter, Thermometer
from simulator.fritzbox_readings import Readings
from simulator.fritzbox_xml import MEASURED_EVERY, each_once, times
from simulator.home import Home

type Json = dict[str, Any]
type Periods = Callable[[str, datetime], Sequence[int | None]]

QUARTER: Final = timedelta(minutes=15)
OUTDATED_AFTER: Final = QUARTER
"""Older values are not reported. How old they may be on a real box is not known."""


class State(StrEnum):
    """What the box says of a series (REST, helper_statistics_object)."""

    VALID = "valid"
    OUTDATED = "outdated"
    NOT_CONNECTED = "notConnected"
    UNKNOWN = "unknown"


def unit_statistics(device: Device, readings: Readings, at: datetime, *, state: State) -> Json:
    """Return the series of a unit by their kind, nothing for a unit that stores nothing.

    Only valid series have values.
    """
    found: Json = {}
    for kind, period, interval, values in _series(device, readings, at):
        series: Json = {"interval": interval, "statisticsState": state.value, "period": period}
        if state is State.VALID:
            series["values"] = values
        found.setdefault(kind, []).append(series)
    return found


def with_whole_counter(statistics: Json, counter: int) -> Json:
    """Return what a FRITZ!Smart Energy 250 was seen to report (evcc#29529).

    In each series of its energy the newest value is all that was ever counted, the others are 0,
    and the state is unknown.
    """
    energies = [
        series
        | {
            "statisticsState": State.UNKNOWN.value,
            "values": [counter] + [0] * (len(series["values"]) - 1),
        }
        for series in statistics["energies"]
    ]
    return statistics | {"energies": energies}


_ENERGIES: Final[Sequence[tuple[str, int, Callable[[Home], Periods]]]] = (
    ("day", 900, lambda home: partial(home.slots, step=QUARTER, count=96)),
    ("week", 21600, lambda home: partial(home.slots, step=timedelta(hours=6), count=28)),
    ("month", 86400, lambda home: partial(home.days, count=31)),
    ("twoYears", 2678400, lambda home: partial(home.months, count=24)),
)
"""Period, seconds between two values, and how the home reports them."""


def _series(
    device: Device, readings: Readings, at: datetime
) -> Iterator[tuple[str, str, int, Sequence[float]]]:
    """Yield the kind, the period, the seconds between two values, and the values of each series.

    A meter reader stores energy only, a group nothing (AVM's example Plugsocket_Group_unit).
    """
    quarters = times(at, count=96, step=900, measured=QUARTER)
    seconds = times(at, count=360, step=10, measured=MEASURED_EVERY)
    if thermometer := device.block(Thermometer):
        halves = [readings.half_degrees(thermometer, time) for time in quarters]
        yield "temperatures", "day", 900, [half / 2 for half in halves]
    if hygrometer := device.block(Hygrometer):
        room = hygrometer.room
        yield "humidities", "day", 900, [readings.home.humidity(room, time) for time in quarters]
    if meter := device.block(Meter):
        if not meter.grid:
            powers = each_once(seconds, lambda time: 10 * readings.hundredths(device, time))
            yield "powers", "hour", 10, powers
            yield "voltages", "hour", 10, each_once(seconds, readings.millivolts)
        for period, interval, periods in _ENERGIES:
            stored = readings.stored(device, at, periods(readings.home))
            # Energies know no null: before the device was there they are 0.
            yield "energies", period, interval, [value or 0 for value in stored]
