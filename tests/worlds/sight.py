"""What the user of a home sees: states, notices and meters."""

from collections.abc import Mapping
from typing import Final

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir

from .sources import Source

READER: Final = "_reader"
"""How the identifier of a reader ends; the others are of meters."""


class Sight:
    """What has been seen in a life."""

    def __init__(self) -> None:
        """Have seen nothing yet."""
        self._hass: HomeAssistant
        self.noticed: set[str] = set()
        """Translation keys of all notices that there have been."""

        self.notices: set[str] = set()
        """Of those that are there at the end."""

        self.states: Mapping[str, str | None] = {}
        """At the end, by the ends of the unique ids."""

        self.meters = 0
        """How many devices there are beside the reader."""

    def look(self, hass: HomeAssistant) -> None:
        """Look at the notices of a Home Assistant that has started."""
        self._hass = hass
        self.noticed |= self._notices()
        hass.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, self._changed)

    @callback
    def _changed(self, _: Event[ir.EventIssueRegistryUpdatedData]) -> None:
        self.noticed |= self._notices()

    def _notices(self) -> set[str]:
        return {
            issue.translation_key or ""
            for (domain, _), issue in ir.async_get(self._hass).issues.items()
            if domain == DOMAIN and issue.active
        }

    def look_at_the_end(self, source: Source) -> None:
        """Look at all there is."""
        entry = source.computer.entry
        registry, states = er.async_get(self._hass), self._hass.states
        self.notices = self._notices()
        self.states = {
            entity.unique_id: state.state if (state := states.get(entity.entity_id)) else None
            for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        }
        devices = dr.async_entries_for_config_entry(dr.async_get(self._hass), entry.entry_id)
        self.meters = len(
            [
                device
                for device in devices
                for _, identifier in device.identifiers
                if not identifier.endswith(READER)
            ]
        )
