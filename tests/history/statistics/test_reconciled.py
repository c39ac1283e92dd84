"""Yesterday's database and other ones under our journal: nothing of other people's rows is touched."""

from collections.abc import Callable
from functools import partial
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import SumRow
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.journal import SET_ASIDE_ISSUE
from custom_components.py_hab.history.statistics.journaled_change import JournaledChange
from homeassistant.components.recorder import Recorder, db_schema, get_instance
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.recorder import session_scope
from tests.support.changing import adjust, write
from tests.support.living import METER, T0, live, recorded, rows

from .test_editor import (
    FIRST,
    STATISTIC,
    backfill,
    exact,
    get_editor,
    history,
    reopened,
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
    with monkeypatch.context() as patch:
        patch.setattr(JournaledChange, "_async_confirm", lambda *_: False)
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
