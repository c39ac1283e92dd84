"""The journal follows renamed entities, as the recorder does."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.statistics import gateway, renamed
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from tests.support.changing import adjust, write
from tests.support.living import METER, T0

from .test_editor import (
    CONTROL,
    FIRST,
    STATISTIC,
    assert_same,
    get_editor,
    history,
    reopened,
    together,
)

__all__ = ["get_editor"]


def registered(hass: HomeAssistant, entry: MockConfigEntry | None = None) -> None:
    """Let the meter be an entity of ours."""
    er.async_get(hass).async_get_or_create(
        "sensor", DOMAIN, "meter", object_id_base="meter", config_entry=entry
    )


async def rename(hass: HomeAssistant, new: str, old: str = METER) -> None:
    hass.states.async_remove(old)
    er.async_get(hass).async_update_entity(old, new_entity_id=new)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_the_journal_follows_a_renamed_entity(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    registered(hass, entry)
    end = await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(12)])
    await write(get_editor, STATISTIC, history(3), ChangeReason.BACKFILL)
    await adjust(get_editor, STATISTIC, FIRST, 3.0, ChangeReason.BACKFILL)
    await rename(hass, "sensor.house")
    get_editor = await reopened(hass)
    assert list(get_editor.journal.by_statistic) == ["sensor.house"]
    values = [502.0 + 0.1 * index for index in range(12)]
    statistic = await get_editor.async_statistic("sensor.house")
    assert statistic.entry_id == entry.entry_id
    await together(hass, freezer, end, values, (CONTROL, "sensor.house"))
    await get_editor.async_undo(statistic)
    await assert_same(hass, "sensor.house", CONTROL)


@pytest.mark.parametrize("changed", [True, False])
async def test_the_journal_stays_where_the_recorder_does_not_follow(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory, changed: bool
) -> None:
    registered(hass)
    await together(hass, freezer, T0, [500.0] * 12, (METER, CONTROL, "sensor.house"))
    house = Statistic(id="sensor.house", unit="kWh", has_sum=True)
    await write(get_editor, STATISTIC, history(3), ChangeReason.BACKFILL)
    if changed:
        await write(get_editor, house, history(2), ChangeReason.BACKFILL)
    hass.states.async_remove("sensor.house")
    await rename(hass, "sensor.house")
    await get_editor.async_undo(house)
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)
    await assert_same(hass, "sensor.house", CONTROL)


async def refuses(*_: Any) -> None:
    raise HomeAssistantError


async def test_the_journal_follows_when_the_recorder_cannot_be_asked(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registered(hass)
    freezer.move_to(T0 + timedelta(minutes=2))
    await write(get_editor, STATISTIC, history(3), ChangeReason.BACKFILL)
    with monkeypatch.context() as patch:
        patch.setattr(gateway, "async_migration_in_progress", lambda _: True)
        await rename(hass, "sensor.house")

    monkeypatch.setattr(renamed, "async_transact", refuses)
    await rename(hass, "sensor.flat", "sensor.house")
    assert list(get_editor.journal.by_statistic) == ["sensor.flat"]


async def test_what_else_happens_to_entities_does_not_matter(
    get_editor: StatisticsEditor, hass: HomeAssistant
) -> None:
    registered(hass)
    er.async_get(hass).async_update_entity(METER, name="Meter")
    await rename(hass, "sensor.house")
    er.async_get(hass).async_remove("sensor.house")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert get_editor.journal.by_statistic == {}
