"""Descriptions of the entities of a FRITZ!Box and of a reader themselves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntityDescription,
)
from homeassistant.components.button import ButtonEntityDescription
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import SIGNAL_STRENGTH_DECIBELS_MILLIWATT, EntityCategory

from ..coordinator import FritzBoxCoordinator
from ..entity import SourceEntityDescription
from ..meter.coordinator import MeterCoordinator
from .fritzbox import SensorValue

CURRENCY: Final = "{currency}"
"""Stands for the currency of the home in a unit."""


@dataclass(frozen=True, kw_only=True)
class SourceSensorDescription[CoordinatorT](
    SourceEntityDescription[CoordinatorT], SensorEntityDescription
):
    """Describes a sensor of a box or a reader."""

    value_fn: Callable[[CoordinatorT], SensorValue]
    attributes_fn: Callable[[CoordinatorT], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class SourceBinarySensorDescription[CoordinatorT](
    SourceEntityDescription[CoordinatorT], BinarySensorEntityDescription
):
    """Describes a binary sensor of a box or a reader."""

    value_fn: Callable[[CoordinatorT], bool | None]


@dataclass(frozen=True, kw_only=True)
class SourceButtonDescription[CoordinatorT](ButtonEntityDescription):
    """Describes a button of a box or a reader."""

    press_fn: Callable[[CoordinatorT], Awaitable[None]]


def _by_minute(at: datetime | None) -> datetime | None:
    """Return a time without its seconds, so that frequent messages do not fill the database."""
    return at and at.replace(second=0, microsecond=0)


async def _ask_reader(coordinator: MeterCoordinator) -> None:
    coordinator.link.commands.ask()


# A sensor without a unit adds an entry to the activity with each change, so the times of the last
# answer and message, which change each minute, are disabled by default.
BOX_SENSORS: tuple[SourceSensorDescription[FritzBoxCoordinator], ...] = (
    SourceSensorDescription(
        key="last_reading",
        translation_key="last_reading",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda box: _by_minute(box.last_answer),
    ),
    SourceSensorDescription(
        key="fritzos",
        translation_key="fritzos",
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda box: box.firmware_version is not None,
        value_fn=lambda box: box.firmware_version,
    ),
    SourceSensorDescription(
        key="electricity_price",
        translation_key="electricity_price",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=f"{CURRENCY}/kWh",
        suggested_display_precision=4,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda box: box.rest.overview.key_figures.electricity_price is not None,
        value_fn=lambda box: box.rest.overview.key_figures.electricity_price,
    ),
    SourceSensorDescription(
        key="co2_emissions",
        translation_key="co2_emissions",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement="g/kWh",
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda box: box.rest.overview.key_figures.co2_emissions is not None,
        value_fn=lambda box: box.rest.overview.key_figures.co2_emissions,
    ),
    SourceSensorDescription(
        key="templates",
        translation_key="templates",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists_fn=lambda box: bool(box.rest.overview.templates),
        value_fn=lambda box: len(box.rest.overview.templates),
        attributes_fn=lambda box: {"templates": list(box.rest.overview.templates)},
    ),
)
READER_SENSORS: tuple[SourceSensorDescription[MeterCoordinator], ...] = (
    SourceSensorDescription(
        key="last_message",
        translation_key="last_message",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda meter: _by_minute(meter.link.presence.last_seen),
    ),
    SourceSensorDescription(
        key="signal_strength",
        translation_key="signal_strength",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda meter: meter.link.signal_strength is not None,
        value_fn=lambda meter: (
            meter.link.signal_strength if meter.link.presence.is_available else None
        ),
    ),
)
BOX_BINARY_SENSORS: tuple[SourceBinarySensorDescription[FritzBoxCoordinator], ...] = (
    SourceBinarySensorDescription(
        key="reachable",
        translation_key="reachable",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda box: box.last_update_success,
    ),
)
READER_BINARY_SENSORS: tuple[SourceBinarySensorDescription[MeterCoordinator], ...] = (
    SourceBinarySensorDescription(
        key="online",
        translation_key="online",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        # Without the broker, nothing is known about the reader.
        value_fn=lambda meter: (
            meter.link.presence.online if meter.link.presence.connected else None
        ),
    ),
)
ROUTINE: Final = BinarySensorEntityDescription(
    key="routine",
    translation_key="routine",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)
BOX_BUTTONS: tuple[SourceButtonDescription[FritzBoxCoordinator], ...] = (
    SourceButtonDescription(
        key="read_now",
        translation_key="read_now",
        entity_category=EntityCategory.DIAGNOSTIC,
        press_fn=lambda box: box.async_ask(),
    ),
)
READER_BUTTONS: tuple[SourceButtonDescription[MeterCoordinator], ...] = (
    SourceButtonDescription(
        key="read_now",
        translation_key="read_now",
        entity_category=EntityCategory.DIAGNOSTIC,
        press_fn=_ask_reader,
    ),
)
