"""What the tests of the entities share: set-up, and a look at states and log."""

import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_KIND, DOMAIN, EntryKind
from custom_components.py_hab.sensors.source import (
    BOX_BINARY_SENSORS,
    BOX_BUTTONS,
    BOX_SENSORS,
    READER_BINARY_SENSORS,
    READER_BUTTONS,
    READER_SENSORS,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from tests.conftest import settled
from tests.support.dialogue import TEXTS

OURS = f"custom_components.{DOMAIN}"


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up a box, or a meter up to its first values."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    if entry.data[CONF_KIND] == EntryKind.METER:
        await settled(hass, lambda: "energy_import" in meter_values(entry), "the first values")
        await quiet(hass)


async def quiet(hass: HomeAssistant) -> None:
    """Wait until the broker has acknowledged everything: time must not jump before."""
    client: Any = hass.data["mqtt"].client

    def acknowledged() -> bool:
        return not client._pending_subscriptions and all(
            future.done() for future in client._pending_operations.values()
        )

    await settled(hass, acknowledged, "the broker's acknowledgements")


def meter_values(entry: MockConfigEntry) -> dict[str, float]:
    """Return what the coordinator knows of the first meter, thinned out as it is shown."""
    meter = entry.runtime_data.coordinator.data.get("")
    return dict(meter.values) if meter else {}


async def received(hass: HomeAssistant, entry: MockConfigEntry, **values: float) -> None:
    """Wait until the first meter shows these values."""
    await settled(hass, lambda: meter_values(entry).items() >= values.items(), f"{values}")


def meter_state(
    hass: HomeAssistant, entry: MockConfigEntry, key: str, meter_index: str = ""
) -> str | None:
    """Return the state of a register of a meter."""
    identifier = f"{entry.unique_id}_{meter_index}" if meter_index else entry.unique_id
    return state_of(hass, f"{identifier}_{key}")


def state_of(hass: HomeAssistant, unique_id: str, platform: str = "sensor") -> str | None:
    """Return the state of an entity, None if there is no such entity."""
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)
    state = hass.states.get(entity_id) if entity_id else None
    return state.state if state else None


def states(hass: HomeAssistant) -> dict[str, str]:
    """Return the states of all our entities."""
    registry = er.async_get(hass)
    return {
        state.entity_id: state.state
        for state in hass.states.async_all()
        if (entry := registry.async_get(state.entity_id)) and entry.platform == DOMAIN
    }


OF_THE_SOURCE = {
    description.key
    for descriptions in (
        BOX_BINARY_SENSORS,
        BOX_BUTTONS,
        BOX_SENSORS,
        READER_BINARY_SENSORS,
        READER_BUTTONS,
        READER_SENSORS,
    )
    for description in descriptions
}
"""The keys of what a box or a reader says of itself, which is there while it is offline."""


def measured_states(hass: HomeAssistant) -> dict[str, str]:
    """Return the states of all our entities that come from devices and meters."""
    registry = er.async_get(hass)
    return {
        entity_id: state
        for entity_id, state in states(hass).items()
        if (entity := registry.async_get(entity_id))
        and entity.translation_key not in {*OF_THE_SOURCE, "counter_replaced"}
    }


def all_unavailable(hass: HomeAssistant) -> bool:
    """Return whether there are entities of devices or meters, none of them available.

    What has happened to a meter stays true while it is silent.
    """
    return set(measured_states(hass).values()) == {STATE_UNAVAILABLE}


def logged(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    """Return what we have logged from a level on."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(OURS) and record.levelno >= level
    ]


def warnings(caplog: pytest.LogCaptureFixture, *, after_test: bool = False) -> list[str]:
    """Return all warnings and errors, whoever has logged them, but for what is normal.

    Home Assistant warns of every custom integration, and asyncio of slow computers. A fixture asks
    when the test is over.
    """
    return [
        record.getMessage()
        for record in (caplog.get_records("call") if after_test else caplog.records)
        if record.levelno >= logging.WARNING
        and record.name != "asyncio"
        and "custom integration py_hab which has not been tested" not in record.getMessage()
    ]


def issues_of_meters(hass: HomeAssistant) -> dict[str, str]:
    """Return the name of the meter by the id of each issue of ours that is raised now."""
    found = {}
    for (domain, issue), entry in ir.async_get(hass).issues.items():
        if domain == DOMAIN and entry.active:
            assert entry.translation_key in TEXTS["issues"]
            assert entry.severity is ir.IssueSeverity.WARNING
            placeholders = entry.translation_placeholders or {}
            found[issue] = placeholders["name"]
    return found
