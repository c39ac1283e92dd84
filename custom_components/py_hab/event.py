"""Events: the keys of switches, and counters of a meter that go on from another reading."""

from datetime import datetime
from typing import override

from homeassistant.components.event import (
    ButtonEventType,
    EventDeviceClass,
    EventEntity,
    EventEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .counters.verdict import Verdict
from .entity import FritzBoxButtonEntity, MeterEntity, async_add_as_they_appear, fritzbox_buttons
from .meter.coordinator import MeterCoordinator
from .meter.counter_stage import Replacement

PARALLEL_UPDATES = 0

PRESS = EventEntityDescription(
    key="press",
    translation_key="press",
    device_class=EventDeviceClass.BUTTON,
)
REPLACED = EventEntityDescription(
    key="counter_replaced",
    translation_key="counter_replaced",
    entity_category=EntityCategory.DIAGNOSTIC,
)
LONG_PRESS_SUFFIX = "-9"
"""FRITZ!DECT 400 lists a long press as a second key."""


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: PyHabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the keys of a box, or one event for each meter."""
    match entry.runtime_data.coordinator:
        case FritzBoxCoordinator() as fritzbox:
            async_add_as_they_appear(
                fritzbox,
                async_add_entities,
                found=lambda: fritzbox_buttons(fritzbox),
                create=lambda item: FritzBoxButtonEvent(fritzbox, ain=item[0], identifier=item[1]),
            )
        case MeterCoordinator() as meter:
            async_add_as_they_appear(
                meter,
                async_add_entities,
                found=lambda: ((meter_index, meter_index) for meter_index in meter.data),
                create=lambda meter_index: MeterReplacedEvent(meter, meter_index=meter_index),
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


class MeterReplacedEvent(MeterEntity, EventEntity):
    """Fires when a counter goes on from another reading: a new meter, or a display that was full."""

    def __init__(self, coordinator: MeterCoordinator, *, meter_index: str) -> None:
        """Bind the entity to the meter in a place."""
        super().__init__(coordinator, meter_index=meter_index, description=REPLACED)
        self._attr_event_types = [Verdict.REPLACED, Verdict.ROLLED_OVER]

    @property
    @override
    def available(self) -> bool:
        """Always: what has happened stays true while the meter is silent."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the coordinator."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_on_replacement(self._replaced))

    @callback
    def _replaced(self, meter_index: str, replacement: Replacement) -> None:
        if meter_index == self._meter_index:
            self._trigger_event(
                replacement.verdict,
                {
                    "register": replacement.quantity,
                    "before": replacement.before,
                    "now": replacement.now,
                },
            )
            self.async_write_ha_state()
