"""Creates the client of a box, and keeps its session during a reload.

So a changed option needs no new login.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
    EVENT_HOMEASSISTANT_STOP,
)
from homeassistant.core import Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import async_call_later
from homeassistant.util.hass_dict import HassKey

from ..fritzbox_api import FritzBoxClient

KEEP_FOR: Final = timedelta(seconds=60)
"""A reload takes one or two seconds. After a longer pause, the entry logs in again."""


@dataclass(frozen=True, slots=True)
class _KeptClient:
    client: FritzBoxClient
    cancel: tuple[Callable[[], None], ...]
    """Cancel the timer and the listener that would log the client out."""


_KEPT: HassKey[dict[str, _KeptClient]] = HassKey("py_hab_sessions")


@callback
def async_create_client(hass: HomeAssistant, data: Mapping[str, Any]) -> FritzBoxClient:
    """Return a client for the data of an entry. Raises ValueError for an invalid host."""
    return FritzBoxClient(
        async_get_clientsession(hass, verify_ssl=data[CONF_VERIFY_SSL]),
        host=data[CONF_HOST],
        username=data[CONF_USERNAME],
        password=data[CONF_PASSWORD],
    )


@callback
def async_resume(hass: HomeAssistant, entry_id: str, client: FritzBoxClient) -> FritzBoxClient:
    """Return the client that was kept for an entry if it is for the same box, else the given one."""
    kept = _async_take(hass, entry_id)
    if kept is None:
        return client
    if kept.is_for(client):
        return kept
    hass.async_create_task(kept.logout(), "py_hab logout", eager_start=True)
    return client


@callback
def async_keep(hass: HomeAssistant, entry_id: str, client: FritzBoxClient) -> None:
    """Keep the client of an unloaded entry for `KEEP_FOR`, then log it out."""
    if not client.has_session:
        return

    async def end(_when: datetime | Event) -> None:
        await async_end(hass, entry_id)

    hass.data.setdefault(_KEPT, {})[entry_id] = _KeptClient(
        client,
        (
            async_call_later(hass, KEEP_FOR, HassJob(end, cancel_on_shutdown=True)),
            hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, end),
        ),
    )


async def async_end(hass: HomeAssistant, entry_id: str) -> None:
    """Log out the client that was kept for an entry, if there is one."""
    if client := _async_take(hass, entry_id):
        await client.logout()


@callback
def _async_take(hass: HomeAssistant, entry_id: str) -> FritzBoxClient | None:
    kept = hass.data.get(_KEPT, {}).pop(entry_id, None)
    if kept is None:
        return None
    for cancel in kept.cancel:
        cancel()
    return kept.client
