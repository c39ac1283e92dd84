"""Changes that are interrupted: the journal and the database agree afterwards."""

import asyncio
import threading
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.py_hab.history.planning.change import (
    Change,
    ChangeReason,
    StatisticRows,
    WriteRows,
)
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.support.changing import write
from tests.support.living import METER, T0, recorded, rows

from .test_editor import (
    CONTROL,
    CRASHES,
    STATISTIC,
    DiedError,
    assert_same,
    die,
    get_editor,
    history,
    together,
)

__all__ = ["get_editor"]


async def test_a_failed_change_leaves_nothing_and_the_next_one_is_made(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await together(hass, freezer, T0, [500.0] * 12)
    for where in CRASHES[:2]:
        with monkeypatch.context() as patch:
            die(patch, where)
            with pytest.raises(DiedError):
                await write(get_editor, STATISTIC, history(3))
        await assert_same(hass, METER, CONTROL)
    await write(get_editor, STATISTIC, history(3))
    assert get_editor.journal.changes_of(METER).done.replaced == {}
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


async def test_nothing_is_written_while_home_assistant_stops(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await together(hass, freezer, T0, [500.0] * 12)
    hass.set_state(CoreState.stopping)
    with pytest.raises(HomeAssistantError) as raised:
        await write(get_editor, STATISTIC, history(3))
    assert raised.value.translation_key == "not_written"
    await assert_same(hass, METER, CONTROL)
    hass.set_state(CoreState.running)


async def test_nothing_is_written_if_home_assistant_ends_while_the_journal_is_saved(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await together(hass, freezer, T0, [500.0] * 12)

    async def is_cancelled() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    with monkeypatch.context() as patch:
        patch.setattr(get_editor.journal, "async_save", is_cancelled)
        with pytest.raises(HomeAssistantError) as raised:
            await write(get_editor, STATISTIC, history(3))
    assert raised.value.translation_key == "not_written"
    await assert_same(hass, METER, CONTROL)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    # The same change succeeds after the start.
    await write(get_editor, STATISTIC, history(3))
    assert not get_editor.journal.changes_of(METER).is_clean


async def test_a_change_that_nobody_waits_for_any_more_is_not_begun(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await together(hass, freezer, T0, [500.0] * 12)
    waiting = Waiting()
    get_instance(hass).queue_task(waiting)
    task: asyncio.Task[Any] = hass.async_create_task(write(get_editor, STATISTIC, history(3)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    waiting.released.set()
    await recorded(hass)
    await assert_same(hass, METER, CONTROL)
    # Once it has begun, it runs to its end, and the journal knows.
    begun = asyncio.Event()

    def plan(_: StatisticRows) -> Change:
        hass.loop.call_soon_threadsafe(begun.set)
        assert waiting.released.wait(60)
        return [WriteRows(history(3), ChangeReason.BACKFILL)]

    waiting.released.clear()
    task = hass.async_create_task(get_editor.async_change(STATISTIC, plan))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    waiting.released.set()
    await recorded(hass)
    assert len(await rows(hass)) == 4
    assert get_editor.journal.changes_of(METER).planned is None
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


class Waiting(RecorderTask):
    """Keeps the recorder busy until it is let go."""

    def __init__(self) -> None:
        self.released = threading.Event()

    @override
    def run(self, instance: Recorder) -> None:
        assert self.released.wait(60)
