"""A run whose entry is unloaded, renamed or undone in the middle of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.coordinator import FritzBoxCoordinator
from custom_components.py_hab.fritzbox.device_stats import DeviceStats
from custom_components.py_hab.history.undo import async_undo
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from tests.support.box_house import (
    METER,
)
from tests.support.living import recorded, rows


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[Any]]], None]:
    """Do something once while the box is asked for the first time."""

    def prepare(action: Callable[[], Awaitable[Any]]) -> None:
        ask = FritzBoxCoordinator.async_device_stats
        actions = [action]

        async def asked(coordinator: FritzBoxCoordinator, ain: str) -> DeviceStats:
            reported = await ask(coordinator, ain)
            if actions:
                await actions.pop()()
            return reported

        monkeypatch.setattr(FritzBoxCoordinator, "async_device_stats", asked)

    return prepare


async def test_what_is_undone_during_a_run_is_not_written_by_it(
    hass: HomeAssistant, entry: MockConfigEntry, meanwhile: Callable[..., None]
) -> None:
    meanwhile(lambda: async_undo(hass, METER, dry_run=False))
    scheduler = entry.runtime_data.history
    found = await scheduler.async_run()
    assert METER not in {item.entity_id for item in found}
    assert await rows(hass, METER) == []


async def test_an_entity_renamed_during_a_run_gets_no_statistic_of_its_old_name(
    hass: HomeAssistant, entry: MockConfigEntry, meanwhile: Callable[..., None]
) -> None:
    async def rename() -> None:
        er.async_get(hass).async_update_entity(METER, new_entity_id="sensor.strom")
        await recorded(hass)

    meanwhile(rename)
    scheduler = entry.runtime_data.history
    await scheduler.async_run()
    assert await rows(hass, METER) == []


async def test_a_run_ends_when_its_entry_is_loaded_anew(
    hass: HomeAssistant, entry: MockConfigEntry, meanwhile: Callable[..., None]
) -> None:
    meanwhile(lambda: hass.config_entries.async_reload(entry.entry_id))
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(DOMAIN, "backfill", {}, blocking=True)
    assert caught.value.translation_key == "unloaded"
    assert await rows(hass, METER) == []


async def test_a_run_ends_when_its_entry_is_unloaded(
    hass: HomeAssistant, entry: MockConfigEntry, meanwhile: Callable[..., None]
) -> None:
    meanwhile(lambda: hass.config_entries.async_unload(entry.entry_id))
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(DOMAIN, "backfill", {}, blocking=True)
    assert caught.value.translation_key == "unloaded"
