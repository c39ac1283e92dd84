"""Events: the keys of switches."""

from datetime import datetime
from typing import override

from homeassistant.components.event import (
    ButtonEventType,
    EventDeviceClass,
    EventEntity,
    EventEntityDescription,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .entity import FritzBoxButtonEntity, async_add_as_they_appear, fritzbox_buttons

PARALLEL_UPDATES = 0

PRESS = EventEntityDescription(
    key="press",
    translation_key="press",
    device_class=EventDeviceClass.BUTTON,
)
LONG_PRESS_SUFFIX = "-9"
"""FRITZ!DECT 400 lists a long press as a second key."""


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: PyHabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the keys of a box; a meter has none."""
    coordinator = entry.runtime_data
    if isinstance(coordinator, FritzBoxCoordinator):
        async_add_as_they_appear(
            coordinator,
            async_add_entities,
            found=lambda: fritzbox_buttons(coordinator),
            create=lambda item: FritzBoxButtonEvent(coordinator, ain=item[0], identifier=item[1]),
        )


class FritzBoxButtonEvent(FritzBoxButtonEntity, EventEntity):
    """Fires when the box has heard of another press."""

    def __init__(self, coordinator: FritzBoxCoordinator, *, ain: str, identifier: str) -> None:
        """Remember the press that is already known: it is no event."""
        super().__init__(coordinator, ain=ain, identifier=identifier, description=PRESS)
        self._press = (
            ButtonEventType.LONG_PRESS_END
            if identifier.endswith(LONG_PRESS_SUFFIX)
            else ButtonEventType.PRESS_END
        )
        self._attr_event_types = [self._press]
        self._seen = self._last_pressed
        self._was_heard = self.device.present

    @property
    def _last_pressed(self) -> datetime | None:
        return self.button.last_pressed if self.button else None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Fire if the key was pressed since the last poll; the box tells the last press only."""
        if self.available:
            pressed = self._last_pressed
            # A box that has forgotten a press may remember it again: that is no new one.
            if pressed is not None and pressed != self._seen:
                self._seen = pressed
                # Nor is what happened before the switch was heard of for the first time.
                if self._was_heard:
                    self._trigger_event(self._press)
            self._was_heard = True
        super()._handle_coordinator_update()
