"""Events: presses of the keys of switches, and replaced counters of meters."""

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
    # Meters are replaced every eight years, and a repair issue asks about it.
    entity_registry_enabled_default=False,
)
LONG_PRESS_SUFFIX = "-9"
"""Suffix of the key as which the FRITZ!DECT 400 lists a long press."""


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: PyHabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up an event for each key at a box, or for each meter."""
    match entry.runtime_data.coordinator:
        case FritzBoxCoordinator() as fritzbox:
            async_add_as_they_appear(
                fritzbox,
                async_add_entities,
                find=lambda: fritzbox_buttons(fritzbox),
                create=lambda button: FritzBoxButtonEvent(
                    fritzbox, ain=button.ain, identifier=button.identifier
                ),
            )
        case MeterCoordinator() as meter:
            async_add_as_they_appear(
                meter,
                async_add_entities,
                find=lambda: {meter_index: meter_index for meter_index in meter.data},
                create=lambda meter_index: MeterReplacedEvent(meter, meter_index=meter_index),
            )


class FritzBoxButtonEvent(FritzBoxButtonEntity, EventEntity):
    """Fires when the box reports another press of a key.

    Its state is unknown until it has fired: a state change is what automations wait for, so a press
    that nobody saw must not become one. The sensor of the last press shows what the box reports.
    """

    def __init__(self, coordinator: FritzBoxCoordinator, *, ain: str, identifier: str) -> None:
        """Initialize for a key. A press that the box has already reported does not fire."""
        super().__init__(coordinator, ain=ain, identifier=identifier, description=PRESS)
        self._press = (
            ButtonEventType.LONG_PRESS_END
            if identifier.endswith(LONG_PRESS_SUFFIX)
            else ButtonEventType.PRESS_END
        )
        self._attr_event_types = [self._press]
        self._last_fired = self._last_pressed
        self._was_present = self.device.present

    @property
    def _last_pressed(self) -> datetime | None:
        return self.button.last_pressed if self.button else None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Fire if the key was pressed since the last poll. The box reports the last press only."""
        if self.available:
            pressed = self._last_pressed
            # The box may stop reporting a press and report it again later: it fires only once.
            if pressed is not None and pressed != self._last_fired:
                self._last_fired = pressed
                # A press from before the switch was first present does not fire.
                if self._was_present:
                    self._trigger_event(self._press)
            self._was_present = True
        super()._handle_coordinator_update()


class MeterReplacedEvent(MeterEntity, EventEntity):
    """Fires when a counter continues from another reading: a new meter, or a rollover."""

    def __init__(self, coordinator: MeterCoordinator, *, meter_index: str) -> None:
        """Initialize for the meter with this index."""
        super().__init__(coordinator, meter_index=meter_index, description=REPLACED)
        self._attr_event_types = [Verdict.REPLACED, Verdict.ROLLED_OVER]

    @property
    @override
    def available(self) -> bool:
        """Always available: a past replacement does not depend on the reader."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to replacements."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.meters.replacements.on_replacement(self._replaced))

    @callback
    def _replaced(self, meter_index: str, replacement: Replacement) -> None:
        # A corrected unit or key is no event of the meter.
        if meter_index == self._meter_index and replacement.verdict in self.event_types:
            self._trigger_event(
                replacement.verdict,
                {
                    "register": replacement.quantity,
                    "before": replacement.before,
                    "now": replacement.now,
                },
            )
            self.async_write_ha_state()
