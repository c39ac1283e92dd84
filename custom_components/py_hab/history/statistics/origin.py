"""Where the hours of a statistic come from: the stamps of its rows and the journal say it."""

from collections.abc import Mapping
from datetime import datetime

from homeassistant.core import HomeAssistant

from ..planning.origin import Origin
from .editor import get_editor


async def async_origins(
    hass: HomeAssistant,
    statistic_id: str,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Mapping[int, Origin]:
    """Return the origin of each hour of a statistic that starts in a period, by its unix time.

    `end` is exclusive; None means no limit. It is empty for an unknown statistic. Raises
    HomeAssistantError if the recorder does not answer.
    """
    editor = get_editor(hass)
    origins = await editor.async_origins(await editor.async_statistic(statistic_id))
    first = start.timestamp() if start else float("-inf")
    last = end.timestamp() if end else float("inf")
    return {hour: origin for hour, origin in origins.items() if first <= hour < last}
