"""Databases that are locked, unknown, or written by others meanwhile."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import sqlite3
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy.exc import OperationalError

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.change import Change, ChangeReason, WriteRows
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.statistics import editor as statistics, transaction
from custom_components.py_hab.history.statistics.editor import SCHEMA_ISSUE, StatisticsEditor
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from tests.support.changing import write
from tests.support.living import METER, T0, live, rows

from .test_editor import (
    FIRST,
    STATISTIC,
    assert_same,
    get_editor,
    history,
    together,
)

__all__ = ["get_editor"]


async def test_a_locked_recorder_delays_a_change(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await together(hass, freezer, T0, [500.0] * 12)
    instance = get_instance(hass)
    if instance.dialect_name != "sqlite":
        pytest.skip("only SQLite is locked for a backup")
    assert await instance.lock_database()
    task = hass.async_create_task(write(get_editor, STATISTIC, history(3)))
    gone = hass.async_create_task(write(get_editor, STATISTIC, history(9)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()
    gone.cancel()
    assert instance.unlock_database()
    assert await task
    assert len(await rows(hass)) == 4
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, "sensor.control")


async def test_a_database_that_another_process_locks_is_tried_again(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await live(hass, freezer, T0, [500.0] * 12)
    if get_instance(hass).dialect_name != "sqlite":
        pytest.skip("SQLite's message")
    perform, refused = transaction.StatisticTables.perform, 3

    def locked(tables: transaction.StatisticTables, *args: Any) -> None:
        nonlocal refused
        refused -= 1
        if refused >= 0:
            raise OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked"))
        perform(tables, *args)

    monkeypatch.setattr(transaction.StatisticTables, "perform", locked)
    assert await write(get_editor, STATISTIC, history(3))
    assert len(await rows(hass)) == 4


async def test_what_others_write_meanwhile_is_seen(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    seen: list[int] = []

    def plan(hours: int) -> Callable[[Any], Change]:
        def planned(found: Any) -> Change:
            seen.append(len(found.hourly))
            return [WriteRows(history(hours), ChangeReason.IMPORT)]

        return planned

    changes = [get_editor.async_change(STATISTIC, plan(hours)) for hours in range(1, 9)]
    await asyncio.gather(*changes)
    assert seen == [2 + hours for hours in range(8)]
    await get_editor.async_undo(STATISTIC)
    assert len(await rows(hass)) == 2


async def test_an_unknown_schema_switches_writing_off(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    freezer.move_to(T0 + timedelta(minutes=2))

    def issue() -> Any:
        return ir.async_get(hass).async_get_issue(DOMAIN, SCHEMA_ISSUE)

    for name, columns in (("Statistics", {"id"}), ("StatisticsNew", {"id"})):
        with monkeypatch.context() as patch:
            patch.setitem(transaction._KNOWN_COLUMNS, name, columns)
            await statistics.async_setup_editor(hass)
        assert issue()
        editor = statistics.get_editor(hass)
        for change in (write(editor, STATISTIC, history(3)), editor.async_undo(STATISTIC)):
            with pytest.raises(HomeAssistantError) as raised:
                await change
            assert raised.value.translation_key == SCHEMA_ISSUE
    assert await rows(hass) == []
    await statistics.async_setup_editor(hass)
    assert issue() is None
    assert await async_setup_component(hass, "sensor", {})
    assert await write(statistics.get_editor(hass), STATISTIC, [SumRow(FIRST - HOUR, 1.0, 1.0)])
