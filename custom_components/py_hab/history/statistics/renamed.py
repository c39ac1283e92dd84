"""Keeps the journal true when entities are renamed: the recorder renames their statistics."""

import contextlib
from typing import Any, cast

from sqlalchemy.orm import Session

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from .gateway import raise_if_no_recorder
from .journal import ChangeJournal
from .transaction import StatisticTables, async_transact


@callback
def async_follow_names(hass: HomeAssistant, journal: ChangeJournal) -> None:
    """Rename the changes of renamed entities in the journal from now on."""

    @callback
    def rename(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] != "update" or "old_entity_id" not in event.data:
            return
        data = cast("dict[str, Any]", event.data)
        old, new = data["old_entity_id"], data["entity_id"]
        if journal.rename(old, new):
            hass.async_create_background_task(
                _async_confirm(hass, journal, old, new), f"py_hab follows {old}"
            )

    hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, rename)


async def _async_confirm(hass: HomeAssistant, journal: ChangeJournal, old: str, new: str) -> None:
    """Undo the renaming if the recorder did not follow, because the new id had statistics."""

    def is_there(session: Session) -> bool:
        return StatisticTables(hass, session, old).found is not None

    with contextlib.suppress(HomeAssistantError):
        raise_if_no_recorder(hass)
        # The recorder renames in the same queue, before us.
        if await async_transact(hass, old, is_there, lambda _: None):
            journal.rename(new, old)
    await journal.async_save()
