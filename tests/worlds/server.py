"""The old server that has recorded for years, and its file."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.legacy_files import EVERY, METER, Row, Years, local, thinned, write

from .house import House, Meter

SWAPPED_AFTER: Final = timedelta(days=110)


def write_years_of_a_meter(
    path: Path, house: House, meter: Meter, start: datetime, end: datetime
) -> tuple[Meter, Callable[[str, datetime], float]]:
    """Write the file of a server that was switched off at a full hour.

    Return the meter as it goes on, and the truth, the years included. The server's meter was
    swapped: what it counted since the last reading before is in no reading.
    """
    first, last = int(start.timestamp()), int(end.timestamp())
    years = Years(
        start=first,
        end=last,
        outages=((first + 90 * 86400, first + 93 * 86400), (last - 40 * 86400, last - 39 * 86400)),
        swap=first + int(SWAPPED_AFTER.total_seconds()),
    )
    # Each hour of each series takes time.
    rows = [row for row in years.rows() if row[:3] == (METER, "MT681", "E_in")]
    write(path, rows)
    meter = meter.replaced(
        house, end, replace(meter, number=METER, imported=1000 * float(rows[-1][4]))
    )
    return meter, _with_years(house, years.consumed, end)


def _with_years(
    house: House, consumed: Mapping[int, float], end: datetime
) -> Callable[[str, datetime], float]:
    hour = 3600
    total = consumed[int(end.timestamp()) - hour]

    def counted(series: str, at: datetime) -> float:
        if series != "import" or at >= end:
            return total + house.counted(series, at) - house.counted(series, end)
        moment = int(at.timestamp())
        full = moment - moment % hour
        before = consumed.get(full - hour, 0.0)
        return before + (consumed.get(full, before) - before) * (moment - full) / hour

    return counted


def write_years_of_a_plug(path: Path, house: House, start: datetime, end: datetime) -> None:
    """Write the file of a server that has read the refrigerator's plug."""
    moment, rows = start, list[Row]()
    while moment <= end:
        energy = int(1000 * house.counted("refrigerator", moment)) / 1000
        rows.append((REFRIGERATOR, "Switch W", "Energy", local(moment.timestamp()), energy))
        moment += timedelta(seconds=EVERY)
    write(path, thinned(rows), described=((REFRIGERATOR, "Energy", "Kitchen", "kWh", 1),))
