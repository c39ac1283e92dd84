"""An entry that was set up before: its first run of the history is over."""

from datetime import timedelta
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.statistics.journal import STORAGE_VERSION
from custom_components.py_hab.history.timetable import DAILY
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util


async def was_set_up_before(
    hass: HomeAssistant, entry: MockConfigEntry, *, ago: timedelta = DAILY
) -> None:
    """Store that the whole history was last maintained some time ago, and nothing was written.

    After a day, the next run is due at the next check.
    """
    at = dt_util.utcnow() - ago
    await _journal(hass).async_save(
        {"runs": {entry.entry_id: {"at": at.isoformat(), "result": []}}, "accounts": {}}
    )


async def was_never_set_up(hass: HomeAssistant) -> None:
    """Forget what was stored, as before the first set-up."""
    await _journal(hass).async_remove()


def _journal(hass: HomeAssistant) -> Store[dict[str, Any]]:
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.history")
