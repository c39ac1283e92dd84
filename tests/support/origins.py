"""Hours of a counter whose origin is asked for."""

from typing import Final

from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.statistics.gateway import Statistic
from custom_components.py_hab.history.statistics.origin import async_origins
from homeassistant.core import HomeAssistant

from .living import METER, T0

FIRST: Final = int(T0.timestamp())
STATISTIC: Final = Statistic(id=METER, unit="kWh", has_sum=True, entry_id="entry")


def hours(first: int, count: int) -> list[SumRow]:
    """Some hours before T0, from the `first` one before it on."""
    return [
        SumRow(FIRST - HOUR * back, 500.0 - back, float(100 - back))
        for back in range(first, first - count, -1)
    ]


async def found(hass: HomeAssistant) -> list[Origin]:
    """The origins of all hours, in their order."""
    return [origin for _, origin in sorted((await async_origins(hass, METER)).items())]
