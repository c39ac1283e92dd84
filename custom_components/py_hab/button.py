"""Buttons of a FRITZ!Box and of a reader."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .entity import SourceEntity
from .meter.coordinator import MeterCoordinator
from .sensors.source import BOX_BUTTONS, READER_BUTTONS, SourceButtonDescription

PARALLEL_UPDATES = 1


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: PyHabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons of a box or a reader."""
    match entry.runtime_data.coordinator:
        case FritzBoxCoordinator() as fritzbox:
            async_add_entities(SourceButton(fritzbox, item) for item in BOX_BUTTONS)
        case MeterCoordinator() as meter:
            async_add_entities(SourceButton(meter, item) for item in READER_BUTTONS)


class SourceButton[CoordinatorT: FritzBoxCoordinator | MeterCoordinator](
    SourceEntity[CoordinatorT], ButtonEntity
):
    """A button that asks a box or a reader."""

    entity_description: SourceButtonDescription[CoordinatorT]

    @override
    async def async_press(self) -> None:
        """Ask the source for its values."""
        await self.entity_description.press_fn(self.coordinator)
