"""The recorder's statistics, and what becomes of a database that does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
import threading
from typing import Any, Never

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy.exc import OperationalError

from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, Row, SumRow
from custom_components.py_hab.history.statistics import gateway as tables
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import RecorderGateway, Statistic
from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.support.changing import adjust, write
from tests.support.living import METER, T0, live, rows

from .test_editor import FIRST, STATISTIC, reopened

BATH = Statistic(id="sensor.bath", unit="°C", has_sum=False)


@pytest.fixture
async def get_editor(
    just_started: None, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> StatisticsEditor:
    """The editor, with an hour and a half of a meter and three hours of a bath behind it."""
    await live(hass, freezer, T0, [500.0 + 0.5 * index for index in range(18)])
    get_editor = await reopened(hass)
    await write(
        get_editor,
        BATH,
        [MeanRow(FIRST - HOUR * back, 20.0, 19.0, 21.0) for back in (3, 2, 1)],
        ChangeReason.BACKFILL,
    )
    return get_editor


async def test_what_stands_there_is_read(get_editor: StatisticsEditor) -> None:
    assert await get_editor.async_hourly_rows(STATISTIC) == [Row(FIRST, HOUR, 505.5, 5.5)]
    assert await get_editor.async_hourly_rows(STATISTIC, FIRST + HOUR) == []
    periods = await get_editor.async_short_term_rows(STATISTIC, FIRST + HOUR, FIRST + HOUR + 600)
    assert periods == [Row(FIRST + HOUR, 300, 506.0, 6.0), Row(FIRST + HOUR + 300, 300, 506.5, 6.5)]
    assert [row.end for row in periods] == [FIRST + HOUR + 300, FIRST + HOUR + 600]
    assert await get_editor.async_sums(STATISTIC) == [(FIRST, 505.5, 5.5)]
    assert await get_editor.async_sums(BATH) == []
    assert await get_editor.async_has_hours(BATH, FIRST - 2 * HOUR) == {
        FIRST - 2 * HOUR,
        FIRST - HOUR,
    }


async def test_a_statistic_that_nobody_knows_is_empty(get_editor: StatisticsEditor) -> None:
    unknown = await get_editor.async_statistic("sensor.unknown")
    assert unknown == Statistic(id="sensor.unknown", unit="", has_sum=False)
    assert not await get_editor.async_is_energy("sensor.unknown")
    assert await get_editor.async_hourly_rows(unknown) == []
    await get_editor.async_undo(unknown)
    assert await get_editor.async_hourly_rows(unknown) == []


def refusing(*_: Any, **__: Any) -> Never:
    raise OperationalError("SELECT", {}, Exception("database is locked"))


ASKING: list[Callable[[StatisticsEditor], Awaitable[Any]]] = [
    lambda get_editor: get_editor.async_statistic(METER),
    lambda get_editor: get_editor.async_is_energy("sensor.never_seen"),
    lambda get_editor: get_editor.async_hourly_rows(STATISTIC),
    lambda get_editor: get_editor.async_short_term_rows(STATISTIC),
    lambda get_editor: get_editor.async_sums(STATISTIC),
    lambda get_editor: write(get_editor, STATISTIC, [SumRow(FIRST, 1.0, 1.0)], ChangeReason.OUTAGE),
    lambda get_editor: adjust(get_editor, STATISTIC, FIRST, 1.0, ChangeReason.SPIKE),
    lambda get_editor: get_editor.async_undo(BATH),
]


@pytest.mark.parametrize("ask", ASKING)
async def test_a_database_that_refuses_is_reported(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[StatisticsEditor], Awaitable[Any]],
) -> None:
    before = await rows(hass), await rows(hass, BATH.id)
    with monkeypatch.context() as patch:
        patch.setattr(get_instance(hass), "get_session", refusing)
        with pytest.raises(HomeAssistantError) as raised:
            await ask(get_editor)
    assert raised.value.translation_domain == "py_hab"
    assert raised.value.translation_key == "database_refused"
    assert (await rows(hass), await rows(hass, BATH.id)) == before
    await ask(get_editor)


async def test_without_a_recorder_nothing_is_ready(hass: HomeAssistant) -> None:
    assert not RecorderGateway(hass).is_ready()


async def test_a_recorder_is_ready_once_it_has_caught_up(
    get_editor: StatisticsEditor, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get_editor.is_ready()
    with monkeypatch.context() as patch:
        patch.setattr(tables, "async_migration_in_progress", lambda _: True)
        assert not get_editor.is_ready()
    get_instance(hass).async_recorder_ready.clear()
    assert not get_editor.is_ready()


async def test_what_still_reads_is_waited_for_when_its_task_is_cancelled(
    hass: HomeAssistant, get_editor: StatisticsEditor
) -> None:
    """Home Assistant cancels tasks when it stops, and then closes the database."""
    begun, may_end = threading.Event(), threading.Event()

    def read() -> bool:
        begun.set()
        return may_end.wait(20)

    task = hass.async_create_background_task(tables.async_ask(hass, read), "read")
    await hass.async_add_executor_job(begun.wait)
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    await asyncio.wait([task])
    assert task.cancelled()
