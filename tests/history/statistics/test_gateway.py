"""The recorder's statistics, and what becomes of a database that does not answer."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Never

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy.exc import OperationalError

from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, Row, SumRow
from custom_components.py_hab.history.statistics import gateway as tables
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import RecorderGateway, Statistic
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from tests.support.changing import adjust, this_hour, write
from tests.support.living import METER, SHORT_TERM, T0, live, recorded, rows

from .test_editor import FIRST, STATISTIC, reopened

BATH = Statistic(id="sensor.bath", unit="°C", has_sum=False)


@pytest.fixture
async def get_editor(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> StatisticsEditor:
    """The door, with an hour and a half of a meter and three hours of a bath behind it."""
    freezer.move_to(T0 - timedelta(minutes=1))
    assert await async_setup_component(hass, "sensor", {})
    await recorded(hass)
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
    first = await get_editor._async_first_after(STATISTIC, FIRST)
    assert first == Row(FIRST, 300, 500.0, 0.0)
    assert await get_editor._async_first_sum(BATH, FIRST - 5 * HOUR) is None
    await get_editor._async_delete(BATH.id, [])


async def test_a_statistic_that_nobody_knows_is_empty(get_editor: StatisticsEditor) -> None:
    unknown = await get_editor.async_statistic("sensor.unknown")
    assert unknown == Statistic(id="sensor.unknown", unit="", has_sum=False)
    assert not await get_editor.async_is_energy("sensor.unknown")
    assert await get_editor.async_hourly_rows(unknown) == []
    await get_editor.async_undo(unknown)
    # Rows that were replaced do not come back into a statistic that is gone.
    get_editor.journal.changes_of("sensor.unknown").replaced[FIRST] = {"state": 1.0, "sum": 1.0}
    await get_editor.async_undo(unknown)
    assert await get_editor.async_hourly_rows(unknown) == []


def test_what_a_row_does_not_have_is_not_handed_over() -> None:
    data = tables._data(FIRST, {"state": 1.0, "sum": None, "last_reset": 0.0}, lambda value: value)
    assert data == {"start": T0, "state": 1.0, "last_reset": datetime(1970, 1, 1, tzinfo=UTC)}


async def test_long_lists_are_written_in_batches(
    get_editor: StatisticsEditor, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []
    add = async_import_statistics

    def counting(hass: HomeAssistant, metadata: Any, statistics: Any) -> None:
        handed.append(len(statistics))
        add(hass, metadata, statistics)

    monkeypatch.setattr(tables, "async_import_statistics", counting)
    count = 4 * tables.BATCH + 100
    long = [SumRow(FIRST - HOUR * back, 1.0, float(count - back)) for back in range(count, 0, -1)]
    await write(get_editor, STATISTIC, long, ChangeReason.IMPORT)
    assert handed == [tables.BATCH] * 4 + [100]
    assert len(await rows(hass)) == count + 1
    assert get_editor.journal.changes_of(METER).inserted.ranges == [
        [FIRST - count * HOUR, FIRST - HOUR]
    ]
    await get_editor.async_undo(STATISTIC)
    assert len(await rows(hass)) == 1


def refusing(*_: Any, **__: Any) -> Never:
    raise OperationalError("SELECT", {}, Exception("database is locked"))


ASKING: list[Callable[[StatisticsEditor], Awaitable[Any]]] = [
    lambda get_editor: get_editor.async_statistic(METER),
    lambda get_editor: get_editor.async_is_energy("sensor.never_seen"),
    lambda get_editor: get_editor.async_hourly_rows(STATISTIC),
    lambda get_editor: get_editor.async_short_term_rows(STATISTIC),
    lambda get_editor: get_editor.async_sums(STATISTIC),
    lambda get_editor: get_editor.async_write(
        STATISTIC, [SumRow(FIRST, 1.0, 1.0)], ChangeReason.OUTAGE
    ),
    lambda get_editor: get_editor.async_adjust_sum(STATISTIC, FIRST, 1.0, ChangeReason.SPIKE),
    lambda get_editor: get_editor.async_undo(BATH),
]


@pytest.mark.parametrize("ask", ASKING)
async def test_a_database_that_refuses_is_told(
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


async def test_rows_that_cannot_be_deleted_stay_in_the_ledger(
    get_editor: StatisticsEditor, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tables, "session_scope", refusing)
        with pytest.raises(HomeAssistantError) as raised:
            await get_editor.async_undo(BATH)
    assert raised.value.translation_key == "database_refused"
    assert len(get_editor.journal.changes_of(BATH.id).inserted) == 3
    await get_editor.async_undo(BATH)
    assert await rows(hass, BATH.id) == []


async def test_a_recorder_that_never_answers_is_told(
    get_editor: StatisticsEditor, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "RECORDER_TIMEOUT", timedelta(0))
    monkeypatch.setattr(
        get_instance(hass), "async_update_statistics_metadata", lambda *_, **__: None
    )
    with pytest.raises(HomeAssistantError) as raised:
        await adjust(get_editor, STATISTIC, FIRST, 1.0, ChangeReason.SPIKE)
    assert raised.value.translation_key == "database_refused"
    assert get_editor.journal.changes_of(METER).is_clean


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


async def test_hours_may_be_written_two_minutes_after_their_end(
    get_editor: StatisticsEditor, freezer: FrozenDateTimeFactory
) -> None:
    for seconds, until in ((119, FIRST), (120, FIRST + HOUR)):
        freezer.move_to(T0 + 12 * SHORT_TERM + timedelta(seconds=seconds))
        assert this_hour() == until
