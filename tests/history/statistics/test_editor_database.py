"""Other databases under our journal, databases that are locked, unknown, or written by others."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
import sqlite3
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.change import Change, ChangeReason, WriteRows
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.statistics import editor as statistics, transaction
from custom_components.py_hab.history.statistics.editor import SCHEMA_ISSUE, StatisticsEditor
from custom_components.py_hab.history.statistics.journal import SET_ASIDE_ISSUE
from homeassistant.components.recorder import Recorder, db_schema, get_instance
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.recorder import session_scope
from homeassistant.setup import async_setup_component
from tests.support.changing import adjust, write
from tests.support.living import METER, T0, live, recorded, rows

from .test_editor import (
    FIRST,
    STATISTIC,
    assert_same,
    backfill,
    exact,
    get_editor,
    history,
    reopened,
    together,
)

__all__ = ["get_editor"]
TABLES = (db_schema.StatisticsMeta, db_schema.Statistics, db_schema.StatisticsShortTerm)


class Work(RecorderTask):
    """Does something in the recorder's thread."""

    def __init__(self, work: Callable[[Session], Any]) -> None:
        self.work = work

    @override
    def run(self, instance: Recorder) -> None:
        with session_scope(session=instance.get_session()) as session:
            self.result = self.work(session)
        instance.statistics_meta_manager.reset()


async def work(hass: HomeAssistant, what: Callable[[Session], Any]) -> Any:
    task = Work(what)
    get_instance(hass).queue_task(task)
    await recorded(hass)
    return task.result


def saved(session: Session) -> list[list[dict[str, Any]]]:
    """Return the tables of statistics."""
    return [
        [dict(row) for row in session.execute(select(table.__table__)).mappings()]
        for table in TABLES
    ]


def put_back(session: Session, tables: list[list[dict[str, Any]]]) -> None:
    for table in reversed(TABLES):
        session.execute(delete(table))
    for kind, found in zip(TABLES, tables, strict=True):
        if found:
            session.execute(insert(kind), found)


async def everything(hass: HomeAssistant) -> Any:
    return exact(await rows(hass)), exact(await rows(hass, period="5minute"))


def set_aside(hass: HomeAssistant) -> bool:
    return ir.async_get(hass).async_get_issue(DOMAIN, SET_ASIDE_ISSUE) is not None


async def test_in_yesterday_s_database_nothing_is_touched(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    end = await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    await backfill(get_editor, STATISTIC, history(4))
    yesterday = await work(hass, saved)
    await live(hass, freezer, end, [503.0] * 12)
    await adjust(get_editor, STATISTIC, FIRST, -71.952)
    await get_editor.journal.async_save()
    await work(hass, lambda session: put_back(session, yesterday))
    before = await everything(hass)
    get_editor = await reopened(hass)
    assert not set_aside(hass)
    await get_editor.async_undo(STATISTIC)
    assert await everything(hass) == before
    assert set_aside(hass)
    assert get_editor.journal.changes_of(METER).is_clean
    # From here on, it is maintained like any other.
    await backfill(get_editor, STATISTIC, history(8))
    await get_editor.async_undo(STATISTIC)
    assert await everything(hass) == before


@pytest.mark.parametrize("happens", ["undo", "write", "look"])
async def test_in_another_database_nothing_is_touched(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory, happens: str
) -> None:
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    other = await work(hass, saved)
    await backfill(get_editor, STATISTIC, history(4))
    await write(get_editor, STATISTIC, [SumRow(FIRST, 500.5, 4.5)], ChangeReason.OUTAGE)
    await get_editor.journal.async_save()
    await work(hass, lambda session: put_back(session, other))
    before = await everything(hass)
    get_editor = await reopened(hass)
    match happens:
        case "undo":
            await get_editor.async_undo(STATISTIC)
        case "write":
            await backfill(get_editor, STATISTIC, history(3))
            assert len(await rows(hass)) == 5
            await get_editor.async_undo(STATISTIC)
        case _:
            await get_editor.async_change(STATISTIC, lambda _: ())
    assert await everything(hass) == before
    assert set_aside(hass)


async def test_a_change_that_was_being_written_is_found_in_its_database_only(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    without = await work(hass, saved)
    monkeypatch.setattr(get_editor, "_async_committed", lambda *_: None)
    await backfill(get_editor, STATISTIC, history(4))
    changed = await work(hass, saved)
    before = None
    for tables in (without, changed):
        await work(hass, partial(put_back, tables=tables))
        before = before or await everything(hass)
        found = await reopened(hass)
        undone = await found.async_undo(STATISTIC, dry_run=True)
        assert undone.rows_removed == (4 if tables is changed else 0)
    await found.async_undo(STATISTIC)
    assert await everything(hass) == before
    assert not set_aside(hass)


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
