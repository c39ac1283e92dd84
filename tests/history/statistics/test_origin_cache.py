"""Origins are kept until the rows or the journal change, on a real recorder."""

import asyncio
import threading

import pytest

from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.statistics import origin_cache
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import new_metadata
from custom_components.py_hab.history.statistics.origin import async_origins
from custom_components.py_hab.history.statistics.work import StatisticWork
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.support.changing import write
from tests.support.living import METER, recorded
from tests.support.origins import STATISTIC, found, hours


async def test_questions_at_the_same_time_share_one_answer_until_a_change(
    hass: HomeAssistant, statistics_editor: StatisticsEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, may_read = StatisticWork.origins, threading.Event()

    def wait_and_read(work: StatisticWork) -> dict[int, Origin]:
        may_read.wait()
        return read(work)

    monkeypatch.setattr(StatisticWork, "origins", wait_and_read)
    await write(statistics_editor, STATISTIC, hours(9, 2), ChangeReason.IMPORT)
    answers = asyncio.gather(*(statistics_editor.async_origins(STATISTIC) for _ in range(3)))
    hass.loop.call_soon(may_read.set)
    first, *others = await answers
    assert all(other is first for other in others)
    await write(statistics_editor, STATISTIC, hours(7, 1), ChangeReason.OUTAGE)
    assert len(await statistics_editor.async_origins(STATISTIC)) == len(first) + 1


async def test_origins_are_kept_while_no_row_changes(
    hass: HomeAssistant, statistics_editor: StatisticsEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(statistics_editor, STATISTIC, hours(9, 4))
    expected = await found(hass)
    read, times = StatisticWork.origins, 0

    def counted(work: StatisticWork) -> dict[int, Origin]:
        nonlocal times
        times += 1
        return read(work)

    monkeypatch.setattr(StatisticWork, "origins", counted)
    assert await found(hass) == expected
    assert times == 0
    # Home Assistant does not announce what follows. Two values are exchanged, no total changes.
    about = new_metadata(STATISTIC)
    swapped: list[StatisticData] = [
        {"start": dt_util.utc_from_timestamp(row.start), "state": other.state, "sum": other.sum}
        for row, other in zip(hours(8, 2), reversed(hours(8, 2)), strict=True)
    ]
    async_import_statistics(hass, about, swapped)
    await recorded(hass)
    assert await found(hass) == [
        Origin.SPREAD,
        *[Origin.IMPORTED] * 2,
        Origin.SPREAD,
    ]
    get_instance(hass).async_clear_statistics([METER])
    await recorded(hass)
    assert await found(hass) == []
    assert times == 2


async def test_the_origins_of_the_oldest_question_are_forgotten(
    hass: HomeAssistant, statistics_editor: StatisticsEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin_cache, "_MOST", 1)
    await write(statistics_editor, STATISTIC, hours(9, 2))
    before = await found(hass)
    assert await async_origins(hass, "sensor.unknown") == {}
    assert await found(hass) == before
